/** The law of the rows: what each change makes of the rows it was shown, or why it is refused. Pure. */
import { accept, type Refusal, refuse, type Verdict } from '../../../consensus/primitives/codedError.ts';
import {
  type AcceptedInput,
  type BatchRow,
  type InputRow,
  type InputState,
  inputStates,
  isEnded,
  isWaiting,
} from './inputRow.ts';
import type { Charge, InputOutcome, NewBatch } from './inputStorage.ts';
import type { ChangeSet } from './shelf.ts';

export interface Change<Value> {
  readonly set: ChangeSet;
  /** What the caller is told once it is made. */
  readonly value: Value;
}

export function queueInput(input: AcceptedInput): Change<InputRow> {
  const { requestId, target, address, addressType, input: text, signature, timestamp, receivedAtMs } = input;
  const row: InputRow = {
    ...{ requestId, target, address, addressType, input: text, signature, timestamp, receivedAtMs },
    ...{ state: 'queued', attempts: 0, parks: 0, batchId: undefined, transactionHash: undefined },
    ...{ sidechainHeight: undefined, errorCode: undefined, endedAtMs: undefined },
  };
  return {
    set: { rows: [{ id: row.requestId, before: undefined, after: row }], batches: [] },
    value: row,
  };
}

/** @param known - The batch of this id, where there is one. @param rows - In the order of its ids. */
export function openBatch(
  batch: NewBatch,
  known: BatchRow | undefined,
  rows: readonly (InputRow | undefined)[],
): Verdict<Change<BatchRow>, 'INPUT_ROWS_NOT_WAITING' | 'INPUT_TRANSITION_REFUSED'> {
  const { batchId, target, owner, content, requestIds, openedAtMs } = batch;
  if (known !== undefined) {
    const isSame = known.content === content && known.requestIds.join() === requestIds.join();
    if (isSame) return accept({ set: { rows: [], batches: [] }, value: known });
    return refused(`batch ${batchId} is open with other inputs: give the new one another id`, { batchId });
  }
  if (requestIds.length === 0 || new Set(requestIds).size !== requestIds.length)
    return refused(`batch ${batchId}: expected distinct inputs, at least one`, { batchId });
  const taken: InputRow[] = [];
  for (const [index, requestId] of requestIds.entries()) {
    const row = rows[index];
    if (row === undefined || !isWaiting(row) || row.target !== target)
      return refuse(
        'INPUT_ROWS_NOT_WAITING',
        `input ${requestId} does not wait for ${target}: ${row === undefined ? 'it is unknown' : `it is ${row.state} for ${row.target}`}; read what waits again`,
        { requestId },
      );
    taken.push(row);
  }
  const opened: BatchRow = {
    ...{ batchId, target, owner, content, requestIds, openedAtMs },
    transactionHashes: [],
  };
  return accept({
    set: {
      rows: taken.map((row) => exchange(row, { state: later(row.state, 'batching'), batchId })),
      batches: [{ id: batchId, before: undefined, after: opened }],
    },
    value: opened,
  });
}

export function submitBatch(
  batch: BatchRow,
  rows: readonly InputRow[],
  transactionHash: string,
): Change<BatchRow> {
  if (batch.transactionHashes.at(-1) === transactionHash)
    return { set: { rows: [], batches: [] }, value: batch };
  const earlier = batch.transactionHashes.filter((hash) => hash !== transactionHash);
  const after = { ...batch, transactionHashes: [...earlier, transactionHash] };
  return {
    set: {
      rows: rows.map((row) => exchange(row, { state: later(row.state, 'submitted'), transactionHash })),
      batches: [{ id: batch.batchId, before: batch, after }],
    },
    value: after,
  };
}

export function chargeBatch(batch: BatchRow, rows: readonly InputRow[], charge: Charge): Change<BatchRow> {
  return {
    set: {
      rows: rows.map((row) => exchange(row, charged(row, charge))),
      batches: [{ id: batch.batchId, before: batch, after: batch }],
    },
    value: batch,
  };
}

/** @param rows - Those of the batch. */
export function concludeBatch(
  batch: BatchRow,
  rows: readonly InputRow[],
  outcomes: readonly InputOutcome[],
  nowMs: number,
): Verdict<Change<readonly InputRow[]>, 'INPUT_TRANSITION_REFUSED'> {
  const byId = new Map(rows.map((row) => [row.requestId, row]));
  const exchanges: ReturnType<typeof exchange>[] = [];
  for (const outcome of outcomes) {
    const row = byId.get(outcome.requestId);
    if (row === undefined)
      return refused(
        `batch ${batch.batchId} has no undecided input ${outcome.requestId}: give one outcome to each of its inputs`,
        { batchId: batch.batchId, requestId: outcome.requestId },
      );
    byId.delete(outcome.requestId);
    if (outcome.kind === 'confirmed' && row.state !== 'submitted')
      return refused(
        `input ${row.requestId} is ${row.state}: it is confirmed after its batch was submitted`,
        { batchId: batch.batchId, requestId: row.requestId },
      );
    exchanges.push(exchange(row, concluded(row, outcome, nowMs)));
  }
  const requestIds = batch.requestIds.filter((requestId) => byId.has(requestId));
  const after = requestIds.length === 0 ? undefined : { ...batch, requestIds };
  return accept({
    set: { rows: exchanges, batches: [{ id: batch.batchId, before: batch, after }] },
    value: exchanges.map((item) => item.after),
  });
}

export function failWaiting(
  requestId: string,
  row: InputRow | undefined,
  errorCode: string,
  nowMs: number,
): Verdict<Change<InputRow>, 'INPUT_ROWS_NOT_WAITING'> {
  if (row === undefined || !isWaiting(row))
    return refuse('INPUT_ROWS_NOT_WAITING', `input ${requestId} does not wait: read it again`, { requestId });
  return accept(single(row, { state: 'failed', errorCode, endedAtMs: nowMs }));
}

export function noteHeight(
  requestId: string,
  row: InputRow | undefined,
  sidechainHeight: number,
): Verdict<Change<InputRow>, 'INPUT_TRANSITION_REFUSED'> {
  if (row?.state === 'confirmed' && row.sidechainHeight === sidechainHeight)
    return accept({ set: { rows: [], batches: [] }, value: row });
  if (row?.state !== 'confirmed' || row.sidechainHeight !== undefined)
    return refused(
      `input ${requestId} is ${row?.state ?? 'unknown'}: a height is noted once, of a confirmed input`,
      {
        requestId,
      },
    );
  return accept(single(row, { sidechainHeight }));
}

function concluded(row: InputRow, outcome: InputOutcome, nowMs: number): Partial<InputRow> {
  const { transactionHash } = row;
  switch (outcome.kind) {
    case 'confirmed':
      return {
        ...{ state: 'confirmed', batchId: undefined, endedAtMs: nowMs },
        transactionHash: outcome.transactionHash,
        sidechainHeight: outcome.sidechainHeight,
      };
    case 'failed':
      return {
        ...charged(row, outcome.charge ?? 'none'),
        ...{ state: 'failed', batchId: undefined, endedAtMs: nowMs, transactionHash },
        errorCode: outcome.errorCode,
      };
    case 'returned':
      return { ...charged(row, outcome.charge), batchId: undefined };
  }
}

function charged({ attempts, parks }: InputRow, charge: Charge): Partial<InputRow> {
  if (charge === 'none') return {};
  return charge === 'park' ? { parks: parks + 1 } : { attempts: attempts + 1, parks: 0 };
}

function later(one: InputState, other: InputState): InputState {
  return inputStates.indexOf(one) > inputStates.indexOf(other) ? one : other;
}

function exchange(before: InputRow, changes: Partial<InputRow>) {
  // Every caller has asked; here it is certain that no verdict is ever overwritten.
  const isLate = isEnded(before) && changes.state !== undefined;
  const after: InputRow = isLate ? before : { ...before, ...changes };
  return { id: before.requestId, before, after };
}

function single(row: InputRow, changes: Partial<InputRow>): Change<InputRow> {
  const changed = exchange(row, changes);
  return { set: { rows: [changed], batches: [] }, value: changed.after };
}

function refused(
  message: string,
  details: Readonly<Record<string, unknown>>,
): Refusal<'INPUT_TRANSITION_REFUSED'> {
  return refuse('INPUT_TRANSITION_REFUSED', message, details);
}
