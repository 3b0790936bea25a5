import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../consensus/primitives/bytes.ts';
import type { PublicKey } from '../../../consensus/primitives/flavor.ts';
import { VALIDATOR_COUNT_MAX, VALIDATOR_POWER_MAX, ValidatorSet } from '../../../consensus/validators.ts';

const keyOf = (index: number): PublicKey =>
  toHex(Uint8Array.of(...new Array<number>(30).fill(7), index >> 8, index & 0xff));
const createSet = (powers: readonly number[]) =>
  new ValidatorSet(powers.map((power, index) => ({ name: `node-${index}`, publicKey: keyOf(index), power })));

describe('ValidatorSet', () => {
  it('numbers validators in order and finds them by key', () => {
    const set = createSet([5, 1, 9]);
    expect(set.count).toBe(3);
    expect(set.totalPower).toBe(15);
    expect(set.validators.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(set.at(2)).toEqual({ index: 2, name: 'node-2', publicKey: keyOf(2), power: 9 });
    expect(set.indexOf(keyOf(1))).toBe(1);
    expect(set.indexOf(keyOf(3))).toBeUndefined();
  });

  it('knows which indexes it has', () => {
    const set = createSet([1, 1]);
    expect([-1, 0, 1, 2].map((index) => set.has(index))).toEqual([false, true, true, false]);
    expect(() => set.at(2)).toThrow('no validator 2');
  });

  it.each([
    [4, 3, 2],
    [7, 5, 3],
    [3, 3, 2],
    [1, 1, 1],
    [100, 67, 34],
  ])('with %i equal validators needs %i for a quorum and %i to block', (count, quorum, blocking) => {
    const set = createSet(new Array<number>(count).fill(10));
    expect(set.isQuorum(quorum * 10)).toBe(true);
    expect(set.isQuorum((quorum - 1) * 10)).toBe(false);
    expect(set.isBlocking(blocking * 10)).toBe(true);
    expect(set.isBlocking((blocking - 1) * 10)).toBe(false);
  });

  it('is strict at exactly two thirds and one third', () => {
    const set = createSet([2, 1]);
    expect(set.isQuorum(2)).toBe(false);
    expect(set.isBlocking(1)).toBe(false);
  });

  it('has two quorums share more than a third, and a quorum outvote what does not block', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 12 }),
        fc.nat(),
        fc.nat(),
        (powers, a, b) => {
          const set = createSet(powers);
          const powerOf = (chosen: (index: number) => boolean) =>
            powers.reduce((sum, power, index) => sum + (chosen(index) ? power : 0), 0);
          const inA = (index: number) => ((a >> index) & 1) === 1;
          const inB = (index: number) => ((b >> index) & 1) === 1;
          if (set.isQuorum(powerOf(inA)) && set.isQuorum(powerOf(inB))) {
            expect(set.isBlocking(powerOf((index) => inA(index) && inB(index)))).toBe(true);
          }
          expect(set.isQuorum(powerOf(inA)) && set.isQuorum(set.totalPower - powerOf(inA))).toBe(false);
        },
      ),
    );
  });

  it('stays exact at the largest set', () => {
    const set = createSet(new Array<number>(VALIDATOR_COUNT_MAX).fill(VALIDATOR_POWER_MAX));
    expect(Number.isSafeInteger(3 * set.totalPower)).toBe(true);
    expect(set.isQuorum(683 * VALIDATOR_POWER_MAX)).toBe(true);
    expect(set.isQuorum(682 * VALIDATOR_POWER_MAX)).toBe(false);
  });

  it.each<[string, readonly number[]]>([
    ['no validators', []],
    ['power zero', [1, 0]],
    ['power below zero', [-1]],
    ['fractional power', [1.5]],
    ['power above the limit', [VALIDATOR_POWER_MAX + 1]],
    ['too many', new Array<number>(VALIDATOR_COUNT_MAX + 1).fill(1)],
  ])('crashes on %s', (_name, powers) => {
    expect(() => createSet(powers)).toThrow('assertion failed');
  });

  it('crashes on two validators with one key', () => {
    const validator = { name: 'node-0', publicKey: keyOf(0), power: 1 };
    expect(() => new ValidatorSet([validator, validator])).toThrow('two validators');
  });
});
