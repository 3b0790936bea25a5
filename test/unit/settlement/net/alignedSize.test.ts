import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignedSize } from '../../../../settlement/net/alignedSize.ts';
import type { NetRules, WindowEnd } from '../../../../settlement/net/types.ts';
import { baseRules } from './netFixture.ts';

const BACKLOG_PENDING_MAX = 3;

const rules: NetRules = { ...baseRules, adaptive: 'aligned', congestedBaseFee: 100n, batchSizeMax: 1000 };
/** Block 5 ends the window at 8 s and names the settlement block of 5 s; the next window begins at 10 s. */
const end: WindowEnd = {
  timestampMs: 8000,
  originTimestampMs: 5000,
  baseFee: 10n,
  pendingCount: 0,
  sealed: { blockCount: 5, net: [{ asset: 'UM', amount: 500n }] },
};

function sizeAt(changes: Partial<WindowEnd> = {}, ruleChanges: Partial<NetRules> = {}): number {
  return alignedSize({ ...end, ...changes }, { ...rules, ...ruleChanges }, BACKLOG_PENDING_MAX);
}

describe('alignedSize', () => {
  it.each([
    // At worst 1 block settles by 15.5 s, so at 15 s: blocks at 10, 12 and 14 s are there by 14.5 s.
    ['N = 1', { batchSize: 1 }, 3],
    ['N = 2, the same settlement block', { batchSize: 2 }, 3],
    // 4 blocks and the wait end by 21.5 s, so at 20 s: 10 to 18 s, the last there at 18.5 s.
    ['N = 4', { batchSize: 4 }, 5],
    ['N = 5', { batchSize: 5 }, 5],
    // 25 s is within reach of 7 blocks (27.5 s): 10 to 24 s, the last there at 24.5 s.
    ['N = 7', { batchSize: 7 }, 8],
    // What arrives at the instant of a settlement block is late.
    ['a lead that ends at the settlement block', { batchSize: 2, sealLeadMs: 1000 }, 2],
    ['no lead', { batchSize: 2, sealLeadMs: 0 }, 3],
    // The largest window reaches 15 s at most.
    ['batch_size_max below', { batchSize: 5, batchSizeMax: 4 }, 3],
    // None is within reach of two blocks, so it is the next one; N is held to its bounds elsewhere.
    ['batch_size_max below any', { batchSize: 5, batchSizeMax: 1 }, 3],
    ['slower blocks than settlement blocks', { batchSize: 1, blockTimeMs: 12_000 }, 1],
  ])('%s', (_, changes, expected) => {
    expect(sizeAt({}, changes)).toBe(expected);
  });

  it.each([
    ['at the threshold', { baseFee: 100n }, 5],
    ['fees four times that: twice the blocks', { baseFee: 400n }, 10],
    ['three pending', { pendingCount: 3 }, 5],
    ['twelve pending: twice the blocks', { pendingCount: 12 }, 10],
    ['both: the stronger', { baseFee: 400n, pendingCount: 27 }, 15],
  ])('stretches by the root of what presses, %s', (_, changes, expected) => {
    // A settlement block a block time: alignment then adds nothing.
    expect(sizeAt(changes, { blockTimeMs: 1000, settlementBlockTimeMs: 1000, sealLeadMs: 0 })).toBe(expected);
  });

  it.each([
    ['within it: at most twice as long as before', 5000n, 10],
    ['twice the bound: half as long', 250n, 3],
    ['bound 0: as short as it goes', 0n, 1],
  ])('keeps exposure at its bound, %s', (_, amount, expected) => {
    const bounded = { batchSize: 20, exposureMax: [{ asset: 'UM', amount }] };
    const even = { blockTimeMs: 1000, settlementBlockTimeMs: 1000, sealLeadMs: 0 };
    const sealed = { blockCount: 6, net: [{ asset: 'UM', amount: -500n }] };
    expect(
      sizeAt({ sealed: amount === 5000n ? { ...sealed, blockCount: 5 } : sealed }, { ...bounded, ...even }),
    ).toBe(expected);
  });

  it('heeds no asset without a bound, and nothing after an empty window', () => {
    const exposureMax = [{ asset: 'DAI', amount: 1n }];
    expect(sizeAt({ sealed: undefined }, { exposureMax: [{ asset: 'UM', amount: 1n }] })).toBe(sizeAt());
    expect(sizeAt({}, { exposureMax })).toBe(sizeAt());
  });

  const drawnWorld = fc.record({
    batchSize: fc.integer({ min: 1, max: 40 }),
    blockTimeMs: fc.integer({ min: 10, max: 20_000 }),
    settlementBlockTimeMs: fc.integer({ min: 10, max: 20_000 }),
    sealLeadMs: fc.nat(5000),
    originAgeMs: fc.nat(60_000),
    baseFee: fc.bigInt({ min: 0n, max: 1000n }),
    pendingCount: fc.nat(40),
    net: fc.bigInt({ min: 1n, max: 10_000n }),
    bound: fc.option(fc.bigInt({ min: 0n, max: 10_000n }), { nil: undefined }),
  });

  function sizeOf({ originAgeMs, baseFee, pendingCount, net, bound, ...changes }: DrawnWorld): number {
    return sizeAt(
      {
        originTimestampMs: end.timestampMs - originAgeMs,
        baseFee,
        pendingCount,
        sealed: { blockCount: 5, net: [{ asset: 'UM', amount: net }] },
      },
      {
        ...changes,
        batchSizeMax: 100_000,
        exposureMax: bound === undefined ? [] : [{ asset: 'UM', amount: bound }],
      },
    );
  }
  type DrawnWorld = typeof drawnWorld extends fc.Arbitrary<infer Drawn> ? Drawn : never;

  it('ends the window with the last block that reaches some settlement block', () => {
    fc.assert(
      fc.property(drawnWorld, (drawn) => {
        const { blockTimeMs, settlementBlockTimeMs, sealLeadMs, originAgeMs } = drawn;
        const size = sizeOf(drawn);
        expect(size).toBeGreaterThanOrEqual(1);
        const lastThereMs = end.timestampMs + size * blockTimeMs + sealLeadMs;
        const originMs = end.timestampMs - originAgeMs;
        const settlementMs =
          originMs +
          (Math.floor((lastThereMs - originMs) / settlementBlockTimeMs) + 1) * settlementBlockTimeMs;
        expect(lastThereMs).toBeLessThan(settlementMs);
        expect(lastThereMs + blockTimeMs).toBeGreaterThanOrEqual(settlementMs);
      }),
    );
  });

  it('is never shorter than batch_size, nor settles later than that may at worst, while nothing presses', () => {
    fc.assert(
      fc.property(drawnWorld, (drawn) => {
        const { batchSize, blockTimeMs, settlementBlockTimeMs, sealLeadMs, originAgeMs } = drawn;
        const size = sizeOf({ ...drawn, baseFee: 0n, pendingCount: 0, bound: undefined });
        expect(size).toBeGreaterThanOrEqual(batchSize);
        const firstMs = end.timestampMs + blockTimeMs;
        const lastThereMs = firstMs + (size - 1) * blockTimeMs + sealLeadMs;
        const originMs = end.timestampMs - originAgeMs;
        const settlementMs =
          originMs +
          (Math.floor((lastThereMs - originMs) / settlementBlockTimeMs) + 1) * settlementBlockTimeMs;
        const worstMs = (batchSize - 1) * blockTimeMs + sealLeadMs + settlementBlockTimeMs;
        expect(settlementMs - firstMs).toBeLessThanOrEqual(worstMs);
      }),
    );
  });

  it('grows with base fee and backlog, and shrinks with exposure', () => {
    fc.assert(
      fc.property(drawnWorld, fc.bigInt({ min: 0n, max: 1000n }), fc.nat(20), (drawn, more, moreBatches) => {
        const size = sizeOf(drawn);
        expect(sizeOf({ ...drawn, baseFee: drawn.baseFee + more })).toBeGreaterThanOrEqual(size);
        expect(sizeOf({ ...drawn, pendingCount: drawn.pendingCount + moreBatches })).toBeGreaterThanOrEqual(
          size,
        );
        expect(sizeOf({ ...drawn, net: drawn.net + more })).toBeLessThanOrEqual(size);
        expect(sizeOf({ ...drawn, bound: undefined })).toBeGreaterThanOrEqual(size);
      }),
    );
  });
});
