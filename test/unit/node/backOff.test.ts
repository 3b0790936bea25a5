import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backOffMs, loopBackOff, pause, runLoop } from '../../../node/backOff.ts';

describe('backOffMs', () => {
  it('doubles from a second to a minute', () => {
    const longest = [0, 1, 2, 3, 4, 5, 6, 7, 10_000].map((failures) =>
      backOffMs(failures, loopBackOff, () => 1),
    );
    expect(longest).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('draws from half of that to all of it', () => {
    const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(20), draw, (failures, random) => {
        const longest = backOffMs(failures, loopBackOff, () => 1);
        const waitMs = backOffMs(failures, loopBackOff, () => random);
        expect(waitMs).toBeGreaterThanOrEqual(longest / 2);
        expect(waitMs).toBeLessThanOrEqual(longest);
        expect(Number.isSafeInteger(waitMs)).toBe(true);
      }),
    );
    expect(backOffMs(0, loopBackOff, () => 0)).toBe(500);
  });
});

describe('runLoop', () => {
  /** @returns What each wait was, with rounds that fail where `failing` says so. */
  async function waitsOf(failing: readonly boolean[]): Promise<{ waits: number[]; told: unknown[] }> {
    const abort = new AbortController();
    const waits: number[] = [];
    const told: unknown[] = [];
    let round = 0;
    await runLoop(
      async () => {
        round += 1;
        if (failing[round - 1]) throw new Error(`round ${round}`);
      },
      { intervalMs: 7, times: loopBackOff, signal: abort.signal },
      {
        wait: async (waitMs) => {
          waits.push(waitMs);
          if (round === failing.length) abort.abort();
        },
        random: () => 1,
        onFailure: (cause, restMs) => told.push([(cause as Error).message, restMs]),
      },
    );
    return { waits, told };
  }

  it('rests ever longer while rounds fail, tells of each, and starts anew after a good one', async () => {
    expect(await waitsOf([false, true, true, true, false, true])).toEqual({
      waits: [7, 1000, 2000, 4000, 7, 1000],
      told: [
        ['round 2', 1000],
        ['round 3', 2000],
        ['round 4', 4000],
        ['round 6', 1000],
      ],
    });
  });

  it('runs nothing once it is aborted', async () => {
    const never = (): never => expect.fail('called');
    await runLoop(
      never,
      { intervalMs: 1, times: loopBackOff, signal: AbortSignal.abort() },
      { wait: never, random: never, onFailure: never },
    );
  });
});

describe('pause', () => {
  it('ends at once when it is aborted, before or meanwhile', async () => {
    await pause(2 ** 30, AbortSignal.abort());
    const abort = new AbortController();
    const waiting = pause(2 ** 30, abort.signal);
    abort.abort();
    await waiting;
    await pause(0, new AbortController().signal);
  });
});
