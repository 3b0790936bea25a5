/** The effective configuration, frozen: config.yaml in camelCase. The schema with units and defaults is schema.ts. */
import type { PublicKey } from '../../consensus/primitives/flavor.ts';
import type { CryptoPolicy } from '../../consensus/primitives/signature.ts';
import type { RequiredProof } from '../../settlement/atomic/types.ts';
import type { BackgroundOptions } from '../../settlement/chain/background.ts';
import type { AssetRules, GenesisAccount } from '../../settlement/ledger/types.ts';
import type { AutoBatchConfig } from './autoBatchConfig.ts';
import type { BatcherConfig } from './batcherConfig.ts';

/** When a crash comes: at its instant, or among the outputs of the next input that the node handles. */
export type CrashPoints = 'between_inputs' | 'within_outputs';

export interface Config {
  readonly chain: {
    readonly id: string;
    readonly blockTimeMs: number;
    readonly blockTransactionsMax: number;
    readonly blockBytesMax: number;
    /** The genesis instant in ms since 1970; undefined where time is virtual, or whoever starts the network chooses it. */
    readonly genesisMs: number | undefined;
  };
  readonly validators: readonly {
    readonly name: string;
    readonly stake: number;
    /** Undefined: derived from the seed. */
    readonly publicKey?: PublicKey | undefined;
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
    readonly adaptive: 'fixed' | 'seed003' | 'aligned';
    readonly congestedBaseFee: bigint;
    /** Net by asset that an adaptive policy keeps windows below. */
    readonly exposureMax: Readonly<Record<string, bigint>>;
    /** Time a batch is given from its sealing block to the settlement chain. */
    readonly sealLeadMs: number;
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
    /** RPC addresses, for nodes that are processes of their own. */
    readonly urls: readonly string[];
    /** Of the demand of others; undefined: the scenario's. */
    readonly seed: number | undefined;
    readonly blockTimeMs: number;
    readonly phaseMs: number;
    readonly gasLimit: number;
    readonly baseFeeInitial: bigint;
    readonly background: BackgroundOptions;
    /** Undefined: every asset gets a 1:1 pool against the base asset, 10^36 units a side. */
    readonly pools:
      | readonly {
          readonly asset: string;
          readonly assetReserve: bigint;
          readonly baseReserve: bigint;
        }[]
      | undefined;
    readonly treasury: Readonly<Record<string, bigint>> | undefined;
    readonly bridgeLiquidity: Readonly<Record<string, bigint>> | undefined;
  };
  readonly ledger: {
    readonly assets: readonly AssetRules[];
    /** Funded at genesis, beside a scenario's own. */
    readonly accounts: readonly GenesisAccount[];
    readonly poolCash: Readonly<Record<string, bigint>>;
    /** Who may set prices; undefined: a key derived from the seed. */
    readonly oracleKey: PublicKey | undefined;
    /** Largest share of a debt that one liquidation may repay. */
    readonly closeFactorBps: number;
    /** Addresses, or labels of accounts. */
    readonly treasuryKeepers: readonly string[];
    readonly treasuryThreshold: number;
    readonly treasuryTimeoutBlocks: number;
    /** Of an atomic settlement, until governance changes it. */
    readonly networkFeeBps: number;
    readonly feeVotingPeriodMs: number;
    readonly feeActivationDelayMs: number;
    readonly feeQuorumBps: number;
    readonly feePassThresholdBps: number;
    readonly feeMin: bigint;
    readonly flushIntervalBlocks: number;
  };
  readonly atomicBatches: {
    readonly requestsMax: number;
    /** In the stake asset. */
    readonly valueMax: bigint;
    readonly valueMaxByAsset: Readonly<Record<string, bigint>>;
    readonly accountsMax: number;
    readonly timeoutBlocks: number;
    readonly gasMax: number;
    readonly channelDisputeMs: number;
    readonly requiredProofs: readonly RequiredProof[];
    /** Certificates in DER, as hex. */
    readonly attestationRoots: readonly string[];
    /** Contents by register, as hex. */
    readonly measurements: readonly Readonly<Record<string, string>>[];
    /** As the chain encodes them, as hex. */
    readonly verifyingKeys: readonly string[];
    /** What genesis counts as where certificates are judged, in ms since 1970; undefined: the instant of genesis. */
    readonly proofGenesisMs: number | undefined;
  };
  readonly batcher: BatcherConfig;
  readonly autoBatch: AutoBatchConfig;
  /** One node as a process of its own; paths as they are written, from the file that holds them. */
  readonly node: {
    readonly name: string;
    readonly keyFile: string;
    readonly operatorKeyFile: string;
  };
  readonly p2p: {
    readonly listen: string;
    readonly bootstrap: readonly string[];
    readonly messageBytesMax: number;
  };
  readonly api: {
    readonly host: string;
    readonly port: number;
    readonly adminToken: string;
  };
  readonly storage: {
    readonly path: string;
    readonly recordInputs: boolean;
  };
  readonly simulation: {
    readonly crypto: CryptoPolicy;
    readonly sharedExecution: boolean;
    /** Finalised blocks kept in memory and on the modelled disk. */
    readonly historyBlocks: number;
    readonly crashPoints: CrashPoints;
  };
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error';
    readonly format: 'text' | 'json';
    /** Where a process logs; empty: standard output. */
    readonly file: string;
  };
}
