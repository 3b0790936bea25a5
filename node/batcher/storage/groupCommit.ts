/** Hands changes to a shelf in groups: while one is being synced, those that come wait together for the next. */
import type { ChangeResult, ChangeSet, Shelf } from './shelf.ts';

/** Sets in one group: more would make the first of them wait for little gain. */
const GROUP_SETS_MAX = 512;

interface Pending {
  readonly set: ChangeSet;
  readonly resolve: (result: ChangeResult) => void;
  readonly reject: (cause: unknown) => void;
}

export class GroupCommit {
  readonly #shelf: Pick<Shelf, 'commit'>;
  #pending: Pending[] = [];
  #running: Promise<void> | undefined;

  constructor(shelf: Pick<Shelf, 'commit'>) {
    this.#shelf = shelf;
  }

  commit(set: ChangeSet): Promise<ChangeResult> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ set, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is in flight. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // What is called in the same turn goes into the same group.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const group = this.#pending.splice(0, GROUP_SETS_MAX);
      try {
        const results = await this.#shelf.commit(group.map(({ set }) => set));
        group.forEach(({ resolve }, index) => {
          resolve(results[index] ?? 'conflict');
        });
      } catch (cause) {
        for (const { reject } of group) reject(cause);
      }
    }
    this.#running = undefined;
  }
}
