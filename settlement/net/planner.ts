/**
 * What a settlement does on the settlement chain: one action per asset of the net, in asset order. A pure
 * function of derived state, so every node knows the bounds the proposer had to keep (docs/protocol.md,
 * settlement transaction). It sends nothing.
 */
import { AMOUNT_MAX, type Amount } from '../../consensus/primitives/flavor.ts';
import type { NetAmount, PoolReserves, SettlementAction } from './settlement.ts';
import { swapExactOutput } from './swapQuote.ts';
import type { NetRules } from './types.ts';

/**
 * Plans one attempt.
 *
 * Where no quote is possible (no pool, or one that cannot give the amount) the swap is planned with the largest
 * amount as its bound: the contract then reverts with `INSUFFICIENT_LIQUIDITY`, which is the chain's fault, and
 * the next attempt quotes afresh.
 * @param net - Ascending by asset, no zero.
 * @param reserves - Pools at the origin where the attempt starts.
 * @param earlier - Nets of all earlier unsettled batches, oldest first; their swaps come before this one's.
 */
export function planActions(
  net: readonly NetAmount[],
  rules: Pick<NetRules, 'baseAsset' | 'slippageBps'>,
  reserves: readonly PoolReserves[],
  earlier: readonly (readonly NetAmount[])[],
): readonly SettlementAction[] {
  let pools = reserves;
  if (net.some((entry) => isSwap(entry, rules.baseAsset))) {
    for (const batch of earlier) pools = swapAll(batch, rules.baseAsset, pools);
  }
  return net.map(({ asset, amount }): SettlementAction => {
    if (amount < 0n) return { type: 'ibc_transfer', asset, amount: -amount };
    if (asset === rules.baseAsset) return { type: 'draw', asset, amount };
    const swap = swapExactOutput(pools, asset, amount);
    if (!swap.ok) return { type: 'swap', asset, amount, amountInMax: AMOUNT_MAX };
    pools = swap.value.pools;
    return { type: 'swap', asset, amount, amountInMax: addSlippage(swap.value.amountIn, rules.slippageBps) };
  });
}

/** A bound of `slippageBps` above a quote, rounded up, at most the largest amount. */
export function addSlippage(quote: Amount, slippageBps: number): Amount {
  const bound = quote + (quote * BigInt(slippageBps) + 9_999n) / 10_000n;
  return bound > AMOUNT_MAX ? AMOUNT_MAX : bound;
}

/**
 * True when a submitted swap allowed less input than the derived plan did: a revert for slippage is then the
 * proposer's own doing.
 */
export function isBelowPlan(
  submitted: readonly SettlementAction[],
  planned: readonly SettlementAction[],
): boolean {
  return planned.some((plan) => {
    if (plan.type !== 'swap') return false;
    const sent = submitted.find(({ type, asset }) => type === 'swap' && asset === plan.asset);
    return sent?.type === 'swap' && sent.amountInMax < plan.amountInMax;
  });
}

function isSwap({ asset, amount }: NetAmount, baseAsset: string): boolean {
  return amount > 0n && asset !== baseAsset;
}

/** The pools after a batch that settles whole; as they were after one that cannot, for it settles not at all. */
function swapAll(
  net: readonly NetAmount[],
  baseAsset: string,
  before: readonly PoolReserves[],
): readonly PoolReserves[] {
  let pools = before;
  for (const entry of net) {
    if (!isSwap(entry, baseAsset)) continue;
    const swap = swapExactOutput(pools, entry.asset, entry.amount);
    if (!swap.ok) return before;
    pools = swap.value.pools;
  }
  return pools;
}
