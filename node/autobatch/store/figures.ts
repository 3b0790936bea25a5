/** What whoever looks at the engine is shown: batches page by page, and figures. */
import type { Hash } from '../../../consensus/primitives/flavor.ts';
import type { Database } from '../database/database.ts';
import {
  type Batch,
  type BatchRow,
  type BatchStatus,
  batchColumns,
  batchStatuses,
  readBatch,
} from './batch.ts';

export interface BatchPage {
  /** Newest first. */
  readonly batches: readonly Batch[];
  /** `before` of the next page; undefined: this is the last one. */
  readonly next: number | undefined;
}

export interface BatchQuery {
  /** Undefined: any. */
  readonly status?: BatchStatus | undefined;
  readonly limit: number;
  /** Only batches of a lower sequence. */
  readonly before?: number | undefined;
}

export interface AutoBatchFigures {
  /** Orders in the queue. */
  readonly queued: number;
  /** Batches by state, without those that have ended: a failed one is retried or about to end. */
  readonly active: Readonly<Record<BatchStatus, number>>;
  /** Orders in these batches. */
  readonly activeOrders: number;
  /** Submissions begun since the database was made. */
  readonly submissions: number;
  readonly confirmedOrders: number;
  /** Orders that failed for good. */
  readonly rejectedOrders: number;
  /** Submissions that one for each confirmed order would have taken on top; 0 before they pay. */
  readonly submissionsSaved: number;
  /** Ms since the oldest order came that has no outcome; undefined: all have one. */
  readonly oldestOrderAgeMs: number | undefined;
}

export async function listBatches(
  database: Database,
  { status, limit, before }: BatchQuery,
): Promise<BatchPage> {
  const rows = await database.transaction((session) =>
    session.query<BatchRow>(
      `SELECT ${batchColumns} FROM batches b
       WHERE ($1::text IS NULL OR b.status = $1::batch_status) AND ($2::bigint IS NULL OR b.sequence < $2::bigint)
       ORDER BY b.sequence DESC LIMIT $3`,
      [status ?? null, before ?? null, limit + 1],
    ),
  );
  const batches = rows.slice(0, limit).map(readBatch);
  return { batches, next: rows.length > limit ? batches.at(-1)?.sequence : undefined };
}

export function getBatch(database: Database, batchId: Hash): Promise<Batch | undefined> {
  return database.transaction(async (session) => {
    const [row] = await session.query<BatchRow>(
      `SELECT ${batchColumns} FROM batches b WHERE b.batch_id = $1`,
      [batchId],
    );
    return row === undefined ? undefined : readBatch(row);
  });
}

export function readFigures(database: Database): Promise<AutoBatchFigures> {
  return database.transaction(async (session) => {
    const tallies = await session.query<{ readonly name: string; readonly value: number }>(
      'SELECT name, value::float8 AS value FROM tallies',
    );
    const active = await session.query<{
      readonly status: BatchStatus;
      readonly count: number;
      readonly orders: number;
    }>(
      `SELECT status::text AS status, count(*)::float8 AS count, sum(size)::float8 AS orders FROM batches
       WHERE status <> 'Confirmed' AND ending IS NULL GROUP BY status`,
    );
    const [oldest] = await session.query<{ readonly age: number | null }>(
      `SELECT to_ms(engine_now()) - to_ms(least(
         (SELECT min(created_at) FROM orders WHERE status = 'Queued'),
         (SELECT min(oldest_order_at) FROM batches WHERE status <> 'Confirmed' AND ending IS NULL))) AS age`,
    );
    const tally = new Map(tallies.map(({ name, value }) => [name, value]));
    const counts = new Map(active.map(({ status, count }) => [status, count]));
    const of = (name: string) => tally.get(name) ?? 0;
    const [submissions, confirmedOrders] = [of('submissions'), of('confirmed_orders')];
    return {
      queued: of('queued'),
      active: Object.fromEntries(batchStatuses.map((status) => [status, counts.get(status) ?? 0])) as Record<
        BatchStatus,
        number
      >,
      activeOrders: active.reduce((sum, { orders }) => sum + orders, 0),
      submissions,
      confirmedOrders,
      rejectedOrders: of('rejected_orders'),
      submissionsSaved: Math.max(0, confirmedOrders - submissions),
      oldestOrderAgeMs: oldest?.age ?? undefined,
    };
  });
}
