/** A scenario after parsing and checking: what both engines take. All amounts are smallest units, all times ms. */
import type { Vote } from '../../settlement/atomic/feeProposalTypes.ts';
import type { SettlementProof } from '../../settlement/atomic/proofs/types.ts';
import type { Config } from '../config/types.ts';
import type { LedgerCondition } from './ledgerConditions.ts';
import type { WorkloadModel } from './model/types.ts';

/** Where scenarios run: in virtual time, or on real processes. */
export type Engine = 'simulation' | 'devnet';

export type Anchor =
  | { readonly block: number }
  | { readonly timeMs: number }
  | { readonly settlementBlock: number }
  | {
      readonly batch: number;
      readonly state: 'sealed' | 'included' | 'confirmed' | 'missed';
    };

/** A ledger transaction by label; the engine derives keys from (seed, label), nonces and ids. */
export interface ScenarioTransaction {
  /** Account label; undefined: a funded scenario account. */
  readonly account: string | undefined;
  readonly operation:
    | {
        readonly type: 'borrow' | 'repay' | 'deposit' | 'withdraw';
        readonly asset: string;
        readonly amount: bigint;
      }
    | {
        readonly type: 'transfer';
        readonly to: string;
        readonly asset: string;
        readonly amount: bigint;
      }
    | {
        readonly type: 'liquidate';
        readonly borrower: string;
        readonly debtAsset: string;
        readonly amount: bigint;
        readonly collateralAsset: string;
        /** Given: exactly this much is seized (traces). */
        readonly collateralAmount: bigint | undefined;
      }
    | { readonly type: 'price'; readonly asset: string; readonly price: bigint }
    | { readonly type: 'unjail'; readonly validator: string }
    | { readonly type: 'settle_now' }
    | { readonly type: 'set_batch_size'; readonly batchSize: number }
    | {
        readonly type: 'atomic_batch';
        /** A name that the id derives from, or the id itself. */
        readonly id: string;
        /** Blocks from its anchor to its last height; undefined: as many as the chain allows. */
        readonly expiresAfterBlocks: number | undefined;
        readonly requests: readonly ScenarioSettlement[];
        /** Accounts that sign beside sender and payers: parties of escrows. */
        readonly signers: readonly string[];
      }
    | {
        readonly type: 'escrow_open';
        readonly id: string;
        readonly asset: string;
        readonly amount: bigint;
        readonly parties: readonly string[];
        readonly threshold: number;
        /** Blocks from its anchor to its last height. */
        readonly expiresAfterBlocks: number;
      }
    | { readonly type: 'escrow_refund'; readonly id: string }
    | {
        readonly type: 'channel_open';
        readonly id: string;
        /** The payee. */
        readonly to: string;
        readonly asset: string;
        readonly amount: bigint;
        /** Blocks from its anchor to its last height; undefined: it has none. */
        readonly expiresAfterBlocks: number | undefined;
      }
    | {
        readonly type: 'channel_close';
        readonly id: string;
        /** May be zero: everything goes back. */
        readonly amount: bigint;
        /** Payer and payee, one of whom may be the sender. */
        readonly signers: readonly string[];
      }
    | {
        readonly type: 'channel_unilateral_close';
        readonly id: string;
        readonly voucher: ScenarioVoucher | undefined;
      }
    | { readonly type: 'channel_dispute'; readonly id: string; readonly voucher: ScenarioVoucher }
    | { readonly type: 'channel_settle'; readonly id: string }
    | {
        readonly type: 'treasury_propose';
        readonly id: string;
        readonly asset: string;
        readonly amount: bigint;
        readonly to: string;
        /** Blocks from its anchor to its last height. */
        readonly expiresAfterBlocks: number;
      }
    | {
        readonly type: 'treasury_approve';
        readonly id: string;
        readonly asset: string;
        readonly amount: bigint;
        readonly to: string;
      }
    | {
        readonly type: 'fee_propose';
        readonly validator: string;
        readonly id: string;
        readonly networkFeeBps: number;
      }
    | {
        readonly type: 'fee_vote';
        readonly validator: string;
        readonly id: string;
        readonly networkFeeBps: number;
        readonly vote: Vote;
      }
    | {
        readonly type: 'cross_chain_send';
        /** As of a batch. */
        readonly id: string;
        /** The account that gets it on the settlement chain. */
        readonly to: string;
        readonly asset: string;
        readonly amount: bigint;
        /** In blocks of the settlement chain. */
        readonly timeoutBlocks: number;
      };
}

/** A voucher of a channel; the engine signs it with the key of `payer`. */
export interface ScenarioVoucher {
  readonly payer: string;
  /** In all since the channel was opened. */
  readonly amount: bigint;
  readonly nonce: number;
}

/** What an account locks on the settlement chain for one of the sidechain, by label. */
export interface ScenarioDeposit {
  readonly account: string;
  readonly to: string;
  readonly asset: string;
  readonly amount: bigint;
  /** In blocks of the settlement chain. */
  readonly timeoutBlocks: number;
}

/** What users post on the settlement chain, in one post. */
export interface ScenarioPost {
  /** Of kinds that users can write as commands. */
  readonly transactions: readonly ScenarioTransaction[];
  /** Whether nodes get the same signed inputs too. */
  readonly isSent: boolean;
}

/** A request of an atomic batch, by label. */
export interface ScenarioSettlement {
  /** As of a batch. */
  readonly id: string;
  /** The account that pays; or else `escrow`, whose money it is, or `channel`, which it closes. */
  readonly from: string | undefined;
  readonly escrow: string | undefined;
  readonly channel: string | undefined;
  readonly to: string;
  readonly asset: string;
  readonly amount: bigint;
  readonly metadata: string;
  readonly proof?: ScenarioProof | undefined;
}

/** A proof that the engine makes with keys of accounts, or one that was made before. */
export type ScenarioProof =
  | { readonly kind: 'cryptographic'; readonly signer: string }
  | {
      readonly kind: 'multi_party';
      readonly threshold: number;
      readonly signers: readonly string[];
      readonly signed: readonly string[];
    }
  | { readonly kind: 'made'; readonly proof: SettlementProof };

/** Behaviour of a dishonest node, around its honest core. */
export type ByzantineBehaviour =
  | 'withhold_settlement'
  | 'withhold_votes'
  | 'withhold_gossip'
  | 'equivocate'
  | 'forge_completion'
  | 'lie_about_net'
  | 'garbage'
  | 'twin';

export type NodeFault =
  | {
      readonly type: 'crash';
      readonly node: string;
      readonly lose: 'none' | 'unsynced' | 'all';
    }
  | { readonly type: 'restart' | 'pause'; readonly node: string }
  /** `clock_skew` lasts; `clock_step` is an instant. */
  | { readonly type: 'clock_skew' | 'clock_step'; readonly node: string; readonly ms: number }
  | { readonly type: 'disk'; readonly node: string; readonly fault: 'lost' | 'torn' | 'corrupt' };

/** `nodes` undefined: every link; otherwise every link that touches one of them. */
export type LinkFault =
  /** Nodes not named form one more group. */
  | { readonly type: 'partition'; readonly groups: readonly (readonly string[])[] }
  | { readonly type: 'one_way'; readonly from: readonly string[]; readonly to: readonly string[] }
  /** From all nodes and from the settlement chain. */
  | { readonly type: 'isolate'; readonly node: string }
  | {
      readonly type: 'latency';
      readonly ms: number;
      readonly jitterMs: number;
      readonly nodes: readonly string[] | undefined;
    }
  | {
      readonly type: 'loss' | 'duplicate' | 'reorder';
      readonly probability: number;
      readonly nodes: readonly string[] | undefined;
    }
  | { readonly type: 'bandwidth'; readonly mbps: number; readonly nodes: readonly string[] | undefined };

export interface ByzantineFault {
  readonly type: ByzantineBehaviour;
  readonly node: string;
}

export type SettlementChainFault = { readonly type: 'settlement_chain' } & (
  | { readonly kind: 'stall' | 'full' | 'transfer_timeout' }
  | { readonly kind: 'slow'; readonly factor: number }
  /** No transaction of this node is included. */
  | { readonly kind: 'censor'; readonly node: string }
  /** An instant: the newest `depth` blocks are replaced, their transactions return to the mempool. */
  | { readonly kind: 'reorg'; readonly depth: number }
  | {
      readonly kind: 'lose_receipts' | 'rpc_errors' | 'rpc_timeouts' | 'duplicate_delivery';
      readonly probability: number;
    }
  | { readonly kind: 'slippage'; readonly asset: string; readonly bps: number }
  /** Multiplies once, when it starts. */
  | { readonly kind: 'base_fee'; readonly factor: number }
);

export type Fault = NodeFault | LinkFault | ByzantineFault | SettlementChainFault;

export interface TimelineEvent {
  readonly at: Anchor;
  /** End of the faults of this event; undefined: they last to the end of the run. */
  readonly forMs: number | undefined;
  readonly transactions: readonly ScenarioTransaction[];
  /** Nodes to which users hand the transactions as signed inputs, which have no nonce; absent: they are none. */
  readonly inputsTo?: readonly string[];
  /** Absent where there are none. */
  readonly deposits?: readonly ScenarioDeposit[];
  /** Absent where there is none. */
  readonly post?: ScenarioPost;
  readonly faults: readonly Fault[];
  /** Where it stands in its file, for messages. */
  readonly line: number;
}

export type Comparison = '<' | '<=' | '=' | '>=' | '>';

/** A statement over the network's state at one instant. */
export type Condition =
  | { readonly type: 'converged'; readonly value: boolean }
  | { readonly type: 'height_at_least'; readonly height: number }
  | {
      readonly type:
        | 'pending_batches'
        | 'confirmed_batches'
        | 'open_transfers'
        | 'completed_transfers'
        | 'refunded_transfers';
      readonly comparison: Comparison;
      readonly count: number;
    }
  /** `validator` undefined: anybody. */
  | {
      readonly type: 'slashed' | 'jailed' | 'missed';
      readonly validator: string | undefined;
      readonly count: number | undefined;
      readonly comparison: Comparison;
    }
  /** Nodes that vote no more because the settlement chain took back what they built on; `node` undefined: any. */
  | { readonly type: 'halted'; readonly node: string | undefined; readonly value: boolean }
  | {
      readonly type: 'metric';
      readonly name: string;
      readonly comparison: Comparison;
      readonly value: number;
    }
  | LedgerCondition;

/** Exact facts about one batch; every field given must hold. */
export interface BatchFacts {
  readonly batch: number;
  readonly fromHeight?: number;
  readonly toHeight?: number;
  readonly net?: Readonly<Record<string, bigint>>;
  readonly borrowed?: Readonly<Record<string, bigint>>;
  readonly repaid?: Readonly<Record<string, bigint>>;
  readonly action?: string;
  readonly actions?: readonly {
    readonly type: string;
    readonly asset: string;
    readonly amount?: bigint;
  }[];
  readonly state?: string;
  readonly proposer?: string;
  readonly attempts?: number;
  readonly settlementHeight?: number;
  readonly includedAtMs?: number;
  readonly confirmedByMs?: number;
  readonly liquidations?: number;
}

export type Expectation = { readonly text: string; readonly line: number } & (
  | { readonly type: 'batch'; readonly facts: BatchFacts }
  | {
      readonly type: 'always' | 'never' | 'eventually' | 'final';
      readonly condition: Condition;
    }
  | {
      readonly type: 'within';
      readonly limit:
        | { readonly ms: number }
        | { readonly blocks: number }
        | { readonly settlementBlocks: number };
      readonly after: Anchor;
      readonly batch: number;
      readonly state: 'sealed' | 'included' | 'confirmed' | 'missed';
    }
);

/** A trace row placed into a block. */
export interface WorkloadTransaction {
  readonly block: number;
  readonly transaction: ScenarioTransaction;
}

/** `explicit`: rows of a trace, already placed. `uniform` and `model`: made block by block from the seed. */
export type Workload =
  | { readonly type: 'none' }
  | {
      readonly type: 'explicit';
      readonly transactions: readonly WorkloadTransaction[];
    }
  | { readonly type: 'uniform'; readonly transactionsPerBlock: number }
  | { readonly type: 'model'; readonly model: WorkloadModel };

/** Genesis holdings of one account, for scenarios that fund by hand. */
export interface ScenarioAccount {
  readonly label: string;
  readonly balances: Readonly<Record<string, bigint>>;
  readonly deposits: Readonly<Record<string, bigint>>;
  readonly debts: Readonly<Record<string, bigint>>;
}

export interface NetworkModel {
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Probabilities from 0 to 1 that one delivery is lost, comes twice, or is held back behind later ones. */
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
  /** Of each link, in megabits per second; what is sent over it queues. */
  readonly bandwidthMbps: number;
}

export interface Scenario {
  readonly name: string;
  readonly seed: number;
  /** Every event with t <= durationMs happens. */
  readonly durationMs: number;
  readonly config: Config;
  readonly network: NetworkModel;
  /** A third of the power or more may be Byzantine: the laws may then break. */
  readonly allowUnsafe: boolean;
  readonly autoFund: boolean;
  /** With `autoFund` false: what genesis gives. Absent: nothing. */
  readonly accounts?: readonly ScenarioAccount[];
  /** Pool cash at genesis beyond deposits and debts, with `autoFund` false. */
  readonly poolCash?: Readonly<Record<string, bigint>>;
  readonly timeline: readonly TimelineEvent[];
  readonly workload: Workload;
  readonly expectations: readonly Expectation[];
  readonly file: string | undefined;
}
