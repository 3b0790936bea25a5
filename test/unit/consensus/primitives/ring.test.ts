import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ring } from '../../../../consensus/primitives/ring.ts';

/** A row of numbers that rises, each a little before or after its turn, now and then with a long gap. */
const gap = fc.oneof({ weight: 20, arbitrary: fc.nat(5) }, { weight: 1, arbitrary: fc.nat(150) });
const rows = fc
  .array(fc.record({ gap, shift: fc.integer({ min: -70, max: 70 }) }), { maxLength: 400 })
  .map((steps) => {
    let at = 100;
    const numbers = steps.map(({ gap, shift }) => {
      at += gap;
      return Math.max(0, at + shift);
    });
    return [...new Set(numbers)];
  });

describe('a ring', () => {
  it('holds every number within its size of the newest, and hands out each of the others once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), rows, (size, numbers) => {
        const ring = new Ring<number>(size);
        const left = new Set<number>();
        let newest = 0;
        for (const number of numbers) {
          newest = Math.max(newest, number);
          const leaving = ring.set(number, number);
          if (leaving === undefined) continue;
          expect(left.has(leaving)).toBe(false);
          expect(leaving).toBeLessThanOrEqual(newest - size);
          left.add(leaving);
        }
        const held = numbers.filter((number) => ring.get(number) !== undefined);
        expect(held).toEqual(numbers.filter((number) => !left.has(number)));
        expect(held.every((number) => ring.get(number) === number)).toBe(true);
        expect(held.length).toBeLessThanOrEqual(size);
      }),
    );
  });

  it('grows after a gap, and nothing is lost', () => {
    const ring = new Ring<number>(100);
    for (const number of [30, 70, 120]) ring.set(number, number);
    expect(ring.set(130, 130)).toBe(30);
    ring.set(134, 134);
    expect([30, 70, 120, 130, 134].filter((number) => ring.get(number) === number)).toEqual([
      70, 120, 130, 134,
    ]);
  });

  it('puts a number’s new value in place of the one it had', () => {
    const ring = new Ring<string>(3);
    expect(ring.set(7, 'first')).toBeUndefined();
    expect(ring.set(7, 'second')).toBeUndefined();
    expect(ring.get(7)).toBe('second');
    expect(ring.get(4)).toBeUndefined();
    expect(ring.get(10)).toBeUndefined();
  });
});
