/**
 * Keeps a node from hammering a settlement chain that cannot be reached: after several failures in a row no call is made
 * for a while, then a single one that decides (docs/protocol.md, submission). Knows no clock, and trusts none: one that
 * is set back makes a rest begin anew, never last until the old time has come again.
 */
import type { TimeMs } from '../../consensus/primitives/flavor.ts';

/** Failures in a row that open it: one is an accident, two may be. */
export const FAILURES_MAX = 3;
/** Rest before the deciding call while this node's own duty clock runs, in ms: a fraction of a settlement block. */
export const REST_ON_DUTY_MS = 1_000;
/** The same while nothing presses, in ms. */
export const REST_MS = 30_000;

export class CircuitBreaker {
  #failureCount = 0;
  /** When it opened, or opened again; undefined while it is closed. */
  #openedMs: TimeMs | undefined;
  /** The deciding call is under way. */
  #isProbing = false;

  get isOpen(): boolean {
    return this.#openedMs !== undefined;
  }

  /**
   * From when on the next call may be made; undefined while the deciding one is under way.
   * @param isOnDuty - Whether this node's own duty clock runs now.
   */
  nextCallMs(isOnDuty: boolean, nowMs: TimeMs): TimeMs | undefined {
    if (this.#openedMs === undefined) return Number.NEGATIVE_INFINITY;
    if (this.#isProbing) return undefined;
    if (nowMs < this.#openedMs) this.#openedMs = nowMs;
    return this.#openedMs + (isOnDuty ? REST_ON_DUTY_MS : REST_MS);
  }

  /** A call sets out. */
  called(): void {
    if (this.isOpen) this.#isProbing = true;
  }

  /** A call was answered, whatever the answer. */
  succeeded(): void {
    this.#failureCount = 0;
    this.#openedMs = undefined;
    this.#isProbing = false;
  }

  /** A call failed or timed out. @returns True when that opens it. */
  failed(nowMs: TimeMs): boolean {
    if (this.isOpen) {
      // What set out before it opened tells nothing new.
      if (this.#isProbing) this.#openedMs = nowMs;
      this.#isProbing = false;
      return false;
    }
    this.#failureCount += 1;
    if (this.#failureCount < FAILURES_MAX) return false;
    this.#openedMs = nowMs;
    return true;
  }
}
