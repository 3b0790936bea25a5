/** The settlement chain as a node's runtime needs it, whatever chain that is and however it is reached. */
import type { Amount, Hash, SettlementHeight, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { SettlementPair } from '../../settlement/chain/doubleSettlementWatch.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { SettlementAnswer } from '../core/types.ts';

/** Names one settlement transaction. */
export interface SettlementQuestion {
  readonly proposer: ValidatorIndex;
  readonly seq: number;
  readonly attempt: number;
  readonly hash: Hash;
}

/** Answer to a post: its hash, a refusal with a code, or no answer, after which it may have been taken all the same. */
export type PostAnswer =
  | { readonly type: 'accepted'; readonly hash: Hash }
  | { readonly type: 'refused'; readonly code: string }
  | { readonly type: 'failed' | 'timed_out' };

/** Where a post is, and what the next one costs. */
export type PostedAnswer =
  | {
      readonly type: 'posted';
      readonly standing: 'included' | 'waiting' | 'unknown';
      /** Of the block that holds it. */
      readonly settlementHeight: SettlementHeight | undefined;
      readonly headHeight: SettlementHeight;
      /** Per unit of gas, in the settlement chain's smallest fee unit. */
      readonly nextBaseFee: Amount;
    }
  | { readonly type: 'failed' | 'timed_out' };

/** The settlement chain as somebody needs it who posts inputs there (docs/protocol.md, posted inputs). Never throws. */
export interface PostingClient {
  post(bytes: Uint8Array): Promise<PostAnswer>;
  askPosted(hash: Hash): Promise<PostedAnswer>;
}

export interface SettlementClient {
  /** Hands over a signed transaction. Never throws: what fails is an answer. */
  submit(bytes: Uint8Array): Promise<SettlementAnswer>;
  /** Asks where a transaction is. Never throws. */
  ask(question: SettlementQuestion): Promise<SettlementAnswer>;
  /**
   * Delivers every block from a height on, in order, each when the one before has been taken; after a reorganisation
   * those that replace others. Ends what an earlier call began.
   */
  follow(fromHeight: SettlementHeight, deliver: (block: SettlementBlock) => Promise<void>): void;
  /**
   * Delivers what proves that a proposer contradicted itself in the chain's mempool: one pair a proposer, those found
   * before anybody watched too. Called once.
   */
  watchConflicts(deliver: (pair: SettlementPair) => Promise<void>): void;
  /** Ends everything under way; nothing is delivered any more. */
  stop(): Promise<void>;
}
