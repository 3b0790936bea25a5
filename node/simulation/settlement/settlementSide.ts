/**
 * The settlement chain in virtual time: makes its blocks and hands them to every node that follows it. Block k is made at phase + k * interval; a stall is not caught up, the next block comes one interval after it. A
 * reorganisation takes the newest blocks back; those in their places come at their own time.
 */
import type { SettlementHeight, TimeMs } from '../../../consensus/primitives/flavor.ts';
import type { Random } from '../../../consensus/primitives/random.ts';
import type { CrossChainDeposit } from '../../../settlement/net/crossChain.ts';
import type { SettlementBlock } from '../../../settlement/net/settlement.ts';
import type { Input } from '../../core/types.ts';
import type { EventQueue, SimulationEvent } from '../eventQueue.ts';
import type { SimulatedNode } from '../machine/simulatedNode.ts';
import type { Links } from '../network/links.ts';
import { SettlementCalls } from './settlementCalls.ts';
import type { SettlementChain } from './settlementChain.ts';
import type { SettlementWatch } from './settlementWatch.ts';

/** What a settlement block weighs on its way to a node, in bytes: a header and a few events. */
const BLOCK_BYTES = 1024;

/** How long a node that misses blocks waits before it asks for them, in ms; a chain that stands still brings none by itself. */
const POLL_MS = 2_000;
/** Longest time, in settlement-chain intervals, after which a block is delivered a second time. */
const REPEAT_DELAY_MAX_BLOCKS = 2;

export interface SettlementSideOptions {
  readonly blockTimeMs: number;
  readonly phaseMs: number;
}

export interface SettlementSideDependencies {
  readonly chain: SettlementChain;
  readonly queue: EventQueue;
  readonly links: Links;
  readonly nodes: readonly SimulatedNode[];
  readonly deliver: (node: SimulatedNode, input: Input) => void;
  /** Told of every transaction that reaches the chain; undefined where nothing can be wrong with any. */
  readonly watch: SettlementWatch | undefined;
  /** The run itself went wrong. */
  readonly fail: (error: string) => void;
  /** The chain refused a transaction. */
  readonly refused: (code: string) => void;
  /** Drawn from while a fault repeats deliveries, or calls fail, never otherwise. */
  readonly random: Random;
}

export class SettlementSide {
  /** The way to the chain; what comes from it is delivered here. */
  readonly calls: SettlementCalls;
  readonly #blockTimeMs: number;
  readonly #chain: SettlementChain;
  readonly #queue: EventQueue;
  readonly #links: Links;
  readonly #nodes: readonly SimulatedNode[];
  readonly #deliver: (node: SimulatedNode, input: Input) => void;
  readonly #fail: (error: string) => void;
  readonly #refused: (code: string) => void;
  readonly #random: Random;
  #stallCount = 0;
  readonly #slowFactors: number[] = [];
  /** Nodes that will ask for blocks. */
  readonly #polling = new Set<number>();
  readonly #duplicateChances: number[] = [];
  /** When the chain last moved: the next block is due one interval later. */
  #movedMs: TimeMs;
  /** Ticks of an older generation are void. */
  #generation = 0;

  constructor(options: SettlementSideOptions, dependencies: SettlementSideDependencies) {
    this.#blockTimeMs = options.blockTimeMs;
    this.#chain = dependencies.chain;
    this.#queue = dependencies.queue;
    this.#links = dependencies.links;
    this.#nodes = dependencies.nodes;
    this.#deliver = dependencies.deliver;
    this.#fail = dependencies.fail;
    this.#refused = dependencies.refused;
    this.#random = dependencies.random;
    this.calls = new SettlementCalls({ ...dependencies, random: dependencies.random.fork('calls') });
    this.#movedMs = options.phaseMs;
    this.#scheduleTick();
  }

  get height(): SettlementHeight {
    return this.#chain.head.height;
  }

  /** The chain itself: faults of its own are set there. */
  get chain(): SettlementChain {
    return this.#chain;
  }

  blockAt(height: SettlementHeight): SettlementBlock | undefined {
    return this.#chain.blockAt(height);
  }

  /** Makes the block that is due and sends it out. @returns Undefined when the tick is void. */
  tick(event: SimulationEvent): SettlementBlock | undefined {
    if (event.number !== this.#generation) return undefined;
    const { nowMs } = this.#queue;
    const block = this.#chain.produceBlock(nowMs);
    this.#movedMs = nowMs;
    this.#scheduleTick();
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

  /** An account locks value there for one of the sidechain. */
  deposit(deposit: CrossChainDeposit): void {
    const verdict = this.#chain.deposit(deposit);
    if (!verdict.ok) this.#refused(verdict.code);
  }

  /** Anybody posts bytes there for the sidechain to execute. */
  post(bytes: Uint8Array): void {
    const verdict = this.#chain.post(bytes, this.#queue.nowMs);
    if (!verdict.ok) this.#refused(verdict.code);
  }

  stall(on: boolean): void {
    this.#stallCount += on ? 1 : -1;
    if (on && this.#stallCount === 1) this.#generation += 1;
    if (on || this.#stallCount > 0) return;
    // Block 0 may lie in the future still, when the chain's phase is long.
    this.#movedMs = Math.max(this.#queue.nowMs, this.#chain.head.timestampMs);
    this.#scheduleTick();
  }

  /** Makes the interval longer by the largest factor that is on; the block that is due waits, or hurries, with it. */
  slow(factor: number, on: boolean): void {
    change(this.#slowFactors, factor, on);
    if (this.#stallCount > 0) return;
    this.#generation += 1;
    this.#scheduleTick();
  }

  /** Blocks come twice with this probability, the second time whenever. */
  repeatDeliveries(probability: number, on: boolean): void {
    change(this.#duplicateChances, probability, on);
  }

  /**
   * Takes the newest blocks back; who follows the chain gets those that replace them.
   * @returns How many are gone.
   */
  reorganise(depth: number): number {
    const goneCount = this.#chain.reorganise(depth);
    const next = this.height + 1;
    for (const node of this.#nodes) {
      if (node.nextSettlementHeight !== undefined && node.nextSettlementHeight > next) {
        node.nextSettlementHeight = next;
      }
    }
    return goneCount;
  }

  /** Blocks reach a node: all that it lacks, up to the height for which the delivery set out. */
  arrives({ node: index, incarnation, number }: SimulationEvent): void {
    const node = this.#nodes[index];
    if (node === undefined || node.incarnation !== incarnation) return;
    if (this.#links.isCut(this.#links.chain, index)) {
      this.#pollLater(node);
      return;
    }
    // What was on its way when the chain reorganised may be gone.
    const last = Math.min(number, this.height);
    for (;;) {
      const height = node.nextSettlementHeight;
      if (height === undefined || height > last) break;
      const block = this.#chain.blockAt(height);
      if (block === undefined) {
        this.#fail(`settlement block ${height}, which ${node.name} needs, is no longer kept`);
        return;
      }
      node.nextSettlementHeight = height + 1;
      this.#deliver(node, { type: 'settlementBlock', nowMs: this.#queue.nowMs, block });
    }
    if (this.#duplicateChances.length > 0) this.#repeat(node, last);
  }

  /** A block that was delivered comes again, as it stood then: meanwhile the chain may have another. */
  #repeat(node: SimulatedNode, height: SettlementHeight): void {
    const block = this.#chain.blockAt(height);
    if (block === undefined || !this.#random.chance(Math.max(...this.#duplicateChances))) return;
    const { incarnation } = node;
    const laterMs = this.#random.between(0, REPEAT_DELAY_MAX_BLOCKS * this.#blockTimeMs);
    this.#queue.scheduleNodeAction(this.#queue.nowMs + laterMs, node.index, () => {
      if (node.incarnation !== incarnation || this.#links.isCut(this.#links.chain, node.index)) return;
      this.#deliver(node, { type: 'settlementBlock', nowMs: this.#queue.nowMs, block });
    });
  }

  #scheduleTick(): void {
    const intervalMs = Math.round(this.#blockTimeMs * Math.max(1, ...this.#slowFactors));
    const timeMs = Math.max(this.#queue.nowMs, this.#movedMs + intervalMs);
    this.#queue.scheduleFirst(timeMs, 'settlement_tick').number = this.#generation;
  }

  /** A lost delivery is made up by the next one, or when the node asks: each hands over all that the node lacks up to its height. */
  #send(node: SimulatedNode, height: SettlementHeight): void {
    const { chain } = this.#links;
    let isUnderWay = false;
    this.#links.carry(chain, node.index, BLOCK_BYTES, this.#queue.nowMs, (atMs) => {
      isUnderWay = true;
      this.#deliverAt(atMs, node, height);
    });
    if (!isUnderWay) this.#pollLater(node);
  }

  /** A node that a delivery did not reach asks for what it lacks, again and again until it has all. */
  #pollLater(node: SimulatedNode): void {
    if (this.#polling.has(node.index)) return;
    this.#polling.add(node.index);
    this.#queue.scheduleAction(this.#queue.nowMs + POLL_MS, () => {
      this.#polling.delete(node.index);
      if ((node.nextSettlementHeight ?? Number.POSITIVE_INFINITY) <= this.height)
        this.#send(node, this.height);
    });
  }

  #deliverAt(timeMs: TimeMs, node: SimulatedNode, height: SettlementHeight): void {
    const event = this.#queue.schedule(timeMs, 'settlement_delivery');
    event.node = node.index;
    event.incarnation = node.incarnation;
    event.number = height;
  }
}

/** Adds a value to those that are on, or takes one away. */
function change(values: number[], value: number, on: boolean): void {
  if (on) values.push(value);
  else values.splice(values.indexOf(value), 1);
}
