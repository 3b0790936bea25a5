/** What the chain looked like before each of its newest blocks, so that a reorganisation can take them back. */

export class UndoLog<Snapshot> {
  readonly #depthMax: number;
  /** Oldest first: the last one is what stood before the newest block. */
  readonly #snapshots: Snapshot[] = [];

  /** @param depthMax - Blocks that can be undone; 0 keeps nothing and costs nothing. */
  constructor(depthMax: number) {
    this.#depthMax = depthMax;
  }

  /** False where nothing is kept: the caller need not make a snapshot. */
  get isKept(): boolean {
    return this.#depthMax > 0;
  }

  /** Blocks that can be undone right now. */
  get depth(): number {
    return this.#snapshots.length;
  }

  /** Keeps what stood before a block, and forgets what stood before the block `depthMax` below it. */
  record(before: Snapshot): void {
    this.#snapshots.push(before);
    if (this.#snapshots.length > this.#depthMax) this.#snapshots.shift();
  }

  /** Takes back the newest block. @returns What stood before it; undefined when nothing is kept of it. */
  undo(): Snapshot | undefined {
    return this.#snapshots.pop();
  }
}
