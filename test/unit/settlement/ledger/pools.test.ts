import { describe, expect, it } from 'vitest';
import { AMOUNT_MAX } from '../../../../consensus/primitives/flavor.ts';
import { confirmPoolFlows, hasFreeCash, poolOf, sealPoolFlows } from '../../../../settlement/ledger/pools.ts';
import { poolsTable } from '../../../../settlement/ledger/tables.ts';
import type { State } from '../../../../settlement/state.ts';
import { alice, applyOk, createLedger, rules } from './ledgerFixture.ts';

/** One window: 30 UM borrowed, 20 USDC repaid. */
function createBusyLedger(): State {
  const state = createLedger(
    { [alice]: { balances: { USDC: 20n }, deposits: { WBTC: 10n ** 8n }, debts: { USDC: 50n } } },
    { UM: 100n, USDC: 60n },
  );
  applyOk(state, alice, { type: 'borrow', asset: 'UM', amount: 30n });
  applyOk(state, alice, { type: 'repay', asset: 'USDC', amount: 20n });
  return state;
}

const net = [
  { asset: 'UM', amount: 30n },
  { asset: 'USDC', amount: -20n },
];

describe('sealPoolFlows', () => {
  it('sends surplus repayments into escrow and opens the next window at zero', () => {
    const state = createBusyLedger();
    sealPoolFlows(state, rules, net);
    expect(poolOf(state, 'UM')).toMatchObject({ cash: 70n, openNet: 0n, escrow: 0n });
    expect(poolOf(state, 'USDC')).toMatchObject({ cash: 10n, openNet: 0n, escrow: 20n });
  });

  it.each([
    ['another amount', [{ asset: 'UM', amount: 31n }, net[1]]],
    ['a missing asset', [net[0]]],
    ['an unregistered asset', [...net, { asset: 'GOLD', amount: 1n }]],
    ['a zero entry', [...net, { asset: 'TNZO', amount: 0n }]],
    ['an asset twice', [...net, net[0]]],
  ])('crashes on a net with %s', (_, wrong) => {
    const flows = wrong.filter((flow) => flow !== undefined);
    expect(() => sealPoolFlows(createBusyLedger(), rules, flows)).toThrow('assertion failed');
  });

  it('crashes rather than seal what the pool cannot cover', () => {
    const state = createBusyLedger();
    state.set(poolsTable, 'USDC', { ...poolOf(state, 'USDC'), cash: 19n });
    expect(() => sealPoolFlows(state, rules, net)).toThrow('cannot cover');
  });
});

describe('confirmPoolFlows', () => {
  it('adds what was bought to cash and takes what was returned from escrow', () => {
    const state = createBusyLedger();
    sealPoolFlows(state, rules, net);
    confirmPoolFlows(state, net);
    expect(poolOf(state, 'UM')).toMatchObject({ cash: 100n, escrow: 0n, debts: 30n });
    expect(poolOf(state, 'USDC')).toMatchObject({ cash: 10n, escrow: 0n, debts: 30n });
  });

  it('leaves the flows of the open window alone', () => {
    const state = createBusyLedger();
    sealPoolFlows(state, rules, net);
    applyOk(state, alice, { type: 'borrow', asset: 'UM', amount: 1n });
    confirmPoolFlows(state, net);
    expect(poolOf(state, 'UM').openNet).toBe(1n);
  });

  it('crashes on a settlement that was never sealed', () => {
    const state = createBusyLedger();
    expect(() => confirmPoolFlows(state, net)).toThrow('escrow of USDC');
    expect(() => confirmPoolFlows(state, [{ asset: 'GOLD', amount: 1n }])).toThrow('no pool of GOLD');
    expect(() => confirmPoolFlows(state, [{ asset: 'UM', amount: AMOUNT_MAX }])).toThrow('out of range');
  });
});

describe('hasFreeCash', () => {
  it('keeps what repayments brought', () => {
    expect(hasFreeCash(0n, 0n)).toBe(true);
    expect(hasFreeCash(-1n, 5n)).toBe(false);
    expect(hasFreeCash(5n, -5n)).toBe(true);
    expect(hasFreeCash(4n, -5n)).toBe(false);
  });
});
