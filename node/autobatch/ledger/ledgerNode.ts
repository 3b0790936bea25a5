/** What the ledger of the engine needs of the node it runs in: a running one fulfils it, and so does a simulated core in tests. */
import type { SubmissionVerdict } from '../../api/nodeView.ts';
import type { NodeReader } from '../../core/reader.ts';

export interface LedgerNode {
  /** Hands over a transaction; with `accept` or `MEMPOOL_DUPLICATE` its row is synced, and it waits for a block. */
  submit(bytes: Uint8Array): Promise<SubmissionVerdict>;
  /** Looks at the running core; called each time something is asked. */
  reader(): Pick<NodeReader, 'atomicBatch' | 'finalizedState' | 'finalizedTimestampMs' | 'status'>;
}
