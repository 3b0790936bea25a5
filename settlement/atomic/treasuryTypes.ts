/** Shapes of withdrawals from the treasury: rules, transactions, rows, facts. Amounts are smallest units. */
import type { Address, Amount, Hash, Height } from '../../consensus/primitives/flavor.ts';

/** Fixed for a run; part of genesis. */
export interface TreasuryRules {
  /** Who together may let money go; without any nobody may. At most `KEEPERS_MAX`. */
  readonly keepers: readonly Address[];
  /** So many of them agree to a withdrawal; 1 to their number. */
  readonly threshold: number;
  /** Most blocks between the one that takes a proposal in and its last height. */
  readonly timeoutBlocks: number;
}

/** What keepers agree to, whole: an approval counts for these three together and for nothing else. */
export interface WithdrawalTerms {
  readonly asset: string;
  readonly amount: Amount;
  /** The recipient. */
  readonly to: Address;
}

/** A keeper proposes a withdrawal, and approves it with that. */
export interface TreasuryProposeOperation extends WithdrawalTerms {
  readonly type: 'treasury_propose';
  /** Chosen by whoever proposes; one withdrawal on a chain has it, for good once it was paid. */
  readonly withdrawalId: Hash;
  /** Last height at which it may be approved and paid. */
  readonly expiresAtHeight: Height;
}

export interface TreasuryApproveOperation extends WithdrawalTerms {
  readonly type: 'treasury_approve';
  readonly withdrawalId: Hash;
}

export type TreasuryOperation = TreasuryProposeOperation | TreasuryApproveOperation;

/** The row of a withdrawal that is open, or was paid. */
export interface Withdrawal extends WithdrawalTerms {
  readonly expiresAtHeight: Height;
  /** Keepers in the order in which they approved, each once; the first proposed it. */
  readonly approvals: readonly Address[];
  /** Undefined while it is open. */
  readonly paidAtHeight: Height | undefined;
}

export type TreasuryFact =
  | ({
      readonly type: 'treasury_withdrawal_proposed';
      readonly withdrawalId: Hash;
      readonly keeper: Address;
      readonly expiresAtHeight: Height;
    } & WithdrawalTerms)
  | {
      readonly type: 'treasury_withdrawal_approved';
      readonly withdrawalId: Hash;
      readonly keeper: Address;
      /** Keepers that approved it by now, whoever proposed it among them. */
      readonly approvalCount: number;
    }
  | ({ readonly type: 'treasury_withdrawn'; readonly withdrawalId: Hash } & WithdrawalTerms)
  | ({ readonly type: 'treasury_withdrawal_expired'; readonly withdrawalId: Hash } & WithdrawalTerms);
