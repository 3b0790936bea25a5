/** Orders in the database: added in groups, read one by one, counted. */
import { toHex } from '../../../consensus/primitives/bytes.ts';
import type { Address, Hash } from '../../../consensus/primitives/flavor.ts';
import type { Database, Session } from '../database/database.ts';
import type { Batch } from './batch.ts';
import {
  type OrderRow,
  type OrderStatus,
  orderColumns,
  readOrder,
  readSigned,
  type SignedOrder,
  type SignedRow,
  type StoredOrder,
  signedColumns,
} from './order.ts';

/** What became of an order that was to be added. */
export type Addition =
  | { readonly type: 'added'; readonly order: StoredOrder }
  /** The party has an order of this reference; this is it. */
  | { readonly type: 'repeated'; readonly order: StoredOrder }
  | { readonly type: 'full'; readonly queued: number };

export interface OrderQuery {
  /** Undefined: of any. */
  readonly party?: Address | undefined;
  /** Undefined: any. */
  readonly status?: OrderStatus | undefined;
  readonly limit: number;
  /** Only orders of a lower sequence. */
  readonly before?: number | undefined;
}

export interface OrderPage {
  /** Newest first. */
  readonly orders: readonly StoredOrder[];
  /** `before` of the next page; undefined: this is the last one. */
  readonly next: number | undefined;
}

const JOINED = 'orders o LEFT JOIN batches b ON b.batch_id = o.batch_id';

export class OrderStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Adds orders in one transaction, each unless its party has one of its reference.
   * @param queuedMax - Orders that may be queued at once; those beyond are not added. Released ones are never turned away.
   * @returns One answer each, in order.
   */
  add(orders: readonly SignedOrder[], queuedMax: number): Promise<readonly Addition[]> {
    const firsts = new Map<string, SignedOrder>();
    for (const order of orders) if (!firsts.has(keyOf(order))) firsts.set(keyOf(order), order);
    return this.#database.transaction(async (session) => {
      const added = await insertFresh(session, [...firsts.values()], queuedMax);
      const others = [...firsts.values()].filter((order) => !added.has(keyOf(order)));
      const known = others.length === 0 ? new Map() : await findByReference(session, others);
      const queued = known.size === others.length ? 0 : await countQueued(session);
      return orders.map((order): Addition => {
        const key = keyOf(order);
        const stored = added.get(key);
        if (stored !== undefined) {
          return { type: firsts.get(key) === order ? 'added' : 'repeated', order: stored };
        }
        const earlier = known.get(key);
        return earlier === undefined ? { type: 'full', queued } : { type: 'repeated', order: earlier };
      });
    });
  }

  get(orderId: Hash): Promise<StoredOrder | undefined> {
    return this.#readOne(`SELECT ${orderColumns} FROM ${JOINED} WHERE o.order_id = $1`, [orderId]);
  }

  getByReference(party: Address, reference: string): Promise<StoredOrder | undefined> {
    const where = 'o.party = $1 AND o.reference = $2';
    return this.#readOne(`SELECT ${orderColumns} FROM ${JOINED} WHERE ${where}`, [party, reference]);
  }

  async list({ party, status, limit, before }: OrderQuery): Promise<OrderPage> {
    const rows = await this.#database.transaction((session) =>
      session.query<OrderRow>(
        `SELECT ${orderColumns} FROM ${JOINED}
         WHERE ($1::text IS NULL OR o.party = $1) AND ($2::text IS NULL OR o.status = $2::order_status)
           AND ($3::bigint IS NULL OR o.sequence < $3::bigint)
         ORDER BY o.sequence DESC LIMIT $4`,
        [party ?? null, status ?? null, before ?? null, limit + 1],
      ),
    );
    const orders = rows.slice(0, limit).map(readOrder);
    return { orders, next: rows.length > limit ? orders.at(-1)?.sequence : undefined };
  }

  /** Of one batch, by position; none once it let them go. */
  ofBatch({ batchId }: Pick<Batch, 'batchId'>): Promise<readonly SignedOrder[]> {
    return this.#database.transaction(async (session) => {
      const rows = await session.query<SignedRow>(
        `SELECT ${signedColumns} FROM orders o WHERE o.batch_id = $1 ORDER BY o.batch_index`,
        [batchId],
      );
      return rows.map(readSigned);
    });
  }

  #readOne(text: string, values: readonly unknown[]): Promise<StoredOrder | undefined> {
    return this.#database.transaction(async (session) => {
      const [row] = await session.query<OrderRow>(text, values);
      return row === undefined ? undefined : readOrder(row);
    });
  }
}

/** Addresses are hexadecimal, so the first space ends them. */
function keyOf({ from, reference }: Pick<SignedOrder, 'from' | 'reference'>): string {
  return `${from} ${reference}`;
}

async function findByReference(
  session: Session,
  orders: readonly SignedOrder[],
): Promise<ReadonlyMap<string, StoredOrder>> {
  const rows = await session.query<OrderRow>(
    `SELECT ${orderColumns} FROM ${JOINED} WHERE (o.party, o.reference) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
    [orders.map(({ from }) => from), orders.map(({ reference }) => reference)],
  );
  return byKey(rows);
}

async function countQueued(session: Session): Promise<number> {
  const [tally] = await session.query<{ readonly value: number }>(
    `SELECT value::float8 AS value FROM tallies WHERE name = 'queued'`,
  );
  return tally?.value ?? 0;
}

/**
 * Adds those of new references, as many as there is room for. The tally is locked before the first row is written, so that all
 * who add wait for each other here and nowhere else, and in one statement, so that nobody waits for a process that is busy
 * between two: every engine's work on batches needs the tally too. What another added while this one waited is a conflict.
 * @param orders - Of a reference each.
 */
async function insertFresh(
  session: Session,
  orders: readonly SignedOrder[],
  queuedMax: number,
): Promise<ReadonlyMap<string, StoredOrder>> {
  const rows = await session.query<OrderRow>(
    `WITH tally AS MATERIALIZED (SELECT value FROM tallies WHERE name = 'queued' FOR UPDATE),
     fresh AS (
       SELECT given.*, row_number() OVER (ORDER BY place) AS number
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::bigint[], $8::text[])
         WITH ORDINALITY AS given (order_id, party, reference, payee, asset, amount, last_height, signature, place)
       WHERE NOT EXISTS (SELECT FROM orders k WHERE k.party = given.party AND k.reference = given.reference)),
     added AS (
       INSERT INTO orders (order_id, party, reference, payee, asset, amount, last_height, signature)
       SELECT order_id, party, reference, payee, asset, amount, last_height, signature
       FROM tally CROSS JOIN fresh WHERE tally.value + fresh.number <= $9::bigint ORDER BY place
       ON CONFLICT DO NOTHING RETURNING *)
     SELECT ${orderColumns} FROM added o LEFT JOIN batches b ON b.batch_id = o.batch_id`,
    [
      orders.map(({ orderId }) => orderId),
      orders.map(({ from }) => from),
      orders.map(({ reference }) => reference),
      orders.map(({ to }) => to),
      orders.map(({ asset }) => asset),
      orders.map(({ amount }) => String(amount)),
      orders.map(({ lastHeight }) => lastHeight ?? null),
      orders.map(({ signature }) => toHex(signature)),
      queuedMax,
    ],
  );
  return byKey(rows);
}

function byKey(rows: readonly OrderRow[]): ReadonlyMap<string, StoredOrder> {
  return new Map(rows.map(readOrder).map((order) => [keyOf(order), order]));
}
