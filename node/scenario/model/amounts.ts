/**
 * Amounts of a workload model by inversion: one draw from (0, 1) gives one amount, so equal draws stay comparable when
 * a parameter changes. Bounds cut the distribution, they do not pile up what lies outside.
 */
import { expOf, logOf, normalQuantile, normalShare } from './portableMath.ts';
import type { AmountModel } from './types.ts';

/** The largest number below 1: rounding must not reach 1 itself, whose quantile is infinite. */
const SHARE_MAX = 1 - 2 ** -53;

/** Gives the amount below which a share of all amounts lies; the share strictly between 0 and 1. */
export type AmountQuantile = (share: number) => bigint;

export function createAmountQuantile(model: AmountModel): AmountQuantile {
  if (model.type === 'constant') return () => model.value;
  if (model.type === 'quantiles') return createTableQuantile(model.values);
  const { min, max } = model;
  const low = Number(min);
  const high = Number(max);
  const bounded = (value: number): bigint => {
    // Whole numbers above 2^53 are exact as they stand; rounding of the bounds must not leave them.
    const amount = BigInt(Math.floor(value));
    return amount < min ? min : amount > max ? max : amount;
  };
  switch (model.type) {
    case 'uniform':
      return (share) => bounded(low + share * (high - low + 1));
    case 'pareto': {
      const cut = 1 - expOf(model.alpha * (logOf(low) - logOf(high)));
      return (share) => bounded(low * expOf(-logOf(1 - share * cut) / model.alpha));
    }
    case 'log_normal': {
      const centre = logOf(Number(model.median));
      const { sigma } = model;
      const from = normalShare((logOf(low) - centre) / sigma);
      const to = normalShare((logOf(high) - centre) / sigma);
      return (share) => {
        const part = Math.min(from + share * (to - from), SHARE_MAX);
        return bounded(expOf(centre + sigma * normalQuantile(part)));
      };
    }
  }
}

/** The largest amount of a model. */
export function amountMaxOf(model: AmountModel): bigint {
  if (model.type === 'quantiles') return model.values.at(-1) ?? 1n;
  return model.type === 'constant' ? model.value : model.max;
}

function createTableQuantile(values: readonly bigint[]): AmountQuantile {
  const logs = values.map((value) => logOf(Number(value)));
  return (share) => {
    const at = share * (values.length - 1);
    const index = Math.min(Math.floor(at), values.length - 2);
    const [low = 1n, high = 1n] = values.slice(index, index + 2);
    if (low === high) return low;
    const [from = 0, to = 0] = logs.slice(index, index + 2);
    const amount = BigInt(Math.floor(expOf(from + (at - index) * (to - from))));
    return amount < low ? low : amount > high ? high : amount;
  };
}
