import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adaptBatchSize } from '../../../../settlement/net/batchSizePolicy.ts';
import { openWindow } from '../../../../settlement/net/netState.ts';
import type { WindowEnd } from '../../../../settlement/net/types.ts';
import { baseRules, move, NetWorld, settlementBlock } from './netFixture.ts';

const rules = {
  ...baseRules,
  adaptive: 'seed003',
  congestedBaseFee: 100n,
  batchSizeMin: 2,
  batchSizeMax: 8,
} as const;

function endOf(changes: Partial<WindowEnd>): WindowEnd {
  const sealed = { blockCount: 5, net: [] };
  return { timestampMs: 8000, originTimestampMs: 5000, baseFee: 10n, pendingCount: 0, sealed, ...changes };
}

describe('adaptBatchSize', () => {
  it.each([
    ['congested', 5, 101n, 0, 6],
    ['backlog', 5, 10n, 4, 6],
    ['congested and backlog: one step', 5, 101n, 9, 6],
    ['three pending are no backlog', 5, 10n, 3, 5],
    ['cheap and none pending', 5, 99n, 0, 4],
    ['exactly at the threshold', 5, 100n, 0, 5],
    ['at the largest', 8, 101n, 0, 8],
    ['at the smallest', 2, 10n, 0, 2],
    ['brought back from an operator’s size', 50, 100n, 1, 8],
  ])('seed003, %s', (_, batchSize, baseFee, pendingCount, expected) => {
    expect(adaptBatchSize(batchSize, endOf({ baseFee, pendingCount }), rules)).toBe(expected);
  });

  it('leaves N alone under fixed, even outside the bounds', () => {
    const fixed = { ...rules, adaptive: 'fixed' } as const;
    expect(adaptBatchSize(50, endOf({ baseFee: 1000n, pendingCount: 9 }), fixed)).toBe(50);
  });

  it('works at a seal for the next window, and an empty window changes nothing', () => {
    const world = new NetWorld({ ...rules, batchSize: 3 });
    world.executeTo(3);
    expect(openWindow(world.state).batchSize).toBe(3);
    world.execute({ blocks: [settlementBlock(1, [], { baseFee: 500n })], flows: move('UM', 1n) });
    world.executeTo(6);
    expect(openWindow(world.state)).toMatchObject({ windowFromHeight: 7, batchSize: 4 });
  });

  it('leaves an operator’s size at an empty window under seed003, outside the bounds too', () => {
    const empty = endOf({ sealed: undefined, baseFee: 500n });
    expect(adaptBatchSize(50, empty, rules)).toBe(50);
    expect(adaptBatchSize(50, empty, { ...rules, adaptive: 'aligned' })).toBeLessThanOrEqual(8);
  });

  it('aligned stays within the bounds, whatever presses, and heeds no earlier size', () => {
    fc.assert(
      fc.property(
        fc.record({
          batchSizeMin: fc.integer({ min: 1, max: 10 }),
          more: fc.nat(20),
          batchSize: fc.integer({ min: 1, max: 40 }),
          baseFee: fc.bigInt({ min: 0n, max: 10n ** 27n }),
          congestedBaseFee: fc.bigInt({ min: 0n, max: 10n ** 27n }),
          pendingCount: fc.nat(2000),
          blockTimeMs: fc.integer({ min: 10, max: 20_000 }),
          settlementBlockTimeMs: fc.integer({ min: 10, max: 20_000 }),
          sealLeadMs: fc.nat(20_000),
          originAgeMs: fc.nat(100_000),
          bound: fc.bigInt({ min: 0n, max: 10n ** 12n }),
          net: fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
          before: fc.integer({ min: 1, max: 100_000 }),
        }),
        ({ more, originAgeMs, bound, net, before, ...drawn }) => {
          const drawnRules = {
            ...baseRules,
            ...drawn,
            adaptive: 'aligned',
            batchSizeMax: drawn.batchSizeMin + more,
            exposureMax: [{ asset: 'UM', amount: bound }],
          } as const;
          const end = endOf({
            ...drawn,
            originTimestampMs: 8000 - originAgeMs,
            sealed: { blockCount: 5, net: net === 0n ? [] : [{ asset: 'UM', amount: net }] },
          });
          const batchSize = adaptBatchSize(before, end, drawnRules);
          expect(Number.isSafeInteger(batchSize)).toBe(true);
          expect(batchSize).toBeGreaterThanOrEqual(drawnRules.batchSizeMin);
          expect(batchSize).toBeLessThanOrEqual(drawnRules.batchSizeMax);
          expect(adaptBatchSize(drawnRules.batchSize, end, drawnRules)).toBe(batchSize);
        },
      ),
    );
  });

  it('aligned sizes the window after an empty one as well', () => {
    const world = new NetWorld({ adaptive: 'aligned', batchSize: 2 });
    world.executeTo(2);
    // Empty at 2 s. Two blocks from 4 s on and a wait for the settlement chain end by 11.5 s, so at 10 s: 4, 6, 8 s.
    expect(openWindow(world.state)).toMatchObject({
      index: 1,
      windowFromHeight: 3,
      fromHeight: 1,
      batchSize: 3,
    });
    world.execute({ blocks: [settlementBlock(1)], flows: move('UM', 1n) });
    world.executeTo(5);
    // Sealed at 8 s on the origin of 5 s; from 10 s on by 17.5 s, so at 15 s: 10, 12, 14 s.
    expect(openWindow(world.state)).toMatchObject({
      index: 2,
      windowFromHeight: 6,
      fromHeight: 6,
      batchSize: 3,
    });
  });
});
