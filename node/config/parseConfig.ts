/**
 * From sources to the effective configuration: merged in order, checked whole, all problems at once, nothing repaired,
 * frozen. Reads no file but a base-fee trace, through the reader it is given.
 */
import type { z } from 'zod';
import { toAutoBatchConfig } from './autoBatchConfig.ts';
import { toBatcherConfig } from './batcherConfig.ts';
import type { ConfigCode } from './codes.ts';
import {
  type Located,
  type LocatedMap,
  locatePlain,
  mergeLocated,
  positionAt,
  toPlain,
  valueAt,
} from './located.ts';
import {
  type Checked,
  findNearest,
  limitProblems,
  type Position,
  type Problem,
  SUGGESTIONS_MAX,
  showValue,
  sortProblems,
  suggest,
} from './problem.ts';
import { readTrust } from './proofTrust.ts';
import { findBrokenRules } from './rules.ts';
import { type ConfigFile, configSchema, knownKeys, listGroups } from './schema.ts';
import type { Config } from './types.ts';

export interface ParsedConfig {
  readonly config: Config;
  /** The same in the file's spelling, defaults filled in: what `sidereal config --print` shows. */
  readonly file: ConfigFile;
}

export interface ParseConfigOptions {
  /**
   * Reads the base fees of a trace.
   * @param path - As written, relative to `from`.
   * @param from - File that names it.
   */
  readonly readBaseFees?: (path: string, from: string) => Checked<readonly bigint[]>;
  /**
   * Where a path of the input pipeline leads. Undefined: it stays as it is written.
   * @param from - File that names it; undefined: an option or a variable does.
   */
  readonly resolvePath?: ((path: string, from: string | undefined) => string) | undefined;
}

const DEFAULT_FEE_CAP_FACTOR = 1000n;

/**
 * Checks one plain value as a configuration.
 * @returns The effective configuration, or every problem as `path: expected X, got Y`.
 */
export function parseConfig(value: unknown, options: ParseConfigOptions = {}): Checked<ParsedConfig> {
  const at: Position = { file: 'config', line: undefined, column: undefined };
  return parseConfigSources([locatePlain(value ?? {}, at)], options);
}

/**
 * Merges sources, later over earlier, and checks the result.
 * @param sources - In order: file, scenario, environment, `--set`; defaults come first by themselves.
 */
export function parseConfigSources(
  sources: readonly Located[],
  options: ParseConfigOptions = {},
): Checked<ParsedConfig> {
  const empty: LocatedMap = {
    kind: 'map',
    at: { file: 'config', line: undefined, column: undefined },
    entries: new Map(),
  };
  const notMap = sources.find((source) => source.kind !== 'map');
  if (notMap !== undefined) {
    const message = `expected a map of keys, got ${showValue(toPlain(notMap))}`;
    return {
      ok: false,
      problems: [{ ...notMap.at, path: '', code: 'CONFIG_VALUE_INVALID', message, hint: undefined }],
    };
  }
  const merged = sources.reduce<Located>(mergeLocated, empty);
  const parsed = configSchema.safeParse(toPlain(merged));
  if (parsed.success) return checkParsed(parsed.data, merged, options, []);
  const budget: SuggestionBudget = { left: SUGGESTIONS_MAX };
  const problems = parsed.error.issues.flatMap((issue) => toProblems(issue, [], merged, budget));
  // What is left once the wrong keys are taken away is checked as well, so that one run names everything.
  const wrong = problems.map(({ path }) => path.split('.').slice(0, 2));
  const rest = configSchema.safeParse(toPlain(withoutPaths(merged, wrong)));
  return rest.success
    ? checkParsed(rest.data, merged, options, problems)
    : { ok: false, problems: limitProblems(sortProblems(problems)) };
}

/** How many more unknown keys get a suggestion. */
interface SuggestionBudget {
  left: number;
}

/** Features, rules over several keys, and the translation. `known` are problems found before; they stay. */
function checkParsed(
  file: ConfigFile,
  merged: Located,
  options: ParseConfigOptions,
  known: readonly Problem[],
): Checked<ParsedConfig> {
  const problems = [...known];
  const isMended = (path: readonly PropertyKey[]): boolean =>
    known.some((problem) =>
      problem.path
        .split('.')
        .slice(0, 2)
        .every((key, index) => key === String(path[index])),
    );
  problems.push(...findUnavailable(file, merged));
  const baseFees = readBackgroundTrace(file, merged, options, problems);
  const resolve = (path: string, keys: readonly string[]): string => {
    const at = positionAt(merged, ['batcher', ...keys]);
    return options.resolvePath?.(path, at.line === undefined ? undefined : at.file) ?? path;
  };
  const config = toConfig(file, baseFees, resolve);
  for (const rule of findBrokenRules(file, config)) {
    if (rule.paths.some(isMended)) continue;
    const path =
      rule.paths.find((candidate) => valueAt(merged, candidate) !== undefined) ?? rule.paths[0] ?? [];
    problems.push(problemAt(merged, path, 'CONFIG_RULE_BROKEN', rule.message, rule.hint));
  }
  if (problems.length > 0) return { ok: false, problems: limitProblems(sortProblems(problems)) };
  return { ok: true, value: { config: deepFreeze(config), file } };
}

/** The tree without the values at these paths of one or two keys. */
function withoutPaths(root: Located, paths: readonly (readonly string[])[]): Located {
  if (root.kind !== 'map') return root;
  const entries = new Map(root.entries);
  const inner = new Map<string, string[][]>();
  for (const [first = '', ...rest] of paths) {
    if (rest.length === 0 || entries.get(first)?.value.kind !== 'map') entries.delete(first);
    else
      inner
        .set(first, inner.get(first) ?? [])
        .get(first)
        ?.push(rest);
  }
  for (const [first, rests] of inner) {
    const entry = entries.get(first);
    if (entry !== undefined)
      entries.set(first, { keyAt: entry.keyAt, value: withoutPaths(entry.value, rests) });
  }
  return { kind: 'map', at: root.at, entries };
}

function problemAt(
  root: Located,
  path: readonly PropertyKey[],
  code: ConfigCode,
  message: string,
  hint?: string,
  wantKey = false,
): Problem {
  return { ...positionAt(root, path, wantKey), path: path.map(String).join('.'), code, message, hint };
}

/** One issue of the schema as problems; a union's issue becomes that of the form which was meant. */
function toProblems(
  issue: z.core.$ZodIssue,
  prefix: readonly PropertyKey[],
  root: Located,
  budget: SuggestionBudget,
): Problem[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const keyPath = [...path, key];
      budget.left -= 1;
      const hint = budget.left < 0 ? undefined : suggestKey(key, path);
      return problemAt(root, keyPath, 'CONFIG_KEY_UNKNOWN', 'unknown key', hint, true);
    });
  }
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find((issues) => isForm(issues));
    const isStructured = valueAt(root, path)?.kind !== 'scalar';
    if (isStructured && meant !== undefined)
      return meant.flatMap((inner) => toProblems(inner, path, root, budget));
  }
  const found = valueAt(root, path);
  const got = showValue(found === undefined ? undefined : toPlain(found));
  const hint =
    found?.kind === 'scalar' && typeof found.value === 'bigint'
      ? `write it in quotes: "${found.value}"`
      : undefined;
  return [problemAt(root, path, 'CONFIG_VALUE_INVALID', `expected ${issue.message}, got ${got}`, hint)];
}

/** True when these are the issues of a form that the value was meant to have: its kind fits, and its `type` if any. */
function isForm(issues: readonly z.core.$ZodIssue[]): boolean {
  const otherKinds = ['invalid_type', 'invalid_value', 'invalid_union'];
  return issues.every(
    ({ path, code }) => path[0] !== 'type' && (path.length > 0 || !otherKinds.includes(code)),
  );
}

/** The nearest key of the same map; else the group in which the key exists. */
function suggestKey(key: string, path: readonly PropertyKey[]): string | undefined {
  const here = knownKeys(path);
  if (findNearest(key, here) !== undefined) return suggest(key, here);
  const elsewhere = listGroups().filter((group) => group.fields.some((field) => field.path[1] === key));
  if (elsewhere.length > 0)
    return `\`${key}\` belongs to ${elsewhere.map((group) => `\`${group.key}\``).join(', ')}`;
  return suggest(key, here);
}

/** Keys of features that this version lacks, at anything but their default. */
function findUnavailable(file: ConfigFile, root: Located): Problem[] {
  const problems: Problem[] = [];
  for (const { fields } of listGroups()) {
    for (const { path, feature, defaultValue } of fields) {
      if (feature === undefined) continue;
      const [group, key] = path;
      const holder = (file as unknown as Record<string, Record<string, unknown>>)[group];
      const value = key === undefined ? holder : holder?.[key];
      if (JSON.stringify(value) === JSON.stringify(defaultValue)) continue;
      if (String(value) === String(defaultValue) && !Array.isArray(value)) continue;
      const message = `expected ${JSON.stringify(defaultValue)}, got ${showValue(value)}: needs ${feature}, which this version does not have`;
      problems.push(problemAt(root, path, 'NOT_AVAILABLE_YET', message));
    }
  }
  return problems;
}

function readBackgroundTrace(
  file: ConfigFile,
  root: Located,
  options: ParseConfigOptions,
  problems: Problem[],
): readonly bigint[] {
  const { background } = file.settlement_chain;
  if (typeof background === 'string' || background.type !== 'trace') return [];
  const path = ['settlement_chain', 'background'];
  if ((background.file === undefined) === (background.base_fees === undefined)) {
    problems.push(
      problemAt(root, path, 'CONFIG_VALUE_INVALID', 'expected exactly one of file and base_fees'),
    );
    return [];
  }
  if (background.file === undefined) return (background.base_fees ?? []).map(BigInt);
  const at = positionAt(root, [...path, 'file']);
  const read = options.readBaseFees?.(background.file, at.file);
  if (read === undefined) {
    const hint = 'give base_fees, or load the configuration from a file';
    problems.push(problemAt(root, [...path, 'file'], 'FILE_UNREADABLE', 'no file can be read here', hint));
    return [];
  }
  if (read.ok) return read.value;
  problems.push(
    ...read.problems.map((problem) => ({ ...problem, ...(problem.line === undefined ? at : {}) })),
  );
  return [];
}

/** The parsed file in the program's spelling, `null` rules worked out. */
function toConfig(
  file: ConfigFile,
  baseFees: readonly bigint[],
  resolve: Parameters<typeof toBatcherConfig>[1],
): Config {
  const { chain, consensus, settlement, settlement_chain: settlementChain, ledger, simulation, log } = file;
  const { node, p2p, api, storage, atomic_batches: atomicBatches } = file;
  const baseFeeInitial = BigInt(settlementChain.base_fee_initial);
  return {
    chain: {
      id: chain.id,
      blockTimeMs: chain.block_time_ms,
      blockTransactionsMax: chain.block_transactions_max,
      blockBytesMax: chain.block_bytes_max,
      genesisMs: chain.genesis_ms ?? undefined,
    },
    validators: toValidators(file.validators),
    consensus: {
      deltaMs: consensus.delta_ms,
      inactiveViews: consensus.inactive_views,
      certificates: 'ed25519',
    },
    settlement: {
      batchSize: settlement.batch_size,
      batchSizeMin: settlement.batch_size_min,
      batchSizeMax: settlement.batch_size_max,
      adaptive: settlement.adaptive,
      congestedBaseFee: BigInt(settlement.congested_base_fee),
      exposureMax: toAmounts(settlement.exposure_max),
      sealLeadMs: settlement.seal_lead_ms,
      baseAsset: settlement.base_asset,
      stakeAsset: settlement.stake_asset,
      slippageBps: settlement.slippage_bps,
      submissionDeadlineBlocks: settlement.submission_deadline_blocks,
      resubmitAfterBlocks: settlement.resubmit_after_blocks,
      feeCap:
        settlement.fee_cap === null ? DEFAULT_FEE_CAP_FACTOR * baseFeeInitial : BigInt(settlement.fee_cap),
      tip: BigInt(settlement.tip),
      maxAttempts: settlement.max_attempts,
      originConfirmations: settlement.origin_confirmations,
      originDelayMs: settlement.origin_delay_ms ?? Math.floor(chain.block_time_ms / 2),
      originLagMax: settlement.origin_lag_max,
      openRescue: settlement.open_rescue,
      missedSlashBps: settlement.missed_slash_bps,
      equivocationSlashBps: settlement.equivocation_slash_bps,
      jailAfterMisses: settlement.jail_after_misses,
      jailWindow: settlement.jail_window,
      jailBlocks: settlement.jail_blocks,
      settlementGasReserve: settlement.settlement_gas_reserve,
      operatorKeys: settlement.operator_keys,
    },
    settlementChain: {
      kind: 'mock',
      urls: settlementChain.urls,
      seed: settlementChain.seed ?? undefined,
      blockTimeMs: settlementChain.block_time_ms,
      phaseMs: settlementChain.phase_ms,
      gasLimit: settlementChain.gas_limit,
      baseFeeInitial,
      background: toBackground(settlementChain.background, baseFees),
      pools: settlementChain.pools?.map((pool) => ({
        asset: pool.asset,
        assetReserve: BigInt(pool.asset_reserve),
        baseReserve: BigInt(pool.base_reserve),
      })),
      treasury: settlementChain.treasury === null ? undefined : toAmounts(settlementChain.treasury),
      bridgeLiquidity:
        settlementChain.bridge_liquidity === null ? undefined : toAmounts(settlementChain.bridge_liquidity),
    },
    ledger: {
      assets: ledger.assets.map(toAsset),
      accounts: ledger.accounts.map(({ address, label, balances, deposits, debts }) => ({
        address,
        label: label ?? address,
        balances: toAmounts(balances),
        deposits: toAmounts(deposits),
        debts: toAmounts(debts),
      })),
      poolCash: toAmounts(ledger.pool_cash),
      oracleKey: ledger.oracle_key === '' ? undefined : ledger.oracle_key,
      closeFactorBps: ledger.close_factor_bps,
      treasuryKeepers: ledger.treasury_keepers,
      treasuryThreshold: ledger.treasury_threshold,
      treasuryTimeoutBlocks: ledger.treasury_timeout_blocks,
      networkFeeBps: ledger.network_fee_bps,
      feeVotingPeriodMs: ledger.fee_voting_period_ms,
      feeActivationDelayMs: ledger.fee_activation_delay_ms,
      feeQuorumBps: ledger.fee_quorum_bps,
      feePassThresholdBps: ledger.fee_pass_threshold_bps,
      feeMin: BigInt(ledger.fee_min),
      flushIntervalBlocks: ledger.flush_interval_blocks,
    },
    atomicBatches: {
      requestsMax: atomicBatches.requests_max,
      valueMax: BigInt(atomicBatches.value_max),
      valueMaxByAsset: toAmounts(atomicBatches.value_max_by_asset),
      accountsMax: atomicBatches.accounts_max,
      timeoutBlocks: atomicBatches.timeout_blocks,
      gasMax: atomicBatches.gas_max,
      channelDisputeMs: atomicBatches.channel_dispute_ms,
      requiredProofs: atomicBatches.required_proofs.map(({ payer, asset, kinds, signers, threshold }) => ({
        payer,
        asset,
        kinds,
        signers,
        threshold,
      })),
      ...readTrust(atomicBatches).trust,
      proofGenesisMs: atomicBatches.proof_genesis_ms ?? undefined,
    },
    batcher: toBatcherConfig(file.batcher, resolve),
    autoBatch: toAutoBatchConfig(file.auto_batch),
    node: { name: node.name, keyFile: node.key_file, operatorKeyFile: node.operator_key_file },
    p2p: { listen: p2p.listen, bootstrap: p2p.bootstrap, messageBytesMax: p2p.message_bytes_max },
    api: { host: api.host, port: api.port, adminToken: api.admin_token },
    storage: { path: storage.path, recordInputs: storage.record_inputs },
    simulation: {
      crypto: simulation.crypto,
      sharedExecution: simulation.shared_execution,
      historyBlocks: simulation.history_blocks,
      crashPoints: simulation.crash_points,
    },
    log: { level: log.level, format: log.format, file: log.file },
  };
}

function toValidators(validators: ConfigFile['validators']): Config['validators'] {
  if ('count' in validators) {
    return Array.from({ length: validators.count }, (_, index) => ({
      name: `node-${index}`,
      stake: validators.stake,
      publicKey: undefined,
    }));
  }
  return validators.map(({ name, stake, public_key: publicKey }) => ({ name, stake, publicKey }));
}

function toAmounts(amounts: Readonly<Record<string, string | number>>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(amounts).map(([symbol, amount]) => [symbol, BigInt(amount)]));
}

function toAsset(asset: ConfigFile['ledger']['assets'][number]): Config['ledger']['assets'][number] {
  return {
    symbol: asset.symbol,
    decimals: asset.decimals,
    collateralFactorBps: asset.collateral_factor_bps,
    liquidationThresholdBps: asset.liquidation_threshold_bps,
    liquidationBonusBps: asset.liquidation_bonus_bps,
    price: BigInt(asset.price),
  };
}

function toBackground(
  background: ConfigFile['settlement_chain']['background'],
  baseFees: readonly bigint[],
): Config['settlementChain']['background'] {
  if (typeof background === 'string') return { type: 'none' };
  switch (background.type) {
    case 'none':
      return { type: 'none' };
    case 'constant':
      return { type: 'constant', gas: background.gas };
    case 'bursts':
      return {
        type: 'bursts',
        gasMean: background.gas_mean,
        burstProbability: background.burst_probability,
        burstBlocks: background.burst_blocks,
      };
    case 'trace':
      return { type: 'trace', baseFees };
  }
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}
