import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AMOUNT_MAX } from '../../../../consensus/primitives/flavor.ts';
import { flushFees, gatheredFees, gatherFees } from '../../../../settlement/atomic/fees.ts';
import { treasuryOf } from '../../../../settlement/ledger/accounts.ts';
import { networkFee } from '../../../../settlement/networkFee.ts';
import { State } from '../../../../settlement/state.ts';
import { rules, TNZO } from './atomicFixture.ts';

const amount = fc.bigInt({ min: 1n, max: AMOUNT_MAX });

describe('networkFee', () => {
  it.each([
    [TNZO, 5n * 10n ** 15n],
    [100n * TNZO, TNZO / 2n],
    [10_000n * TNZO, 50n * TNZO],
    [10_000n, 50n],
    [199n, 1n],
    [1n, 1n],
    [AMOUNT_MAX, AMOUNT_MAX / 200n],
  ])('of %s at 50 bps is %s', (gross, fee) => {
    expect(networkFee(gross, rules)).toBe(fee);
  });

  it('is at least the smallest fee, at most the amount, and never more than its share rounded down', () => {
    const bps = fc.integer({ min: 0, max: 10_000 });
    fc.assert(
      fc.property(amount, bps, fc.bigInt({ min: 0n, max: 1000n }), (gross, networkFeeBps, feeMin) => {
        const fee = networkFee(gross, { networkFeeBps, feeMin });
        const share = (gross * BigInt(networkFeeBps)) / 10_000n;
        expect(fee === share || fee === feeMin || fee === gross).toBe(true);
        expect(fee >= share && (fee >= feeMin || fee === gross) && fee <= gross).toBe(true);
      }),
    );
  });
});

describe('flushFees', () => {
  it('moves all that has gathered to the treasury, at its heights alone', () => {
    const state = new State([]);
    gatherFees(state, 'TNZO', 5n);
    gatherFees(state, 'TNZO', 2n);
    gatherFees(state, 'UM', 3n);
    expect(flushFees(state, rules, 99)).toEqual([]);
    expect(treasuryOf(state, 'TNZO')).toBe(0n);
    expect(flushFees(state, rules, 100)).toEqual([
      {
        type: 'treasury_flushed',
        fees: [
          { asset: 'TNZO', amount: 7n },
          { asset: 'UM', amount: 3n },
        ],
      },
    ]);
    expect([treasuryOf(state, 'TNZO'), treasuryOf(state, 'UM')]).toEqual([7n, 3n]);
    expect([gatheredFees(state, 'TNZO'), gatheredFees(state, 'UM')]).toEqual([0n, 0n]);
    expect(flushFees(state, rules, 200)).toEqual([]);
  });
});
