import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AMOUNT_MAX } from '../../../../consensus/primitives/flavor.ts';
import { quoteExactOutput, swapExactOutput } from '../../../../settlement/net/swapQuote.ts';

const deep = { asset: 'UM', assetReserve: 10n ** 36n, baseReserve: 10n ** 36n };

describe('quoteExactOutput', () => {
  it('asks 1706 for 1700 out of a deep 1:1 pool', () => {
    expect(quoteExactOutput(deep, 1700n)).toEqual({ ok: true, value: 1706n });
  });

  it('rounds up only what is not whole', () => {
    // 9970 * 997 * 10000 / ((1994 - 997) * 9970) is 10000 without remainder; with one unit more in the base, 10001.003.
    expect(quoteExactOutput({ asset: 'UM', assetReserve: 1994n, baseReserve: 9970n }, 997n)).toEqual({
      ok: true,
      value: 10_000n,
    });
    expect(quoteExactOutput({ asset: 'UM', assetReserve: 1994n, baseReserve: 9971n }, 997n)).toEqual({
      ok: true,
      value: 10_002n,
    });
  });

  it('refuses what the pool does not hold, or cannot take in', () => {
    const pool = { asset: 'UM', assetReserve: 100n, baseReserve: 100n };
    expect(quoteExactOutput(pool, 100n)).toMatchObject({ ok: false, code: 'INSUFFICIENT_LIQUIDITY' });
    expect(quoteExactOutput(pool, 99n).ok).toBe(true);
    const brimful = { asset: 'UM', assetReserve: 1000n, baseReserve: AMOUNT_MAX };
    expect(quoteExactOutput(brimful, 1n)).toMatchObject({ ok: false, code: 'INSUFFICIENT_LIQUIDITY' });
  });

  it('is the least input that keeps the product after the fee', () => {
    const reserve = fc.bigInt({ min: 2n, max: 10n ** 30n });
    fc.assert(
      fc.property(reserve, reserve, fc.bigInt({ min: 1n, max: 10n ** 30n }), (asset, base, wanted) => {
        const amount = (wanted % (asset - 1n)) + 1n;
        if (amount >= asset) return;
        const quote = quoteExactOutput({ asset: 'UM', assetReserve: asset, baseReserve: base }, amount);
        if (!quote.ok) return;
        const keeps = (input: bigint): boolean =>
          (base * 10_000n + input * 9_970n) * (asset - amount) >= base * asset * 10_000n;
        expect(keeps(quote.value)).toBe(true);
        expect(keeps(quote.value - 1n)).toBe(false);
      }),
    );
  });
});

describe('swapExactOutput', () => {
  it('moves the reserves of the one pool and leaves the given list alone', () => {
    const other = { asset: 'WETH', assetReserve: 5n, baseReserve: 5n };
    const pools = [deep, other];
    expect(swapExactOutput(pools, 'UM', 1700n)).toEqual({
      ok: true,
      value: {
        amountIn: 1706n,
        pools: [{ asset: 'UM', assetReserve: 10n ** 36n - 1700n, baseReserve: 10n ** 36n + 1706n }, other],
      },
    });
    expect(pools).toEqual([deep, other]);
    expect(swapExactOutput(pools, 'DAI', 1n)).toMatchObject({ ok: false, code: 'INSUFFICIENT_LIQUIDITY' });
  });
});
