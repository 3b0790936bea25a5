import { describe, expect, it } from 'vitest';
import { AMOUNT_MAX } from '../../../../consensus/primitives/flavor.ts';
import { addSlippage, isBelowPlan, planActions } from '../../../../settlement/net/planner.ts';
import type { SettlementAction } from '../../../../settlement/net/settlement.ts';

const rules = { baseAsset: 'USDC', slippageBps: 100 };
const pools = [
  { asset: 'DAI', assetReserve: 1000n, baseReserve: 1000n },
  { asset: 'UM', assetReserve: 1000n, baseReserve: 1000n },
];

describe('planActions', () => {
  it('swaps, draws and returns in asset order', () => {
    const net = [
      { asset: 'DAI', amount: -7n },
      { asset: 'UM', amount: 500n },
      { asset: 'USDC', amount: 9n },
    ];
    expect(planActions(net, rules, pools, [])).toEqual([
      { type: 'ibc_transfer', asset: 'DAI', amount: 7n },
      { type: 'swap', asset: 'UM', amount: 500n, amountInMax: 1015n },
      { type: 'draw', asset: 'USDC', amount: 9n },
    ]);
  });

  it('returns the base asset over IBC too', () => {
    expect(planActions([{ asset: 'USDC', amount: -2n }], rules, pools, [])).toEqual([
      { type: 'ibc_transfer', asset: 'USDC', amount: 2n },
    ]);
  });

  it('counts the swaps of earlier batches, but not those of one that cannot settle', () => {
    const net = [{ asset: 'UM', amount: 250n }];
    const alone = planActions(net, rules, pools, []);
    const behind = planActions(net, rules, pools, [[{ asset: 'UM', amount: 500n }]]);
    const bound = (actions: readonly SettlementAction[]): bigint =>
      actions[0]?.type === 'swap' ? actions[0].amountInMax : 0n;
    expect(bound(alone)).toBe(339n);
    expect(bound(behind)).toBe(2032n);
    const blocked = [
      { asset: 'DAI', amount: 1000n },
      { asset: 'UM', amount: 500n },
    ];
    expect(planActions(net, rules, pools, [blocked])).toEqual(alone);
    const harmless = [[{ asset: 'UM', amount: -500n }], [{ asset: 'USDC', amount: 500n }]];
    expect(planActions(net, rules, pools, harmless)).toEqual(alone);
  });

  it('bounds a swap that no pool can give by the largest amount', () => {
    for (const net of [[{ asset: 'UM', amount: 1000n }], [{ asset: 'WBTC', amount: 1n }]]) {
      expect(planActions(net, rules, pools, [])).toMatchObject([{ amountInMax: AMOUNT_MAX }]);
    }
  });
});

describe('addSlippage', () => {
  it.each([
    [1706n, 100, 1724n],
    [100n, 100, 101n],
    [1n, 1, 2n],
    [5n, 0, 5n],
    [AMOUNT_MAX, 100, AMOUNT_MAX],
  ])('%s and %s bps make %s', (quote, bps, expected) => {
    expect(addSlippage(quote, bps)).toBe(expected);
  });
});

describe('isBelowPlan', () => {
  const plan: readonly SettlementAction[] = [
    { type: 'draw', asset: 'DAI', amount: 1n },
    { type: 'swap', asset: 'UM', amount: 5n, amountInMax: 9n },
  ];

  it('looks at the bound of each planned swap', () => {
    const sent = (amountInMax: bigint): readonly SettlementAction[] => [
      { type: 'swap', asset: 'UM', amount: 5n, amountInMax },
    ];
    expect([8n, 9n, 10n].map((bound) => isBelowPlan(sent(bound), plan))).toEqual([true, false, false]);
    expect(isBelowPlan([], plan)).toBe(false);
  });
});
