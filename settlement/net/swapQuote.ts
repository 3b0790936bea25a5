/**
 * Exact-output quotes of constant-product pools (x * y = k, fee on the input), the law that the planner's
 * `amountInMax` and the chain's swaps share. Pure functions over reserves; rounding always favours the pool.
 */
import { accept, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import { AMOUNT_MAX, type Amount } from '../../consensus/primitives/flavor.ts';
import type { PoolReserves } from './settlement.ts';

/** Fee on the input, in basis points: that of a common constant-product exchange (docs/protocol.md, mock settlement chain). */
export const SWAP_FEE_BPS = 30n;
const BPS = 10_000n;

/**
 * What must be paid in the base asset to take exactly `amount` out of a pool.
 *
 * The least input x with (base + x * 0.997) * (asset - amount) >= base * asset, in whole units: 1700 out of
 * 10^36 against 10^36 costs 1706.
 * @param amount - Wanted output in the asset's smallest unit, above 0.
 * @returns The input, or `INSUFFICIENT_LIQUIDITY` when the pool holds no more than `amount` or the input exceeds an amount.
 */
export function quoteExactOutput(
  reserves: PoolReserves,
  amount: Amount,
): Verdict<Amount, 'INSUFFICIENT_LIQUIDITY'> {
  const { asset, assetReserve, baseReserve } = reserves;
  if (amount >= assetReserve || baseReserve === 0n) {
    return refuse('INSUFFICIENT_LIQUIDITY', `the ${asset} pool cannot give ${amount}`);
  }
  const numerator = baseReserve * amount * BPS;
  const denominator = (assetReserve - amount) * (BPS - SWAP_FEE_BPS);
  const amountIn = (numerator + denominator - 1n) / denominator;
  if (baseReserve + amountIn > AMOUNT_MAX) {
    return refuse('INSUFFICIENT_LIQUIDITY', `the ${asset} pool cannot take ${amountIn}`);
  }
  return accept(amountIn);
}

/** The pool of `asset` in a list of reserves. */
export function poolOf(pools: readonly PoolReserves[], asset: string): PoolReserves | undefined {
  for (const pool of pools) if (pool.asset === asset) return pool;
  return undefined;
}

/** A list of pools after one exact-output swap, and what the swap cost. The given list is left as it was. */
export interface SwapResult {
  readonly pools: readonly PoolReserves[];
  readonly amountIn: Amount;
}

/**
 * Quotes and applies one exact-output swap to a list of pools: the planner walks earlier unsettled batches with
 * it, the chain executes with it.
 * @returns `INSUFFICIENT_LIQUIDITY` also when no pool holds the asset.
 */
export function swapExactOutput(
  pools: readonly PoolReserves[],
  asset: string,
  amount: Amount,
): Verdict<SwapResult, 'INSUFFICIENT_LIQUIDITY'> {
  const pool = poolOf(pools, asset);
  if (pool === undefined) return refuse('INSUFFICIENT_LIQUIDITY', `no pool holds ${asset}`);
  const quote = quoteExactOutput(pool, amount);
  if (!quote.ok) return quote;
  const after: PoolReserves = {
    asset,
    assetReserve: pool.assetReserve - amount,
    baseReserve: pool.baseReserve + quote.value,
  };
  return accept({ pools: pools.map((each) => (each === pool ? after : each)), amountIn: quote.value });
}
