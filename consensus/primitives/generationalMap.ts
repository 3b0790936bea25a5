/**
 * A map with a bounded number of entries for caches: two generations, and when the young one is full the old one is
 * forgotten. What is read stays; what nobody reads goes after one to two generations. Never the only copy of a fact.
 */
import { assert } from './codedError.ts';

export class GenerationalMap<Key, Value> {
  readonly #generationSize: number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();

  /** @param options - `generationSize`: entries of one generation; the map holds at most twice as many. */
  constructor(options: { readonly generationSize: number }) {
    assert(options.generationSize > 0, 'a generation holds at least one entry');
    this.#generationSize = options.generationSize;
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: Key, value: Value): void {
    this.#young.set(key, value);
    if (this.#young.size < this.#generationSize) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
