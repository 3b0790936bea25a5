/** What executing one block gives. A pure function of (parent state, block, settlement blocks), so nodes may share it. */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { AtomicFact } from '../atomic/types.ts';
import type { CrossChainFact } from '../bridge/types.ts';
import type { BlockFlows, NetFact } from '../net/types.ts';
import type { Layer } from '../state.ts';
import type { InputFact } from './inputBook.ts';
import type { PostedFact } from './postedInputs.ts';

/** Outcome of one transaction of the block, or of a posted one, which stand in front; its hash is a leaf of the receipts root. */
export interface Receipt {
  readonly transactionId: Hash;
  readonly type: string;
  readonly from: string;
  /** `ok`, or the code with which it failed; a failed one changed nothing but the sender's nonce or the mark of an input and, if it was a batch, its record. */
  readonly result: string;
}

export interface ExecutionResult {
  /** The block's writes, frozen. */
  readonly layer: Layer;
  readonly stateRoot: Hash;
  readonly receiptsRoot: Hash;
  readonly transactionsRoot: Hash;
  readonly batchCommitment: Hash;
  readonly receipts: readonly Receipt[];
  readonly facts: readonly NetFact[];
  readonly atomicFacts: readonly AtomicFact[];
  readonly crossChainFacts: readonly CrossChainFact[];
  readonly inputFacts: readonly InputFact[];
  readonly postedFacts: readonly PostedFact[];
  readonly flows: BlockFlows;
}
