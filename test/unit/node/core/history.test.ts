/** Which blocks a node still holds, and which rows it deletes, after a restart with another depth. */
import { describe, expect, it } from 'vitest';
import { History } from '../../../../node/core/history.ts';
import { blockKey, type StoredBlock } from '../../../../node/core/store.ts';

const DEPTH_BLOCKS = 100;
const NEWEST_HEIGHT = 120;
/** What the disk of a node holds that kept 16 blocks before, and two that a batch needed. */
const HEIGHTS_ON_DISK = [30, 70, ...Array.from({ length: 16 }, (_, index) => NEWEST_HEIGHT - 15 + index)];

/** History looks at the height alone. */
function stored(height: number): StoredBlock {
  return { block: { header: { height } }, certificate: undefined } as unknown as StoredBlock;
}

function recovered(): History {
  const history = new History(DEPTH_BLOCKS);
  history.recover(HEIGHTS_ON_DISK.map(stored), []);
  return history;
}

describe('History', () => {
  it('keeps as many blocks as it is told to after a restart with gaps on disk', () => {
    const history = recovered();
    for (let height = NEWEST_HEIGHT + 1; height <= NEWEST_HEIGHT + 60; height += 1) {
      history.add(stored(height), []);
    }
    for (let height = NEWEST_HEIGHT - 15; height <= NEWEST_HEIGHT + 60; height += 1) {
      expect(history.get(height)?.block.header.height).toBe(height);
    }
  });

  it('deletes each row once, at its depth, after a restart with gaps on disk', () => {
    const history = recovered();
    const deleted = new Map<string, number>();
    for (let height = NEWEST_HEIGHT + 1; height <= NEWEST_HEIGHT + 90; height += 1) {
      for (const { key, value } of history.add(stored(height), []).slice(1)) {
        expect(value).toBeUndefined();
        expect(deleted.has(key)).toBe(false);
        deleted.set(key, height);
      }
    }
    const heights = HEIGHTS_ON_DISK.filter((height) => height <= NEWEST_HEIGHT + 90 - DEPTH_BLOCKS);
    expect([...deleted]).toEqual(heights.map((height) => [blockKey(height), height + DEPTH_BLOCKS]));
  });
});
