/** All points of a sweep with their estimates, intervals, and differences from each other under one set of draws. */
import { drawWeights, type Interval, intervalOf } from './bootstrap.ts';
import type { Cell } from './cell.ts';
import { PointStatistics, type StatisticName, type Statistics, statisticNames } from './pointStatistics.ts';

/** Seed of the draws: the same for every sweep, so that equal cells give equal intervals. */
const DRAW_SEED = 'sweep';

export interface PointResult {
  readonly statistics: PointStatistics;
  readonly estimate: Statistics;
  /** One value a draw. */
  readonly draws: Readonly<Record<StatisticName, Float64Array>>;
}

export class SweepStatistics {
  readonly points: readonly PointResult[];
  readonly runCount: number;
  readonly weights: readonly Float64Array[];

  /** @param cells - Points in order, seeds within. */
  constructor(cells: readonly Cell[], seedCount: number, resamples?: number) {
    this.runCount = seedCount;
    this.weights = drawWeights(seedCount, DRAW_SEED, resamples);
    const points: PointResult[] = [];
    for (let from = 0; from < cells.length; from += seedCount)
      points.push(evaluatePoint(new PointStatistics(cells.slice(from, from + seedCount)), this.weights));
    this.points = points;
  }

  point(index: number): PointResult {
    const point = this.points[index];
    if (point === undefined) throw new RangeError(`no point ${index}`);
    return point;
  }

  interval(index: number, name: StatisticName): Interval | undefined {
    return intervalOf(this.point(index).draws[name], this.runCount);
  }

  /** One point minus another, run by run on the same seeds. */
  difference(
    index: number,
    other: number,
    name: StatisticName,
  ): { readonly mean: number; readonly interval: Interval | undefined } {
    const [from, to] = [this.point(other), this.point(index)];
    const draws = to.draws[name].map((value, draw) => value - (from.draws[name][draw] ?? 0));
    return { mean: to.estimate[name] - from.estimate[name], interval: intervalOf(draws, this.runCount) };
  }
}

function evaluatePoint(statistics: PointStatistics, weights: readonly Float64Array[]): PointResult {
  const draws = Object.fromEntries(
    statisticNames.map((name) => [name, new Float64Array(weights.length)]),
  ) as Record<StatisticName, Float64Array>;
  for (const [draw, weight] of weights.entries()) {
    const values = statistics.evaluate(weight);
    for (const name of statisticNames) draws[name][draw] = values[name];
  }
  return { statistics, estimate: statistics.evaluate(statistics.ones), draws };
}
