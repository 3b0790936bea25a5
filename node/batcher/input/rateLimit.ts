/**
 * Token buckets by key, with bounded memory: a bucket is one number, the instant at which it will be full again (the
 * generic cell rate algorithm, ITU-T I.371). What is full needs no entry; at the limit the key that was charged longest
 * ago goes first, which loses nothing unless more than `keysMax` keys are charged while one fills.
 */
import { assert } from '../../../consensus/primitives/codedError.ts';

export interface RateLimit {
  /** Tokens of a full bucket: as many at once. */
  readonly burst: number;
  /** Tokens that come back in a second. */
  readonly perSecond: number;
  /** Most buckets that are remembered. */
  readonly keysMax: number;
}

export class TokenBuckets {
  readonly #intervalMs: number;
  readonly #fillMs: number;
  readonly #keysMax: number;
  /** Least recently charged first. */
  readonly #fullAtMs = new Map<string, number>();

  constructor({ burst, perSecond, keysMax }: RateLimit) {
    assert(burst >= 1 && perSecond > 0 && keysMax >= 1, 'a rate limit that lets something pass');
    this.#intervalMs = 1000 / perSecond;
    this.#fillMs = burst * this.#intervalMs;
    this.#keysMax = keysMax;
  }

  /** Buckets that are remembered now. */
  get size(): number {
    return this.#fullAtMs.size;
  }

  /** Ms until the key has a token; 0: now. Changes nothing. */
  waitMs(key: string, nowMs: number): number {
    const waitMs = this.#fullAt(key, nowMs) + this.#intervalMs - this.#fillMs - nowMs;
    // Whole microseconds: intervals that are no whole number of ms leave a rest of rounding.
    return Math.max(0, Math.round(waitMs * 1000) / 1000);
  }

  /** Takes a token where there is one. @returns 0, or the ms until there is one; then nothing was taken. */
  take(key: string, nowMs: number): number {
    const waitMs = this.waitMs(key, nowMs);
    if (waitMs > 0) return waitMs;
    const fullAtMs = this.#fullAt(key, nowMs) + this.#intervalMs;
    this.#fullAtMs.delete(key);
    this.#fullAtMs.set(key, fullAtMs);
    if (this.#fullAtMs.size > this.#keysMax) this.#forget(nowMs);
    return 0;
  }

  /** Puts back a token that was taken; a bucket is never more than full. */
  giveBack(key: string, nowMs: number): void {
    const fullAtMs = this.#fullAt(key, nowMs) - this.#intervalMs;
    if (fullAtMs <= nowMs) this.#fullAtMs.delete(key);
    else this.#fullAtMs.set(key, fullAtMs);
  }

  /** A clock that was set back must not lock anybody out for longer than an empty bucket takes to fill. */
  #fullAt(key: string, nowMs: number): number {
    return Math.min(Math.max(this.#fullAtMs.get(key) ?? nowMs, nowMs), nowMs + this.#fillMs);
  }

  /** Drops the eldest, and others behind it that are full. */
  #forget(nowMs: number): void {
    for (const [key, fullAtMs] of this.#fullAtMs) {
      if (this.#fullAtMs.size <= this.#keysMax && fullAtMs > nowMs) return;
      this.#fullAtMs.delete(key);
    }
  }
}
