import { describe, expect, it } from 'vitest';
import { Random } from '../../../../../consensus/primitives/random.ts';
import { fitAmounts } from '../../../../../node/experiment/fit/fitAmounts.ts';
import {
  distanceOf,
  fitArrivals,
  measureDispersion,
} from '../../../../../node/experiment/fit/fitArrivals.ts';
import { correlationOf, fitModel } from '../../../../../node/experiment/fit/fitModel.ts';
import { type Flow, flowsOf, type TraceFlows } from '../../../../../node/experiment/fit/flows.ts';
import { createAmountQuantile } from '../../../../../node/scenario/model/amounts.ts';
import { drawShare } from '../../../../../node/scenario/model/arrivals.ts';
import { ModelWorkload } from '../../../../../node/scenario/model/modelWorkload.ts';
import type { AmountModel, ArrivalModel, WorkloadModel } from '../../../../../node/scenario/model/types.ts';
import { readTrace } from '../../../../../node/scenario/trace.ts';

const BLOCK_TIME_MS = 2000;
const AAVE = 'scripts/scenarios/data/aave-v2-polygon-2021.csv';

const debts = { openingDebt: 10n ** 15n, debtMax: 2n * 10n ** 15n };
const known: WorkloadModel = {
  accountCount: 12,
  arrivals: {
    rate: { perBlock: 2 },
    bursts: { factor: 10, quietMs: 600_000, busyMs: 120_000 },
    daily: undefined,
  },
  assets: [
    {
      symbol: 'USDC',
      weight: 3,
      amount: { type: 'log_normal', median: 10n ** 6n, sigma: 1.5, min: 1n, max: 10n ** 9n },
      repayShare: 0.4,
      persistence: 0.3,
      ...debts,
    },
    {
      symbol: 'UM',
      weight: 1,
      amount: { type: 'pareto', alpha: 1.2, min: 1000n, max: 10n ** 7n },
      repayShare: 0.6,
      persistence: 0,
      ...debts,
    },
  ],
};

/** What a trace of this model would hold; instants within a block are drawn. */
function traceOf(model: WorkloadModel, blockCount: number, seed = 5): TraceFlows {
  const workload = new ModelWorkload({ model, blockTimeMs: BLOCK_TIME_MS, seed });
  const random = new Random(`trace/${seed}`);
  const flows: Flow[] = [];
  for (let block = 1; block <= blockCount; block += 1) {
    const transactions = workload.transactionsFor(block, 1000);
    const times = transactions
      .map(() => (block - 1 + drawShare(random)) * BLOCK_TIME_MS)
      .sort((a, b) => a - b);
    for (const [index, { account = '', operation }] of transactions.entries()) {
      if (operation.type !== 'borrow' && operation.type !== 'repay') throw new Error(operation.type);
      const { asset, amount, type } = operation;
      flows.push({ timeMs: times[index] ?? 0, account, asset, amount, repays: type === 'repay' });
    }
  }
  const spanMs = (flows.at(-1)?.timeMs ?? 0) - (flows[0]?.timeMs ?? 0);
  return { flows, spanMs, ignoredCount: 0, liquidationCount: 0 };
}

function timesOf(arrivals: ArrivalModel, blockCount: number, seed?: number): readonly number[] {
  return traceOf({ ...known, arrivals }, blockCount, seed).flows.map(({ timeMs }) => timeMs);
}

describe('fitModel', () => {
  it('finds the model that made a trace: rate, bursts, mix, amounts, directions', () => {
    const { model, arrivals, assets } = fitModel(traceOf(known, 20_000), { perBlock: 2 }, BLOCK_TIME_MS);
    expect(model.accountCount).toBe(12);
    expect(model.arrivals.rate).toEqual({ perBlock: 2 });
    const { bursts } = model.arrivals;
    expect(bursts?.factor).toBeGreaterThan(8);
    expect(bursts?.factor).toBeLessThan(12);
    // 55 bursts in the trace: their mean lengths are known to about a seventh.
    expect((bursts?.quietMs ?? 0) / 600_000).toBeGreaterThan(0.6);
    expect((bursts?.quietMs ?? 0) / 600_000).toBeLessThan(1.5);
    expect((bursts?.busyMs ?? 0) / 120_000).toBeGreaterThan(0.6);
    expect((bursts?.busyMs ?? 0) / 120_000).toBeLessThan(1.5);
    expect(arrivals.gapDistance).toBeLessThan(0.03);
    expect(arrivals.steadyGapDistance).toBeGreaterThan(0.1);
    const [usdc, um] = assets;
    expect((usdc?.flowCount ?? 0) / (um?.flowCount ?? 1)).toBeCloseTo(3, 0);
    expect(usdc?.amounts.model).toMatchObject({ type: 'log_normal' });
    expect(um?.amounts.model).toMatchObject({ type: 'pareto' });
    for (const fit of assets) expect(fit.amounts.distance).toBeLessThan(fit.amounts.distanceMax ?? 0);
    expect(usdc?.model.repayShare).toBeCloseTo(0.4, 1);
    expect(usdc?.model.persistence).toBeCloseTo(0.3, 1);
    expect(um?.model.persistence).toBe(0);
  });

  it('takes time as it is told: a factor, or so many a block', () => {
    const trace = traceOf(known, 4000);
    const half = fitModel(trace, { timeScale: 0.5 }, BLOCK_TIME_MS);
    const whole = fitModel(trace, { timeScale: 1 }, BLOCK_TIME_MS);
    const rateOf = ({ rate }: ArrivalModel): number => ('perHour' in rate ? rate.perHour : 0);
    expect(rateOf(half.model.arrivals) / rateOf(whole.model.arrivals)).toBeCloseTo(2, 2);
    expect((half.model.arrivals.bursts?.quietMs ?? 0) * 2).toBeCloseTo(
      whole.model.arrivals.bursts?.quietMs ?? 0,
      -1,
    );
    const dense = fitModel(trace, { perBlock: 500 }, BLOCK_TIME_MS);
    expect(dense.timeScale).toBeLessThan(0.01);
  });

  it('says when a pace is too quick for bursts', () => {
    const { model, notCaptured } = fitModel(traceOf(known, 4000), { timeScale: 0.0001 }, BLOCK_TIME_MS);
    expect(model.arrivals.bursts).toBeUndefined();
    expect(notCaptured.join('\n')).toContain(
      'bursts: at this pace they are shorter than a hundredth of a block',
    );
  });

  it('fits the real flows: near in dispersion where a steady rate is far, and names the rest', () => {
    const rows = readTrace(AAVE);
    if (!rows.ok) throw new Error('unreadable');
    const trace = flowsOf(rows.value);
    expect([trace.flows.length, trace.ignoredCount, trace.liquidationCount]).toEqual([275, 587, 3]);
    const fit = fitModel(trace, { timeScale: 1 }, BLOCK_TIME_MS);
    const [shortest] = fit.arrivals.dispersions;
    expect(shortest?.measured).toBeGreaterThan(5);
    expect(shortest?.fitted).toBeGreaterThan(2.5);
    expect(fit.arrivals.gapDistance).toBeLessThan(fit.arrivals.steadyGapDistance);
    for (const { amounts, flowCount } of fit.assets)
      if (flowCount >= 20) expect(amounts.distance).toBeLessThan(0.06);
    expect(fit.notCaptured.join('\n')).toMatch(/587 deposits and withdrawals[\s\S]*3 liquidations/);
  });
});

describe('fitArrivals', () => {
  it('finds no bursts where there are none, in twenty traces', () => {
    const steady: ArrivalModel = { rate: { perBlock: 1 }, bursts: undefined, daily: undefined };
    const found = Array.from(
      { length: 20 },
      (_, seed) => fitArrivals(timesOf(steady, 400, seed)).model.bursts,
    );
    expect(found.filter((bursts) => bursts !== undefined).length).toBeLessThanOrEqual(1);
  });

  it('finds the time of day, and none where there is none', () => {
    const dayMs = 86_400_000;
    const times = (swing: number): readonly number[] => {
      const random = new Random(`day/${swing}`);
      const kept: number[] = [];
      for (let at = 0; at < 10 * dayMs; at += 60_000)
        if (drawShare(random) < 0.2 * (1 + swing * Math.cos((2 * Math.PI * (at - dayMs / 4)) / dayMs)))
          kept.push(at);
      return kept;
    };
    const { daily } = fitArrivals(times(0.6)).model;
    expect(daily?.swing).toBeCloseTo(0.6, 1);
    expect((daily?.peakMs ?? 0) / dayMs).toBeCloseTo(0.25, 1);
    expect(fitArrivals(times(0)).model.daily).toBeUndefined();
  });

  it('measures dispersions and distances', () => {
    expect(measureDispersion([1, 1, 1, 1], 2)).toBe(0);
    expect(measureDispersion([4, 0, 4, 0], 1)).toBe(2);
    expect(distanceOf([0.25, 0.75], (value) => value)).toBe(0.25);
    expect(distanceOf([1, 2], () => 0)).toBe(1);
    expect(correlationOf([1, 1, 1])).toBe(0);
  });
});

describe('fitAmounts', () => {
  const sample = (model: AmountModel, count: number): bigint[] => {
    const quantile = createAmountQuantile(model);
    const random = new Random('amounts');
    return Array.from({ length: count }, () => quantile(drawShare(random)));
  };

  it.each<AmountModel>([
    { type: 'log_normal', median: 10n ** 18n, sigma: 2, min: 10n ** 15n, max: 10n ** 20n },
    { type: 'pareto', alpha: 0.9, min: 10n ** 6n, max: 10n ** 10n },
  ])('finds shape and parameters of $type amounts, cut at both ends', (model) => {
    const fit = fitAmounts(sample(model, 4000));
    expect(fit.model.type).toBe(model.type);
    if (fit.model.type === 'log_normal') {
      expect(fit.model.sigma).toBeGreaterThan(1.8);
      expect(fit.model.sigma).toBeLessThan(2.2);
    } else if (fit.model.type === 'pareto') expect(fit.model.alpha).toBeCloseTo(0.9, 1);
    expect(fit.distance).toBeLessThan(fit.distanceMax ?? 0);
  });

  it('keeps a table of what has no known shape, and a constant as it is', () => {
    const twoHeaps = [
      ...sample({ type: 'uniform', min: 90n, max: 110n }, 200),
      ...sample({ type: 'uniform', min: 10n ** 9n, max: 11n * 10n ** 8n }, 200),
    ];
    const fit = fitAmounts(twoHeaps);
    expect(fit.model.type).toBe('quantiles');
    expect(fit.distance).toBeLessThan(0.06);
    expect(fitAmounts([7n, 7n, 7n])).toEqual({
      model: { type: 'constant', value: 7n },
      distance: undefined,
      distanceMax: undefined,
    });
    expect(fitAmounts([3n, 300n]).model.type).toBe('log_normal');
  });
});
