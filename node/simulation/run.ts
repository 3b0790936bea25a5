/**
 * Runs one scenario in the simulation, from genesis to result. Synchronous, and a function of the scenario alone: the
 * clock that times it is handed in and reaches nothing but `wall_ms`.
 */
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { Random } from '../../consensus/primitives/random.ts';
import type { Crypto, Signer } from '../../consensus/primitives/signature.ts';
import { DoubleSettlementWatch } from '../../settlement/chain/doubleSettlementWatch.ts';
import type { MockSettlementChain } from '../../settlement/chain/mockChain.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { createGenesisState, type GenesisState } from '../../settlement/execution/genesisState.ts';
import type { FinalityObserver } from '../core/ports.ts';
import { Laws } from '../laws/laws.ts';
import { Chronicle } from '../report/chronicle.ts';
import { Trace } from '../report/events.ts';
import { ExpectationJudge, type NetworkView } from '../report/expectations.ts';
import type { BatchResult, MetricsResult, RunResult, WindowResult } from '../report/result.ts';
import { Verdicts } from '../report/verdicts.ts';
import { describeAnchor } from '../scenario/anchors.ts';
import { createGenesis, type GenesisParts } from '../scenario/genesis.ts';
import { createSettlementChain } from '../scenario/settlementChain.ts';
import { TransactionFeed } from '../scenario/timeline.ts';
import type { Scenario, TimelineEvent } from '../scenario/types.ts';
import { createNodeFactory } from './machine/nodeFactory.ts';
import { Links } from './network/links.ts';
import { InputRecorder, type InputSink } from './replay/inputLog.ts';
import { SharedExecutions, SharedGoodItems, SharedMessages } from './sharedCaches.ts';
import { Simulation, type Watchers } from './simulation.ts';

/** Settlement blocks kept for nodes that come back: almost a day of them at the default interval. */
const SETTLEMENT_HISTORY_BLOCKS = 16_384;
/** Settlement blocks kept where no fault ever takes a node away: more than an hour of them. */
const SETTLEMENT_HISTORY_BLOCKS_QUIET = 1024;

/** Warnings kept word for word. */
const WARNINGS_MAX = 20;

export interface RunOptions {
  /** Takes each line of `events.ndjson`, without its line break. */
  readonly onEvent?: (line: string) => void;
  /** Takes every batch and window of a run that has too many for its result. */
  readonly onRecord?: (record: BatchResult | WindowResult) => void;
  /** Called every now and then with the virtual time reached, in ms. */
  readonly onProgress?: (virtualMs: number) => void;
  /** Takes the log of what the nodes took in, for replays. Recording costs time and space, so only who asks pays. */
  readonly inputs?: InputSink;
  /** Host time in ms, for `wall_ms` alone. */
  readonly clock?: () => number;
}

/** Result of a run, and what a benchmark wants to know besides. */
export interface SimulationRun {
  readonly result: RunResult;
  /** Events of virtual time that happened. */
  readonly eventCount: number;
}

/** Runs a scenario to its end. */
export function runSimulation(scenario: Scenario, options: RunOptions = {}): RunResult {
  return runCounted(scenario, options).result;
}

/** Like `runSimulation`, with the number of events. */
export function runCounted(scenario: Scenario, options: RunOptions = {}): SimulationRun {
  const startedMs = options.clock?.() ?? 0;
  const world = createWorld(scenario, options);
  const { simulation } = world;
  simulation.run(scenario.durationMs, options.onProgress);
  world.recorder?.finish();
  const result = buildResult(scenario, world);
  const wallMs = options.clock === undefined ? 0 : Math.max(0, options.clock() - startedMs);
  return { result: { ...result, wall_ms: wallMs }, eventCount: simulation.eventCount };
}

interface World {
  readonly simulation: Simulation;
  readonly watchers: Watchers;
  readonly genesisState: GenesisState;
  readonly recorder: InputRecorder | undefined;
}

function createWorld(scenario: Scenario, options: RunOptions): World {
  const { config, seed } = scenario;
  const random = new Random(seed);
  const crypto = createCrypto(config.simulation.crypto);
  const parts = createGenesis(scenario);
  const { genesis } = parts;
  const { chainId, validators } = genesis;
  const hasFaults = scenario.timeline.some(({ faults }) => faults.length > 0);
  const chain = createSettlementChain(scenario, {
    chainId,
    validators,
    verifier: crypto,
    historyBlocks: hasFaults ? SETTLEMENT_HISTORY_BLOCKS : SETTLEMENT_HISTORY_BLOCKS_QUIET,
    reorgDepthMax: reorgDepthMaxOf(scenario),
  });
  const genesisState = createGenesisState(genesis);
  const links = new Links(
    { model: scenario.network, nodeCount: genesis.validators.count },
    { random: random.fork('network') },
  );
  const isShared = config.simulation.sharedExecution;
  const messages = isShared ? new SharedMessages() : undefined;
  // `full` means that every node checks every signature.
  const goodItems = isShared && crypto.policy !== 'full' ? new SharedGoodItems() : undefined;
  const signers = parts.validators.map(({ secretKey }) => crypto.createSigner(secretKey));
  const signerOf = (index: ValidatorIndex): Signer => {
    const signer = signers[index];
    if (signer === undefined) throw new RangeError(`no validator ${index}`);
    return signer;
  };
  const recorder = options.inputs === undefined ? undefined : new InputRecorder(scenario, options.inputs);
  const createNode = createNodeFactory(scenario, genesis, crypto, {
    signerOf,
    executions: isShared ? new SharedExecutions() : undefined,
    messages,
    goodItems,
  });
  const createProcess =
    recorder === undefined
      ? createNode
      : (index: ValidatorIndex, observer: FinalityObserver | undefined) =>
          recorder.record(index, createNode(index, observer));
  const simulation = new Simulation(
    {
      validators: genesis.validators,
      blockTimeMs: genesis.blockTimeMs,
      blockBytesMax: genesis.blockBytesMax,
      deltaMs: config.consensus.deltaMs,
      crashPoints: config.simulation.crashPoints,
      settlementBlockTimeMs: config.settlementChain.blockTimeMs,
      settlementPhaseMs: config.settlementChain.phaseMs,
      timeline: scenario.timeline,
    },
    {
      links,
      chain,
      doubleSettlements: new DoubleSettlementWatch(genesis, { verifier: crypto }),
      random,
      transactions: new TransactionFeed(scenario, parts, crypto, (signed) => {
        messages?.set(signed.bytes, signed);
        goodItems?.add(signed);
      }),
      messages,
      createProcess,
      dishonesty: {
        genesis,
        random: random.fork('byzantine'),
        isUnsafe: scenario.allowUnsafe,
        signerOf,
        createProcess,
      },
      createWatchers: (view) =>
        createWatchers(scenario, parts, { genesis, genesisState, chain, links, crypto }, view, options),
    },
  );
  return { simulation, watchers: simulation.watchers, genesisState, recorder };
}

/** The deepest reorganisation that the timeline asks for, in settlement-chain blocks. */
function reorgDepthMaxOf({ timeline }: Scenario): number {
  let depthMax = 0;
  for (const { faults } of timeline) {
    for (const fault of faults) {
      if (fault.type === 'settlement_chain' && fault.kind === 'reorg')
        depthMax = Math.max(depthMax, fault.depth);
    }
  }
  return depthMax;
}

function createWatchers(
  scenario: Scenario,
  parts: GenesisParts,
  world: {
    readonly genesis: Genesis;
    readonly genesisState: GenesisState;
    readonly chain: MockSettlementChain;
    readonly links: Links;
    readonly crypto: Crypto;
  },
  simulation: Simulation,
  options: RunOptions,
): Watchers {
  const { genesis, genesisState, chain, links, crypto } = world;
  const nodeNames = genesis.validators.validators.map(({ name }) => name);
  const labels = labelsOf(parts);
  const trace = new Trace({ nodeNames, labelOf: (address) => labels.get(address), onLine: options.onEvent });
  const chronicle = new Chronicle({ nodeNames, genesisLayer: genesisState.base, onRecord: options.onRecord });
  const verdicts = new Verdicts(
    { genesis },
    {
      settlementBlockAt: (height) => chain.blockAt(height),
      presenceOf: (node, after, upTo) => simulation.presenceOf(node, after, upTo),
      mayHaveEquivocated: (node) => simulation.mayHaveEquivocated(node),
      hasLied: (node) => simulation.hasLied(node),
    },
  );
  const laws = new Laws({
    genesis,
    dutyObserver: verdicts,
    verifier: crypto,
    genesisLayer: genesisState.base,
    nodeNames,
    historyBlocks: scenario.config.simulation.historyBlocks,
    isSynchronous: links.isTimely(0, links.chain, genesis.blockBytesMax, scenario.config.consensus.deltaMs),
    settlementBlockAt: (height) => chain.blockAt(height),
  });
  const judge = new ExpectationJudge(scenario.expectations, viewOf(simulation, chronicle));
  return { trace, chronicle, laws, judge, verdicts };
}

/** What events call an account: its label where the scenario names it, else what it is. */
function labelsOf({ accounts, validators, operator }: GenesisParts): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  if (operator !== undefined) labels.set(operator.address, 'operator');
  for (const { name, address } of validators) labels.set(address, name);
  for (const [label, { address }] of accounts) labels.set(address, label);
  return labels;
}

function viewOf(simulation: Simulation, chronicle: Chronicle): NetworkView {
  return {
    get finalizedHeight() {
      return simulation.finalizedHeight;
    },
    get settlementHeight() {
      return simulation.settlementHeight;
    },
    get pendingBatchCount() {
      return chronicle.pendingBatchCount;
    },
    get confirmedBatchCount() {
      return chronicle.confirmedBatchCount;
    },
    isConverged: () => simulation.isConverged(),
    isHalted: (node) => simulation.isHalted(node),
    countOf: (type, validator) => chronicle.countOf(type, validator),
    metric: (path) => metricAt(chronicle.metrics(simulation.nowMs, simulation.finalizedHeight), path),
    batch: (seq) => chronicle.batch(seq),
    confirmedAtMs: (seq) => chronicle.confirmedAtMs(seq),
  };
}

/** A number by its path, such as `settlement_latency_ms.p99` or `max_exposure.UM`. */
function metricAt(metrics: MetricsResult, path: string): number | undefined {
  let value: unknown = metrics;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Timeline events that never happened, in words. */
function describeUnfired(events: readonly TimelineEvent[]): string[] {
  const warnings = events
    .slice(0, WARNINGS_MAX)
    .map(({ at, line }) => `the event of line ${line} (${describeAnchor(at)}) never happened`);
  if (events.length > WARNINGS_MAX) warnings.push(`and ${events.length - WARNINGS_MAX} more`);
  return warnings;
}

function buildResult(scenario: Scenario, { simulation, watchers, genesisState }: World): RunResult {
  const { trace, chronicle, laws, judge, verdicts } = watchers;
  const { nowMs, finalizedHeight, errors } = simulation;
  const expectations = judge.finish(nowMs);
  const lawResults = laws.finish(nowMs);
  const records = chronicle.finish();
  const ok =
    errors.length === 0 &&
    expectations.every((expectation) => expectation.ok) &&
    lawResults.every(({ violations }) => violations.length === 0);
  return {
    scenario: scenario.name,
    engine: 'simulation',
    seed: scenario.seed,
    virtual_ms: nowMs,
    wall_ms: 0,
    height: simulation.notarizedHeight(),
    finalized_height: finalizedHeight,
    settlement_height: simulation.settlementHeight,
    state_root: simulation.finalizedStateRoot ?? genesisState.stateRoot,
    trace_hash: trace.finish(),
    batches: records.batches,
    windows: records.windows,
    slashes: records.slashes,
    validators: chronicle.validators(),
    verdicts: verdicts.report(),
    transactions: chronicle.transactions(),
    metrics: chronicle.metrics(nowMs, finalizedHeight),
    laws: lawResults,
    expectations,
    errors: [...errors],
    warnings: [...describeUnfired(simulation.unfiredEvents), ...simulation.warnings],
    ...(records.truncated ? { truncated: true as const } : {}),
    ok,
  };
}
