/**
 * What a kind of storage has to do: keep rows, and exchange some for others only while they are what the caller saw.
 * The rules of the rows stand above it (`storedInputs.ts`), once for all kinds.
 */
import { type BatchRow, encodeBatch, encodeRow, type InputRow, isEnded } from './inputRow.ts';
import type { InputStorageLimits, Tally } from './inputStorage.ts';

/** A row as it was seen and as it shall be; undefined: not there. */
export interface Exchange<Row> {
  readonly id: string;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

/** Made whole or not at all. */
export interface ChangeSet {
  readonly rows: readonly Exchange<InputRow>[];
  readonly batches: readonly Exchange<BatchRow>[];
}

/** `conflict`: a row was not what was seen; `full`: no room for a new row. Nothing was changed. */
export type ChangeResult = 'done' | 'conflict' | 'full';

export interface Shelf {
  /** In the order of the ids. */
  rows(requestIds: readonly string[]): Promise<readonly (InputRow | undefined)[]>;
  batch(batchId: string): Promise<BatchRow | undefined>;
  batches(): Promise<readonly BatchRow[]>;
  /** Rows that wait, by time of receipt and then id. */
  waiting(target: string, rowsMax: number): Promise<readonly InputRow[]>;
  /** Some rows whose verdict is older. */
  endedBefore(endedBeforeMs: number, rowsMax: number): Promise<readonly InputRow[]>;
  tallies(): Promise<readonly Tally[]>;
  /** Called for one group at a time. Resolves when all that was done is synced. */
  commit(sets: readonly ChangeSet[]): Promise<readonly ChangeResult[]>;
  close(): Promise<void>;
}

/** What a group of changes is judged against. */
export interface Stored {
  row(requestId: string): InputRow | undefined;
  batch(batchId: string): BatchRow | undefined;
  readonly liveRows: number;
  readonly keptRows: number;
  /** Of the input texts in memory. */
  readonly heldBytes: number;
}

/** Judges a group in order. Of two sets that touch the same row the second is a conflict, and tried again. */
export function judgeGroup(
  sets: readonly ChangeSet[],
  stored: Stored,
  { queuedRowsMax, keptRowsMax, heldBytesMax }: InputStorageLimits,
): ChangeResult[] {
  const touched = new Set<string>();
  let { liveRows, keptRows, heldBytes } = stored;
  return sets.map(({ rows, batches }) => {
    const keys = [...rows.map(({ id }) => `row/${id}`), ...batches.map(({ id }) => `batch/${id}`)];
    const isAsSeen =
      keys.every((key) => !touched.has(key)) &&
      rows.every(({ id, before }) => sameText(stored.row(id), before, encodeRow)) &&
      batches.every(({ id, before }) => sameText(stored.batch(id), before, encodeBatch));
    if (!isAsSeen) return 'conflict';
    const added = rows.filter(({ before }) => before === undefined);
    const bytes = sum(added, ({ after }) => textBytesOf(after));
    const isFull =
      liveRows + added.length > queuedRowsMax ||
      keptRows + added.length > keptRowsMax ||
      heldBytes + bytes > heldBytesMax;
    if (added.length > 0 && isFull) return 'full';
    // What a group lets go of counts for the next one.
    heldBytes += bytes;
    for (const key of keys) touched.add(key);
    liveRows += sum(rows, ({ before, after }) => liveCount(after) - liveCount(before));
    keptRows += sum(rows, ({ before, after }) => Number(after !== undefined) - Number(before !== undefined));
    return 'done';
  });
}

/** The sets of a group that were done. */
export function doneSets(
  sets: readonly ChangeSet[],
  results: readonly ChangeResult[],
): {
  readonly rows: readonly Exchange<InputRow>[];
  readonly batches: readonly Exchange<BatchRow>[];
} {
  const done = sets.filter((_, index) => results[index] === 'done');
  return { rows: done.flatMap(({ rows }) => rows), batches: done.flatMap(({ batches }) => batches) };
}

function sameText<Row>(left: Row | undefined, right: Row | undefined, encode: (row: Row) => string): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left === right || encode(left) === encode(right);
}

/** Bytes of what a user wrote; all else of a row is short. */
export function textBytesOf(row: InputRow | undefined): number {
  return row === undefined ? 0 : Buffer.byteLength(row.input);
}

function liveCount(row: InputRow | undefined): number {
  return row === undefined || isEnded(row) ? 0 : 1;
}

function sum<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
