/** A LevelDB that loses at a crash what was not synced; it may also be one that never syncs, which is the bug to be found. */
import type { DatabaseChange, RowDatabase } from '../../node/batcher/storage/levelDatabase.ts';

export class LossyRows {
  readonly #isSyncing: boolean;
  #synced = new Map<string, string>();
  #current = new Map<string, string>();
  #life = 0;

  constructor(isSyncing = true) {
    this.#isSyncing = isSyncing;
  }

  /** The machine goes down: the databases that are open answer no more. */
  crash(): void {
    this.#life += 1;
    this.#current = new Map(this.#synced);
  }

  open(): RowDatabase {
    const life = this.#life;
    // A turn of the machine passes with every question, so that a crash may come between.
    const turn = async () => {
      await Promise.resolve();
      if (life !== this.#life) throw new Error('the machine went down');
    };
    return {
      getMany: async (keys) => {
        await turn();
        return keys.map((key) => this.#current.get(key));
      },
      entries: (from, to) => this.#entries(from, to),
      batch: async (changes, { sync }) => {
        await turn();
        apply(this.#current, changes);
        await turn();
        if (sync && this.#isSyncing) this.#synced = new Map(this.#current);
        await turn();
      },
      close: async () => undefined,
    };
  }

  async *#entries(from: string, to: string): AsyncIterable<readonly [string, string]> {
    const entries = [...this.#current].filter(([key]) => key >= from && key < to);
    yield* entries.sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

function apply(rows: Map<string, string>, changes: readonly DatabaseChange[]): void {
  for (const change of changes) {
    if (change.type === 'put') rows.set(change.key, change.value);
    else rows.delete(change.key);
  }
}
