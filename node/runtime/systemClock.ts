/** The clock of a real node, as a port, and the system's behind it. Time is counted from the chain's genesis instant. */
import type { TimeMs } from '../../consensus/primitives/flavor.ts';

export interface Clock {
  now(): TimeMs;
  /**
   * Calls back once, at `at` or later, never earlier; a time in the past means soon, but never at once.
   * @returns Takes the call back.
   */
  callAt(at: TimeMs, fire: () => void): () => void;
}

/**
 * Longest wait without another look at the clock, in ms. System timers take no notice when the clock is set: a node whose
 * clock was an hour behind for a moment would otherwise stand still for that hour.
 */
const TIMER_MAX_MS = 1000;

export class SystemClock implements Clock {
  #genesisMs: number;
  /** Looks again at the time, for each wait under way. */
  readonly #waits = new Set<() => void>();

  /** @param genesisMs - The genesis instant, in ms since 1970. */
  constructor(genesisMs: number) {
    this.#genesisMs = genesisMs;
  }

  /** In ms since 1970. */
  get genesisMs(): number {
    return this.#genesisMs;
  }

  /** Moves the genesis instant, which is not to have come yet. */
  moveGenesis(genesisMs: number): void {
    this.#genesisMs = genesisMs;
    for (const lookAgain of [...this.#waits]) lookAgain();
  }

  now(): TimeMs {
    return Date.now() - this.#genesisMs;
  }

  callAt(at: TimeMs, fire: () => void): () => void {
    let timer: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      clearTimeout(timer);
      this.#waits.delete(wait);
    };
    // System timers run on another clock than `now`, and may be early by a fraction of a ms or by a step of the clock.
    const wait = (): void => {
      clearTimeout(timer);
      const waitMs = Math.min(Math.max(0, at - this.now()), TIMER_MAX_MS);
      timer = setTimeout(() => {
        if (this.now() < at) return wait();
        cancel();
        fire();
      }, waitMs);
    };
    this.#waits.add(wait);
    wait();
    return cancel;
  }
}
