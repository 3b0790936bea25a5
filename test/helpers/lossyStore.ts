/**
 * Stores that lose what a machine may lose. `LossyStore` keeps unsynced writes to itself, so a crash takes everything
 * since the last synced write, except that half of the last one may stay; `UnsyncedStore` is the bug of never syncing.
 */
import type { RecoveredRow, Write } from '../../node/core/types.ts';
import type { Store } from '../../node/runtime/store.ts';

export class LossyStore implements Store {
  readonly isNew = false;
  readonly hasLostRows = false;
  readonly #inner: Store;
  #unsynced: (readonly Write[])[] = [];

  constructor(inner: Store) {
    this.#inner = inner;
  }

  async rows(): Promise<readonly RecoveredRow[]> {
    const rows = new Map((await this.#inner.rows()).map(({ key, value }) => [key, value]));
    for (const { key, value } of this.#unsynced.flat()) {
      if (value === undefined) rows.delete(key);
      else rows.set(key, value);
    }
    return [...rows].map(([key, value]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async apply(writes: readonly Write[], sync: boolean): Promise<void> {
    this.#unsynced.push(writes);
    if (!sync) return;
    const all = this.#unsynced.flat();
    this.#unsynced = [];
    await this.#inner.apply(all, true);
  }

  /** The machine goes down. @param keepHalf - Of the last unsynced write, its first half got through. */
  async crash(keepHalf: boolean): Promise<void> {
    const last = this.#unsynced.at(-1) ?? [];
    this.#unsynced = [];
    if (keepHalf) await this.#inner.apply(last.slice(0, Math.ceil(last.length / 2)), true);
  }

  /** The disk is gone. */
  async wipe(): Promise<void> {
    this.#unsynced = [];
    const rows = await this.#inner.rows();
    await this.#inner.apply(
      rows.map(({ key }) => ({ key, value: undefined })),
      true,
    );
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** Says that it synced and did not. */
export class UnsyncedStore implements Store {
  readonly isNew = false;
  readonly hasLostRows = false;
  readonly #inner: Store;
  readonly #isDropped: (write: Write) => boolean;

  /** @param isDropped - Writes that take the sync away from their batch; all of them unless a test says otherwise. */
  constructor(inner: Store, isDropped: (write: Write) => boolean = () => true) {
    this.#inner = inner;
    this.#isDropped = isDropped;
  }

  rows(): Promise<readonly RecoveredRow[]> {
    return this.#inner.rows();
  }

  apply(writes: readonly Write[], sync: boolean): Promise<void> {
    return this.#inner.apply(writes, sync && !writes.some((write) => this.#isDropped(write)));
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
