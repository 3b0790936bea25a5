/** Waiting after failures: doubling, with jitter so that many who lost one server do not come back at once; and loops that rest so. */

export interface BackOffTimes {
  /** After the first failure, in ms. */
  readonly minMs: number;
  /** At most, in ms. */
  readonly maxMs: number;
}

/** Of loops that drive what is not urgent: from a second to a minute. */
export const loopBackOff: BackOffTimes = { minMs: 1000, maxMs: 60_000 };

/**
 * How long to wait after failures in a row.
 * @param failures - In a row before this one.
 * @param random - Draws from 0 to below 1.
 * @returns Whole ms: from half of the doubled time to all of it.
 */
export function backOffMs(failures: number, { minMs, maxMs }: BackOffTimes, random: () => number): number {
  return Math.round(Math.min(minMs * 2 ** failures, maxMs) * (0.5 + random() / 2));
}

export interface LoopOptions {
  /** Between the end of a good round and the next one, in ms. */
  readonly intervalMs: number;
  readonly times: BackOffTimes;
  /** Ends the loop: a wait at once, a round when it is done. */
  readonly signal: AbortSignal;
}

export interface LoopDependencies {
  /** Resolves after so many ms, or as soon as the signal is aborted. */
  readonly wait: (waitMs: number, signal: AbortSignal) => Promise<void>;
  /** Draws from 0 to below 1. */
  readonly random: () => number;
  /** Told of each failed round, and how long the loop rests for it. */
  readonly onFailure: (cause: unknown, restMs: number) => void;
}

/** Runs rounds one behind the other until it is aborted; one that throws is followed by a rest, ever longer, and never ends it. */
export async function runLoop(
  round: () => Promise<void>,
  { intervalMs, times, signal }: LoopOptions,
  { wait, random, onFailure }: LoopDependencies,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    let restMs = intervalMs;
    try {
      await round();
      failures = 0;
    } catch (cause) {
      restMs = backOffMs(failures, times, random);
      failures += 1;
      onFailure(cause, restMs);
    }
    await wait(restMs, signal);
  }
}

/** Waits in real time. */
export function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, waitMs);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
