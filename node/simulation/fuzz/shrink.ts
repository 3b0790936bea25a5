/**
 * Makes a failing scenario small: fewer events, fewer nodes, shorter, simpler values, as long as it breaks the same law.
 * Every candidate is run; none leaves the bound of bounds.ts; attempts are bounded.
 */
import { parseConfig } from '../../config/parseConfig.ts';
import type { Config } from '../../config/types.ts';
import type { Fault, Scenario, TimelineEvent } from '../../scenario/types.ts';
import { findBoundProblem, QUIET_MS } from './bounds.ts';
import type { Judge } from './judge.ts';

export interface ShrinkOptions {
  /** Most runs. */
  readonly attemptsMax: number;
  /** Called before every run. */
  readonly onAttempt?: () => void;
}

export interface Shrunk {
  readonly scenario: Scenario;
  readonly attempts: number;
}

/** A scenario that may be smaller; undefined where there is nothing to change. */
type Candidate = Scenario | undefined;

/**
 * Shrinks a scenario that breaks a law.
 * @param law - What must stay broken.
 * @returns The smallest found, which may be the one given.
 */
export function shrink(scenario: Scenario, law: string, judge: Judge, options: ShrinkOptions): Shrunk {
  let best = scenario;
  let attempts = 0;
  const isBroken = (candidate: Scenario): boolean => {
    attempts += 1;
    options.onAttempt?.();
    return judge(candidate).failures.some((failure) => failure.law === law);
  };
  /** Takes the first candidate that is still broken, if there is one. */
  const improve = (candidates: Iterable<Candidate>): boolean => {
    for (const candidate of candidates) {
      if (attempts >= options.attemptsMax) return false;
      if (candidate === undefined || findBoundProblem(candidate) !== undefined) continue;
      if (!isBroken(candidate)) continue;
      best = candidate;
      return true;
    }
    return false;
  };
  for (let isBetter = true; isBetter; ) {
    isBetter = false;
    for (const propose of [fewerEvents, shorter, fewerNodes, simplerRules, simplerEvents]) {
      while (improve(propose(best))) isBetter = true;
    }
  }
  return { scenario: best, attempts };
}

function* fewerEvents(scenario: Scenario): Generator<Candidate> {
  const { timeline } = scenario;
  for (let size = Math.ceil(timeline.length / 2); size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0) {
    for (let from = 0; from < timeline.length; from += size) {
      yield withTimeline(scenario, [...timeline.slice(0, from), ...timeline.slice(from + size)]);
    }
  }
  // Steps of a clock go in pairs, or the clock would stay off.
  for (const event of timeline) {
    const node = stepped(event);
    if (node !== undefined)
      yield withTimeline(
        scenario,
        timeline.filter((other) => stepped(other) !== node),
      );
  }
}

function stepped({ faults }: TimelineEvent): string | undefined {
  const fault = faults.find(({ type }) => type === 'clock_step');
  return fault !== undefined && 'node' in fault ? fault.node : undefined;
}

function* shorter(scenario: Scenario): Generator<Candidate> {
  const activeMs = scenario.durationMs - QUIET_MS;
  for (const share of [0.25, 0.5, 0.75, 0.9]) {
    const durationMs = Math.floor((activeMs * share) / 1000) * 1000 + QUIET_MS;
    if (durationMs < scenario.durationMs) yield { ...scenario, durationMs };
  }
}

/** Without one validator: from the last one down, with everything that named it. */
function* fewerNodes(scenario: Scenario): Generator<Candidate> {
  const { validators } = scenario.config;
  if (validators.length <= 1) return;
  for (const { name } of [...validators].reverse()) {
    const config = { ...scenario.config, validators: validators.filter((other) => other.name !== name) };
    const timeline = scenario.timeline
      .map((event) => withoutNode(event, name))
      .filter(({ faults, transactions }) => faults.length + transactions.length > 0);
    yield withTimeline({ ...scenario, config }, timeline);
  }
}

function withoutNode(event: TimelineEvent, name: string): TimelineEvent {
  const { inputsTo, ...others } = event;
  const left = inputsTo?.filter((node) => node !== name);
  // Inputs that nobody gets any more are sent by nobody.
  const isUnheard = left?.length === 0;
  return {
    ...others,
    ...(left === undefined || isUnheard ? {} : { inputsTo: left }),
    faults: event.faults.map((fault) => faultWithout(fault, name)).filter((fault) => fault !== undefined),
    transactions: (isUnheard ? [] : event.transactions).filter(
      ({ operation }) => operation.type !== 'unjail' || operation.validator !== name,
    ),
  };
}

function faultWithout(fault: Fault, name: string): Fault | undefined {
  if ('node' in fault && fault.node === name) return undefined;
  const rest = (nodes: readonly string[]): string[] => nodes.filter((node) => node !== name);
  if (fault.type === 'partition') {
    const groups = fault.groups.map(rest).filter((group) => group.length > 0);
    return groups.length === 0 ? undefined : { ...fault, groups };
  }
  if (fault.type === 'one_way') {
    const cut = { ...fault, from: rest(fault.from), to: rest(fault.to) };
    return cut.from.length === 0 || cut.to.length === 0 ? undefined : cut;
  }
  if ('nodes' in fault && fault.nodes !== undefined) {
    const nodes = rest(fault.nodes);
    return nodes.length === 0 ? undefined : { ...fault, nodes };
  }
  return fault;
}

/** One rule after the other as it is by default. */
function* simplerRules(scenario: Scenario): Generator<Candidate> {
  const { config, network, workload } = scenario;
  const parsed = parseConfig({});
  if (!parsed.ok) return;
  const usual: Config = parsed.value.config;
  if (config.validators.some(({ stake }) => stake !== 1000)) {
    const validators = config.validators.map(({ name }) => ({ name, stake: 1000 }));
    yield { ...scenario, config: { ...config, validators } };
  }
  for (const group of ['simulation', 'settlementChain', 'settlement', 'consensus'] as const) {
    for (const [key, value] of Object.entries(usual[group])) {
      const own = Object.entries(config[group]).find(([name]) => name === key)?.[1];
      if (isSame(own, value)) continue;
      yield { ...scenario, config: { ...config, [group]: { ...config[group], [key]: value } } };
    }
  }
  const plainNetwork = { latencyMs: 50, jitterMs: 10, loss: 0, duplicate: 0, reorder: 0, bandwidthMbps: 100 };
  if (!isSame(network, plainNetwork)) yield { ...scenario, network: plainNetwork };
  if (workload.type === 'model') yield { ...scenario, workload: { type: 'none' } };
  if (workload.type === 'uniform') {
    yield { ...scenario, workload: { type: 'none' } };
    if (workload.transactionsPerBlock > 1)
      yield { ...scenario, workload: { type: 'uniform', transactionsPerBlock: 1 } };
  }
}

function* simplerEvents(scenario: Scenario): Generator<Candidate> {
  for (const [index, event] of scenario.timeline.entries()) {
    for (const simpler of simplerTimes(event)) {
      const timeline = [...scenario.timeline];
      timeline[index] = simpler;
      yield withTimeline(scenario, timeline);
    }
  }
}

/** The same event at a whole number of seconds, and for a whole and shorter one. */
function* simplerTimes(event: TimelineEvent): Generator<TimelineEvent> {
  const { at, forMs } = event;
  if ('timeMs' in at && at.timeMs % 1000 !== 0)
    yield { ...event, at: { timeMs: Math.floor(at.timeMs / 1000) * 1000 } };
  if (forMs === undefined) return;
  for (const shorterMs of [Math.floor(forMs / 2000) * 1000, Math.floor(forMs / 1000) * 1000]) {
    if (shorterMs > 0 && shorterMs < forMs) yield { ...event, forMs: shorterMs };
  }
}

function withTimeline(scenario: Scenario, timeline: readonly TimelineEvent[]): Scenario {
  return { ...scenario, timeline: timeline.map((event, index) => ({ ...event, line: index + 1 })) };
}

function isSame(one: unknown, other: unknown): boolean {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? String(item) : item)) ?? '';
  return text(one) === text(other);
}
