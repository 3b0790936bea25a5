import { describe, expect, it } from 'vitest';
import { Random } from '../../../../../consensus/primitives/random.ts';
import {
  cosineOfTurns,
  expOf,
  logOf,
  normalQuantile,
  normalShare,
} from '../../../../../node/scenario/model/portableMath.ts';

/** Numbers from all over the range of doubles that amounts and rates lie in. */
function* samples(): Generator<number> {
  const random = new Random('portable math');
  for (let count = 0; count < 2000; count += 1) {
    yield (random.uint32() / 2 ** 32 + 1e-9) * 10 ** (random.below(80) - 40);
  }
}

describe('portable mathematics', () => {
  it('agrees with the engine to a part in 10^14', () => {
    for (const value of samples()) {
      expect(Math.abs(logOf(value) - Math.log(value))).toBeLessThanOrEqual(
        1e-14 * Math.max(1, Math.abs(Math.log(value))),
      );
      const power = Math.log(value);
      expect(Math.abs(expOf(power) / Math.exp(power) - 1)).toBeLessThan(1e-14);
      const turns = (value % 7) - 3;
      expect(Math.abs(cosineOfTurns(turns) - Math.cos(2 * Math.PI * turns))).toBeLessThan(1e-13);
    }
    expect([logOf(1), logOf(2 ** 126) / logOf(2), expOf(0), expOf(-1000)]).toEqual([0, 126, 1, 0]);
    expect(() => logOf(0)).toThrow('logarithm of 0');
  });

  it('gives bits that no engine may change', () => {
    expect([logOf(3), expOf(1.5), cosineOfTurns(0.1), normalQuantile(0.3)]).toEqual([
      1.0986122886681098, 4.4816890703380645, 0.8090169943749475, -0.5244005127080407,
    ]);
  });

  it('knows the quantiles of the normal distribution, and back', () => {
    // Tables: Abramowitz and Stegun 26.5.
    const table: readonly (readonly [number, number])[] = [
      [0.5, 0],
      [0.841344746068543, 1],
      [0.975, 1.959963984540054],
      [0.999, 3.090232306167813],
      [1e-10, -6.361340902404056],
    ];
    for (const [share, value] of table) {
      expect(normalQuantile(share)).toBeCloseTo(value, 12);
      expect(normalShare(value)).toBeCloseTo(share, 12);
    }
    expect([normalShare(-9), normalShare(9)]).toEqual([0, 1]);
  });
});
