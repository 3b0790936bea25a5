import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bucketOf,
  HISTOGRAM_ERROR_MAX,
  LatencyHistogram,
  middleOf,
  PooledLatencies,
} from '../../../../node/experiment/latencyHistogram.ts';

function histogram(ended: readonly number[], censored: readonly number[] = []) {
  const gathered = new LatencyHistogram();
  for (const value of ended) gathered.end(value);
  for (const age of censored) gathered.censor(age);
  return gathered.counts();
}

const ones = (count: number): Float64Array => new Float64Array(count).fill(1);

describe('the buckets', () => {
  it('keep every value within the stated error, in order', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 40 }), (value) => {
        const error = Math.abs(middleOf(bucketOf(value)) - value);
        expect(error).toBeLessThanOrEqual(value * HISTOGRAM_ERROR_MAX);
        expect(bucketOf(value + 1)).toBeGreaterThanOrEqual(bucketOf(value));
      }),
    );
  });

  it('have no gap where their width doubles', () => {
    for (let exponent = 1; exponent < 42; exponent += 1) {
      const edge = 2 ** exponent;
      expect(bucketOf(edge) - bucketOf(edge - 1)).toBe(1);
    }
  });
});

describe('PooledLatencies', () => {
  it('gives nearest-rank percentiles while nothing is censored', () => {
    const latencies = fc.array(fc.nat({ max: 100_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(latencies, latencies, fc.constantFrom(0.5, 0.9, 0.99), (one, other, share) => {
        const sorted = [...one, ...other].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(share * sorted.length - 1e-9)) - 1] ?? 0;
        const [found = NaN] = new PooledLatencies([histogram(one), histogram(other)]).percentiles(
          [share],
          ones(2),
        );
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * HISTOGRAM_ERROR_MAX + 1e-9);
      }),
    );
  });

  it('counts what was cut off as still waiting: the leukaemia data of Freireich et al. 1963', () => {
    // Weeks of remission under 6-MP, with the survival that Kaplan and Meier's estimate gives in every textbook.
    const ended = [6, 6, 6, 7, 10, 13, 16, 22, 23];
    const censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35];
    const survival = new PooledLatencies([histogram(ended, censored)])
      .steps()
      .map(([week, share]) => [week, Number((1 - share).toFixed(3))]);
    expect(survival).toEqual([
      [6, 0.857],
      [7, 0.807],
      [10, 0.753],
      [13, 0.69],
      [16, 0.627],
      [22, 0.538],
      [23, 0.448],
    ]);
  });

  it('has no percentile that too many never reached', () => {
    const pooled = new PooledLatencies([histogram([1, 2, 3], [50])]);
    expect(pooled.percentiles([0.5, 0.75, 0.9], ones(1))).toEqual([2, 3, undefined]);
  });

  it('weighs runs as if they came that often', () => {
    const [one, other] = [histogram([10, 20, 30], [15]), histogram([5, 100], [3])];
    const weighed = new PooledLatencies([one, other]).percentiles([0.1, 0.5, 0.8], Float64Array.of(2, 3));
    const repeated = new PooledLatencies([one, one, other, other, other]).percentiles(
      [0.1, 0.5, 0.8],
      ones(5),
    );
    expect(weighed).toEqual(repeated);
    expect(new PooledLatencies([one, other]).percentiles([0.5], Float64Array.of(0, 1))).toEqual(
      new PooledLatencies([other]).percentiles([0.5], ones(1)),
    );
  });
});
