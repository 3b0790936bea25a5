/** A batch from inputs that wait: what the adapter makes of them, and whether that can be believed. */
import type { BatchBuildingResult } from '../adapters/adapter.ts';
import { AdapterError } from '../adapters/adapter.ts';
import { type AdapterFailure, callAdapter, failureOf } from './adapterCall.ts';
import type { BatchInput, TargetContext } from './targetContext.ts';

export type Building =
  | { readonly ok: true; readonly content: string; readonly inputs: readonly BatchInput[] }
  | { readonly ok: false; readonly failure: AdapterFailure };

/**
 * Has the adapter build a batch. Building needs no chain: unless the adapter says otherwise it is the inputs that it cannot build.
 * @param inputs - At least one, the oldest first.
 * @throws {Stopped}
 */
export async function buildBatch(
  { adapter, settings, surroundings, signal, target }: TargetContext,
  inputs: readonly BatchInput[],
): Promise<Building> {
  const fail = (reason: string): Building => {
    surroundings.emit({ type: 'adapter:failed', target, step: 'buildBatchData', reason });
    return {
      ok: false,
      failure: { blame: 'input', code: 'INPUT_FAILED', reason, requestIds: [] },
    };
  };
  let built: BatchBuildingResult;
  try {
    built = await callAdapter(
      () => adapter.buildBatchData(inputs.map(({ queued }) => queued)),
      { step: 'buildBatchData', timeoutMs: settings.limits.adapterTimeoutMs, signal },
      surroundings.wait,
    );
  } catch (cause) {
    if (cause instanceof AdapterError) return { ok: false, failure: failureOf(cause) };
    if (signal.aborted) throw cause;
    return fail(failureOf(cause).reason);
  }
  const problem = findSelectionProblem(built, inputs);
  if (problem !== undefined) return fail(problem);
  const byId = new Map(inputs.map((input) => [input.row.requestId, input]));
  const selected = built.selectedInputs.map(({ requestId }) => byId.get(requestId) as BatchInput);
  return { ok: true, content: built.data, inputs: selected };
}

function findSelectionProblem(built: BatchBuildingResult, inputs: readonly BatchInput[]): string | undefined {
  if (typeof built?.data !== 'string' || !Array.isArray(built.selectedInputs))
    return 'it gave no `data` as text, or no `selectedInputs`';
  const offered = new Set(inputs.map(({ row }) => row.requestId));
  const ids = built.selectedInputs.map(({ requestId }) => requestId);
  if (ids.length === 0) return 'it selected none of the inputs';
  if (new Set(ids).size !== ids.length) return 'it selected an input twice';
  return ids.every((id) => offered.has(id)) ? undefined : 'it selected an input that it was not offered';
}
