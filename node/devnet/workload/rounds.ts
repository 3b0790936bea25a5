/** One round of work for a new height, never two at once: heights that come meanwhile wait, and the newest wins. */
import { setMaxListeners } from 'node:events';

/** Requests that may be under way in one round; each listens for the end. */
const REQUESTS_MAX = 64;

export type Round = (height: number, stop: AbortSignal) => Promise<void>;

export class Rounds {
  readonly #round: Round;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #nextHeight: number | undefined;
  #lastHeight = -1;

  constructor(round: Round) {
    this.#round = round;
    setMaxListeners(REQUESTS_MAX, this.#stop.signal);
  }

  /** A block of this height became final; only a higher one than ever before begins a round. */
  noteHeight(height: number): void {
    if (height <= this.#lastHeight || this.#stop.signal.aborted) return;
    this.#lastHeight = height;
    this.#nextHeight = height;
    this.#running ??= this.#run();
  }

  /** Resolves when the round under way has ended, which is at once. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#nextHeight !== undefined && !this.#stop.signal.aborted) {
      const height = this.#nextHeight;
      this.#nextHeight = undefined;
      await this.#round(height, this.#stop.signal);
    }
    this.#running = undefined;
  }
}
