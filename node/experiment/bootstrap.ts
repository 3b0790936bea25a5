/**
 * Confidence intervals by resampling whole runs: seeds are drawn with replacement, and every statistic is computed anew
 * from what was drawn (Efron 1979). Blocks within a run depend on each other, runs do not, so runs are what is drawn.
 *
 * The interval is the expanded percentile one (Hesterberg 2015, "What teachers should know about the bootstrap",
 * section 5.2): percentile intervals need no distribution and keep the range of what they are about, and the expansion
 * makes up for how narrow they are with few runs. Bias-corrected ones (BCa) would correct for skewness by a jackknife,
 * which says nothing about percentiles of latency, the statistic that matters most here.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import { Random } from '../../consensus/primitives/random.ts';
import { normalQuantile, normalShare } from '../scenario/model/portableMath.ts';

/** Draws of an interval: a bound's own error is then far below the width of the interval. */
export const RESAMPLES = 2000;
/** 97.5 % quantile of the normal distribution: intervals are of 95 %. */
const NORMAL_QUANTILE = normalQuantile(0.975);

export type Interval = readonly [number, number];

/**
 * How often each of `runCount` runs counts, for each draw. One set serves all points of a sweep: with the same seeds at
 * every point, differences between points are then paired.
 */
export function drawWeights(runCount: number, seed: string, resamples = RESAMPLES): Float64Array[] {
  assert(runCount >= 1, 'nothing to draw from');
  const random = new Random(`bootstrap/${seed}`);
  return Array.from({ length: resamples }, () => {
    const weights = new Float64Array(runCount);
    for (let draw = 0; draw < runCount; draw += 1) {
      const run = random.below(runCount);
      weights[run] = (weights[run] ?? 0) + 1;
    }
    return weights;
  });
}

/**
 * The 95 % interval of a statistic from its values over the draws.
 * @param runCount - Runs that were drawn from.
 * @returns Undefined with fewer than two runs, or where a draw had no value.
 */
export function intervalOf(values: Float64Array, runCount: number): Interval | undefined {
  if (runCount < 2) return undefined;
  const sorted = values.slice().sort();
  // NaN sorts last.
  if (Number.isNaN(sorted.at(-1))) return undefined;
  const tail = normalShare(-Math.sqrt(runCount / (runCount - 1)) * studentQuantile(runCount - 1));
  return [quantile(sorted, tail), quantile(sorted, 1 - tail)];
}

/** Linear between neighbours (type 7 of Hyndman and Fan 1996). */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] ?? 0;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? low;
  // Two infinite neighbours have no difference.
  return low === high ? low : low + (high - low) * (place - below);
}

/** 97.5 % quantile of Student's t: exact for one and two degrees of freedom, Cornish and Fisher's expansion above. */
export function studentQuantile(degrees: number): number {
  if (degrees === 1) return 12.706204736432095;
  if (degrees === 2) return 4.302652729911275;
  const z = NORMAL_QUANTILE;
  const terms = [
    z,
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ];
  return terms.reduce((sum, term, power) => sum + term / degrees ** power, 0);
}
