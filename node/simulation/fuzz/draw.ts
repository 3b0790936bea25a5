/**
 * From a seed to a scenario: topology, rules, network, workload and faults, all within the bound of bounds.ts. Equal
 * seeds give equal scenarios on every machine.
 */
import { Random } from '../../../consensus/primitives/random.ts';
import { parseConfig } from '../../config/parseConfig.ts';
import { formatProblem } from '../../config/problem.ts';
import type { Config } from '../../config/types.ts';
import { describeExpectation } from '../../scenario/describeExpectation.ts';
import type {
  Expectation,
  NetworkModel,
  Scenario,
  ScenarioTransaction,
  TimelineEvent,
  Workload,
} from '../../scenario/types.ts';
import { hasNoEnd, isByzantine, QUIET_MS } from './bounds.ts';
import { drawFault, type FaultKind, type FaultWorld, faultKinds, pick, shuffled } from './faultKinds.ts';

export interface DrawOptions {
  readonly validatorsMin: number;
  readonly validatorsMax: number;
  /** Names of the kinds of fault to draw; undefined: all. */
  readonly kinds?: readonly string[] | undefined;
}

export const defaultDrawOptions: DrawOptions = { validatorsMin: 4, validatorsMax: 7 };

/** Time in which things break, in ms. */
const ACTIVE_MS_MIN = 40_000;
const ACTIVE_MS_MAX = 170_000;
const FAULTS_MAX = 7;
/** Longest fault, in ms; that of an event is cut at the quiet period besides. */
const FAULT_MS_MAX = 60_000;
/** Time between two rounds of requests to leave jail, in ms: about as long as the jails that are drawn. */
const UNJAIL_MS = 30_000;

/** Events in which users hand signed inputs to nodes, and whose they are. */
const INPUT_EVENTS_MAX = 6;
const inputAccounts: readonly [string, ...string[]] = ['alice', 'bob', 'carol'];

/** The scenario of a seed. */
export function drawScenario(seed: number, options: DrawOptions = defaultDrawOptions): Scenario {
  const random = new Random(`fuzz/${seed}`);
  const config = drawConfig(random.fork('config'), options);
  const durationMs = random.between(ACTIVE_MS_MIN / 1000, ACTIVE_MS_MAX / 1000) * 1000 + QUIET_MS;
  const timeline = drawTimeline(random.fork('timeline'), config, durationMs - QUIET_MS, options.kinds);
  const network = drawNetwork(random.fork('network'));
  // A dishonest node may say of itself what it likes, and where links always lose some node is always behind.
  const mustConverge = network.loss === 0 && timeline.every(({ faults }) => !faults.some(isByzantine));
  return {
    name: `fuzz ${seed}`,
    seed,
    durationMs,
    config,
    network,
    allowUnsafe: false,
    autoFund: true,
    timeline: timeline.map((event, index) => ({ ...event, line: index + 1 })),
    workload: drawWorkload(random.fork('workload')),
    expectations: mustConverge ? [convergence] : [],
    file: undefined,
  };
}

const converged = { type: 'final', condition: { type: 'converged', value: true } } as const;
const convergence: Expectation = { ...converged, text: describeExpectation(converged), line: 0 };

function drawConfig(random: Random, { validatorsMin, validatorsMax }: DrawOptions): Config {
  const count = random.between(validatorsMin, validatorsMax);
  const isEqual = random.chance(0.7);
  const parsed = parseConfig({
    validators: Array.from({ length: count }, (_, index) => ({
      name: `node-${index}`,
      stake: isEqual ? 1000 : random.between(1, 50) * 100,
    })),
    settlement: drawSettlementRules(random),
    settlement_chain: {
      phase_ms: pick(random, [0, 0, 1, 999, 2500]),
      ...(random.chance(0.25) ? { background: drawBackground(random) } : {}),
    },
    simulation: {
      ...drawEngine(random),
      // Half the seeds, by a generator of its own: what is drawn besides stays as it was.
      ...(random.fork('crash points').chance(0.5) ? { crash_points: 'within_outputs' } : {}),
    },
  });
  if (!parsed.ok) throw new RangeError(parsed.problems.map(formatProblem).join('\n'));
  return parsed.value.config;
}

function drawSettlementRules(random: Random): Record<string, unknown> {
  const batchSize = random.between(1, 8);
  const rules: Record<string, unknown> = { batch_size: batchSize };
  if (random.chance(0.4)) rules.submission_deadline_blocks = random.between(2, 8);
  // By the size, so that what is drawn besides stays as it was.
  if (random.chance(0.15)) rules.adaptive = batchSize % 2 === 0 ? 'aligned' : 'seed003';
  if (random.chance(0.35)) Object.assign(rules, { jail_after_misses: 1, jail_blocks: random.between(5, 20) });
  if (random.chance(0.2)) rules.open_rescue = true;
  if (random.chance(0.2)) rules.base_asset = 'UM';
  if (random.chance(0.4)) {
    const confirmations = random.between(1, 3);
    rules.origin_confirmations = confirmations;
    // Below that nobody could meet the deadline, and no network may be configured so (node/config/rules.ts).
    const deadline = rules.submission_deadline_blocks;
    if (typeof deadline === 'number')
      rules.submission_deadline_blocks = Math.max(deadline, confirmations + 1);
  }
  return rules;
}

function drawBackground(random: Random): Record<string, unknown> {
  return random.chance(0.5)
    ? { type: 'constant', gas: random.between(0, 8) * 1_000_000 }
    : { type: 'bursts', gas_mean: 3_000_000, burst_probability: 0.05, burst_blocks: 4 };
}

/** Mostly the quick settings, so that seeds are many; the others must give the same anyway. */
function drawEngine(random: Random): Record<string, unknown> {
  return {
    crypto: pick(random, [...Array<string>(40).fill('modelled'), ...Array<string>(9).fill('cached'), 'full']),
    shared_execution: random.chance(0.85),
  };
}

function drawNetwork(random: Random): NetworkModel {
  const latencyMs = pick(random, [1, 5, 50, 50, 50, 120, 200]);
  return {
    latencyMs,
    jitterMs: random.between(0, Math.floor(latencyMs / 2)),
    loss: random.chance(0.15) ? pick(random, [0.01, 0.05, 0.1]) : 0,
    duplicate: random.chance(0.1) ? 0.05 : 0,
    reorder: random.chance(0.1) ? 0.05 : 0,
    bandwidthMbps: pick(random, [100, 100, 100, 10]),
  };
}

function drawWorkload(random: Random): Workload {
  if (random.chance(0.05)) return { type: 'none' };
  return { type: 'uniform', transactionsPerBlock: pick(random, [1, 1, 1, 2, 4]) };
}

function drawTimeline(
  random: Random,
  config: Config,
  activeMs: number,
  names: readonly string[] | undefined,
): TimelineEvent[] {
  const kinds = names === undefined ? faultKinds : faultKinds.filter(({ name }) => names.includes(name));
  const world = createWorld(random, config);
  const events: TimelineEvent[] = [];
  const faultCount = random.chance(0.05) ? 0 : random.between(1, FAULTS_MAX);
  for (let count = 0; count < faultCount; count += 1) events.push(...drawFaultEvents(world, kinds, activeMs));
  events.push(...drawTransactions(random, activeMs));
  events.push(...unjailings(config, world.nodes, activeMs));
  events.push(...drawInputs(random.fork('inputs'), world, activeMs));
  return events;
}

function createWorld(random: Random, config: Config): FaultWorld {
  const total = config.validators.reduce((sum, { stake }) => sum + stake, 0);
  const suspects: string[] = [];
  let power = 0;
  for (const { name, stake } of shuffled(random, config.validators)) {
    if (3 * (power + stake) >= total) continue;
    power += stake;
    suspects.push(name);
  }
  return {
    random,
    nodes: config.validators.map(({ name }) => name),
    suspects,
    originConfirmations: config.settlement.originConfirmations,
    assets: config.ledger.assets
      .map(({ symbol }) => symbol)
      .filter((symbol) => symbol !== config.settlement.baseAsset)
      .slice(0, 2),
  };
}

function drawFaultEvents(world: FaultWorld, kinds: readonly FaultKind[], activeMs: number): TimelineEvent[] {
  const { random } = world;
  const fault = drawFault(world, kinds);
  const timeMs = random.between(0, activeMs / 100 - 2) * 100;
  const forMs = Math.min(random.between(1, FAULT_MS_MAX / 100) * 100, activeMs - timeMs);
  if (fault === undefined) return [];
  const event: TimelineEvent = { at: { timeMs }, forMs, transactions: [], faults: [fault], line: 0 };
  // What a clock was set to lasts, so the network only heals when it is set back.
  if (fault.type === 'clock_step') {
    const back = { ...fault, ms: -fault.ms };
    const backAt = { timeMs: timeMs + forMs };
    return [
      { ...event, forMs: undefined },
      { ...event, at: backAt, forMs: undefined, faults: [back] },
    ];
  }
  // A bad disk shows when a process starts again on it.
  if (fault.type === 'disk') {
    const crashMs = timeMs + random.between(0, forMs / 100 - 1) * 100;
    const lose = pick(random, ['unsynced', 'unsynced', 'none'] as const);
    const faults = [{ type: 'crash', node: fault.node, lose } as const];
    const downMs = Math.min(random.between(1, 200) * 100, activeMs - crashMs);
    return [event, { ...event, at: { timeMs: crashMs }, forMs: downMs, faults }];
  }
  if (hasNoEnd(fault)) return [{ ...event, forMs: undefined }];
  if (isByzantine(fault) && random.chance(0.3)) return [{ ...event, forMs: undefined }];
  return [event];
}

function drawTransactions(random: Random, activeMs: number): TimelineEvent[] {
  const operations: ScenarioTransaction['operation'][] = [];
  if (random.chance(0.15)) operations.push({ type: 'settle_now' });
  if (random.chance(0.15)) operations.push({ type: 'set_batch_size', batchSize: random.between(1, 8) });
  return operations.map((operation) => eventOf(random.between(0, activeMs / 100) * 100, [operation]));
}

/** Half the seeds, by a generator of its own: what is drawn besides stays as it was. */
function drawInputs(
  random: Random,
  { nodes, assets }: Pick<FaultWorld, 'nodes' | 'assets'>,
  activeMs: number,
): readonly TimelineEvent[] {
  const count = random.chance(0.5) ? random.between(1, INPUT_EVENTS_MAX) : 0;
  return Array.from({ length: count }, () => {
    const account = pick(random, inputAccounts);
    const to = pick(random, inputAccounts);
    const asset = pick(random, assets);
    const amount = BigInt(random.between(1, 1000));
    const operation =
      to === account
        ? ({ type: 'borrow', asset, amount } as const)
        : ({ type: 'transfer', to, asset, amount } as const);
    return {
      ...eventOf(random.between(0, activeMs / 100) * 100, []),
      transactions: [{ account, operation }],
      inputsTo: shuffled(random, nodes).slice(0, random.between(1, nodes.length)),
    };
  });
}

/** Where jails are soon full and short, everybody asks to be let out again and again; whoever is in none is told so. */
function unjailings(
  { settlement }: Config,
  nodes: readonly string[],
  activeMs: number,
): readonly TimelineEvent[] {
  const events: TimelineEvent[] = [];
  if (settlement.jailAfterMisses > 1) return events;
  for (let timeMs = UNJAIL_MS; timeMs <= activeMs + UNJAIL_MS; timeMs += UNJAIL_MS) {
    events.push(
      eventOf(
        timeMs,
        nodes.map((validator) => ({ type: 'unjail', validator })),
      ),
    );
  }
  return events;
}

function eventOf(timeMs: number, operations: readonly ScenarioTransaction['operation'][]): TimelineEvent {
  return {
    at: { timeMs },
    forMs: undefined,
    transactions: operations.map((operation) => ({ account: undefined, operation })),
    faults: [],
    line: 0,
  };
}
