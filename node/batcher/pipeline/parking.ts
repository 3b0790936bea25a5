/** The rests of one target: while it does not answer nothing new is tried, and each failure in a row makes the rest longer. */
import { backOffMs, loopBackOff } from '../../backOff.ts';
import type { AdapterFailure } from './adapterCall.ts';
import type { BatcherSurroundings } from './options.ts';

export class Parking {
  readonly #target: string;
  readonly #surroundings: BatcherSurroundings;
  readonly #signal: AbortSignal;
  #failures = 0;
  #round = 0;
  #rest: Promise<void> | undefined;
  #untilMs = 0;
  #reason = '';

  constructor(target: string, surroundings: BatcherSurroundings, signal: AbortSignal) {
    this.#target = target;
    this.#surroundings = surroundings;
    this.#signal = signal;
  }

  get isParked(): boolean {
    return this.#rest !== undefined;
  }

  /** It failed and has not answered since: one batch at a time finds out whether it is back. */
  get isDoubtful(): boolean {
    return this.#failures > 0;
  }

  /** While it is parked: until when, in ms since 1970. */
  get untilMs(): number | undefined {
    return this.isParked ? this.#untilMs : undefined;
  }

  get reason(): string {
    return this.#reason;
  }

  /** Grows with each rest: several batches that fail in one outage are one failure of the target. */
  get round(): number {
    return this.#round;
  }

  /** @param round - As it was before the call that failed. @returns Whether a new rest began. */
  park({ code, reason }: AdapterFailure, round: number): boolean {
    if (round !== this.#round) return false;
    const { wait, random, wallClock, emit } = this.#surroundings;
    const restMs = backOffMs(this.#failures, loopBackOff, random);
    this.#failures += 1;
    this.#round += 1;
    this.#reason = code;
    this.#untilMs = wallClock() + restMs;
    this.#rest = wait(restMs, this.#signal).then(() => {
      this.#rest = undefined;
    });
    emit({ type: 'target:parked', target: this.#target, code, reason, failures: this.#failures, restMs });
    return true;
  }

  /** Resolves when the rest is over: at once while there is none. */
  async rested(): Promise<void> {
    await this.#rest;
  }

  /** The chain of the target gave an answer. */
  recover(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#surroundings.emit({ type: 'target:recovered', target: this.#target });
  }
}
