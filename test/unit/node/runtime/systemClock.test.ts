import { describe, expect, it, vi } from 'vitest';
import { SystemClock } from '../../../../node/runtime/systemClock.ts';

describe('SystemClock', () => {
  it('counts from the genesis instant, before it too', () => {
    expect(new SystemClock(Date.now() + 60_000).now()).toBeLessThan(0);
    expect(new SystemClock(Date.now() - 60_000).now()).toBeGreaterThanOrEqual(60_000);
  });

  it('calls back never earlier than asked, and not within the call', async () => {
    const clock = new SystemClock(Date.now());
    for (const delayMs of [-5, 0, 1, 7]) {
      const at = clock.now() + delayMs;
      let isWithin = true;
      await new Promise<void>((resolve) => {
        clock.callAt(at, () => {
          expect(isWithin).toBe(false);
          resolve();
        });
        isWithin = false;
      });
      expect(clock.now()).toBeGreaterThanOrEqual(at);
    }
  });

  it('does not call back what was taken back', async () => {
    const clock = new SystemClock(Date.now());
    let called = false;
    const takeBack = clock.callAt(clock.now() + 1, () => {
      called = true;
    });
    takeBack();
    await new Promise<void>((resolve) => clock.callAt(clock.now() + 5, resolve));
    expect(called).toBe(false);
  });

  it('looks again each second, so a clock that was an hour behind holds nothing up once it is set right', () => {
    vi.useFakeTimers({ now: 0 });
    try {
      const clock = new SystemClock(0);
      let called = false;
      clock.callAt(3_600_000, () => {
        called = true;
      });
      vi.advanceTimersByTime(1500);
      expect(called).toBe(false);
      vi.setSystemTime(3_600_000);
      vi.advanceTimersByTime(1000);
      expect(called).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it('has what waits hear at once that genesis has moved, either way', () => {
    vi.useFakeTimers({ now: 0 });
    try {
      const clock = new SystemClock(60_000);
      const called: string[] = [];
      clock.callAt(0, () => called.push('genesis'));
      clock.callAt(5, () => called.push('later'))();
      vi.advanceTimersByTime(500);
      clock.moveGenesis(700);
      vi.advanceTimersByTime(199);
      expect(called).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(called).toEqual(['genesis']);
      vi.advanceTimersByTime(100_000);
      expect(called).toEqual(['genesis']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('waits for instants further away than a system timer reaches', () => {
    const clock = new SystemClock(Date.now());
    clock.callAt(2 ** 40, () => expect.unreachable())();
  });
});
