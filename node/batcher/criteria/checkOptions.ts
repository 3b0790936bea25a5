/** Options of the library, checked before anything starts, all that can be said of one at once. */
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import type { FreshnessSpan } from '../input/freshness.ts';
import { isTargetName } from '../input/target.ts';
import { type ConfirmationSettings, confirmationLevels, isConfirmationLevel } from './confirmationLevel.ts';
import type { BatchingCriteria } from './criteria.ts';

/** Longest time window, in ms: a day. What waits longer has been forgotten by whoever sent it. */
export const TIME_WINDOW_MS_MAX = 86_400_000;
/** Most inputs of a batch. */
export const BATCH_SIZE_MAX = 100_000;

/** What the batcher is told of its targets. */
export interface TargetOptions<Input> {
  /** Targets that have an adapter. */
  readonly targets: readonly string[];
  readonly defaultTarget: string;
  readonly confirmationLevel?: ConfirmationSettings | undefined;
  /** Per target. */
  readonly batchingCriteria: Readonly<Record<string, BatchingCriteria<Input>>>;
}

/** @throws {CodedError} `BATCHER_OPTION_INVALID` with all `problems`. */
export function checkTargetOptions<Input>(options: TargetOptions<Input>): void {
  const { targets, defaultTarget, confirmationLevel, batchingCriteria } = options;
  const problems: string[] = [];
  const expect = (holds: boolean, path: string, expected: string): void => {
    if (!holds) problems.push(`${path}: expected ${expected}`);
  };
  const known = `one of ${targets.join(', ')}`;
  for (const target of targets) {
    expect(
      isTargetName(target),
      `adapters.${target}`,
      'a letter, then up to 31 lower-case letters, digits or hyphens, with fewer than 13 digits in a row',
    );
    expect(Object.hasOwn(batchingCriteria, target), `batchingCriteria.${target}`, 'criteria');
  }
  expect(targets.includes(defaultTarget), 'defaultTarget', known);
  for (const [target, criteria] of Object.entries(batchingCriteria)) {
    expect(targets.includes(target), `batchingCriteria.${target}`, known);
    problems.push(...findCriteriaProblems(criteria, `batchingCriteria.${target}`));
  }
  const levels = typeof confirmationLevel === 'object' ? Object.entries(confirmationLevel) : [];
  for (const [target, level] of levels) {
    expect(targets.includes(target), `confirmationLevel.${target}`, known);
    expect(
      isConfirmationLevel(level),
      `confirmationLevel.${target}`,
      `one of ${confirmationLevels.join(', ')}`,
    );
  }
  if (typeof confirmationLevel === 'string')
    expect(
      isConfirmationLevel(confirmationLevel),
      'confirmationLevel',
      `one of ${confirmationLevels.join(', ')}`,
    );
  throwProblems(problems);
}

/**
 * A request must be remembered for as long as its signature is fresh, from as far ahead as it may come: forgotten sooner,
 * the same signature would pass as a new request.
 * @throws {CodedError} `BATCHER_RETENTION_TOO_SHORT`.
 */
export function checkRetention(retentionMs: number, { pastMs, futureMs }: FreshnessSpan): void {
  const leastMs = pastMs + futureMs;
  if (retentionMs >= leastMs) return;
  throw new CodedError(
    'BATCHER_RETENTION_TOO_SHORT',
    `requests are remembered for ${retentionMs} ms and signatures are fresh for ${leastMs} ms: remember them for ${leastMs} ms at least, or take a shorter freshness`,
    { retentionMs, leastMs },
  );
}

function findCriteriaProblems<Input>(criteria: BatchingCriteria<Input>, path: string): string[] {
  const problems: string[] = [];
  const expect = (holds: boolean, key: string, expected: string): void => {
    if (!holds) problems.push(`${path}.${key}: expected ${expected}`);
  };
  const isWhole = (value: number, max: number): boolean =>
    Number.isSafeInteger(value) && value >= 1 && value <= max;
  if (criteria.maxBatchSize !== undefined || ['size', 'hybrid'].includes(criteria.criteriaType)) {
    const size = criteria.maxBatchSize ?? 0;
    expect(isWhole(size, BATCH_SIZE_MAX), 'maxBatchSize', `a whole number from 1 to ${BATCH_SIZE_MAX}`);
  }
  switch (criteria.criteriaType) {
    case 'time':
    case 'hybrid':
      expect(
        isWhole(criteria.timeWindowMs, TIME_WINDOW_MS_MAX),
        'timeWindowMs',
        `ms from 1 to ${TIME_WINDOW_MS_MAX}`,
      );
      break;
    case 'value':
      expect(
        typeof criteria.targetValue === 'bigint' && criteria.targetValue > 0n,
        'targetValue',
        'a bigint above 0',
      );
      expect(
        (criteria.valueField === undefined) !== (criteria.valueAccumulatorFn === undefined),
        'valueField',
        'either this or valueAccumulatorFn',
      );
      break;
    case 'custom':
      expect(typeof criteria.isBatchReadyFn === 'function', 'isBatchReadyFn', 'a function');
      break;
    case 'size':
      break;
    default:
      expect(false, 'criteriaType', 'one of time, size, value, hybrid, custom');
  }
  return problems;
}

function throwProblems(problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new CodedError('BATCHER_OPTION_INVALID', problems.join('; '), { problems });
}
