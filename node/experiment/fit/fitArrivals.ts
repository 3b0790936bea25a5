/**
 * Fits rate, bursts and daily cycle to arrival times. Bursts: the two-state hidden Markov model of counts in bins, by
 * expectation-maximisation (Baum-Welch; Rydén 1996 for Poisson rates), kept where the Bayesian information criterion prefers
 * it to one rate. The cycle: the first harmonic of the time of day, kept where Rayleigh's test finds it.
 */
import { burstRatesOf, dispersionOf } from '../../scenario/model/arrivals.ts';
import { modelBounds, modelDefaults } from '../../scenario/model/modelReader.ts';
import type { ArrivalModel, Bursts, DailyCycle } from '../../scenario/model/types.ts';

const HOUR_MS = 3_600_000;
/** Bins a flow: fine enough to see bursts of a few flows. */
const BINS_PER_FLOW = 4;
const BINS_MAX = 16_384;
const ROUNDS_MAX = 300;
/** Gains below this end the search, in nats. */
const GAIN_MIN = 1e-6;
/** Parameters that bursts add to a rate. */
const BURST_PARAMETERS = 3;
/** A cycle is believed below this probability of seeing it by chance, in a trace of so many days. */
const CYCLE_CHANCE_MAX = 0.01;
const CYCLE_DAYS_MIN = 3;
const windowFactors = [1, 4, 16, 64, 256] as const;

export interface ArrivalFit {
  /** In the time of the trace. */
  readonly model: ArrivalModel;
  readonly binMs: number;
  /** Variance over mean of counts in windows: as measured, and as the model has it. */
  readonly dispersions: readonly {
    readonly windowMs: number;
    readonly measured: number;
    readonly fitted: number;
  }[];
  /** Kolmogorov-Smirnov distance of gaps between flows: from the model's, and from those of a steady rate. */
  readonly gapDistance: number;
  readonly steadyGapDistance: number;
  /** Probability of a daily cycle this strong by chance. */
  readonly cycleChance: number | undefined;
}

/** @param times - Ascending, in ms; at least two, at different instants. */
export function fitArrivals(times: readonly number[]): ArrivalFit {
  const startMs = times[0] ?? 0;
  const spanMs = (times.at(-1) ?? 0) - startMs;
  const binCount = Math.min(BINS_MAX, times.length * BINS_PER_FLOW);
  const binMs = spanMs / binCount;
  const counts = new Array<number>(binCount).fill(0);
  for (const time of times) {
    const bin = Math.min(binCount - 1, Math.floor((time - startMs) / binMs));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const rate = { perHour: ((times.length - 1) * HOUR_MS) / spanMs };
  const bursts = fitBursts(counts, binMs);
  const steady: ArrivalModel = { rate, bursts: undefined, daily: undefined };
  const bursty: ArrivalModel = { rate, bursts, daily: undefined };
  // Bursts alone make any hour look special: only so many arrivals are independent.
  const independent = times.length / Math.max(1, dispersionOf(bursty, HOUR_MS, modelDefaults.dayMs / 4));
  const cycle = fitCycle(times, spanMs, independent);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  return {
    model: { ...bursty, daily: cycle?.daily },
    binMs,
    dispersions: windowFactors
      .filter((factor) => factor * 8 <= binCount)
      .map((factor) => ({
        windowMs: factor * binMs,
        measured: measureDispersion(counts, factor),
        fitted: dispersionOf(bursty, HOUR_MS, factor * binMs),
      })),
    gapDistance: distanceOf(gaps, gapShare(bursty)),
    steadyGapDistance: distanceOf(gaps, gapShare(steady)),
    cycleChance: cycle?.chance,
  };
}

/** Variance over mean of sums over `factor` counts each. */
export function measureDispersion(counts: readonly number[], factor: number): number {
  const sums: number[] = [];
  for (let at = 0; at + factor <= counts.length; at += factor)
    sums.push(counts.slice(at, at + factor).reduce((sum, count) => sum + count, 0));
  const mean = sums.reduce((sum, value) => sum + value, 0) / sums.length;
  return sums.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sums.length / mean;
}

interface Chain {
  /** Mean count of a bin in either state, and the probability to leave it from one bin to the next. */
  readonly means: readonly [number, number];
  readonly leaves: readonly [number, number];
}

function fitBursts(counts: readonly number[], binMs: number): Bursts | undefined {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const logFactorials = counts.map((count) => {
    let sum = 0;
    for (let factor = 2; factor <= count; factor += 1) sum += Math.log(factor);
    return sum;
  });
  const steadyLikelihood = counts.reduce(
    (sum, count, index) => sum + count * Math.log(mean) - mean - (logFactorials[index] ?? 0),
    0,
  );
  let chain: Chain = { means: [mean / 3, mean * 4], leaves: [0.05, 0.2] };
  let likelihood = Number.NEGATIVE_INFINITY;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const step = improve(chain, counts, logFactorials);
    chain = step.chain;
    const gain = step.likelihood - likelihood;
    likelihood = step.likelihood;
    if (gain < GAIN_MIN) break;
  }
  const isBetter = 2 * (likelihood - steadyLikelihood) > BURST_PARAMETERS * Math.log(counts.length);
  if (!isBetter) return undefined;
  const [low, high] = chain.means[0] <= chain.means[1] ? ([0, 1] as const) : ([1, 0] as const);
  const factor = Math.min(modelBounds.factor.max, chain.means[high] / Math.max(chain.means[low], 1e-9));
  const stayMs = (leave: number): number => binMs / Math.max(leave, 1 / counts.length);
  return { factor: rounded(factor), quietMs: stayMs(chain.leaves[low]), busyMs: stayMs(chain.leaves[high]) };
}

/** One round of Baum-Welch, with scaled forward and backward probabilities (Rabiner 1989). */
function improve(
  { means, leaves }: Chain,
  counts: readonly number[],
  logFactorials: readonly number[],
): { readonly chain: Chain; readonly likelihood: number } {
  const length = counts.length;
  const chanceOf = (state: 0 | 1, index: number): number => {
    const count = counts[index] ?? 0;
    return Math.exp(count * Math.log(means[state]) - means[state] - (logFactorials[index] ?? 0)) + 1e-300;
  };
  const stays = [1 - leaves[0], 1 - leaves[1]] as const;
  const forward0 = new Float64Array(length);
  const scales = new Float64Array(length);
  let [first, second] = [leaves[1] / (leaves[0] + leaves[1]), leaves[0] / (leaves[0] + leaves[1])];
  let likelihood = 0;
  for (let index = 0; index < length; index += 1) {
    const before: readonly [number, number] =
      index === 0
        ? [first, second]
        : [first * stays[0] + second * leaves[1], first * leaves[0] + second * stays[1]];
    first = before[0] * chanceOf(0, index);
    second = before[1] * chanceOf(1, index);
    const scale = first + second;
    first /= scale;
    second /= scale;
    forward0[index] = first;
    scales[index] = scale;
    likelihood += Math.log(scale);
  }
  let [back0, back1] = [1, 1];
  const visits = [0, 0];
  const arrivals = [0, 0];
  const crossings = [0, 0];
  const departures = [0, 0];
  for (let index = length - 1; index >= 0; index -= 1) {
    const ahead0 = forward0[index] ?? 0;
    const ahead1 = 1 - ahead0;
    const total = ahead0 * back0 + ahead1 * back1;
    const share0 = (ahead0 * back0) / total;
    const shares = [share0, 1 - share0];
    for (const state of [0, 1]) {
      visits[state] = (visits[state] ?? 0) + (shares[state] ?? 0);
      arrivals[state] = (arrivals[state] ?? 0) + (shares[state] ?? 0) * (counts[index] ?? 0);
    }
    if (index === 0) break;
    const scale = scales[index] ?? 1;
    const next0 = (chanceOf(0, index) * back0) / scale;
    const next1 = (chanceOf(1, index) * back1) / scale;
    const from0 = forward0[index - 1] ?? 0;
    const from1 = 1 - from0;
    const pairs = [
      from0 * stays[0] * next0,
      from0 * leaves[0] * next1,
      from1 * leaves[1] * next0,
      from1 * stays[1] * next1,
    ];
    const sum = pairs.reduce((all, pair) => all + pair, 0);
    crossings[0] = (crossings[0] ?? 0) + (pairs[1] ?? 0) / sum;
    crossings[1] = (crossings[1] ?? 0) + (pairs[2] ?? 0) / sum;
    departures[0] = (departures[0] ?? 0) + ((pairs[0] ?? 0) + (pairs[1] ?? 0)) / sum;
    departures[1] = (departures[1] ?? 0) + ((pairs[2] ?? 0) + (pairs[3] ?? 0)) / sum;
    [back0, back1] = [stays[0] * next0 + leaves[0] * next1, leaves[1] * next0 + stays[1] * next1];
  }
  const meanOf = (state: 0 | 1): number =>
    Math.max(1e-9, (arrivals[state] ?? 0) / Math.max(1e-9, visits[state] ?? 0));
  const leaveOf = (state: 0 | 1): number =>
    Math.min(1, Math.max(1e-9, (crossings[state] ?? 0) / Math.max(1e-9, departures[state] ?? 0)));
  return { chain: { means: [meanOf(0), meanOf(1)], leaves: [leaveOf(0), leaveOf(1)] }, likelihood };
}

function fitCycle(
  times: readonly number[],
  spanMs: number,
  independent: number,
): { readonly daily: DailyCycle | undefined; readonly chance: number } | undefined {
  const periodMs = modelDefaults.dayMs;
  if (spanMs < CYCLE_DAYS_MIN * periodMs) return undefined;
  // Whole days alone, or a part of a day would count twice.
  const [startMs = 0] = times;
  const whole = times.filter((time) => time - startMs < Math.floor(spanMs / periodMs) * periodMs);
  let [cosine, sine] = [0, 0];
  for (const time of whole) {
    const angle = (2 * Math.PI * (time - startMs)) / periodMs;
    cosine += Math.cos(angle) / whole.length;
    sine += Math.sin(angle) / whole.length;
  }
  const length = Math.hypot(cosine, sine);
  const chance = Math.exp(-independent * length * length);
  if (chance > CYCLE_CHANCE_MAX) return { daily: undefined, chance };
  const turns = Math.atan2(sine, cosine) / (2 * Math.PI);
  const peakMs = Math.round((turns < 0 ? turns + 1 : turns) * periodMs);
  return { daily: { swing: rounded(Math.min(1, 2 * length)), peakMs, periodMs }, chance };
}

/**
 * The share of gaps between arrivals below a length, of the model without its cycle: with Q the changes of state, L the rates
 * and f the states right behind an arrival, 1 - f exp((Q - L) t) 1, which for two states is a sum of two exponentials.
 */
function gapShare({ rate, bursts }: ArrivalModel): (gapMs: number) => number {
  const mean = ('perHour' in rate ? rate.perHour : 0) / HOUR_MS;
  if (bursts === undefined) return (gapMs) => 1 - Math.exp(-mean * gapMs);
  const { quiet, busy, busyShare } = burstRatesOf(bursts);
  const [quietRate, busyRate] = [quiet * mean, busy * mean];
  const [leaveQuiet, leaveBusy] = [1 / bursts.quietMs, 1 / bursts.busyMs];
  const trace = -(leaveQuiet + quietRate + leaveBusy + busyRate);
  const determinant = (leaveQuiet + quietRate) * (leaveBusy + busyRate) - leaveQuiet * leaveBusy;
  const spread = Math.sqrt(Math.max(0, trace * trace - 4 * determinant));
  const [slow, fast] = [(trace + spread) / 2, (trace - spread) / 2];
  // The mean rate behind an arrival, over both states.
  const behind = (1 - busyShare) * quiet * quietRate + busyShare * busy * busyRate;
  const part = (-behind - fast) / (slow - fast);
  return (gapMs) => 1 - part * Math.exp(slow * gapMs) - (1 - part) * Math.exp(fast * gapMs);
}

/** Kolmogorov-Smirnov distance of a sample from a distribution. */
export function distanceOf(sample: readonly number[], share: (value: number) => number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  return sorted.reduce((distance, value, index) => {
    const expected = share(value);
    return Math.max(distance, expected - index / sorted.length, (index + 1) / sorted.length - expected);
  }, 0);
}

/** Four digits: more than an estimate has. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
