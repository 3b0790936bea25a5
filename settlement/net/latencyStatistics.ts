/**
 * Mean, percentiles and maximum of latencies in bounded memory: exact up to a number of samples, from a
 * fixed-size histogram of stated error beyond it. Floating point lives here and in metrics.ts, never in state.
 */
import { assert } from '../../consensus/primitives/codedError.ts';

/** Samples kept one by one; 10,000 of them are exact and cost 80 KB. */
export const EXACT_SAMPLES_MAX = 10_000;
/** Buckets in each doubling of the value. */
const SUB_BUCKETS = 128;
/** A percentile from the histogram is off by at most this share of itself: half a bucket. */
export const PERCENTILE_ERROR_MAX = 1 / (2 * SUB_BUCKETS);
/** Values from 2^42 ms (139 years) on share the last bucket. */
const EXPONENT_MAX = 42;
const BUCKET_COUNT = SUB_BUCKETS * (EXPONENT_MAX - 6);

export interface LatencySummary {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** 0 while every sample is kept, `PERCENTILE_ERROR_MAX` beyond: relative, of p50, p90 and p99. */
  readonly errorMax: number;
}

export class LatencyStatistics {
  readonly #samplesMax: number;
  #samples: number[] | undefined = [];
  #buckets: Float64Array | undefined;
  #count = 0;
  #sum = 0;
  #max = 0;

  constructor(options: { readonly samplesMax?: number } = {}) {
    this.#samplesMax = options.samplesMax ?? EXACT_SAMPLES_MAX;
  }

  /** @param latencyMs - A whole number of ms; one below 0 (skewed clocks) counts as 0. */
  add(latencyMs: number): void {
    if (!Number.isSafeInteger(latencyMs)) assert(false, `latency ${latencyMs} is no whole number of ms`);
    const value = Math.max(0, latencyMs);
    this.#count += 1;
    this.#sum += value;
    if (value > this.#max) this.#max = value;
    if (this.#buckets !== undefined) this.#countIn(this.#buckets, value);
    else if (this.#samples !== undefined && this.#samples.length < this.#samplesMax)
      this.#samples.push(value);
    else {
      const buckets = new Float64Array(BUCKET_COUNT);
      for (const sample of this.#samples ?? []) this.#countIn(buckets, sample);
      this.#countIn(buckets, value);
      this.#buckets = buckets;
      this.#samples = undefined;
    }
  }

  /** All zero without samples. Percentiles are nearest-rank: the least value that the share of samples reaches. */
  summarize(): LatencySummary {
    const sorted = this.#samples === undefined ? undefined : Float64Array.from(this.#samples).sort();
    const percentile = (share: number): number => {
      if (this.#count === 0) return 0;
      const rank = Math.max(1, Math.ceil(share * this.#count));
      return sorted === undefined ? this.#fromBuckets(rank) : (sorted[rank - 1] ?? 0);
    };
    return {
      count: this.#count,
      mean: this.#count === 0 ? 0 : this.#sum / this.#count,
      p50: percentile(0.5),
      p90: percentile(0.9),
      p99: percentile(0.99),
      max: this.#max,
      errorMax: sorted === undefined ? PERCENTILE_ERROR_MAX : 0,
    };
  }

  #countIn(buckets: Float64Array, value: number): void {
    const bucket = bucketOf(value);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }

  #fromBuckets(rank: number): number {
    let seen = 0;
    for (const [bucket, count] of (this.#buckets ?? []).entries()) {
      seen += count;
      if (seen >= rank) return Math.min(middleOf(bucket), this.#max);
    }
    return this.#max;
  }
}

/** Values below 2 * SUB_BUCKETS have a bucket each; above, SUB_BUCKETS a doubling. */
function bucketOf(value: number): number {
  if (value < 2 * SUB_BUCKETS) return value;
  const exponent = Math.floor(Math.log2(value));
  // log2 may round up just below a power of two; the division tells.
  const doubling = value < 2 ** exponent ? exponent - 1 : exponent;
  const width = 2 ** (doubling - 7);
  const bucket = SUB_BUCKETS * (doubling - 7) + Math.floor(value / width);
  return Math.min(bucket, BUCKET_COUNT - 1);
}

function middleOf(bucket: number): number {
  if (bucket < 2 * SUB_BUCKETS) return bucket;
  const doubling = Math.floor(bucket / SUB_BUCKETS) + 6;
  const width = 2 ** (doubling - 7);
  const low = (bucket - SUB_BUCKETS * (doubling - 7)) * width;
  return low + (width - 1) / 2;
}
