/** What the `settlement` target needs: a way to the settlement chain, and the node it runs in, which sees what comes of posts. */
import type { NodeReader } from '../../core/reader.ts';
import type { PostingClient } from '../../runtime/settlementPort.ts';

export interface SettlementTargetPort {
  readonly chain: PostingClient;
  /** Looks at the running core; called each time something is asked. */
  reader(): Pick<
    NodeReader,
    'block' | 'finalizedState' | 'finalizedTimestampMs' | 'inputOutcome' | 'status' | 'transaction'
  >;
  /** Calls back after each block that became final here. @returns Ends it. */
  onFinalized(listener: () => void): () => void;
}
