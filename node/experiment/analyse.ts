/** From the cells of a finished sweep to its results: the one place where both meet. */
import { Adviser, type Limits } from './advice.ts';
import { RESAMPLES } from './bootstrap.ts';
import type { Cell } from './cell.ts';
import { HISTOGRAM_ERROR_MAX } from './latencyHistogram.ts';
import type { Plan } from './plan.ts';
import { buildRow, settingsRecord } from './resultRow.ts';
import type { Results } from './results.ts';
import { SweepStatistics } from './sweepStatistics.ts';

/**
 * @param cells - All of them, in order.
 * @param rerun - Command that repeats a cell, with `SEED`, `PHASE` and the settings of its row to be filled in.
 */
export function analyse(plan: Plan, cells: readonly Cell[], limits: Limits, rerun: string): Results {
  const { points, baseline, scenario, options, hash } = plan;
  const sweep = new SweepStatistics(cells, options.seedCount);
  const adviser = new Adviser(sweep, points, limits);
  const own = points[baseline];
  const sizes = adviser.front.map((index) => points[index]?.batchSize ?? 0);
  return {
    scenario: scenario.name,
    version: options.version,
    experiment: hash,
    seeds: options.seedCount,
    first_seed: options.firstSeed,
    duration_ms: scenario.durationMs,
    resamples: RESAMPLES,
    percentile_error: HISTOGRAM_ERROR_MAX,
    rows: points.map((point, index) => buildRow(sweep, index, point, baseline)),
    pareto: [...new Set(sizes)].sort((one, other) => one - other),
    pareto_points: [...adviser.front],
    limits: {
      ...(limits.latencyP99Ms === undefined ? {} : { latency_p99_ms: limits.latencyP99Ms }),
      ...(limits.feePerBlock === undefined ? {} : { fee_per_block: String(limits.feePerBlock) }),
      ...(limits.exposure.size === 0
        ? {}
        : {
            exposure: Object.fromEntries([...limits.exposure].map(([asset, most]) => [asset, String(most)])),
          }),
    },
    ...adviser.advise(),
    baseline: {
      point: baseline,
      batch_size: own?.batchSize ?? 1,
      settings: own === undefined ? {} : settingsRecord(own),
    },
    runs: cells.map(({ index, seed, phase_ms, trace_hash, problems }) => ({
      point: plan.pointOf(index),
      seed,
      phase_ms,
      trace_hash,
      ...(problems.length === 0 ? {} : { problems }),
    })),
    rerun,
  };
}
