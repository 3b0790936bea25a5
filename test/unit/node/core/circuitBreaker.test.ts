import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CircuitBreaker,
  FAILURES_MAX,
  REST_MS,
  REST_ON_DUTY_MS,
} from '../../../../node/core/circuitBreaker.ts';

function opened(nowMs: number): CircuitBreaker {
  const breaker = new CircuitBreaker();
  for (let failure = 0; failure < FAILURES_MAX; failure += 1) breaker.failed(nowMs);
  return breaker;
}

describe('CircuitBreaker', () => {
  it('opens at the third failure in a row, says so once, and a success in between starts the count anew', () => {
    const breaker = new CircuitBreaker();
    expect([breaker.failed(1), breaker.failed(2)]).toEqual([false, false]);
    breaker.succeeded();
    expect([breaker.failed(3), breaker.failed(4), breaker.failed(5), breaker.failed(6)]).toEqual([
      false,
      false,
      true,
      false,
    ]);
  });

  it('rests one second on duty and thirty otherwise, then lets one call decide', () => {
    const breaker = opened(1000);
    expect(breaker.nextCallMs(true, 1000)).toBe(1000 + REST_ON_DUTY_MS);
    expect(breaker.nextCallMs(false, 1000)).toBe(1000 + REST_MS);
    breaker.called();
    expect(breaker.nextCallMs(true, 2000)).toBeUndefined();
    breaker.failed(2500);
    expect(breaker.nextCallMs(true, 2500)).toBe(2500 + REST_ON_DUTY_MS);
    breaker.called();
    breaker.succeeded();
    expect(breaker.isOpen).toBe(false);
    expect(breaker.nextCallMs(false, 2500)).toBe(Number.NEGATIVE_INFINITY);
  });

  it('rests anew, and no longer, when the clock is set back', () => {
    const breaker = opened(3_600_000);
    expect(breaker.nextCallMs(true, 5000)).toBe(5000 + REST_ON_DUTY_MS);
    expect(breaker.nextCallMs(true, 5500)).toBe(5000 + REST_ON_DUTY_MS);
  });

  it('is not kept open by late failures of calls from before', () => {
    const breaker = opened(1000);
    breaker.failed(1900);
    expect(breaker.nextCallMs(true, 1900)).toBe(2000);
  });

  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 2000 }),
    isOnDuty: fc.boolean(),
    succeeds: fc.boolean(),
  });

  it('agrees with a model that remembers every outcome: calls one after another', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const breaker = new CircuitBreaker();
        const outcomes: { readonly atMs: number; readonly succeeded: boolean }[] = [];
        let nowMs = 0;
        for (const { waitMs, isOnDuty, succeeds } of steps) {
          nowMs += waitMs;
          const sinceSuccess = outcomes.slice(outcomes.findLastIndex(({ succeeded }) => succeeded) + 1);
          const isOpen = sinceSuccess.length >= FAILURES_MAX;
          const lastMs = sinceSuccess.at(-1)?.atMs ?? 0;
          const mayCall = !isOpen || nowMs >= lastMs + (isOnDuty ? REST_ON_DUTY_MS : REST_MS);
          const nextCallMs = breaker.nextCallMs(isOnDuty, nowMs);
          expect(nextCallMs !== undefined && nextCallMs <= nowMs).toBe(mayCall);
          if (!mayCall) continue;
          breaker.called();
          if (succeeds) breaker.succeeded();
          else breaker.failed(nowMs);
          outcomes.push({ atMs: nowMs, succeeded: succeeds });
        }
      }),
    );
  });
});
