/**
 * When the queue of a target is due. Options are called as in the seed document (the batching pipeline, criteria types). Nothing
 * here waits or keeps anything: equal queues and times give equal answers.
 */
import type { Amount } from '../../../consensus/primitives/flavor.ts';

/** Most inputs of a batch; reached, any criteria are met. */
interface Sized {
  readonly maxBatchSize?: number | undefined;
}

/** The oldest input has waited as long. */
export interface TimeCriteria extends Sized {
  readonly criteriaType: 'time';
  readonly timeWindowMs: number;
}

export interface SizeCriteria {
  readonly criteriaType: 'size';
  readonly maxBatchSize: number;
}

/** What the inputs are worth together reaches a sum; each counts as `inputWorth.ts` reads it. */
export interface ValueCriteria<Input> extends Sized {
  readonly criteriaType: 'value';
  readonly targetValue: Amount;
  /** Field of the input that holds an amount. Left out: there is a function. */
  readonly valueField?: string | undefined;
  readonly valueAccumulatorFn?: ((input: Input) => Amount | number) | undefined;
}

/** Whichever comes first. */
export interface HybridCriteria {
  readonly criteriaType: 'hybrid';
  readonly timeWindowMs: number;
  readonly maxBatchSize: number;
}

export interface CustomCriteria<Input> extends Sized {
  readonly criteriaType: 'custom';
  /** Asked of inputs in the order in which they came, never of none. */
  readonly isBatchReadyFn: (inputs: readonly Input[]) => boolean | Promise<boolean>;
}

/** Criteria that follow from figures of a queue alone. */
export type CountedCriteria<Input> = TimeCriteria | SizeCriteria | ValueCriteria<Input> | HybridCriteria;
export type BatchingCriteria<Input> = CountedCriteria<Input> | CustomCriteria<Input>;

/** Figures of what waits for a target. */
export interface QueueFigures {
  readonly count: number;
  /** Since the first of them was queued; below 0 after a clock was set back. */
  readonly oldestAgeMs: number;
  /** What they are worth together. */
  readonly value: Amount;
}

/** Whether a batch is due. Never of an empty queue. */
export function isBatchDue<Input>(criteria: CountedCriteria<Input>, queue: QueueFigures): boolean {
  if (queue.count === 0) return false;
  if (criteria.maxBatchSize !== undefined && queue.count >= criteria.maxBatchSize) return true;
  switch (criteria.criteriaType) {
    case 'time':
    case 'hybrid':
      return queue.oldestAgeMs >= criteria.timeWindowMs;
    case 'value':
      return queue.value >= criteria.targetValue;
    case 'size':
      return false;
  }
}

/**
 * The same for criteria of any type.
 * @param readInputs - Gives what waits, in order; asked for by `custom` alone.
 * @throws What a custom function throws.
 */
export async function isQueueDue<Input>(
  criteria: BatchingCriteria<Input>,
  queue: QueueFigures,
  readInputs: () => readonly Input[] | Promise<readonly Input[]>,
): Promise<boolean> {
  if (criteria.criteriaType !== 'custom') return isBatchDue(criteria, queue);
  if (queue.count === 0) return false;
  if (criteria.maxBatchSize !== undefined && queue.count >= criteria.maxBatchSize) return true;
  const inputs = await readInputs();
  return inputs.length > 0 && (await criteria.isBatchReadyFn(inputs));
}
