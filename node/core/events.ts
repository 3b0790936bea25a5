/**
 * Events a node reports, as facts: typed here, turned into the lines of `events.ndjson` by each engine
 * (docs/results.md). Names of validators and assets stand in place of indexes.
 */
import type { Hash, Height, TimeMs, View } from '../../consensus/primitives/flavor.ts';
import type { AtomicFact } from '../../settlement/atomic/types.ts';
import type { CrossChainFact } from '../../settlement/bridge/types.ts';
import type { PostedFact } from '../../settlement/execution/postedInputs.ts';
import type { Receipt } from '../../settlement/execution/result.ts';
import type { NetFact } from '../../settlement/net/types.ts';

export type NodeEvent =
  | {
      readonly type: 'block_proposed';
      readonly height: Height;
      readonly view: View;
      readonly hash: Hash;
      readonly transactions: number;
    }
  | {
      readonly type: 'block_notarized';
      readonly height: Height;
      readonly view: View;
      readonly hash: Hash;
    }
  | { readonly type: 'view_nullified'; readonly view: View }
  /** Carries what executing the block brought to light; every node reports the same for the same height. */
  | {
      readonly type: 'block_finalized';
      readonly height: Height;
      readonly view: View;
      readonly hash: Hash;
      readonly timestampMs: TimeMs;
      readonly leader: number;
      readonly stateRoot: Hash;
      readonly originHeight: number;
      readonly facts: readonly NetFact[];
      readonly atomicFacts: readonly AtomicFact[];
      readonly crossChainFacts: readonly CrossChainFact[];
      readonly postedFacts: readonly PostedFact[];
      readonly transactions: readonly Receipt[];
    }
  | {
      readonly type: 'batch_submitted';
      readonly seq: number;
      readonly attempt: number;
      readonly transactionHash: Hash;
      readonly feeCap: bigint;
    }
  | {
      readonly type: 'batch_included';
      readonly seq: number;
      readonly attempt: number;
      readonly settlementHeight: number;
      readonly transactionHash: Hash;
    }
  | {
      readonly type: 'completion_gossiped';
      readonly seq: number;
      readonly transactionHash: Hash;
    }
  /** The leader of a block told its peers of the atomic batches that ended in it. */
  | {
      readonly type: 'atomic_batch_published';
      readonly height: Height;
      readonly batchCount: number;
    }
  | {
      readonly type: 'equivocation_seen';
      readonly validator: number;
      /** Of two votes. */
      readonly view: View | undefined;
      /** Of two settlements. */
      readonly batch: number | undefined;
      readonly attempt: number | undefined;
    }
  | {
      readonly type: 'warning';
      readonly code: string;
      readonly message: string;
    };
