import { describe, expect, it } from 'vitest';
import { adaptBatchSize } from '../../../../settlement/net/batchSizePolicy.ts';
import { openWindow } from '../../../../settlement/net/netState.ts';
import { baseRules, move, NetWorld, settlementBlock } from './netFixture.ts';

const rules = {
  ...baseRules,
  adaptive: 'seed003',
  congestedBaseFee: 100n,
  batchSizeMin: 2,
  batchSizeMax: 8,
} as const;

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
    expect(adaptBatchSize(batchSize, { baseFee, pendingCount }, rules)).toBe(expected);
  });

  it('leaves N alone under fixed, even outside the bounds', () => {
    const fixed = { ...rules, adaptive: 'fixed' } as const;
    expect(adaptBatchSize(50, { baseFee: 1000n, pendingCount: 9 }, fixed)).toBe(50);
  });

  it('works at a seal for the next window, and an empty window changes nothing', () => {
    const world = new NetWorld({ ...rules, batchSize: 3 });
    world.executeTo(3);
    expect(openWindow(world.state).batchSize).toBe(3);
    world.execute({ blocks: [settlementBlock(1, [], { baseFee: 500n })], flows: move('UM', 1n) });
    world.executeTo(6);
    expect(openWindow(world.state)).toMatchObject({ windowFromHeight: 7, batchSize: 4 });
  });
});
