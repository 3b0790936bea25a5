/** Shapes of proposals to change the network fee: rules, transactions, rows, facts. Stakes are smallest units. */
import type { Amount, Hash, Height, TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';

/** Fixed for a run; part of genesis. */
export interface FeeGovernanceRules {
  /** From the block that takes a proposal in to the end of its votes, in ms of chain time. */
  readonly votingPeriodMs: number;
  /** From the end of the votes to the new fee, in ms of chain time. */
  readonly activationDelayMs: number;
  /** Least share of all stake that counts whose owners voted, in basis points. */
  readonly quorumBps: number;
  /** A proposal passes with more than this share of the stake that voted, in basis points. */
  readonly passThresholdBps: number;
}

export type Vote = 'yes' | 'no';

/** A validator, whose key sends the transaction, proposes a network fee. */
export interface FeeProposeOperation {
  readonly type: 'fee_propose';
  readonly validator: ValidatorIndex;
  /** Chosen by whoever proposes; one proposal on a chain has it, for good. */
  readonly proposalId: Hash;
  readonly networkFeeBps: number;
}

export interface FeeVoteOperation {
  readonly type: 'fee_vote';
  readonly validator: ValidatorIndex;
  readonly proposalId: Hash;
  /** The fee that is voted on: a vote counts for no other under the same id. */
  readonly networkFeeBps: number;
  readonly vote: Vote;
}

export type FeeProposalOperation = FeeProposeOperation | FeeVoteOperation;

/** Stake when the votes were counted. */
export interface Tally {
  readonly yes: Amount;
  readonly no: Amount;
  /** All stake that counted, whether its owner voted or not. */
  readonly bonded: Amount;
}

/** `voting` until the votes are counted, then `rejected`, or `passed` until the fee is in force. */
export type FeeProposalStatus = 'voting' | 'rejected' | 'passed' | 'activated';

/** The row of a proposal. It stays, so that its id has one meaning for good. */
export interface FeeProposal {
  readonly proposer: ValidatorIndex;
  readonly networkFeeBps: number;
  readonly proposedAtHeight: Height;
  /** Timestamp of a block from which on no vote counts. */
  readonly votingEndsAtMs: TimeMs;
  /** Timestamp of a block from which on the fee is in force, if it passes. */
  readonly activatesAtMs: TimeMs;
  /** One each, ascending by validator. */
  readonly votes: readonly { readonly validator: ValidatorIndex; readonly vote: Vote }[];
  readonly status: FeeProposalStatus;
  /** Undefined while it is voted on. */
  readonly tally: Tally | undefined;
}

/** A proposal that is voted on or waits for its time. */
export interface OpenFeeProposal {
  readonly proposalId: Hash;
  readonly proposer: ValidatorIndex;
}

/** What governance keeps between blocks; no row before the first proposal. */
export interface FeeGovernanceRow {
  /** The fee in force; undefined: that of genesis. */
  readonly networkFeeBps: number | undefined;
  /** In the order in which they came. */
  readonly open: readonly OpenFeeProposal[];
}

interface FeeProposalTold {
  readonly proposalId: Hash;
  readonly networkFeeBps: number;
}

export type FeeProposalFact =
  | ({
      readonly type: 'proposal_opened';
      readonly validator: ValidatorIndex;
      readonly votingEndsAtMs: TimeMs;
      readonly activatesAtMs: TimeMs;
    } & FeeProposalTold)
  | {
      readonly type: 'proposal_voted';
      readonly proposalId: Hash;
      readonly validator: ValidatorIndex;
      readonly vote: Vote;
    }
  | ({ readonly type: 'proposal_passed'; readonly activatesAtMs: TimeMs } & FeeProposalTold & Tally)
  | ({
      readonly type: 'proposal_rejected';
      /** Too little stake voted, or too little of it in favour. */
      readonly reason: 'quorum' | 'majority';
    } & FeeProposalTold &
      Tally)
  | ({ readonly type: 'proposal_activated' } & FeeProposalTold);
