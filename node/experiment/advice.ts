/** The recommendation of a sweep: which point, how surely, what comes next, and why, in words. */

import type { PlannedPoint } from './plan.ts';
import { BATCH_SIZE_KEY } from './plan.ts';
import {
  findFront,
  findNearestMiss,
  isMet,
  type LimitUse,
  type Objectives,
  rankFront,
  rankWithinLimits,
} from './recommend.ts';
import { settingsRecord, tidy, tidyInterval } from './resultRow.ts';
import type { LimitUseResult, ResultPoint, Results } from './results.ts';
import type { SweepStatistics } from './sweepStatistics.ts';
import { showFee, showMs, showShare, showUsd } from './words.ts';

/** What the user will not go beyond. */
export interface Limits {
  readonly latencyP99Ms?: number | undefined;
  readonly feePerBlock?: bigint | undefined;
  /** Largest unsettled net at any time, in smallest units, by asset. */
  readonly exposure: ReadonlyMap<string, bigint>;
}

/** Share of the draws that lies outside on each side of an interval. */
const TAIL = 0.025;

type Choice = { readonly order: readonly number[]; readonly by: 'knee' | 'only' | 'limits' };

export class Adviser {
  readonly #sweep: SweepStatistics;
  readonly #points: readonly PlannedPoint[];
  readonly #limits: Limits;
  readonly #uses: readonly (readonly LimitUse[])[];
  readonly front: readonly number[];

  constructor(sweep: SweepStatistics, points: readonly PlannedPoint[], limits: Limits) {
    this.#sweep = sweep;
    this.#points = points;
    this.#limits = limits;
    const objectives = this.#objectives(undefined);
    this.#uses = this.#limitUses(undefined);
    this.front = findFront(objectives);
  }

  advise(): Pick<Results, 'recommended' | 'nearest_miss'> {
    const { order, by } = this.#choose(undefined);
    const [best, second] = order;
    if (best === undefined) return { recommended: null, nearest_miss: this.#nearestMiss() };
    const chosen = this.#chosenInDraws();
    const recommended = {
      ...this.#describe(best),
      by,
      why: this.#explain(best, by, chosen),
      ci95: this.#intervalOf(chosen),
      chosen: chosen.map(({ point, share }) => ({ ...this.#describe(point), share: tidy(share) ?? 0 })),
      limits: this.#limitResults(best),
      runner_up:
        second === undefined ? null : { ...this.#describe(second), why: this.#compare(second, best) },
    };
    return { recommended, nearest_miss: null };
  }

  get #hasLimits(): boolean {
    const { latencyP99Ms, feePerBlock, exposure } = this.#limits;
    return latencyP99Ms !== undefined || feePerBlock !== undefined || exposure.size > 0;
  }

  /** @param draw - Of the bootstrap; undefined: the estimates. */
  #choose(draw: number | undefined): Choice {
    const objectives = this.#objectives(draw);
    if (this.#hasLimits) {
      const uses = draw === undefined ? this.#uses : this.#limitUses(draw);
      return { by: 'limits', order: rankWithinLimits(objectives, uses) };
    }
    return rankFront(objectives, findFront(objectives));
  }

  #objectives(draw: number | undefined): Objectives[] {
    return this.#sweep.points.map(({ estimate, draws }) => ({
      latency: draw === undefined ? estimate.latency_p99 : (draws.latency_p99[draw] ?? NaN),
      fee: draw === undefined ? estimate.fee_per_block : (draws.fee_per_block[draw] ?? NaN),
      exposure: draw === undefined ? estimate.exposure_usd_mean : (draws.exposure_usd_mean[draw] ?? NaN),
    }));
  }

  #limitUses(draw: number | undefined): LimitUse[][] {
    const { latencyP99Ms, feePerBlock, exposure } = this.#limits;
    const objectives = this.#objectives(draw);
    return this.#sweep.points.map(({ statistics }, index) => {
      const { latency = NaN, fee = NaN } = objectives[index] ?? {};
      const weights = draw === undefined ? statistics.ones : (this.#sweep.weights[draw] ?? statistics.ones);
      return [
        ...(latencyP99Ms === undefined ? [] : [{ value: latency, limit: latencyP99Ms }]),
        ...(feePerBlock === undefined ? [] : [{ value: fee, limit: Number(feePerBlock) }]),
        ...[...exposure].map(([asset, limit]) => ({
          value: statistics.exposureMax(asset, weights),
          limit: Number(limit),
        })),
      ];
    });
  }

  /** How often each point is chosen when runs are drawn anew, the most frequent first. */
  #chosenInDraws(): { readonly point: number; readonly share: number }[] {
    const counts = new Map<number, number>();
    for (const draw of this.#sweep.weights.keys()) {
      const [best] = this.#choose(draw).order;
      if (best !== undefined) counts.set(best, (counts.get(best) ?? 0) + 1);
    }
    return [...counts]
      .map(([point, count]) => ({ point, share: count / this.#sweep.weights.length }))
      .sort((one, other) => other.share - one.share || one.point - other.point);
  }

  /** Batch sizes within which the choice falls in 95 % of the draws. */
  #intervalOf(
    chosen: readonly { readonly point: number; readonly share: number }[],
  ): [number, number] | null {
    if (this.#sweep.runCount < 2) return null;
    const bySize = chosen
      .map(({ point, share }) => ({ size: this.#points[point]?.batchSize ?? 0, share }))
      .sort((one, other) => one.size - other.size);
    const total = bySize.reduce((sum, { share }) => sum + share, 0);
    if (total === 0) return null;
    const sizeAt = (target: number): number => {
      let seen = 0;
      for (const { size, share } of bySize) {
        seen += share;
        if (seen >= target - 1e-9) return size;
      }
      return bySize.at(-1)?.size ?? 0;
    };
    return [sizeAt(total * TAIL + 1e-6), sizeAt(total * (1 - TAIL))];
  }

  #describe(point: number): ResultPoint {
    const planned = this.#points[point];
    if (planned === undefined) throw new RangeError(`no point ${point}`);
    return { point, batch_size: planned.batchSize, settings: settingsRecord(planned) };
  }

  /** `N = 5`, with what else was swept. */
  #name(point: number): string {
    const { batchSize = 0, settings = [] } = this.#points[point] ?? {};
    const others = settings
      .filter(({ key }) => key !== BATCH_SIZE_KEY)
      .map(({ key, value }) => `${key}=${value}`);
    return [`N = ${batchSize}`, ...others].join(', ');
  }

  #limitResults(point: number): LimitUseResult[] {
    const { latencyP99Ms, feePerBlock, exposure } = this.#limits;
    const names = [
      ...(latencyP99Ms === undefined ? [] : ['latency_p99_ms']),
      ...(feePerBlock === undefined ? [] : ['fee_per_block']),
      ...[...exposure.keys()].map((asset) => `exposure.${asset}`),
    ];
    return (this.#uses[point] ?? []).map((use, index) => {
      const limit = names[index] ?? '';
      const interval =
        limit === 'latency_p99_ms'
          ? this.#sweep.interval(point, 'latency_p99')
          : limit === 'fee_per_block'
            ? this.#sweep.interval(point, 'fee_per_block')
            : undefined;
      return {
        limit,
        allowed: use.limit,
        value: tidy(use.value),
        met: isMet(use),
        ci95: tidyInterval(interval),
      };
    });
  }

  #explain(
    best: number,
    by: Choice['by'],
    chosen: readonly { readonly point: number; readonly share: number }[],
  ): string {
    const sentences = by === 'limits' ? this.#explainLimits(best) : this.#explainFront(best, by);
    return [...sentences, this.#withoutP99(), this.#certainty(best, chosen)]
      .filter((sentence) => sentence !== '')
      .join(' ');
  }

  #figures(point: number): string {
    const { estimate } = this.#sweep.point(point);
    return (
      `p99 latency ${showMs(estimate.latency_p99)}${this.#range(point, 'latency_p99', showMs)}, ` +
      `${showFee(estimate.fee_per_block)} fee units a block${this.#range(point, 'fee_per_block', showFee)}, ` +
      `${showUsd(estimate.exposure_usd_mean)} unsettled on average${this.#range(point, 'exposure_usd_mean', showUsd)}`
    );
  }

  #range(
    point: number,
    name: 'latency_p99' | 'fee_per_block' | 'exposure_usd_mean',
    show: (value: number) => string,
  ): string {
    const interval = this.#sweep.interval(point, name);
    return interval === undefined ? '' : ` (95 %: ${show(interval[0])} to ${show(interval[1])})`;
  }

  #explainFront(best: number, by: Choice['by']): string[] {
    const name = this.#name(best);
    const figures = `${name}: ${this.#figures(best)}.`;
    if (by === 'only') {
      const others = this.#points.length - 1;
      if (others === 0) return [`${name} is all there is to choose from.`, figures];
      return [
        `${name} beats each of the other ${others} in p99 latency, fee a block and exposure alike.`,
        figures,
      ];
    }
    const opening = `${name} is the knee of the Pareto front: it lies nearest to the best of everything.`;
    const byFee = [...this.front].sort((one, other) => this.#fee(one) - this.#fee(other) || one - other);
    const place = byFee.indexOf(best);
    const neighbours = [byFee[place - 1], byFee[place + 1]].filter((point) => point !== undefined);
    return [opening, figures, ...neighbours.map((point) => `${this.#compare(point, best)}.`)];
  }

  /** Points that the front cannot hold, since too much of them lies behind the end of their runs. */
  #withoutP99(): string {
    const names = this.#points.flatMap((_, point) =>
      Number.isFinite(this.#sweep.point(point).estimate.latency_p99) ? [] : [this.#name(point)],
    );
    if (names.length === 0) return '';
    const [have, their] = names.length === 1 ? ['has', 'its'] : ['have', 'their'];
    return (
      `${names.join(', ')} ${have} no p99 latency and cannot be chosen: more than 1 % of ${their} blocks still waited when ` +
      'the runs ended. A longer --duration shows it.'
    );
  }

  #fee(point: number): number {
    return this.#sweep.point(point).estimate.fee_per_block;
  }

  /** What another point would change, on the same seeds. */
  #compare(point: number, best: number): string {
    const latency = this.#sweep.difference(point, best, 'latency_p99');
    const fee = this.#sweep.difference(point, best, 'fee_per_block');
    const exposure = this.#sweep.difference(point, best, 'exposure_usd_mean');
    const share = (difference: number, base: number): string => {
      const text = showShare(Math.abs(difference / base));
      return base === 0 || !Number.isFinite(difference / base) ? 'not comparable' : text;
    };
    const { estimate } = this.#sweep.point(best);
    const parts = [
      tied(latency)
        ? 'p99 latency that cannot be told apart'
        : `${showMs(Math.abs(latency.mean))} ${latency.mean < 0 ? 'less' : 'more'} p99 latency`,
      tied(fee)
        ? 'a fee that cannot be told apart'
        : `${share(fee.mean, estimate.fee_per_block)} ${fee.mean < 0 ? 'less' : 'more'} fee`,
      tied(exposure)
        ? 'an exposure that cannot be told apart'
        : `${share(exposure.mean, estimate.exposure_usd_mean)} ${exposure.mean < 0 ? 'less' : 'more'} exposure`,
    ];
    return `${this.#name(point)} has ${parts[0]}, ${parts[1]} and ${parts[2]}`;
  }

  #explainLimits(best: number): string[] {
    const within = this.#uses.filter((uses) => uses.every(isMet)).length;
    const name = this.#name(best);
    const sentences = [
      `${name} has the lowest fee a block of the ${within} of ${this.#points.length} points that keep every limit.`,
      `${name}: ${this.#figures(best)}.`,
    ];
    for (const { limit, allowed, value, ci95 } of this.#limitResults(best)) {
      const straddles = ci95 !== null && ci95[1] > allowed;
      const shown = showLimit(limit, value ?? Infinity);
      sentences.push(
        `${describeLimit(limit)} is ${shown} of ${showLimit(limit, allowed)}${straddles ? ', and its interval reaches beyond that limit' : ''}.`,
      );
    }
    return sentences;
  }

  #certainty(best: number, chosen: readonly { readonly point: number; readonly share: number }[]): string {
    const { runCount } = this.#sweep;
    if (runCount < 2) return 'One seed says nothing about how sure this is.';
    const own = chosen.find(({ point }) => point === best)?.share ?? 0;
    const interval = this.#intervalOf(chosen);
    const none = 1 - chosen.reduce((sum, { share }) => sum + share, 0);
    const rest = chosen
      .filter(({ point, share }) => point !== best && share >= 0.005)
      .map(({ point, share }) => `${this.#name(point)} in ${showShare(share)}`);
    if (none >= 0.005) rest.push(`no point at all in ${showShare(none)}`);
    const range =
      interval === null
        ? ''
        : interval[0] === interval[1]
          ? `; the 95 % interval is ${interval[0]} alone`
          : `; the 95 % interval is ${interval[0]} to ${interval[1]}`;
    const others = rest.length === 0 ? '' : `, ${rest.join(', ')}`;
    return `When the ${runCount} seeds are drawn anew, it is chosen in ${showShare(own)} of the draws${others}${range}.`;
  }

  #nearestMiss(): Results['nearest_miss'] {
    const point = findNearestMiss(this.#uses);
    if (point === undefined) return null;
    const limits = this.#limitResults(point);
    const missed = limits
      .filter(({ met }) => !met)
      .map(({ limit, value, allowed }) => {
        const over = value === null ? '' : ` (${showShare(value / allowed - 1)} over)`;
        return `${describeLimit(limit)} is ${showLimit(limit, value ?? Infinity)} where ${showLimit(limit, allowed)} is allowed${over}`;
      });
    const why =
      missed.length === 0
        ? `${this.#name(point)} keeps every limit and settled nothing`
        : `${this.#name(point)} comes nearest: ${missed.join('; ')}`;
    return { ...this.#describe(point), why, limits };
  }
}

/** Zero lies within the interval of the difference. */
function tied({
  mean,
  interval,
}: {
  readonly mean: number;
  readonly interval: readonly [number, number] | undefined;
}): boolean {
  if (Number.isNaN(mean) || mean === 0) return true;
  return interval !== undefined && interval[0] <= 0 && interval[1] >= 0;
}

function describeLimit(limit: string): string {
  if (limit === 'latency_p99_ms') return 'p99 latency';
  if (limit === 'fee_per_block') return 'the fee a block';
  return `the largest exposure in ${limit.slice('exposure.'.length)}`;
}

function showLimit(limit: string, value: number): string {
  return limit === 'latency_p99_ms' ? showMs(value) : showFee(value);
}
