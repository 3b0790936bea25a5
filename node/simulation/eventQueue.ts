/**
 * Virtual time: what happens next, and when it is now. Within one instant the settlement chain makes its block first,
 * so what arrives at exactly that instant is late; everything else goes by the order in which it was scheduled.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import type { TimeMs } from '../../consensus/primitives/flavor.ts';
import { EventHeap, EventPool } from './eventHeap.ts';
import type { NodeTimer } from './machine/simulatedNode.ts';
import type { GossipMessage } from './network/gossipMemory.ts';

/** More events in one instant than any run has: something schedules itself for now, for ever. */
const EVENTS_PER_INSTANT_MAX = 10_000_000;
/** Orders of settlement blocks lie below all others. */
const FIRST_ORDER = -(2 ** 52);

export type EventKind =
  | 'idle'
  | 'settlement_tick'
  | 'gossip'
  | 'timer'
  | 'settlement_delivery'
  | 'request'
  | 'response'
  | 'request_timeout'
  /** An action of the runtime, and one that a process handles, which waits while that is paused. */
  | 'action'
  | 'node_action';

/** One scheduled event; which fields count depends on its kind. Used again and again: nobody keeps one. */
export interface SimulationEvent {
  kind: EventKind;
  /** The node it happens to, where it happens to one. */
  node: number;
  /** The incarnation of that node it was meant for: another process than that never sees it. */
  incarnation: number;
  /** The node it comes from. */
  peer: number;
  /** A height, a timer's or tick's generation, or a request's number. */
  number: number;
  message: GossipMessage | undefined;
  bytes: Uint8Array | undefined;
  timer: NodeTimer | undefined;
  action: (() => void) | undefined;
}

export class EventQueue {
  readonly #heap = new EventHeap();
  readonly #pool = new EventPool<SimulationEvent>(createBlankEvent);
  #nowMs: TimeMs;
  #order = 0;
  #firstOrder = FIRST_ORDER;
  #current = -1;
  #eventCount = 0;
  #instantStart = 0;

  constructor(startMs: TimeMs) {
    this.#nowMs = startMs;
  }

  get nowMs(): TimeMs {
    return this.#nowMs;
  }

  /** Events that happened so far. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Nothing more happens at this very time, so far. */
  get isInstantOver(): boolean {
    return this.#heap.nextTimeMs > this.#nowMs;
  }

  /** Schedules an event; a time in the past means now. The caller fills in the fields its kind needs. */
  schedule(timeMs: TimeMs, kind: EventKind): SimulationEvent {
    this.#order += 1;
    return this.#add(timeMs, this.#order, kind);
  }

  /** Schedules a settlement block: ahead of everything else of its instant. */
  scheduleFirst(timeMs: TimeMs, kind: EventKind): SimulationEvent {
    this.#firstOrder += 1;
    return this.#add(timeMs, this.#firstOrder, kind);
  }

  /** Schedules something rare that reaches the process of a node. */
  scheduleNodeAction(timeMs: TimeMs, node: number, action: () => void): void {
    const event = this.schedule(timeMs, 'node_action');
    event.node = node;
    event.action = action;
  }

  /** Schedules something rare. */
  scheduleAction(timeMs: TimeMs, action: () => void): void {
    this.schedule(timeMs, 'action').action = action;
  }

  /**
   * Takes the next event and moves time to it; the one taken before may be used again from here on.
   * @returns Undefined when nothing happens until `untilMs`, that instant included; time stands there then.
   */
  next(untilMs: TimeMs): SimulationEvent | undefined {
    if (this.#current >= 0) this.#recycle();
    const timeMs = this.#heap.nextTimeMs;
    if (timeMs > untilMs) {
      this.#nowMs = untilMs;
      return undefined;
    }
    if (timeMs > this.#nowMs) {
      this.#nowMs = timeMs;
      this.#instantStart = this.#eventCount;
    }
    this.#eventCount += 1;
    if (this.#eventCount - this.#instantStart >= EVENTS_PER_INSTANT_MAX)
      assert(false, `virtual time stands at ${timeMs} ms`);
    this.#current = this.#heap.pop();
    return this.#pool.at(this.#current);
  }

  #add(timeMs: TimeMs, order: number, kind: EventKind): SimulationEvent {
    const slot = this.#pool.acquire();
    const event = this.#pool.at(slot);
    event.kind = kind;
    this.#heap.push(timeMs > this.#nowMs ? timeMs : this.#nowMs, order, slot);
    return event;
  }

  /** Drops what the event referred to, so that nothing is kept alive by a free slot. */
  #recycle(): void {
    const event = this.#pool.at(this.#current);
    event.message = undefined;
    event.bytes = undefined;
    event.timer = undefined;
    event.action = undefined;
    this.#pool.release(this.#current);
    this.#current = -1;
  }
}

/** An event that happens to nobody. */
export function createBlankEvent(): SimulationEvent {
  return {
    kind: 'idle',
    node: -1,
    incarnation: 0,
    peer: -1,
    number: 0,
    message: undefined,
    bytes: undefined,
    timer: undefined,
    action: undefined,
  };
}
