/**
 * The storage as the pipeline meets it: request ids as users know them, one error for whatever keeps it from answering, and
 * rests that grow while it does not. What a call in doubt did is seen by reading; each method says what comes of calling it again.
 */
import { CodedError, type Verdict } from '../../../consensus/primitives/codedError.ts';
import type { Hash } from '../../../consensus/primitives/flavor.ts';
import { backOffMs, loopBackOff } from '../../backOff.ts';
import type { AdmittedInput } from '../input/types.ts';
import type { BatchRow, InputRow } from '../storage/inputRow.ts';
import type {
  AddedInput,
  Charge,
  InputOutcome,
  InputStorage,
  NewBatch,
  Tally,
  UnfinishedBatch,
  WaitingQuery,
} from '../storage/inputStorage.ts';
import { reasonOf } from '../storage/storageError.ts';
import type { BatcherSurroundings } from './options.ts';

/** What every method throws when the storage does: nobody is to blame, and it is tried again. */
export class StorageLost extends CodedError {
  constructor(cause: unknown) {
    super('BATCHER_STORAGE_UNAVAILABLE', `the storage of inputs: ${reasonOf(cause)}`, {}, { cause });
  }
}

export class StoredQueue {
  readonly #storage: InputStorage;
  readonly #surroundings: BatcherSurroundings;
  readonly #signal: AbortSignal;
  #failures = 0;
  #rest: Promise<void> | undefined;

  /** @param signal - Ends a rest. */
  constructor(surroundings: BatcherSurroundings, signal: AbortSignal) {
    this.#storage = surroundings.storage;
    this.#surroundings = surroundings;
    this.#signal = signal;
  }

  /** It did not answer, and the next try is not due. */
  get isResting(): boolean {
    return this.#rest !== undefined;
  }

  /** Resolves when the next try is due: at once while it answers. */
  async rested(): Promise<void> {
    await this.#rest;
  }

  /** Once more: it is known. */
  add(
    { requestId, target, data }: AdmittedInput,
    receivedAtMs: number,
  ): Promise<Verdict<AddedInput, 'INPUT_STORAGE_FULL' | 'INPUT_ROW_TOO_LARGE'>> {
    const { address, addressType, input, signature, timestamp } = data;
    const accepted = { address, addressType, input, signature, timestamp, target, receivedAtMs };
    return this.#call(async (storage) => {
      const added = await storage.add({ ...accepted, requestId: storedId(requestId) });
      return added.ok ? { ok: true, value: { ...added.value, row: shownRow(added.value.row) } } : added;
    });
  }

  get(requestId: string): Promise<InputRow | undefined> {
    return this.#call(async (storage) => {
      const row = await storage.get(storedId(requestId));
      return row === undefined ? undefined : shownRow(row);
    });
  }

  waiting(query: WaitingQuery): Promise<readonly InputRow[]> {
    return this.#call(async (storage) => (await storage.waiting(query)).map(shownRow));
  }

  oldestWaitingMs(target: string): Promise<number | undefined> {
    return this.#call((storage) => storage.oldestWaitingMs(target));
  }

  /** In doubt: it is among the unfinished ones, or nothing was done. */
  openBatch(
    batch: NewBatch,
  ): Promise<
    Verdict<BatchRow, 'INPUT_ROWS_NOT_WAITING' | 'INPUT_ROW_TOO_LARGE' | 'INPUT_TRANSITION_REFUSED'>
  > {
    return this.#call(async (storage) => {
      const opened = await storage.openBatch({ ...batch, requestIds: batch.requestIds.map(storedId) });
      return opened.ok ? { ok: true, value: shownBatch(opened.value) } : opened;
    });
  }

  /** Once more: nothing changes. */
  note(batchId: string, transactionHash: string): Promise<Verdict<unknown, 'INPUT_BATCH_UNKNOWN'>> {
    return this.#call((storage) => storage.submitBatch(batchId, transactionHash));
  }

  /** Not to be repeated when in doubt: it would be charged twice. */
  charge(batchId: string, charge: Exclude<Charge, 'none'>): Promise<Verdict<unknown, 'INPUT_BATCH_UNKNOWN'>> {
    return this.#call((storage) => storage.chargeBatch(batchId, charge));
  }

  /** In doubt: once more says that the batch is unknown where the first call was made. */
  conclude(
    batchId: string,
    outcomes: readonly InputOutcome[],
  ): Promise<Verdict<unknown, 'INPUT_BATCH_UNKNOWN' | 'INPUT_TRANSITION_REFUSED'>> {
    const stored = outcomes.map((outcome) => ({ ...outcome, requestId: storedId(outcome.requestId) }));
    const nowMs = this.#surroundings.wallClock();
    return this.#call((storage) => storage.concludeBatch(batchId, stored, nowMs));
  }

  fail(requestId: string, errorCode: string): Promise<Verdict<InputRow, 'INPUT_ROWS_NOT_WAITING'>> {
    const nowMs = this.#surroundings.wallClock();
    return this.#call((storage) => storage.failWaiting(storedId(requestId), errorCode, nowMs));
  }

  /** Once more: nothing changes. */
  noteHeight(requestId: string, height: number): Promise<Verdict<InputRow, 'INPUT_TRANSITION_REFUSED'>> {
    return this.#call((storage) => storage.noteHeight(storedId(requestId), height));
  }

  unfinishedBatches(): Promise<readonly UnfinishedBatch[]> {
    return this.#call(async (storage) =>
      (await storage.unfinishedBatches()).map(({ batch, rows }) => ({
        batch: shownBatch(batch),
        rows: rows.map(shownRow),
      })),
    );
  }

  tallies(): Promise<readonly Tally[]> {
    return this.#call((storage) => storage.tallies());
  }

  prune(endedBeforeMs: number): Promise<number> {
    return this.#call((storage) => storage.prune(endedBeforeMs));
  }

  async #call<Value>(work: (storage: InputStorage) => Promise<Value>): Promise<Value> {
    let value: Value;
    try {
      value = await work(this.#storage);
    } catch (cause) {
      this.#lose(cause);
      throw new StorageLost(cause);
    }
    if (this.#failures > 0) {
      this.#failures = 0;
      this.#surroundings.emit({ type: 'storage:back' });
    }
    return value;
  }

  /** Calls that fail together make one rest. */
  #lose(cause: unknown): void {
    if (this.#rest !== undefined) return;
    const { wait, random, emit } = this.#surroundings;
    const restMs = backOffMs(this.#failures, loopBackOff, random);
    this.#failures += 1;
    if (this.#failures === 1) emit({ type: 'storage:lost', code: codeOf(cause), reason: reasonOf(cause) });
    this.#rest = wait(restMs, this.#signal).then(() => {
      this.#rest = undefined;
    });
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof CodedError ? cause.code : 'INTERNAL';
}

/** The storage keeps the hex alone. */
export function storedId(requestId: string): string {
  return requestId.slice(2);
}

function shownId(stored: string): Hash {
  return `0x${stored}`;
}

function shownRow(row: InputRow): InputRow {
  return { ...row, requestId: shownId(row.requestId) };
}

function shownBatch(batch: BatchRow): BatchRow {
  return { ...batch, requestIds: batch.requestIds.map(shownId) };
}
