/** Options of the batcher as a library, named as in the seed document (the batching pipeline), and what stands where one is left out. */
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import { pause } from '../../backOff.ts';
import type { BatcherAdapter } from '../adapters/adapter.ts';
import { checkRetention, checkTargetOptions } from '../criteria/checkOptions.ts';
import type { ConfirmationSettings } from '../criteria/confirmationLevel.ts';
import type { BatchingCriteria } from '../criteria/criteria.ts';
import { type FreshnessSpan, freshnessDefault } from '../input/freshness.ts';
import { type InputLimits, inputLimitsDefault } from '../input/inputLimiter.ts';
import type { BatcherInput } from '../input/types.ts';
import type { InputStorage } from '../storage/inputStorage.ts';
import type { EmitBatcherEvent } from './events.ts';

export interface BatcherLimits {
  /** Most inputs of a batch whose criteria name no lower size. */
  readonly batchInputsMax: number;
  /** Most bytes of input texts that are read for one batch. */
  readonly batchReadBytesMax: number;
  /** Most callers that wait; who comes later is answered as one whose time ran out. */
  readonly callersMax: number;
  /** The same of one client: a waiting request is never cut off, so nobody may hold all connections with them. */
  readonly clientCallersMax: number;
  /** Longest that a caller waits. */
  readonly answerTimeoutMs: number;
  /** Longest that a call of an adapter may take that has no time of its own. */
  readonly adapterTimeoutMs: number;
  /** Longest that a confirmed batch is watched for being processed. */
  readonly processingTimeoutMs: number;
  /** Most batches that are watched so at once, for each target. */
  readonly processingBatchesMax: number;
  /** Longest that a shutdown waits for what is under way. */
  readonly shutdownTimeoutMs: number;
  /** Between two looks for inputs that may be forgotten. */
  readonly pruneIntervalMs: number;
  /** A queue that others may fill too is read again as often, whatever is known of it. */
  readonly refreshIntervalMs: number;
}

/**
 * Of one batch: what a block holds and is read in some ms. Of callers: some 10 MB of open requests; of one client a quarter of
 * the connections that a node has. Times: a slow chain's block several times over; a shutdown ends before a supervisor's patience,
 * often 30 s, does.
 */
export const batcherLimits: BatcherLimits = {
  batchInputsMax: 2000,
  batchReadBytesMax: 8_388_608,
  callersMax: 10_000,
  clientCallersMax: 512,
  answerTimeoutMs: 90_000,
  adapterTimeoutMs: 60_000,
  processingTimeoutMs: 600_000,
  processingBatchesMax: 64,
  shutdownTimeoutMs: 10_000,
  pruneIntervalMs: 60_000,
  refreshIntervalMs: 30_000,
};

export interface BatcherOptions {
  /** By target. */
  readonly adapters: Readonly<Record<string, BatcherAdapter>>;
  /** Of inputs that name no target. */
  readonly defaultTarget: string;
  /** By target; functions are given inputs as they came. */
  readonly batchingCriteria: Readonly<Record<string, BatchingCriteria<BatcherInput>>>;
  /** First in the text that users sign. */
  readonly namespace?: string | undefined;
  readonly pollingIntervalMs?: number | undefined;
  readonly confirmationLevel?: ConfirmationSettings | undefined;
  readonly freshness?: FreshnessSpan | undefined;
  /** How long an input with a verdict is remembered. */
  readonly retentionMs?: number | undefined;
  /** Tries that an input has. */
  readonly maxRetries?: number | undefined;
  /** Rests of a target that make one try of its inputs. */
  readonly maxParks?: number | undefined;
  readonly receiptTimeoutMs?: number | undefined;
  /** Whose batches these are, in a storage that several batchers share. */
  readonly owner?: string | undefined;
  readonly rateLimits?: InputLimits | undefined;
  readonly limits?: Partial<BatcherLimits> | undefined;
}

export interface BatcherDependencies {
  /** Open; the batcher closes it. */
  readonly storage: InputStorage;
  readonly emit?: EmitBatcherEvent;
  /** Ms since 1970. */
  readonly wallClock?: () => number;
  /** In ms, never set back. */
  readonly now?: () => number;
  /** Resolves after so many ms, or as soon as the signal is aborted. */
  readonly wait?: (waitMs: number, signal: AbortSignal) => Promise<void>;
  /** Draws from 0 to below 1. */
  readonly random?: () => number;
}

/** Everything is there. */
export type BatcherSettings = {
  readonly [Key in keyof Required<Omit<BatcherOptions, 'confirmationLevel' | 'limits'>>]: NonNullable<
    BatcherOptions[Key]
  >;
} & { readonly confirmationLevel: ConfirmationSettings | undefined; readonly limits: BatcherLimits };

export type BatcherSurroundings = Required<BatcherDependencies>;

/** A minute is many blocks of most chains. Two hours remember a request well beyond the freshness of its signature. */
const RECEIPT_TIMEOUT_MS = 60_000;
const RETENTION_MS = 7_200_000;

/** @throws {CodedError} `BATCHER_OPTION_INVALID` with all `problems` of a kind, `BATCHER_RETENTION_TOO_SHORT`. */
export function readSettings(options: BatcherOptions): BatcherSettings {
  const settings: BatcherSettings = {
    adapters: options.adapters,
    defaultTarget: options.defaultTarget,
    batchingCriteria: options.batchingCriteria,
    namespace: options.namespace ?? '',
    pollingIntervalMs: options.pollingIntervalMs ?? 1000,
    confirmationLevel: options.confirmationLevel,
    freshness: options.freshness ?? freshnessDefault,
    retentionMs: options.retentionMs ?? RETENTION_MS,
    maxRetries: options.maxRetries ?? 3,
    maxParks: options.maxParks ?? 50,
    receiptTimeoutMs: options.receiptTimeoutMs ?? RECEIPT_TIMEOUT_MS,
    owner: options.owner ?? 'batcher',
    rateLimits: options.rateLimits ?? inputLimitsDefault,
    limits: { ...batcherLimits, ...options.limits },
  };
  checkTargetOptions({ ...settings, targets: Object.keys(settings.adapters) });
  checkRetention(settings.retentionMs, settings.freshness);
  const problems = [...findNumberProblems(settings), ...findTargetProblems(settings)];
  if (problems.length > 0) throw new CodedError('BATCHER_OPTION_INVALID', problems.join('; '), { problems });
  return settings;
}

export function readSurroundings(dependencies: BatcherDependencies): BatcherSurroundings {
  return {
    emit: () => undefined,
    wallClock: () => Date.now(),
    now: () => performance.now(),
    wait: pause,
    random: () => Math.random(),
    ...dependencies,
  };
}

function findNumberProblems(settings: BatcherSettings): string[] {
  const { pollingIntervalMs, retentionMs, maxRetries, maxParks, receiptTimeoutMs, limits } = settings;
  const numbers: Readonly<Record<string, number>> = {
    ...{ pollingIntervalMs, retentionMs, maxRetries, maxParks, receiptTimeoutMs },
    ...Object.fromEntries(Object.entries(limits).map(([key, value]) => [`limits.${key}`, value])),
  };
  return Object.entries(numbers)
    .filter(([, value]) => !Number.isSafeInteger(value) || value < 1)
    .map(([key, value]) => `${key}: expected a whole number from 1, got ${value}`);
}

function findTargetProblems({ adapters, batchingCriteria, confirmationLevel, limits }: BatcherSettings) {
  const problems: string[] = [];
  for (const [target, adapter] of Object.entries(adapters)) {
    const size = batchingCriteria[target]?.maxBatchSize ?? 1;
    if (size > limits.batchInputsMax)
      problems.push(
        `batchingCriteria.${target}.maxBatchSize: expected at most limits.batchInputsMax, ${limits.batchInputsMax}`,
      );
    const level = typeof confirmationLevel === 'string' ? confirmationLevel : confirmationLevel?.[target];
    if (level === 'wait-effectstream-processed' && !adapter.isProcessedHere)
      problems.push(`confirmationLevel: ${target} is not processed here, so it cannot be ${level}`);
  }
  return problems;
}
