/**
 * Weighted round-robin with priorities, for block leaders and settlement proposers: add every weight to its
 * priority, draw the largest priority (ties to the lowest index), take the total off the drawn one. Source:
 * CometBFT specification, proposer selection procedure. Who may be drawn is the caller's business.
 */
import { assert } from './primitives/codedError.ts';
import type { ValidatorIndex, View } from './primitives/flavor.ts';
import type { ValidatorSet } from './validators.ts';

/** One that can be drawn. */
export interface RotationCandidate {
  readonly index: ValidatorIndex;
  /** Bonded stake or voting power; zero gains no priority. */
  readonly weight: bigint;
  readonly priority: bigint;
}

/** What one draw gives. */
export interface RotationDraw {
  readonly index: ValidatorIndex;
  /** Priorities after the draw, in the order of the candidates. Their sum is unchanged by the draw. */
  readonly priorities: readonly bigint[];
}

/**
 * One step over a set that may differ from the last one's. Those left out keep their priority untouched.
 * @param candidates - At least one; each index once.
 */
export function drawNext(candidates: readonly RotationCandidate[]): RotationDraw {
  let total = 0n;
  let drawn = -1;
  let drawnIndex = -1;
  let largest = 0n;
  const priorities: bigint[] = [];
  for (const { index, weight, priority } of candidates) {
    assert(weight >= 0n, `negative weight of candidate ${index}`);
    const raised = priority + weight;
    total += weight;
    if (drawn === -1 || raised > largest || (raised === largest && index < drawnIndex)) {
      drawn = priorities.length;
      drawnIndex = index;
      largest = raised;
    }
    priorities.push(raised);
  }
  assert(drawn !== -1, 'a draw among no candidates');
  priorities[drawn] = largest - total;
  return { index: drawnIndex, priorities };
}

/**
 * Views whose leaders one segment remembers. Two segments of 16-bit indexes are 128 KiB, and a period that fits in one,
 * as with any stakes of few significant digits, is computed once.
 */
export const LEADER_SEGMENT_VIEWS = 32_768;

/** Leaders of consecutive positions of the period, filled as far as somebody asked. */
interface Segment {
  readonly start: number;
  readonly leaders: Uint16Array;
  filled: number;
}

/**
 * Leader of every view, from genesis powers (docs/protocol.md, agreement).
 *
 * The priorities return to zero after (sum of powers / their greatest common divisor) steps, so the schedule
 * repeats. Memory is two segments of `LEADER_SEGMENT_VIEWS`: answers are O(1) amortised for a short period, and
 * for any view near or after the last one asked otherwise. A view older than both segments costs a walk from the
 * start of the period, and so does a leap forward; the answer is right all the same.
 */
export class LeaderSchedule {
  /** Views after which the schedule repeats. */
  readonly periodViews: number;
  readonly #weights: Float64Array;
  readonly #total: number;
  readonly #segmentViews: number;
  /** State of the walk after `#newest.start + #newest.filled` steps. */
  readonly #priorities: Float64Array;
  #newest: Segment;
  #older: Segment | undefined;

  constructor(validators: ValidatorSet, options: { readonly segmentViews?: number } = {}) {
    const divisor = validators.validators.reduce((gcd, { power }) => greatestCommonDivisor(gcd, power), 0);
    this.#weights = Float64Array.from(validators.validators, ({ power }) => power / divisor);
    this.#total = validators.totalPower / divisor;
    this.periodViews = this.#total;
    this.#segmentViews = Math.min(options.segmentViews ?? LEADER_SEGMENT_VIEWS, this.periodViews);
    assert(this.#segmentViews >= 1, 'a segment of no views');
    this.#priorities = new Float64Array(this.#weights.length);
    this.#newest = this.#createSegment(0);
  }

  /** @param view - From 1. */
  leaderOf(view: View): ValidatorIndex {
    if (!Number.isSafeInteger(view) || view < 1) assert(false, `view ${view} has no leader`);
    const position = (view - 1) % this.periodViews;
    const older = this.#older;
    if (older !== undefined && position >= older.start && position < older.start + older.filled) {
      return older.leaders[position - older.start] ?? 0;
    }
    if (position < this.#newest.start) this.#restart();
    while (position >= this.#newest.start + this.#segmentViews) {
      while (this.#newest.filled < this.#segmentViews) this.#step();
      this.#older = this.#newest;
      this.#newest = this.#createSegment(this.#newest.start + this.#segmentViews);
    }
    while (position >= this.#newest.start + this.#newest.filled) this.#step();
    return this.#newest.leaders[position - this.#newest.start] ?? 0;
  }

  #createSegment(start: number): Segment {
    return { start, leaders: new Uint16Array(this.#segmentViews), filled: 0 };
  }

  #restart(): void {
    this.#priorities.fill(0);
    this.#older = undefined;
    this.#newest = this.#createSegment(0);
  }

  /** Priorities stay between minus and plus the total, below 2^50, so doubles hold them exactly. */
  #step(): void {
    const priorities = this.#priorities;
    const weights = this.#weights;
    let leader = 0;
    let largest = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < priorities.length; index += 1) {
      const raised = (priorities[index] ?? 0) + (weights[index] ?? 0);
      priorities[index] = raised;
      if (raised > largest) {
        largest = raised;
        leader = index;
      }
    }
    priorities[leader] = largest - this.#total;
    this.#newest.leaders[this.#newest.filled] = leader;
    this.#newest.filled += 1;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  let [larger, smaller] = [a, b];
  while (smaller !== 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}
