/** Time of a test: it stands still while anything can be done without it, and then goes to the next thing that waits. */

interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

export class VirtualTime {
  nowMs: number;
  #timers = new Set<Timer>();

  constructor(nowMs = 1_763_740_800_000) {
    this.nowMs = nowMs;
  }

  /** Waits that are under way. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** As `pause` of backOff.ts does it. */
  readonly wait = (waitMs: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const fire = (): void => {
        this.#timers.delete(timer);
        signal.removeEventListener('abort', fire);
        resolve();
      };
      const timer: Timer = { atMs: this.nowMs + waitMs, fire };
      this.#timers.add(timer);
      signal.addEventListener('abort', fire, { once: true });
      if (signal.aborted) fire();
    });

  /** Lets everything happen that needs no time. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** Goes on by so many ms, through everything that waits in between. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await this.settle();
    for (;;) {
      const next = this.#next();
      if (next === undefined || next.atMs > endMs) break;
      await this.#fire(next);
    }
    this.nowMs = endMs;
  }

  /** Goes on until something holds. @throws When it does not within `limitMs`. */
  async until(holds: () => boolean, limitMs = 3_600_000): Promise<void> {
    const endMs = this.nowMs + limitMs;
    await this.settle();
    while (!holds()) {
      const next = this.#next();
      if (next === undefined || next.atMs > endMs)
        throw new Error(
          next === undefined ? 'nothing waits, and it does not hold' : `not within ${limitMs} ms`,
        );
      await this.#fire(next);
    }
  }

  /** Waits for a promise as long as it takes. */
  async resolve<Value>(promise: Promise<Value>, limitMs?: number): Promise<Value> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    await this.until(() => isSettled, limitMs);
    return promise;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.atMs < next.atMs) next = timer;
    return next;
  }

  async #fire({ atMs, fire }: Timer): Promise<void> {
    this.nowMs = Math.max(this.nowMs, atMs);
    fire();
    await this.settle();
  }
}
