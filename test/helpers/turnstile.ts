/**
 * Lets several at once do what they do one step at a time, in an order that the test chooses: each asks to pass before a step
 * that others could see, and no step begins before the one before it is done and all it led to has come to its next.
 */
export class Turnstile {
  readonly #afterStep: () => Promise<void>;
  #waiting: (() => Promise<void>)[] = [];

  /** @param afterStep - Looks at what the step did. */
  constructor(afterStep: () => Promise<void>) {
    this.#afterStep = afterStep;
  }

  /** Does the step when its turn comes. */
  pass<Value>(step: () => Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => step().then(resolve, reject));
    });
  }

  /**
   * Runs all to their ends; how they end is their own affair.
   * @param picks - Which of those that wait goes next, again from the beginning when they are used up.
   */
  async run(works: readonly (() => Promise<unknown>)[], picks: readonly number[]): Promise<void> {
    let running = works.length;
    for (const work of works)
      void work()
        .catch(() => undefined)
        .finally(() => {
          running -= 1;
        });
    for (let turn = 0; running > 0; turn += 1) {
      await settled();
      if (this.#waiting.length === 0) continue;
      const pick = (picks[turn % picks.length] ?? 0) % this.#waiting.length;
      const [step] = this.#waiting.splice(pick, 1);
      await step?.();
      await this.#afterStep();
    }
  }
}

/** What promises led to has been done. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
