import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  excessOf,
  findFront,
  findNearestMiss,
  type Objectives,
  rankFront,
  rankWithinLimits,
} from '../../../../node/experiment/recommend.ts';

const point = (latency: number, fee: number, exposure = 0): Objectives => ({ latency, fee, exposure });

describe('findFront', () => {
  it('leaves out what another point beats', () => {
    expect(findFront([point(1, 9), point(2, 5), point(3, 6), point(4, 1)])).toEqual([0, 1, 3]);
  });

  it('keeps both of two equal points, and points that only one axis saves', () => {
    expect(findFront([point(1, 1, 5), point(1, 1, 5)])).toEqual([0, 1]);
    expect(findFront([point(1, 1, 5), point(2, 2, 4)])).toEqual([0, 1]);
  });

  it('never takes a point that settled nothing', () => {
    expect(findFront([point(NaN, NaN), point(Infinity, 1), point(5, 5)])).toEqual([2]);
  });

  it('holds nobody that is dominated, and everybody who is not', () => {
    const axis = fc.integer({ min: 0, max: 5 });
    const points = fc.array(fc.record({ latency: axis, fee: axis, exposure: axis }), {
      minLength: 1,
      maxLength: 12,
    });
    const beats = (one: Objectives, other: Objectives): boolean =>
      one.latency <= other.latency &&
      one.fee <= other.fee &&
      one.exposure <= other.exposure &&
      JSON.stringify(one) !== JSON.stringify(other);
    fc.assert(
      fc.property(points, (all) => {
        const front = findFront(all);
        for (const [index, own] of all.entries())
          expect(front.includes(index)).toBe(!all.some((other) => beats(other, own)));
      }),
    );
  });
});

describe('rankFront', () => {
  it('finds the knee of a curve that bends', () => {
    // Fee 20 / N against latency N: scaled, 1 - 1/N and N - 1 weigh the same between 4 and 5.
    const points = Array.from({ length: 20 }, (_, index) => point(index + 1, 20 / (index + 1)));
    const { by, order } = rankFront(points, findFront(points));
    expect(by).toBe('knee');
    expect(
      order
        .slice(0, 2)
        .map((index) => index + 1)
        .sort(),
    ).toEqual([4, 5]);
  });

  it('does not depend on units', () => {
    const points = Array.from({ length: 20 }, (_, index) => point(index + 1, 20 / (index + 1), index ** 2));
    const scaled = points.map(({ latency, fee, exposure }) =>
      point(latency * 1e3, fee * 1e12, exposure * 1e-6),
    );
    const front = findFront(points);
    expect(rankFront(scaled, front)).toEqual(rankFront(points, front));
  });

  it('weighs the third axis: an end of the front that is bad in two things is no knee', () => {
    const points = [point(19, 274, 162), point(25, 210, 183), point(40, 140, 263), point(43, 141, 222)];
    expect(rankFront(points, findFront(points)).order[0]).toBe(1);
  });

  it('takes the middle of a straight front, and an end of one that bulges to the bad side', () => {
    const straight = [point(1, 5), point(2, 4), point(3, 3), point(4, 2), point(5, 1)];
    expect(rankFront(straight, [0, 1, 2, 3, 4]).order).toEqual([2, 1, 3, 0, 4]);
    expect(rankFront([point(0, 10), point(8, 9), point(10, 0)], [0, 1, 2]).order).toEqual([0, 2, 1]);
  });

  it('says so when there is only one, or none', () => {
    expect(rankFront([point(1, 1)], [0])).toEqual({ by: 'only', order: [0] });
    expect(rankFront([], [])).toEqual({ by: 'only', order: [] });
  });
});

describe('limits', () => {
  const points = [point(5, 30), point(10, 20), point(20, 10)];
  const latencyLimit = (limit: number) => points.map(({ latency }) => [{ value: latency, limit }]);

  it('give the cheapest point that keeps them', () => {
    expect(rankWithinLimits(points, latencyLimit(12))).toEqual([1, 0]);
    expect(rankWithinLimits(points, latencyLimit(10))).toEqual([1, 0]);
    expect(rankWithinLimits(points, latencyLimit(4))).toEqual([]);
  });

  it('let the faster of two equally cheap points win', () => {
    const equal = [point(9, 10), point(7, 10)];
    expect(rankWithinLimits(equal, [[], []])).toEqual([1, 0]);
  });

  it('name the point that comes nearest when none keeps them', () => {
    expect(findNearestMiss(latencyLimit(4))).toBe(0);
    const uses = [
      [
        { value: 30, limit: 10 },
        { value: 1, limit: 10 },
      ],
      [
        { value: 12, limit: 10 },
        { value: 15, limit: 10 },
      ],
    ];
    expect(findNearestMiss(uses)).toBe(1);
    expect(excessOf({ value: 15, limit: 10 })).toBe(0.5);
    expect(excessOf({ value: NaN, limit: 10 })).toBe(Infinity);
  });
});
