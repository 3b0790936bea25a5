/** Rows that a storage on disk keeps at hand. It holds what is synced, so nothing is ever read that a crash may take. */
import { type BatchRow, type InputRow, inputStates, isEnded, isWaiting } from './inputRow.ts';
import type { Tally } from './inputStorage.ts';
import { type Exchange, textBytesOf } from './shelf.ts';
import { SortedIds, type TimedId } from './sortedIds.ts';

export class MemoryIndex {
  readonly rows = new Map<string, InputRow>();
  readonly batches = new Map<string, BatchRow>();
  liveRows = 0;
  keptRows = 0;
  /** Of the texts of `rows`. */
  heldBytes = 0;
  readonly #keepsEnded: boolean;
  readonly #waiting = new Map<string, SortedIds>();
  readonly #ended = new SortedIds();
  readonly #tallies = new Map<string, number[]>();

  /** @param keepsEnded - Rows with a verdict too; else they are counted alone. */
  constructor(keepsEnded: boolean) {
    this.#keepsEnded = keepsEnded;
  }

  waiting(target: string, rowsMax: number): readonly InputRow[] {
    return this.#rowsOf(this.#waiting.get(target)?.first(rowsMax) ?? []);
  }

  endedBefore(endedBeforeMs: number, rowsMax: number): readonly InputRow[] {
    return this.#rowsOf(this.#ended.first(rowsMax).filter(({ timeMs }) => timeMs < endedBeforeMs));
  }

  tallies(): readonly Tally[] {
    return [...this.#tallies].flatMap(([target, counts]) =>
      inputStates.map((state, index) => ({ target, state, rows: counts[index] ?? 0 })),
    );
  }

  applyRow({ before, after }: Omit<Exchange<InputRow>, 'id'>): void {
    if (before !== undefined) this.#remove(before);
    if (after !== undefined) this.#insert(after);
  }

  applyBatch({ id, after }: Pick<Exchange<BatchRow>, 'id' | 'after'>): void {
    if (after === undefined) this.batches.delete(id);
    else this.batches.set(id, after);
  }

  #insert(row: InputRow): void {
    this.#count(row, 1);
    if (isWaiting(row)) this.#waitingOf(row.target).add(receivedId(row));
    if (isEnded(row) && !this.#keepsEnded) return;
    this.rows.set(row.requestId, row);
    this.heldBytes += textBytesOf(row);
    if (isEnded(row)) this.#ended.add(endedId(row));
  }

  #remove(row: InputRow): void {
    this.#count(row, -1);
    if (this.rows.delete(row.requestId)) this.heldBytes -= textBytesOf(row);
    if (isWaiting(row)) this.#waitingOf(row.target).delete(receivedId(row));
    if (isEnded(row)) this.#ended.delete(endedId(row));
  }

  #count(row: InputRow, change: 1 | -1): void {
    const counts = this.#tallies.get(row.target) ?? inputStates.map(() => 0);
    const index = inputStates.indexOf(row.state);
    counts[index] = (counts[index] ?? 0) + change;
    this.#tallies.set(row.target, counts);
    this.keptRows += change;
    if (!isEnded(row)) this.liveRows += change;
  }

  #waitingOf(target: string): SortedIds {
    const ids = this.#waiting.get(target) ?? new SortedIds();
    this.#waiting.set(target, ids);
    return ids;
  }

  #rowsOf(ids: readonly TimedId[]): readonly InputRow[] {
    return ids.map(({ id }) => this.rows.get(id)).filter((row) => row !== undefined);
  }
}

function receivedId({ requestId, receivedAtMs }: InputRow): TimedId {
  return { id: requestId, timeMs: receivedAtMs };
}

function endedId({ requestId, endedAtMs = 0 }: InputRow): TimedId {
  return { id: requestId, timeMs: endedAtMs };
}
