/**
 * Inputs that wait for the core, in the order in which they came while nobody sends too much. Who does is dealt out over
 * rounds, so a peer that floods delays nobody but itself; and nobody's lane grows without end.
 */
import type { PeerId } from '../core/types.ts';

/** Inputs of users that may wait, and of each peer; what comes beyond is refused. The core handles thousands a second. */
export const USER_INPUTS_MAX = 1024;
export const PEER_INPUTS_MAX = 512;

/** Inputs of one lane that come in the order of arrival; its further ones wait for a round of the others. */
const INPUTS_PER_ROUND = 16;

/** Whose input it is: the node's own (timers, answers, settlement blocks), a user's, or a peer's. */
export type Lane = 'own' | 'user' | PeerId;

/** A first-in, first-out list that does not move its items when one is taken. */
class Fifo<Item> {
  #items: Item[] = [];
  #taken = 0;

  get length(): number {
    return this.#items.length - this.#taken;
  }

  get head(): Item | undefined {
    return this.#items[this.#taken];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    const item = this.#items[this.#taken];
    if (item === undefined) return undefined;
    this.#taken += 1;
    if (this.#taken * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    return item;
  }
}

/** A lane, and how far it has been dealt out. */
interface LaneState<Item> {
  readonly waiting: Fifo<{ readonly item: Item; readonly round: number; readonly number: number }>;
  round: number;
  countInRound: number;
}

export class InputQueue<Item extends object> {
  readonly #lanes = new Map<Lane, LaneState<Item>>();
  #length = 0;
  #round = 0;
  #lastNumber = 0;

  /** All that waits. */
  get length(): number {
    return this.#length;
  }

  isFull(lane: Exclude<Lane, 'own'>): boolean {
    const count = this.#lanes.get(lane)?.waiting.length ?? 0;
    return count >= (lane === 'user' ? USER_INPUTS_MAX : PEER_INPUTS_MAX);
  }

  push(lane: Lane, item: Item): void {
    const state = this.#stateOf(lane);
    if (state.round < this.#round) {
      state.round = this.#round;
      state.countInRound = 0;
    } else if (state.countInRound >= INPUTS_PER_ROUND && lane !== 'own') {
      state.round += 1;
      state.countInRound = 0;
    }
    state.countInRound += 1;
    this.#lastNumber += 1;
    this.#length += 1;
    state.waiting.push({ item, round: state.round, number: this.#lastNumber });
  }

  /** The oldest of the earliest round. */
  take(): Item | undefined {
    let next: LaneState<Item> | undefined;
    for (const state of this.#lanes.values()) {
      const head = state.waiting.head;
      const best = next?.waiting.head;
      if (head === undefined) continue;
      if (
        best === undefined ||
        head.round < best.round ||
        (head.round === best.round && head.number < best.number)
      ) {
        next = state;
      }
    }
    const taken = next?.waiting.shift();
    if (taken === undefined) return undefined;
    this.#round = taken.round;
    this.#length -= 1;
    return taken.item;
  }

  #stateOf(lane: Lane): LaneState<Item> {
    let state = this.#lanes.get(lane);
    if (state === undefined) {
      state = { waiting: new Fifo(), round: this.#round, countInRound: 0 };
      this.#lanes.set(lane, state);
    }
    return state;
  }
}
