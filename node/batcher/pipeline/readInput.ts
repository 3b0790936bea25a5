/** What the grammar of a target, and `value` criteria, make of an input. Both are others' code: what they throw is told, and stops nothing. */
import { type Refusal, refuse, type Verdict } from '../../../consensus/primitives/codedError.ts';
import type { Amount } from '../../../consensus/primitives/flavor.ts';
import type { BatcherAdapter } from '../adapters/adapter.ts';
import type { BatchingCriteria } from '../criteria/criteria.ts';
import { inputWorthOf } from '../criteria/inputWorth.ts';
import type { BatcherInput } from '../input/types.ts';
import type { InputRow } from '../storage/inputRow.ts';
import { reasonOf } from '../storage/storageError.ts';
import type { EmitBatcherEvent } from './events.ts';
import { inputOfRow } from './requestRow.ts';
import type { BatchInput, TargetContext } from './targetContext.ts';

type Judge = Pick<TargetContext, 'target' | 'adapter'> & { readonly emit: EmitBatcherEvent };

/** @returns The command, or the grammar's refusal; `INPUT_FAILED` for one that throws. */
export function judgeInput({ target, adapter, emit }: Judge, input: BatcherInput): Verdict<unknown> {
  try {
    return adapter.validateInput(input);
  } catch (cause) {
    const reason = reasonOf(cause);
    emit({ type: 'adapter:failed', target, step: 'validateInput', reason });
    return refuse('INPUT_FAILED', `/data/input: the grammar of ${target} failed on it: ${reason}`, {
      path: '/data/input',
    });
  }
}

/** @returns The input as the adapter knows it, or why its grammar no longer takes it. */
export function readWaiting(
  context: TargetContext,
  row: InputRow,
): { readonly ok: true; readonly value: BatchInput } | Refusal {
  const data = inputOfRow(row, context.settings.namespace);
  const command = judgeInput({ ...context, emit: context.surroundings.emit }, data);
  if (!command.ok) return command;
  return { ok: true, value: batchInput(row, data, command.value) };
}

/** Of an open batch, which goes on whatever its grammar has become. */
export function readOpen(context: TargetContext, row: InputRow): BatchInput {
  const read = readWaiting(context, row);
  return read.ok ? read.value : batchInput(row, inputOfRow(row, context.settings.namespace), undefined);
}

function batchInput(row: InputRow, data: BatcherInput, command: unknown): BatchInput {
  const { requestId, address } = row;
  return { row, queued: { requestId, account: address.toLowerCase(), data, command } };
}

/** What an input counts towards `value` criteria; 0 where a function fails on it. */
export function worthOf(
  criteria: BatchingCriteria<BatcherInput>,
  input: () => BatcherInput,
  judge: Judge,
): { readonly worth: Amount; readonly problem: string | undefined } {
  if (criteria.criteriaType !== 'value') return { worth: 0n, problem: undefined };
  try {
    const data = input();
    const command = criteria.valueField === undefined ? undefined : commandOf(judge.adapter, data);
    return { worth: inputWorthOf(criteria, data, command), problem: undefined };
  } catch (cause) {
    return { worth: 0n, problem: reasonOf(cause) };
  }
}

function commandOf(adapter: BatcherAdapter, data: BatcherInput): unknown {
  const command = adapter.validateInput(data);
  return command.ok ? command.value : undefined;
}
