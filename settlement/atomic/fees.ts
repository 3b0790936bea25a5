/**
 * Where the network fee gathers, and its way to the treasury. It is withheld from the payee once (networkFee.ts says how much),
 * and what gathers is money of the ledger like any other: nothing is rounded away.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import { AMOUNT_MAX, type Amount, type Height } from '../../consensus/primitives/flavor.ts';
import { creditTreasury } from '../ledger/accounts.ts';
import type { State } from '../state.ts';
import { gatheredFeesTable } from './tables.ts';
import type { AtomicFact, AtomicRules } from './types.ts';

/** What has gathered of an asset since the last flush. */
export function gatheredFees(state: State, asset: string): Amount {
  return state.get(gatheredFeesTable, asset) ?? 0n;
}

/** Adds to what has gathered. Cannot be refused: the amount was part of the supply before. */
export function gatherFees(state: State, asset: string, amount: Amount): void {
  if (amount === 0n) return;
  const gathered = gatheredFees(state, asset) + amount;
  assert(amount > 0n && gathered <= AMOUNT_MAX, `fees of ${asset} out of range`);
  state.set(gatheredFeesTable, asset, gathered);
}

/** At the end of a block whose turn it is: all that has gathered goes to the treasury, and nothing is left behind. */
export function flushFees(state: State, rules: AtomicRules, height: Height): readonly AtomicFact[] {
  if (height % rules.flushIntervalBlocks !== 0) return [];
  const fees = state.entries(gatheredFeesTable).map(([asset, amount]) => ({ asset, amount }));
  if (fees.length === 0) return [];
  for (const { asset, amount } of fees) {
    creditTreasury(state, asset, amount);
    state.set(gatheredFeesTable, asset, undefined);
  }
  return [{ type: 'treasury_flushed', fees }];
}
