/**
 * Batches in the database: prepared, claimed, changed. Several engines may do so at once on one server. Whoever works on a
 * batch has claimed it for a while of the database's time, and each change names the version it was made from; so one who
 * was held up for longer changes nothing any more.
 */
import type { Address, Hash, Height } from '../../../consensus/primitives/flavor.ts';
import type { Database, Session } from '../database/database.ts';
import {
  type Batch,
  type BatchEnding,
  type BatchFailure,
  type BatchRow,
  type BatchStatus,
  batchColumns,
  readBatch,
} from './batch.ts';
import { readSigned, type SignedOrder, type SignedRow, signedColumns } from './order.ts';
import { deleteUnnamed, type Pruned, pruneEnded, type Retention } from './retention.ts';

export interface BatchStoreOptions {
  /** Name of the engine, for whoever looks. */
  readonly engine: string;
  /** How long a claim holds, in ms. */
  readonly leaseMs: number;
}

/** Which batches to take up. */
export interface Wanted {
  readonly statuses: readonly BatchStatus[];
  /** Only those that did not change for this long, in ms. */
  readonly quietMs: number;
}

export interface NewBatch {
  readonly batchId: Hash;
  readonly party: Address;
  readonly sizeMax: number;
  readonly attemptsMax: number;
  /** By which orders with a last height are told apart; absent: they are not. */
  readonly heights?: LedgerHeights | undefined;
  /** How many of these orders, from the first on, may travel together, at least one; absent: all of them. */
  readonly countFitting?: (orders: readonly SignedOrder[]) => number;
}

/** Where the ledger stands. */
export interface LedgerHeights {
  /** Of the newest final block. */
  readonly final: Height;
  /** Last height at which a command that is submitted now may be executed. */
  readonly last: Height;
}

/** What ending a failed batch does to its orders. */
export interface Release {
  /** Most orders of the next batch of each. */
  readonly sizeMax: number | undefined;
  /** The order that goes alone next time, by position. */
  readonly failedAt: number | undefined;
  /** Added to what is held against each. */
  readonly failures: 0 | 1;
}

interface QueuedRow extends SignedRow {
  readonly size_max: number | null;
}

export class BatchStore {
  readonly #database: Database;
  readonly #options: BatchStoreOptions;

  constructor(database: Database, options: BatchStoreOptions) {
    this.#database = database;
    this.#options = options;
  }

  /** Parties with queued orders and no active batch, in order of address, from the one behind `after`. */
  idleParties(countMax: number, after: Address = ''): Promise<readonly Address[]> {
    return this.#database.transaction(async (session) => {
      // From party to party along the index, however many orders each has.
      const rows = await session.query<{ readonly party: string }>(
        `WITH RECURSIVE waiting (party) AS (
           (SELECT party FROM orders WHERE status = 'Queued' AND party > $2 ORDER BY party LIMIT 1)
           UNION ALL
           SELECT (SELECT o.party FROM orders o WHERE o.status = 'Queued' AND o.party > waiting.party ORDER BY o.party LIMIT 1)
           FROM waiting WHERE waiting.party IS NOT NULL
         )
         SELECT party FROM waiting
         WHERE party IS NOT NULL AND NOT EXISTS (
           SELECT FROM batches b WHERE b.party = waiting.party AND b.status <> 'Confirmed' AND b.ending IS NULL)
         LIMIT $1`,
        [countMax, after],
      );
      return rows.map(({ party }) => party);
    });
  }

  /**
   * Makes a batch of the first queued orders of a party, and claims it. Orders whose last height has passed, those that a
   * command of now may come too late for, and all others travel apart, so that no order waits for, or fails with, another's time.
   * @returns Undefined: another engine was first, or nothing is queued.
   */
  prepare(batch: NewBatch): Promise<Batch | undefined> {
    const { batchId, party, sizeMax, attemptsMax, heights, countFitting } = batch;
    return this.#database.transaction(async (session) => {
      const queued = await session.query<QueuedRow>(
        `SELECT ${signedColumns}, o.size_max FROM orders o WHERE o.party = $1 AND o.status = 'Queued'
         ORDER BY o.queue_position LIMIT $2 FOR UPDATE SKIP LOCKED`,
        [party, sizeMax],
      );
      const together = takeTogether(takeAlike(queued, heights));
      if (together.length === 0) return undefined;
      const count = countFitting?.(together.map(readSigned)) ?? together.length;
      const orderIds = together.slice(0, count).map(({ order_id: orderId }) => orderId);
      const [row] = await session.query<BatchRow>(
        `INSERT INTO batches AS b (batch_id, party, size, attempts_max, oldest_order_at, owner, held_until)
         SELECT $1, $2, $3, $4, min(created_at), $6, ${afterMs('$7')} FROM orders WHERE order_id = ANY($5::text[])
         ON CONFLICT (party) WHERE status <> 'Confirmed' AND ending IS NULL DO NOTHING RETURNING ${batchColumns}`,
        [batchId, party, orderIds.length, attemptsMax, orderIds, this.#options.engine, this.#options.leaseMs],
      );
      if (row === undefined) return undefined;
      await session.query(
        `UPDATE orders SET status = 'Dequeue', batch_id = $1, batch_index = taken.place - 1, version = version + 1
         FROM unnest($2::text[]) WITH ORDINALITY AS taken (order_id, place) WHERE orders.order_id = taken.order_id`,
        [batchId, orderIds],
      );
      return readBatch(row);
    });
  }

  /** Claims batches that nobody holds, those first that were left alone longest. */
  claim({ statuses, quietMs }: Wanted, countMax: number): Promise<readonly Batch[]> {
    return this.#database.transaction(async (session) => {
      const rows = await session.query<BatchRow>(
        `WITH due AS (
           SELECT batch_id FROM batches
           WHERE status = ANY($1::text[]::batch_status[]) AND status <> 'Confirmed' AND ending IS NULL
             AND coalesce(held_until, '-infinity') <= engine_now()
             AND updated_at <= engine_now() - $2::float8 * interval '1 ms'
           ORDER BY held_until NULLS FIRST, sequence LIMIT $3 FOR UPDATE SKIP LOCKED)
         UPDATE batches b SET owner = $4, held_until = ${afterMs('$5')}, version = b.version + 1
         FROM due WHERE b.batch_id = due.batch_id RETURNING ${batchColumns}`,
        [statuses, quietMs, countMax, this.#options.engine, this.#options.leaseMs],
      );
      return rows.map(readBatch).sort((a, b) => a.sequence - b.sequence);
    });
  }

  /**
   * Takes one credit for a submission that is about to be made, and claims the batch anew.
   * @param lastHeight - Last height at which what is submitted may be executed.
   * @returns Undefined: somebody else changed the batch, or it has no credit left.
   */
  incrementAttempts(batch: Batch, lastHeight: Height): Promise<Batch | undefined> {
    const { engine, leaseMs } = this.#options;
    return this.#change(
      batch,
      `attempts = attempts + 1, last_height = greatest(last_height, $3::bigint), owner = $4, held_until = ${afterMs('$5')}`,
      [lastHeight, engine, leaseMs],
      'attempts < attempts_max',
    );
  }

  /**
   * Moves a batch on, and gives the claim back.
   * @param restMs - Nobody takes it up before; undefined: it stays claimed.
   */
  advance(
    batch: Batch,
    status: Exclude<BatchStatus, 'Prepared' | 'Failed'>,
    restMs?: number,
  ): Promise<Batch | undefined> {
    return this.#change(
      batch,
      `status = $3::batch_status, failure_kind = NULL, failure_code = NULL, failed_at = NULL, is_final = false,
       owner = CASE WHEN $4::float8 IS NULL THEN owner END,
       held_until = CASE WHEN $4::float8 IS NULL THEN held_until ELSE ${afterMs('$4')} END`,
      [status, restMs ?? null],
    );
  }

  /**
   * @param lastHeight - Up to which something may still be executed, where that is known now.
   * @param retryMs - Nobody takes it up before.
   */
  fail(
    batch: Batch,
    { kind, code, failedAt, isFinal }: BatchFailure,
    lastHeight: Height,
    retryMs: number,
  ): Promise<Batch | undefined> {
    return this.#change(
      batch,
      `status = 'Failed', failure_kind = $3, failure_code = $4, failed_at = $5, is_final = $6, last_height = $7,
       owner = NULL, held_until = ${afterMs('$8')}`,
      [kind, code, failedAt ?? null, isFinal, lastHeight, retryMs],
    );
  }

  /** Gives a claim back. @param restMs - Nobody takes the batch up before. */
  async rest(batch: Batch, restMs: number): Promise<void> {
    await this.#change(batch, `owner = NULL, held_until = ${afterMs('$3')}`, [restMs]);
  }

  /** Ends a failed batch together with its one order; as `rejected` with all of several, each of which has a last height. */
  end(batch: Batch, ending: Exclude<BatchEnding, 'released'>): Promise<Batch | undefined> {
    return this.#change(batch, 'ending = $3::batch_ending, owner = NULL, held_until = NULL', [ending]);
  }

  /**
   * Ends a failed batch and puts its orders back into the queue, all of it at once. An order names the last batch that let it go;
   * one that none names any more is gone with this.
   */
  releaseOrders(batch: Batch, { sizeMax, failedAt, failures }: Release): Promise<Batch | undefined> {
    return this.#database.transaction(async (session) => {
      const set = `ending = 'released', owner = NULL, held_until = NULL`;
      const ended = await change(session, batch, set, []);
      if (ended === undefined) return undefined;
      const earlier = await session.query<{ readonly last_batch_id: string }>(
        'SELECT DISTINCT last_batch_id FROM orders WHERE batch_id = $1 AND last_batch_id IS NOT NULL',
        [batch.batchId],
      );
      await session.query(
        `UPDATE orders SET status = 'Queued', batch_id = NULL, batch_index = NULL, last_batch_id = $1,
           releases = releases + 1, failures = failures + $4, queue_position = moved.position,
           size_max = CASE WHEN batch_index = $3 THEN 1 ELSE least(size_max, $2::integer) END, version = version + 1
         FROM (SELECT order_id, nextval('queue_positions') AS position FROM
           (SELECT order_id FROM orders WHERE batch_id = $1 ORDER BY batch_index) AS sorted) AS moved
         WHERE orders.order_id = moved.order_id`,
        [batch.batchId, sizeMax ?? null, failedAt ?? null, failures],
      );
      await deleteUnnamed(
        session,
        earlier.map((row) => row.last_batch_id),
      );
      return ended;
    });
  }

  /** Takes away some of what ended and is not kept any more. @returns How much; nothing once all of it is gone. */
  prune(retention: Retention): Promise<Pruned> {
    return this.#database.transaction((session) => pruneEnded(session, retention));
  }

  /** What is held against the one order of a batch. */
  failuresOf({ batchId }: Batch): Promise<number> {
    return this.#database.transaction(async (session) => {
      const [row] = await session.query<{ readonly failures: number }>(
        'SELECT max(failures) AS failures FROM orders WHERE batch_id = $1',
        [batchId],
      );
      return row?.failures ?? 0;
    });
  }

  #change(
    batch: Batch,
    set: string,
    values: readonly unknown[],
    condition = 'true',
  ): Promise<Batch | undefined> {
    return this.#database.transaction((session) => change(session, batch, set, values, condition));
  }
}

/** @param set - Assignments with parameters from $3 on. @returns Undefined: the batch has another version by now. */
async function change(
  session: Session,
  { batchId, version }: Batch,
  set: string,
  values: readonly unknown[],
  condition = 'true',
): Promise<Batch | undefined> {
  const [row] = await session.query<BatchRow>(
    `UPDATE batches b SET ${set}, version = version + 1
     WHERE batch_id = $1 AND version = $2::bigint AND (${condition}) RETURNING ${batchColumns}`,
    [batchId, version, ...values],
  );
  return row === undefined ? undefined : readBatch(row);
}

function afterMs(parameter: string): string {
  return `engine_now() + ${parameter}::float8 * interval '1 ms'`;
}

/** The orders that have as much time as the first one. */
function takeAlike(queued: readonly QueuedRow[], heights: LedgerHeights | undefined): readonly QueuedRow[] {
  const [first] = queued;
  if (first === undefined || heights === undefined) return queued;
  return queued.filter((row) => timeLeft(row, heights) === timeLeft(first, heights));
}

function timeLeft(
  { last_height: own }: QueuedRow,
  { final, last }: LedgerHeights,
): 'none' | 'little' | 'enough' {
  if (own === null || own > last) return 'enough';
  return own <= final ? 'none' : 'little';
}

/** The first orders, as many as every one of them may travel with. */
function takeTogether(queued: readonly QueuedRow[]): readonly QueuedRow[] {
  const taken: QueuedRow[] = [];
  let sizeMax = queued.length;
  for (const row of queued) {
    sizeMax = Math.min(sizeMax, row.size_max ?? sizeMax);
    if (taken.length >= sizeMax) break;
    taken.push(row);
  }
  return taken;
}
