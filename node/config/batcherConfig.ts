/** The keys of the input pipeline in the program's spelling, the rules over several of them, and which belong to one node. */
import {
  checkEvmOptions,
  type EvmAdapterOptions,
  type EvmLimits,
} from '../batcher/adapters/evm/evmAdapterOptions.ts';
import { checkRetention } from '../batcher/criteria/checkOptions.ts';
import type { ConfirmationSettings } from '../batcher/criteria/confirmationLevel.ts';
import type { FreshnessSpan } from '../batcher/input/freshness.ts';
import type { BatcherFile, criteriaTypes, storageTypes, TargetKind } from './batcherSchema.ts';
import type { BrokenRule } from './problem.ts';

export interface CriteriaConfig {
  readonly criteriaType: (typeof criteriaTypes)[number];
  readonly timeWindowMs?: number | undefined;
  readonly maxBatchSize?: number | undefined;
  readonly targetValue?: bigint | undefined;
  readonly valueField?: string | undefined;
  /** `file#export`: a function that says whether a batch is due, or what an input is worth. */
  readonly module?: string | undefined;
}

export interface BatcherConfig {
  readonly enabled: boolean;
  readonly namespace: string;
  readonly targets: readonly TargetKind[];
  readonly defaultTarget: string;
  readonly freshnessPastMs: number;
  readonly freshnessFutureMs: number;
  /** How long after its timestamp the ledger executes an input. */
  readonly executionSpanMs: number;
  readonly pollingIntervalMs: number;
  readonly confirmationLevel: ConfirmationSettings;
  /** By target; one that is left out has the default. */
  readonly batchingCriteria: Readonly<Record<string, CriteriaConfig>>;
  /** Options of its target; undefined: there is none. */
  readonly evm: (Omit<EvmAdapterOptions, 'namespace'> & EvmLimits) | undefined;
  readonly storage: {
    readonly type: (typeof storageTypes)[number];
    /** Empty: a folder of the node's own data. */
    readonly path: string;
    readonly url: string;
    /** Of all nodes that share the server; empty: `sidereal`. */
    readonly namespace: string;
    readonly timeoutMs: number;
  };
  readonly retentionMs: number;
  readonly maxRetries: number;
  readonly maxParks: number;
  readonly receiptTimeoutMs: number;
  readonly clientBurst: number;
  readonly clientPerSecond: number;
  readonly accountBurst: number;
  readonly accountPerSecond: number;
  readonly queuedInputsMax: number;
  readonly keptInputsMax: number;
  readonly debugEndpoints: boolean;
}

/** Keys that all nodes of a chain share, since they decide which inputs its ledger takes; all others are a node's own. */
const sharedKeys: readonly string[] = [
  'namespace',
  'default_target',
  'defaultTarget',
  'freshness_future_ms',
  'freshnessFutureMs',
  'execution_span_ms',
  'executionSpanMs',
];

/** True for a key of the group, in either spelling, that says how one node serves inputs and nothing of the chain. */
export function isOwnBatcherKey(key: string): boolean {
  return !sharedKeys.includes(key);
}

/** What of the group the chain is made of. */
export function sharedBatcherOf(batcher: object): object {
  return Object.fromEntries(Object.entries(batcher).filter(([key]) => !isOwnBatcherKey(key)));
}

/** The group without passwords of its addresses: for whoever prints a configuration. */
export function withoutPassword(file: BatcherFile): BatcherFile {
  const evm = file.evm === null ? null : { ...file.evm, urls: file.evm.urls.map(hideKey) };
  return { ...file, evm, storage: { ...file.storage, url: hidePassword(file.storage.url) } };
}

/** What stands between the user and the host; an address that cannot be read is not shown at all. */
export function hidePassword(url: string): string {
  if (url === '') return '';
  if (!URL.canParse(url)) return '***';
  const parsed = new URL(url);
  if (parsed.password === '' && parsed.search === '') return url;
  parsed.password = parsed.password === '' ? '' : '***';
  parsed.search = '';
  return parsed.href;
}

/** Keys of paid nodes stand in the path of their address, or in its query. */
function hideKey(url: string): string {
  if (!URL.canParse(url)) return '***';
  const { origin, pathname, search, username } = new URL(url);
  return pathname === '/' && search === '' && username === '' ? url : `${origin}/***`;
}

/** @param resolve - Where a path leads that stands at these keys of the group. */
export function toBatcherConfig(
  file: BatcherFile,
  resolve: (path: string, keys: readonly string[]) => string,
): BatcherConfig {
  const { storage } = file;
  return {
    enabled: file.enabled,
    namespace: file.namespace,
    targets: file.targets,
    defaultTarget: file.default_target,
    freshnessPastMs: file.freshness_past_ms,
    freshnessFutureMs: file.freshness_future_ms,
    executionSpanMs: file.execution_span_ms,
    pollingIntervalMs: file.polling_interval_ms,
    confirmationLevel: file.confirmation_level,
    batchingCriteria: Object.fromEntries(
      Object.entries(file.batching_criteria).map(([target, criteria]) => [
        target,
        {
          criteriaType: criteria.criteria_type,
          timeWindowMs: criteria.time_window_ms,
          maxBatchSize: criteria.max_batch_size,
          targetValue: criteria.target_value === undefined ? undefined : BigInt(criteria.target_value),
          valueField: criteria.value_field,
          module:
            criteria.module === undefined
              ? undefined
              : resolve(criteria.module, ['batching_criteria', target, 'module']),
        },
      ]),
    ),
    evm: toEvmOptions(file.evm, resolve),
    storage: {
      type: storage.type,
      path: storage.path === '' ? '' : resolve(storage.path, ['storage', 'path']),
      url: storage.url,
      namespace: storage.namespace,
      timeoutMs: storage.timeout_ms,
    },
    retentionMs: file.retention_ms,
    maxRetries: file.max_retries,
    maxParks: file.max_parks,
    receiptTimeoutMs: file.receipt_timeout_ms,
    clientBurst: file.client_burst,
    clientPerSecond: file.client_per_second,
    accountBurst: file.account_burst,
    accountPerSecond: file.account_per_second,
    queuedInputsMax: file.queued_inputs_max,
    keptInputsMax: file.kept_inputs_max,
    debugEndpoints: file.debug_endpoints,
  };
}

function toEvmOptions(
  evm: BatcherFile['evm'],
  resolve: (path: string, keys: readonly string[]) => string,
): BatcherConfig['evm'] {
  if (evm === null) return undefined;
  return {
    urls: evm.urls,
    chainId: evm.chain_id,
    inboxAddress: evm.inbox_address,
    secretKeyFile: resolve(evm.secret_key_file, ['evm', 'secret_key_file']),
    feePerGasMax: BigInt(evm.fee_per_gas_max),
    gasMax: evm.gas_max,
    batchBytesMax: evm.batch_bytes_max,
    confirmations: evm.confirmations,
    pollIntervalMs: evm.poll_interval_ms,
    bumpAfterMs: evm.bump_after_ms,
    requestTimeoutMs: evm.request_timeout_ms,
  };
}

/** What single keys cannot know. An address may hold a password, so none is shown. */
export function checkBatcher(batcher: BatcherConfig): BrokenRule[] {
  const broken: BrokenRule[] = [];
  const expect = (holds: boolean, keys: readonly string[], message: string): void => {
    if (!holds) broken.push({ paths: [['batcher', ...keys]], message });
  };
  const { targets, defaultTarget, confirmationLevel, batchingCriteria, storage } = batcher;
  const known = `one of batcher.targets (${targets.join(', ')})`;
  const isKnown = (target: string): boolean => (targets as readonly string[]).includes(target);
  expect(isKnown('sidechain'), ['targets'], 'expected sidechain among the targets');
  expect(new Set(targets).size === targets.length, ['targets'], 'expected each target once');
  expect(isKnown(defaultTarget), ['default_target'], `expected ${known}, got \`${defaultTarget}\``);
  for (const target of typeof confirmationLevel === 'string' ? [] : Object.keys(confirmationLevel))
    expect(isKnown(target), ['confirmation_level', target], `expected ${known}, got \`${target}\``);
  for (const [target, criteria] of Object.entries(batchingCriteria)) {
    expect(isKnown(target), ['batching_criteria', target], `expected ${known}, got \`${target}\``);
    for (const [key, message] of findCriteriaProblems(criteria))
      expect(false, ['batching_criteria', target, key], message);
  }
  expect(
    isKnown('evm') === (batcher.evm !== undefined),
    ['evm'],
    'expected options where batcher.targets has evm, and null where it has not',
  );
  if (batcher.evm !== undefined) broken.push(...findEvmProblems(batcher.evm, batcher.namespace));
  const isServer = storage.type === 'postgres' || storage.type === 'redis';
  expect(
    isServer === (storage.url !== ''),
    ['storage', 'url'],
    isServer ? `expected the address of the ${storage.type} server` : `expected none for ${storage.type}`,
  );
  expect(!isServer || storage.path === '', ['storage', 'path'], `expected none for ${storage.type}`);
  expect(
    /^$|^[a-z][a-z0-9_]{0,31}$/.test(storage.namespace),
    ['storage', 'namespace'],
    'expected up to 32 lower-case letters, digits and _, a letter first',
  );
  expect(
    batcher.queuedInputsMax <= batcher.keptInputsMax,
    ['queued_inputs_max'],
    `expected queued_inputs_max <= kept_inputs_max, got ${batcher.queuedInputsMax} and ${batcher.keptInputsMax}`,
  );
  const { freshnessPastMs, freshnessFutureMs, executionSpanMs } = batcher;
  expect(
    executionSpanMs >= freshnessPastMs,
    ['execution_span_ms'],
    `expected execution_span_ms >= freshness_past_ms, got ${executionSpanMs} and ${freshnessPastMs}`,
  );
  const freshness = { pastMs: freshnessPastMs, futureMs: freshnessFutureMs };
  const short = findRetentionProblem(batcher.retentionMs, freshness);
  expect(short === undefined, ['retention_ms'], short ?? '');
  return broken;
}

/** An address of a node may hold a key, so the words of the adapter are what is shown. */
function findEvmProblems(evm: NonNullable<BatcherConfig['evm']>, namespace: string): BrokenRule[] {
  try {
    checkEvmOptions({ ...evm, namespace });
    return [];
  } catch (error) {
    return [{ paths: [['batcher', 'evm']], message: (error as Error).message }];
  }
}

function findRetentionProblem(retentionMs: number, freshness: FreshnessSpan): string | undefined {
  try {
    checkRetention(retentionMs, freshness);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Keys of each type: what it needs, and what it may have beside that. */
const criteriaKeys: Readonly<
  Record<
    CriteriaConfig['criteriaType'],
    { readonly needs: readonly string[]; readonly may: readonly string[] }
  >
> = {
  time: { needs: ['time_window_ms'], may: ['max_batch_size'] },
  size: { needs: ['max_batch_size'], may: [] },
  value: { needs: ['target_value'], may: ['max_batch_size', 'value_field', 'module'] },
  hybrid: { needs: ['time_window_ms', 'max_batch_size'], may: [] },
  custom: { needs: ['module'], may: ['max_batch_size'] },
};

function findCriteriaProblems(criteria: CriteriaConfig): (readonly [string, string])[] {
  const { criteriaType, valueField, module, targetValue } = criteria;
  const given = [
    ['time_window_ms', criteria.timeWindowMs],
    ['max_batch_size', criteria.maxBatchSize],
    ['target_value', targetValue],
    ['value_field', valueField],
    ['module', module],
  ] as const;
  const { needs, may } = criteriaKeys[criteriaType];
  const problems: (readonly [string, string])[] = [];
  for (const [key, value] of given) {
    if (value === undefined && needs.includes(key))
      problems.push([key, `expected a value, since criteria_type is ${criteriaType}`]);
    if (value !== undefined && ![...needs, ...may].includes(key))
      problems.push([key, `expected none, since criteria_type is ${criteriaType}`]);
  }
  if (criteriaType === 'value' && (valueField === undefined) === (module === undefined))
    problems.push(['value_field', 'expected either value_field or module']);
  if (targetValue === 0n) problems.push(['target_value', 'expected an amount above 0']);
  if (module !== undefined && !/^.+#[A-Za-z_$][\w$]*$/.test(module))
    problems.push(['module', 'expected a file and its export, such as ./ready.js#isReady']);
  return problems;
}
