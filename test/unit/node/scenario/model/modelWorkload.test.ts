import { describe, expect, it } from 'vitest';
import { Random } from '../../../../../consensus/primitives/random.ts';
import { createAmountQuantile } from '../../../../../node/scenario/model/amounts.ts';
import { ArrivalProcess, dispersionOf, drawPoisson } from '../../../../../node/scenario/model/arrivals.ts';
import { ModelWorkload } from '../../../../../node/scenario/model/modelWorkload.ts';
import type {
  AmountModel,
  ArrivalModel,
  AssetModel,
  WorkloadModel,
} from '../../../../../node/scenario/model/types.ts';
import type { ScenarioTransaction } from '../../../../../node/scenario/types.ts';
import { loadText, replay } from '../replay.ts';

const BLOCK_TIME_MS = 2000;
const ROOM = 100_000;

function asset(symbol: string, changes: Partial<AssetModel> = {}): AssetModel {
  return {
    symbol,
    weight: 1,
    amount: { type: 'constant', value: 10n },
    repayShare: 0.45,
    persistence: 0,
    openingDebt: 10n ** 9n,
    debtMax: 2n * 10n ** 9n,
    ...changes,
  };
}

function arrivals(changes: Partial<ArrivalModel> = {}): ArrivalModel {
  return { rate: { perBlock: 5 }, bursts: undefined, daily: undefined, ...changes };
}

function model(changes: Partial<WorkloadModel> = {}): WorkloadModel {
  return { accountCount: 20, arrivals: arrivals(), assets: [asset('UM')], ...changes };
}

function draw(one: WorkloadModel, blockCount: number, seed = 1, room = ROOM): ScenarioTransaction[][] {
  const workload = new ModelWorkload({ model: one, blockTimeMs: BLOCK_TIME_MS, seed });
  return Array.from({ length: blockCount }, (_, index) => workload.transactionsFor(index + 1, room));
}

function counts(one: ArrivalModel, blockCount: number, seed = 1): number[] {
  const process = new ArrivalProcess(one, BLOCK_TIME_MS, String(seed));
  const random = new Random(`counts/${seed}`);
  return Array.from({ length: blockCount }, (_, index) => process.countFor(index + 1, random));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Variance over mean of sums over `windowBlocks` blocks each. */
function dispersion(values: readonly number[], windowBlocks: number): number {
  const sums: number[] = [];
  for (let at = 0; at + windowBlocks <= values.length; at += windowBlocks)
    sums.push(values.slice(at, at + windowBlocks).reduce((sum, value) => sum + value, 0));
  const centre = mean(sums);
  return mean(sums.map((value) => (value - centre) ** 2)) / centre;
}

describe('drawPoisson', () => {
  it.each([0.3, 5, 16, 40, 700])('has mean and variance %d', (expected) => {
    const random = new Random(`poisson ${expected}`);
    const drawn = Array.from({ length: 20_000 }, () => drawPoisson(random, expected));
    // Standard errors: sqrt(m/n), and about sqrt(2/n) of the ratio.
    expect(Math.abs(mean(drawn) - expected)).toBeLessThan(4 * Math.sqrt(expected / 20_000));
    expect(Math.abs(dispersion(drawn, 1) - 1)).toBeLessThan(4 * Math.sqrt((2 + 1 / expected) / 20_000));
  });

  it('draws nothing from nothing', () => {
    expect(drawPoisson(new Random(1), 0)).toBe(0);
  });
});

describe('ArrivalProcess', () => {
  const bursts = { factor: 8, quietMs: 40_000, busyMs: 8_000 };

  it('keeps the long-run rate whatever bursts and the time of day do, within 2 %', () => {
    const daily = { swing: 0.8, peakMs: 0, periodMs: 200_000 };
    for (const one of [
      arrivals(),
      arrivals({ rate: { perHour: 9000 } }),
      arrivals({ bursts }),
      arrivals({ daily }),
      arrivals({ bursts, daily }),
    ]) {
      expect(mean(counts(one, 100_000)) / 5).toBeCloseTo(1, 1.7);
    }
  });

  it('bursts as the index of dispersion says, within 10 %, at windows of 1, 5 and 100 blocks', () => {
    const one = arrivals({ bursts });
    const drawn = counts(one, 400_000);
    for (const windowBlocks of [1, 5, 100]) {
      const expected = dispersionOf(one, BLOCK_TIME_MS, windowBlocks * BLOCK_TIME_MS);
      expect(expected).toBeGreaterThan(3);
      expect(dispersion(drawn, windowBlocks) / expected).toBeGreaterThan(0.9);
      expect(dispersion(drawn, windowBlocks) / expected).toBeLessThan(1.1);
    }
  });

  it('does so where states change within a block', () => {
    const one = arrivals({ bursts: { factor: 30, quietMs: 900, busyMs: 100 } });
    const expected = dispersionOf(one, BLOCK_TIME_MS, BLOCK_TIME_MS);
    expect(dispersion(counts(one, 100_000), 1) / expected).toBeCloseTo(1, 1);
  });

  it('is Poisson without bursts, at any window', () => {
    const drawn = counts(arrivals(), 200_000);
    for (const windowBlocks of [1, 20]) expect(dispersion(drawn, windowBlocks)).toBeCloseTo(1, 1);
    expect(dispersionOf(arrivals(), BLOCK_TIME_MS, 60_000)).toBe(1);
  });

  it('follows the time of day: half the amplitude over the mean is the swing, at the hour of the peak', () => {
    const periodMs = 86_400_000;
    const drawn = counts(arrivals({ daily: { swing: 0.6, peakMs: periodMs / 4, periodMs } }), 43_200 * 5);
    let [cosine, sine] = [0, 0];
    for (const [index, count] of drawn.entries()) {
      const angle = (2 * Math.PI * (index + 0.5) * BLOCK_TIME_MS) / periodMs;
      cosine += count * Math.cos(angle);
      sine += count * Math.sin(angle);
    }
    const total = mean(drawn) * drawn.length;
    expect((2 * Math.hypot(cosine, sine)) / total).toBeCloseTo(0.6, 2);
    expect(Math.atan2(sine, cosine)).toBeCloseTo(Math.PI / 2, 1);
  });
});

describe('createAmountQuantile', () => {
  const shares = Array.from({ length: 20_000 }, (_, index) => (index + 0.5) / 20_000);
  const drawn = (amount: AmountModel): number[] => {
    const quantile = createAmountQuantile(amount);
    return shares.map((share) => Number(quantile(share)));
  };

  it('gives a log-normal amount its median, and its logarithm the deviation', () => {
    const values = drawn({ type: 'log_normal', median: 10n ** 9n, sigma: 1.2, min: 1n, max: 10n ** 15n });
    expect((values[10_000] ?? 0) / 1e9).toBeCloseTo(1, 3);
    const logs = values.map((value) => Math.log(value / 1e9));
    const centre = mean(logs);
    expect(Math.sqrt(mean(logs.map((log) => (log - centre) ** 2)))).toBeCloseTo(1.2, 2);
  });

  it('gives a Pareto amount its tail: the Hill estimate of the exponent, within 5 %', () => {
    for (const alpha of [0.8, 1.5, 3]) {
      const values = drawn({ type: 'pareto', alpha, min: 1000n, max: 10n ** 30n });
      const top = values.slice(-2000);
      const hill = 1 / mean(top.map((value) => Math.log(value / (top[0] ?? 1))));
      expect(hill / alpha).toBeGreaterThan(0.95);
      expect(hill / alpha).toBeLessThan(1.05);
    }
  });

  it('cuts at its bounds, without a heap of amounts at either', () => {
    for (const amount of [
      { type: 'log_normal', median: 1000n, sigma: 2, min: 500n, max: 9000n },
      { type: 'pareto', alpha: 1.1, min: 500n, max: 9000n },
      { type: 'uniform', min: 500n, max: 9000n },
    ] as const) {
      const values = drawn(amount);
      expect(Math.min(...values)).toBe(500);
      expect(Math.max(...values)).toBeLessThanOrEqual(9000);
      expect(values.filter((value) => value > 8990).length).toBeLessThan(100);
      const { min, max } = amount;
      const share = createAmountQuantile(amount);
      expect([share(2 ** -54) >= min, share(1 - 2 ** -53) <= max]).toEqual([true, true]);
    }
    expect(createAmountQuantile({ type: 'constant', value: 7n })(0.3)).toBe(7n);
    expect(createAmountQuantile({ type: 'uniform', min: 5n, max: 5n })(0.999)).toBe(5n);
  });

  it('reads a table of quantiles evenly in the logarithm', () => {
    const table = createAmountQuantile({ type: 'quantiles', values: [10n, 10n, 1000n, 100_000n] });
    expect([0.2, 0.5, 2 / 3, 5 / 6, 1 - 2 ** -53].map((share) => Number(table(share)))).toEqual([
      10,
      expect.closeTo(100, -1),
      expect.closeTo(1000, -1),
      expect.closeTo(10_000, -2),
      expect.closeTo(100_000, -2),
    ]);
  });

  it('is exact to the unit above 2^53', () => {
    const max = (1n << 100n) + 12_345n;
    expect(createAmountQuantile({ type: 'uniform', min: max, max })(0.5)).toBe(max);
  });
});

describe('ModelWorkload', () => {
  it('is the same for the same seed, another for another', () => {
    expect(draw(model(), 20)).toEqual(draw(model(), 20));
    expect(draw(model(), 20, 1)).not.toEqual(draw(model(), 20, 2));
  });

  it('draws each block from a stream of its own: another rate leaves what both have the same', () => {
    const one = asset('UM', { amount: { type: 'uniform', min: 1n, max: 1000n } });
    const [few, many] = [1, 4].map((perBlock) =>
      draw(model({ arrivals: arrivals({ rate: { perBlock } }), assets: [one] }), 200),
    );
    for (const [index, block] of (few ?? []).entries()) {
      const other = many?.[index] ?? [];
      expect(other.length).toBeGreaterThanOrEqual(block.length);
      expect(block.map(({ operation }) => 'amount' in operation && operation.amount)).toEqual(
        other.slice(0, block.length).map(({ operation }) => 'amount' in operation && operation.amount),
      );
    }
  });

  it('mixes assets by their weights, within three standard errors', () => {
    const all = draw(
      model({ assets: [asset('UM', { weight: 6 }), asset('DAI', { weight: 3 }), asset('TNZO')] }),
      8000,
    ).flat();
    for (const [symbol, share] of [
      ['UM', 0.6],
      ['DAI', 0.3],
      ['TNZO', 0.1],
    ] as const) {
      const found = all.filter(({ operation }) => 'asset' in operation && operation.asset === symbol).length;
      expect(Math.abs(found / all.length - share)).toBeLessThan(
        3 * Math.sqrt((share * (1 - share)) / all.length),
      );
    }
  });

  it.each([
    [0.45, 0],
    [0.45, 0.6],
    [0.3, -0.4],
    [0.7, 0.3],
  ])('repays a share of %d with correlation %d, within 0.02', (repayShare, persistence) => {
    const all = draw(model({ assets: [asset('UM', { repayShare, persistence })] }), 8000).flat();
    const signs = all.map(({ operation }) => (operation.type === 'repay' ? 1 : 0));
    const share = mean(signs);
    expect(Math.abs(share - repayShare)).toBeLessThan(0.02);
    const products = signs.slice(1).map((sign, index) => (sign - share) * ((signs[index] ?? 0) - share));
    expect(Math.abs(mean(products) / (share * (1 - share)) - persistence)).toBeLessThan(0.02);
  });

  it('never lets anybody repay what it does not owe, or owe more than its bound', () => {
    const tight = asset('UM', {
      amount: { type: 'uniform', min: 1n, max: 100n },
      openingDebt: 0n,
      debtMax: 100n,
      repayShare: 0.5,
    });
    const owed = new Map<string | undefined, bigint>();
    for (const { account, operation } of draw(model({ accountCount: 3, assets: [tight] }), 3000).flat()) {
      if (operation.type !== 'borrow' && operation.type !== 'repay') throw new Error(operation.type);
      const before = owed.get(account) ?? 0n;
      const after = operation.type === 'borrow' ? before + operation.amount : before - operation.amount;
      expect(operation.amount > 0n && after >= 0n && after <= 100n).toBe(true);
      owed.set(account, after);
    }
  });

  it('leaves what does not fit for later blocks', () => {
    const workload = new ModelWorkload({ model: model(), blockTimeMs: BLOCK_TIME_MS, seed: 3 });
    const taken = Array.from({ length: 50 }, (_, index) => workload.transactionsFor(index + 1, 3).length);
    expect(Math.max(...taken)).toBe(3);
    expect(workload.waitingCount).toBeGreaterThan(50);
    const all = draw(model(), 50, 3).flat().length;
    expect(taken.reduce((sum, one) => sum + one, 0) + workload.waitingCount).toBe(all);
    expect(workload.transactionsFor(51, -1)).toEqual([]);
  });

  it('insists on ascending blocks', () => {
    const workload = new ModelWorkload({ model: model(), blockTimeMs: BLOCK_TIME_MS, seed: 3 });
    expect(() => workload.transactionsFor(2, 1)).toThrow('workload model asked for block 2, next is 1');
  });

  it('is valid under the strict ledger rules, funded by genesis', () => {
    const scenario = loadText(
      [
        'duration: 4000s',
        'workload:',
        '  model:',
        '    accounts: 7',
        '    arrivals: { transactions_per_block: 4, bursts: { factor: 5, quiet: 60s, busy: 10s } }',
        '    assets:',
        '      WBTC: { amount: { pareto: { min: 1000, alpha: 1.1 } }, repay_share: 0.6, opening_debt: 0 }',
        '      ODD: { weight: 2, amount: { log_normal: { median: "5000000000000000000", sigma: 2 } } }',
        '      USDC: {}',
      ].join('\n'),
    );
    const { refusals, transactions } = replay(scenario, 2000);
    expect(refusals).toEqual([]);
    expect(transactions.length).toBeGreaterThan(6000);
    expect(transactions.filter(({ body }) => body.type === 'repay').length).toBeGreaterThan(2000);
  });
});
