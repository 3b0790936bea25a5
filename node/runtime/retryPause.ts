/** The wait of a long poll after a failure. */
import { backOffMs, pause } from '../backOff.ts';

/** In ms: the first wait at most, and the longest. */
export const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 5000;

/** @param failures - In a row before this one. @param signal - Ends the wait. */
export function retryPause(failures: number, signal: AbortSignal): Promise<void> {
  return pause(backOffMs(failures, { minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS }, Math.random), signal);
}
