/**
 * The tables of orders and batches, and their law: which states follow which is enforced here, so that no program can do
 * otherwise. Step by step, each a list of statements; a step that was ever shipped is never changed: a new one follows.
 *
 * Times are the database's own (`engine_now`), since engines on several machines have several clocks.
 */

const clock = [
  `CREATE FUNCTION engine_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()'`,
  `CREATE FUNCTION to_ms(timestamptz) RETURNS float8 LANGUAGE sql STABLE AS 'SELECT floor(extract(epoch FROM $1) * 1000)::float8'`,
  `CREATE FUNCTION refuse(reason text) RETURNS void LANGUAGE plpgsql AS $$
   BEGIN
     RAISE EXCEPTION '%', reason USING ERRCODE = 'check_violation';
   END $$`,
];

const tables = [
  `CREATE TYPE batch_status AS ENUM ('Prepared', 'Submitted', 'Accepted', 'Confirmed', 'Failed')`,
  `CREATE TYPE order_status AS ENUM ('Queued', 'Dequeue')`,
  // How a failed batch ended: its orders are back in the queue; its one order, or all, failed for good; its one order was paid before.
  `CREATE TYPE batch_ending AS ENUM ('released', 'rejected', 'paid_before')`,
  `CREATE TABLE batches (
    batch_id text COLLATE "C" PRIMARY KEY,
    sequence bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    party text COLLATE "C" NOT NULL,
    status batch_status NOT NULL DEFAULT 'Prepared',
    size integer NOT NULL CHECK (size > 0),
    oldest_order_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    attempts_max integer NOT NULL CHECK (attempts_max > 0),
    -- Up to this height something that was submitted may still be executed; 0: nothing can.
    last_height bigint NOT NULL DEFAULT 0 CHECK (last_height >= 0),
    failure_kind text CHECK (failure_kind IN ('rejected', 'expired', 'unreachable')),
    failure_code text,
    failed_at integer CHECK (failed_at >= 0),
    -- No further submission can change the failure.
    is_final boolean NOT NULL DEFAULT false,
    ending batch_ending,
    owner text,
    -- Nobody but the owner touches the batch before; without an owner, nobody.
    held_until timestamptz,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT engine_now(),
    updated_at timestamptz NOT NULL DEFAULT engine_now(),
    CHECK (attempts <= attempts_max),
    CHECK (status = 'Prepared' OR attempts > 0),
    CHECK ((status = 'Failed') = (failure_code IS NOT NULL)),
    CHECK ((status = 'Failed') = (failure_kind IS NOT NULL)),
    CHECK (status = 'Failed' OR (ending IS NULL AND NOT is_final AND failed_at IS NULL)),
    CHECK (ending IS NULL OR is_final OR attempts = attempts_max),
    CHECK (ending IS NULL OR ending <> 'paid_before' OR size = 1)
  )`,
  `CREATE UNIQUE INDEX batches_one_active ON batches (party) WHERE status <> 'Confirmed' AND ending IS NULL`,
  `CREATE INDEX batches_active ON batches (status, held_until) WHERE status <> 'Confirmed' AND ending IS NULL`,
  `CREATE INDEX batches_by_status ON batches (status, sequence)`,
  `CREATE INDEX batches_ended ON batches (updated_at, sequence) WHERE (status = 'Confirmed' OR ending IN ('rejected', 'paid_before'))`,
  `CREATE SEQUENCE queue_positions`,
  `CREATE TABLE orders (
    order_id text COLLATE "C" PRIMARY KEY,
    sequence bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    party text COLLATE "C" NOT NULL,
    reference text COLLATE "C" NOT NULL,
    payee text NOT NULL,
    asset text NOT NULL,
    amount numeric(39, 0) NOT NULL CHECK (amount > 0),
    -- The ledger settles it in no block above; NULL: in any.
    last_height bigint CHECK (last_height > 0),
    signature text NOT NULL,
    status order_status NOT NULL DEFAULT 'Queued',
    -- Place in the queue: a released order goes behind those that came meanwhile.
    queue_position bigint NOT NULL DEFAULT nextval('queue_positions'),
    -- Most orders of a batch that it may travel in; NULL: any number.
    size_max integer CHECK (size_max > 0),
    batch_id text COLLATE "C" REFERENCES batches,
    batch_index integer CHECK (batch_index >= 0),
    last_batch_id text COLLATE "C" REFERENCES batches,
    releases integer NOT NULL DEFAULT 0,
    -- Batches of this order alone that failed by its fault.
    failures integer NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT engine_now(),
    updated_at timestamptz NOT NULL DEFAULT engine_now(),
    UNIQUE (party, reference),
    UNIQUE (batch_id, batch_index),
    CHECK ((status = 'Dequeue') = (batch_id IS NOT NULL)),
    CHECK ((status = 'Dequeue') = (batch_index IS NOT NULL))
  )`,
  `CREATE INDEX orders_queued ON orders (party, queue_position) WHERE status = 'Queued'`,
  `CREATE INDEX orders_by_last_batch ON orders (last_batch_id) WHERE last_batch_id IS NOT NULL`,
  `CREATE INDEX orders_of_party ON orders (party, sequence)`,
  `CREATE INDEX orders_waiting_since ON orders (created_at) WHERE status = 'Queued'`,
  `CREATE TABLE tallies (name text PRIMARY KEY, value bigint NOT NULL)`,
  `INSERT INTO tallies VALUES ('queued', 0), ('submissions', 0), ('confirmed_orders', 0), ('rejected_orders', 0), ('pruned_orders', 0)`,
  `CREATE TABLE chain (only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one), chain_id text NOT NULL)`,
];

const batchLaw = [
  `CREATE FUNCTION guard_batch() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     IF TG_OP = 'DELETE' THEN
       IF OLD.status <> 'Confirmed' AND OLD.ending IS NULL THEN
         PERFORM refuse('a batch is deleted once it has ended');
       END IF;
       IF EXISTS (SELECT FROM orders WHERE batch_id = OLD.batch_id)
          OR EXISTS (SELECT FROM orders WHERE last_batch_id = OLD.batch_id) THEN
         PERFORM refuse('a batch is deleted behind the orders that name it');
       END IF;
       RETURN OLD;
     END IF;
     IF TG_OP = 'INSERT' THEN
       IF NEW.status <> 'Prepared' OR NEW.attempts <> 0 OR NEW.version <> 1 THEN
         PERFORM refuse('a batch begins as Prepared, without attempts');
       END IF;
       RETURN NEW;
     END IF;
     IF OLD.status = 'Confirmed' OR OLD.ending IS NOT NULL THEN
       PERFORM refuse(format('batch %s has ended as %s', OLD.batch_id, coalesce(OLD.ending::text, OLD.status::text)));
     END IF;
     IF (NEW.batch_id, NEW.party, NEW.size, NEW.attempts_max, NEW.oldest_order_at, NEW.created_at) IS DISTINCT FROM
        (OLD.batch_id, OLD.party, OLD.size, OLD.attempts_max, OLD.oldest_order_at, OLD.created_at) THEN
       PERFORM refuse('what a batch is does not change');
     END IF;
     IF NEW.version <> OLD.version + 1 THEN
       PERFORM refuse(format('version %s follows %s', NEW.version, OLD.version));
     END IF;
     IF NEW.status <> OLD.status AND (OLD.status::text, NEW.status::text) NOT IN (
       ('Prepared', 'Submitted'), ('Prepared', 'Failed'),
       ('Submitted', 'Accepted'), ('Submitted', 'Confirmed'), ('Submitted', 'Failed'),
       ('Accepted', 'Confirmed'), ('Accepted', 'Failed'),
       ('Failed', 'Submitted')
     ) THEN
       PERFORM refuse(format('%s does not follow %s', NEW.status, OLD.status));
     END IF;
     IF NEW.ending IS NOT NULL AND OLD.status <> 'Failed' THEN
       PERFORM refuse('a batch fails before it ends as failed');
     END IF;
     IF NEW.ending = 'rejected' AND NEW.size > 1
        AND EXISTS (SELECT FROM orders WHERE batch_id = NEW.batch_id AND last_height IS NULL) THEN
       PERFORM refuse('orders fail together only where each has a last height');
     END IF;
     IF NEW.attempts <> OLD.attempts AND (
       NEW.attempts <> OLD.attempts + 1 OR NEW.status <> OLD.status OR OLD.status = 'Accepted'
       OR NEW.ending IS NOT NULL OR NEW.last_height < OLD.last_height
     ) THEN
       PERFORM refuse('attempts rise by one, before a submission and by themselves');
     END IF;
     IF (NEW.status, NEW.attempts, NEW.ending) IS DISTINCT FROM (OLD.status, OLD.attempts, OLD.ending) THEN
       NEW.updated_at := engine_now();
     END IF;
     RETURN NEW;
   END $$`,
  `CREATE TRIGGER guard_batch BEFORE INSERT OR UPDATE OR DELETE ON batches FOR EACH ROW EXECUTE FUNCTION guard_batch()`,
  `CREATE FUNCTION count_batch() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     IF NEW.attempts > OLD.attempts THEN
       UPDATE tallies SET value = value + 1 WHERE name = 'submissions';
     END IF;
     IF NEW.status = 'Confirmed' OR NEW.ending = 'paid_before' THEN
       UPDATE tallies SET value = value + NEW.size WHERE name = 'confirmed_orders';
     END IF;
     IF NEW.ending = 'rejected' THEN
       UPDATE tallies SET value = value + NEW.size WHERE name = 'rejected_orders';
     END IF;
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER count_batch AFTER UPDATE OF attempts, status, ending ON batches FOR EACH ROW EXECUTE FUNCTION count_batch()`,
];

const orderLaw = [
  `CREATE FUNCTION guard_order() RETURNS trigger LANGUAGE plpgsql AS $$
   DECLARE
     batch batches%ROWTYPE;
   BEGIN
     IF TG_OP = 'DELETE' THEN
       SELECT * INTO batch FROM batches WHERE batch_id = OLD.batch_id;
       IF batch.status = 'Confirmed' OR batch.ending IN ('rejected', 'paid_before') THEN RETURN OLD; END IF;
       PERFORM refuse('an order is deleted once it has ended');
     END IF;
     IF TG_OP = 'INSERT' THEN
       IF NEW.status <> 'Queued' OR NEW.releases <> 0 OR NEW.failures <> 0 OR NEW.version <> 1 THEN
         PERFORM refuse('an order begins as Queued');
       END IF;
       RETURN NEW;
     END IF;
     IF (NEW.order_id, NEW.sequence, NEW.party, NEW.reference, NEW.payee, NEW.asset, NEW.amount, NEW.last_height, NEW.signature, NEW.created_at) IS DISTINCT FROM
        (OLD.order_id, OLD.sequence, OLD.party, OLD.reference, OLD.payee, OLD.asset, OLD.amount, OLD.last_height, OLD.signature, OLD.created_at) THEN
       PERFORM refuse('what an order asks for does not change');
     END IF;
     IF NEW.version <> OLD.version + 1 THEN
       PERFORM refuse(format('version %s follows %s', NEW.version, OLD.version));
     END IF;
     IF OLD.status = 'Queued' AND NEW.status = 'Dequeue' THEN
       SELECT * INTO batch FROM batches WHERE batch_id = NEW.batch_id;
       IF batch.status IS DISTINCT FROM 'Prepared' OR batch.attempts <> 0 OR batch.party <> NEW.party
          OR NEW.batch_index >= batch.size OR NEW.releases <> OLD.releases THEN
         PERFORM refuse('an order joins a batch of its party that was just prepared');
       END IF;
     ELSIF OLD.status = 'Dequeue' AND NEW.status = 'Queued' THEN
       SELECT * INTO batch FROM batches WHERE batch_id = OLD.batch_id;
       IF batch.ending IS DISTINCT FROM 'released' OR NEW.releases <> OLD.releases + 1
          OR NEW.last_batch_id IS DISTINCT FROM OLD.batch_id THEN
         PERFORM refuse('an order goes back to the queue once, when its batch ends as released');
       END IF;
     ELSE
       PERFORM refuse(format('%s does not follow %s', NEW.status, OLD.status));
     END IF;
     NEW.updated_at := engine_now();
     RETURN NEW;
   END $$`,
  `CREATE TRIGGER guard_order BEFORE INSERT OR UPDATE OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION guard_order()`,
  `CREATE FUNCTION count_added() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     UPDATE tallies SET value = value + (SELECT count(*) FROM added) WHERE name = 'queued';
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER count_added AFTER INSERT ON orders REFERENCING NEW TABLE AS added
   FOR EACH STATEMENT EXECUTE FUNCTION count_added()`,
  `CREATE FUNCTION count_pruned() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     UPDATE tallies SET value = value + (SELECT count(*) FROM gone) WHERE name = 'pruned_orders';
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER count_pruned AFTER DELETE ON orders REFERENCING OLD TABLE AS gone
   FOR EACH STATEMENT EXECUTE FUNCTION count_pruned()`,
  `CREATE FUNCTION count_moved() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     UPDATE tallies SET value = value
       + (SELECT count(*) FROM after_move WHERE status = 'Queued')
       - (SELECT count(*) FROM before_move WHERE status = 'Queued')
     WHERE name = 'queued';
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER count_moved AFTER UPDATE ON orders REFERENCING OLD TABLE AS before_move NEW TABLE AS after_move
   FOR EACH STATEMENT EXECUTE FUNCTION count_moved()`,
];

/** Each is applied once, in order, in one transaction under a lock, whenever a database is opened. */
export const migrations: readonly (readonly string[])[] = [[...clock, ...tables, ...batchLaw, ...orderLaw]];
