/**
 * What happens to deliveries on the way to this node: the faults of a scenario, played on a real network. Each node is
 * told the state of its own incoming links; a direction is broken at its end. By itself nothing is lost or delayed.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import type { PeerId } from '../core/types.ts';

/** Where a link comes from: a peer, or the settlement chain. */
export type LinkEnd = PeerId | 'settlement';

/** One incoming link. Probabilities from 0 to 1, times in ms on top of what the network takes anyway. */
export interface LinkQuality {
  readonly cut: boolean;
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
}

export const plainLink: LinkQuality = {
  cut: false,
  latencyMs: 0,
  jitterMs: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
};

/** A delivery that is overtaken takes this many times the longest usual delay more, at least and at most. */
const HOLD_DELAYS_MIN = 1;
const HOLD_DELAYS_MAX = 3;
/** What stands for the usual delay on a link without one, in ms: a loopback delivery with all its queues. */
const HOLD_DELAY_DEFAULT_MS = 20;

const onceAtOnce: readonly number[] = [0];
const never: readonly number[] = [];

export class LinkConditions {
  readonly #random: () => number;
  /** What is under way, and what is called when it is dropped. */
  readonly #underWay = new Map<NodeJS.Timeout, (() => void) | undefined>();
  #isClosed = false;
  #links: ReadonlyMap<LinkEnd, LinkQuality> = new Map();

  /** @param random - From 0 to below 1; the system's unless a test says otherwise. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Replaces the state of all incoming links; a link that is not named is plain. What is under way keeps its delay. */
  set(links: ReadonlyMap<LinkEnd, LinkQuality>): void {
    for (const { latencyMs, jitterMs, loss, duplicate, reorder } of links.values()) {
      assert(latencyMs >= 0 && jitterMs >= 0, 'a delay below zero');
      assert(
        [loss, duplicate, reorder].every((p) => p >= 0 && p <= 1),
        'a probability outside 0 to 1',
      );
    }
    this.#links = new Map(links);
  }

  isCut(from: LinkEnd): boolean {
    return this.#links.get(from)?.cut === true;
  }

  /** True when deliveries from there are untouched. */
  isPlain(from: LinkEnd): boolean {
    return !this.#links.has(from);
  }

  /** Decides one delivery. @returns The delay of each copy that arrives, in ms; none when it is lost. */
  draw(from: LinkEnd): readonly number[] {
    const quality = this.#links.get(from);
    if (quality === undefined) return onceAtOnce;
    if (quality.cut) return never;
    const copies = this.#chance(quality.duplicate) ? 2 : 1;
    const delays: number[] = [];
    for (let copy = 0; copy < copies; copy += 1) {
      if (!this.#chance(quality.loss)) delays.push(this.#drawDelayMs(quality));
    }
    return delays;
  }

  /**
   * Waits for a delivery to come through.
   * @param lost - Called instead when the link is cut by then, or everything under way is dropped.
   */
  later(from: LinkEnd, delayMs: number, deliver: () => void, lost?: () => void): void {
    if (this.#isClosed) {
      lost?.();
      return;
    }
    const timer = setTimeout(() => {
      this.#underWay.delete(timer);
      if (this.isCut(from)) lost?.();
      else deliver();
    }, delayMs);
    this.#underWay.set(timer, lost);
  }

  /** Resolves when a single delivery has come through. @returns False when it is lost. */
  async pass(from: LinkEnd): Promise<boolean> {
    const delayMs = this.draw(from)[0];
    if (delayMs === undefined) return false;
    if (delayMs === 0) return true;
    return new Promise((resolve) => {
      this.later(
        from,
        delayMs,
        () => resolve(true),
        () => resolve(false),
      );
    });
  }

  /** Drops everything under way, and whatever is to be delayed from now on. */
  close(): void {
    this.#isClosed = true;
    for (const [timer, lost] of this.#underWay) {
      clearTimeout(timer);
      lost?.();
    }
    this.#underWay.clear();
  }

  #drawDelayMs({ latencyMs, jitterMs, reorder }: LinkQuality): number {
    const usualMs = Math.max(0, latencyMs - jitterMs + 2 * jitterMs * this.#random());
    if (!this.#chance(reorder)) return usualMs;
    const longestMs = latencyMs + jitterMs || HOLD_DELAY_DEFAULT_MS;
    return usualMs + longestMs * (HOLD_DELAYS_MIN + (HOLD_DELAYS_MAX - HOLD_DELAYS_MIN) * this.#random());
  }

  #chance(probability: number): boolean {
    return probability > 0 && this.#random() < probability;
  }
}
