/**
 * What watches a run of either engine, put together alike for both: the event stream, the chronicle, the laws, the
 * expectations and the verdicts, and the result that comes of them. An engine tells them what happened; they reach no node.
 */
import type {
  Hash,
  Height,
  SettlementHeight,
  TimeMs,
  ValidatorIndex,
} from '../../consensus/primitives/flavor.ts';
import type { Verifier } from '../../consensus/primitives/signature.ts';
import type { GenesisState } from '../../settlement/execution/genesisState.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import { Laws } from '../laws/laws.ts';
import { describeAnchor } from '../scenario/anchors.ts';
import type { GenesisParts } from '../scenario/genesis.ts';
import type { Scenario, TimelineEvent } from '../scenario/types.ts';
import type { Absence } from './attendance.ts';
import { Chronicle } from './chronicle.ts';
import { Trace } from './events.ts';
import { ExpectationJudge, type NetworkView } from './expectations.ts';
import { type LedgerView, LedgerWatch } from './ledgerWatch.ts';
import type { BatchResult, MetricsResult, RunResult, WindowResult } from './result.ts';
import type { RunProbe } from './runProbe.ts';
import { Verdicts } from './verdicts.ts';

/** Warnings kept word for word. */
const WARNINGS_MAX = 20;

export interface Watchers {
  readonly trace: Trace;
  readonly chronicle: Chronicle;
  readonly laws: Laws;
  readonly judge: ExpectationJudge;
  readonly verdicts: Verdicts;
}

/** The network of a run, as its engine sees it now. */
export interface WatchedNetwork {
  readonly nowMs: TimeMs;
  /** Height that some node finalised. */
  readonly finalizedHeight: Height;
  readonly settlementHeight: SettlementHeight;
  /** Of the highest final block; undefined before the first. */
  readonly finalizedStateRoot: Hash | undefined;
  /** Height of the highest block that was seen notarised. */
  notarizedHeight(): Height;
  isConverged(): boolean;
  isHalted(node: string | undefined): boolean;
  presenceOf(node: ValidatorIndex, after: SettlementHeight, upTo: SettlementHeight): Absence;
  mayHaveEquivocated(node: ValidatorIndex): boolean;
  hasLied(node: ValidatorIndex): boolean;
  /** Events whose anchor never came. */
  readonly unfiredEvents: readonly TimelineEvent[];
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

export interface WatchersParts {
  readonly scenario: Scenario;
  readonly genesisParts: GenesisParts;
  readonly genesisState: GenesisState;
  readonly verifier: Verifier;
  /** False when the network's own model may break the bounds of progress. */
  readonly isSynchronous: boolean;
  readonly settlementBlockAt: (height: SettlementHeight) => SettlementBlock | undefined;
  /** Takes each line of `events.ndjson`, without its line break. */
  readonly onEvent: ((line: string) => void) | undefined;
  /** Takes every batch and window of a run that has too many for its result. */
  readonly onRecord: ((record: BatchResult | WindowResult) => void) | undefined;
  /** Measures along. */
  readonly probe?: RunProbe | undefined;
}

export function createWatchers(parts: WatchersParts, network: WatchedNetwork): Watchers {
  const { scenario, genesisState, verifier, isSynchronous, settlementBlockAt, onRecord, probe } = parts;
  const { genesis } = parts.genesisParts;
  const nodeNames = genesis.validators.validators.map(({ name }) => name);
  const labels = labelsOf(parts.genesisParts);
  const trace = new Trace({ nodeNames, labelOf: (address) => labels.get(address), onLine: parts.onEvent });
  const ledger = new LedgerWatch(scenario.expectations, parts.genesisParts, genesisState.base);
  const chronicle = new Chronicle({ nodeNames, genesisLayer: genesisState.base, onRecord, probe, ledger });
  const verdicts = new Verdicts(
    { genesis },
    {
      settlementBlockAt,
      presenceOf: (node, after, upTo) => network.presenceOf(node, after, upTo),
      mayHaveEquivocated: (node) => network.mayHaveEquivocated(node),
      hasLied: (node) => network.hasLied(node),
    },
  );
  const laws = new Laws({
    genesis,
    dutyObserver: verdicts,
    verifier,
    genesisLayer: genesisState.base,
    nodeNames,
    historyBlocks: scenario.config.simulation.historyBlocks,
    isSynchronous,
    settlementBlockAt,
  });
  const judge = new ExpectationJudge(scenario.expectations, viewOf(network, chronicle, ledger));
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

function viewOf(network: WatchedNetwork, chronicle: Chronicle, ledger: LedgerView): NetworkView {
  return {
    ledger,
    get finalizedHeight() {
      return network.finalizedHeight;
    },
    get settlementHeight() {
      return network.settlementHeight;
    },
    get pendingBatchCount() {
      return chronicle.pendingBatchCount;
    },
    get confirmedBatchCount() {
      return chronicle.confirmedBatchCount;
    },
    countTransfers: (state) => chronicle.countTransfers(state),
    isConverged: () => network.isConverged(),
    isHalted: (node) => network.isHalted(node),
    countOf: (type, validator) => chronicle.countOf(type, validator),
    metric: (path) => metricAt(chronicle.metrics(network.nowMs, network.finalizedHeight), path),
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

export interface ResultParts {
  readonly scenario: Scenario;
  readonly engine: RunResult['engine'];
  readonly network: WatchedNetwork;
  readonly watchers: Watchers;
  readonly genesisState: GenesisState;
  /** False leaves batches and windows out. */
  readonly withRecords?: boolean | undefined;
  /** By law: what it covers and the engine cannot see. */
  readonly unchecked?: Readonly<Record<string, readonly string[]>>;
}

/** Ends all that watched. Nothing may be told to them afterwards. */
export function buildResult(parts: ResultParts): RunResult {
  const { scenario, engine, network, watchers, genesisState, withRecords = true, unchecked = {} } = parts;
  const { trace, chronicle, laws, judge, verdicts } = watchers;
  const { nowMs, finalizedHeight, errors } = network;
  const expectations = judge.finish(nowMs);
  const lawResults = laws.finish(nowMs).map((law) => {
    const unseen = unchecked[law.name];
    return unseen === undefined ? law : { ...law, unchecked: [...unseen] };
  });
  const records = chronicle.finish(withRecords);
  const ok =
    errors.length === 0 &&
    expectations.every((expectation) => expectation.ok) &&
    lawResults.every(({ violations }) => violations.length === 0);
  return {
    scenario: scenario.name,
    engine,
    seed: scenario.seed,
    virtual_ms: nowMs,
    wall_ms: 0,
    height: network.notarizedHeight(),
    finalized_height: finalizedHeight,
    settlement_height: network.settlementHeight,
    state_root: network.finalizedStateRoot ?? genesisState.stateRoot,
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
    warnings: [...describeUnfired(network.unfiredEvents), ...network.warnings],
    ...(records.truncated ? { truncated: true as const } : {}),
    ok,
  };
}
