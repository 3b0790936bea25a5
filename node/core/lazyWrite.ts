/**
 * A write whose row is encoded when it is read first. A real store reads it at once; a modelled disk keeps most rows
 * only until they are deleted, and never needs their bytes. What is encoded must not change after the write is made.
 */
import type { Write } from './types.ts';

export abstract class LazyWrite implements Write {
  abstract readonly key: string;
  #value: Uint8Array | undefined;

  get value(): Uint8Array {
    this.#value ??= this.encode();
    return this.#value;
  }

  protected abstract encode(): Uint8Array;
}

/** True for a write that deletes its row; encodes nothing to find out. */
export function isDeletion(write: Write): boolean {
  return !(write instanceof LazyWrite) && write.value === undefined;
}
