import { describe, expect, it } from 'vitest';
import { AMOUNT_MAX } from '../../../../consensus/primitives/flavor.ts';
import { accountOf, creditAccount, takeNonce } from '../../../../settlement/ledger/accounts.ts';
import { poolOf } from '../../../../settlement/ledger/pools.ts';
import { accountsTable } from '../../../../settlement/ledger/tables.ts';
import type { LedgerOperation } from '../../../../settlement/ledger/types.ts';
import type { State } from '../../../../settlement/state.ts';
import { alice, apply, applyOk, bob, createLedger, holdingsOf, oracle, rules } from './ledgerFixture.ts';

type Liquidation = Extract<LedgerOperation, { type: 'liquidate' }>;

const liquidation: Liquidation = {
  type: 'liquidate',
  borrower: alice,
  debtAsset: 'UM',
  amount: 10_000_000n,
  collateralAsset: 'USDC',
  exactCollateral: undefined,
};

/** Alice owes 40 UM worth 80 USD against 100 USDC, exactly at the threshold of 80 %; bob and the oracle hold UM. */
function createMarket(): State {
  return createLedger(
    {
      [alice]: { deposits: { USDC: 100_000_000n }, debts: { UM: 40_000_000n } },
      [bob]: { balances: { UM: 50_000_000n } },
      [oracle]: { balances: { UM: 50_000_000n } },
    },
    { UM: 60_000_000n },
  );
}

/** The same after UM rose by a hair, which puts alice above the threshold. */
function createUnhealthyMarket(): State {
  const state = createMarket();
  applyOk(state, oracle, { type: 'price', asset: 'UM', price: 200_000_001n });
  return state;
}

describe('liquidate', () => {
  it('takes nothing from a position at the threshold', () => {
    expect(apply(createMarket(), bob, liquidation)).toMatchObject({ code: 'LEDGER_POSITION_HEALTHY' });
  });

  it('repays debt from balance and hands over collateral with its bonus as a claim', () => {
    const state = createUnhealthyMarket();
    expect(apply(state, bob, liquidation)).toEqual({
      ok: true,
      value: { borrowed: undefined, repaid: { asset: 'UM', amount: 10_000_000n }, liquidations: 1 },
    });
    // 10 UM at 2.00000001 USD, plus the 5 % bonus of USDC: 21.0000001 USDC, rounded down to 21.000000.
    expect(holdingsOf(state, alice, 'UM').debt).toBe(30_000_000n);
    expect(holdingsOf(state, alice, 'USDC').deposit).toBe(79_000_000n);
    expect(holdingsOf(state, bob, 'UM').balance).toBe(40_000_000n);
    expect(holdingsOf(state, bob, 'USDC')).toEqual({ balance: 0n, deposit: 21_000_000n, debt: 0n });
    expect(poolOf(state, 'UM')).toMatchObject({
      cash: 30_000_000n,
      debts: 30_000_000n,
      openNet: -10_000_000n,
    });
    expect(poolOf(state, 'USDC')).toMatchObject({ cash: 100_000_000n, deposits: 100_000_000n, openNet: 0n });
  });

  it('keeps the nonces of both sides', () => {
    const state = createUnhealthyMarket();
    for (const address of [alice, bob]) takeNonce(state, rules, address, 0);
    applyOk(state, bob, liquidation);
    expect(accountOf(state, rules, alice).nonce).toBe(1);
    expect(accountOf(state, rules, bob).nonce).toBe(1);
  });

  it('repays at most the close factor of the debt', () => {
    const state = createUnhealthyMarket();
    expect(apply(state, bob, { ...liquidation, amount: 20_000_001n })).toMatchObject({
      code: 'LEDGER_CLOSE_FACTOR_EXCEEDED',
    });
    applyOk(state, bob, { ...liquidation, amount: 20_000_000n });
  });

  it('never repays more than the debt', () => {
    expect(apply(createUnhealthyMarket(), bob, { ...liquidation, amount: 40_000_001n })).toMatchObject({
      code: 'LEDGER_REPAY_EXCEEDS_DEBT',
      details: { address: alice, asset: 'UM', required: '40000001', available: '40000000' },
    });
  });

  it('seizes at most what the borrower deposited', () => {
    const state = createUnhealthyMarket();
    applyOk(state, oracle, { type: 'price', asset: 'UM', price: 1_000_000_000n });
    // 10 USD a UM: 10.5 USDC are seized for one, so 100 USDC pay for 9.523809.
    expect(apply(state, bob, { ...liquidation, amount: 9_523_810n })).toMatchObject({
      code: 'LEDGER_COLLATERAL_INSUFFICIENT',
      details: { address: alice, asset: 'USDC', required: '100000005', available: '100000000' },
    });
    applyOk(state, bob, { ...liquidation, amount: 9_523_809n });
    expect(holdingsOf(state, alice, 'USDC').deposit).toBe(6n);
    expect(apply(state, bob, { ...liquidation, collateralAsset: 'TNZO' })).toMatchObject({
      code: 'LEDGER_COLLATERAL_INSUFFICIENT',
      details: { available: '0' },
    });
  });

  it('is paid from the balance of the liquidator', () => {
    const state = createUnhealthyMarket();
    applyOk(state, bob, { type: 'deposit', asset: 'UM', amount: 40_000_001n });
    expect(apply(state, bob, liquidation)).toMatchObject({
      code: 'LEDGER_INSUFFICIENT_BALANCE',
      details: { address: bob, asset: 'UM', required: '10000000', available: '9999999' },
    });
  });

  it('is no way to deal with oneself', () => {
    expect(apply(createUnhealthyMarket(), alice, liquidation)).toMatchObject({
      code: 'LEDGER_SELF_LIQUIDATION',
    });
  });

  it('needs sound amounts and assets', () => {
    const state = createUnhealthyMarket();
    expect(apply(state, bob, { ...liquidation, amount: 0n })).toMatchObject({ code: 'LEDGER_AMOUNT_ZERO' });
    expect(apply(state, bob, { ...liquidation, debtAsset: 'GOLD' })).toMatchObject({
      code: 'LEDGER_ASSET_UNKNOWN',
    });
    expect(apply(state, bob, { ...liquidation, collateralAsset: 'GOLD' })).toMatchObject({
      code: 'LEDGER_ASSET_UNKNOWN',
    });
  });

  it('is refused where the claim of the liquidator would overflow', () => {
    const state = createUnhealthyMarket();
    creditAccount(state, rules, bob, 'USDC', 1n);
    const account = state.get(accountsTable, bob);
    expect(account).toBeDefined();
    if (account === undefined) return;
    state.set(accountsTable, bob, { ...account, deposits: [0n, AMOUNT_MAX, 0n, 0n] });
    expect(apply(state, bob, liquidation)).toMatchObject({ code: 'LEDGER_AMOUNT_OVERFLOW' });
  });

  it('works with debt and collateral of one asset', () => {
    const state = createLedger({
      [alice]: { deposits: { USDC: 100n }, debts: { USDC: 81n } },
      [bob]: { balances: { USDC: 50n } },
    });
    applyOk(state, bob, { ...liquidation, debtAsset: 'USDC', amount: 40n });
    expect(holdingsOf(state, alice, 'USDC')).toEqual({ balance: 0n, deposit: 58n, debt: 41n });
    expect(holdingsOf(state, bob, 'USDC')).toEqual({ balance: 10n, deposit: 42n, debt: 0n });
  });
});

describe('liquidate with an exact collateral', () => {
  const exact: Liquidation = { ...liquidation, amount: 35_000_000n, exactCollateral: 12_345n };

  it('moves exactly that, beyond close factor and bonus', () => {
    const state = createUnhealthyMarket();
    applyOk(state, oracle, exact);
    expect(holdingsOf(state, alice, 'UM').debt).toBe(5_000_000n);
    expect(holdingsOf(state, alice, 'USDC').deposit).toBe(100_000_000n - 12_345n);
    expect(holdingsOf(state, oracle, 'USDC').deposit).toBe(12_345n);
  });

  it('comes from the oracle alone', () => {
    expect(apply(createUnhealthyMarket(), bob, exact)).toMatchObject({ code: 'LEDGER_NOT_ORACLE' });
  });

  it('still needs an unhealthy position, collateral, balance and amounts above zero', () => {
    expect(apply(createMarket(), oracle, exact)).toMatchObject({ code: 'LEDGER_POSITION_HEALTHY' });
    const state = createUnhealthyMarket();
    expect(apply(state, oracle, { ...exact, exactCollateral: 100_000_001n })).toMatchObject({
      code: 'LEDGER_COLLATERAL_INSUFFICIENT',
    });
    expect(apply(state, oracle, { ...exact, exactCollateral: 0n })).toMatchObject({
      code: 'LEDGER_AMOUNT_ZERO',
    });
    expect(apply(state, oracle, { ...exact, amount: 40_000_001n })).toMatchObject({
      code: 'LEDGER_REPAY_EXCEEDS_DEBT',
    });
    applyOk(state, oracle, { type: 'deposit', asset: 'UM', amount: 50_000_000n });
    expect(apply(state, oracle, exact)).toMatchObject({ code: 'LEDGER_INSUFFICIENT_BALANCE' });
  });
});
