/** Accounts and the treasury: reading a row, taking a nonce, booking what other law pays out, and the sum of it all. */
import { assert, type Verdict } from '../../consensus/primitives/codedError.ts';
import { type Address, AMOUNT_MAX, type Amount } from '../../consensus/primitives/flavor.ts';
import type { State } from '../state.ts';
import { assetIndexOf } from './assets.ts';
import { type LedgerCode, refuseLedger } from './codes.ts';
import { poolOf } from './pools.ts';
import { accountsTable, treasuryTable } from './tables.ts';
import type { Account, LedgerRules } from './types.ts';

/** The account's row, or an empty account for an address that never held anything. */
export function accountOf(state: State, rules: LedgerRules, address: Address): Account {
  return state.get(accountsTable, address) ?? emptyAccount(rules);
}

/** A copy of `amounts` with one entry replaced: rows are immutable. */
export function replaceAmount(amounts: readonly Amount[], index: number, amount: Amount): readonly Amount[] {
  const copy = amounts.slice();
  copy[index] = amount;
  return copy;
}

/**
 * Uses up the sender's next nonce, whatever becomes of the transaction afterwards.
 * @returns The nonce used, or `LEDGER_NONCE_USED` below it, `LEDGER_NONCE_AHEAD` above it (a mempool may wait).
 */
export function takeNonce(
  state: State,
  rules: LedgerRules,
  from: Address,
  nonce: number,
): Verdict<number, LedgerCode> {
  const account = accountOf(state, rules, from);
  if (nonce !== account.nonce) {
    const code = nonce < account.nonce ? 'LEDGER_NONCE_USED' : 'LEDGER_NONCE_AHEAD';
    return refuseLedger(code, { address: from, expected: account.nonce, given: nonce });
  }
  state.set(accountsTable, from, {
    nonce: nonce + 1,
    balances: account.balances,
    deposits: account.deposits,
    debts: account.debts,
  });
  return { ok: true, value: nonce };
}

/** Adds to a balance what law outside the ledger pays, such as a share of a slash. Cannot be refused. */
export function creditAccount(
  state: State,
  rules: LedgerRules,
  address: Address,
  asset: string,
  amount: Amount,
): void {
  const index = assetIndexOf(rules, asset);
  if (index < 0) assert(false, `credit in an unregistered asset ${asset}`);
  if (amount === 0n) return;
  const account = accountOf(state, rules, address);
  const balance = (account.balances[index] ?? 0n) + amount;
  assert(amount > 0n && balance <= AMOUNT_MAX, 'credit out of range');
  state.set(accountsTable, address, {
    ...account,
    balances: replaceAmount(account.balances, index, balance),
  });
}

/** What the treasury holds of an asset. */
export function treasuryOf(state: State, asset: string): Amount {
  return state.get(treasuryTable, asset) ?? 0n;
}

/** Pays into the treasury. Cannot be refused. */
export function creditTreasury(state: State, asset: string, amount: Amount): void {
  if (amount === 0n) return;
  const balance = treasuryOf(state, asset) + amount;
  assert(amount > 0n && balance <= AMOUNT_MAX, 'treasury credit out of range');
  state.set(treasuryTable, asset, balance);
}

/** Takes out of the treasury what it was asked for before, so it is there. */
export function debitTreasury(state: State, asset: string, amount: Amount): void {
  const left = treasuryOf(state, asset) - amount;
  assert(amount > 0n && left >= 0n, `the treasury does not hold ${amount} of ${asset}`);
  state.set(treasuryTable, asset, left);
}

/**
 * Everything the ledger holds of each asset: balances, pool cash, escrow and treasury, by asset position.
 *
 * Operations never change it; a confirmed net batch changes it by its net, a paid-out slash by its amount (law 4 of
 * docs/protocol.md). Walks all accounts, so it is for checks, not for blocks.
 */
export function ledgerTotals(state: State, rules: LedgerRules): readonly bigint[] {
  const totals = rules.assets.map(({ symbol }) => {
    const pool = poolOf(state, symbol);
    return pool.cash + pool.escrow + treasuryOf(state, symbol);
  });
  for (const [, account] of state.entries(accountsTable)) {
    for (const [index, balance] of account.balances.entries()) {
      if (balance !== 0n) totals[index] = (totals[index] ?? 0n) + balance;
    }
  }
  return totals;
}

/** One array of zeros stands for all three: nobody writes to a row's arrays. */
function emptyAccount(rules: LedgerRules): Account {
  const zeros: Amount[] = [];
  for (let index = 0; index < rules.assets.length; index += 1) zeros.push(0n);
  return { nonce: 0, balances: zeros, deposits: zeros, debts: zeros };
}
