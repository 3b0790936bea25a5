/** Shapes of windows, net batches and duties. All of them live in replicated state, on every node alike. */
import type {
  Amount,
  Hash,
  Height,
  SettlementHeight,
  TimeMs,
  ValidatorIndex,
} from '../../consensus/primitives/flavor.ts';
import type { AssetAmount, NetAmount, NetBatchContent, RevertCode, SettlementAction } from './settlement.ts';

/** What one executed block moved between the lending pool and its users, plus what liquidations it held. */
export interface BlockFlows {
  /** Ascending by asset, no zero amounts. */
  readonly borrowed: readonly AssetAmount[];
  readonly repaid: readonly AssetAmount[];
  readonly fees: readonly AssetAmount[];
  readonly liquidations: number;
}

/** The batch that is still gathering blocks. */
export interface OpenWindow {
  /** Counts closed windows, empty ones included, from 0. */
  readonly index: number;
  /** First height of the batch in the making: the last sealed height + 1. */
  readonly fromHeight: Height;
  /** First height of the current window; later than `fromHeight` after an empty window. */
  readonly windowFromHeight: Height;
  /** Size in force, in blocks. */
  readonly batchSize: number;
  readonly borrowed: readonly AssetAmount[];
  readonly repaid: readonly AssetAmount[];
  readonly fees: readonly AssetAmount[];
  readonly liquidations: number;
}

export type AttemptOutcome = 'confirmed' | 'reverted' | 'missed' | 'superseded';

/** One duty on one batch: who had to settle it, with which actions, and how it ended. */
export interface Attempt {
  readonly attempt: number;
  readonly proposer: ValidatorIndex;
  readonly actions: readonly SettlementAction[];
  /** Sidechain height whose header began it: the holder acts once that block is final. */
  readonly assignedAtHeight: Height;
  readonly outcome: AttemptOutcome | undefined;
  readonly revertCode: RevertCode | undefined;
}

/** A frozen net batch with its duty; a row of state until it is confirmed. */
export interface SealedBatch extends NetBatchContent {
  readonly borrowed: readonly AssetAmount[];
  readonly repaid: readonly AssetAmount[];
  readonly commitment: Hash;
  readonly attempts: readonly Attempt[];
  /** Counting headers since the clock of the running attempt started. */
  readonly clockCount: number;
  /** Height whose header starts the clock; undefined while an earlier batch is unsettled. */
  readonly clockStartHeight: Height | undefined;
  /** Halves of slashes waiting for the settler, in the stake asset's smallest unit. */
  readonly heldSlash: Amount;
  /** Validators that missed this batch. */
  readonly missedBy: readonly ValidatorIndex[];
}

/** A validator's bonded stake and its record in the settlement duty. */
export interface DutyStanding {
  readonly index: ValidatorIndex;
  readonly stake: Amount;
  /** Weighted round-robin priority. */
  readonly priority: bigint;
  /** Height from which `unjail` works; undefined when not jailed. */
  readonly jailedUntilHeight: Height | undefined;
  readonly tombstoned: boolean;
  /** Outcomes of the last duties, oldest first; true is a miss. At most `jail_window`. */
  readonly recentDuties: readonly boolean[];
}

export type SlashReason = 'missed_settlement' | 'equivocation';

/** What may be known when a window ends; an adaptive batch size follows from it. */
export interface WindowEnd {
  /** Timestamp of the window's last block. */
  readonly timestampMs: TimeMs;
  /** Timestamp of that block's origin, and the base fee there. */
  readonly originTimestampMs: TimeMs;
  readonly baseFee: Amount;
  /** Sealed and unconfirmed batches, without the one being sealed. */
  readonly pendingCount: number;
  /** The batch being sealed; undefined when the window was empty. */
  readonly sealed: { readonly blockCount: number; readonly net: readonly NetAmount[] } | undefined;
}

/** Everything net accounting and duty law need from the configuration. */
export interface NetRules {
  readonly batchSize: number;
  readonly batchSizeMin: number;
  readonly batchSizeMax: number;
  readonly adaptive: 'fixed' | 'seed003' | 'aligned';
  readonly congestedBaseFee: Amount;
  /** Ascending by asset: net that a window should not exceed, for policies that heed it. */
  readonly exposureMax: readonly AssetAmount[];
  /** From the timestamp of a sealing block to the arrival of its batch at the settlement chain, at most, in ms. */
  readonly sealLeadMs: number;
  readonly blockTimeMs: number;
  readonly settlementBlockTimeMs: number;
  readonly baseAsset: string;
  readonly slippageBps: number;
  readonly submissionDeadlineBlocks: number;
  readonly maxAttempts: number;
  readonly settlementGasReserve: number;
  readonly feeCap: Amount;
  readonly missedSlashBps: number;
  readonly equivocationSlashBps: number;
  readonly jailAfterMisses: number;
  readonly jailWindow: number;
  readonly jailBlocks: number;
}

/** Facts that execution of a header brings to light; the node turns them into events (docs/results.md). */
export type NetFact =
  | {
      readonly type: 'window_closed';
      readonly index: number;
      readonly fromHeight: Height;
      readonly toHeight: Height;
      readonly empty: boolean;
      readonly batch: number | undefined;
    }
  | { readonly type: 'batch_sealed'; readonly batch: SealedBatch }
  | {
      readonly type: 'batch_confirmed';
      readonly batch: SealedBatch;
      readonly settlementHeight: SettlementHeight;
      readonly includedAtMs: number;
      readonly settler: ValidatorIndex;
      readonly attempt: number;
      readonly transactionHash: Hash;
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
      readonly settlementHeight: SettlementHeight;
      readonly transactionHash: Hash;
      readonly fee: Amount;
      readonly counted: boolean;
    }
  | {
      readonly type: 'batch_missed';
      readonly seq: number;
      readonly proposer: ValidatorIndex;
      readonly attempt: number;
      readonly clockCount: number;
    }
  | {
      readonly type: 'batch_assigned';
      readonly seq: number;
      readonly proposer: ValidatorIndex;
      readonly attempt: number;
    }
  | {
      readonly type: 'slashed';
      readonly validator: ValidatorIndex;
      readonly reason: SlashReason;
      readonly batch: number | undefined;
      readonly attempt: number | undefined;
      readonly amount: Amount;
    }
  | {
      readonly type: 'jailed';
      readonly validator: ValidatorIndex;
      readonly untilHeight: Height;
    }
  | { readonly type: 'unjailed'; readonly validator: ValidatorIndex }
  | { readonly type: 'tombstoned'; readonly validator: ValidatorIndex };

/** Value that duty law moves; execution books it on the ledger. */
export interface StakePayment {
  /** The treasury, or a validator's ledger account. */
  readonly to: 'treasury' | ValidatorIndex;
  readonly amount: Amount;
}

/** A step of net law: what came to light and what must be paid. */
export interface NetOutcome {
  readonly facts: readonly NetFact[];
  readonly payments: readonly StakePayment[];
}

export type NetByAsset = readonly NetAmount[];
