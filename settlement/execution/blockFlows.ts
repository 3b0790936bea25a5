/** Amounts by asset as a block gathers them, and as they are told. */
import type { BlockFlows } from '../net/types.ts';

export function hasFlows(flows: BlockFlows): boolean {
  return flows.borrowed.length + flows.repaid.length + flows.fees.length > 0 || flows.liquidations > 0;
}

const noAmounts: BlockFlows['borrowed'] = [];

export function sortedAmounts(amounts: ReadonlyMap<string, bigint>): BlockFlows['borrowed'] {
  if (amounts.size === 0) return noAmounts;
  return [...amounts]
    .map(([asset, amount]) => ({ asset, amount }))
    .sort((a, b) => (a.asset < b.asset ? -1 : 1));
}

export function addTo(amounts: Map<string, bigint>, asset: string, amount: bigint): void {
  amounts.set(asset, (amounts.get(asset) ?? 0n) + amount);
}
