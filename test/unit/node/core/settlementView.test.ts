import { describe, expect, it } from 'vitest';
import { SettlementView } from '../../../../node/core/settlementView.ts';
import type { SettlementBlock } from '../../../../settlement/net/settlement.ts';
import { settlementBlock } from '../../settlement/net/netFixture.ts';

const rules = { originDelayMs: 4000, originConfirmations: 1, originLagMax: 6 };

function hashAt(height: number, branch = 'a'): string {
  return `0x${branch}${height}`;
}

/** A block every 5 s; `parentBranch` is that of the block it stands on. */
function block(height: number, branch = 'a', parentBranch = branch): SettlementBlock {
  return settlementBlock(height, [], {
    hash: hashAt(height, branch),
    parentHash: hashAt(height - 1, parentBranch),
  });
}

function origin(height: number, branch = 'a') {
  return { height, hash: hashAt(height, branch) };
}

function viewOf(newest: number, changes: Partial<typeof rules> = {}): SettlementView {
  const view = new SettlementView({ ...rules, ...changes }, origin(0));
  for (let height = 0; height <= newest; height += 1) view.add(block(height));
  return view;
}

describe('SettlementView', () => {
  describe('judging an origin', () => {
    const lateMs = 1_000_000;

    it('takes a confirmed block of the own chain that is old enough, to the millisecond', () => {
      const view = viewOf(4);
      expect(view.judge(origin(3), origin(1), 19_000)).toBe('valid');
      expect(view.judge(origin(3), origin(1), 18_999)).toBe('invalid');
    });

    it('refuses one below its parent', () => {
      expect(viewOf(4).judge(origin(1), origin(2), lateMs)).toBe('invalid');
    });

    it('refuses another block than the own chain has at that height', () => {
      expect(viewOf(4).judge(origin(3, 'b'), origin(1), lateMs)).toBe('invalid');
    });

    it('refuses the height of the parent with another hash, and takes it with the same', () => {
      expect(viewOf(4).judge(origin(2, 'b'), origin(2), lateMs)).toBe('invalid');
      expect(viewOf(4).judge(origin(2), origin(2), lateMs)).toBe('valid');
    });

    it('refuses one that lags further than allowed, be it the parent’s own', () => {
      expect(viewOf(9).judge(origin(2), origin(2), lateMs)).toBe('valid');
      expect(viewOf(10).judge(origin(2), origin(2), lateMs)).toBe('invalid');
      expect(viewOf(10).judge(origin(2), origin(1), lateMs)).toBe('invalid');
    });

    it('does not count as lag what is too young for the header', () => {
      expect(viewOf(10).judge(origin(2), origin(2), 49_000)).toBe('invalid');
      expect(viewOf(10).judge(origin(2), origin(2), 48_999)).toBe('valid');
    });

    it('waits for what is not known or not confirmed yet', () => {
      expect(viewOf(4).judge(origin(4), origin(1), lateMs)).toBe('wait');
      expect(viewOf(4).judge(origin(5), origin(1), lateMs)).toBe('wait');
    });
  });

  describe('choosing an origin', () => {
    it('takes the newest that is confirmed and old enough', () => {
      expect(viewOf(4).newestOrigin(origin(0), 1_000_000)).toEqual(origin(3));
      expect(viewOf(4).newestOrigin(origin(0), 18_999)).toEqual(origin(2));
      expect(viewOf(4, { originConfirmations: 2 }).newestOrigin(origin(0), 1_000_000)).toEqual(origin(2));
    });

    it('never goes below the parent', () => {
      expect(viewOf(4).newestOrigin(origin(2), 0)).toEqual(origin(2));
      expect(viewOf(1).newestOrigin(origin(3, 'b'), 1_000_000)).toEqual(origin(3, 'b'));
    });
  });

  describe('adding', () => {
    it('refuses what it knows and what does not attach', () => {
      const view = viewOf(3);
      expect(view.add(block(3))).toBe('known');
      expect(view.add(block(4, 'a', 'b'))).toBe('detached');
      expect(view.add(block(6))).toBe('detached');
      expect(view.newestHeight).toBe(3);
    });

    it('replaces a block and everything above it when the chain reorganises', () => {
      const view = viewOf(4);
      expect(view.add(block(2, 'b', 'a'))).toBe('reorganised');
      expect(view.newestHeight).toBe(2);
      expect(view.at(2)?.hash).toBe(hashAt(2, 'b'));
      expect([view.at(3), view.at(4)]).toEqual([undefined, undefined]);
      expect(view.range(origin(0), origin(2))).toBeUndefined();
      expect(view.range(origin(0), origin(2, 'b'))?.map(({ hash }) => hash)).toEqual([
        hashAt(1),
        hashAt(2, 'b'),
      ]);
    });
  });

  it('gives the blocks after one origin up to another, ascending, or nothing when one is missing', () => {
    const view = viewOf(4);
    expect(view.range(origin(1), origin(3))?.map(({ height }) => height)).toEqual([2, 3]);
    expect(view.range(origin(1), origin(1))).toEqual([]);
    expect(view.range(origin(1), origin(5))).toBeUndefined();
    expect(view.range(origin(1), origin(3, 'b'))).toBeUndefined();
  });

  it('forgets what lies below the final origin and keeps that one', () => {
    const view = viewOf(4);
    expect(view.finalize(origin(2))).toBe(true);
    expect([0, 1, 2, 3, 4].map((height) => view.at(height)?.height)).toEqual([undefined, undefined, 2, 3, 4]);
  });

  describe('when the chain leaves the final origin behind', () => {
    function finalAt2(): SettlementView {
      const view = viewOf(3);
      view.finalize(origin(2));
      return view;
    }

    it('believes it when a second block stands on the rival', () => {
      const view = finalAt2();
      expect(view.add(block(1, 'b', 'a'))).toBe('known');
      expect(view.add(block(2, 'b'))).toBe('known');
      expect(view.add(block(3, 'b'))).toBe('contradicts_origin');
      expect(view.at(2)?.hash).toBe(hashAt(2));
    });

    it('takes a rival alone for a leftover of a branch that lost', () => {
      const view = finalAt2();
      expect(view.add(block(2, 'b'))).toBe('known');
      expect(view.add(block(4))).toBe('added');
      expect(view.newestHeight).toBe(4);
    });

    it('finds it on a first delivery, as after a restart', () => {
      const view = new SettlementView(rules, origin(2));
      expect(view.add(block(2, 'b'))).toBe('known');
      expect(view.add(block(3, 'b'))).toBe('contradicts_origin');
      expect(view.newestHeight).toBe(-1);
    });

    it('says so when a final block names another block than its own', () => {
      const view = viewOf(3);
      expect(view.finalize(origin(2, 'b'))).toBe(false);
    });
  });

  it('gives no blocks after an origin that was taken back: what replaced it must not be skipped', () => {
    const view = viewOf(3);
    view.add(block(2, 'b', 'a'));
    view.add(block(3, 'b'));
    expect(view.range(origin(2), origin(3, 'b'))).toBeUndefined();
    expect(view.range(origin(1), origin(3, 'b'))).toHaveLength(2);
  });

  it('counts a block as confirmed once as many stand on it as an origin needs', () => {
    const view = viewOf(4, { originConfirmations: 2 });
    expect([1, 2, 3].map((height) => view.isConfirmed(height))).toEqual([true, true, false]);
  });
});
