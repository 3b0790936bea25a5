/**
 * What the sidechain and the settlement chain say to each other. The chain itself lives in settlement/chain; an EVM chain
 * can stand behind the same shapes.
 */
import type { Header } from '../../consensus/block.ts';
import type {
  Amount,
  Hash,
  Height,
  SettlementHeight,
  TimeMs,
  ValidatorIndex,
} from '../../consensus/primitives/flavor.ts';
import type { Signature } from '../../consensus/primitives/signature.ts';
import type { Certificate } from '../../consensus/vote.ts';
import type { CrossChainAction, CrossChainEvent } from './crossChain.ts';
import type { InputPosted } from './postedInput.ts';

/** An asset's signed net flow; zero never appears. Lists are ascending by asset. */
export interface NetAmount {
  readonly asset: string;
  /** Borrowed minus repaid. */
  readonly amount: bigint;
}

export interface AssetAmount {
  readonly asset: string;
  readonly amount: Amount;
}

/** One thing a settlement does on the settlement chain. */
export type SettlementAction =
  /** Buy exactly `amount` of the asset, paying at most `amountInMax` of the base asset. */
  | {
      readonly type: 'swap';
      readonly asset: string;
      readonly amount: Amount;
      readonly amountInMax: Amount;
    }
  /** Take `amount` of the base asset from the settlement treasury. */
  | { readonly type: 'draw'; readonly asset: string; readonly amount: Amount }
  /** Return `amount` to the settlement treasury over IBC. */
  | {
      readonly type: 'ibc_transfer';
      readonly asset: string;
      readonly amount: Amount;
    };

/** What the settlement contract learns of a net batch; its hash is the commitment in the sealing header. */
export interface NetBatchContent {
  readonly seq: number;
  readonly fromHeight: Height;
  readonly toHeight: Height;
  readonly net: readonly NetAmount[];
  readonly fees: readonly AssetAmount[];
  readonly liquidations: number;
  /** Undefined where there are none, never empty. */
  readonly crossChain?: readonly CrossChainAction[] | undefined;
}

export interface SettlementTransaction extends NetBatchContent {
  readonly chainId: Hash;
  readonly actions: readonly SettlementAction[];
  /** header(toHeight), then each child up to the first with a finalisation certificate. */
  readonly headers: readonly Header[];
  readonly certificate: Certificate;
  readonly proposer: ValidatorIndex;
  readonly attempt: number;
  /** Per unit of gas, in the settlement chain's smallest fee unit. */
  readonly feeCap: Amount;
  readonly tip: Amount;
  readonly signature: Signature;
}

/** Where a transaction is: its batch is settled (by whomever), its attempt reverted, it waits for a block, or nobody knows it. */
export type SettlementStanding = 'settled' | 'reverted' | 'waiting' | 'unknown';

/** Codes with which the contract reverts a settlement. */
export type RevertCode =
  | 'SLIPPAGE_EXCEEDED'
  | 'INSUFFICIENT_LIQUIDITY'
  | 'TRANSFER_TIMEOUT'
  | 'BAD_RANGE'
  | 'BAD_CERTIFICATE'
  | 'BAD_COMMITMENT'
  | 'BAD_QUOTE'
  | 'OUT_OF_GAS';

export type SettlementEvent =
  | {
      readonly type: 'batch_settled';
      readonly seq: number;
      readonly fromHeight: Height;
      readonly toHeight: Height;
      readonly net: readonly NetAmount[];
      readonly proposer: ValidatorIndex;
      readonly attempt: number;
      readonly transactionHash: Hash;
      /** With the input really paid for each swap, in action order; undefined for other actions. */
      readonly actions: readonly SettlementAction[];
      readonly amountsIn: readonly (Amount | undefined)[];
      readonly gasUsed: number;
      readonly fee: Amount;
    }
  | {
      readonly type: 'batch_reverted';
      readonly seq: number;
      readonly proposer: ValidatorIndex;
      readonly attempt: number;
      readonly code: RevertCode;
      readonly transactionHash: Hash;
      readonly actions: readonly SettlementAction[];
      readonly gasUsed: number;
      readonly fee: Amount;
    }
  /** The far side of a transfer answered, two blocks later. An event, never a condition. */
  | {
      readonly type: 'transfer_acknowledged';
      readonly seq: number;
      readonly asset: string;
      readonly amount: Amount;
    }
  | CrossChainEvent
  | InputPosted;

/** Reserves of the constant-product pool of `asset` against the base asset. */
export interface PoolReserves {
  readonly asset: string;
  readonly assetReserve: Amount;
  readonly baseReserve: Amount;
}

export interface SettlementBlock {
  readonly height: SettlementHeight;
  readonly hash: Hash;
  readonly parentHash: Hash;
  readonly timestampMs: TimeMs;
  /** Fee per unit of gas in force in this block. */
  readonly baseFee: Amount;
  readonly gasUsed: number;
  readonly gasLimit: number;
  readonly events: readonly SettlementEvent[];
  /** After this block, ascending by asset. */
  readonly reserves: readonly PoolReserves[];
  /** What base fee the next block will have, so a submitter quotes without another request. */
  readonly nextBaseFee: Amount;
  /** `seq` the contract settled last; 0 before the first. */
  readonly lastSettledSeq: number;
}
