import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../../consensus/primitives/random.ts';

const draw = (random: Random, count: number) => Array.from({ length: count }, () => random.uint32());

describe('Random', () => {
  it('is pinned: a seed names one run for ever, on every machine', () => {
    expect(draw(new Random(42), 4)).toEqual([425364686, 3116045525, 2866435510, 4084570019]);
    expect(draw(new Random('seed').fork('network'), 2)).toEqual([4122602853, 1994722870]);
  });

  it('gives equal draws for equal seeds, unrelated ones for near seeds', () => {
    expect(draw(new Random('a'), 50)).toEqual(draw(new Random('a'), 50));
    expect(draw(new Random(7), 5)).toEqual(draw(new Random('7'), 5));
    const firsts = new Set(Array.from({ length: 1000 }, (_, seed) => new Random(seed).uint32()));
    expect(firsts.size).toBe(1000);
  });

  it('gives unsigned 32-bit integers whose every bit is set half the time', () => {
    const random = new Random('bits');
    const set = new Array<number>(32).fill(0);
    const count = 20_000;
    for (const value of draw(random, count)) {
      expect(Number.isInteger(value) && value >= 0 && value < 2 ** 32).toBe(true);
      for (let bit = 0; bit < 32; bit += 1) set[bit] = (set[bit] ?? 0) + ((value >>> bit) & 1);
    }
    // Six standard deviations of a fair coin thrown 20,000 times.
    for (const ones of set) expect(Math.abs(ones - count / 2)).toBeLessThan(6 * Math.sqrt(count / 4));
  });
});

describe('below', () => {
  it('covers every value of small bounds evenly', () => {
    const random = new Random('below');
    for (const bound of [1, 2, 3, 7, 10]) {
      const tally = new Array<number>(bound).fill(0);
      const count = 5000 * bound;
      for (let round = 0; round < count; round += 1) {
        const value = random.below(bound);
        tally[value] = (tally[value] ?? 0) + 1;
      }
      expect(tally).toHaveLength(bound);
      for (const times of tally) expect(Math.abs(times - 5000)).toBeLessThan(6 * Math.sqrt(5000));
    }
  });

  it('stays below any bound up to 2^32', () => {
    const random = new Random('bounds');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), (bound) => {
        const value = random.below(bound);
        expect(Number.isInteger(value) && value >= 0 && value < bound).toBe(true);
      }),
    );
  });

  it('has no bias where the bound does not divide 2^32', () => {
    // With plain remainders the lower third of this bound would come up twice as often.
    const bound = 3 * 2 ** 30;
    const random = new Random('bias');
    let low = 0;
    for (let round = 0; round < 9000; round += 1) if (random.below(bound) < 2 ** 30) low += 1;
    expect(Math.abs(low - 3000)).toBeLessThan(6 * Math.sqrt(2000));
  });
});

describe('between', () => {
  it('includes both ends', () => {
    const random = new Random('between');
    const seen = new Set(Array.from({ length: 200 }, () => random.between(-1, 2)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
    expect(random.between(5, 5)).toBe(5);
  });
});

describe('chance', () => {
  it('never happens at 0, always at 1, and about as often as asked in between', () => {
    const random = new Random('chance');
    let happened = 0;
    for (let round = 0; round < 10_000; round += 1) {
      expect(random.chance(0)).toBe(false);
      expect(random.chance(1)).toBe(true);
      if (random.chance(0.2)) happened += 1;
    }
    expect(Math.abs(happened - 2000)).toBeLessThan(6 * 40);
  });
});

describe('fork', () => {
  it('does not depend on what the parent drew, and shifts no draw of the parent', () => {
    const fresh = new Random('parent');
    const used = new Random('parent');
    draw(used, 17);
    expect(draw(used.fork('child'), 5)).toEqual(draw(fresh.fork('child'), 5));
    const plain = new Random('parent');
    draw(plain, 17);
    expect(used.uint32()).toBe(plain.uint32());
  });

  it('gives each label a stream of its own', () => {
    const parent = new Random('parent');
    expect(draw(parent.fork('a'), 3)).not.toEqual(draw(parent.fork('b'), 3));
    expect(draw(parent.fork('a'), 3)).not.toEqual(draw(new Random('parent'), 3));
    expect(draw(parent.fork('a').fork('b'), 3)).not.toEqual(draw(parent.fork('b').fork('a'), 3));
  });
});
