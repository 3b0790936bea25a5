/**
 * Arithmetic on lists of amounts by asset. Lists are ascending by asset (code units) and hold no zero; every
 * function keeps them so, and shares its input where nothing changes.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import { AMOUNT_MAX, type Amount } from '../../consensus/primitives/flavor.ts';
import type { AssetAmount, NetAmount } from './settlement.ts';
import type { BlockFlows } from './types.ts';

/** A block that moved nothing. */
export const noFlows: BlockFlows = { borrowed: [], repaid: [], fees: [], liquidations: 0 };

export function isEmptyFlows(flows: BlockFlows): boolean {
  return (
    flows.liquidations === 0 &&
    flows.borrowed.length === 0 &&
    flows.repaid.length === 0 &&
    flows.fees.length === 0
  );
}

interface Row {
  readonly asset: string;
  readonly amount: bigint;
}

/** Joins two ascending lists, adding where both name an asset. */
function merge(left: readonly Row[], right: readonly Row[]): readonly Row[] {
  if (right.length === 0) return left;
  if (left.length === 0) return right;
  const out: Row[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const a = left[i];
    const b = right[j];
    if (a === undefined && b === undefined) return out;
    if (b === undefined || (a !== undefined && a.asset < b.asset)) {
      if (a !== undefined) out.push(a);
      i += 1;
    } else if (a === undefined || b.asset < a.asset) {
      out.push(b);
      j += 1;
    } else {
      const amount = a.amount + b.amount;
      if (amount !== 0n) out.push({ asset: a.asset, amount });
      i += 1;
      j += 1;
    }
  }
}

export function addNet(left: readonly NetAmount[], right: readonly NetAmount[]): readonly NetAmount[] {
  return merge(left, right);
}

/** Borrowed minus repaid, zero entries dropped. */
export function netOf(
  borrowed: readonly AssetAmount[],
  repaid: readonly AssetAmount[],
): readonly NetAmount[] {
  return merge(borrowed, negate(repaid));
}

export function negate(amounts: readonly Row[]): readonly NetAmount[] {
  return amounts.map(({ asset, amount }) => ({ asset, amount: -amount }));
}

/**
 * Adds a block's borrowings and repayments to a window's.
 *
 * Gross sums have no bound of their own while a window stays open, so where one would pass 128 bits both sides
 * of the asset shrink by the smaller of the two: the net stays exact, only the gross report falls short.
 */
export function addGross(
  window: { readonly borrowed: readonly AssetAmount[]; readonly repaid: readonly AssetAmount[] },
  block: { readonly borrowed: readonly AssetAmount[]; readonly repaid: readonly AssetAmount[] },
): { readonly borrowed: readonly AssetAmount[]; readonly repaid: readonly AssetAmount[] } {
  const borrowed = merge(window.borrowed, block.borrowed);
  const repaid = merge(window.repaid, block.repaid);
  if (borrowed.every(fits) && repaid.every(fits)) return { borrowed, repaid };
  const repaidBy = new Map(repaid.map(({ asset, amount }) => [asset, amount]));
  const common = new Map<string, Amount>();
  for (const { asset, amount } of borrowed) {
    const back = repaidBy.get(asset) ?? 0n;
    if (amount > AMOUNT_MAX || back > AMOUNT_MAX) common.set(asset, amount < back ? amount : back);
  }
  return { borrowed: lower(borrowed, common), repaid: lower(repaid, common) };
}

/** Adds fees, which are reported and move nothing; a sum stops at the largest amount. */
export function addFees(left: readonly AssetAmount[], right: readonly AssetAmount[]): readonly AssetAmount[] {
  const sum = merge(left, right);
  return sum.every(fits)
    ? sum
    : sum.map((fee) => (fits(fee) ? fee : { asset: fee.asset, amount: AMOUNT_MAX }));
}

function fits({ amount }: Row): boolean {
  return amount <= AMOUNT_MAX;
}

function lower(amounts: readonly Row[], by: ReadonlyMap<string, Amount>): readonly AssetAmount[] {
  const out: AssetAmount[] = [];
  for (const row of amounts) {
    const amount = row.amount - (by.get(row.asset) ?? 0n);
    assert(amount >= 0n && amount <= AMOUNT_MAX, `net of ${row.asset} passes 128 bits`);
    if (amount !== 0n) out.push({ asset: row.asset, amount });
  }
  return out;
}

/** True for two lists with the same assets and amounts. */
export function equalAmounts(left: readonly Row[], right: readonly Row[]): boolean {
  return (
    left.length === right.length &&
    left.every((row, index) => row.asset === right[index]?.asset && row.amount === right[index]?.amount)
  );
}
