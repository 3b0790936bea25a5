/** Whether what waits for a target is to become a batch now. */
import { isQueueDue } from '../criteria/criteria.ts';
import type { BatcherInput } from '../input/types.ts';
import type { InputRow } from '../storage/inputRow.ts';
import { reasonOf } from '../storage/storageError.ts';
import { callAdapter } from './adapterCall.ts';
import type { Counted } from './queueFigures.ts';
import { worthOf } from './readInput.ts';
import { inputOfRow } from './requestRow.ts';
import type { TargetContext } from './targetContext.ts';

export class DueCheck {
  readonly #context: TargetContext;
  /** Told once: it is asked at each round. */
  #isFailing = false;

  constructor(context: TargetContext) {
    this.#context = context;
  }

  get criteria() {
    const { settings, target } = this.#context;
    const criteria = settings.batchingCriteria[target];
    // readSettings has seen to it.
    if (criteria === undefined) throw new Error(`assertion failed: ${target} has criteria`);
    return criteria;
  }

  /** Most inputs of a batch. */
  get sizeMax(): number {
    return this.criteria.maxBatchSize ?? this.#context.settings.limits.batchInputsMax;
  }

  count(row: Pick<InputRow, 'receivedAtMs' | 'state'>, input: () => BatcherInput): Counted {
    const { surroundings } = this.#context;
    const { worth, problem } = worthOf(this.criteria, input, {
      ...this.#context,
      emit: surroundings.emit,
    });
    if (problem !== undefined) this.#tell(problem);
    return { receivedAtMs: row.receivedAtMs, worth, isReturned: row.state !== 'queued' };
  }

  /** @param rows - All that wait, or as many as one batch may have. */
  async isDue(rows: readonly InputRow[], counted: readonly Counted[]): Promise<boolean> {
    const { settings, surroundings, signal, adapter } = this.#context;
    const bytes = rows.reduce((sum, { input }) => sum + Buffer.byteLength(input), 0);
    const isFull =
      rows.length >= this.sizeMax || bytes + adapter.inputBytesMax > settings.limits.batchReadBytesMax;
    if (isFull) return true;
    const oldestMs = rows[0]?.receivedAtMs ?? 0;
    const figures = {
      count: rows.length,
      oldestAgeMs: surroundings.wallClock() - oldestMs,
      value: counted.reduce((sum, { worth }) => sum + worth, 0n),
    };
    try {
      const isDue = await callAdapter(
        () =>
          isQueueDue(this.criteria, figures, () => rows.map((row) => inputOfRow(row, settings.namespace))),
        { step: 'isBatchReadyFn', timeoutMs: settings.limits.adapterTimeoutMs, signal },
        surroundings.wait,
      );
      if (this.criteria.criteriaType === 'custom') this.#isFailing = false;
      return isDue;
    } catch (cause) {
      if (signal.aborted) throw cause;
      this.#tell(reasonOf(cause));
      return false;
    }
  }

  #tell(reason: string): void {
    const { surroundings, target } = this.#context;
    if (!this.#isFailing) surroundings.emit({ type: 'criteria:failed', target, reason });
    this.#isFailing = true;
  }
}
