/**
 * Replicated state: rows in named tables, as a base plus frozen layers plus one writable top layer.
 *
 * Executing a block writes only its own layer. A finalised layer is folded into the base. Rows are immutable
 * values: change one by setting a new one. Iteration is sorted by key, so a node that was restarted from disk
 * sees the same order as one that never stopped.
 */

import { fromHex } from '../consensus/primitives/bytes.ts';
import type { Reader } from '../consensus/primitives/codec.ts';
import { Writer } from '../consensus/primitives/codec.ts';
import { assert } from '../consensus/primitives/codedError.ts';
import type { Hash } from '../consensus/primitives/flavor.ts';
import { hashBytes } from '../consensus/primitives/hash.ts';

/** One kind of row. Ids are unique over the whole program and never reused: they are part of the state root. */
export interface Table<Row> {
  /** 0 to 63. Ledger 0-15, net 16-31, atomic 32-40, bridge 41-44, input 45-47. */
  readonly id: number;
  readonly name: string;
  readonly write: (writer: Writer, row: Row) => void;
  readonly read: (reader: Reader) => Row;
}

/** A table whatever its rows. */
export interface AnyTable {
  readonly id: number;
  readonly name: string;
  readonly write: (writer: Writer, row: never) => void;
  readonly read: (reader: Reader) => unknown;
}

/** Longest key of a row, in bytes of UTF-8. */
export const STATE_KEY_BYTES_MAX = 256;

/** Room for the writes of a plain block, in bytes. */
const ENCODED_BYTES_HINT = 3072;

/** `null` marks a deleted row. */
type Rows = Map<string, unknown>;

/** One encoded write. */
export interface EncodedWrite {
  readonly table: number;
  readonly key: string;
  readonly isDeletion: boolean;
  /** Where the row lies among the bytes of its layer; nowhere when it is deleted. */
  readonly start: number;
  readonly end: number;
}

/** The writes of a layer one after the other, as the state root covers them. */
export interface EncodedLayer {
  readonly bytes: Uint8Array;
  readonly writes: readonly EncodedWrite[];
}

/** The bytes of a row that is not deleted, made when they are asked for: most rows are hashed and never read alone. */
export function encodedRow({ bytes }: EncodedLayer, { start, end }: EncodedWrite): Uint8Array {
  return bytes.subarray(start, end);
}

/** A table and its rows in a layer. */
interface WrittenTable {
  readonly table: AnyTable;
  readonly rows: Rows;
}

/** Rows written by one block (or all rows, for a base). */
export class Layer {
  /** By table id. */
  readonly #tables: (WrittenTable | undefined)[] = [];
  #encoded: EncodedLayer | undefined;

  rows(table: AnyTable): Rows | undefined {
    return this.#tables[table.id]?.rows;
  }

  /** The rows of a table, made on first use. */
  open(table: AnyTable): Rows {
    const written = this.#tables[table.id];
    if (written !== undefined) return written.rows;
    const rows: Rows = new Map();
    this.#tables[table.id] = { table, rows };
    return rows;
  }

  get isEmpty(): boolean {
    return this.#tables.every((written) => written === undefined || written.rows.size === 0);
  }

  /** All writes in table order, then order of first write; encoded once, so freeze the layer before. */
  encoded(): EncodedLayer {
    if (this.#encoded !== undefined) return this.#encoded;
    const writer = new Writer(ENCODED_BYTES_HINT);
    const writes: EncodedWrite[] = [];
    for (const written of this.#tables) {
      if (written === undefined) continue;
      written.rows.forEach(encodeWrite, { table: written.table, writer, writes });
    }
    this.#encoded = { bytes: writer.finish(), writes };
    return this.#encoded;
  }

  /** Applies every write of `layer` on top of these rows; deletions remove. */
  absorb(layer: Layer): void {
    this.#encoded = undefined;
    for (const written of layer.#tables) {
      if (written === undefined) continue;
      written.rows.forEach(applyWrite, this.open(written.table));
    }
  }
}

interface Encoding {
  readonly table: AnyTable;
  readonly writer: Writer;
  readonly writes: EncodedWrite[];
}

function encodeWrite(this: Encoding, row: unknown, key: string): void {
  const { writer } = this;
  const table = this.table.id;
  writer
    .u8(table)
    .string(key, STATE_KEY_BYTES_MAX)
    .boolean(row !== null);
  if (row === null) {
    this.writes.push({ table, key, isDeletion: true, start: writer.length, end: writer.length });
    return;
  }
  const start = writer.beginBytes();
  this.table.write(writer, row as never);
  writer.endBytes(start);
  this.writes.push({ table, key, isDeletion: false, start, end: writer.length });
}

/** A callback that gets the rows as `this`, so absorbing, which each node does with each block, makes no closures. */
function applyWrite(this: Rows, row: unknown, key: string): void {
  if (row === null) this.delete(key);
  else this.set(key, row);
}

interface Undo {
  readonly rows: Rows;
  readonly key: string;
  readonly before: unknown;
}

/** A readable, writable view of the rows: the top layer over frozen layers over the base. */
export class State {
  readonly top = new Layer();
  readonly #below: readonly Layer[];
  /** From the first mark on: most blocks set none, and nothing of theirs is ever undone. */
  #journal: Undo[] | undefined;
  #isFrozen = false;

  /** @param below - Frozen layers, newest first; the base is the last. */
  constructor(below: readonly Layer[]) {
    this.#below = below;
  }

  get<Row>(table: Table<Row>, key: string): Row | undefined {
    const own = this.top.rows(table)?.get(key);
    if (own !== undefined) return own === null ? undefined : (own as Row);
    for (const layer of this.#below) {
      const row = layer.rows(table)?.get(key);
      if (row !== undefined) return row === null ? undefined : (row as Row);
    }
    return undefined;
  }

  /** Writes one row; `undefined` deletes it. */
  set<Row>(table: Table<Row>, key: string, row: Row | undefined): void {
    assert(!this.#isFrozen, 'write to a frozen state');
    const rows = this.top.open(table);
    this.#journal?.push({ rows, key, before: rows.get(key) });
    rows.set(key, row === undefined ? null : row);
  }

  /** A mark to which `rollback` returns. */
  checkpoint(): number {
    this.#journal ??= [];
    return this.#journal.length;
  }

  /** Undoes every write since the mark, the order of first writes included. */
  rollback(mark: number): void {
    const journal = this.#journal;
    assert(journal !== undefined, 'rolled back without a mark');
    for (let index = journal.length - 1; index >= mark; index -= 1) {
      const undo = journal[index] as Undo;
      if (undo.before === undefined) undo.rows.delete(undo.key);
      else undo.rows.set(undo.key, undo.before);
    }
    journal.length = mark;
  }

  /** Ends the writing: the journal is dropped and the top layer may be shared. */
  freeze(): Layer {
    this.#journal = undefined;
    this.#isFrozen = true;
    return this.top;
  }

  /** All rows of a table by ascending key (code units). For small tables: it copies the keys. */
  entries<Row>(table: Table<Row>): [string, Row][] {
    const merged = new Map<string, Row>();
    for (let index = this.#below.length - 1; index >= 0; index -= 1)
      mergeRows(merged, this.#below[index], table);
    mergeRows(merged, this.top, table);
    return [...merged].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

function mergeRows<Row>(into: Map<string, Row>, layer: Layer | undefined, table: Table<Row>): void {
  const rows = layer?.rows(table);
  if (rows === undefined) return;
  for (const [key, row] of rows) {
    if (row === null) into.delete(key);
    else into.set(key, row as Row);
  }
}

/**
 * The root after a block: the parent's root hashed with the block's writes, or the parent's root when nothing
 * was written. It authenticates the history of writes since genesis, so equal roots mean equal states, at the
 * price of one hash a block (ARCHITECTURE.md, state root).
 */
export function stateRootAfter(parentRoot: Hash, layer: Layer): Hash {
  const { writes, bytes } = layer.encoded();
  return writes.length === 0 ? parentRoot : hashBytes('state', fromHex(parentRoot), bytes);
}
