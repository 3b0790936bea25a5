/** What the benchmark of orders works out of what it saw. */
import { describe, expect, it } from 'vitest';
import { type PaidBlock, percentilesOf, steadyOf, summarise } from '../../bench/autobatchFigures.ts';
import type { RunReport } from '../../bench/autobatchRun.ts';

function blocksOf(...orders: readonly number[]): readonly PaidBlock[] {
  return orders.map((count, index) => ({
    height: index + 5,
    timestampMs: 2000 * (index + 5),
    orders: count,
    gas: 100 * count,
  }));
}

function run(changes: Partial<RunReport>): RunReport {
  return {
    taken: 100,
    confirmed: 100,
    failed: 0,
    isCut: false,
    postMs: 900,
    totalMs: 1000,
    perSecond: 100,
    steadyPerSecond: 120,
    blocks: { count: 3, distanceMs: 2000, ordersMax: 50, ordersMean: 33 },
    nullifiedViews: 0,
    gasShare: 0.5,
    submissions: 10,
    answerMs: { p50: 1, p99: 2 },
    confirmedMs: { p50: 10, p99: 20 },
    cpuS: { nodes: 2, chain: 1, client: 1 },
    busyShare: 1,
    ...changes,
  };
}

describe('steadyOf', () => {
  it('leaves out the way in and the last stragglers, and counts empty blocks between', () => {
    // A tenth is reached in the second block, nine tenths in the fifth: 400 orders in 6 s.
    expect(steadyOf(blocksOf(20, 80, 200, 0, 200, 45, 5))).toEqual({
      perSecond: 400 / 6,
      distanceMs: 2000,
      ordersMean: 400 / 3,
      gasMean: 40_000 / 3,
    });
  });

  it('says nothing of a run that is over within two blocks', () => {
    expect(steadyOf(blocksOf(500, 500))).toBeNull();
    expect(steadyOf([])).toBeNull();
  });
});

describe('percentilesOf', () => {
  it('takes the least figure that so many are not above', () => {
    const figures = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(percentilesOf(figures)).toEqual({ p50: 100, p99: 198 });
  });
});

describe('summarise', () => {
  it('takes the middle of each figure by itself, and the ratio to the baseline', () => {
    const runs = [
      run({ perSecond: 90, submissions: 30, cpuS: { nodes: 4, chain: null, client: 1 } }),
      run({ perSecond: 300, submissions: 10 }),
      run({ perSecond: 150, submissions: 20, isCut: true, steadyPerSecond: null }),
    ];
    expect(summarise('ten', 10, runs, 100)).toMatchObject({
      perSecond: 150,
      ratio: 1.5,
      submissions: 20,
      takenPerSecond: 100 / 0.9,
      saved: 80,
      isCut: true,
      steadyPerSecond: 120,
      nodeCpuMsPerOrder: 20,
    });
  });

  it('leaves a figure out that no run has', () => {
    const unknown = run({ gasShare: null, cpuS: { nodes: null, chain: null, client: 1 } });
    expect(summarise('transfers', undefined, [unknown], 100)).toMatchObject({
      gasShare: null,
      nodeCpuMsPerOrder: null,
    });
  });
});
