import { describe, expect, it } from 'vitest';
import {
  DEMO_DEBT_MAX,
  DEMO_TRANSACTIONS,
  type DemoSituation,
  planDemo,
} from '../../../../../node/devnet/workload/demoPlan.ts';

const assets = ['UM', 'USDC', 'USDT', 'DAI'];
const idle = { debts: {}, isBusy: false };
const situation: DemoSituation = {
  seed: 7,
  height: 3,
  windowIndex: 0,
  assets,
  accounts: Array.from({ length: 10 }, () => idle),
};

/** Executes every plan at once. @returns Net by window, then asset. */
function play(blocks: number, batchSize: number, seed = 7) {
  const debts = situation.accounts.map((): Record<string, bigint> => ({}));
  const nets: Record<string, bigint>[] = [];
  for (let height = 0; height < blocks; height += 1) {
    const windowIndex = Math.floor(height / batchSize);
    nets[windowIndex] ??= {};
    const net = nets[windowIndex];
    const accounts = debts.map((owed) => ({ debts: { ...owed }, isBusy: false }));
    for (const { account, body } of planDemo({ ...situation, seed, height, windowIndex, accounts })) {
      const owed = debts[account] ?? {};
      const moved = body.type === 'borrow' ? body.amount : -body.amount;
      owed[body.asset] = (owed[body.asset] ?? 0n) + moved;
      net[body.asset] = (net[body.asset] ?? 0n) + moved;
      expect(owed[body.asset]).toBeGreaterThanOrEqual(0n);
      expect(owed[body.asset]).toBeLessThanOrEqual(DEMO_DEBT_MAX);
    }
  }
  return nets;
}

describe('planDemo', () => {
  it('plans a few transactions, each of another account, the same for the same situation', () => {
    const plan = planDemo(situation);
    expect(plan).toHaveLength(DEMO_TRANSACTIONS);
    expect(new Set(plan.map(({ account }) => account)).size).toBe(DEMO_TRANSACTIONS);
    expect(planDemo(situation)).toEqual(plan);
    expect(planDemo({ ...situation, seed: 8 })).not.toEqual(plan);
    expect(planDemo({ ...situation, height: 4 })).not.toEqual(plan);
  });

  it.each([1, 2, 5, 20])('gives every asset nets of both signs with N = %i', (batchSize) => {
    const nets = play(40 * batchSize, batchSize);
    for (const asset of assets) {
      expect(nets.some((net) => (net[asset] ?? 0n) > 0n)).toBe(true);
      expect(nets.some((net) => (net[asset] ?? 0n) < 0n)).toBe(true);
    }
  });

  it('has something to settle in nearly every window, in both directions in most', () => {
    const nets = play(1000, 5).slice(1);
    const signs = nets.map((net) => new Set(Object.values(net).map((amount) => amount > 0n)));
    expect(signs.every((window) => window.size > 0)).toBe(true);
    expect(signs.filter((window) => window.size === 2).length).toBeGreaterThan(0.8 * nets.length);
  });

  it('keeps debts within bounds for days', () => {
    play(20_000, 100);
  });

  it('leaves accounts alone whose last transaction waits still', () => {
    const accounts = situation.accounts.map((account, index) => ({ ...account, isBusy: index > 0 }));
    expect(planDemo({ ...situation, accounts }).map(({ account }) => account)).toEqual([0]);
    expect(planDemo({ ...situation, accounts: accounts.slice(1) })).toEqual([]);
  });
});
