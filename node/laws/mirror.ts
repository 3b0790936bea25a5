/**
 * The laws' own copy of the rows they judge, kept by following the writes of each finalised block. Rows are immutable
 * values, so it holds references, and a row that did not change costs nothing.
 */
import type { Layer, Table } from '../../settlement/state.ts';

export class MirroredTable<Row> {
  readonly #table: Table<Row>;
  readonly #rows = new Map<string, Row>();

  constructor(table: Table<Row>) {
    this.#table = table;
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  /** In order of first write. */
  values(): IterableIterator<Row> {
    return this.#rows.values();
  }

  /**
   * Follows a layer's writes to this table.
   * @param changed - Told of each, before and after; undefined where there is no row.
   * @returns Whether anything was written.
   */
  follow(
    layer: Layer,
    changed: (before: Row | undefined, after: Row | undefined, key: string) => void,
  ): boolean {
    const writes = layer.rows(this.#table);
    if (writes === undefined || writes.size === 0) return false;
    for (const [key, written] of writes) {
      const after = written === null ? undefined : (written as Row);
      changed(this.#rows.get(key), after, key);
      if (after === undefined) this.#rows.delete(key);
      else this.#rows.set(key, after);
    }
    return true;
  }
}
