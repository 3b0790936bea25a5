/** A storage of inputs in memory, with the law of the real ones. It survives whoever uses it. */
import {
  type InputStorage,
  type InputStorageLimits,
  inputStorageLimits,
} from '../../node/batcher/storage/inputStorage.ts';
import { MemoryIndex } from '../../node/batcher/storage/memoryIndex.ts';
import {
  type ChangeResult,
  type ChangeSet,
  doneSets,
  judgeGroup,
  type Shelf,
} from '../../node/batcher/storage/shelf.ts';
import { StoredInputs } from '../../node/batcher/storage/storedInputs.ts';

export class MemoryShelf implements Shelf {
  readonly index = new MemoryIndex(true);
  readonly #limits: InputStorageLimits;

  constructor(limits: Partial<InputStorageLimits> = {}) {
    this.#limits = { ...inputStorageLimits, ...limits };
  }

  async rows(requestIds: readonly string[]) {
    return requestIds.map((id) => this.index.rows.get(id));
  }

  async batch(batchId: string) {
    return this.index.batches.get(batchId);
  }

  async batches() {
    return [...this.index.batches.values()];
  }

  async waiting(target: string, rowsMax: number) {
    return this.index.waiting(target, rowsMax);
  }

  async endedBefore(endedBeforeMs: number, rowsMax: number) {
    return this.index.endedBefore(endedBeforeMs, rowsMax);
  }

  async tallies() {
    return this.index.tallies();
  }

  async commit(sets: readonly ChangeSet[]): Promise<readonly ChangeResult[]> {
    const stored = {
      row: (id: string) => this.index.rows.get(id),
      batch: (id: string) => this.index.batches.get(id),
      liveRows: this.index.liveRows,
      keptRows: this.index.keptRows,
      heldBytes: this.index.heldBytes,
    };
    const results = judgeGroup(sets, stored, this.#limits);
    const { rows, batches } = doneSets(sets, results);
    for (const row of rows) this.index.applyRow(row);
    for (const batch of batches) this.index.applyBatch(batch);
    return results;
  }

  async close(): Promise<void> {
    return undefined;
  }
}

/** One more user of the same rows: closing it closes nothing else. */
export function openMemoryInputs(shelf: MemoryShelf, limits: Partial<InputStorageLimits> = {}): InputStorage {
  return new StoredInputs(shelf, { ...inputStorageLimits, ...limits });
}
