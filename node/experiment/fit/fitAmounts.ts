/**
 * Fits the amounts of one asset: log-normal and Pareto by maximum likelihood between the smallest and the largest amount
 * seen, whichever is nearer by the Kolmogorov-Smirnov distance; and where neither fits a large sample, a table of its quantiles.
 */
import { createAmountQuantile } from '../../scenario/model/amounts.ts';
import { modelBounds } from '../../scenario/model/modelReader.ts';
import { normalShare } from '../../scenario/model/portableMath.ts';
import type { AmountModel } from '../../scenario/model/types.ts';
import { rounded } from './fitArrivals.ts';

/** Points at which a distribution is compared with a sample. */
const POINTS = 2000;
/** Critical distances times the root of the sample's size at 5 %, with parameters taken from the sample (Lilliefors 1967, 1969). */
const criticalFactors = { log_normal: 0.886, pareto: 1.06 } as const;
/** Below this there is nothing to tell shapes apart by. */
const SAMPLE_MIN = 5;
/** A table of quantiles takes so many amounts at least, and has so many steps. */
const TABLE_SAMPLE_MIN = 20;
const TABLE_STEPS = 20;
/** Steps of the search for a maximum. */
const ROUNDS_MAX = 1000;

export interface AmountFit {
  readonly model: AmountModel;
  /** Distance from the sample, and that beyond which 5 % of true samples lie; undefined for a constant. */
  readonly distance: number | undefined;
  readonly distanceMax: number | undefined;
}

/** @param amounts - At least one. */
export function fitAmounts(amounts: readonly bigint[]): AmountFit {
  const sorted = [...amounts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const min = sorted[0] ?? 1n;
  const max = sorted.at(-1) ?? min;
  if (min === max)
    return { model: { type: 'constant', value: min }, distance: undefined, distanceMax: undefined };
  const logs = sorted.map((amount) => Math.log(Number(amount)));
  const candidates = [
    fitLogNormal(logs, min, max),
    ...(sorted.length < SAMPLE_MIN ? [] : [fitPareto(logs, min, max)]),
  ];
  const fits = candidates.map((model) => ({ model, distance: distanceFrom(model, sorted) }));
  const best = fits.reduce((nearest, fit) => (fit.distance < nearest.distance ? fit : nearest));
  const factor = best.model.type === 'pareto' ? criticalFactors.pareto : criticalFactors.log_normal;
  const distanceMax = factor / Math.sqrt(sorted.length);
  if (best.distance <= distanceMax || sorted.length < TABLE_SAMPLE_MIN) return { ...best, distanceMax };
  const table = tabulate(sorted);
  return { model: table, distance: distanceFrom(table, sorted), distanceMax };
}

/** Amounts at equal steps of rank. */
function tabulate(sorted: readonly bigint[]): AmountModel {
  const values = Array.from({ length: TABLE_STEPS + 1 }, (_, step) => {
    const rank = Math.round((step / TABLE_STEPS) * (sorted.length - 1));
    return sorted[rank] ?? 1n;
  });
  return { type: 'quantiles', values };
}

function fitLogNormal(logs: readonly number[], min: bigint, max: bigint): AmountModel {
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / logs.length;
  const [low, high] = [Math.log(Number(min)), Math.log(Number(max))];
  // Of a normal law cut at both ends; mean and variance are all it needs of the sample.
  const likelihood = (centre: number, sigma: number): number => {
    const inside = normalShare((high - centre) / sigma) - normalShare((low - centre) / sigma);
    const spread = (variance + (mean - centre) ** 2) / (2 * sigma * sigma);
    return -spread - Math.log(sigma) - Math.log(Math.max(inside, Number.MIN_VALUE));
  };
  let best = { centre: mean, sigma: Math.max(modelBounds.sigma.min, Math.sqrt(variance)) };
  let most = likelihood(best.centre, best.sigma);
  const stepMin = best.sigma / 1000;
  let step = best.sigma;
  for (let round = 0; step > stepMin && round < ROUNDS_MAX; round += 1) {
    const around = [
      { centre: best.centre + step, sigma: best.sigma },
      { centre: best.centre - step, sigma: best.sigma },
      { centre: best.centre, sigma: best.sigma + step },
      { centre: best.centre, sigma: best.sigma - step },
    ];
    const better = around.find(
      ({ centre, sigma }) =>
        centre >= low &&
        centre <= high &&
        sigma >= modelBounds.sigma.min &&
        sigma <= modelBounds.sigma.max &&
        likelihood(centre, sigma) > most,
    );
    if (better === undefined) step /= 2;
    else {
      best = better;
      most = likelihood(best.centre, best.sigma);
    }
  }
  const median = clamp(BigInt(Math.round(Math.exp(best.centre))), min, max);
  const sigma = Math.min(modelBounds.sigma.max, Math.max(modelBounds.sigma.min, rounded(best.sigma)));
  return { type: 'log_normal', median, sigma, min, max };
}

/** The exponent at which the likelihood of a Pareto law cut at both ends has its maximum (Aban et al. 2006). */
function fitPareto(logs: readonly number[], min: bigint, max: bigint): AmountModel {
  const low = Math.log(Number(min));
  const width = Math.log(Number(max)) - low;
  const meanExcess = logs.reduce((sum, log) => sum + log - low, 0) / logs.length;
  const slope = (alpha: number): number =>
    1 / alpha - (width * Math.exp(-alpha * width)) / (1 - Math.exp(-alpha * width)) - meanExcess;
  let [least, most] = [modelBounds.alpha.min, modelBounds.alpha.max] as [number, number];
  for (let round = 0; round < 60; round += 1) {
    const half = (least + most) / 2;
    if (slope(half) > 0) least = half;
    else most = half;
  }
  const alpha = Math.min(modelBounds.alpha.max, Math.max(modelBounds.alpha.min, rounded(most)));
  return { type: 'pareto', alpha, min, max };
}

function distanceFrom(model: AmountModel, sorted: readonly bigint[]): number {
  const quantile = createAmountQuantile(model);
  let [distance, rank] = [0, 0];
  for (let point = 0; point < POINTS; point += 1) {
    const share = (point + 0.5) / POINTS;
    const value = quantile(share);
    while (rank < sorted.length && (sorted[rank] ?? 0n) < value) rank += 1;
    const below = rank / sorted.length;
    let upTo = rank;
    while (upTo < sorted.length && (sorted[upTo] ?? 0n) <= value) upTo += 1;
    // Equal amounts make a step: the distribution need only pass somewhere within it.
    distance = Math.max(distance, below - share, share - upTo / sorted.length);
  }
  return distance;
}

function clamp(value: bigint, min: bigint, max: bigint): bigint {
  return value < min ? min : value > max ? max : value;
}
