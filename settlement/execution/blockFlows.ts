/** Amounts by asset as a block gathers them, and as they are told. */
import type { BlockFlows } from '../net/types.ts';

export function hasFlows(flows: BlockFlows): boolean {
  return flows.borrowed.length + flows.repaid.length + flows.fees.length > 0 || flows.liquidations > 0;
}

interface Sum {
  readonly asset: string;
  amount: bigint;
}

const nothing: readonly Sum[] = [];

/** Sums by asset. Blocks move few assets, so a scan beats a map and needs no sorting at the end. */
export class AssetSums {
  /** Ascending by asset. */
  #sums: readonly Sum[] = nothing;

  add(asset: string, amount: bigint): void {
    const sums = this.#sums;
    let place = 0;
    while (place < sums.length && (sums[place]?.asset ?? '') < asset) place += 1;
    const known = sums[place];
    if (known?.asset === asset) known.amount += amount;
    else this.#sums = sums.toSpliced(place, 0, { asset, amount });
  }

  /** To be asked for when nothing more is added. */
  get amounts(): BlockFlows['borrowed'] {
    return this.#sums;
  }
}
