import { describe, expect, it } from 'vitest';
import { createHoldings, DEFAULT_RESERVE, executeActions } from '../../../../settlement/chain/swapPools.ts';
import { actionsOf, baseAsset } from './fixtures.ts';

const options = { baseAsset, assets: ['WETH', 'USDC', 'UM'], pools: undefined, treasury: undefined };

describe('createHoldings', () => {
  it('gives each asset but the base one a deep 1:1 pool, ascending, and each a treasury balance', () => {
    const { pools, treasury, crossed } = createHoldings(options);
    expect(pools).toEqual([
      { asset: 'UM', assetReserve: DEFAULT_RESERVE, baseReserve: DEFAULT_RESERVE },
      { asset: 'WETH', assetReserve: DEFAULT_RESERVE, baseReserve: DEFAULT_RESERVE },
    ]);
    expect([...treasury.keys()].sort()).toEqual(['UM', 'USDC', 'WETH']);
    expect(crossed.size).toBe(0);
  });

  it('crashes on pools that cannot be', () => {
    const pool = { asset: 'UM', assetReserve: 1n, baseReserve: 1n };
    expect(() => createHoldings({ ...options, pools: [pool, pool] })).toThrow(/two pools/);
    expect(() => createHoldings({ ...options, pools: [{ ...pool, asset: 'USDC' }] })).toThrow(/base asset/);
    expect(() => createHoldings({ ...options, pools: [{ ...pool, assetReserve: -1n }] })).toThrow(/reserves/);
    expect(() => createHoldings({ ...options, treasury: { UM: -1n } })).toThrow(/treasury/);
  });
});

describe('executeActions', () => {
  it('lets the second swap of a settlement see what the first left in the treasury', () => {
    const holdings = createHoldings({ ...options, treasury: { USDC: 3411n } });
    const net = [
      { asset: 'UM', amount: 1700n },
      { asset: 'WETH', amount: 1700n },
    ];
    const rules = { baseAsset, transferTimeout: false };
    expect(executeActions(holdings, actionsOf(net), rules)).toMatchObject({ code: 'INSUFFICIENT_LIQUIDITY' });
    expect(holdings.treasury.get('USDC')).toBe(3411n);
    const enough = createHoldings({ ...options, treasury: { USDC: 3412n } });
    const done = executeActions(enough, actionsOf(net), rules);
    expect(done).toMatchObject({ ok: true, value: { amountsIn: [1706n, 1706n] } });
    expect(done.ok && done.value.holdings.treasury.get('USDC')).toBe(0n);
  });
});
