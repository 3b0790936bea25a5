/**
 * The cells of a sweep that nobody has taken yet. A thread gets those of one seed after each other, which send the same
 * transactions, so that each is signed once; only at the end does it take from the seed of another.
 */
export class OpenCells {
  readonly #seedCount: number;
  /** By seed, in the order in which they are best run; seeds that nobody has begun keep theirs. */
  readonly #seeds = new Map<number, number[]>();
  /** Seed of a lane. */
  readonly #seedOfLane = new Map<number, number>();

  /**
   * @param indexes - Cells, in the order in which they are best run.
   * @param seedCount - Seeds of a point: a cell's index modulo this is its seed's place.
   */
  constructor(indexes: readonly number[], seedCount: number) {
    this.#seedCount = seedCount;
    for (const index of indexes) this.#cellsOf(index).push(index);
  }

  /** The next cell for a lane; undefined when there is none. */
  take(lane: number): number | undefined {
    const own = this.#seedOfLane.get(lane);
    const seed = own !== undefined && this.#seeds.has(own) ? own : this.#nextSeed();
    if (seed === undefined) return undefined;
    this.#seedOfLane.set(lane, seed);
    const cells = this.#seeds.get(seed);
    const index = cells?.shift();
    if (cells?.length === 0) this.#seeds.delete(seed);
    return index;
  }

  /** A cell was lost and is open again. */
  giveBack(index: number): void {
    this.#cellsOf(index).unshift(index);
  }

  /** One that no lane is at; else the one with most cells left. */
  #nextSeed(): number | undefined {
    const taken = new Set(this.#seedOfLane.values());
    let most: number | undefined;
    for (const [seed, { length }] of this.#seeds) {
      if (!taken.has(seed)) return seed;
      if (most === undefined || length > (this.#seeds.get(most)?.length ?? 0)) most = seed;
    }
    return most;
  }

  #cellsOf(index: number): number[] {
    const seed = index % this.#seedCount;
    let cells = this.#seeds.get(seed);
    if (cells === undefined) {
      cells = [];
      this.#seeds.set(seed, cells);
    }
    return cells;
  }
}
