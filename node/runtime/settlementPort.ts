/** The settlement chain as a node's runtime needs it, whatever chain that is and however it is reached. */
import type { Hash, SettlementHeight, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
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
