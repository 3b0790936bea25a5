/**
 * The queue of virtual time: a binary heap over typed arrays, keyed (time, order), whose payload is a slot number,
 * and a free-listed pool of the event objects those slots name. Steady state allocates nothing per event.
 * Invariant: events leave by time, and within one instant by order; no two events share both.
 */
import { assert } from '../../consensus/primitives/codedError.ts';

const CAPACITY_INITIAL = 1024;

/** A min-heap of slots. Times and orders are doubles, exact for every safe integer. */
export class EventHeap {
  #times = new Float64Array(CAPACITY_INITIAL);
  #orders = new Float64Array(CAPACITY_INITIAL);
  #slots = new Int32Array(CAPACITY_INITIAL);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Time of the earliest event, or `Infinity` when there is none. */
  get nextTimeMs(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] as number);
  }

  /**
   * Adds an event.
   * @param timeMs - Virtual time, any safe integer.
   * @param order - Decides among events of one instant: lower leaves first.
   * @param slot - What `pop` gives back.
   */
  push(timeMs: number, order: number, slot: number): void {
    if (this.#size === this.#times.length) this.#grow();
    const times = this.#times;
    const orders = this.#orders;
    const slots = this.#slots;
    let at = this.#size;
    this.#size += 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const parentTime = times[parent] as number;
      if (parentTime < timeMs || (parentTime === timeMs && (orders[parent] as number) < order)) break;
      times[at] = parentTime;
      orders[at] = orders[parent] as number;
      slots[at] = slots[parent] as number;
      at = parent;
    }
    times[at] = timeMs;
    orders[at] = order;
    slots[at] = slot;
  }

  /** Takes the earliest event's slot; the heap must not be empty. */
  pop(): number {
    assert(this.#size > 0, 'pop from an empty event heap');
    const top = this.#slots[0] as number;
    this.#size -= 1;
    if (this.#size > 0) this.#sinkLast();
    return top;
  }

  /** Puts the last entry at the root and lets it sink to its place. */
  #sinkLast(): void {
    const times = this.#times;
    const orders = this.#orders;
    const slots = this.#slots;
    const size = this.#size;
    const time = times[size] as number;
    const order = orders[size] as number;
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      const right = child + 1;
      if (right < size && isBefore(times, orders, right, child)) child = right;
      const childTime = times[child] as number;
      const childOrder = orders[child] as number;
      if (time < childTime || (time === childTime && order < childOrder)) break;
      times[at] = childTime;
      orders[at] = childOrder;
      slots[at] = slots[child] as number;
      at = child;
    }
    times[at] = time;
    orders[at] = order;
    slots[at] = slots[size] as number;
  }

  #grow(): void {
    const capacity = this.#times.length * 2;
    const times = new Float64Array(capacity);
    const orders = new Float64Array(capacity);
    const slots = new Int32Array(capacity);
    times.set(this.#times);
    orders.set(this.#orders);
    slots.set(this.#slots);
    this.#times = times;
    this.#orders = orders;
    this.#slots = slots;
  }
}

function isBefore(times: Float64Array, orders: Float64Array, left: number, right: number): boolean {
  const leftTime = times[left] as number;
  const rightTime = times[right] as number;
  return (
    leftTime < rightTime || (leftTime === rightTime && (orders[left] as number) < (orders[right] as number))
  );
}

/** Event objects by slot, made once and used again; whoever takes one overwrites every field it will read. */
export class EventPool<Event> {
  readonly #create: () => Event;
  readonly #events: Event[] = [];
  readonly #free: number[] = [];

  /** @param create - Makes a blank event when the pool has no free one. */
  constructor(create: () => Event) {
    this.#create = create;
  }

  /** Events made so far: the most that were ever queued at once. */
  get created(): number {
    return this.#events.length;
  }

  /** A free slot; its event still holds what its last user left. */
  acquire(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    this.#events.push(this.#create());
    return this.#events.length - 1;
  }

  at(slot: number): Event {
    const event = this.#events[slot];
    if (event === undefined) assert(false, `no event in slot ${slot}`);
    return event;
  }

  release(slot: number): void {
    this.#free.push(slot);
  }
}
