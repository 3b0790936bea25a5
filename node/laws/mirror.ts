/**
 * The laws' own copy of the rows they judge, kept by following the writes of each finalised block. Rows are immutable
 * values, so it holds references, and a row that did not change costs nothing.
 */
import type { Layer, Table } from '../../settlement/state.ts';

/** Told of a written row, before and after; undefined where there is no row. */
export type RowChanged<Row> = (before: Row | undefined, after: Row | undefined, key: string) => void;

export class MirroredTable<Row> {
  readonly #table: Table<Row>;
  readonly #changed: RowChanged<Row> | undefined;
  readonly #rows = new Map<string, Row>();

  constructor(table: Table<Row>, changed?: RowChanged<Row>) {
    this.#table = table;
    this.#changed = changed;
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  /** In order of first write. */
  values(): IterableIterator<Row> {
    return this.#rows.values();
  }

  /** Follows a layer's writes to this table. @returns Whether anything was written. */
  follow(layer: Layer): boolean {
    const writes = layer.rows(this.#table);
    if (writes === undefined || writes.size === 0) return false;
    for (const [key, written] of writes) {
      const after = written === null ? undefined : (written as Row);
      this.#changed?.(this.#rows.get(key), after, key);
      if (after === undefined) this.#rows.delete(key);
      else this.#rows.set(key, after);
    }
    return true;
  }
}
