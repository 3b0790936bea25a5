import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSecured, seizedCollateral } from '../../../../settlement/ledger/health.ts';
import { pricesTable } from '../../../../settlement/ledger/tables.ts';
import type { AssetRules, LedgerRules } from '../../../../settlement/ledger/types.ts';
import { State } from '../../../../settlement/state.ts';

/** A non-negative fraction: the slow way to be exact, by another road than the code under test. */
interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

function add(a: Fraction, b: Fraction): Fraction {
  return { over: a.over * b.under + b.over * a.under, under: a.under * b.under };
}

const asset = fc.record({
  decimals: fc.integer({ min: 0, max: 36 }),
  collateralFactorBps: fc.integer({ min: 0, max: 8000 }),
  liquidationThresholdBps: fc.integer({ min: 8000, max: 10_000 }),
  liquidationBonusBps: fc.integer({ min: 0, max: 2000 }),
  price: fc.bigInt({ min: 1n, max: 10n ** 14n }),
});
/** Amounts near each other in worth, so that both answers come up. */
const mantissa = fc.bigInt({ min: 0n, max: 1_000_000n });
const position = fc.array(fc.record({ asset, deposit: mantissa, debt: mantissa }), {
  minLength: 1,
  maxLength: 5,
});

function createMarket(rows: readonly { readonly asset: Omit<AssetRules, 'symbol'> }[]) {
  const assets = rows.map((row, index) => ({ symbol: `A${index}`, ...row.asset }));
  const state = new State([]);
  for (const { symbol, price } of assets) state.set(pricesTable, symbol, price);
  const rules: LedgerRules = { assets, closeFactorBps: 5000, stakeAsset: 'A0', oracle: '0x00' };
  return { state, rules, assets };
}

describe('isSecured', () => {
  it('compares worth exactly', () => {
    const answers = new Set<boolean>();
    fc.assert(
      fc.property(position, (rows) => {
        const { state, rules } = createMarket(rows);
        const nothing: Fraction = { over: 0n, under: 1n };
        // Scaled by the asset's unit over its price, so that worths lie close together.
        const scaled = rows.map(({ asset: { decimals, price }, deposit, debt }) => {
          const factor = 10n ** BigInt(decimals) * 10n ** 8n;
          return { deposit: (deposit * factor * 4n) / price, debt: (debt * factor) / price };
        });
        const worth = (index: number, amount: bigint, bps: number): Fraction => ({
          over: amount * (rows[index]?.asset.price ?? 0n) * BigInt(bps),
          under: 10n ** BigInt(rows[index]?.asset.decimals ?? 0),
        });
        const owed = scaled.reduce((sum, { debt }, index) => add(sum, worth(index, debt, 10_000)), nothing);
        const secured = scaled.reduce(
          (sum, { deposit }, index) =>
            add(sum, worth(index, deposit, rows[index]?.asset.collateralFactorBps ?? 0)),
          nothing,
        );
        const expected = owed.over * secured.under <= secured.over * owed.under;
        answers.add(expected);
        const deposits = scaled.map(({ deposit }) => deposit);
        const debts = scaled.map(({ debt }) => debt);
        expect(isSecured(state, rules, deposits, debts, 'collateralFactorBps')).toBe(expected);
      }),
      { seed: 11, numRuns: 400 },
    );
    expect(answers).toEqual(new Set([true, false]));
  });

  it('sees one unit of 36 decimals', () => {
    const plain = {
      collateralFactorBps: 10_000,
      liquidationThresholdBps: 10_000,
      liquidationBonusBps: 0,
      price: 1n,
    };
    const { state, rules } = createMarket([
      { asset: { ...plain, decimals: 36 } },
      { asset: { ...plain, decimals: 0 } },
    ]);
    const one = 10n ** 36n;
    expect(isSecured(state, rules, [0n, 1n], [one, 0n], 'collateralFactorBps')).toBe(true);
    expect(isSecured(state, rules, [0n, 1n], [one + 1n, 0n], 'collateralFactorBps')).toBe(false);
  });

  it('uses the limit it is asked for', () => {
    const { state, rules } = createMarket([
      {
        asset: {
          decimals: 0,
          collateralFactorBps: 5000,
          liquidationThresholdBps: 6000,
          liquidationBonusBps: 0,
          price: 1n,
        },
      },
    ]);
    expect(isSecured(state, rules, [100n], [60n], 'collateralFactorBps')).toBe(false);
    expect(isSecured(state, rules, [100n], [60n], 'liquidationThresholdBps')).toBe(true);
    expect(isSecured(state, rules, [100n], [61n], 'liquidationThresholdBps')).toBe(false);
  });

  it('finds nothing wrong where nothing is owed', () => {
    const { state, rules } = createMarket([]);
    expect(isSecured(state, rules, [], [], 'collateralFactorBps')).toBe(true);
  });
});

describe('seizedCollateral', () => {
  it('is the largest amount that is worth no more than the debt with the bonus', () => {
    fc.assert(
      fc.property(
        asset,
        asset,
        fc.bigInt({ min: 1n, max: 10n ** 30n }),
        (debtAsset, collateralAsset, amount) => {
          const { state, assets } = createMarket([{ asset: debtAsset }, { asset: collateralAsset }]);
          const [debtRules, collateralRules] = assets;
          if (debtRules === undefined || collateralRules === undefined) throw new Error('no assets');
          const seized = seizedCollateral(state, debtRules, amount, collateralRules);
          const paid = {
            over: amount * debtAsset.price * BigInt(10_000 + collateralAsset.liquidationBonusBps),
            under: 10n ** BigInt(debtAsset.decimals) * 10_000n,
          };
          const isWithin = (taken: bigint) =>
            taken * collateralAsset.price * paid.under <= paid.over * 10n ** BigInt(collateralAsset.decimals);
          expect(isWithin(seized)).toBe(true);
          expect(isWithin(seized + 1n)).toBe(false);
        },
      ),
    );
  });
});
