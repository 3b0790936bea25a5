/**
 * The newest values of a row of numbers that rises: heights, views. A value makes way for the one that lies the ring's
 * size above it. A map that is added to and deleted from for ever would do the same, but each table it outgrows keeps
 * what was in it alive until the garbage collector next looks at everything.
 */
import { assert } from './codedError.ts';

/** Places of a ring that nothing was put into yet; it grows as its numbers lie further apart. */
const PLACES_INITIAL = 64;
const NOBODY = -1;

export class Ring<Value> {
  readonly #size: number;
  /** By number modulo their count: whose place it is, and its value. */
  #numbers: number[] = [];
  #values: (Value | undefined)[] = [];
  /** What was put in lies between: while the ring may grow, less than a round of it, so that no two get one place as it does. */
  #lowest = Number.POSITIVE_INFINITY;
  #highest = NOBODY;

  /** @param size - Numbers side by side that it holds, at least 1. */
  constructor(size: number) {
    assert(size > 0, 'a ring holds at least one value');
    this.#size = size;
    this.#clear(Math.min(size, PLACES_INITIAL));
  }

  get(number: number): Value | undefined {
    const place = number % this.#numbers.length;
    return this.#numbers[place] === number ? this.#values[place] : undefined;
  }

  /**
   * Puts a value in, in place of what this number had.
   * @param number - From 0.
   * @returns The value that makes way: of a number too far below, or this very one when that is what it is itself.
   */
  set(number: number, value: Value): Value | undefined {
    if (number < this.#lowest) this.#lowest = number;
    if (number > this.#highest) this.#highest = number;
    while (this.#numbers.length < this.#size && this.#highest - this.#lowest >= this.#numbers.length) {
      this.#grow();
    }
    const place = number % this.#numbers.length;
    const other = this.#numbers[place] ?? NOBODY;
    if (other > number) return value;
    const before = other === number ? undefined : this.#values[place];
    this.#numbers[place] = number;
    this.#values[place] = value;
    return before;
  }

  #grow(): void {
    const numbers = this.#numbers;
    const values = this.#values;
    this.#clear(Math.min(2 * numbers.length, this.#size));
    for (const [index, number] of numbers.entries()) {
      const place = number % this.#numbers.length;
      if (number === NOBODY) continue;
      this.#numbers[place] = number;
      this.#values[place] = values[index];
    }
  }

  #clear(placeCount: number): void {
    this.#numbers = new Array<number>(placeCount).fill(NOBODY);
    this.#values = new Array<Value | undefined>(placeCount).fill(undefined);
  }
}
