/**
 * The port behind which the input pipeline keeps its inputs, the only truth about them. Each change is whole or not at
 * all, is on disk before its promise resolves, and is refused where it would move an input backwards or past its end.
 * Times are arguments: a storage has no clock. What throws `INPUT_STORAGE_UNREACHABLE`, `_WRITE_FAILED`, `_READ_FAILED` or `_CONTENDED`
 * may be called again; whether such a change was made is seen by reading.
 */
import type { Verdict } from '../../../consensus/primitives/codedError.ts';
import { INPUT_BYTES_MAX } from '../../../settlement/input/inputText.ts';
import type { AcceptedInput, BatchRow, InputRow, InputState } from './inputRow.ts';

export interface AddedInput {
  /** False: it was known already, and `row` is what became of it. */
  readonly isNew: boolean;
  readonly row: InputRow;
}

export interface WaitingQuery {
  readonly target: string;
  readonly rowsMax: number;
  /** Of the input texts together, in bytes of UTF-8; the first row comes whatever its size. */
  readonly bytesMax: number;
}

export type NewBatch = Omit<BatchRow, 'transactionHashes'>;

/** What a try costs: an input error is an attempt, an infrastructure error a park, and an attempt starts parks anew. */
export type Charge = 'attempt' | 'park' | 'none';

/** What becomes of one input of a batch. */
export type InputOutcome = { readonly requestId: string } & (
  | {
      readonly kind: 'confirmed';
      readonly transactionHash: string;
      readonly sidechainHeight?: number | undefined;
    }
  /** `charge`: of the try that was the last one. */
  | { readonly kind: 'failed'; readonly errorCode: string; readonly charge?: Charge }
  /** Waits for another batch, in the state it has: states never go backwards. */
  | { readonly kind: 'returned'; readonly charge: Charge }
);

export interface Tally {
  readonly target: string;
  readonly state: InputState;
  readonly rows: number;
}

export interface UnfinishedBatch {
  readonly batch: BatchRow;
  /** Those without a verdict, in the order of the batch. */
  readonly rows: readonly InputRow[];
}

export interface InputStorageLimits {
  /** Inputs without a verdict. */
  readonly queuedRowsMax: number;
  /** All inputs, with those kept to recognise a replay. */
  readonly keptRowsMax: number;
  /** Bytes of input texts that a storage keeps in memory: `level` those without a verdict, `file` all; others none. */
  readonly heldBytesMax: number;
  /** Bytes of a stored input. */
  readonly rowBytesMax: number;
  /** Bytes of a stored batch. */
  readonly batchBytesMax: number;
}

/**
 * Room for a minute of 1,600 inputs a second, ten minutes of replay recognition at that rate, and the largest block. In memory: a
 * million commands several times over, while as many of the largest inputs would take more than a process has. Of a row: the longest input that the door lets in, with a stroke before each of its quotes.
 */
export const inputStorageLimits: InputStorageLimits = {
  queuedRowsMax: 100_000,
  keptRowsMax: 1_000_000,
  heldBytesMax: 268_435_456,
  rowBytesMax: 2 * INPUT_BYTES_MAX + 4096,
  batchBytesMax: 4_194_304,
};

export interface InputStorage {
  /** Queues an input that is not known yet, whoever else adds it at the same moment. Resolves after a synced write. */
  add(input: AcceptedInput): Promise<Verdict<AddedInput, 'INPUT_STORAGE_FULL' | 'INPUT_ROW_TOO_LARGE'>>;

  get(requestId: string): Promise<InputRow | undefined>;

  /** Inputs that a batch may take, the oldest first. */
  waiting(query: WaitingQuery): Promise<readonly InputRow[]>;

  /** When the oldest of them was received. */
  oldestWaitingMs(target: string): Promise<number | undefined>;

  /** Takes waiting inputs into a batch. The same batch once more is accepted: the first call may have lost its answer. */
  openBatch(
    batch: NewBatch,
  ): Promise<
    Verdict<BatchRow, 'INPUT_ROWS_NOT_WAITING' | 'INPUT_ROW_TOO_LARGE' | 'INPUT_TRANSITION_REFUSED'>
  >;

  /** Notes a transaction of the batch, also a later one that replaces it. */
  submitBatch(batchId: string, transactionHash: string): Promise<Verdict<BatchRow, 'INPUT_BATCH_UNKNOWN'>>;

  /** Charges a try to every input of the batch, which stays open. */
  chargeBatch(
    batchId: string,
    charge: Exclude<Charge, 'none'>,
  ): Promise<Verdict<BatchRow, 'INPUT_BATCH_UNKNOWN'>>;

  /** Writes what became of inputs of a batch, all at once; the batch is gone with the last of them. */
  concludeBatch(
    batchId: string,
    outcomes: readonly InputOutcome[],
    nowMs: number,
  ): Promise<Verdict<readonly InputRow[], 'INPUT_BATCH_UNKNOWN' | 'INPUT_TRANSITION_REFUSED'>>;

  /** Ends an input that waits: its tries are used up, or it can never be submitted. */
  failWaiting(
    requestId: string,
    errorCode: string,
    nowMs: number,
  ): Promise<Verdict<InputRow, 'INPUT_ROWS_NOT_WAITING'>>;

  /** Notes the sidechain height that processed a confirmed input, once. */
  noteHeight(
    requestId: string,
    sidechainHeight: number,
  ): Promise<Verdict<InputRow, 'INPUT_TRANSITION_REFUSED'>>;

  /** Batches with inputs that have no verdict: after a restart each is asked after before anything is resent. */
  unfinishedBatches(): Promise<readonly UnfinishedBatch[]>;

  /** Rows by target and state, ordered by both; none for zero. */
  tallies(): Promise<readonly Tally[]>;

  /** Forgets inputs whose verdict is older. Replays of them are no longer recognised. @returns How many. */
  prune(endedBeforeMs: number): Promise<number>;

  /** Lets writes in flight end. */
  close(): Promise<void>;
}
