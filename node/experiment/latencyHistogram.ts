/**
 * Waiting times in a histogram of fixed buckets, with those that had not ended when the run did. Buckets add up over
 * runs, so percentiles are those of all blocks together. Nothing that was still waiting is dropped: it counts as at risk
 * up to its age (Kaplan and Meier 1958, product-limit estimate).
 */
import { assert } from '../../consensus/primitives/codedError.ts';

/** Values below have a bucket each; above, this many buckets share a doubling. */
const EXACT_BELOW = 1024;
const SUB_BUCKETS = EXACT_BELOW / 2;
/** A value read from a bucket is off by at most this share of itself: half the bucket's width. */
export const HISTOGRAM_ERROR_MAX = 1 / (2 * SUB_BUCKETS);
/** Values from 2^42 ms (139 years) on share the last bucket. */
const EXPONENT_MAX = 42;
const FIRST_EXPONENT = Math.log2(EXACT_BELOW);
const BUCKET_COUNT = EXACT_BELOW + SUB_BUCKETS * (EXPONENT_MAX - FIRST_EXPONENT);
/** Slack of a share that was multiplied up from many fractions. */
const SHARE_SLACK = 1e-9;

/** Bucket and count, ascending by bucket. */
export type BucketCounts = readonly (readonly [number, number])[];

/** What a histogram holds, as plain data. */
export interface HistogramCounts {
  readonly ended: BucketCounts;
  /** By the age they had reached when the run ended. */
  readonly censored: BucketCounts;
  /** Of those that ended, exactly. */
  readonly sumMs: number;
  readonly maxMs: number;
}

/** Gathers waiting times of one run. */
export class LatencyHistogram {
  readonly #ended = new Map<number, number>();
  readonly #censored = new Map<number, number>();
  #sumMs = 0;
  #maxMs = 0;

  /** @param latencyMs - A whole number of ms; one below 0 (skewed clocks) counts as 0. */
  end(latencyMs: number): void {
    const value = Math.max(0, latencyMs);
    this.#sumMs += value;
    if (value > this.#maxMs) this.#maxMs = value;
    increase(this.#ended, bucketOf(value));
  }

  /** @param ageMs - How long it had waited when the run ended. */
  censor(ageMs: number): void {
    increase(this.#censored, bucketOf(Math.max(0, ageMs)));
  }

  counts(): HistogramCounts {
    return {
      ended: ascending(this.#ended),
      censored: ascending(this.#censored),
      sumMs: this.#sumMs,
      maxMs: this.#maxMs,
    };
  }
}

function increase(counts: Map<number, number>, bucket: number): void {
  counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
}

function ascending(counts: ReadonlyMap<number, number>): BucketCounts {
  return [...counts].sort(([one], [other]) => one - other);
}

export function bucketOf(value: number): number {
  if (!Number.isSafeInteger(value)) assert(false, `latency ${value} is no whole number of ms`);
  if (value < EXACT_BELOW) return value;
  // Exact: the exponent of a double is its floor of log2.
  const exponent = exponentOf(value);
  const width = 2 ** (exponent - FIRST_EXPONENT + 1);
  const bucket =
    EXACT_BELOW + SUB_BUCKETS * (exponent - FIRST_EXPONENT) + Math.floor(value / width) - SUB_BUCKETS;
  return Math.min(bucket, BUCKET_COUNT - 1);
}

function exponentOf(value: number): number {
  const exponent = Math.floor(Math.log2(value));
  if (value < 2 ** exponent) return exponent - 1;
  return value >= 2 ** (exponent + 1) ? exponent + 1 : exponent;
}

/** The middle of the bucket's whole values. */
export function middleOf(bucket: number): number {
  if (bucket < EXACT_BELOW) return bucket;
  const doubling = Math.floor((bucket - EXACT_BELOW) / SUB_BUCKETS);
  const width = 2 ** (doubling + 1);
  const low = (((bucket - EXACT_BELOW) % SUB_BUCKETS) + SUB_BUCKETS) * width;
  return low + (width - 1) / 2;
}

/** Histograms of several runs, laid out so that any weighing of the runs is quick: the bootstrap asks for thousands. */
export class PooledLatencies {
  /** Middles of the buckets that some run used, ascending. */
  readonly #values: Float64Array;
  readonly #ended: readonly Sparse[];
  readonly #censored: readonly Sparse[];
  readonly #endedOfWeights: Float64Array;
  readonly #censoredOfWeights: Float64Array;

  constructor(runs: readonly Pick<HistogramCounts, 'ended' | 'censored'>[]) {
    const used = new Set<number>();
    for (const { ended, censored } of runs) {
      for (const [bucket] of ended) used.add(bucket);
      for (const [bucket] of censored) used.add(bucket);
    }
    const buckets = [...used].sort((one, other) => one - other);
    const places = new Map(buckets.map((bucket, place) => [bucket, place]));
    this.#values = Float64Array.from(buckets, middleOf);
    this.#ended = runs.map(({ ended }) => toSparse(ended, places));
    this.#censored = runs.map(({ censored }) => toSparse(censored, places));
    this.#endedOfWeights = new Float64Array(buckets.length);
    this.#censoredOfWeights = new Float64Array(buckets.length);
  }

  /**
   * Percentiles of the product-limit estimate.
   * @param shares - Ascending, between 0 and 1.
   * @param weights - How often each run counts.
   * @returns For each share the least value that so many have reached; undefined where too many still waited.
   */
  percentiles(shares: readonly number[], weights: Float64Array): (number | undefined)[] {
    const found: (number | undefined)[] = [];
    this.#walk(weights, (value, reached) => {
      while (found.length < shares.length && reached >= (shares[found.length] ?? 1) - SHARE_SLACK)
        found.push(value);
      return found.length < shares.length;
    });
    while (found.length < shares.length) found.push(undefined);
    return found;
  }

  /** The distribution as steps: value in ms, and the share that has ended by then. */
  steps(): (readonly [number, number])[] {
    const steps: (readonly [number, number])[] = [];
    this.#walk(new Float64Array(this.#ended.length).fill(1), (value, reached) => {
      steps.push([value, reached]);
      return true;
    });
    return steps;
  }

  /** @param visit - Told of each value at which something ended; false ends the walk. */
  #walk(weights: Float64Array, visit: (value: number, reached: number) => boolean): void {
    const values = this.#values;
    const ended = this.#endedOfWeights.fill(0);
    const censored = this.#censoredOfWeights.fill(0);
    let atRisk = addWeighted(ended, this.#ended, weights) + addWeighted(censored, this.#censored, weights);
    let surviving = 1;
    for (let place = 0; place < ended.length; place += 1) {
      const endedHere = ended[place] ?? 0;
      if (endedHere > 0) {
        surviving *= 1 - endedHere / atRisk;
        if (!visit(values[place] ?? 0, 1 - surviving)) return;
      }
      // What was cut off in a bucket had outlived all that ended in it.
      atRisk -= endedHere + (censored[place] ?? 0);
    }
  }
}

interface Sparse {
  readonly places: Int32Array;
  readonly counts: Float64Array;
}

function toSparse(counts: BucketCounts, places: ReadonlyMap<number, number>): Sparse {
  return {
    places: Int32Array.from(counts, ([bucket]) => places.get(bucket) ?? 0),
    counts: Float64Array.from(counts, ([, count]) => count),
  };
}

/** @returns What was added altogether. */
function addWeighted(sums: Float64Array, runs: readonly Sparse[], weights: Float64Array): number {
  let total = 0;
  for (let run = 0; run < runs.length; run += 1) {
    const weight = weights[run] ?? 0;
    const sparse = runs[run];
    if (weight === 0 || sparse === undefined) continue;
    const { places, counts } = sparse;
    for (let index = 0; index < places.length; index += 1) {
      const place = places[index] ?? 0;
      const added = weight * (counts[index] ?? 0);
      sums[place] = (sums[place] ?? 0) + added;
      total += added;
    }
  }
  return total;
}
