/**
 * What a dishonest node does, seen from the outside of its honest core: it hears less than the node does, says less or
 * other things than the core meant to say, and acts on its own. A behaviour holds the node's own key and nobody else's.
 */
import type { Hash, ValidatorIndex } from '../../../consensus/primitives/flavor.ts';
import type { Random } from '../../../consensus/primitives/random.ts';
import type { Signer } from '../../../consensus/primitives/signature.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import type { SettlementBlock } from '../../../settlement/net/settlement.ts';
import type { FinalityObserver } from '../../core/ports.ts';
import type { Input, Output, PeerId, RecoveredRow, Topic } from '../../core/types.ts';
import type { NodeProcess } from '../machine/nodeProcess.ts';

/** One way of being dishonest, from the start of a fault to its end. */
export interface Behaviour {
  /** Something comes in. @returns Whether the core hears it. */
  receives(input: Input): boolean;
  /** The core wants something done. @returns Whether it is done. */
  sends(output: Output): boolean;
  ends(): void;
}

/** What a behaviour can reach: the node's links, its key, its disk, and time. */
export interface Hands {
  /** Tells this fault from all others of the run. */
  readonly number: number;
  readonly self: ValidatorIndex;
  /** All other validators, ascending. */
  readonly peers: readonly PeerId[];
  readonly genesis: Genesis;
  readonly signer: Signer;
  /** Of this fault alone. */
  readonly random: Random;
  readonly plot: Plot;
  /** More of the power may be dishonest than any protocol stands: a core may find its own rules broken. */
  readonly isUnsafe: boolean;
  nowMs(): number;
  /** Gossip to some peers only, each over its own link, past this node's own duplicate cache. */
  gossipTo(peers: readonly PeerId[], topic: Topic, bytes: Uint8Array): void;
  submitSettlement(bytes: Uint8Array): void;
  /** `requestId` is what the answer will carry; the core never asks under one from `OWN_REQUESTS_FROM` on. */
  request(peer: PeerId, requestId: number, bytes: Uint8Array): void;
  respond(requestId: number, bytes: Uint8Array): void;
  after(delayMs: number, action: () => void): void;
  diskRows(): readonly RecoveredRow[];
  /** What users have handed to every node and no final block holds yet. */
  openTransactions(): Iterable<Uint8Array>;
  settlementHeight(): number;
  settlementBlockAt(height: number): SettlementBlock | undefined;
  /** One more process of this validator. */
  createProcess(observer: FinalityObserver): NodeProcess;
}

/** Which half of the honest nodes hears a thing. */
export type Half = 'first' | 'second';

/** What dishonest nodes agree on without a word: whom to tell what. */
export interface Plot {
  /** Every validator that is dishonest right now, ascending. */
  readonly accomplices: readonly PeerId[];
  /** Honest nodes take turns: one to the first half, one to the second. */
  halfOf(peer: PeerId): Half;
  /** Which half a proposed block was made for. */
  readonly halfOfBlock: ReadonlyMap<Hash, Half>;
  propose(block: Hash, half: Half): void;
}

/** Ids of requests that behaviours make themselves; those of a core count up from 1. */
export const OWN_REQUESTS_FROM = 2 ** 40;

/** A behaviour that lets everything pass; what another is made from. */
export class HonestBehaviour implements Behaviour {
  receives(_input: Input): boolean {
    return true;
  }

  sends(_output: Output): boolean {
    return true;
  }

  ends(): void {}
}
