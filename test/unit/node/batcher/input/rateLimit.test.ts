import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientKeyOf } from '../../../../../node/batcher/input/clientKey.ts';
import { TokenBuckets } from '../../../../../node/batcher/input/rateLimit.ts';

const limit = { burst: 3, perSecond: 2, keysMax: 4 };

describe('TokenBuckets', () => {
  it('gives the burst at once, then one token each interval, and says how long to wait', () => {
    const buckets = new TokenBuckets(limit);
    expect([0, 0, 0, 0].map((now) => buckets.take('a', now))).toEqual([0, 0, 0, 500]);
    expect(buckets.take('a', 499)).toBe(1);
    expect(buckets.take('a', 500)).toBe(0);
    expect(buckets.take('a', 500)).toBe(500);
    expect(buckets.take('b', 500)).toBe(0);
  });

  it('gives exactly what a counted bucket gives, and the wait it names is enough and no more', () => {
    const model = fc.record({
      burst: fc.integer({ min: 1, max: 5 }),
      perSecond: fc.constantFrom(1, 2, 3, 4, 7, 1000),
      steps: fc.array(fc.nat(900), { maxLength: 60 }),
    });
    fc.assert(
      fc.property(model, ({ burst, perSecond, steps }) => {
        const buckets = new TokenBuckets({ burst, perSecond, keysMax: 1 });
        // In thousandths of perSecond of a token, so all is whole.
        let tokens = burst * 1000;
        let now = 0;
        for (const step of steps) {
          now += step;
          tokens = Math.min(burst * 1000, tokens + step * perSecond);
          const waitMs = buckets.waitMs('a', now);
          expect(waitMs).toBeCloseTo(Math.max(0, (1000 - tokens) / perSecond), 2);
          expect(buckets.take('a', now)).toBe(waitMs);
          if (tokens >= 1000) tokens -= 1000;
        }
      }),
    );
  });

  it('remembers a bounded number of keys, and forgets none that is not full while fewer are charged', () => {
    const action = fc.tuple(fc.nat(3), fc.nat(300));
    fc.assert(
      fc.property(fc.array(action, { maxLength: 100 }), (actions) => {
        const bounded = new TokenBuckets(limit);
        const unbounded = new TokenBuckets({ ...limit, keysMax: 1_000_000 });
        let now = 0;
        for (const [key, step] of actions) {
          now += step;
          expect(bounded.take(`${key}`, now)).toBe(unbounded.take(`${key}`, now));
        }
      }),
    );
    const flooded = new TokenBuckets(limit);
    for (let key = 0; key < 1000; key += 1) flooded.take(`${key}`, 0);
    expect(flooded.size).toBe(limit.keysMax);
    // The latest are the ones that are kept.
    expect([flooded.take('999', 0), flooded.take('999', 0), flooded.take('999', 0)]).toEqual([0, 0, 500]);
  });

  it('lets go of what is full again', () => {
    const buckets = new TokenBuckets(limit);
    for (const key of ['a', 'b', 'c', 'd']) buckets.take(key, 0);
    buckets.take('e', 500);
    expect(buckets.size).toBe(1);
  });

  it('what is given back can be taken again, and no bucket is ever more than full', () => {
    const buckets = new TokenBuckets(limit);
    for (let take = 0; take < 3; take += 1) buckets.take('a', 0);
    buckets.giveBack('a', 0);
    expect([buckets.take('a', 0), buckets.take('a', 0)]).toEqual([0, 500]);
    for (let back = 0; back < 9; back += 1) buckets.giveBack('a', 0);
    expect(buckets.size).toBe(0);
    buckets.giveBack('b', 0);
    expect([0, 0, 0, 0].map(() => buckets.take('b', 0))).toEqual([0, 0, 0, 500]);
  });

  it('looking takes nothing and remembers nobody', () => {
    const buckets = new TokenBuckets(limit);
    for (let look = 0; look < 100; look += 1) expect(buckets.waitMs(`${look}`, 0)).toBe(0);
    expect(buckets.size).toBe(0);
  });

  it('locks nobody out for longer than a bucket takes to fill when the clock is set back', () => {
    const buckets = new TokenBuckets(limit);
    for (let take = 0; take < 3; take += 1) buckets.take('a', 1_000_000);
    expect(buckets.waitMs('a', 0)).toBe(500);
    expect(buckets.take('a', 500)).toBe(500);
    expect(new TokenBuckets(limit).take('a', -5)).toBe(0);
  });
});

describe('clientKeyOf', () => {
  it('is an IPv4 address, or the network of an IPv6 one', () => {
    expect(clientKeyOf('192.0.2.7')).toBe('192.0.2.7');
    expect(clientKeyOf('::ffff:192.0.2.7')).toBe('192.0.2.7');
    const network = '2001:db8:0:1::/64';
    for (const address of [
      '2001:db8:0:1::',
      '2001:0DB8:0:1:ffff:ffff:ffff:ffff',
      '2001:db8:0:1:2::3',
      '2001:db8::1:2:3:4:5',
    ])
      expect(clientKeyOf(address)).toBe(network);
    expect(clientKeyOf('2001:db8:0:2::1')).not.toBe(network);
    expect(clientKeyOf('::1')).toBe('0:0:0:0::/64');
    expect(clientKeyOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(clientKeyOf('64:ff9b::192.0.2.33')).toBe('64:ff9b:0:0::/64');
  });
});
