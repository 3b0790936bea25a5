/**
 * The modelled disk of one node: rows that are safe, and writes the machine has accepted but not yet synced.
 * A synced write makes every earlier write safe too, as the log of a real store does. Nothing here takes time.
 */
import { isDeletion } from '../core/lazyWrite.ts';
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
  /** Each row as the write that made it: most are deleted before anybody needs their bytes. */
  readonly #safe = new Map<string, Write>();
  /** Last unsynced write by key. Bounded by the number of distinct keys. */
  readonly #unsynced = new Map<string, Write>();

  apply(writes: readonly Write[], sync: boolean): void {
    if (!sync) {
      for (const write of writes) this.#unsynced.set(write.key, write);
      return;
    }
    if (this.#unsynced.size > 0) this.#flush();
    for (const write of writes) this.#put(write);
  }

  rows(): readonly RecoveredRow[] {
    const rows: RecoveredRow[] = [];
    const read = ({ key, value }: Write): void => {
      if (value !== undefined) rows.push({ key, value });
    };
    for (const write of this.#safe.values()) if (!this.#unsynced.has(write.key)) read(write);
    for (const write of this.#unsynced.values()) read(write);
    return rows.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  crash(lose: DiskLoss): void {
    if (lose === 'none') this.#flush();
    else this.#unsynced.clear();
    if (lose === 'all') this.#safe.clear();
  }

  #flush(): void {
    for (const write of this.#unsynced.values()) this.#put(write);
    this.#unsynced.clear();
  }

  #put(write: Write): void {
    if (isDeletion(write)) this.#safe.delete(write.key);
    else this.#safe.set(write.key, write);
  }
}
