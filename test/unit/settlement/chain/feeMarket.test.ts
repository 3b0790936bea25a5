import { describe, expect, it } from 'vitest';
import {
  BASE_FEE_MIN,
  effectiveTip,
  nextBaseFee,
  proofGas,
  settlementGas,
  settlementGasMin,
} from '../../../../settlement/chain/feeMarket.ts';
import { FEE_PER_GAS_MAX } from '../../../../settlement/chain/transactionCodec.ts';
import { batchOf, bytesOf, settle } from './fixtures.ts';

const limit = 10_000_000;

describe('nextBaseFee', () => {
  it.each([
    // By hand, target 5,000,000: full block: 1000 * 5/5 / 8 = 125 up; empty block: 125 down.
    { baseFee: 1000n, gasUsed: 10_000_000, next: 1125n },
    { baseFee: 1000n, gasUsed: 0, next: 875n },
    { baseFee: 1000n, gasUsed: 5_000_000, next: 1000n },
    // 1000 * 1,000,000 / 5,000,000 = 200, / 8 = 25.
    { baseFee: 1000n, gasUsed: 6_000_000, next: 1025n },
    { baseFee: 1000n, gasUsed: 4_000_000, next: 975n },
    // 999 * 160,264 / 5,000,000 = 32.02, cut to 32, / 8 = 4.
    { baseFee: 999n, gasUsed: 5_160_264, next: 1003n },
    // 1,000,000,000 * 4,839,736 / 5,000,000 = 967,947,200, / 8 = 120,993,400.
    { baseFee: 1_000_000_000n, gasUsed: 160_264, next: 879_006_600n },
    // Above the target it always rises by at least one; below it comes to rest at 7.
    { baseFee: 1n, gasUsed: 5_000_001, next: 2n },
    { baseFee: 8n, gasUsed: 0, next: 7n },
    { baseFee: 7n, gasUsed: 0, next: 7n },
    { baseFee: BASE_FEE_MIN, gasUsed: 0, next: BASE_FEE_MIN },
    { baseFee: FEE_PER_GAS_MAX, gasUsed: 10_000_000, next: FEE_PER_GAS_MAX },
  ])('$baseFee at $gasUsed gas becomes $next', ({ baseFee, gasUsed, next }) => {
    expect(nextBaseFee(baseFee, gasUsed, limit)).toBe(next);
  });
});

describe('effectiveTip', () => {
  it('is the tip, what the cap leaves of it, or nothing', () => {
    expect(effectiveTip({ feeCap: 300n, tip: 50n }, 100n)).toBe(50n);
    expect(effectiveTip({ feeCap: 120n, tip: 50n }, 100n)).toBe(20n);
    expect(effectiveTip({ feeCap: 100n, tip: 50n }, 100n)).toBe(0n);
    expect(effectiveTip({ feeCap: 99n, tip: 50n }, 100n)).toBeUndefined();
  });
});

describe('settlementGas', () => {
  it('adds base, payload, signatures, swaps and transfers; a draw adds nothing', () => {
    const net = [
      { asset: 'TNZO', amount: -5n },
      { asset: 'UM', amount: 7n },
      { asset: 'USDC', amount: 9n },
      { asset: 'WETH', amount: 11n },
    ];
    const transaction = settle(batchOf(1, net));
    expect(proofGas(transaction, 700)).toBe(100_000 + 16 * 700 + 3 * 3000);
    expect(settlementGas(transaction, 700)).toBe(100_000 + 16 * 700 + 3 * 3000 + 60_000 + 2 * 40_000);
  });

  it('has a least, below the smallest settlement that there is, by little', () => {
    const batch = batchOf(1, [{ asset: 'USDC', amount: 1n }]);
    const smallest = settlementGas(
      settle(batch, { feeCap: 1n, tip: 0n }),
      bytesOf(batch, { feeCap: 1n }).length,
    );
    expect(settlementGasMin(3)).toBeLessThanOrEqual(smallest);
    expect(settlementGasMin(3)).toBeGreaterThan(0.99 * smallest);
  });
});
