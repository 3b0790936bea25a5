/**
 * From a scenario file to a checked `Scenario`, or to everything that is wrong with it. Reads the file, the trace and
 * base-fee trace it names, and nothing else; writes nothing.
 */
import { posix } from 'node:path';
import { readBaseFeeTrace } from '../config/baseFeeTrace.ts';
import { readTextFile, type TextReader } from '../config/configSources.ts';
import { type Located, parseYaml, YAML_BYTES_MAX } from '../config/located.ts';
import { type ParseConfigOptions, parseConfigSources } from '../config/parseConfig.ts';
import { type Checked, limitProblems, type Problem, sortProblems } from '../config/problem.ts';
import type { Config } from '../config/types.ts';
import { readAccounts } from './accountsReader.ts';
import { faultFreeTimeMs, timingOf } from './anchors.ts';
import { ScenarioContext, type ScenarioFiles } from './context.ts';
import { readExpectations } from './expectationReader.ts';
import { checkExpectations } from './expectationRules.ts';
import { checkFaults } from './faultRules.ts';
import { createFunding, type Funding } from './funding.ts';
import { findCause, findImpossible, findWrittenCause, locateCause } from './fundingLimits.ts';
import { writtenFunding } from './genesis.ts';
import { expandLiquidations } from './liquidations.ts';
import { readNetwork } from './networkReader.ts';
import { join, type MapPlace, type Place, Reader } from './reader.ts';
import { checkReality } from './realWorld.ts';
import { readTimeline } from './timelineReader.ts';
import type { Engine, Scenario, TimelineEvent, Workload } from './types.ts';
import { type PlacedWorkload, readWorkload } from './workloadReader.ts';

export interface LoadOptions {
  /** Configuration sources below the scenario's own: a file. */
  readonly below?: readonly Located[];
  /** Configuration sources above it, in order: environment, `--set`. */
  readonly above?: readonly Located[];
  /** Replaces the scenario's seed. */
  readonly seed?: number | undefined;
  /** Replaces the scenario's duration, in ms. */
  readonly durationMs?: number | undefined;
  /** Where it is to run: what that engine cannot do is a problem too. Default: the simulation, which can do everything. */
  readonly engine?: Engine | undefined;
  /** Where the files that it names come from; the disk by default. */
  readonly readText?: TextReader | undefined;
  /** Where paths of the configuration lead (parseConfig.ts). */
  readonly resolvePath?: ParseConfigOptions['resolvePath'];
}

export interface LoadedScenario {
  readonly scenario: Scenario;
  /** What is allowed and yet probably not meant. */
  readonly warnings: readonly Problem[];
}

/** What a scenario runs on after its last event when it names no end. */
const DEFAULT_TAIL_MS = 30_000;
const DEFAULT_PRICE = 100_000_000n;

const rootKeys = [
  'name',
  'seed',
  'duration',
  'blocks',
  'config',
  'network',
  'timeline',
  'workload',
  'auto_fund',
  'accounts',
  'pool_cash',
  'allow_unsafe',
  'expect',
] as const;

/** Problems of a scenario that may be false when these groups of the configuration could not be read. */
const groupsBehind: ReadonlyMap<string, readonly string[]> = new Map([
  ['SCENARIO_NODE_UNKNOWN', ['validators']],
  ['SCENARIO_BYZANTINE_THIRD', ['validators']],
  ['SCENARIO_FAULT_EMPTY', ['validators']],
  ['SCENARIO_REORG_TOO_DEEP', ['settlement']],
  ['SCENARIO_HISTORY_SHORT', ['chain', 'simulation', 'settlement_chain', 'validators']],
  ['SCENARIO_ASSET_UNKNOWN', ['ledger', 'settlement']],
  ['SCENARIO_BATCH_SIZE_INVALID', ['settlement']],
  ['SCENARIO_BLOCK_OVERFULL', ['chain']],
]);

/** Loads a scenario file. */
export function loadScenario(file: string, options: LoadOptions = {}): Checked<LoadedScenario> {
  const text = readTextFile(file, YAML_BYTES_MAX);
  return text.ok ? parseScenario(text.value, file, options) : text;
}

/**
 * Parses a scenario.
 * @param file - Its name: for messages, and the place that trace paths are relative to.
 * @returns The frozen scenario, or every problem in it, its configuration and its traces, in file order.
 */
export function parseScenario(
  text: string,
  file: string,
  options: LoadOptions = {},
): Checked<LoadedScenario> {
  const parsed = parseYaml(text, file);
  if (!parsed.ok) return parsed;
  const root: MapPlace = { value: parsed.value, path: '', keyAt: undefined };
  const reader = new Reader();
  reader.map(root, rootKeys);
  const ownConfig = reader.get(root, 'config');
  const sources = [
    ...(options.below ?? []),
    ...(ownConfig === undefined ? [] : [ownConfig.value]),
    ...(options.above ?? []),
  ];
  const readText = options.readText ?? readTextFile;
  const reading: ParseConfigOptions = {
    readBaseFees: (path, from) => readBaseFeeTrace(path, from, readText),
    resolvePath: options.resolvePath,
  };
  const config = parseConfigSources(sources, reading);
  // With a bad configuration the rest is still read, against its good groups, so that every mistake is listed at once.
  const badGroups = config.ok ? new Set<string>() : new Set(config.problems.map(groupOf));
  const usable = config.ok ? config : parseGoodGroups(sources, badGroups, reading);
  if (!usable.ok) return usable;
  const read = new ScenarioFile(reader, root, usable.value.config, { file, readText }).read(options);
  const problems = config.ok
    ? reader.problems
    : [
        ...config.problems.map((problem) => withPrefix(problem, file)),
        ...reader.problems.filter(
          ({ code }) => !groupsBehind.get(code)?.some((group) => badGroups.has(group)),
        ),
      ];
  if (problems.length > 0 || read === undefined)
    return { ok: false, problems: limitProblems(sortProblems(problems)) };
  return { ok: true, value: read };
}

/** The bandwidth of the network model, if the file names one. */
function bandwidthOf(reader: Reader, network: Place | undefined): Place | undefined {
  return network?.value.kind === 'map'
    ? reader.get({ ...network, value: network.value }, 'bandwidth_mbps')
    : undefined;
}

function groupOf({ path }: Problem): string {
  return path.split('.')[0] ?? '';
}

/** The configuration with the defaults in place of every group that has a problem. */
function parseGoodGroups(
  sources: readonly Located[],
  badGroups: ReadonlySet<string>,
  reading: ParseConfigOptions,
): ReturnType<typeof parseConfigSources> {
  const good = sources.map((source): Located => {
    if (source.kind !== 'map') return source;
    const entries = [...source.entries].filter(([group]) => !badGroups.has(group));
    return { ...source, entries: new Map(entries) };
  });
  const parsed = parseConfigSources(good, reading);
  return parsed.ok ? parsed : parseConfigSources([]);
}

/** Paths of configuration problems in the scenario's own file start at its root. */
function withPrefix(problem: Problem, file: string): Problem {
  return problem.file === file && problem.line !== undefined
    ? { ...problem, path: join('config', problem.path) }
    : problem;
}

/** Reads one file's parts in the order in which they depend on each other. */
class ScenarioFile {
  readonly #reader: Reader;
  readonly #root: MapPlace;
  readonly #files: ScenarioFiles;
  readonly #autoFund: boolean;
  readonly #context: ScenarioContext;

  constructor(reader: Reader, root: MapPlace, config: Config, files: ScenarioFiles) {
    this.#reader = reader;
    this.#root = root;
    this.#files = files;
    this.#autoFund = reader.flag(reader.get(root, 'auto_fund')) ?? true;
    this.#context = new ScenarioContext(reader, config, this.#autoFund, files);
  }

  read({
    seed: seedOverride,
    durationMs: durationOverride,
    engine,
  }: LoadOptions): LoadedScenario | undefined {
    const reader = this.#reader;
    const get = (key: (typeof rootKeys)[number]): Place | undefined => reader.get(this.#root, key);
    const name =
      reader.text(
        get('name'),
        'text of 1 to 200 characters on one line, without control characters',
        /^[^\p{Cc}\u2028\u2029]{1,200}$/u,
      ) ?? posix.basename(this.#files.file).replace(/\.ya?ml$/, '');
    const seed = seedOverride ?? reader.integer(get('seed'), 0) ?? 1;
    const allowUnsafe = reader.flag(get('allow_unsafe')) ?? false;
    const network = readNetwork(reader, get('network'));
    const timeline = readTimeline(this.#context, get('timeline'));
    const trace = readWorkload({ context: this.#context, ...this.#files }, get('workload'));
    const written = readAccounts(this.#context, this.#autoFund, get('accounts'), get('pool_cash'));
    const expectations = readExpectations(this.#context, get('expect'));
    const config = withAssets(this.#context.config, this.#context.newAssets);
    const draft = { config, seed, timeline, workload: trace.workload };
    const writtenMs = this.#readDuration(get('duration'), get('blocks'), draft);
    const durationMs = durationOverride ?? writtenMs;
    this.#checkBlockLoad(timeline, trace, config);
    const parts = { ...draft, durationMs, allowUnsafe, expectations, accounts: written.accounts };
    this.#checkKeys(config);
    checkFaults(this.#context, parts);
    if (engine === 'devnet') checkReality(this.#context, timeline, bandwidthOf(reader, get('network')));
    // A part that could not be read may be what an expectation waits for.
    if (reader.problems.length === 0) checkExpectations(this.#context, parts);
    if (reader.problems.length > 0) return undefined;

    const funding = this.#fund({ ...draft, durationMs }, written, trace);
    const workload = this.#expand(draft, trace, funding);
    if (reader.problems.length > 0) return undefined;
    const scenario: Scenario = {
      name,
      seed,
      durationMs,
      config,
      network,
      allowUnsafe,
      autoFund: this.#autoFund,
      ...(this.#autoFund ? {} : { accounts: written.accounts, poolCash: written.poolCash }),
      timeline,
      workload,
      expectations,
      file: this.#files.file,
    };
    return { scenario: Object.freeze(scenario), warnings: this.#findWarnings(scenario) };
  }

  /** A run signs for everybody, so it must be able to derive every key. */
  #checkKeys({ validators, ledger }: Config): void {
    const named = validators.find(({ publicKey }) => publicKey !== undefined);
    const key =
      named !== undefined ? 'validators' : ledger.oracleKey !== undefined ? 'ledger.oracle_key' : undefined;
    if (key === undefined) return;
    const place = this.#reader.get(this.#root, 'config');
    this.#reader.report(
      place?.keyAt ?? this.#root.value.at,
      `config.${key}`,
      'SCENARIO_KEY_FOREIGN',
      'expected keys that are derived from the seed: a scenario cannot sign with keys that it only knows the public half of',
    );
  }

  #readDuration(
    durationPlace: Place | undefined,
    blocksPlace: Place | undefined,
    draft: Pick<Scenario, 'config' | 'timeline' | 'workload'>,
  ): number {
    const reader = this.#reader;
    const { blockTimeMs } = draft.config.chain;
    if (durationPlace !== undefined && blocksPlace !== undefined) {
      reader.report(
        blocksPlace.keyAt ?? blocksPlace.value.at,
        blocksPlace.path,
        'SCENARIO_KEYS_CONFLICT',
        'expected one of duration and blocks, got both',
      );
    }
    const durationMs = reader.duration(durationPlace);
    if (durationMs !== undefined) return durationMs;
    const blocks = reader.integer(blocksPlace, 1, 1_000_000_000, 'SCENARIO_BLOCK_INVALID');
    // Up to the instant at which the next block would be proposed.
    if (blocks !== undefined) return blocks * blockTimeMs - 1;
    return lastEventMs(draft) + DEFAULT_TAIL_MS;
  }

  /** What is anchored to a block must fit into it, or the run could only fail. */
  #checkBlockLoad(
    timeline: readonly TimelineEvent[],
    { workload, rows, file }: PlacedWorkload,
    config: Config,
  ): void {
    const { blockTransactionsMax } = config.chain;
    const base = workload.type === 'uniform' ? workload.transactionsPerBlock : 0;
    const counts = new Map<number, number>();
    const load = (block: number, count: number, line: number, at: string): void => {
      const before = counts.get(block) ?? base;
      counts.set(block, before + count);
      if ((before > blockTransactionsMax && count > 0) || before + count <= blockTransactionsMax) return;
      const message = `expected at most ${blockTransactionsMax} transactions in block ${block} (chain.block_transactions_max)`;
      this.#reader.problems.push({
        file: at,
        line,
        column: 1,
        path: '',
        code: 'SCENARIO_BLOCK_OVERFULL',
        message,
        hint: undefined,
      });
    };
    if (base > blockTransactionsMax) {
      load(1, 0, this.#root.value.entries.get('workload')?.keyAt.line ?? 1, this.#files.file);
      return;
    }
    for (const { at, transactions, line } of timeline) {
      if ('block' in at) load(at.block, transactions.length, line, this.#files.file);
    }
    if (workload.type !== 'explicit') return;
    for (const [index, { block, transaction }] of workload.transactions.entries()) {
      const count = transaction.operation.type === 'liquidate' ? 3 : 1;
      load(block, count, rows[index]?.line ?? 1, file ?? this.#files.file);
    }
  }

  #fund(
    fundable: Parameters<typeof createFunding>[0],
    written: Pick<Scenario, 'accounts' | 'poolCash'>,
    trace: PlacedWorkload,
  ): Funding {
    const funding = this.#autoFund ? createFunding(fundable) : writtenFunding(written);
    for (const { symbol, message } of findImpossible(fundable.config.ledger.assets, funding)) {
      const cause = this.#autoFund ? findCause(fundable, symbol) : findWrittenCause(funding, symbol);
      const at = locateCause(cause, { file: this.#files.file, root: this.#root.value, trace });
      this.#reader.report(at, '', 'FUNDING_IMPOSSIBLE', message);
    }
    return funding;
  }

  #expand(
    draft: Pick<Scenario, 'config' | 'timeline'>,
    { workload, rows, file }: PlacedWorkload,
    funding: Funding,
  ): Workload {
    if (workload.type !== 'explicit') return workload;
    const { transactions, impossible } = expandLiquidations({
      assets: draft.config.ledger.assets,
      accounts: funding.accounts,
      timeline: draft.timeline,
      rows: workload.transactions,
    });
    for (const index of impossible) {
      const message =
        'no price makes this borrower liquidatable: every debt is covered by a deposit of the same asset';
      this.#reader.problems.push({
        file: file ?? this.#files.file,
        line: rows[index]?.line,
        column: 1,
        path: '',
        code: 'FUNDING_IMPOSSIBLE',
        message,
        hint: undefined,
      });
    }
    return { type: 'explicit', transactions };
  }

  #findWarnings(scenario: Scenario): Problem[] {
    const { timeline, durationMs, config } = scenario;
    const late = timeline
      .filter(({ at }) => !('batch' in at) && faultFreeTimeMs(at, timingOf(config)) > durationMs)
      .map(({ line }) => ({
        file: this.#files.file,
        line,
        column: 1,
        path: '',
        code: 'SCENARIO_EVENT_AFTER_END',
        message: `the run ends at ${durationMs} ms, before this event`,
        hint: 'set a longer duration',
      }));
    return sortProblems([...late, ...this.#findLateRows(scenario)]);
  }

  /** Rows of a trace behind the end of the run are never submitted. */
  #findLateRows({ workload, durationMs, config }: Scenario): Problem[] {
    if (workload.type !== 'explicit') return [];
    const { blockTimeMs } = config.chain;
    const { transactions } = workload;
    const lateCount = transactions.filter(({ block }) => (block - 1) * blockTimeMs > durationMs).length;
    if (lateCount === 0) return [];
    const entry = this.#root.value.entries.get('workload');
    const warning: Problem = {
      ...(entry?.keyAt ?? this.#root.value.at),
      path: 'workload',
      code: 'SCENARIO_EVENT_AFTER_END',
      message: `the run ends at ${durationMs} ms, before ${lateCount} of ${transactions.length} transactions of the workload`,
      hint: 'set a longer duration, or place the rows closer together',
    };
    return [warning];
  }
}

/** The configuration with assets added that only the scenario names: 18 decimals, 1 USD, the usual collateral rules. */
function withAssets(config: Config, symbols: ReadonlySet<string>): Config {
  if (symbols.size === 0) return config;
  const added = [...symbols].sort().map((symbol) => ({
    symbol,
    decimals: 18,
    collateralFactorBps: 7500,
    liquidationThresholdBps: 8000,
    liquidationBonusBps: 500,
    price: DEFAULT_PRICE,
  }));
  return Object.freeze({
    ...config,
    ledger: { ...config.ledger, assets: [...config.ledger.assets, ...added] },
  });
}

/** When the last event or workload block is over in a run without faults. */
function lastEventMs({
  config,
  timeline,
  workload,
}: Pick<Scenario, 'config' | 'timeline' | 'workload'>): number {
  const timing = timingOf(config);
  let lastMs = 0;
  for (const { at, forMs } of timeline) lastMs = Math.max(lastMs, faultFreeTimeMs(at, timing) + (forMs ?? 0));
  if (workload.type === 'explicit') {
    for (const { block } of workload.transactions)
      lastMs = Math.max(lastMs, (block - 1) * timing.blockTimeMs);
  }
  return lastMs;
}
