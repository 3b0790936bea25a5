import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ValidatorSet } from '../../../consensus/validators.ts';
import { drawNext, LeaderSchedule } from '../../../consensus/weightedRotation.ts';

function setOf(powers: readonly number[]): ValidatorSet {
  return new ValidatorSet(
    powers.map((power, index) => ({
      name: `node-${index}`,
      publicKey: `0x${String(index).padStart(64, '0')}`,
      power,
    })),
  );
}

/** The schedule step by step, with nothing clever: leaders of views 1 to `count`. */
function walk(powers: readonly number[], count: number): { leaders: number[]; priorities: bigint[] } {
  let priorities = powers.map(() => 0n);
  const leaders: number[] = [];
  for (let view = 1; view <= count; view += 1) {
    const draw = drawNext(
      powers.map((power, index) => ({ index, weight: BigInt(power), priority: priorities[index] ?? 0n })),
    );
    leaders.push(draw.index);
    priorities = [...draw.priorities];
  }
  return { leaders, priorities };
}

const somePowers = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

describe('drawNext', () => {
  it('adds weights, draws the largest priority and takes the total off it', () => {
    const candidates = [
      { index: 2, weight: 3n, priority: 0n },
      { index: 5, weight: 1n, priority: 4n },
    ];
    expect(drawNext(candidates)).toEqual({ index: 5, priorities: [3n, 1n] });
  });

  it('breaks ties by the lowest index, whatever the order of the list', () => {
    const candidates = [7, 3, 9].map((index) => ({ index, weight: 10n, priority: 0n }));
    expect(drawNext(candidates).index).toBe(3);
  });

  it('still draws when nobody has weight', () => {
    const candidates = [1, 0].map((index) => ({ index, weight: 0n, priority: 0n }));
    expect(drawNext(candidates)).toEqual({ index: 0, priorities: [0n, 0n] });
  });

  it('refuses an empty list', () => {
    expect(() => drawNext([])).toThrow('no candidates');
  });

  it('leaves the sum of priorities as it was', () => {
    const candidate = fc.record({ weight: fc.bigInt({ min: 0n, max: 10n ** 30n }), priority: fc.bigInt() });
    fc.assert(
      fc.property(fc.array(candidate, { minLength: 1, maxLength: 9 }), (drawn) => {
        const candidates = drawn.map((one, index) => ({ ...one, index }));
        const before = candidates.reduce((sum, { priority }) => sum + priority, 0n);
        expect(drawNext(candidates).priorities.reduce((sum, each) => sum + each, 0n)).toBe(before);
      }),
    );
  });
});

describe('LeaderSchedule', () => {
  it('goes round from node-0 with equal power', () => {
    const schedule = new LeaderSchedule(setOf([1000, 1000, 1000, 1000]));
    expect([1, 2, 3, 4, 5, 6, 10_000].map((view) => schedule.leaderOf(view))).toEqual([0, 1, 2, 3, 0, 1, 3]);
    expect(schedule.periodViews).toBe(4);
  });

  it('interleaves unequal power: 3 : 1 gives 0 0 1 0', () => {
    const schedule = new LeaderSchedule(setOf([3000, 1000]));
    expect([1, 2, 3, 4, 5, 6, 7, 8].map((view) => schedule.leaderOf(view))).toEqual([0, 0, 1, 0, 0, 0, 1, 0]);
  });

  it('returns to zero priorities after a period, in which each leads in proportion to its power', () => {
    fc.assert(
      fc.property(somePowers, (powers) => {
        const { periodViews } = new LeaderSchedule(setOf(powers));
        const { leaders, priorities } = walk(powers, periodViews);
        expect(priorities.every((priority) => priority === 0n)).toBe(true);
        const total = powers.reduce((sum, power) => sum + power, 0);
        for (const [index, power] of powers.entries()) {
          const led = leaders.filter((leader) => leader === index).length;
          expect(led * total).toBe(power * periodViews);
        }
      }),
    );
  });

  it('agrees with the plain walk for views asked in any order, also where memory holds no period', () => {
    const views = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(somePowers, views, fc.integer({ min: 1, max: 16 }), (powers, asked, segmentViews) => {
        const { leaders } = walk(powers, 700);
        const schedule = new LeaderSchedule(setOf(powers), { segmentViews });
        expect(asked.map((view) => schedule.leaderOf(view))).toEqual(asked.map((view) => leaders[view - 1]));
      }),
    );
  });

  it('walks powers whose period is far beyond memory, forwards and a little backwards', () => {
    const powers = [2 ** 40, 2 ** 40 - 1, 12_345];
    const schedule = new LeaderSchedule(setOf(powers), { segmentViews: 64 });
    const { leaders } = walk(powers, 1000);
    expect(schedule.periodViews).toBeGreaterThan(2 ** 40);
    const asked = Array.from({ length: 1000 }, (_, index) => index + 1).flatMap((view) => [
      view,
      Math.max(1, view - 40),
    ]);
    expect(asked.map((view) => schedule.leaderOf(view))).toEqual(asked.map((view) => leaders[view - 1]));
  });

  it('has no leader for view 0', () => {
    expect(() => new LeaderSchedule(setOf([1])).leaderOf(0)).toThrow('view 0');
  });
});
