/** What happens in the pipeline, told as it happens: always after it is stored. */
import type { Amount } from '../../../consensus/primitives/flavor.ts';

interface OfTarget {
  readonly target: string;
}

interface OfBatch extends OfTarget {
  readonly batchId: string;
}

interface OfInput extends OfTarget {
  readonly requestId: string;
}

/** Why inputs of a batch wait again: it was refused, can never land, landed without them, or its target was out for too long. */
export type ReturnReason = 'refused' | 'lost' | 'partial' | 'outage';

/** `batch:submit`, `batch:receipt` and `batch:effectstream-processed` are called as in the seed document (the batching pipeline). */
export type BatcherEvent =
  | ({ readonly type: 'input:queued' } & OfInput)
  /** A try was charged to it. */
  | ({ readonly type: 'input:charged'; readonly attempts: number; readonly code: string } & OfInput)
  | ({ readonly type: 'input:confirmed'; readonly transactionHash: string } & OfInput)
  | ({ readonly type: 'input:failed'; readonly code: string } & OfInput)
  | ({ readonly type: 'batch:open'; readonly requestIds: readonly string[] } & OfBatch)
  /** Found unfinished in the storage: it is asked after before anything else of its target. */
  | ({ readonly type: 'batch:recover'; readonly requestIds: readonly string[] } & OfBatch)
  | ({
      readonly type: 'batch:submit';
      readonly transactionHash: string;
      readonly fee: Amount;
      readonly inputs: number;
    } & OfBatch)
  /** Not seen in a block in time; it is asked after. */
  | ({ readonly type: 'batch:receipt-timeout'; readonly transactionHash: string | undefined } & OfBatch)
  | ({
      readonly type: 'batch:receipt';
      readonly transactionHash: string;
      readonly blockNumber: number;
      readonly confirmed: number;
      readonly failed: number;
      readonly returned: number;
    } & OfBatch)
  | ({
      readonly type: 'batch:effectstream-processed';
      readonly transactionHash: string;
      readonly rollup: number;
      readonly requestIds: readonly string[];
    } & OfTarget)
  /** Its inputs wait for other batches. `parts`: how many go together into each. */
  | ({
      readonly type: 'batch:return';
      readonly why: ReturnReason;
      readonly parts: readonly number[];
    } & OfBatch)
  | ({
      readonly type: 'target:parked';
      readonly code: string;
      readonly reason: string;
      /** In a row, with this one. */
      readonly failures: number;
      readonly restMs: number;
    } & OfTarget)
  | ({ readonly type: 'target:recovered' } & OfTarget)
  /** Criteria that threw: the queue is judged again at the next round. Told once until they answer. */
  | ({ readonly type: 'criteria:failed'; readonly reason: string } & OfTarget)
  /** An adapter that did not keep to its port; `step` is the method. */
  | ({ readonly type: 'adapter:failed'; readonly step: string; readonly reason: string } & OfTarget)
  | { readonly type: 'inputs:pruned'; readonly inputs: number }
  | { readonly type: 'storage:lost'; readonly code: string; readonly reason: string }
  | { readonly type: 'storage:back' };

export type EmitBatcherEvent = (event: BatcherEvent) => void;
