import { describe, expect, it } from 'vitest';
import { EventMerge } from '../../../../../node/devnet/watch/eventMerge.ts';
import { finalizedLine, lineOf } from '../../../../helpers/networkAnswers.ts';

describe('EventMerge', () => {
  it('lets through what a node tells of itself, from every node', () => {
    const merge = new EventMerge();
    expect(merge.accept(finalizedLine('node-0', 1))).toBe(true);
    expect(merge.accept(finalizedLine('node-1', 1))).toBe(true);
  });

  it('lets a fact of the network through once, whenever each node learnt of it', () => {
    const merge = new EventMerge();
    const fact = lineOf('batch_confirmed', { height: 7, batch: 1, settler: 'node-0' });
    expect(merge.accept(fact)).toBe(true);
    expect(merge.accept({ ...fact, t: 12_007 })).toBe(false);
    expect(merge.accept({ ...fact, batch: 2 })).toBe(true);
    expect(merge.accept({ ...fact, height: 8 })).toBe(true);
  });

  it('lets through both of two facts of one block that differ in anything', () => {
    const merge = new EventMerge();
    const executed = lineOf('transaction_executed', { height: 3, id: '0x01', result: 'ok' });
    expect(merge.accept(executed)).toBe(true);
    expect(merge.accept({ ...executed, id: '0x02' })).toBe(true);
    expect(merge.accept(executed)).toBe(false);
  });

  it('tells a settlement block by its hash, so that a reorganised height is news', () => {
    const merge = new EventMerge({ facts: 10, settlementBlocks: 2 });
    const block = lineOf('settlement_block', { height: 4, hash: '0xa' });
    expect(merge.accept(block)).toBe(true);
    expect(merge.accept(block)).toBe(false);
    expect(merge.accept({ ...block, hash: '0xb' })).toBe(true);
    expect(merge.accept({ ...block, hash: '0xc' })).toBe(true);
    expect(merge.accept({ ...block, hash: '0xc' })).toBe(false);
  });

  it('takes a node that comes from far behind for one that repeats', () => {
    const merge = new EventMerge({ facts: 5, settlementBlocks: 2 });
    const fact = (height: number) => lineOf('window_closed', { height });
    for (let height = 1; height <= 20; height += 1) expect(merge.accept(fact(height))).toBe(true);
    for (let height = 1; height <= 20; height += 1) expect(merge.accept(fact(height))).toBe(false);
    expect(merge.accept(fact(21))).toBe(true);
  });
});
