/**
 * How many transactions arrive in each block: a Poisson process whose rate bursts and follows the time of day. The rate is
 * integrated over each block, so states may change within one; the count is then Poisson with that mean.
 */
import { Random } from '../../../consensus/primitives/random.ts';
import { cosineOfTurns, expOf, logOf } from './portableMath.ts';
import type { ArrivalModel, Bursts } from './types.ts';

const HOUR_MS = 3_600_000;
/** A mean is drawn in parts of at most this: `expOf` of more would lose digits of the draw. */
const POISSON_PART_MAX = 16;
/** No draw gets this far; the loop must end whatever a generator gives. */
const POISSON_COUNT_MAX = 200;

/** A number strictly between 0 and 1, from 52 random bits. */
export function drawShare(random: Random): number {
  const high = random.uint32();
  const low = random.uint32() >>> 12;
  return (high * 2 ** 20 + low + 0.5) / 2 ** 52;
}

/** A Poisson count by inversion. */
export function drawPoisson(random: Random, mean: number): number {
  let count = 0;
  for (let rest = mean; rest > 0; rest -= POISSON_PART_MAX) {
    const part = Math.min(rest, POISSON_PART_MAX);
    let below = drawShare(random);
    let weight = expOf(-part);
    for (let own = 0; below >= weight && own < POISSON_COUNT_MAX; ) {
      below -= weight;
      own += 1;
      weight *= part / own;
      count += 1;
    }
  }
  return count;
}

/** Transactions in one ms, in the long run. */
export function meanRateOf({ rate }: ArrivalModel, blockTimeMs: number): number {
  return 'perBlock' in rate ? rate.perBlock / blockTimeMs : rate.perHour / HOUR_MS;
}

/** The rates of both states, as multiples of the mean, and the share of time that is busy. */
export function burstRatesOf({ factor, quietMs, busyMs }: Bursts): {
  readonly quiet: number;
  readonly busy: number;
  readonly busyShare: number;
} {
  const busyShare = busyMs / (quietMs + busyMs);
  const quiet = 1 / (1 + busyShare * (factor - 1));
  return { quiet, busy: quiet * factor, busyShare };
}

/**
 * The index of dispersion of counts: variance over mean of how many arrive in a window, 1 for a Poisson process
 * (docs/scenarios.md, workload models). The daily cycle is left out.
 */
export function dispersionOf(arrivals: ArrivalModel, blockTimeMs: number, windowMs: number): number {
  const { bursts } = arrivals;
  if (bursts === undefined) return 1;
  const mean = meanRateOf(arrivals, blockTimeMs);
  const { quiet, busy, busyShare } = burstRatesOf(bursts);
  const variance = busyShare * (1 - busyShare) * (busy - quiet) ** 2 * mean * mean;
  const memoryMs = 1 / (1 / bursts.quietMs + 1 / bursts.busyMs);
  const ratio = windowMs / memoryMs;
  return 1 + (2 * variance * memoryMs * memoryMs * (ratio - 1 + expOf(-ratio))) / (mean * windowMs);
}

/** Stateful: blocks are asked for in ascending order, each once. */
export class ArrivalProcess {
  readonly #model: ArrivalModel;
  readonly #blockTimeMs: number;
  readonly #meanRate: number;
  /** Stays in the two states: a stream of their own, so that nothing else shifts them. */
  readonly #stays: Random;
  #isBusy = false;
  #stateEndMs = Number.POSITIVE_INFINITY;

  constructor(model: ArrivalModel, blockTimeMs: number, seed: string) {
    this.#model = model;
    this.#blockTimeMs = blockTimeMs;
    this.#meanRate = meanRateOf(model, blockTimeMs);
    this.#stays = new Random(`${seed}/stays`);
    const { bursts } = model;
    if (bursts === undefined) return;
    this.#isBusy = drawShare(this.#stays) < burstRatesOf(bursts).busyShare;
    this.#stateEndMs = this.#drawStay(bursts);
  }

  /** How many arrive in the time of a block. @param random - The block's own stream. */
  countFor(block: number, random: Random): number {
    const endMs = block * this.#blockTimeMs;
    let fromMs = endMs - this.#blockTimeMs;
    let mean = 0;
    const { bursts } = this.#model;
    while (fromMs < endMs) {
      const toMs = Math.min(endMs, this.#stateEndMs);
      mean += this.#rateBetween(fromMs, toMs) * (toMs - fromMs);
      fromMs = toMs;
      if (toMs === endMs || bursts === undefined) continue;
      this.#isBusy = !this.#isBusy;
      this.#stateEndMs += this.#drawStay(bursts);
    }
    return drawPoisson(random, mean);
  }

  #rateBetween(fromMs: number, toMs: number): number {
    const { bursts, daily } = this.#model;
    let rate = this.#meanRate;
    if (bursts !== undefined) rate *= this.#isBusy ? burstRatesOf(bursts).busy : burstRatesOf(bursts).quiet;
    if (daily !== undefined) {
      const turns = ((fromMs + toMs) / 2 - daily.peakMs) / daily.periodMs;
      rate *= 1 + daily.swing * cosineOfTurns(turns);
    }
    return rate;
  }

  #drawStay({ quietMs, busyMs }: Bursts): number {
    return -logOf(drawShare(this.#stays)) * (this.#isBusy ? busyMs : quietMs);
  }
}
