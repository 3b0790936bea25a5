/** How old a signed timestamp may be, and how far ahead: outside of that a signature is no longer, or not yet, a wish of now. */
import type { Refusal } from '../../../consensus/primitives/codedError.ts';
import { type InputCode, refuseInput } from './codes.ts';

export interface FreshnessSpan {
  readonly pastMs: number;
  readonly futureMs: number;
}

/** An hour back, for those who sign and then wait; five minutes ahead, for clocks that differ. */
export const freshnessDefault: FreshnessSpan = { pastMs: 3_600_000, futureMs: 300_000 };

/** @param timestampMs, nowMs - Since 1970. @returns Undefined for a fresh one; both ends of the span are fresh. */
export function findFreshnessProblem(
  timestampMs: number,
  nowMs: number,
  { pastMs, futureMs }: FreshnessSpan,
): Refusal<InputCode> | undefined {
  const path = '/data/timestamp';
  const details = { timestamp_ms: timestampMs, now_ms: nowMs };
  if (timestampMs < nowMs - pastMs) {
    const fix = `sign it again now; the node takes ${pastMs} ms back`;
    return refuseInput('INPUT_STALE', path, fix, { ...details, past_ms: pastMs });
  }
  if (timestampMs > nowMs + futureMs) {
    const fix = `set the clock and sign again, or wait; the node takes ${futureMs} ms ahead`;
    return refuseInput('INPUT_FROM_FUTURE', path, fix, { ...details, future_ms: futureMs });
  }
  return undefined;
}
