/**
 * The rules of the ledger: what one operation does to accounts, pools and prices. A lending pool without interest:
 * deposits are claims, debts stay what they were. All checks come before the first write, so a refused operation has
 * changed nothing. What settlement moves is in pools.ts.
 */
import { accept, assert, type Refusal, type Verdict } from '../../consensus/primitives/codedError.ts';
import { type Address, AMOUNT_MAX, type Amount } from '../../consensus/primitives/flavor.ts';
import type { State } from '../state.ts';
import { accountOf, replaceAmount } from './accounts.ts';
import { ASSET_SUPPLY_MAX, assetIndexOf } from './assets.ts';
import { type LedgerCode, refuseLedger } from './codes.ts';
import { BPS, isSecured, seizedCollateral } from './health.ts';
import { hasFreeCash, poolOf } from './pools.ts';
import { accountsTable, poolsTable, pricesTable } from './tables.ts';
import type { Account, LedgerEffect, LedgerOperation, LedgerRules, Pool } from './types.ts';

export type LedgerVerdict = Verdict<LedgerEffect, LedgerCode>;

type OperationOf<Type extends LedgerOperation['type']> = Extract<LedgerOperation, { readonly type: Type }>;
type PoolOperation = OperationOf<'deposit' | 'withdraw' | 'borrow' | 'repay'>;

const noFlow: LedgerVerdict = accept({ borrowed: undefined, repaid: undefined, liquidations: 0 });

/**
 * Applies one operation of a sender whose signature and nonce were checked before.
 *
 * @param from - Sender; pays, and is the liquidator of a liquidation.
 * @returns What the operation adds to the block's flows, or a refusal with a code of `ledgerCodes` that left the
 *   state as it was.
 */
export function applyLedgerOperation(
  state: State,
  rules: LedgerRules,
  from: Address,
  operation: LedgerOperation,
): LedgerVerdict {
  switch (operation.type) {
    case 'transfer':
      return applyTransfer(state, rules, from, operation);
    case 'deposit':
    case 'withdraw':
    case 'borrow':
    case 'repay':
      return applyPoolOperation(state, rules, from, operation);
    case 'liquidate':
      return applyLiquidation(state, rules, from, operation);
    case 'price':
      return applyPrice(state, rules, from, operation);
  }
}

function applyTransfer(
  state: State,
  rules: LedgerRules,
  from: Address,
  operation: OperationOf<'transfer'>,
): LedgerVerdict {
  const { to, asset, amount } = operation;
  const index = assetIndexOf(rules, asset);
  if (index < 0) return refuseLedger('LEDGER_ASSET_UNKNOWN', { asset });
  const amountProblem = checkAmount(amount);
  if (amountProblem !== undefined) return amountProblem;
  if (to === from) return refuseLedger('LEDGER_TRANSFER_TO_SELF', { address: from });

  const sender = accountOf(state, rules, from);
  const available = sender.balances[index] ?? 0n;
  if (available < amount)
    return refuseShortfall('LEDGER_INSUFFICIENT_BALANCE', from, asset, amount, available);
  const receiver = accountOf(state, rules, to);
  const received = (receiver.balances[index] ?? 0n) + amount;
  if (received > AMOUNT_MAX) return refuseLedger('LEDGER_AMOUNT_OVERFLOW', { address: to, asset });

  writeBalance(state, from, sender, index, available - amount);
  writeBalance(state, to, receiver, index, received);
  return noFlow;
}

/** One account's dealings with one pool, as they stand before the operation. */
interface Dealing {
  readonly state: State;
  readonly rules: LedgerRules;
  readonly address: Address;
  readonly account: Account;
  readonly asset: string;
  readonly index: number;
  readonly amount: Amount;
  readonly pool: Pool;
  readonly balance: Amount;
}

function applyPoolOperation(
  state: State,
  rules: LedgerRules,
  address: Address,
  operation: PoolOperation,
): LedgerVerdict {
  const { asset, amount } = operation;
  const index = assetIndexOf(rules, asset);
  if (index < 0) return refuseLedger('LEDGER_ASSET_UNKNOWN', { asset });
  const amountProblem = checkAmount(amount);
  if (amountProblem !== undefined) return amountProblem;
  const account = accountOf(state, rules, address);
  const pool = poolOf(state, asset);
  const balance = account.balances[index] ?? 0n;
  const dealing: Dealing = { state, rules, address, account, asset, index, amount, pool, balance };
  switch (operation.type) {
    case 'deposit':
      return deposit(dealing);
    case 'withdraw':
      return withdraw(dealing);
    case 'borrow':
      return borrow(dealing);
    case 'repay':
      return repay(dealing);
  }
}

function deposit({ state, address, account, asset, index, amount, pool, balance }: Dealing): LedgerVerdict {
  if (balance < amount) {
    return refuseShortfall('LEDGER_INSUFFICIENT_BALANCE', address, asset, amount, balance);
  }
  // No account's claim exceeds the pool's sum of claims, so bounding the sum bounds them all.
  const cash = pool.cash + amount;
  const claims = pool.deposits + amount;
  if (cash > AMOUNT_MAX || claims > AMOUNT_MAX) return refuseLedger('LEDGER_AMOUNT_OVERFLOW', { asset });

  state.set(accountsTable, address, {
    nonce: account.nonce,
    balances: replaceAmount(account.balances, index, balance - amount),
    deposits: replaceAmount(account.deposits, index, (account.deposits[index] ?? 0n) + amount),
    debts: account.debts,
  });
  state.set(poolsTable, asset, {
    cash,
    deposits: claims,
    debts: pool.debts,
    openNet: pool.openNet,
    escrow: pool.escrow,
  });
  return noFlow;
}

/** What stays deposited must secure the debts as if they were borrowed now: nobody withdraws up to the threshold. */
function withdraw(dealing: Dealing): LedgerVerdict {
  const { state, rules, address, account, asset, index, amount, pool, balance } = dealing;
  const claim = account.deposits[index] ?? 0n;
  if (claim < amount) return refuseShortfall('LEDGER_INSUFFICIENT_DEPOSIT', address, asset, amount, claim);
  const cash = pool.cash - amount;
  if (!hasFreeCash(cash, pool.openNet)) return refuseCash(dealing);
  if (balance + amount > AMOUNT_MAX) return refuseLedger('LEDGER_AMOUNT_OVERFLOW', { address, asset });
  const deposits = replaceAmount(account.deposits, index, claim - amount);
  if (!isSecured(state, rules, deposits, account.debts, 'collateralFactorBps')) {
    return refuseLedger('LEDGER_POSITION_UNHEALTHY', { address });
  }

  state.set(accountsTable, address, {
    nonce: account.nonce,
    balances: replaceAmount(account.balances, index, balance + amount),
    deposits,
    debts: account.debts,
  });
  state.set(poolsTable, asset, {
    cash,
    deposits: pool.deposits - amount,
    debts: pool.debts,
    openNet: pool.openNet,
    escrow: pool.escrow,
  });
  return noFlow;
}

function borrow(dealing: Dealing): LedgerVerdict {
  const { state, rules, address, account, asset, index, amount, pool, balance } = dealing;
  const cash = pool.cash - amount;
  const openNet = pool.openNet + amount;
  if (!hasFreeCash(cash, openNet)) return refuseCash(dealing);
  const owed = pool.debts + amount;
  if (owed > ASSET_SUPPLY_MAX || balance + amount > AMOUNT_MAX) {
    return refuseLedger('LEDGER_AMOUNT_OVERFLOW', { address, asset });
  }
  const debts = replaceAmount(account.debts, index, (account.debts[index] ?? 0n) + amount);
  if (!isSecured(state, rules, account.deposits, debts, 'collateralFactorBps')) {
    return refuseLedger('LEDGER_POSITION_UNHEALTHY', { address });
  }

  state.set(accountsTable, address, {
    nonce: account.nonce,
    balances: replaceAmount(account.balances, index, balance + amount),
    deposits: account.deposits,
    debts,
  });
  state.set(poolsTable, asset, {
    cash,
    deposits: pool.deposits,
    debts: owed,
    openNet,
    escrow: pool.escrow,
  });
  return accept({ borrowed: { asset, amount }, repaid: undefined, liquidations: 0 });
}

function repay({ state, address, account, asset, index, amount, pool, balance }: Dealing): LedgerVerdict {
  const debt = account.debts[index] ?? 0n;
  if (debt < amount) return refuseShortfall('LEDGER_REPAY_EXCEEDS_DEBT', address, asset, amount, debt);
  if (balance < amount) {
    return refuseShortfall('LEDGER_INSUFFICIENT_BALANCE', address, asset, amount, balance);
  }
  if (pool.cash + amount > AMOUNT_MAX) return refuseLedger('LEDGER_AMOUNT_OVERFLOW', { asset });

  state.set(accountsTable, address, {
    nonce: account.nonce,
    balances: replaceAmount(account.balances, index, balance - amount),
    deposits: account.deposits,
    debts: replaceAmount(account.debts, index, debt - amount),
  });
  writeRepayment(state, asset, pool, amount);
  return accept({ borrowed: undefined, repaid: { asset, amount }, liquidations: 0 });
}

/**
 * The liquidator pays a part of the borrower's debt from balance and takes over deposits of the borrower as a claim of
 * its own; the collateral never leaves the pool, so it never enters net.
 */
function applyLiquidation(
  state: State,
  rules: LedgerRules,
  from: Address,
  operation: OperationOf<'liquidate'>,
): LedgerVerdict {
  const { borrower, debtAsset, amount, collateralAsset } = operation;
  const problem = checkLiquidation(rules, from, operation);
  if (problem !== undefined) return problem;
  const debtIndex = assetIndexOf(rules, debtAsset);
  const collateralIndex = assetIndexOf(rules, collateralAsset);
  const position = accountOf(state, rules, borrower);
  const debt = position.debts[debtIndex] ?? 0n;
  if (debt < amount) {
    return refuseShortfall('LEDGER_REPAY_EXCEEDS_DEBT', borrower, debtAsset, amount, debt);
  }
  if (isSecured(state, rules, position.deposits, position.debts, 'liquidationThresholdBps')) {
    return refuseLedger('LEDGER_POSITION_HEALTHY', { address: borrower });
  }
  if (operation.exactCollateral === undefined && amount * BPS > debt * BigInt(rules.closeFactorBps)) {
    return refuseShortfall('LEDGER_CLOSE_FACTOR_EXCEEDED', borrower, debtAsset, amount, debt);
  }
  const seized =
    operation.exactCollateral ?? seizedByFormula(state, rules, debtIndex, amount, collateralIndex);
  const collateral = position.deposits[collateralIndex] ?? 0n;
  if (collateral < seized) {
    return refuseShortfall('LEDGER_COLLATERAL_INSUFFICIENT', borrower, collateralAsset, seized, collateral);
  }
  const liquidator = accountOf(state, rules, from);
  const balance = liquidator.balances[debtIndex] ?? 0n;
  if (balance < amount) {
    return refuseShortfall('LEDGER_INSUFFICIENT_BALANCE', from, debtAsset, amount, balance);
  }
  const pool = poolOf(state, debtAsset);
  const claim = (liquidator.deposits[collateralIndex] ?? 0n) + seized;
  if (pool.cash + amount > AMOUNT_MAX || claim > AMOUNT_MAX) {
    return refuseLedger('LEDGER_AMOUNT_OVERFLOW', { address: from, asset: debtAsset });
  }

  state.set(accountsTable, borrower, {
    nonce: position.nonce,
    balances: position.balances,
    deposits: replaceAmount(position.deposits, collateralIndex, collateral - seized),
    debts: replaceAmount(position.debts, debtIndex, debt - amount),
  });
  state.set(accountsTable, from, {
    nonce: liquidator.nonce,
    balances: replaceAmount(liquidator.balances, debtIndex, balance - amount),
    deposits: replaceAmount(liquidator.deposits, collateralIndex, claim),
    debts: liquidator.debts,
  });
  writeRepayment(state, debtAsset, pool, amount);
  return accept({ borrowed: undefined, repaid: { asset: debtAsset, amount }, liquidations: 1 });
}

/** What can be said of a liquidation before looking at anybody's position. */
function checkLiquidation(
  rules: LedgerRules,
  from: Address,
  operation: OperationOf<'liquidate'>,
): Refusal<LedgerCode> | undefined {
  const { borrower, debtAsset, amount, collateralAsset, exactCollateral } = operation;
  if (assetIndexOf(rules, debtAsset) < 0) return refuseLedger('LEDGER_ASSET_UNKNOWN', { asset: debtAsset });
  if (assetIndexOf(rules, collateralAsset) < 0) {
    return refuseLedger('LEDGER_ASSET_UNKNOWN', { asset: collateralAsset });
  }
  if (exactCollateral !== undefined && from !== rules.oracle) {
    return refuseLedger('LEDGER_NOT_ORACLE', { address: from });
  }
  if (borrower === from) return refuseLedger('LEDGER_SELF_LIQUIDATION', { address: from });
  return checkAmount(amount) ?? (exactCollateral === undefined ? undefined : checkAmount(exactCollateral));
}

function seizedByFormula(
  state: State,
  rules: LedgerRules,
  debtIndex: number,
  amount: Amount,
  collateralIndex: number,
): bigint {
  const debtAsset = rules.assets[debtIndex];
  const collateralAsset = rules.assets[collateralIndex];
  assert(debtAsset !== undefined && collateralAsset !== undefined, 'asset position out of range');
  return seizedCollateral(state, debtAsset, amount, collateralAsset);
}

function applyPrice(
  state: State,
  rules: LedgerRules,
  from: Address,
  operation: OperationOf<'price'>,
): LedgerVerdict {
  const { asset, price } = operation;
  if (from !== rules.oracle) return refuseLedger('LEDGER_NOT_ORACLE', { address: from });
  if (assetIndexOf(rules, asset) < 0) return refuseLedger('LEDGER_ASSET_UNKNOWN', { asset });
  if (price <= 0n) return refuseLedger('LEDGER_PRICE_ZERO', { asset });
  if (price > AMOUNT_MAX) return refuseLedger('LEDGER_AMOUNT_OVERFLOW', { asset });
  state.set(pricesTable, asset, price);
  return noFlow;
}

function writeBalance(
  state: State,
  address: Address,
  account: Account,
  index: number,
  balance: Amount,
): void {
  state.set(accountsTable, address, {
    nonce: account.nonce,
    balances: replaceAmount(account.balances, index, balance),
    deposits: account.deposits,
    debts: account.debts,
  });
}

function writeRepayment(state: State, asset: string, pool: Pool, amount: Amount): void {
  state.set(poolsTable, asset, {
    cash: pool.cash + amount,
    deposits: pool.deposits,
    debts: pool.debts - amount,
    openNet: pool.openNet - amount,
    escrow: pool.escrow,
  });
}

function checkAmount(amount: Amount): Refusal<LedgerCode> | undefined {
  if (amount <= 0n) return refuseLedger('LEDGER_AMOUNT_ZERO', { amount: amount.toString() });
  if (amount > AMOUNT_MAX) return refuseLedger('LEDGER_AMOUNT_OVERFLOW', { amount: amount.toString() });
  return undefined;
}

function refuseShortfall(
  code: LedgerCode,
  address: Address,
  asset: string,
  required: bigint,
  available: bigint,
): Refusal<LedgerCode> {
  return refuseLedger(code, {
    address,
    asset,
    required: required.toString(),
    available: available.toString(),
  });
}

function refuseCash({ asset, amount, pool }: Dealing): Refusal<LedgerCode> {
  return refuseLedger('POOL_INSUFFICIENT_CASH', {
    asset,
    required: amount.toString(),
    available: pool.cash.toString(),
  });
}
