import { describe, expect, it } from 'vitest';
import { AMOUNT_MAX } from '../../../../consensus/primitives/flavor.ts';
import { ASSET_SUPPLY_MAX } from '../../../../settlement/ledger/assets.ts';
import { writeGenesisLedger } from '../../../../settlement/ledger/genesis.ts';
import { poolOf } from '../../../../settlement/ledger/pools.ts';
import { accountsTable, poolsTable, pricesTable } from '../../../../settlement/ledger/tables.ts';
import type { AssetRules, LedgerRules } from '../../../../settlement/ledger/types.ts';
import { State } from '../../../../settlement/state.ts';
import { alice, bob, createLedger, genesisAccount, rules } from './ledgerFixture.ts';

const invalid = expect.objectContaining({ code: 'LEDGER_GENESIS_INVALID' });

describe('writeGenesisLedger', () => {
  it('writes accounts, a pool and a price for every asset, and totals that agree', () => {
    const state = createLedger(
      {
        [alice]: { balances: { UM: 1n }, deposits: { USDC: 50n }, debts: { UM: 7n } },
        [bob]: { deposits: { USDC: 5n, UM: 2n }, debts: { UM: 3n } },
      },
      { UM: 10n },
    );
    expect(state.get(accountsTable, alice)).toEqual({
      nonce: 0,
      balances: [1n, 0n, 0n, 0n],
      deposits: [0n, 50n, 0n, 0n],
      debts: [7n, 0n, 0n, 0n],
    });
    expect(poolOf(state, 'UM')).toEqual({ cash: 2n, deposits: 2n, debts: 10n, openNet: 0n, escrow: 0n });
    expect(poolOf(state, 'USDC')).toEqual({ cash: 55n, deposits: 55n, debts: 0n, openNet: 0n, escrow: 0n });
    expect(state.entries(poolsTable).map(([symbol]) => symbol)).toEqual(['TNZO', 'UM', 'USDC', 'WBTC']);
    expect(state.get(pricesTable, 'UM')).toBe(200_000_000n);
    expect(state.entries(pricesTable)).toHaveLength(4);
  });

  it('refuses debts that nothing was there to pay out', () => {
    expect(() => createLedger({ [alice]: { debts: { UM: 11n } } }, { UM: 10n })).toThrow(invalid);
  });

  it('refuses two accounts at one address', () => {
    const twice = [genesisAccount(alice, {}), genesisAccount(alice, {})];
    expect(() => writeGenesisLedger(new State([]), rules, twice, {})).toThrow(invalid);
  });

  it('refuses unregistered assets and amounts out of range', () => {
    expect(() => createLedger({ [alice]: { balances: { GOLD: 1n } } })).toThrow(invalid);
    expect(() => createLedger({}, { GOLD: 1n })).toThrow(invalid);
    expect(() => createLedger({ [alice]: { balances: { UM: -1n } } })).toThrow(invalid);
    expect(() => createLedger({ [alice]: { deposits: { UM: AMOUNT_MAX + 1n } } })).toThrow(invalid);
  });

  it('gives out at most 2^126 of an asset, so that no later sum leaves 128 bits', () => {
    const most = { [alice]: { balances: { UM: ASSET_SUPPLY_MAX - 5n } } };
    expect(poolOf(createLedger(most, { UM: 5n }), 'UM').cash).toBe(5n);
    expect(() => createLedger(most, { UM: 6n })).toThrow(invalid);
  });

  const [um, ...others] = rules.assets;
  const withAsset = (change: Partial<AssetRules>): LedgerRules => ({
    ...rules,
    assets: um === undefined ? [] : [{ ...um, ...change }, ...others],
  });
  const mutations: Readonly<Record<string, LedgerRules>> = {
    'no assets': { ...rules, assets: [] },
    'an empty symbol': withAsset({ symbol: '' }),
    'a symbol with a blank': withAsset({ symbol: 'U M' }),
    'a symbol twice': withAsset({ symbol: 'USDC' }),
    'too many decimals': withAsset({ decimals: 37 }),
    'a fraction of decimals': withAsset({ decimals: 0.5 }),
    'a price of zero': withAsset({ price: 0n }),
    'a factor above the threshold': withAsset({ collateralFactorBps: 8001 }),
    'a threshold above the whole': withAsset({ liquidationThresholdBps: 10_001 }),
    'a negative bonus': withAsset({ liquidationBonusBps: -1 }),
    'a close factor above the whole': { ...rules, closeFactorBps: 10_001 },
    'an unregistered stake asset': { ...rules, stakeAsset: 'GOLD' },
  };
  it.each(Object.keys(mutations))('refuses rules with %s', (name) => {
    expect(() => createLedger({}, {}, mutations[name])).toThrow(invalid);
  });
});
