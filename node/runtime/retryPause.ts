/** The wait of a long poll after a failure: doubling, with jitter, so that many who lost one server do not come back at once. */

/** In ms: the first wait, and the longest. */
export const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 5000;

/** @param failures - In a row before this one. @param signal - Ends the wait. */
export function retryPause(failures: number, signal: AbortSignal): Promise<void> {
  const waitMs = Math.min(RETRY_MIN_MS * 2 ** failures, RETRY_MAX_MS) * (0.5 + Math.random());
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
