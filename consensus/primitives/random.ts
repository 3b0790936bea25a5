/**
 * Seeded generator: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state, passes PractRand to terabytes.
 * The only source of randomness outside key generation; equal seeds give equal draws on every machine.
 */
import { utf8 } from './bytes.ts';
import { hashBytes } from './hash.ts';

/** Where a generator stands: restoring it repeats the draws that followed. */
export type RandomState = readonly [number, number, number, number];

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  readonly #seed: string;

  /** @param seed - Any text; it is hashed, so near seeds give unrelated streams. */
  constructor(seed: string | number) {
    this.#seed = String(seed);
    const digest = hashBytes('message', utf8(`random:${this.#seed}`));
    this.#a = Number.parseInt(digest.slice(2, 10), 16) | 0;
    this.#b = Number.parseInt(digest.slice(10, 18), 16) | 0;
    this.#c = Number.parseInt(digest.slice(18, 26), 16) | 0;
    for (let round = 0; round < 12; round += 1) this.uint32();
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** An integer from 0 to `bound` - 1, without bias; `bound` from 1 to 2^32. */
  below(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let draw = this.uint32();
    while (draw >= limit) draw = this.uint32();
    return draw % bound;
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True with the given probability, resolved to parts per 2^32. */
  chance(probability: number): boolean {
    return probability > 0 && this.uint32() < probability * 2 ** 32;
  }

  snapshot(): RandomState {
    return [this.#a, this.#b, this.#c, this.#counter];
  }

  restore([a, b, c, counter]: RandomState): void {
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#counter = counter;
  }

  /** A generator of its own for `label`: draws on one never shift the other. */
  fork(label: string): Random {
    return new Random(`${this.#seed}/${label}`);
  }
}
