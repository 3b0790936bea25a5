/**
 * What the closed form says of the points of a sweep (docs/closed-form.md), to be drawn beside what was measured: latency
 * at a random phase, or at the one that the point fixes, and the fee, each averaged over the traffic of a few seeds.
 */
import type { Scenario } from '../scenario/types.ts';
import { limitsOfClosedForm, predictLatency, timingModelOf } from './closedForm.ts';
import { BATCH_SIZE_KEY, type Plan } from './plan.ts';
import { type BlockNet, behindCountsOf, netsOf, planBatches, predictCost } from './settlementCost.ts';

export interface LatencyForecast {
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Distribution: ms, and the share that is settled by then. */
  readonly cdf: readonly (readonly [number, number])[];
}

export interface Forecast {
  /** Why the closed form does not describe the point; empty where it does. */
  readonly limits: readonly string[];
  /** Undefined where it does not, or where nothing would be settled. */
  readonly latency: LatencyForecast | undefined;
  /** Fee units; undefined where the base fee depends on chance as well. */
  readonly feePerBlock: number | undefined;
}

/** Seeds whose traffic the fee is averaged over: drawing traffic takes longer than all the rest. */
export const FORECAST_SEEDS_MAX = 4;
/** Steps of a distribution. */
const CDF_STEPS = 100;

/** One forecast a point, in order. */
export function forecastSweep(plan: Plan): readonly Forecast[] {
  const { seedCount } = plan;
  const seeds = Math.min(FORECAST_SEEDS_MAX, seedCount);
  const netsByTraffic = new Map<string, readonly BlockNet[]>();
  return plan.points.map(({ settings }, point) => {
    const traffic = settings
      .filter(({ key }) => key !== BATCH_SIZE_KEY)
      .map(({ key, value }) => `${key}=${value}`)
      .join('\n');
    const runs = Array.from({ length: seeds }, (_, seed) => {
      const { scenario } = plan.task(point * seedCount + seed);
      const isRandom = !plan.options.isPhaseFixed;
      const key = `${seed}\n${traffic}`;
      return forecastRun(scenario, isRandom, () => {
        const nets = netsByTraffic.get(key) ?? netsOf(scenario);
        netsByTraffic.set(key, nets);
        return nets;
      });
    });
    return average(runs);
  });
}

/**
 * What the closed form says of one run.
 * @param drawNets - Nets of its blocks; asked for only where the closed form holds, since they take time.
 */
export function forecastRun(
  scenario: Scenario,
  isPhaseRandom: boolean,
  drawNets = (): readonly BlockNet[] => netsOf(scenario),
): Forecast {
  const limits = limitsOfClosedForm(scenario);
  if (limits.length > 0) return { limits, latency: undefined, feePerBlock: undefined };
  const phase = isPhaseRandom ? 'random' : 'configured';
  const batches = planBatches(drawNets(), scenario.config);
  if (batches.length === 0)
    return { limits: ['the traffic seals no batch'], latency: undefined, feePerBlock: undefined };
  const { latency } = predictLatency({
    ...timingModelOf(scenario, phase),
    behindCounts: behindCountsOf(batches),
  });
  const { feePerBlock } = predictCost(scenario, batches, phase);
  return {
    limits,
    latency: {
      meanMs: latency.meanMs,
      p50Ms: latency.quantileMs(0.5),
      p99Ms: latency.quantileMs(0.99),
      cdf: Array.from({ length: CDF_STEPS + 1 }, (_, step) => {
        const ms = latency.minMs + ((latency.maxMs - latency.minMs) * step) / CDF_STEPS;
        return [ms, latency.shareWithin(ms)] as const;
      }),
    },
    feePerBlock,
  };
}

/** Of equal configurations: latency by the first, since it hardly depends on the traffic; the fee by all of them. */
function average(runs: readonly Forecast[]): Forecast {
  const [first = { limits: ['no seed'], latency: undefined, feePerBlock: undefined }] = runs;
  const fees = runs.flatMap(({ feePerBlock }) => feePerBlock ?? []);
  const feePerBlock =
    fees.length === runs.length ? fees.reduce((sum, fee) => sum + fee, 0) / fees.length : undefined;
  return { ...first, feePerBlock };
}
