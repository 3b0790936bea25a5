/** Orders as the database keeps them. */
import { fromHex } from '../../../consensus/primitives/bytes.ts';
import type { Address, Amount, Hash, Height } from '../../../consensus/primitives/flavor.ts';
import type { BatchEnding, BatchStatus } from './batch.ts';

/** A transfer that its payer signed. */
export interface SignedOrder {
  /** Names what the payer signed; the ledger settles under this id once. */
  readonly orderId: Hash;
  /** The party: who pays. */
  readonly from: Address;
  readonly to: Address;
  readonly asset: string;
  readonly amount: Amount;
  /** Chosen by the party, unique among its orders. */
  readonly reference: string;
  /** Last height of a block that may settle it; undefined: any may, for good. */
  readonly lastHeight?: Height | undefined;
  readonly signature: Uint8Array;
}

export type OrderStatus = 'Queued' | 'Dequeue';

/** What has become of an order; `pending` as long as it is queued or its batch is under way. */
export type OrderOutcome = 'pending' | 'confirmed' | 'failed';

export interface StoredOrder extends SignedOrder {
  /** Rises from order to order. */
  readonly sequence: number;
  readonly status: OrderStatus;
  readonly outcome: OrderOutcome;
  /** The batch that picked it up. */
  readonly batch: OrderBatch | undefined;
  /** The last batch that let it go. */
  readonly lastBatchId: Hash | undefined;
  readonly releases: number;
  readonly createdAtMs: number;
  /** When it, or the batch that picked it up, changed last. */
  readonly updatedAtMs: number;
}

export interface OrderBatch {
  readonly batchId: Hash;
  /** Position of the order in it, from 0. */
  readonly index: number;
  readonly status: BatchStatus;
  readonly attempts: number;
  readonly ending: BatchEnding | undefined;
  /** Why it failed, where it did. */
  readonly failureCode: string | undefined;
}

/** Columns of an order alone, in one spelling for both kinds of database. */
export const signedColumns = `o.order_id, o.party, o.reference, o.payee, o.asset, o.amount::text AS amount,
  o.last_height::float8 AS last_height, o.signature`;

/** Of an order joined with its batch `b`. */
export const orderColumns = `${signedColumns}, o.sequence::float8 AS sequence, o.status::text AS status, o.batch_index, o.last_batch_id, o.releases,
  to_ms(o.created_at) AS created_at_ms, to_ms(greatest(o.updated_at, b.updated_at)) AS updated_at_ms, b.batch_id, b.status::text AS batch_status,
  b.attempts, b.ending::text AS ending, b.failure_code`;

export interface SignedRow {
  readonly order_id: string;
  readonly party: string;
  readonly reference: string;
  readonly payee: string;
  readonly asset: string;
  readonly amount: string;
  readonly last_height: number | null;
  readonly signature: string;
}

export interface OrderRow extends SignedRow {
  readonly sequence: number;
  readonly status: OrderStatus;
  readonly batch_index: number | null;
  readonly last_batch_id: string | null;
  readonly releases: number;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly batch_id: string | null;
  readonly batch_status: BatchStatus | null;
  readonly attempts: number | null;
  readonly ending: BatchEnding | null;
  readonly failure_code: string | null;
}

export function readSigned(row: SignedRow): SignedOrder {
  return {
    orderId: row.order_id,
    from: row.party,
    to: row.payee,
    asset: row.asset,
    amount: BigInt(row.amount),
    reference: row.reference,
    lastHeight: row.last_height ?? undefined,
    signature: fromHex(row.signature),
  };
}

export function readOrder(row: OrderRow): StoredOrder {
  const batch = readOrderBatch(row);
  return {
    ...readSigned(row),
    sequence: row.sequence,
    status: row.status,
    outcome: outcomeOf(batch),
    batch,
    lastBatchId: row.last_batch_id ?? undefined,
    releases: row.releases,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
  };
}

function readOrderBatch(row: OrderRow): OrderBatch | undefined {
  const { batch_id: batchId, batch_status: status, batch_index: index, attempts } = row;
  if (batchId === null || status === null || index === null || attempts === null) return undefined;
  const [ending, failureCode] = [row.ending ?? undefined, row.failure_code ?? undefined];
  return { batchId, index, status, attempts, ending, failureCode };
}

function outcomeOf(batch: OrderBatch | undefined): OrderOutcome {
  if (batch?.status === 'Confirmed' || batch?.ending === 'paid_before') return 'confirmed';
  return batch?.ending === 'rejected' ? 'failed' : 'pending';
}
