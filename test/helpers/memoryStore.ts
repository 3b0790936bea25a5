/** A store in memory that survives being closed. */
import type { RecoveredRow, Write } from '../../node/core/types.ts';
import type { Store } from '../../node/runtime/store.ts';

export class MemoryStore implements Store {
  readonly isNew = false;
  readonly hasLostRows = false;
  readonly #rows = new Map<string, Uint8Array>();

  async rows(): Promise<readonly RecoveredRow[]> {
    return [...this.#rows].map(([key, value]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async apply(writes: readonly Write[], _sync: boolean): Promise<void> {
    for (const { key, value } of writes) {
      if (value === undefined) this.#rows.delete(key);
      else this.#rows.set(key, value);
    }
  }

  async close(): Promise<void> {
    return undefined;
  }
}
