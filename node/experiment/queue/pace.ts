/** Waiting, for what talks to a job queue: the one place of experiments that knows a clock. */

export class TimeIsUp extends Error {
  constructor(ms: number) {
    super(`no answer for ${ms / 1000} s`);
  }
}

/** Time that passes. */
export class Stopwatch {
  #startedMs = performance.now();

  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  restart(): void {
    this.#startedMs = performance.now();
  }
}

/** @throws {TimeIsUp} The work is not done in time; what becomes of it then concerns nobody. */
export function within<Value>(ms: number, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeIsUp(ms)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Somebody waits, and may be woken. A call that comes while nobody waits is not lost. */
export class Bell {
  #isRung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  /** Until it rings, at most so long. */
  async wait(ms: number): Promise<void> {
    if (!this.#isRung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#isRung = false;
  }
}
