/** Taking money out of an account for what will hold it: an escrow, a channel or a transfer to the other chain. */
import type { Refusal } from '../../consensus/primitives/codedError.ts';
import type { Address, Amount } from '../../consensus/primitives/flavor.ts';
import { accountOf, replaceAmount } from '../ledger/accounts.ts';
import { assetIndexOf } from '../ledger/assets.ts';
import { type LedgerCode, refuseLedger } from '../ledger/codes.ts';
import { accountsTable } from '../ledger/tables.ts';
import type { LedgerRules } from '../ledger/types.ts';
import type { State } from '../state.ts';
import { type AtomicCode, refuseAtomic } from './codes.ts';

/** Why no such amount can be locked, whoever wants to, or undefined. */
export function findLockProblem(
  ledger: LedgerRules,
  asset: string,
  amount: Amount,
): Refusal<LedgerCode> | undefined {
  if (assetIndexOf(ledger, asset) < 0) return refuseLedger('LEDGER_ASSET_UNKNOWN', { asset });
  return amount === 0n ? refuseLedger('LEDGER_AMOUNT_ZERO') : undefined;
}

/**
 * Takes an amount, of a registered asset, that the caller books elsewhere.
 * @returns Why not: the account holds less. Nothing changed then.
 */
export function lockBalance(
  state: State,
  ledger: LedgerRules,
  payer: Address,
  asset: string,
  amount: Amount,
): Refusal<AtomicCode> | undefined {
  const index = assetIndexOf(ledger, asset);
  const account = accountOf(state, ledger, payer);
  const available = account.balances[index] ?? 0n;
  if (available < amount) {
    const [required, held] = [String(amount), String(available)];
    return refuseAtomic('INSUFFICIENT_BALANCE', { address: payer, asset, required, available: held });
  }
  const balances = replaceAmount(account.balances, index, available - amount);
  state.set(accountsTable, payer, { ...account, balances });
  return undefined;
}
