/**
 * The statistics of one point of a sweep, as functions of how often each of its runs counts: with all weights 1 they are
 * the estimates, under the draws of a bootstrap they give intervals (docs/choosing-n.md, measures).
 */
import type { Cell } from './cell.ts';
import { PooledLatencies } from './latencyHistogram.ts';

const MS_PER_HOUR = 3_600_000;
const PERCENTILES = [0.5, 0.9, 0.99] as const;

/** What intervals are given of. Times in ms, fees in fee units, worth in USD. */
export const statisticNames = [
  'latency_mean',
  'latency_p50',
  'latency_p90',
  'latency_p99',
  'front_running_mean',
  'front_running_p50',
  'front_running_p99',
  'fee_per_block',
  'fee_per_transaction',
  'transactions_per_hour',
  'gas_per_hour',
  'settlement_chain_share',
  'netting_ratio',
  'exposure_usd_mean',
  'exposure_usd_max_mean',
  'missed_per_hour',
] as const;
export type StatisticName = (typeof statisticNames)[number];
export type Statistics = Readonly<Record<StatisticName, number>>;

/** One number of every run, summed under weights. */
type Column = Float64Array;

export class PointStatistics {
  readonly cells: readonly Cell[];
  /** Assets that some run moved, ascending. */
  readonly assets: readonly string[];
  readonly #latencies: PooledLatencies;
  readonly #frontRunning: PooledLatencies;
  readonly #columns: ReadonlyMap<string, Column>;
  readonly #exposureMax: ReadonlyMap<string, Column>;

  constructor(cells: readonly Cell[]) {
    this.cells = cells;
    this.assets = [...new Set(cells.flatMap(({ exposure }) => Object.keys(exposure)))].sort();
    this.#latencies = new PooledLatencies(cells.map(({ latency }) => latency));
    this.#frontRunning = new PooledLatencies(cells.map(({ front_running }) => front_running));
    const column = (take: (cell: Cell) => number): Column => Float64Array.from(cells, take);
    this.#columns = new Map<string, Column>([
      ['virtualMs', column((cell) => cell.virtual_ms)],
      ['settledBlocks', column((cell) => cell.settled_blocks)],
      ['settledTransactions', column((cell) => cell.settled_transactions)],
      ['latencySum', column((cell) => cell.latency.sumMs)],
      ['frontRunningSum', column((cell) => cell.front_running.sumMs)],
      ['settledBatches', column((cell) => cell.settled_batches)],
      ['fee', column((cell) => Number(cell.fee))],
      ['settlements', column((cell) => cell.settlement_transactions)],
      ['gas', column((cell) => cell.settlement_gas)],
      ['gasCapacity', column((cell) => cell.gas_capacity)],
      ['gross', column((cell) => cell.gross_usd)],
      ['net', column((cell) => cell.net_usd)],
      ['exposure', column((cell) => cell.exposure_usd.integral)],
      ['exposureMax', column((cell) => cell.exposure_usd.max)],
      ['runs', column(() => 1)],
      ['missed', column((cell) => cell.missed)],
      ...this.assets.map(
        (asset) =>
          [`exposure/${asset}`, column((cell) => Number(cell.exposure[asset]?.integral ?? 0))] as const,
      ),
    ]);
    this.#exposureMax = new Map(
      this.assets.map((asset) => [asset, column((cell) => Number(cell.exposure[asset]?.max ?? 0))]),
    );
  }

  /** Every run counting once. */
  get ones(): Float64Array {
    return new Float64Array(this.cells.length).fill(1);
  }

  /** Where nothing was settled, what divides by it is NaN; a percentile that too many never reached is infinite. */
  evaluate(weights: Float64Array): Statistics {
    const sum = (name: string): number => this.#sum(name, weights);
    const [p50 = Infinity, p90 = Infinity, p99 = Infinity] = this.#latencies.percentiles(
      PERCENTILES,
      weights,
    );
    const [frontP50 = Infinity, , frontP99 = Infinity] = this.#frontRunning.percentiles(PERCENTILES, weights);
    const hours = sum('virtualMs') / MS_PER_HOUR;
    const settledBlocks = sum('settledBlocks');
    return {
      latency_mean: sum('latencySum') / settledBlocks,
      latency_p50: p50,
      latency_p90: p90,
      latency_p99: p99,
      front_running_mean: sum('frontRunningSum') / sum('settledBatches'),
      front_running_p50: frontP50,
      front_running_p99: frontP99,
      fee_per_block: sum('fee') / settledBlocks,
      fee_per_transaction: sum('fee') / sum('settledTransactions'),
      transactions_per_hour: sum('settlements') / hours,
      gas_per_hour: sum('gas') / hours,
      settlement_chain_share: sum('gas') / sum('gasCapacity'),
      netting_ratio: sum('gross') / sum('net'),
      exposure_usd_mean: sum('exposure') / sum('virtualMs'),
      exposure_usd_max_mean: sum('exposureMax') / sum('runs'),
      missed_per_hour: sum('missed') / hours,
    };
  }

  /** Unsettled net of one asset, in smallest units, averaged over time. */
  exposureMean(asset: string, weights: Float64Array): number {
    return this.#sum(`exposure/${asset}`, weights) / this.#sum('virtualMs', weights);
  }

  /** The largest of those runs that count. */
  exposureMax(asset: string, weights: Float64Array): number {
    let max = 0;
    for (const [run, value] of (this.#exposureMax.get(asset) ?? []).entries())
      if ((weights[run] ?? 0) > 0 && value > max) max = value;
    return max;
  }

  latencySteps(): (readonly [number, number])[] {
    return this.#latencies.steps();
  }

  #sum(name: string, weights: Float64Array): number {
    const column = this.#columns.get(name) ?? new Float64Array();
    let sum = 0;
    for (let run = 0; run < column.length; run += 1) sum += (weights[run] ?? 0) * (column[run] ?? 0);
    return sum;
  }
}
