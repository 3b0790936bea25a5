/** The storage of inputs over any shelf: reads rows, lets the law make a change of them, and tries again when it lost a race. */
import {
  accept,
  assert,
  CodedError,
  refuse,
  type Verdict,
} from '../../../consensus/primitives/codedError.ts';
import type { InputStorageCode } from './codes.ts';
import { GroupCommit } from './groupCommit.ts';
import { type AcceptedInput, type BatchRow, encodeBatch, encodeRow, type InputRow } from './inputRow.ts';
import type {
  AddedInput,
  Charge,
  InputOutcome,
  InputStorage,
  InputStorageLimits,
  NewBatch,
  Tally,
  UnfinishedBatch,
  WaitingQuery,
} from './inputStorage.ts';
import type { ChangeSet, Shelf } from './shelf.ts';
import * as law from './transitions.ts';

/** Lost races in a row before the caller is told: each means that another change was made. */
const TRIES_MAX = 100;
/** Rows forgotten in one go. */
const PRUNED_ROWS = 500;

export class StoredInputs implements InputStorage {
  readonly #shelf: Shelf;
  readonly #limits: InputStorageLimits;
  readonly #group: GroupCommit;
  #isClosed = false;

  constructor(shelf: Shelf, limits: InputStorageLimits) {
    this.#shelf = shelf;
    this.#limits = limits;
    this.#group = new GroupCommit(shelf);
  }

  async add(
    input: AcceptedInput,
  ): Promise<Verdict<AddedInput, 'INPUT_STORAGE_FULL' | 'INPUT_ROW_TOO_LARGE'>> {
    assertNames(input);
    const { queuedRowsMax, keptRowsMax, heldBytesMax } = this.#limits;
    const { set, value: row } = law.queueInput(input);
    const bytes = Buffer.byteLength(encodeRow(row));
    if (bytes > this.#limits.rowBytesMax) return tooLarge('an input', bytes, this.#limits.rowBytesMax);
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const result = await this.#commit(set);
      if (result === 'done') return accept({ isNew: true, row });
      // A known input is recognised also when there is no room.
      const [known] = await this.#open().rows([row.requestId]);
      if (known !== undefined) return accept({ isNew: false, row: known });
      if (result === 'full')
        return refuse(
          'INPUT_STORAGE_FULL',
          `${queuedRowsMax} inputs wait, ${keptRowsMax} are kept, or ${heldBytesMax} bytes of them are in memory: try again later, or raise the limits of the batcher`,
          { queuedRowsMax, keptRowsMax, heldBytesMax },
        );
    }
    throw contended();
  }

  async get(requestId: string): Promise<InputRow | undefined> {
    const [row] = await this.#open().rows([requestId]);
    return row;
  }

  async waiting({ target, rowsMax, bytesMax }: WaitingQuery): Promise<readonly InputRow[]> {
    const rows = await this.#open().waiting(target, rowsMax);
    let bytes = 0;
    const end = rows.findIndex((row, index) => {
      bytes += Buffer.byteLength(row.input);
      return index > 0 && bytes > bytesMax;
    });
    return end === -1 ? rows : rows.slice(0, end);
  }

  async oldestWaitingMs(target: string): Promise<number | undefined> {
    const [row] = await this.#open().waiting(target, 1);
    return row?.receivedAtMs;
  }

  async openBatch(
    batch: NewBatch,
  ): Promise<
    Verdict<BatchRow, 'INPUT_ROWS_NOT_WAITING' | 'INPUT_ROW_TOO_LARGE' | 'INPUT_TRANSITION_REFUSED'>
  > {
    const bytes = Buffer.byteLength(encodeBatch({ ...batch, transactionHashes: [] }));
    if (bytes > this.#limits.batchBytesMax) return tooLarge('a batch', bytes, this.#limits.batchBytesMax);
    return this.#change(async (shelf) => {
      const known = await shelf.batch(batch.batchId);
      return law.openBatch(batch, known, await shelf.rows(batch.requestIds));
    });
  }

  submitBatch(batchId: string, transactionHash: string): Promise<Verdict<BatchRow, 'INPUT_BATCH_UNKNOWN'>> {
    return this.#changeBatch(batchId, (batch, rows) => accept(law.submitBatch(batch, rows, transactionHash)));
  }

  chargeBatch(
    batchId: string,
    charge: Exclude<Charge, 'none'>,
  ): Promise<Verdict<BatchRow, 'INPUT_BATCH_UNKNOWN'>> {
    return this.#changeBatch(batchId, (batch, rows) => accept(law.chargeBatch(batch, rows, charge)));
  }

  concludeBatch(
    batchId: string,
    outcomes: readonly InputOutcome[],
    nowMs: number,
  ): Promise<Verdict<readonly InputRow[], 'INPUT_BATCH_UNKNOWN' | 'INPUT_TRANSITION_REFUSED'>> {
    return this.#changeBatch(batchId, (batch, rows) => law.concludeBatch(batch, rows, outcomes, nowMs));
  }

  failWaiting(
    requestId: string,
    errorCode: string,
    nowMs: number,
  ): Promise<Verdict<InputRow, 'INPUT_ROWS_NOT_WAITING'>> {
    return this.#change(async (shelf) => {
      const [row] = await shelf.rows([requestId]);
      return law.failWaiting(requestId, row, errorCode, nowMs);
    });
  }

  noteHeight(
    requestId: string,
    sidechainHeight: number,
  ): Promise<Verdict<InputRow, 'INPUT_TRANSITION_REFUSED'>> {
    return this.#change(async (shelf) => {
      const [row] = await shelf.rows([requestId]);
      return law.noteHeight(requestId, row, sidechainHeight);
    });
  }

  async unfinishedBatches(): Promise<readonly UnfinishedBatch[]> {
    const shelf = this.#open();
    const unfinished: UnfinishedBatch[] = [];
    for (const batch of await shelf.batches())
      unfinished.push({ batch, rows: await batchRows(shelf, batch) });
    return unfinished.sort(({ batch: a }, { batch: b }) =>
      a.openedAtMs === b.openedAtMs ? (a.batchId < b.batchId ? -1 : 1) : a.openedAtMs - b.openedAtMs,
    );
  }

  async tallies(): Promise<readonly Tally[]> {
    const tallies = (await this.#open().tallies()).filter(({ rows }) => rows > 0);
    const key = ({ target, state }: Tally) => `${target} ${state}`;
    return tallies.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  async prune(endedBeforeMs: number): Promise<number> {
    let pruned = 0;
    for (;;) {
      const rows = await this.#open().endedBefore(endedBeforeMs, PRUNED_ROWS);
      const results = await Promise.all(
        rows.map((row) =>
          this.#commit({ rows: [{ id: row.requestId, before: row, after: undefined }], batches: [] }),
        ),
      );
      pruned += results.filter((result) => result === 'done').length;
      if (rows.length < PRUNED_ROWS) return pruned;
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#group.idle();
    await this.#shelf.close();
  }

  #changeBatch<Value, Code extends InputStorageCode = never>(
    batchId: string,
    decide: (batch: BatchRow, rows: readonly InputRow[]) => Verdict<law.Change<Value>, Code>,
  ): Promise<Verdict<Value, Code | 'INPUT_BATCH_UNKNOWN'>> {
    return this.#change<Value, Code | 'INPUT_BATCH_UNKNOWN'>(async (shelf) => {
      const batch = await shelf.batch(batchId);
      if (batch === undefined)
        return refuse('INPUT_BATCH_UNKNOWN', `no batch ${batchId} is unfinished: read its inputs again`, {
          batchId,
        });
      return decide(batch, await batchRows(shelf, batch));
    });
  }

  async #change<Value, Code extends InputStorageCode>(
    decide: (shelf: Shelf) => Promise<Verdict<law.Change<Value>, Code>>,
  ): Promise<Verdict<Value, Code>> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const verdict = await decide(this.#open());
      if (!verdict.ok) return verdict;
      const { set, value } = verdict.value;
      if (set.rows.length + set.batches.length === 0 || (await this.#commit(set)) === 'done')
        return accept(value);
    }
    throw contended();
  }

  #commit(set: ChangeSet) {
    this.#open();
    return this.#group.commit(set);
  }

  #open(): Shelf {
    const code: InputStorageCode = 'INPUT_STORAGE_CLOSED';
    if (this.#isClosed) throw new CodedError(code, 'the storage of inputs is closed: open it again');
    return this.#shelf;
  }
}

/** A row may have left the batch since the batch was read; whoever then decides is told of a conflict and reads again. */
async function batchRows(shelf: Shelf, batch: BatchRow): Promise<readonly InputRow[]> {
  const rows = await shelf.rows(batch.requestIds);
  return rows.filter((row): row is InputRow => row?.batchId === batch.batchId);
}

function assertNames({ requestId, target }: AcceptedInput): void {
  assert(/^[0-9a-f]{64}$/.test(requestId), 'a request id is lower-case hex of 32 bytes');
  assert(/^[\x21-\x7e]{1,64}$/.test(target), 'a target has 1 to 64 visible ASCII characters');
}

function tooLarge(what: string, bytes: number, bytesMax: number) {
  return refuse(
    'INPUT_ROW_TOO_LARGE',
    `${what} of ${bytes} bytes: at most ${bytesMax} are stored; make it smaller`,
    {
      bytes,
      bytesMax,
    },
  );
}

function contended(): CodedError {
  const code: InputStorageCode = 'INPUT_STORAGE_CONTENDED';
  return new CodedError(code, `other changes came first ${TRIES_MAX} times: try again`);
}
