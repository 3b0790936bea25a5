import { describe, expect, it } from 'vitest';
import { AMOUNT_MAX } from '../../../../consensus/primitives/flavor.ts';
import {
  accountOf,
  creditAccount,
  creditTreasury,
  ledgerTotals,
  takeNonce,
  treasuryOf,
} from '../../../../settlement/ledger/accounts.ts';
import { alice, bob, createLedger, holdingsOf, rules } from './ledgerFixture.ts';

describe('accountOf', () => {
  it('gives an empty account for an address that never held anything', () => {
    const zeros = [0n, 0n, 0n, 0n];
    expect(accountOf(createLedger({}), rules, bob)).toEqual({
      nonce: 0,
      balances: zeros,
      deposits: zeros,
      debts: zeros,
    });
  });
});

describe('takeNonce', () => {
  it('takes each nonce once, in order, and touches nothing else', () => {
    const state = createLedger({
      [alice]: { balances: { UM: 5n }, deposits: { UM: 3n }, debts: { UM: 1n } },
    });
    expect(takeNonce(state, rules, alice, 0)).toEqual({ ok: true, value: 0 });
    expect(takeNonce(state, rules, alice, 0)).toMatchObject({
      code: 'LEDGER_NONCE_USED',
      details: { address: alice, expected: 1, given: 0 },
    });
    expect(takeNonce(state, rules, alice, 2)).toMatchObject({
      code: 'LEDGER_NONCE_AHEAD',
      details: { expected: 1, given: 2 },
    });
    expect(takeNonce(state, rules, alice, 1)).toEqual({ ok: true, value: 1 });
    expect(accountOf(state, rules, alice).nonce).toBe(2);
    expect(holdingsOf(state, alice, 'UM')).toEqual({ balance: 5n, deposit: 3n, debt: 1n });
  });

  it('writes nothing when it refuses', () => {
    const state = createLedger({});
    expect(takeNonce(state, rules, bob, 1).ok).toBe(false);
    expect(state.top.isEmpty).toBe(true);
  });
});

describe('credits', () => {
  it('add up', () => {
    const state = createLedger({ [alice]: { balances: { TNZO: 5n } } });
    creditAccount(state, rules, alice, 'TNZO', 2n);
    creditAccount(state, rules, bob, 'TNZO', 3n);
    creditTreasury(state, 'TNZO', 4n);
    creditTreasury(state, 'TNZO', 4n);
    expect(holdingsOf(state, alice, 'TNZO').balance).toBe(7n);
    expect(holdingsOf(state, bob, 'TNZO').balance).toBe(3n);
    expect(treasuryOf(state, 'TNZO')).toBe(8n);
    expect(treasuryOf(state, 'UM')).toBe(0n);
  });

  it('of nothing write nothing', () => {
    const state = createLedger({});
    creditAccount(state, rules, alice, 'TNZO', 0n);
    creditTreasury(state, 'TNZO', 0n);
    expect(state.top.isEmpty).toBe(true);
  });

  it('crash where only a bug can lead', () => {
    const state = createLedger({ [alice]: { balances: { TNZO: 1n } } });
    expect(() => creditAccount(state, rules, alice, 'GOLD', 1n)).toThrow('unregistered');
    expect(() => creditAccount(state, rules, alice, 'TNZO', AMOUNT_MAX)).toThrow('out of range');
    expect(() => creditAccount(state, rules, alice, 'TNZO', -1n)).toThrow('out of range');
    creditTreasury(state, 'TNZO', AMOUNT_MAX);
    expect(() => creditTreasury(state, 'TNZO', 1n)).toThrow('out of range');
  });
});

describe('ledgerTotals', () => {
  it('counts balances, pool cash, escrow and treasury by asset', () => {
    const state = createLedger(
      { [alice]: { balances: { UM: 5n, USDC: 6n } }, [bob]: { balances: { UM: 7n }, deposits: { UM: 10n } } },
      { UM: 100n },
    );
    creditTreasury(state, 'UM', 1000n);
    expect(ledgerTotals(state, rules)).toEqual([1122n, 6n, 0n, 0n]);
  });
});
