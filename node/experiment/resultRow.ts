/** One row of results.json from the statistics of its point. */
import type { Interval } from './bootstrap.ts';
import { middleOf } from './latencyHistogram.ts';
import type { PlannedPoint } from './plan.ts';
import type { PointStatistics, StatisticName } from './pointStatistics.ts';
import type { ResultRow } from './results.ts';
import type { SweepStatistics } from './sweepStatistics.ts';

const MS_PER_SECOND = 1000;
/** Steps of a CDF that are kept. */
const CDF_STEPS_MAX = 200;
/** Digits that numbers are given with: more than any of them is good for, few enough to hide the last bits. */
const DIGITS = 9;

export function buildRow(
  sweep: SweepStatistics,
  index: number,
  planned: PlannedPoint,
  baseline: number,
): ResultRow {
  const { statistics, estimate } = sweep.point(index);
  const { cells } = statistics;
  const interval = (name: StatisticName): [number, number] | null =>
    tidyInterval(sweep.interval(index, name));
  const fee = (name: 'fee_per_block' | 'fee_per_transaction'): ResultRow['fee_per_block'] => ({
    mean: amountText(estimate[name]),
    ci95: amountInterval(sweep.interval(index, name)),
  });
  const total = (take: (cell: (typeof cells)[number]) => number): number =>
    cells.reduce((sum, cell) => sum + take(cell), 0);
  const settledBlocks = total((cell) => cell.settled_blocks);
  const series = cells[0]?.series;
  return {
    batch_size: planned.batchSize,
    settings: settingsRecord(planned),
    runs: cells.length,
    blocks: total((cell) => cell.blocks),
    settled_blocks: settledBlocks,
    censored: total((cell) => cell.blocks) - settledBlocks,
    transactions: total((cell) => cell.transactions),
    sealed_batches: total((cell) => cell.sealed_batches),
    settled_batches: total((cell) => cell.settled_batches),
    latency_ms: {
      mean: tidy(estimate.latency_mean),
      p50: tidy(estimate.latency_p50),
      p90: tidy(estimate.latency_p90),
      p99: tidy(estimate.latency_p99),
      max: settledBlocks === 0 ? null : Math.max(...cells.map(({ latency }) => latency.maxMs)),
      oldest_censored: oldestCensored(statistics),
      ci95: {
        mean: interval('latency_mean'),
        p50: interval('latency_p50'),
        p90: interval('latency_p90'),
        p99: interval('latency_p99'),
      },
      cdf: thinSteps(statistics.latencySteps()),
    },
    front_running_ms: {
      mean: tidy(estimate.front_running_mean),
      p50: tidy(estimate.front_running_p50),
      p99: tidy(estimate.front_running_p99),
      max: settledBlocks === 0 ? null : Math.max(...cells.map((cell) => cell.front_running.maxMs)),
      ci95: {
        mean: interval('front_running_mean'),
        p50: interval('front_running_p50'),
        p99: interval('front_running_p99'),
      },
    },
    total_fee: String(cells.reduce((sum, cell) => sum + BigInt(cell.fee), 0n)),
    fee_per_block: fee('fee_per_block'),
    fee_per_transaction: fee('fee_per_transaction'),
    transactions_per_hour: tidy(estimate.transactions_per_hour) ?? 0,
    gas_per_hour: tidy(estimate.gas_per_hour) ?? 0,
    settlement_chain_share: tidy(estimate.settlement_chain_share) ?? 0,
    netting_ratio: tidy(estimate.netting_ratio),
    netting: nettingByAsset(statistics),
    exposure: exposureByAsset(statistics),
    exposure_usd: {
      mean: tidy(estimate.exposure_usd_mean) ?? 0,
      max: tidy(Math.max(...cells.map(({ exposure_usd }) => exposure_usd.max))) ?? 0,
      max_mean: tidy(estimate.exposure_usd_max_mean) ?? 0,
    },
    exposure_time: tidy(total((cell) => cell.exposure_usd.integral) / MS_PER_SECOND / cells.length) ?? 0,
    missed: total((cell) => cell.missed),
    slashed: total((cell) => cell.slashed),
    reverted: total((cell) => cell.reverted),
    resent: total((cell) => cell.resent),
    ci95: {
      transactions_per_hour: interval('transactions_per_hour'),
      gas_per_hour: interval('gas_per_hour'),
      settlement_chain_share: interval('settlement_chain_share'),
      netting_ratio: interval('netting_ratio'),
      exposure_usd_mean: interval('exposure_usd_mean'),
      exposure_usd_max_mean: interval('exposure_usd_max_mean'),
      missed_per_hour: interval('missed_per_hour'),
    },
    versus_baseline: differences(sweep, index, baseline),
    ...(series === undefined ? {} : { series }),
  };
}

export function settingsRecord({ settings }: PlannedPoint): Record<string, string> {
  return Object.fromEntries(settings.map(({ key, value }) => [key, value]));
}

function differences(sweep: SweepStatistics, index: number, baseline: number): ResultRow['versus_baseline'] {
  const latency = sweep.difference(index, baseline, 'latency_p99');
  const fee = sweep.difference(index, baseline, 'fee_per_block');
  const exposure = sweep.difference(index, baseline, 'exposure_usd_mean');
  return {
    latency_p99_ms: { mean: tidy(latency.mean), ci95: tidyInterval(latency.interval) },
    fee_per_block: { mean: amountText(fee.mean), ci95: amountInterval(fee.interval) },
    exposure_usd_mean: { mean: tidy(exposure.mean), ci95: tidyInterval(exposure.interval) },
  };
}

/** Of all that still waited when its run ended; null where nothing did. */
function oldestCensored({ cells }: PointStatistics): number | null {
  const oldest = cells.flatMap(({ latency }) => latency.censored.at(-1)?.[0] ?? []);
  return oldest.length === 0 ? null : tidy(middleOf(Math.max(...oldest)));
}

function exposureByAsset(statistics: PointStatistics): ResultRow['exposure'] {
  const { cells, ones } = statistics;
  return Object.fromEntries(
    statistics.assets.map((asset) => {
      const integral = cells.reduce((sum, { exposure }) => sum + BigInt(exposure[asset]?.integral ?? 0), 0n);
      const max = cells.reduce((most, { exposure }) => {
        const own = BigInt(exposure[asset]?.max ?? 0);
        return own > most ? own : most;
      }, 0n);
      const mean = amountText(statistics.exposureMean(asset, ones)) ?? '0';
      return [
        asset,
        { mean, max: String(max), time: String(integral / BigInt(MS_PER_SECOND * cells.length)) },
      ];
    }),
  );
}

function nettingByAsset({ cells, assets }: PointStatistics): ResultRow['netting'] {
  const sum = (asset: string, side: 'gross' | 'net'): number =>
    Number(cells.reduce((total, { flows }) => total + BigInt(flows[asset]?.[side] ?? 0), 0n));
  return Object.fromEntries(assets.map((asset) => [asset, tidy(sum(asset, 'gross') / sum(asset, 'net'))]));
}

/** Evenly by share, the first and the last included. */
export function thinSteps(steps: readonly (readonly [number, number])[]): [number, number][] {
  const kept =
    steps.length <= CDF_STEPS_MAX
      ? steps
      : Array.from(
          { length: CDF_STEPS_MAX },
          (_, place) =>
            steps[Math.round((place * (steps.length - 1)) / (CDF_STEPS_MAX - 1))] ?? ([0, 0] as const),
        );
  return kept.map(([ms, share]) => [tidy(ms) ?? 0, tidy(share) ?? 0]);
}

/** JSON has no infinity: what was never reached is null. */
export function tidy(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : null;
}

export function tidyInterval(interval: Interval | undefined): [number, number] | null {
  const [low, high] = interval?.map(tidy) ?? [];
  return low === undefined || high === undefined || low === null || high === null ? null : [low, high];
}

/** A whole number of smallest units with as many good digits as a statistic has. */
export function amountText(value: number): string | null {
  if (!Number.isFinite(value)) return null;
  if (Math.abs(value) < 2 ** 53) return String(Math.round(value) + 0);
  const [mantissa = '0', exponent = '0'] = value.toExponential(DIGITS - 1).split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  return `${whole}${fraction}${'0'.repeat(Number(exponent) - fraction.length)}`;
}

function amountInterval(interval: Interval | undefined): [string, string] | null {
  const [low, high] = interval?.map(amountText) ?? [];
  return typeof low === 'string' && typeof high === 'string' ? [low, high] : null;
}
