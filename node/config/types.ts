/** The effective configuration, frozen: config.yaml in camelCase. The schema with units and defaults is schema.ts. */
import type { CryptoPolicy } from '../../consensus/primitives/signature.ts';

export interface Config {
  readonly chain: {
    readonly id: string;
    readonly blockTimeMs: number;
    readonly blockTransactionsMax: number;
    readonly blockBytesMax: number;
  };
  readonly validators: readonly {
    readonly name: string;
    readonly stake: number;
  }[];
  readonly consensus: {
    readonly deltaMs: number;
    readonly inactiveViews: number;
    readonly certificates: 'ed25519';
  };
  readonly settlement: {
    readonly batchSize: number;
    readonly batchSizeMin: number;
    readonly batchSizeMax: number;
    readonly adaptive: 'fixed' | 'seed003';
    readonly congestedBaseFee: bigint;
    readonly baseAsset: string;
    readonly stakeAsset: string;
    readonly slippageBps: number;
    readonly submissionDeadlineBlocks: number;
    readonly resubmitAfterBlocks: number;
    /** Highest fee per unit of gas a submitter offers, and above which a block does not count. */
    readonly feeCap: bigint;
    /** Priority fee a submitter offers per unit of gas. */
    readonly tip: bigint;
    readonly maxAttempts: number;
    readonly originConfirmations: number;
    readonly originDelayMs: number;
    readonly originLagMax: number;
    readonly openRescue: boolean;
    readonly missedSlashBps: number;
    readonly equivocationSlashBps: number;
    readonly jailAfterMisses: number;
    readonly jailWindow: number;
    readonly jailBlocks: number;
    readonly settlementGasReserve: number;
    /** ed25519 public keys (0x hex) that may seal early and change N; empty: a key derived from the seed. */
    readonly operatorKeys: readonly string[];
  };
  readonly settlementChain: {
    readonly kind: 'mock';
    readonly blockTimeMs: number;
    readonly phaseMs: number;
    readonly gasLimit: number;
    readonly baseFeeInitial: bigint;
    readonly background:
      | { readonly type: 'none' }
      | { readonly type: 'constant'; readonly gas: number }
      | {
          readonly type: 'bursts';
          readonly gasMean: number;
          readonly burstProbability: number;
          readonly burstBlocks: number;
        }
      | { readonly type: 'trace'; readonly baseFees: readonly bigint[] };
    /** Undefined: every asset gets a 1:1 pool against the base asset, 10^36 units a side. */
    readonly pools:
      | readonly {
          readonly asset: string;
          readonly assetReserve: bigint;
          readonly baseReserve: bigint;
        }[]
      | undefined;
    readonly treasury: Readonly<Record<string, bigint>> | undefined;
  };
  readonly ledger: {
    readonly assets: readonly {
      readonly symbol: string;
      readonly decimals: number;
      /** How much of a deposit's worth may be borrowed against. */
      readonly collateralFactorBps: number;
      /** Debt above this share of the collateral's worth may be liquidated. */
      readonly liquidationThresholdBps: number;
      readonly liquidationBonusBps: number;
      /** Price of one whole unit in USD, times 10^8. */
      readonly price: bigint;
    }[];
    /** Largest share of a debt that one liquidation may repay. */
    readonly closeFactorBps: number;
  };
  readonly simulation: {
    readonly crypto: CryptoPolicy;
    readonly sharedExecution: boolean;
    /** Finalised blocks kept in memory and on the modelled disk. */
    readonly historyBlocks: number;
  };
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error';
    readonly format: 'text' | 'json';
  };
}
