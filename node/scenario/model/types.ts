/** A workload model: who borrows and repays how much, how often. Amounts are smallest units, times ms. */

/** Two states that take turns, each for an exponentially distributed time; in `busy` arrivals come `factor` times as often. */
export interface Bursts {
  readonly factor: number;
  /** Mean stay in each state. */
  readonly quietMs: number;
  readonly busyMs: number;
}

/** The rate times `1 + swing * cos(2 pi (t - peak) / period)`; t counts from genesis. */
export interface DailyCycle {
  readonly swing: number;
  readonly peakMs: number;
  readonly periodMs: number;
}

export interface ArrivalModel {
  /** The long-run mean, whatever bursts and the daily cycle do around it. */
  readonly rate: { readonly perBlock: number } | { readonly perHour: number };
  readonly bursts: Bursts | undefined;
  readonly daily: DailyCycle | undefined;
}

/** How large one borrowing or repayment is; all are bounded. */
export type AmountModel =
  | { readonly type: 'constant'; readonly value: bigint }
  | { readonly type: 'uniform'; readonly min: bigint; readonly max: bigint }
  | {
      readonly type: 'log_normal';
      readonly median: bigint;
      /** Standard deviation of the logarithm. */
      readonly sigma: number;
      readonly min: bigint;
      readonly max: bigint;
    }
  /** Amounts at equal steps of the share below them, ascending; between two of them the logarithm is even. */
  | { readonly type: 'quantiles'; readonly values: readonly bigint[] }
  /** The share above x falls as x^-alpha. */
  | { readonly type: 'pareto'; readonly alpha: number; readonly min: bigint; readonly max: bigint };

export interface AssetModel {
  readonly symbol: string;
  /** Its part of all transactions is its weight over the sum of weights. */
  readonly weight: number;
  readonly amount: AmountModel;
  /** Share of repayments among its transactions. */
  readonly repayShare: number;
  /** Correlation of the directions of its transactions, one to the next. */
  readonly persistence: number;
  /** What each account owes at genesis, and the most it ever owes. */
  readonly openingDebt: bigint;
  readonly debtMax: bigint;
}

export interface WorkloadModel {
  readonly accountCount: number;
  readonly arrivals: ArrivalModel;
  readonly assets: readonly AssetModel[];
}
