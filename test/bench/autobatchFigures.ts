/** What is worked out of a run, and of several runs of one variant. */
import type { Percentiles, RunReport } from './autobatchRun.ts';
import { median } from './batcherFigures.ts';

/** A final block, with the orders that it paid. */
export interface PaidBlock {
  readonly height: number;
  /** In ms after the genesis instant. */
  readonly timestampMs: number;
  readonly orders: number;
  /** Of the batches with these orders. */
  readonly gas: number;
}

/** Shares of all that was paid between which a run is steady: the way in and the last stragglers lie outside. */
const STEADY_FROM = 0.1;
const STEADY_TO = 0.9;

export interface Steady {
  readonly perSecond: number;
  /** Between blocks, empty ones too, in ms. */
  readonly distanceMs: number;
  /** Of a block, empty ones too. */
  readonly ordersMean: number;
  readonly gasMean: number;
}

/** @param blocks - All of them, in order of height. @returns Null: one block, or two, hold nearly everything. */
export function steadyOf(blocks: readonly PaidBlock[]): Steady | null {
  const total = blocks.reduce((sum, { orders }) => sum + orders, 0);
  const reached = (share: number): number => {
    let sum = 0;
    return blocks.findIndex(({ orders }) => {
      sum += orders;
      return sum > 0 && sum >= share * total;
    });
  };
  const [from, to] = [reached(STEADY_FROM), reached(STEADY_TO)];
  const [first, last] = [blocks[from], blocks[to]];
  if (first === undefined || last === undefined || to - from < 2) return null;
  const within = blocks.slice(from + 1, to + 1);
  const orders = within.reduce((sum, block) => sum + block.orders, 0);
  const gas = within.reduce((sum, block) => sum + block.gas, 0);
  const durationMs = last.timestampMs - first.timestampMs;
  return {
    perSecond: (1000 * orders) / durationMs,
    distanceMs: durationMs / (to - from),
    ordersMean: orders / (to - from),
    gasMean: gas / (to - from),
  };
}

export function percentilesOf(figures: readonly number[]): Percentiles {
  const sorted = [...figures].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

/** One variant over all its runs: the middle of each figure. */
export interface Summary {
  readonly name: string;
  readonly maxSize: number | undefined;
  readonly runs: readonly RunReport[];
  readonly perSecond: number;
  /** Over that of one transaction an order, which is measured in the same rounds. */
  readonly ratio: number;
  readonly steadyPerSecond: number | null;
  readonly confirmed: number;
  readonly isCut: boolean;
  readonly submissions: number;
  /** Answered a second, from the first POST to the last answer. */
  readonly takenPerSecond: number;
  /** Confirmed orders less submissions. */
  readonly saved: number;
  readonly confirmedMs: Percentiles;
  readonly answerMs: Percentiles;
  readonly nodeCpuMsPerOrder: number | null;
  readonly busyShare: number;
  readonly gasShare: number | null;
  readonly blockDistanceMs: number | null;
}

/** @param baseline - Confirmed orders a second of the baseline. */
export function summarise(
  name: string,
  maxSize: number | undefined,
  runs: readonly RunReport[],
  baseline: number,
): Summary {
  const of = (read: (run: RunReport) => number): number => median(runs.map(read));
  const orNull = (read: (run: RunReport) => number | null): number | null => {
    const known = runs.map(read).filter((figure) => figure !== null);
    return known.length === 0 ? null : median(known);
  };
  const perSecond = of((run) => run.perSecond);
  return {
    name,
    maxSize,
    runs,
    perSecond,
    ratio: perSecond / baseline,
    steadyPerSecond: orNull((run) => run.steadyPerSecond),
    confirmed: of((run) => run.confirmed),
    isCut: runs.some((run) => run.isCut),
    submissions: of((run) => run.submissions),
    takenPerSecond: of((run) => (1000 * run.taken) / run.postMs),
    saved: of((run) => Math.max(0, run.confirmed - run.submissions)),
    confirmedMs: { p50: of((run) => run.confirmedMs.p50), p99: of((run) => run.confirmedMs.p99) },
    answerMs: { p50: of((run) => run.answerMs.p50), p99: of((run) => run.answerMs.p99) },
    nodeCpuMsPerOrder: orNull(({ cpuS, confirmed }) =>
      cpuS.nodes === null ? null : (1000 * cpuS.nodes) / confirmed,
    ),
    busyShare: of((run) => run.busyShare),
    gasShare: orNull((run) => run.gasShare),
    blockDistanceMs: orNull((run) => run.blocks.distanceMs),
  };
}
