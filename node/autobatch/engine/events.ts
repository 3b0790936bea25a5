/** What the engine tells of itself; for whoever watches, never fed back. A crash may swallow one, since it is told after the change. */
import type { Address, Hash } from '../../../consensus/primitives/flavor.ts';
import type { FailureKind } from '../store/batch.ts';

interface OfBatch {
  readonly batchId: Hash;
  readonly party: Address;
  /** Orders. */
  readonly size: number;
  readonly attempts: number;
}

export type AutoBatchEvent =
  | ({ readonly type: 'auto_batch_prepared' } & OfBatch)
  | ({ readonly type: 'auto_batch_submitted' } & OfBatch)
  | ({ readonly type: 'auto_batch_accepted' } & OfBatch)
  | ({ readonly type: 'auto_batch_confirmed' } & OfBatch)
  | ({
      readonly type: 'auto_batch_failed';
      readonly kind: FailureKind;
      readonly code: string;
      readonly failedAt: number | undefined;
    } & OfBatch)
  /** A failed batch ended; its orders are queued again. */
  | ({ readonly type: 'auto_batch_released'; readonly code: string } & OfBatch)
  /** An order failed for good, alone. */
  | ({ readonly type: 'auto_batch_order_rejected'; readonly code: string; readonly orderId: Hash } & OfBatch)
  /** An order turned out to be paid before, by a command of another batch. */
  | ({ readonly type: 'auto_batch_order_paid_before'; readonly orderId: Hash } & OfBatch)
  /** Orders that ended are kept no longer, and batches with them. */
  | { readonly type: 'auto_batch_pruned'; readonly orders: number; readonly batches: number }
  /** A round of a loop failed, and the loop rests. */
  | {
      readonly type: 'auto_batch_loop_failed';
      readonly loop: 'batching' | 'monitoring' | 'retrying';
      readonly reason: string;
      readonly restMs: number;
    };
