/** The settlement chain, as far as its surroundings need it; settlement/chain/mockChain.ts is one. */
import type { Verdict } from '../../../consensus/primitives/codedError.ts';
import type { Hash, SettlementHeight, TimeMs, ValidatorIndex } from '../../../consensus/primitives/flavor.ts';
import type { SettlementKey } from '../../../settlement/chain/mempool.ts';
import type { PriceMove } from '../../../settlement/chain/swapPools.ts';
import type { CrossChainDeposit } from '../../../settlement/net/crossChain.ts';
import type { SettlementBlock, SettlementStanding } from '../../../settlement/net/settlement.ts';

export interface SettlementChain {
  /** True once a trace of base fees ran out of rows and began anew. */
  readonly traceRepeated: boolean;
  readonly head: SettlementBlock;
  blockAt(height: SettlementHeight): SettlementBlock | undefined;
  produceBlock(timestampMs: TimeMs): SettlementBlock;
  submit(bytes: Uint8Array, nowMs: TimeMs): Verdict<unknown>;
  deposit(deposit: CrossChainDeposit): Verdict<unknown>;
  post(bytes: Uint8Array, nowMs: TimeMs): Verdict<unknown>;
  standingOf(transaction: SettlementKey & { readonly hash: Hash }): SettlementStanding;
  setFull(on: boolean): void;
  setTransferTimeout(on: boolean): void;
  setCensored(proposer: ValidatorIndex, on: boolean): void;
  multiplyBaseFee(factor: number): void;
  movePrice(move: PriceMove): void;
  /** @returns How many blocks are gone. */
  reorganise(depth: number): number;
}
