/**
 * Takes away orders that have ended, the oldest first: those that are older than they are kept for, and those above the number
 * that is kept. The batches that paid or failed them go with them, and those that let orders go when no
 * order names them any more, since each names the last one alone.
 * The database refuses it for everything that has not ended (migrations.ts). What a party is told is that the order is unknown;
 * sent again it is a new one, which the ledger, where a settlement id settles once for good, does not pay again.
 */
import type { Hash } from '../../../consensus/primitives/flavor.ts';
import type { Session } from '../database/database.ts';

export interface Retention {
  /** How long an order is kept after its end, in ms of the database's time. */
  readonly retentionMs: number;
  /** Most ended orders that are kept. */
  readonly keptOrdersMax: number;
}

export interface Pruned {
  readonly orders: number;
  readonly batches: number;
}

/** Orders of one step, of whole batches, so that the last one may go beyond it: some tens of ms of a database. */
const STEP_ORDERS = 1000;
/** Batches that one step looks at. */
const STEP_BATCHES = 256;
/** As an index has it, word for word. */
const ENDED = `(status = 'Confirmed' OR ending IN ('rejected', 'paid_before'))`;

/** One step, in one transaction. @returns What is gone; nothing where another engine is at it. */
export async function pruneEnded(
  session: Session,
  { retentionMs, keptOrdersMax }: Retention,
): Promise<Pruned> {
  // Whoever holds this row prunes: two at once would both take away what is too much.
  const [count] = await session.query<{ readonly kept: number }>(
    `SELECT ((SELECT sum(value) FROM tallies WHERE name IN ('confirmed_orders', 'rejected_orders')) - pruned.value)::float8 AS kept
     FROM tallies pruned WHERE pruned.name = 'pruned_orders' FOR UPDATE OF pruned SKIP LOCKED`,
  );
  if (count === undefined) return { orders: 0, batches: 0 };
  const rows = await session.query<{ readonly batch_id: string }>(
    `SELECT batch_id FROM (
       SELECT batch_id, updated_at, sum(size) OVER (ORDER BY updated_at, sequence) - size AS older
       FROM (SELECT batch_id, sequence, size, updated_at FROM batches WHERE ${ENDED}
             ORDER BY updated_at, sequence LIMIT ${STEP_BATCHES}) AS oldest) AS counted
     WHERE older < ${STEP_ORDERS}
       AND (older < $1::float8 OR updated_at <= engine_now() - $2::float8 * interval '1 ms')`,
    [count.kept - keptOrdersMax, retentionMs],
  );
  const ended = rows.map(({ batch_id: batchId }) => batchId);
  if (ended.length === 0) return { orders: 0, batches: 0 };
  const gone = await session.query<{ readonly last_batch_id: string | null }>(
    'DELETE FROM orders WHERE batch_id = ANY($1::text[]) RETURNING last_batch_id',
    [ended],
  );
  const named = gone.flatMap(({ last_batch_id: batchId }) => (batchId === null ? [] : [batchId]));
  const batches = await deleteUnnamed(session, [...ended, ...new Set(named)]);
  return { orders: gone.length, batches };
}

/**
 * Takes away those of some batches which have ended and which no order names any more. Whoever makes an order name another batch
 * asks for it, in the same transaction, so there are never more batches than orders name.
 * @returns How many.
 */
export async function deleteUnnamed(session: Session, batchIds: readonly Hash[]): Promise<number> {
  if (batchIds.length === 0) return 0;
  // Of two who make the last orders of a batch forget it at the same moment, the second one sees what the first one did.
  await session.query('SELECT FROM batches WHERE batch_id = ANY($1::text[]) ORDER BY batch_id FOR UPDATE', [
    batchIds,
  ]);
  const gone = await session.query(
    `DELETE FROM batches b WHERE b.batch_id = ANY($1::text[])
       AND NOT EXISTS (SELECT FROM orders WHERE batch_id = b.batch_id)
       AND NOT EXISTS (SELECT FROM orders WHERE last_batch_id = b.batch_id)
     RETURNING b.batch_id`,
    [batchIds],
  );
  return gone.length;
}
