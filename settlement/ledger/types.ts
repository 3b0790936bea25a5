/** Shapes of the ledger: rules, rows, operations. Amounts are smallest units; asset lists are indexed by position. */
import type { Address, Amount } from '../../consensus/primitives/flavor.ts';

export interface AssetRules {
  readonly symbol: string;
  readonly decimals: number;
  /** Share of a deposit's worth that may be borrowed against, in basis points. */
  readonly collateralFactorBps: number;
  /** Debt above this share of the collateral's worth may be liquidated, in basis points. */
  readonly liquidationThresholdBps: number;
  readonly liquidationBonusBps: number;
  /** Genesis price of one whole unit in USD, times 10^8. */
  readonly price: bigint;
}

/** Fixed for a run; part of genesis. */
export interface LedgerRules {
  /** Position is the asset's index everywhere below. */
  readonly assets: readonly AssetRules[];
  readonly closeFactorBps: number;
  readonly stakeAsset: string;
  /** The only account whose `price` and `exact` liquidations count. */
  readonly oracle: Address;
}

/** One account's row. Arrays are as long as the asset list. */
export interface Account {
  readonly nonce: number;
  readonly balances: readonly Amount[];
  /** Claims on the pool. */
  readonly deposits: readonly Amount[];
  readonly debts: readonly Amount[];
}

/** The lending pool of one asset. */
export interface Pool {
  /** What lies in the pool and can be paid out. */
  readonly cash: Amount;
  /** Sum of all accounts' deposits and debts. */
  readonly deposits: Amount;
  readonly debts: Amount;
  /** Borrowed minus repaid since the last seal; below zero, that much cash is spoken for. */
  readonly openNet: bigint;
  /** Left pool cash at a seal, on its way to the settlement chain. */
  readonly escrow: Amount;
}

export type LedgerOperation =
  | { readonly type: 'transfer'; readonly to: Address; readonly asset: string; readonly amount: Amount }
  | {
      readonly type: 'deposit' | 'withdraw' | 'borrow' | 'repay';
      readonly asset: string;
      readonly amount: Amount;
    }
  | {
      readonly type: 'liquidate';
      readonly borrower: Address;
      readonly debtAsset: string;
      readonly amount: Amount;
      readonly collateralAsset: string;
      /** Given: exactly this much collateral moves; close factor and bonus do not apply; oracle key only. */
      readonly exactCollateral: Amount | undefined;
    }
  | { readonly type: 'price'; readonly asset: string; readonly price: bigint };

/** What an operation adds to the block's flows. */
export interface LedgerEffect {
  readonly borrowed: { readonly asset: string; readonly amount: Amount } | undefined;
  readonly repaid: { readonly asset: string; readonly amount: Amount } | undefined;
  readonly liquidations: 0 | 1;
}

export interface GenesisAccount {
  readonly address: Address;
  readonly label: string;
  readonly balances: Readonly<Record<string, Amount>>;
  readonly deposits: Readonly<Record<string, Amount>>;
  readonly debts: Readonly<Record<string, Amount>>;
}
