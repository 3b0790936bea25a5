/** Shapes of atomic settlement: rules, requests, batches, receipts, rows. Amounts are smallest units. */
import type { Address, Amount, Hash, Height, TimeMs } from '../../consensus/primitives/flavor.ts';
import type { LedgerRules } from '../ledger/types.ts';
import type { ChannelFact, ChannelOperation } from './channelTypes.ts';
import type { FeeGovernanceRules, FeeProposalFact, FeeProposalOperation } from './feeProposalTypes.ts';
import type { ProofKind, ProofTrustSource, SettlementProof } from './proofs/types.ts';
import type { TreasuryFact, TreasuryOperation, TreasuryRules } from './treasuryTypes.ts';

/** Fixed for a run; part of genesis. */
export interface AtomicRules {
  /** Most requests in a batch. */
  readonly requestsMax: number;
  /** Largest value of a batch in an asset, by symbol; an asset without an entry has no cap. */
  readonly valueMax: Readonly<Record<string, Amount>>;
  /** Most distinct accounts, payers and payees together, in a batch. */
  readonly accountsMax: number;
  /** Most blocks between the one that executes a batch and the last one that may. */
  readonly timeoutBlocks: number;
  /** Gas of all batches of a block together, and so of one (gas.ts). */
  readonly gasMax: number;
  /** Network fee on a settlement, in basis points: in genesis the first one, in a block the one in force (feeProposals.ts). */
  readonly networkFeeBps: number;
  /** Least network fee, in smallest units of whatever asset. */
  readonly feeMin: Amount;
  /** Gathered fees go to the treasury at heights that are a multiple of this. */
  readonly flushIntervalBlocks: number;
  /** Dispute window of a channel, in ms of block timestamps. */
  readonly channelDisputeMs: number;
  readonly treasury: TreasuryRules;
  readonly feeGovernance: FeeGovernanceRules;
  readonly proofs: ProofRules;
}

/** What a chain says of proofs. */
export interface ProofRules {
  readonly trust: ProofTrustSource;
  /** All that match a request must be met. */
  readonly required: readonly RequiredProof[];
  /** The instant, in ms since 1970, that time 0 of the chain stands for where certificates are judged. */
  readonly genesisMs: TimeMs;
}

/** Settlements of a payer, in an asset, or both, need a proof. */
export interface RequiredProof {
  /** Undefined: any. */
  readonly payer: Address | undefined;
  /** Undefined: any. */
  readonly asset: string | undefined;
  /** One of these. */
  readonly kinds: readonly ProofKind[];
  /** Of whom `threshold` must have signed a proof of signatures; none: whoever can dispose of the money. */
  readonly signers: readonly Address[];
  readonly threshold: number;
}

/** The block in which something is settled, and the rules of the chain. */
export interface SettlementContext {
  readonly ledger: LedgerRules;
  readonly rules: AtomicRules;
  readonly height: Height;
  readonly timestampMs: TimeMs;
}

/** What was withheld, by asset. */
export interface WithheldFee {
  readonly asset: string;
  readonly amount: Amount;
}

/** What a request takes its money from: the balance of its payer, an escrow, or a channel, which it closes. */
export type SettlementKind = 'immediate' | 'escrow_release' | 'channel_close';

/** One payment of a batch. */
export interface SettlementRequest {
  /** Chosen by whoever makes the request; settles once on a chain, for good. */
  readonly settlementId: Hash;
  /** Who pays, and must have signed the batch or the proof; of a release, the id of the escrow, of a close, that of the channel. */
  readonly from: Address;
  readonly to: Address;
  /** Gross: the network fee is withheld from it. */
  readonly amount: Amount;
  readonly asset: string;
  readonly kind: SettlementKind;
  /** Text of the parties' own, at most `METADATA_BYTES_MAX`; nothing here reads it. */
  readonly metadata: string;
  /**
   * Last height of a block that may settle it, from 1. Of kind `immediate` and of orders alone, whose ids bind it (order.ts); for
   * anything else the last height of the batch is the one that is signed.
   */
  readonly lastHeight?: Height | undefined;
  /** Says that somebody stands behind this settlement (statement.ts); verified wherever it is. */
  readonly proof?: SettlementProof | undefined;
}

export interface AtomicBatch {
  /** Chosen by whoever makes the batch; one batch on a chain has it, for good. */
  readonly batchId: Hash;
  /** Last height of a block that may execute it. */
  readonly expiresAtHeight: Height;
  /** Settled in this order; each sees what those before it did. */
  readonly requests: readonly SettlementRequest[];
}

export interface AtomicBatchOperation {
  readonly type: 'atomic_batch';
  readonly batch: AtomicBatch;
  /** Who authorises the batch beside the sender, ascending; each signs it (execution/transaction.ts). */
  readonly signers: readonly Address[];
}

/** The sender pays into an escrow of his own. */
export interface EscrowOpenOperation {
  readonly type: 'escrow_open';
  /** Chosen by whoever opens it; one open escrow has it, first come, first served. */
  readonly escrowId: Hash;
  readonly asset: string;
  readonly amount: Amount;
  /** Who may release from it without the payer, ascending; `threshold` of them together. */
  readonly parties: readonly Address[];
  /** 1 to their number; 0 when there are none. */
  readonly threshold: number;
  /** Last height at which it may be released from; what is left then goes back to the payer, when somebody asks. */
  readonly expiresAtHeight: Height;
}

export interface EscrowRefundOperation {
  readonly type: 'escrow_refund';
  readonly escrowId: Hash;
}

export type EscrowOperation = EscrowOpenOperation | EscrowRefundOperation;
export type AtomicOperation =
  | AtomicBatchOperation
  | EscrowOperation
  | ChannelOperation
  | TreasuryOperation
  | FeeProposalOperation;

/** The row of an escrow that holds something. */
export interface Escrow {
  readonly payer: Address;
  readonly asset: string;
  /** What is left in it, above zero. */
  readonly amount: Amount;
  readonly parties: readonly Address[];
  readonly threshold: number;
  readonly expiresAtHeight: Height;
}

/** What one settlement did; its row is also the mark that its id is used. */
export interface SettlementReceipt {
  readonly settlementId: Hash;
  /** `ZERO_HASH`: settled without one. */
  readonly batchId: Hash;
  readonly from: Address;
  readonly to: Address;
  /** What the payer paid: `net` for the payee and `fee` for the network. */
  readonly gross: Amount;
  readonly net: Amount;
  readonly fee: Amount;
  readonly asset: string;
  readonly kind: SettlementKind;
  readonly blockHeight: Height;
  /** Timestamp of the block. */
  readonly timestampMs: TimeMs;
}

/** Why a batch failed. */
export interface AtomicFailure {
  /** Code of the cause. */
  readonly code: string;
  /** Position of the request that failed, from 0. */
  readonly failedAt: number;
  /** Requests before it, whose settlement was undone. */
  readonly completed: number;
  /** What varies, by name; amounts are decimal strings. */
  readonly details: Readonly<Record<string, string>>;
}

/** How a batch ended. Its row stands for the id: another batch cannot have it. */
export interface AtomicBatchRecord {
  /** Hash of the batch's content, so that the same can be told from another under one id. */
  readonly contentHash: Hash;
  readonly blockHeight: Height;
  readonly timestampMs: TimeMs;
  /** Ids in order; their receipts exist when the batch completed. */
  readonly settlementIds: readonly Hash[];
  /** Undefined: completed. */
  readonly failure: AtomicFailure | undefined;
}

/** Between an escrow and its payer. */
interface EscrowMovement {
  readonly escrowId: Hash;
  readonly payer: Address;
  readonly asset: string;
  readonly amount: Amount;
}

/** What atomic settlement brought to light in a block. */
export type AtomicFact =
  | ChannelFact
  | {
      readonly type: 'atomic_batch_completed';
      readonly batchId: Hash;
      readonly requestCount: number;
      /** Fees withheld, by asset in order of first use. */
      readonly fees: readonly WithheldFee[];
    }
  | { readonly type: 'atomic_batch_failed'; readonly batchId: Hash; readonly failure: AtomicFailure }
  | ({ readonly type: 'escrow_opened' } & EscrowMovement)
  | ({ readonly type: 'escrow_refunded' } & EscrowMovement)
  | {
      readonly type: 'escrow_released';
      readonly escrowId: Hash;
      readonly settlementId: Hash;
      readonly asset: string;
      readonly amount: Amount;
      /** What is left in it. */
      readonly left: Amount;
    }
  | {
      readonly type: 'treasury_flushed';
      readonly fees: readonly WithheldFee[];
    }
  | TreasuryFact
  | FeeProposalFact;
