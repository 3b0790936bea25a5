import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatencyStatistics, PERCENTILE_ERROR_MAX } from '../../../../settlement/net/latencyStatistics.ts';

function statisticsOf(values: readonly number[], samplesMax?: number): LatencyStatistics {
  const statistics = new LatencyStatistics(samplesMax === undefined ? {} : { samplesMax });
  for (const value of values) statistics.add(value);
  return statistics;
}

/** Nearest rank, straight from its definition. */
function nearestRank(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
}

describe('LatencyStatistics', () => {
  it('is all zero without samples', () => {
    expect(new LatencyStatistics().summarize()).toEqual({
      count: 0,
      mean: 0,
      p50: 0,
      p90: 0,
      p99: 0,
      max: 0,
      errorMax: 0,
    });
  });

  it('is exact for few samples', () => {
    const values = Array.from({ length: 200 }, (_, index) => (index * 37) % 200);
    expect(statisticsOf(values).summarize()).toEqual({
      count: 200,
      mean: 99.5,
      p50: 99,
      p90: 179,
      p99: 197,
      max: 199,
      errorMax: 0,
    });
  });

  it('counts a latency below zero as zero and refuses a broken one', () => {
    expect(statisticsOf([-5]).summarize()).toMatchObject({ count: 1, mean: 0, max: 0 });
    expect(() => statisticsOf([0.5])).toThrow('no whole number');
  });

  it('stays within the stated error beyond the sample limit, at any scale', () => {
    const value = fc.oneof(
      fc.integer({ min: 0, max: 600 }),
      fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      fc
        .integer({ min: 0, max: 41 })
        .chain((bits) =>
          fc.constantFrom(2 ** bits, 2 ** bits - 1, 2 ** bits + 1).map((one) => Math.min(one, 2 ** 42 - 1)),
        ),
    );
    fc.assert(
      fc.property(fc.array(value, { minLength: 5, maxLength: 200 }), (values) => {
        const summary = statisticsOf(values, 4).summarize();
        expect(summary.errorMax).toBe(PERCENTILE_ERROR_MAX);
        expect(summary.max).toBe(Math.max(...values));
        for (const [share, got] of [
          [0.5, summary.p50],
          [0.9, summary.p90],
          [0.99, summary.p99],
        ] as const) {
          const exact = nearestRank(values, share);
          expect(Math.abs(got - exact)).toBeLessThanOrEqual(exact * PERCENTILE_ERROR_MAX);
        }
      }),
    );
  });

  it('keeps a value beyond the last bucket within the largest seen', () => {
    const summary = statisticsOf([1, 2, 2 ** 50], 1).summarize();
    expect(summary.max).toBe(2 ** 50);
    expect(summary.p99).toBeLessThanOrEqual(2 ** 50);
  });
});
