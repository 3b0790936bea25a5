/**
 * What a scenario's faults may do together, checked before the run: who is dishonest, how deep the settlement chain
 * reorganises, and how long a node is away. Losing the quorum is allowed: the run reports it.
 */
import { faultFreeTimeMs, timingOf } from './anchors.ts';
import type { ScenarioContext } from './context.ts';
import { byzantineKeys } from './faultKinds.ts';
import type { Expectation, Fault, Scenario } from './types.ts';

export type CheckedParts = Pick<
  Scenario,
  'config' | 'durationMs' | 'timeline' | 'workload' | 'allowUnsafe' | 'expectations' | 'accounts'
>;

/** Reports every fault that makes the run as a whole meaningless. */
export function checkFaults(context: ScenarioContext, scenario: CheckedParts): void {
  checkByzantineThird(context, scenario);
  checkReorgs(context, scenario);
  checkSlippage(context, scenario);
  checkHistory(context, scenario);
}

/**
 * True of behaviour that agreement bounds to less than a third of the power. Withheld settlements are none: the duty
 * passes on, so they break no law whoever takes part in them.
 */
function threatensAgreement({ type }: Fault): boolean {
  return type !== 'withhold_settlement' && (byzantineKeys as readonly string[]).includes(type);
}

/** Power counts over the whole run: who was dishonest once can contradict itself later. */
function checkByzantineThird(
  context: ScenarioContext,
  { config, timeline, allowUnsafe }: CheckedParts,
): void {
  if (allowUnsafe) return;
  const stakes = new Map(config.validators.map(({ name, stake }) => [name, stake]));
  const total = config.validators.reduce((sum, { stake }) => sum + stake, 0);
  const dishonest = new Set<string>();
  let power = 0;
  for (const fault of timeline.flatMap(({ faults }) => faults)) {
    if (!('node' in fault) || !threatensAgreement(fault) || dishonest.has(fault.node)) continue;
    dishonest.add(fault.node);
    power += stakes.get(fault.node) ?? 0;
    if (3 * power < total) continue;
    const names = [...dishonest].join(' and ');
    context.reportFault(
      fault,
      'SCENARIO_BYZANTINE_THIRD',
      `expected dishonest nodes of less than a third of the power, got ${names} with ${power} of ${total}`,
      'set `allow_unsafe: true` to run it all the same',
    );
    return;
  }
}

/** Below a settlement origin nodes can only halt, so a scenario that goes there must expect it. */
function checkReorgs(context: ScenarioContext, { config, timeline, expectations }: CheckedParts): void {
  const { originConfirmations } = config.settlement;
  if (expectations.some(expectsHalt)) return;
  for (const fault of timeline.flatMap(({ faults }) => faults)) {
    if (fault.type !== 'settlement_chain' || fault.kind !== 'reorg' || fault.depth <= originConfirmations)
      continue;
    context.reportFault(
      fault,
      'SCENARIO_REORG_TOO_DEEP',
      `expected a depth of at most settlement.origin_confirmations (${originConfirmations}), got ${fault.depth}: nodes may have to halt`,
      'raise `settlement.origin_confirmations`, or expect `{ eventually: { halted: true } }`',
    );
  }
}

/** A price moves where there is a pool: of a registered asset against the base asset. */
function checkSlippage(context: ScenarioContext, { config, timeline }: CheckedParts): void {
  const { baseAsset } = config.settlement;
  const bought = config.ledger.assets.map(({ symbol }) => symbol).filter((symbol) => symbol !== baseAsset);
  for (const fault of timeline.flatMap(({ faults }) => faults)) {
    if (fault.type !== 'settlement_chain' || fault.kind !== 'slippage' || bought.includes(fault.asset))
      continue;
    const isBase = fault.asset === baseAsset;
    context.reportFault(
      fault,
      isBase ? 'SCENARIO_FAULT_EMPTY' : 'SCENARIO_ASSET_UNKNOWN',
      isBase
        ? `expected an asset that is bought with the base asset, got the base asset ${baseAsset}`
        : `expected a registered asset, got \`${fault.asset}\``,
      `known here: ${bought.join(', ')}`,
    );
  }
}

function expectsHalt(expectation: Expectation): boolean {
  if (expectation.type !== 'eventually' && expectation.type !== 'final') return false;
  const { condition } = expectation;
  return condition.type === 'halted' && condition.value;
}

/** One node away from the others. */
interface Absence {
  readonly fault: Fault;
  readonly node: string;
  readonly startMs: number;
  readonly endMs: number;
  /** It comes back with nothing, and needs every block since genesis. */
  readonly losesDisk: boolean;
}

/** A node that is away for more blocks than its peers keep can never catch up. */
function checkHistory(context: ScenarioContext, scenario: CheckedParts): void {
  const { config, durationMs } = scenario;
  const { historyBlocks } = config.simulation;
  const absences = findAbsences(scenario);
  for (const { fault, node, startMs, endMs, losesDisk } of absences) {
    if (endMs > durationMs) continue;
    const missedMs = countRunningMs(config, absences, losesDisk ? 0 : startMs, endMs);
    const missed = Math.floor(missedMs / config.chain.blockTimeMs);
    if (missed <= historyBlocks) continue;
    context.reportFault(
      fault,
      'SCENARIO_HISTORY_SHORT',
      `expected ${node} to lack at most ${historyBlocks} blocks (simulation.history_blocks) when it is back, got ${missed}: it can never catch up`,
      `set \`config: { simulation: { history_blocks: ${missed} } }\` or more`,
    );
  }
}

function findAbsences({ config, durationMs, timeline }: CheckedParts): Absence[] {
  const timing = timingOf(config);
  const restarts = timeline.flatMap(({ at, faults }) =>
    faults.flatMap((fault) =>
      fault.type === 'restart' ? [{ node: fault.node, atMs: faultFreeTimeMs(at, timing) }] : [],
    ),
  );
  const absences: Absence[] = [];
  for (const { at, forMs, faults } of timeline) {
    const startMs = faultFreeTimeMs(at, timing);
    for (const fault of faults) {
      const losesDisk = fault.type === 'crash' && fault.lose === 'all';
      for (const node of namesAway(fault, config)) {
        let endMs = forMs === undefined ? Number.POSITIVE_INFINITY : startMs + forMs;
        if (fault.type === 'crash') {
          for (const restart of restarts)
            if (restart.node === node && restart.atMs >= startMs) endMs = Math.min(endMs, restart.atMs);
        }
        if (startMs <= durationMs) absences.push({ fault, node, startMs, endMs, losesDisk });
      }
    }
  }
  return absences;
}

/** Nodes that a fault keeps away from a quorum of the others. */
function namesAway(fault: Fault, config: CheckedParts['config']): readonly string[] {
  if (fault.type === 'crash' || fault.type === 'pause' || fault.type === 'isolate') return [fault.node];
  if (fault.type !== 'partition') return [];
  const names = config.validators.map(({ name }) => name);
  const named = new Set(fault.groups.flat());
  const groups = [...fault.groups, names.filter((name) => !named.has(name))];
  return groups.filter((group) => !isQuorum(config, (name) => group.includes(name))).flat();
}

function isQuorum({ validators }: CheckedParts['config'], isThere: (name: string) => boolean): boolean {
  let power = 0;
  let total = 0;
  for (const { name, stake } of validators) {
    total += stake;
    if (isThere(name)) power += stake;
  }
  return 3 * power > 2 * total;
}

/** For how long, between two instants, a quorum was there to make blocks, in ms. */
function countRunningMs(
  config: CheckedParts['config'],
  absences: readonly Absence[],
  fromMs: number,
  toMs: number,
): number {
  const edges = new Set([fromMs, toMs]);
  for (const { startMs, endMs } of absences) {
    for (const edge of [startMs, endMs]) if (edge > fromMs && edge < toMs) edges.add(edge);
  }
  const sorted = [...edges].sort((a, b) => a - b);
  let runningMs = 0;
  for (const [index, startMs] of sorted.entries()) {
    const endMs = sorted[index + 1];
    if (endMs === undefined) break;
    const away = new Set(
      absences.filter((one) => one.startMs <= startMs && one.endMs >= endMs).map(({ node }) => node),
    );
    if (isQuorum(config, (name) => !away.has(name))) runningMs += endMs - startMs;
  }
  return runningMs;
}
