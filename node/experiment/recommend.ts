/**
 * Which point to take: those that no other beats in everything (the Pareto front), the knee of that front, or the
 * cheapest point within limits. Pure, so that a bootstrap can ask again for every draw (docs/choosing-n.md).
 */

/** What is weighed against each other; less is better. NaN counts as infinite: nothing was settled. */
export interface Objectives {
  /** p99 of block-to-settled latency, in ms. */
  readonly latency: number;
  /** Fee units. */
  readonly fee: number;
  /** Mean unsettled net, in USD. */
  readonly exposure: number;
}

/** One limit of the user, as a value of a point over what is allowed. */
export interface LimitUse {
  /** Infinite where the point has no value. */
  readonly value: number;
  readonly limit: number;
}

/** Distances that differ by less are equal. */
const DISTANCE_SLACK = 1e-12;

type Axes = readonly [number, number, number];

function axesOf({ latency, fee, exposure }: Objectives): Axes {
  return [orInfinite(latency), orInfinite(fee), orInfinite(exposure)];
}

function orInfinite(value: number): number {
  return Number.isNaN(value) ? Infinity : value;
}

/** Indexes of the points that no other is at least as good as in everything and better in something, ascending. */
export function findFront(points: readonly Objectives[]): number[] {
  const axes = points.map(axesOf);
  return axes.flatMap((own, index) =>
    axes.some((other) => dominates(other, own)) || own.some((value) => value === Infinity) ? [] : [index],
  );
}

function dominates(one: Axes, other: Axes): boolean {
  return (
    one.every((value, axis) => value <= (other[axis] ?? 0)) &&
    one.some((value, axis) => value < (other[axis] ?? 0))
  );
}

/** Points in the order in which they would be taken. */
export interface Ranking {
  /** `knee`: by distance from the best of everything. `only`: one point. */
  readonly by: 'knee' | 'only';
  readonly order: readonly number[];
}

/**
 * Ranks a front by how near each point lies to one that would have the best of everything (Zeleny 1973, "Compromise
 * programming"), every axis scaled to the range that the front spans. A chord between two ends, the usual picture of a knee,
 * says nothing of a third axis.
 */
export function rankFront(points: readonly Objectives[], front: readonly number[]): Ranking {
  const distances = scale(front.map((index) => axesOf(points[index] ?? NOWHERE))).map(lengthOf);
  const order = front
    .map((index, place) => ({ index, distance: distances[place] ?? 0 }))
    .sort((one, other) =>
      Math.abs(one.distance - other.distance) > DISTANCE_SLACK
        ? one.distance - other.distance
        : one.index - other.index,
    )
    .map(({ index }) => index);
  return { by: front.length <= 1 ? 'only' : 'knee', order };
}

const NOWHERE: Objectives = { latency: Infinity, fee: Infinity, exposure: Infinity };

/** Each axis from 0 (best of the front) to 1 (worst); one that does not vary is 0. */
function scale(points: readonly Axes[]): Axes[] {
  const ranges = ([0, 1, 2] as const).map((axis) => {
    const values = points.map((point) => point[axis]);
    const low = Math.min(...values);
    return { low, width: Math.max(...values) - low };
  });
  const scaled = (value: number, axis: number): number => {
    const { low, width } = ranges[axis] ?? { low: 0, width: 0 };
    return width === 0 ? 0 : (value - low) / width;
  };
  return points.map(([latency, fee, exposure]) => [scaled(latency, 0), scaled(fee, 1), scaled(exposure, 2)]);
}

/** Not `Math.hypot`, whose last bits are up to the engine. */
function lengthOf(vector: readonly number[]): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}

/** Points within all limits, cheapest first; of equal fee the faster, then the less exposed. */
export function rankWithinLimits(
  points: readonly Objectives[],
  uses: readonly (readonly LimitUse[])[],
): number[] {
  return points
    .map((point, index) => ({ index, axes: axesOf(point) }))
    .filter(({ index, axes }) => axes[1] < Infinity && (uses[index] ?? []).every(isMet))
    .sort((one, other) => compare(one.axes, other.axes) || one.index - other.index)
    .map(({ index }) => index);
}

function compare([latency, fee, exposure]: Axes, [otherLatency, otherFee, otherExposure]: Axes): number {
  if (fee !== otherFee) return fee - otherFee;
  if (latency !== otherLatency) return latency - otherLatency;
  return exposure - otherExposure;
}

export function isMet({ value, limit }: LimitUse): boolean {
  return value <= limit;
}

/** The point whose worst excess over a limit, as a share of that limit, is least. */
export function findNearestMiss(uses: readonly (readonly LimitUse[])[]): number | undefined {
  let nearest: number | undefined;
  let least = Infinity;
  for (const [index, limits] of uses.entries()) {
    const worst = Math.max(...limits.map(excessOf));
    if (worst < least) {
      least = worst;
      nearest = index;
    }
  }
  return nearest;
}

/** By what share of the limit the value lies over it; 0 within. */
export function excessOf({ value, limit }: LimitUse): number {
  if (Number.isNaN(value)) return Infinity;
  if (value <= limit) return 0;
  return limit === 0 ? Infinity : (value - limit) / limit;
}
