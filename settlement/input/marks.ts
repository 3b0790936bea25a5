/**
 * Which inputs were executed. An input has no nonce; its mark in the state is what keeps it from being executed twice, so a
 * mark stays for as long as the input could be executed again, whatever became of it.
 *
 * Marks go in the order in which they came: those of a block together, once no timestamp that this block let pass can stand in
 * a block any more. A block drops those of at most `DROPPED_BLOCKS_MAX` others, so its work is bounded by what blocks
 * hold, also where the chain stood still for long. What is dropped late does no harm: its input is refused for its age.
 */
import type { Hash, Height, TimeMs } from '../../consensus/primitives/flavor.ts';
import type { State, Table } from '../state.ts';
import type { InputRules } from './types.ts';

/** What became of an executed input. */
export interface InputMark {
  readonly height: Height;
  readonly transactionId: Hash;
  /** As its receipt has it: `ok`, or the code with which it failed. */
  readonly result: string;
}

/** Two, so that a backlog shrinks while every block adds marks. */
export const DROPPED_BLOCKS_MAX = 2;

const RESULT_BYTES_MAX = 64;
/** More than any block holds. */
const BLOCK_INPUTS_MAX = 1_000_000;
const QUEUE_KEY = 'queue';

/** Key: id of the request. */
export const inputMarksTable: Table<InputMark> = {
  id: 45,
  name: 'input_marks',
  write: (writer, { height, transactionId, result }) =>
    writer.u64(height).hash(transactionId).string(result, RESULT_BYTES_MAX),
  read: (reader) => ({
    height: reader.u64(),
    transactionId: reader.hash(),
    result: reader.string(RESULT_BYTES_MAX),
  }),
};

/** The inputs of one block. */
interface MarkedBlock {
  readonly timestampMs: TimeMs;
  readonly requestIds: readonly Hash[];
}

/** Key: number of the block among those that executed inputs, from 0. */
const markedBlocksTable: Table<MarkedBlock> = {
  id: 46,
  name: 'input_blocks',
  write: (writer, { timestampMs, requestIds }) =>
    writer.i64(timestampMs).list(requestIds, BLOCK_INPUTS_MAX, (to, id) => to.hash(id)),
  read: (reader) => ({
    timestampMs: reader.i64(),
    requestIds: reader.list(BLOCK_INPUTS_MAX, (from) => from.hash()),
  }),
};

/** Which of the marked blocks there are: from `first` up to, not including, `next`. One row, from the first input on. */
interface MarkQueue {
  readonly first: number;
  readonly next: number;
}

const markQueueTable: Table<MarkQueue> = {
  id: 47,
  name: 'input_queue',
  write: (writer, { first, next }) => writer.u64(first).u64(next),
  read: (reader) => ({ first: reader.u64(), next: reader.u64() }),
};

/** All of the above, for whoever stores and restores rows without knowing what they mean. */
export const inputTables = [inputMarksTable, markedBlocksTable, markQueueTable] as const;

/** The mark of an executed input, until it is dropped. @param requestId - `inputRequestId` of the transaction. */
export function inputMarkOf(state: Pick<State, 'get'>, requestId: Hash): InputMark | undefined {
  return state.get(inputMarksTable, requestId as string);
}

export function markInput(state: State, requestId: Hash, mark: InputMark): void {
  state.set(inputMarksTable, requestId as string, mark);
}

/**
 * Ends a block: notes which inputs it marked, and drops old marks. Writes nothing where there is nothing to note or drop.
 * @param block - Its timestamp, and the inputs it executed.
 */
export function turnMarks(state: State, { spanMs, futureMs }: InputRules, block: MarkedBlock): void {
  const queue = state.get(markQueueTable, QUEUE_KEY) ?? { first: 0, next: 0 };
  let { first, next } = queue;
  const droppedMax = first + DROPPED_BLOCKS_MAX;
  while (first < next && first < droppedMax) {
    const eldest = state.get(markedBlocksTable, String(first)) as MarkedBlock;
    // Its inputs were signed at most `futureMs` later than its time, and are good for `spanMs` from then on.
    if (eldest.timestampMs + futureMs + spanMs >= block.timestampMs) break;
    for (const requestId of eldest.requestIds) state.set(inputMarksTable, requestId as string, undefined);
    state.set(markedBlocksTable, String(first), undefined);
    first += 1;
  }
  if (block.requestIds.length > 0) {
    state.set(markedBlocksTable, String(next), block);
    next += 1;
  }
  if (first !== queue.first || next !== queue.next) state.set(markQueueTable, QUEUE_KEY, { first, next });
}
