/**
 * Inputs and outputs of a node: everything it learns and everything it does (ARCHITECTURE.md, one idea).
 * A runtime carries outputs out in order; a `persist` with `sync` is durable before any later output leaves.
 */
import type {
  Hash,
  Height,
  SettlementHeight,
  TimeMs,
  ValidatorIndex,
} from '../../consensus/primitives/flavor.ts';
import type { SettlementBlock, SettlementStanding } from '../../settlement/net/settlement.ts';
import type { NodeEvent } from './events.ts';

export type Topic = 'blocks' | 'votes' | 'transactions' | 'evidence' | 'settlements';
export type RequestProtocol = 'sync';
export type PeerId = ValidatorIndex;

export interface RecoveredRow {
  readonly key: string;
  readonly value: Uint8Array;
}

/** `nowMs` is the time at which the runtime delivered the input; the node reads time from nowhere else. */
export type Input =
  | {
      readonly type: 'started';
      readonly nowMs: TimeMs;
      readonly recovered: readonly RecoveredRow[];
      readonly peers: readonly PeerId[];
      /**
       * True: on every start but a node's very first; with an empty disk it then has lost what it voted for. False: it has
       * surely never run. Undefined: nobody knows, so a node with an empty disk fears the worst once the chain has begun.
       */
      readonly mayHaveRun?: boolean | undefined;
    }
  | {
      readonly type: 'message';
      readonly nowMs: TimeMs;
      readonly topic: Topic;
      readonly from: PeerId;
      readonly bytes: Uint8Array;
    }
  | {
      readonly type: 'timerFired';
      readonly nowMs: TimeMs;
      readonly id: TimerId;
    }
  | {
      readonly type: 'settlementBlock';
      readonly nowMs: TimeMs;
      readonly block: SettlementBlock;
    }
  /** The answer to a `submitSettlement` or `askSettlement` of this node: each gets exactly one. */
  | {
      readonly type: 'settlementAnswer';
      readonly nowMs: TimeMs;
      readonly requestId: number;
      readonly answer: SettlementAnswer;
    }
  /** Two transactions that somebody handed to the settlement chain for one attempt, as seen in its mempool. */
  | {
      readonly type: 'settlementConflict';
      readonly nowMs: TimeMs;
      readonly first: Uint8Array;
      readonly second: Uint8Array;
    }
  /** From a user, or (scenario events) from outside the modelled network. */
  | {
      readonly type: 'transactionSubmitted';
      readonly nowMs: TimeMs;
      readonly bytes: Uint8Array;
      readonly gossip: boolean;
    }
  /** An operator of this very node holds its settlements back, or lets them go on. */
  | {
      readonly type: 'settlementPaused';
      readonly nowMs: TimeMs;
      readonly paused: boolean;
    }
  /** A peer asks; the answer is a `respond` output with the same id. */
  | {
      readonly type: 'request';
      readonly nowMs: TimeMs;
      readonly requestId: number;
      readonly from: PeerId;
      readonly protocol: RequestProtocol;
      readonly bytes: Uint8Array;
    }
  /** The answer to a `request` output of this node. No bytes: it failed or timed out. */
  | {
      readonly type: 'response';
      readonly nowMs: TimeMs;
      readonly requestId: number;
      readonly from: PeerId;
      readonly bytes: Uint8Array | undefined;
    };

export type TimerId = 'propose' | 'view' | 'rebroadcast' | 'hold' | 'sync' | 'courier';

/** What the settlement chain, or the way to it, makes of a call. After `failed` and `timed_out` it may still have been carried out. */
export type SettlementAnswer =
  | { readonly type: 'accepted' }
  | { readonly type: 'refused'; readonly code: string }
  | { readonly type: 'standing'; readonly standing: SettlementStanding }
  | { readonly type: 'failed' | 'timed_out' };

export interface Write {
  readonly key: string;
  /** Undefined deletes. */
  readonly value: Uint8Array | undefined;
}

/** What gossip does with a message, and with the standing of the peer that sent it. */
export type MessageVerdict = 'accept' | 'ignore' | 'reject';

export type Output =
  | {
      readonly type: 'persist';
      readonly writes: readonly Write[];
      readonly sync: boolean;
    }
  /** To all peers; never delivered back to this node. */
  | {
      readonly type: 'publish';
      readonly topic: Topic;
      readonly bytes: Uint8Array;
    }
  /** The verdict on the message of this input; `code` says why when it is not `accept`. */
  | {
      readonly type: 'verdict';
      readonly verdict: MessageVerdict;
      readonly code: string | undefined;
    }
  /** Replaces a running timer of the same id. A time in the past fires at once. */
  | { readonly type: 'setTimer'; readonly id: TimerId; readonly at: TimeMs }
  | { readonly type: 'clearTimer'; readonly id: TimerId }
  /** A signed settlement transaction for the settlement chain's mempool; answered by `settlementAnswer`. */
  | {
      readonly type: 'submitSettlement';
      readonly requestId: number;
      readonly bytes: Uint8Array;
      readonly batch: number;
      readonly attempt: number;
    }
  /** Where this node's transaction of that hash is; answered by `settlementAnswer`. */
  | {
      readonly type: 'askSettlement';
      readonly requestId: number;
      readonly batch: number;
      readonly attempt: number;
      readonly transactionHash: Hash;
    }
  | {
      readonly type: 'request';
      readonly requestId: number;
      readonly peer: PeerId;
      readonly protocol: RequestProtocol;
      readonly bytes: Uint8Array;
    }
  | {
      readonly type: 'respond';
      readonly requestId: number;
      readonly peer: PeerId;
      readonly bytes: Uint8Array;
    }
  /** Deliver every settlement-chain block from this height on, each once, in order; given once, at the start. */
  | { readonly type: 'followSettlement'; readonly fromHeight: SettlementHeight }
  /** Observability; never fed back. */
  | { readonly type: 'emit'; readonly event: NodeEvent };

/** What a query of a node answers without touching its state. */
export interface NodeStatus {
  readonly height: Height;
  readonly finalizedHeight: Height;
  readonly view: number;
  /** Leader of that view. */
  readonly leader: ValidatorIndex;
  readonly stateRoot: string;
  readonly settlementHeight: number;
  readonly pendingBatches: number;
  readonly mempoolCount: number;
  readonly isSettlementPaused: boolean;
  /** Code of what made this node stop voting for good; undefined while it takes part. */
  readonly halted: string | undefined;
}
