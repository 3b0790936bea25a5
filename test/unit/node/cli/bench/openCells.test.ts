import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OpenCells } from '../../../../../node/cli/bench/openCells.ts';

/** Two points by three seeds, those of a seed after each other. */
const indexes = [0, 3, 1, 4, 2, 5];

describe('cells that nobody has taken', () => {
  it('go to a thread seed by seed, and the last seed to both', () => {
    const open = new OpenCells(indexes, 3);
    expect([0, 1, 0, 0, 1, 1].map((lane) => open.take(lane))).toEqual([0, 1, 3, 2, 4, 5]);
    expect(open.take(0)).toBeUndefined();
  });

  it('go, when all seeds are begun, from the one with most left', () => {
    const open = new OpenCells([0, 2, 4, 1, 3], 2);
    expect([0, 1, 1, 1, 1].map((lane) => open.take(lane))).toEqual([0, 1, 3, 2, 4]);
  });

  it('come again first when their thread was lost', () => {
    const open = new OpenCells([0], 3);
    expect(open.take(0)).toBe(0);
    open.giveBack(0);
    expect(open.take(1)).toBe(0);
  });

  it('are each taken once, whoever asks', () => {
    const shape = fc.record({
      seedCount: fc.integer({ min: 1, max: 5 }),
      taken: fc.uniqueArray(fc.nat(29)),
      lanes: fc.infiniteStream(fc.nat(3)),
    });
    fc.assert(
      fc.property(shape, ({ seedCount, taken, lanes }) => {
        const open = new OpenCells(taken, seedCount);
        const given = taken.map(() => open.take(lanes.next().value as number));
        expect(new Set(given)).toEqual(new Set(taken));
        expect(open.take(0)).toBeUndefined();
      }),
    );
  });
});
