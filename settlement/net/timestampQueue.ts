/** Timestamps in order, first in, first out. Those at one distance are one entry: an empty window may stay open for years. */
import type { TimeMs } from '../../consensus/primitives/flavor.ts';

/** Times at one distance from each other. */
interface TimestampRun {
  nextMs: TimeMs;
  stepMs: number;
  count: number;
}

export class TimestampQueue {
  readonly #runs: TimestampRun[] = [];

  push(timestampMs: TimeMs): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && last.count === 1) {
      last.stepMs = timestampMs - last.nextMs;
      last.count = 2;
    } else if (last !== undefined && last.nextMs + last.stepMs * last.count === timestampMs) last.count += 1;
    else this.#runs.push({ nextMs: timestampMs, stepMs: 0, count: 1 });
  }

  shift(): TimeMs | undefined {
    const first = this.#runs[0];
    if (first === undefined) return undefined;
    const timestampMs = first.nextMs;
    first.nextMs += first.stepMs;
    first.count -= 1;
    if (first.count === 0) this.#runs.shift();
    return timestampMs;
  }
}
