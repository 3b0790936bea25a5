import { describe, expect, it } from 'vitest';
import { AMOUNT_MAX } from '../../../../consensus/primitives/flavor.ts';
import { creditAccount } from '../../../../settlement/ledger/accounts.ts';
import { ASSET_SUPPLY_MAX } from '../../../../settlement/ledger/assets.ts';
import { poolOf } from '../../../../settlement/ledger/pools.ts';
import { accountsTable, poolsTable, pricesTable } from '../../../../settlement/ledger/tables.ts';
import {
  alice,
  apply,
  applyOk,
  bob,
  carol,
  createLedger,
  holdingsOf,
  oracle,
  rules,
} from './ledgerFixture.ts';

const noFlow = { borrowed: undefined, repaid: undefined, liquidations: 0 };

describe('transfer', () => {
  it('moves balance between accounts, to new ones too', () => {
    const state = createLedger({ [alice]: { balances: { UM: 100n } } });
    const verdict = apply(state, alice, { type: 'transfer', to: bob, asset: 'UM', amount: 40n });
    expect(verdict).toEqual({ ok: true, value: noFlow });
    expect(holdingsOf(state, alice, 'UM').balance).toBe(60n);
    expect(holdingsOf(state, bob, 'UM').balance).toBe(40n);
  });

  it('names what is short as decimal strings', () => {
    const state = createLedger({ [alice]: { balances: { UM: 100n } } });
    expect(apply(state, alice, { type: 'transfer', to: bob, asset: 'UM', amount: 101n })).toMatchObject({
      code: 'LEDGER_INSUFFICIENT_BALANCE',
      details: { address: alice, asset: 'UM', required: '101', available: '100' },
    });
  });

  it('goes to another account', () => {
    const state = createLedger({ [alice]: { balances: { UM: 100n } } });
    const verdict = apply(state, alice, { type: 'transfer', to: alice, asset: 'UM', amount: 1n });
    expect(verdict).toMatchObject({ code: 'LEDGER_TRANSFER_TO_SELF' });
  });

  it('is refused where the receiver would hold more than an amount can say', () => {
    const state = createLedger({ [alice]: { balances: { UM: 1n } } });
    creditAccount(state, rules, bob, 'UM', AMOUNT_MAX);
    const verdict = apply(state, alice, { type: 'transfer', to: bob, asset: 'UM', amount: 1n });
    expect(verdict).toMatchObject({ code: 'LEDGER_AMOUNT_OVERFLOW' });
  });
});

describe('amounts and assets', () => {
  const types = ['deposit', 'withdraw', 'borrow', 'repay'] as const;

  it.each(types)('%s takes amounts from 1 to 2^128 - 1 of registered assets', (type) => {
    const state = createLedger({ [alice]: { balances: { UM: 5n } } });
    expect(apply(state, alice, { type, asset: 'UM', amount: 0n })).toMatchObject({
      code: 'LEDGER_AMOUNT_ZERO',
    });
    expect(apply(state, alice, { type, asset: 'UM', amount: -1n })).toMatchObject({
      code: 'LEDGER_AMOUNT_ZERO',
    });
    expect(apply(state, alice, { type, asset: 'UM', amount: AMOUNT_MAX + 1n })).toMatchObject({
      code: 'LEDGER_AMOUNT_OVERFLOW',
    });
    expect(apply(state, alice, { type, asset: 'GOLD', amount: 1n })).toMatchObject({
      code: 'LEDGER_ASSET_UNKNOWN',
      details: { asset: 'GOLD' },
    });
  });

  it('holds for transfers', () => {
    const state = createLedger({ [alice]: { balances: { UM: 5n } } });
    expect(apply(state, alice, { type: 'transfer', to: bob, asset: 'UM', amount: 0n })).toMatchObject({
      code: 'LEDGER_AMOUNT_ZERO',
    });
    expect(apply(state, alice, { type: 'transfer', to: bob, asset: 'GOLD', amount: 1n })).toMatchObject({
      code: 'LEDGER_ASSET_UNKNOWN',
    });
  });
});

describe('deposit and withdraw', () => {
  it('turn balance into a claim on the pool and back', () => {
    const state = createLedger({ [alice]: { balances: { UM: 100n } } });
    expect(apply(state, alice, { type: 'deposit', asset: 'UM', amount: 70n })).toEqual({
      ok: true,
      value: noFlow,
    });
    expect(holdingsOf(state, alice, 'UM')).toEqual({ balance: 30n, deposit: 70n, debt: 0n });
    expect(poolOf(state, 'UM')).toMatchObject({ cash: 70n, deposits: 70n });
    expect(apply(state, alice, { type: 'withdraw', asset: 'UM', amount: 20n })).toEqual({
      ok: true,
      value: noFlow,
    });
    expect(holdingsOf(state, alice, 'UM')).toEqual({ balance: 50n, deposit: 50n, debt: 0n });
    expect(poolOf(state, 'UM')).toMatchObject({ cash: 50n, deposits: 50n, openNet: 0n });
  });

  it('are bounded by balance and claim', () => {
    const state = createLedger({ [alice]: { balances: { UM: 5n }, deposits: { UM: 7n } } }, { UM: 100n });
    expect(apply(state, alice, { type: 'deposit', asset: 'UM', amount: 6n })).toMatchObject({
      code: 'LEDGER_INSUFFICIENT_BALANCE',
      details: { required: '6', available: '5' },
    });
    expect(apply(state, alice, { type: 'withdraw', asset: 'UM', amount: 8n })).toMatchObject({
      code: 'LEDGER_INSUFFICIENT_DEPOSIT',
      details: { required: '8', available: '7' },
    });
  });

  it('are refused where pool or balance would overflow', () => {
    const state = createLedger({ [alice]: { deposits: { UM: 5n } } });
    creditAccount(state, rules, alice, 'UM', AMOUNT_MAX);
    expect(apply(state, alice, { type: 'deposit', asset: 'UM', amount: AMOUNT_MAX })).toMatchObject({
      code: 'LEDGER_AMOUNT_OVERFLOW',
    });
    expect(apply(state, alice, { type: 'withdraw', asset: 'UM', amount: 1n })).toMatchObject({
      code: 'LEDGER_AMOUNT_OVERFLOW',
    });
  });

  it('leave behind what the collateral factor asks for, to the unit', () => {
    // 100 USDC deposited secure 75 USDC of worth: 30 UM owed at 2 USD need 80 USDC.
    const state = createLedger(
      { [alice]: { deposits: { USDC: 100_000_000n }, debts: { UM: 30_000_000n } } },
      { UM: 10n ** 9n },
    );
    expect(apply(state, alice, { type: 'withdraw', asset: 'USDC', amount: 20_000_001n })).toMatchObject({
      code: 'LEDGER_POSITION_UNHEALTHY',
    });
    applyOk(state, alice, { type: 'withdraw', asset: 'USDC', amount: 20_000_000n });
  });
});

describe('borrow', () => {
  const funded = () =>
    createLedger({ [alice]: { deposits: { USDC: 100_000_000n } }, [bob]: { deposits: { UM: 50_000_000n } } });

  it('pays pool cash out and reports the flow', () => {
    const state = funded();
    expect(apply(state, alice, { type: 'borrow', asset: 'UM', amount: 1000n })).toEqual({
      ok: true,
      value: { borrowed: { asset: 'UM', amount: 1000n }, repaid: undefined, liquidations: 0 },
    });
    expect(holdingsOf(state, alice, 'UM')).toEqual({ balance: 1000n, deposit: 0n, debt: 1000n });
    expect(poolOf(state, 'UM')).toEqual({
      cash: 49_999_000n,
      deposits: 50_000_000n,
      debts: 1000n,
      openNet: 1000n,
      escrow: 0n,
    });
  });

  it('goes up to the collateral factor, to the unit', () => {
    const state = funded();
    expect(apply(state, alice, { type: 'borrow', asset: 'UM', amount: 37_500_001n })).toMatchObject({
      code: 'LEDGER_POSITION_UNHEALTHY',
      details: { address: alice },
    });
    applyOk(state, alice, { type: 'borrow', asset: 'UM', amount: 37_500_000n });
    expect(apply(state, alice, { type: 'borrow', asset: 'UM', amount: 1n })).toMatchObject({
      code: 'LEDGER_POSITION_UNHEALTHY',
    });
  });

  it('counts debts of all assets together', () => {
    const state = funded();
    applyOk(state, alice, { type: 'borrow', asset: 'USDC', amount: 74_000_000n });
    expect(apply(state, alice, { type: 'borrow', asset: 'UM', amount: 500_001n })).toMatchObject({
      code: 'LEDGER_POSITION_UNHEALTHY',
    });
    applyOk(state, alice, { type: 'borrow', asset: 'UM', amount: 500_000n });
  });

  it('is bounded by pool cash, whatever the collateral', () => {
    const state = createLedger({ [alice]: { deposits: { WBTC: 10n ** 8n } } }, { UM: 99n });
    expect(apply(state, alice, { type: 'borrow', asset: 'UM', amount: 100n })).toMatchObject({
      code: 'POOL_INSUFFICIENT_CASH',
      details: { asset: 'UM', required: '100', available: '99' },
    });
    expect(apply(state, carol, { type: 'borrow', asset: 'TNZO', amount: 1n })).toMatchObject({
      code: 'POOL_INSUFFICIENT_CASH',
    });
  });

  it('stops where more would be owed than settlement may ever bring back', () => {
    const state = createLedger({ [alice]: { deposits: { WBTC: 10n ** 8n } } });
    const pool = poolOf(state, 'UM');
    state.set(poolsTable, 'UM', { ...pool, cash: 2n, debts: ASSET_SUPPLY_MAX - 1n });
    expect(apply(state, alice, { type: 'borrow', asset: 'UM', amount: 2n })).toMatchObject({
      code: 'LEDGER_AMOUNT_OVERFLOW',
    });
    applyOk(state, alice, { type: 'borrow', asset: 'UM', amount: 1n });
  });

  it('is refused where the balance would overflow', () => {
    const state = funded();
    creditAccount(state, rules, alice, 'UM', AMOUNT_MAX);
    expect(apply(state, alice, { type: 'borrow', asset: 'UM', amount: 1n })).toMatchObject({
      code: 'LEDGER_AMOUNT_OVERFLOW',
    });
  });
});

describe('repay', () => {
  it('brings balance back as cash and reports the flow', () => {
    const state = createLedger({ [alice]: { balances: { UM: 500n }, debts: { UM: 300n } } }, { UM: 300n });
    expect(apply(state, alice, { type: 'repay', asset: 'UM', amount: 200n })).toEqual({
      ok: true,
      value: { borrowed: undefined, repaid: { asset: 'UM', amount: 200n }, liquidations: 0 },
    });
    expect(holdingsOf(state, alice, 'UM')).toEqual({ balance: 300n, deposit: 0n, debt: 100n });
    expect(poolOf(state, 'UM')).toMatchObject({ cash: 200n, debts: 100n, openNet: -200n });
  });

  it('is bounded by debt, then by balance', () => {
    const state = createLedger({ [alice]: { balances: { UM: 5n }, debts: { UM: 10n } } }, { UM: 10n });
    expect(apply(state, alice, { type: 'repay', asset: 'UM', amount: 11n })).toMatchObject({
      code: 'LEDGER_REPAY_EXCEEDS_DEBT',
      details: { required: '11', available: '10' },
    });
    expect(apply(state, alice, { type: 'repay', asset: 'UM', amount: 6n })).toMatchObject({
      code: 'LEDGER_INSUFFICIENT_BALANCE',
    });
  });

  it('is refused where the pool would overflow', () => {
    const state = createLedger({ [alice]: { balances: { UM: 5n }, debts: { UM: 5n } } }, { UM: 5n });
    state.set(poolsTable, 'UM', { ...poolOf(state, 'UM'), cash: AMOUNT_MAX });
    expect(apply(state, alice, { type: 'repay', asset: 'UM', amount: 1n })).toMatchObject({
      code: 'LEDGER_AMOUNT_OVERFLOW',
    });
  });
});

describe('cash that repayments brought', () => {
  // 100 UM came back in this window and will leave at the seal; the pool holds 30 more.
  const afterRepayment = () => {
    const state = createLedger(
      {
        [alice]: { balances: { UM: 100n }, debts: { UM: 100n } },
        [bob]: { deposits: { UM: 130n } },
        [carol]: { deposits: { WBTC: 10n ** 8n } },
      },
      {},
    );
    applyOk(state, alice, { type: 'repay', asset: 'UM', amount: 100n });
    return state;
  };

  it('is not there for withdrawals', () => {
    const state = afterRepayment();
    expect(apply(state, bob, { type: 'withdraw', asset: 'UM', amount: 31n })).toMatchObject({
      code: 'POOL_INSUFFICIENT_CASH',
    });
    applyOk(state, bob, { type: 'withdraw', asset: 'UM', amount: 30n });
  });

  it('may be borrowed again, because that nets it out', () => {
    const state = afterRepayment();
    applyOk(state, bob, { type: 'withdraw', asset: 'UM', amount: 30n });
    applyOk(state, carol, { type: 'borrow', asset: 'UM', amount: 100n });
    expect(poolOf(state, 'UM')).toMatchObject({ cash: 0n, openNet: 0n });
    expect(apply(state, carol, { type: 'borrow', asset: 'UM', amount: 1n })).toMatchObject({
      code: 'POOL_INSUFFICIENT_CASH',
    });
  });
});

describe('price', () => {
  it('is set by the oracle alone', () => {
    const state = createLedger({});
    expect(apply(state, alice, { type: 'price', asset: 'UM', price: 5n })).toMatchObject({
      code: 'LEDGER_NOT_ORACLE',
    });
    expect(apply(state, oracle, { type: 'price', asset: 'UM', price: 5n })).toEqual({
      ok: true,
      value: noFlow,
    });
    expect(state.get(pricesTable, 'UM')).toBe(5n);
  });

  it('is above zero, fits an amount and belongs to a registered asset', () => {
    const state = createLedger({});
    expect(apply(state, oracle, { type: 'price', asset: 'UM', price: 0n })).toMatchObject({
      code: 'LEDGER_PRICE_ZERO',
    });
    expect(apply(state, oracle, { type: 'price', asset: 'UM', price: AMOUNT_MAX + 1n })).toMatchObject({
      code: 'LEDGER_AMOUNT_OVERFLOW',
    });
    expect(apply(state, oracle, { type: 'price', asset: 'GOLD', price: 1n })).toMatchObject({
      code: 'LEDGER_ASSET_UNKNOWN',
    });
  });
});

describe('operations', () => {
  it('keep the nonces of everybody they touch', () => {
    const state = createLedger({ [alice]: { balances: { UM: 100n } } });
    for (const address of [alice, bob]) {
      const account = state.get(accountsTable, address) ?? {
        balances: [0n, 0n, 0n, 0n],
        deposits: [0n, 0n, 0n, 0n],
        debts: [0n, 0n, 0n, 0n],
      };
      state.set(accountsTable, address, { ...account, nonce: 9 });
    }
    applyOk(state, alice, { type: 'transfer', to: bob, asset: 'UM', amount: 50n });
    applyOk(state, alice, { type: 'deposit', asset: 'UM', amount: 50n });
    applyOk(state, alice, { type: 'borrow', asset: 'UM', amount: 5n });
    applyOk(state, alice, { type: 'repay', asset: 'UM', amount: 5n });
    applyOk(state, alice, { type: 'withdraw', asset: 'UM', amount: 50n });
    expect(state.get(accountsTable, alice)?.nonce).toBe(9);
    expect(state.get(accountsTable, bob)?.nonce).toBe(9);
  });
});
