/**
 * Whether the settlement chain is out of reach, for whoever watches the node: a way that fails now and then makes one
 * outage, not one for each failure. It begins when the circuit breaker opens and ends with as many answers in a row.
 */
import type { TimeMs } from '../../consensus/primitives/flavor.ts';
import { FAILURES_MAX } from './circuitBreaker.ts';

/** Answers in a row that end it: as many as failures begin it. */
const ANSWERS_MIN = FAILURES_MAX;

export class Outage {
  #beganMs: TimeMs | undefined;
  /** Of the answers in a row so far. */
  #firstAnswerMs: TimeMs = 0;
  #answerCount = 0;

  /** A call failed. @returns True when that begins an outage. */
  failed(hasOpened: boolean, nowMs: TimeMs): boolean {
    this.#answerCount = 0;
    if (!hasOpened || this.#beganMs !== undefined) return false;
    this.#beganMs = nowMs;
    return true;
  }

  /** A call was answered, whatever the answer. @returns When that ends an outage, how long it lasted, in ms. */
  answered(nowMs: TimeMs): number | undefined {
    if (this.#beganMs === undefined) return undefined;
    if (this.#answerCount === 0) this.#firstAnswerMs = nowMs;
    this.#answerCount += 1;
    if (this.#answerCount < ANSWERS_MIN) return undefined;
    // A clock that was set back has no negative durations to tell.
    const lastedMs = Math.max(0, this.#firstAnswerMs - this.#beganMs);
    this.#beganMs = undefined;
    this.#answerCount = 0;
    return lastedMs;
  }
}
