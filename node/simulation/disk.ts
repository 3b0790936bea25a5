/**
 * The modelled disk of one node: rows that are safe, and writes the machine has accepted but not yet synced.
 * A synced write makes every earlier write safe too, as the log of a real store does. Nothing here takes time.
 */
import type { RecoveredRow, Write } from '../core/types.ts';

/** What a crash costs: nothing, the writes that were not synced, or the whole disk. */
export type DiskLoss = 'none' | 'unsynced' | 'all';

/** The store behind a node, as far as a runtime needs it. */
export interface Disk {
  /** Writes in order, as one unit; `sync`: all of it, and everything before, is safe when this returns. */
  apply(writes: readonly Write[], sync: boolean): void;
  /** Every row by ascending key, as a node that starts now would read them. */
  rows(): readonly RecoveredRow[];
  /** The machine goes down; what is left is what `rows` gives afterwards. */
  crash(lose: DiskLoss): void;
}

export class SimulatedDisk implements Disk {
  readonly #safe = new Map<string, Uint8Array>();
  /** Last unsynced write by key; undefined deletes. Bounded by the number of distinct keys. */
  readonly #unsynced = new Map<string, Uint8Array | undefined>();

  apply(writes: readonly Write[], sync: boolean): void {
    if (!sync) {
      for (const { key, value } of writes) this.#unsynced.set(key, value);
      return;
    }
    if (this.#unsynced.size > 0) this.#flush();
    for (const { key, value } of writes) this.#put(key, value);
  }

  rows(): readonly RecoveredRow[] {
    const rows: RecoveredRow[] = [];
    for (const [key, value] of this.#safe) if (!this.#unsynced.has(key)) rows.push({ key, value });
    for (const [key, value] of this.#unsynced) if (value !== undefined) rows.push({ key, value });
    return rows.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  crash(lose: DiskLoss): void {
    if (lose === 'none') this.#flush();
    else this.#unsynced.clear();
    if (lose === 'all') this.#safe.clear();
  }

  #flush(): void {
    for (const [key, value] of this.#unsynced) this.#put(key, value);
    this.#unsynced.clear();
  }

  #put(key: string, value: Uint8Array | undefined): void {
    if (value === undefined) this.#safe.delete(key);
    else this.#safe.set(key, value);
  }
}
