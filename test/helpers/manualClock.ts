/** A clock that a test moves by hand. */
import type { Clock } from '../../node/runtime/systemClock.ts';

export class ManualClock implements Clock {
  #nowMs: number;
  #calls: { readonly at: number; readonly fire: () => void }[] = [];

  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  callAt(at: number, fire: () => void): () => void {
    const call = { at, fire };
    this.#calls.push(call);
    return () => {
      this.#calls = this.#calls.filter((other) => other !== call);
    };
  }

  get callCount(): number {
    return this.#calls.length;
  }

  /** Moves on, calling what is due in order. */
  moveTo(nowMs: number): void {
    for (;;) {
      const due = this.#calls.filter(({ at }) => at <= nowMs).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#calls = this.#calls.filter((other) => other !== due);
      this.#nowMs = Math.max(this.#nowMs, due.at);
      due.fire();
    }
    this.#nowMs = nowMs;
  }
}
