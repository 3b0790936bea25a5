/** The course of one run, for drawing: exposure, base fee and gas in a fixed number of equal spans of time. */
import type { SettlementBlock } from '../../settlement/net/settlement.ts';

/** Spans of a series, at most. */
const SPANS_MAX = 360;
/** Shortest span, in ms. */
const SPAN_MS_MIN = 1000;

export interface RunSeries {
  /** Length of a span, in ms. */
  readonly step_ms: number;
  /** Mean within each span, in USD. */
  readonly exposure_usd: readonly number[];
  readonly exposure_usd_max: readonly number[];
  /** Mean over the settlement blocks of each span, in fee units per gas; null where there was none. */
  readonly base_fee: readonly (number | null)[];
  /** Gas of all transactions over the gas limit. */
  readonly gas_share: readonly (number | null)[];
  /** Batches settled in each span. */
  readonly settled: readonly number[];
}

export class SeriesRecorder {
  readonly #stepMs: number;
  readonly #durationMs: number;
  readonly #integral: number[];
  readonly #max: number[];
  readonly #blocks: number[];
  readonly #baseFee: number[];
  readonly #gasShare: number[];
  readonly #settled: number[];

  constructor(durationMs: number) {
    this.#durationMs = durationMs;
    this.#stepMs = Math.max(SPAN_MS_MIN, Math.ceil(durationMs / SPANS_MAX));
    const spanCount = Math.max(1, Math.ceil(durationMs / this.#stepMs));
    const zeros = (): number[] => new Array<number>(spanCount).fill(0);
    this.#integral = zeros();
    this.#max = zeros();
    this.#blocks = zeros();
    this.#baseFee = zeros();
    this.#gasShare = zeros();
    this.#settled = zeros();
  }

  exposure(fromMs: number, toMs: number, usd: number): void {
    for (let atMs = Math.max(0, fromMs); atMs < toMs; ) {
      const span = this.#spanOf(atMs);
      const endMs = span === this.#integral.length - 1 ? toMs : Math.min(toMs, (span + 1) * this.#stepMs);
      this.#integral[span] = (this.#integral[span] ?? 0) + usd * (endMs - atMs);
      this.#max[span] = Math.max(this.#max[span] ?? 0, usd);
      atMs = endMs;
    }
  }

  settlementBlock({ timestampMs, baseFee, gasUsed, gasLimit, events }: SettlementBlock): void {
    const span = this.#spanOf(timestampMs);
    this.#blocks[span] = (this.#blocks[span] ?? 0) + 1;
    this.#baseFee[span] = (this.#baseFee[span] ?? 0) + Number(baseFee);
    this.#gasShare[span] = (this.#gasShare[span] ?? 0) + gasUsed / gasLimit;
    for (const { type } of events)
      if (type === 'batch_settled') this.#settled[span] = (this.#settled[span] ?? 0) + 1;
  }

  finish(): RunSeries {
    const lengthOf = (span: number): number =>
      Math.max(1, Math.min(this.#stepMs, this.#durationMs - span * this.#stepMs));
    const meanOf = (sum: number, span: number): number | null => {
      const count = this.#blocks[span] ?? 0;
      return count === 0 ? null : shorten(sum / count);
    };
    return {
      step_ms: this.#stepMs,
      exposure_usd: this.#integral.map((sum, span) => shorten(sum / lengthOf(span))),
      exposure_usd_max: this.#max.map(shorten),
      base_fee: this.#baseFee.map(meanOf),
      gas_share: this.#gasShare.map(meanOf),
      settled: this.#settled,
    };
  }

  #spanOf(timeMs: number): number {
    return Math.max(0, Math.min(this.#integral.length - 1, Math.floor(timeMs / this.#stepMs)));
  }
}

/** A plot needs no more digits. */
function shorten(value: number): number {
  return Number(value.toPrecision(6));
}
