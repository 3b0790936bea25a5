/**
 * The settlement chain in virtual time: makes its blocks, hands them to every node that follows it, takes submissions
 * in. Block k is made at phase + k * interval; a stall is not caught up, the next block comes one interval after it.
 */
import type { Verdict } from '../../consensus/primitives/codedError.ts';
import type { SettlementHeight, TimeMs } from '../../consensus/primitives/flavor.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { EventQueue, SimulationEvent } from './eventQueue.ts';
import type { Links } from './links.ts';
import type { SimulatedNode } from './simulatedNode.ts';

/** What a settlement block weighs on its way to a node, in bytes: a header and a few events. */
const BLOCK_BYTES = 1024;

/** The chain itself, as far as its surroundings need it. */
export interface SettlementChain {
  readonly head: SettlementBlock;
  blockAt(height: SettlementHeight): SettlementBlock | undefined;
  produceBlock(timestampMs: TimeMs): SettlementBlock;
  submit(bytes: Uint8Array, nowMs: TimeMs): Verdict<unknown>;
  setFull(on: boolean): void;
}

export interface SettlementSideOptions {
  readonly blockTimeMs: number;
  readonly phaseMs: number;
}

export interface SettlementSideDependencies {
  readonly chain: SettlementChain;
  readonly queue: EventQueue;
  readonly links: Links;
  readonly nodes: readonly SimulatedNode[];
}

export class SettlementSide {
  readonly #blockTimeMs: number;
  readonly #chain: SettlementChain;
  readonly #queue: EventQueue;
  readonly #links: Links;
  readonly #nodes: readonly SimulatedNode[];
  #stallCount = 0;
  #fullCount = 0;
  /** Ticks of an older generation are void. */
  #generation = 0;

  constructor(options: SettlementSideOptions, dependencies: SettlementSideDependencies) {
    this.#blockTimeMs = options.blockTimeMs;
    this.#chain = dependencies.chain;
    this.#queue = dependencies.queue;
    this.#links = dependencies.links;
    this.#nodes = dependencies.nodes;
    this.#scheduleTick(options.phaseMs + options.blockTimeMs);
  }

  get height(): SettlementHeight {
    return this.#chain.head.height;
  }

  /** False while the chain makes no blocks, or none with room. */
  get isOpen(): boolean {
    return this.#stallCount === 0 && this.#fullCount === 0;
  }

  blockAt(height: SettlementHeight): SettlementBlock | undefined {
    return this.#chain.blockAt(height);
  }

  /** Makes the block that is due and sends it out. @returns Undefined when the tick is void. */
  tick(event: SimulationEvent): SettlementBlock | undefined {
    if (event.number !== this.#generation) return undefined;
    const { nowMs } = this.#queue;
    const block = this.#chain.produceBlock(nowMs);
    this.#scheduleTick(nowMs + this.#blockTimeMs);
    for (const node of this.#nodes) {
      if (node.nextSettlementHeight !== undefined) this.#send(node, block.height);
    }
    return block;
  }

  /** A node wants every block from `fromHeight` on. Genesis is known to all at once; the rest takes its way. */
  follow(node: SimulatedNode, fromHeight: SettlementHeight): void {
    node.nextSettlementHeight = fromHeight;
    if (fromHeight === 0) this.#deliverAt(this.#queue.nowMs, node, 0);
    if (this.height > 0) this.#send(node, this.height);
  }

  /** A node's signed transaction sets out for the chain's mempool. */
  submit(node: SimulatedNode, bytes: Uint8Array): void {
    this.#links.carry(node.index, this.#links.chain, bytes.length, this.#queue.nowMs, (atMs) => {
      const event = this.#queue.schedule(atMs, 'submission');
      event.node = node.index;
      event.bytes = bytes;
    });
  }

  /** It arrives. @returns The refusal's code; a chain that refuses tells nobody but whoever watches the run. */
  arrive(from: number, bytes: Uint8Array): string | undefined {
    if (this.#links.isCut(from, this.#links.chain)) return undefined;
    const verdict = this.#chain.submit(bytes, this.#queue.nowMs);
    return verdict.ok ? undefined : verdict.code;
  }

  stall(on: boolean): void {
    this.#stallCount += on ? 1 : -1;
    if (on && this.#stallCount === 1) this.#generation += 1;
    if (on || this.#stallCount > 0) return;
    // Block 0 may lie in the future still, when the chain's phase is long.
    this.#scheduleTick(Math.max(this.#queue.nowMs, this.#chain.head.timestampMs) + this.#blockTimeMs);
  }

  fill(on: boolean): void {
    this.#fullCount += on ? 1 : -1;
    this.#chain.setFull(this.#fullCount > 0);
  }

  #scheduleTick(timeMs: TimeMs): void {
    this.#queue.scheduleFirst(timeMs, 'settlement_tick').number = this.#generation;
  }

  /** A lost delivery is made up by the next one: each hands over all that the node lacks up to its height. */
  #send(node: SimulatedNode, height: SettlementHeight): void {
    const { chain } = this.#links;
    this.#links.carry(chain, node.index, BLOCK_BYTES, this.#queue.nowMs, (atMs) => {
      this.#deliverAt(atMs, node, height);
    });
  }

  #deliverAt(timeMs: TimeMs, node: SimulatedNode, height: SettlementHeight): void {
    const event = this.#queue.schedule(timeMs, 'settlement_delivery');
    event.node = node.index;
    event.incarnation = node.incarnation;
    event.number = height;
  }
}
