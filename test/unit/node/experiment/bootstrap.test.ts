import { describe, expect, it } from 'vitest';
import { Random } from '../../../../consensus/primitives/random.ts';
import { drawWeights, intervalOf, studentQuantile } from '../../../../node/experiment/bootstrap.ts';

const RUNS = 30;

/** Uniform between 0 and 1, both left out. */
function uniform(random: Random): number {
  return (random.uint32() + 0.5) / 2 ** 32;
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(uniform(random))) * Math.cos(2 * Math.PI * uniform(random));
}

/** Share of samples whose interval of the mean holds the true mean. */
function coverage(draw: (random: Random) => number, mean: number): number {
  const random = new Random('coverage');
  const weights = drawWeights(RUNS, 'coverage', 500);
  const samples = 600;
  let held = 0;
  for (let sample = 0; sample < samples; sample += 1) {
    const values = Array.from({ length: RUNS }, () => draw(random));
    const means = Float64Array.from(
      weights,
      (weight) => values.reduce((sum, value, run) => sum + value * (weight[run] ?? 0), 0) / RUNS,
    );
    const [low = NaN, high = NaN] = intervalOf(means, RUNS) ?? [];
    if (low <= mean && mean <= high) held += 1;
  }
  return held / samples;
}

describe('intervals', () => {
  it('hold the mean of a normal distribution in 95 % of the cases', () => {
    const share = coverage(normal, 0);
    expect(share).toBeGreaterThan(0.93);
    expect(share).toBeLessThan(0.975);
  });

  it('hold the mean of an exponential distribution nearly as often, skewed as it is', () => {
    const share = coverage((random) => -Math.log(uniform(random)), 1);
    expect(share).toBeGreaterThan(0.91);
    expect(share).toBeLessThan(0.975);
  });

  it('are the same for the same draws, and others for others', () => {
    expect(drawWeights(5, 'a', 20)).toEqual(drawWeights(5, 'a', 20));
    expect(drawWeights(5, 'a', 20)).not.toEqual(drawWeights(5, 'b', 20));
    for (const weights of drawWeights(7, 'a', 50)) expect(weights.reduce((sum, each) => sum + each)).toBe(7);
  });

  it('are of no width where all runs agree, and are not there for one run or without a value', () => {
    expect(intervalOf(new Float64Array(100).fill(3), 10)).toEqual([3, 3]);
    expect(intervalOf(new Float64Array(100).fill(3), 1)).toBeUndefined();
    expect(intervalOf(Float64Array.of(1, NaN, 2), 10)).toBeUndefined();
    expect(intervalOf(new Float64Array(100).fill(Infinity), 10)).toEqual([Infinity, Infinity]);
  });
});

describe('quantiles that the intervals stand on', () => {
  it('are those of the tables', () => {
    // 97.5 % quantiles of Student's t.
    const table = [
      [1, 12.706],
      [2, 4.303],
      [5, 2.571],
      [10, 2.228],
      [29, 2.045],
      [100, 1.984],
    ] as const;
    for (const [degrees, quantile] of table)
      expect(Math.abs(studentQuantile(degrees) - quantile)).toBeLessThan(0.01);
  });
});
