/**
 * Everything dishonest in one run: which nodes are it, what each behaviour can reach of the world, and what accomplices
 * share. Draws come from forks of a stream of its own, so that a run without dishonesty never notices.
 */
import type { Hash, ValidatorIndex } from '../../../consensus/primitives/flavor.ts';
import type { Random } from '../../../consensus/primitives/random.ts';
import type { Signer } from '../../../consensus/primitives/signature.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import type { FinalityObserver } from '../../core/ports.ts';
import type { PeerId } from '../../core/types.ts';
import type { ByzantineBehaviour } from '../../scenario/types.ts';
import type { EventQueue } from '../eventQueue.ts';
import type { NodeProcess } from '../machine/nodeProcess.ts';
import type { SimulatedNode } from '../machine/simulatedNode.ts';
import type { Gossip } from '../network/gossip.ts';
import type { Requests } from '../network/requests.ts';
import type { SettlementSide } from '../settlement/settlementSide.ts';
import type { Behaviour, Half, Hands, Plot } from './behaviour.ts';
import { DishonestNode } from './dishonestNode.ts';
import { Equivocate } from './equivocate.ts';
import { ForgeCompletion } from './forgeCompletion.ts';
import { Garbage } from './garbage.ts';
import { LieAboutNet } from './lieAboutNet.ts';
import { Twin } from './twin.ts';
import { WithholdGossip, WithholdSettlement, WithholdVotes } from './withhold.ts';

/** Blocks of which the half is remembered: far more than are open at a time. */
const BLOCKS_KEPT = 256;

/** Those that only leave things out: what such a node does say is true. */
const silences: readonly ByzantineBehaviour[] = ['withhold_settlement', 'withhold_votes', 'withhold_gossip'];

/** What a behaviour is made of, from the scenario. */
export interface DishonestyOptions {
  readonly genesis: Genesis;
  readonly random: Random;
  readonly isUnsafe: boolean;
  readonly signerOf: (index: ValidatorIndex) => Signer;
  readonly createProcess: (index: ValidatorIndex, observer: FinalityObserver) => NodeProcess;
}

/** The world that behaviours act in. */
export interface DishonestyDependencies {
  readonly queue: EventQueue;
  readonly nodes: readonly SimulatedNode[];
  readonly gossip: Gossip;
  readonly requests: Requests;
  readonly settlement: SettlementSide;
  readonly openTransactions: () => Iterable<Uint8Array>;
}

export class Dishonesty {
  readonly #options: DishonestyOptions;
  readonly #world: DishonestyDependencies;
  readonly #plot: SharedPlot;
  #faultCount = 0;

  constructor(options: DishonestyOptions, dependencies: DishonestyDependencies) {
    this.#options = options;
    this.#world = dependencies;
    this.#plot = new SharedPlot(dependencies.nodes);
  }

  /** Surrounds the node's core with a behaviour; the caller ends it with `end`. */
  begin(node: SimulatedNode, type: ByzantineBehaviour): Behaviour {
    this.#faultCount += 1;
    if (!silences.includes(type)) node.hasLied = true;
    node.dishonesty ??= new DishonestNode();
    const behaviour = createBehaviour(type, this.#handsOf(node));
    node.dishonesty.add(behaviour);
    this.#plot.changed();
    return behaviour;
  }

  end(node: SimulatedNode, behaviour: Behaviour): void {
    node.dishonesty?.remove(behaviour);
    if (node.dishonesty?.isEmpty === true) node.dishonesty = undefined;
    this.#plot.changed();
  }

  #handsOf(node: SimulatedNode): Hands {
    const { genesis, random, isUnsafe, signerOf, createProcess } = this.#options;
    const { queue, nodes, gossip, requests, settlement } = this.#world;
    const self = node.index;
    return {
      number: this.#faultCount,
      self,
      peers: nodes.map(({ index }) => index).filter((index) => index !== self),
      genesis,
      signer: signerOf(self),
      random: random.fork(`${this.#faultCount}/${node.name}`),
      plot: this.#plot,
      isUnsafe,
      nowMs: () => queue.nowMs,
      gossipTo: (peers, topic, bytes) => gossip.sendTo(node, peers, topic, bytes),
      submitSettlement: (bytes) => settlement.calls.submit(node, bytes),
      request: (peer, requestId, bytes) =>
        requests.send(node, { type: 'request', requestId, peer, protocol: 'sync', bytes }),
      respond: (requestId, bytes) => requests.respond(requestId, bytes),
      after: (delayMs, action) => queue.scheduleAction(queue.nowMs + delayMs, action),
      diskRows: () => node.disk.rows(),
      openTransactions: () => this.#world.openTransactions(),
      settlementHeight: () => settlement.height,
      settlementBlockAt: (height) => settlement.blockAt(height),
      createProcess: (observer) => createProcess(self, observer),
    };
  }
}

/** What accomplices share. */
class SharedPlot implements Plot {
  readonly #nodes: readonly SimulatedNode[];
  readonly #halfOfBlock = new Map<Hash, Half>();
  readonly #firstHalf = new Set<PeerId>();
  #accomplices: readonly PeerId[] = [];

  constructor(nodes: readonly SimulatedNode[]) {
    this.#nodes = nodes;
  }

  get accomplices(): readonly PeerId[] {
    return this.#accomplices;
  }

  get halfOfBlock(): ReadonlyMap<Hash, Half> {
    return this.#halfOfBlock;
  }

  halfOf(peer: PeerId): Half {
    return this.#firstHalf.has(peer) ? 'first' : 'second';
  }

  propose(block: Hash, half: Half): void {
    this.#halfOfBlock.set(block, half);
    const [oldest] = this.#halfOfBlock.keys();
    if (oldest !== undefined && this.#halfOfBlock.size > BLOCKS_KEPT) this.#halfOfBlock.delete(oldest);
  }

  /** A behaviour began or ended. */
  changed(): void {
    const honest = this.#nodes.filter(({ dishonesty }) => dishonesty === undefined);
    this.#accomplices = this.#nodes
      .filter(({ dishonesty }) => dishonesty !== undefined)
      .map(({ index }) => index);
    this.#firstHalf.clear();
    for (const [position, { index }] of honest.entries()) if (position % 2 === 0) this.#firstHalf.add(index);
  }
}

function createBehaviour(type: ByzantineBehaviour, hands: Hands): Behaviour {
  switch (type) {
    case 'withhold_settlement':
      return new WithholdSettlement();
    case 'withhold_votes':
      return new WithholdVotes();
    case 'withhold_gossip':
      return new WithholdGossip();
    case 'equivocate':
      return new Equivocate(hands);
    case 'forge_completion':
      return new ForgeCompletion(hands);
    case 'lie_about_net':
      return new LieAboutNet(hands);
    case 'garbage':
      return new Garbage(hands);
    case 'twin':
      return new Twin(hands);
  }
}
