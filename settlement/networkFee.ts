/** The network fee as arithmetic: both chains charge it by one rule, each by its own rates. */
import type { Amount } from '../consensus/primitives/flavor.ts';

export interface FeeRates {
  /** Share of an amount, in basis points. */
  readonly networkFeeBps: number;
  /** Least fee, in smallest units of whatever asset. */
  readonly feeMin: Amount;
}

/** The whole, in basis points. */
const BPS = 10_000n;

/**
 * The fee of one settlement: its share of the amount, rounded down, but at least `feeMin` and at most the amount.
 * @param amount - Gross.
 */
export function networkFee(amount: Amount, { networkFeeBps, feeMin }: FeeRates): Amount {
  const share = (amount * BigInt(networkFeeBps)) / BPS;
  const fee = share < feeMin ? feeMin : share;
  return fee < amount ? fee : amount;
}
