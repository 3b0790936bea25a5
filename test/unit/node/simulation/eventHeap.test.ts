import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventHeap, EventPool } from '../../../../node/simulation/eventHeap.ts';

describe('EventHeap', () => {
  it('gives events by time, then by order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 3000 }), (times) => {
        const heap = new EventHeap();
        for (const [order, time] of times.entries()) heap.push(time, order, order);
        const expected = times
          .map((time, order) => ({ time, order }))
          .sort((a, b) => a.time - b.time || a.order - b.order);
        for (const { time, order } of expected) {
          expect(heap.nextTimeMs).toBe(time);
          expect(heap.pop()).toBe(order);
        }
        expect(heap.size).toBe(0);
        expect(heap.nextTimeMs).toBe(Number.POSITIVE_INFINITY);
      }),
      { numRuns: 50 },
    );
  });

  it('stays sorted while pushes and pops alternate, at times beyond 2^32', () => {
    const heap = new EventHeap();
    const base = 2 ** 40;
    let order = 0;
    let lastTime = 0;
    for (let round = 0; round < 5000; round += 1) {
      heap.push(base + ((round * 7919) % 1009) + round, order, order);
      order += 1;
      if (round % 3 === 0) {
        const time = heap.nextTimeMs;
        heap.pop();
        lastTime = Math.max(lastTime, time);
      }
    }
    let previous = heap.nextTimeMs;
    while (heap.size > 0) {
      expect(heap.nextTimeMs).toBeGreaterThanOrEqual(previous);
      previous = heap.nextTimeMs;
      heap.pop();
    }
    expect(lastTime).toBeGreaterThan(base);
  });

  it('asserts on pop when empty', () => {
    expect(() => new EventHeap().pop()).toThrow('empty event heap');
  });
});

describe('EventPool', () => {
  it('makes no more events than are queued at once', () => {
    const pool = new EventPool(() => ({ number: 0 }));
    for (let round = 0; round < 1000; round += 1) {
      const first = pool.acquire();
      const second = pool.acquire();
      pool.at(first).number = 1;
      pool.at(second).number = 2;
      expect(pool.at(first).number).toBe(1);
      pool.release(first);
      pool.release(second);
    }
    expect(pool.created).toBe(2);
  });
});
