/** Batching criteria from the configuration: what is a file and an export there is a function here. */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import type { CriteriaConfig } from '../../config/batcherConfig.ts';
import type { BatcherOptionCode } from './codes.ts';
import type { BatchingCriteria, CustomCriteria, ValueCriteria } from './criteria.ts';

/** Of targets that have none: soon for one user, and enough at once for many. */
const criteriaDefault = { criteriaType: 'hybrid', timeWindowMs: 1000, maxBatchSize: 500 } as const;

/**
 * Loads the criteria of every target.
 * @param configured - By target, as rules have checked it, with paths that are resolved.
 * @throws {CodedError} `CRITERIA_MODULE_UNREADABLE`, `CRITERIA_EXPORT_UNKNOWN`, `CRITERIA_EXPORT_INVALID`.
 */
export async function loadCriteria<Input>(
  targets: readonly string[],
  configured: Readonly<Record<string, CriteriaConfig>>,
): Promise<Readonly<Record<string, BatchingCriteria<Input>>>> {
  const loaded: Record<string, BatchingCriteria<Input>> = {};
  for (const target of targets) {
    const criteria = Object.hasOwn(configured, target) ? configured[target] : undefined;
    loaded[target] = criteria === undefined ? criteriaDefault : await loadOne<Input>(target, criteria);
  }
  return loaded;
}

async function loadOne<Input>(target: string, criteria: CriteriaConfig): Promise<BatchingCriteria<Input>> {
  const { criteriaType, maxBatchSize, timeWindowMs = 0, targetValue = 0n, valueField, module } = criteria;
  const loaded = module === undefined ? undefined : await loadExport(target, module);
  switch (criteriaType) {
    case 'time':
      return { criteriaType, timeWindowMs, maxBatchSize };
    case 'size':
      return { criteriaType, maxBatchSize: maxBatchSize ?? 0 };
    case 'hybrid':
      return { criteriaType, timeWindowMs, maxBatchSize: maxBatchSize ?? 0 };
    case 'value': {
      const valueAccumulatorFn = loaded as ValueCriteria<Input>['valueAccumulatorFn'];
      return { criteriaType, targetValue, maxBatchSize, valueField, valueAccumulatorFn };
    }
    case 'custom': {
      const isBatchReadyFn = loaded as CustomCriteria<Input>['isBatchReadyFn'];
      return { criteriaType, maxBatchSize, isBatchReadyFn };
    }
  }
}

/** @param module - `file#export`. */
async function loadExport(target: string, module: string): Promise<(...values: never[]) => unknown> {
  const split = module.lastIndexOf('#');
  const [path, name] = [module.slice(0, split), module.slice(split + 1)];
  const place = `batcher.batching_criteria.${target}.module`;
  if (!existsSync(path)) throw refuse('CRITERIA_MODULE_UNREADABLE', `${place}: there is no file ${path}`);
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = await import(pathToFileURL(path).href);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw refuse('CRITERIA_MODULE_UNREADABLE', `${place}: ${path} cannot be loaded: ${reason}`, cause);
  }
  if (!Object.hasOwn(exported, name)) {
    const known = Object.keys(exported).sort().join(', ') || 'nothing';
    throw refuse('CRITERIA_EXPORT_UNKNOWN', `${place}: ${path} exports ${known}, and no ${name}`);
  }
  const found = exported[name];
  if (typeof found === 'function') return found as (...values: never[]) => unknown;
  throw refuse(
    'CRITERIA_EXPORT_INVALID',
    `${place}: expected ${name} of ${path} to be a function, got ${typeof found}`,
  );
}

function refuse(code: BatcherOptionCode, message: string, cause?: unknown): CodedError {
  return new CodedError(code, message, {}, { cause });
}
