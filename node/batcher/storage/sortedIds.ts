/** Ids in the order of a time, then of the id: mostly appended at the end and taken from the start. */
export interface TimedId {
  readonly timeMs: number;
  readonly id: string;
}

export class SortedIds {
  readonly #items: TimedId[] = [];

  add(item: TimedId): void {
    this.#items.splice(this.#place(item), 0, item);
  }

  delete(item: TimedId): void {
    const place = this.#place(item);
    if (this.#items[place]?.id === item.id) this.#items.splice(place, 1);
  }

  first(count: number): readonly TimedId[] {
    return this.#items.slice(0, count);
  }

  /** Of the first item that does not stand before this one. */
  #place(item: TimedId): number {
    let [low, high] = [0, this.#items.length];
    // Nearly everything is newer than all the rest.
    const last = this.#items.at(-1);
    if (last === undefined || isBefore(last, item)) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = this.#items[middle];
      if (at !== undefined && isBefore(at, item)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isBefore(one: TimedId, other: TimedId): boolean {
  return one.timeMs === other.timeMs ? one.id < other.id : one.timeMs < other.timeMs;
}
