/**
 * One cell of a sweep: a scenario with one seed at one point, run in the simulation and measured. A function of its
 * task alone, so it does not matter which thread or machine runs it, or when.
 */
import { z } from 'zod';
import type { Scenario } from '../scenario/types.ts';
import type { Reuse } from '../simulation/reuse.ts';
import { runSimulation } from '../simulation/run.ts';
import type { HistogramCounts } from './latencyHistogram.ts';
import { RunMeasurement } from './runMeasurement.ts';

export interface CellTask {
  /** Place in the sweep: points in order, seeds within. */
  readonly index: number;
  readonly scenario: Scenario;
  /** Keeps the course of the run, for drawing. */
  readonly withSeries: boolean;
}

const count = z.int().nonnegative();
const amount = z.string().regex(/^[0-9]+$/);
const counts = z.array(z.tuple([count, count]));
const histogramSchema = z.strictObject({ ended: counts, censored: counts, sumMs: count, maxMs: count });
const share = z.number().nonnegative().nullable();

export const seriesSchema = z.strictObject({
  step_ms: z.int().positive(),
  exposure_usd: z.array(z.number().nonnegative()),
  exposure_usd_max: z.array(z.number().nonnegative()),
  base_fee: z.array(share),
  gas_share: z.array(share),
  settled: z.array(count),
});

/** A finished cell, as cells.ndjson holds it. */
export const cellSchema = z.strictObject({
  index: count,
  seed: count,
  phase_ms: count,
  trace_hash: z.string().regex(/^0x[0-9a-f]{64}$/),
  /** Laws that broke, and what made the run itself wrong; empty when all held. */
  problems: z.array(z.string()),
  virtual_ms: count,
  blocks: count,
  settled_blocks: count,
  transactions: count,
  settled_transactions: count,
  latency: histogramSchema,
  front_running: histogramSchema,
  sealed_batches: count,
  settled_batches: count,
  fee: amount,
  settlement_transactions: count,
  settlement_gas: count,
  settlement_blocks: count,
  gas_capacity: count,
  /** Smallest units times ms, and smallest units. */
  exposure: z.record(z.string(), z.strictObject({ integral: amount, max: amount })),
  exposure_usd: z.strictObject({ integral: z.number().nonnegative(), max: z.number().nonnegative() }),
  flows: z.record(z.string(), z.strictObject({ gross: amount, net: amount })),
  gross_usd: z.number().nonnegative(),
  net_usd: z.number().nonnegative(),
  missed: count,
  slashed: count,
  reverted: count,
  resent: count,
  series: seriesSchema.optional(),
});

export type Cell = z.infer<typeof cellSchema>;
export type Series = z.infer<typeof seriesSchema>;

/** Problems kept of one cell. */
const PROBLEMS_MAX = 5;

export interface CellOptions {
  /** Called every now and then: it is alive. */
  readonly onProgress?: () => void;
  /** What earlier cells made; it saves work and changes nothing. */
  readonly reuse?: Reuse;
}

/** Runs and measures one cell. */
export function runCell({ index, scenario, withSeries }: CellTask, options: CellOptions = {}): Cell {
  const { config, durationMs, seed } = scenario;
  const measurement = new RunMeasurement({ assets: config.ledger.assets, durationMs, withSeries });
  const result = runSimulation(scenario, { ...options, probe: measurement, withRecords: false });
  const measures = measurement.finish(result.virtual_ms);
  const problems = [
    ...result.errors,
    ...result.laws.flatMap(({ name, violations }) => violations.map((text) => `${name}: ${text}`)),
  ];
  return {
    index,
    seed,
    phase_ms: config.settlementChain.phaseMs,
    trace_hash: result.trace_hash,
    problems: problems.slice(0, PROBLEMS_MAX),
    virtual_ms: result.virtual_ms,
    blocks: measures.blocks,
    settled_blocks: measures.settledBlocks,
    transactions: measures.transactions,
    settled_transactions: measures.settledTransactions,
    latency: plain(measures.latency),
    front_running: plain(measures.frontRunning),
    sealed_batches: measures.sealedBatches,
    settled_batches: measures.settledBatches,
    fee: String(measures.fee),
    settlement_transactions: measures.settlementTransactions,
    settlement_gas: measures.settlementGas,
    settlement_blocks: measures.settlementBlocks,
    gas_capacity: measures.gasCapacity,
    exposure: Object.fromEntries(
      measures.exposure.map(({ asset, integral, max }) => [
        asset,
        { integral: String(integral), max: String(max) },
      ]),
    ),
    exposure_usd: { integral: measures.exposureUsdIntegral, max: measures.exposureUsdMax },
    flows: Object.fromEntries(
      measures.flows.map(({ asset, gross, net }) => [asset, { gross: String(gross), net: String(net) }]),
    ),
    gross_usd: measures.grossUsd,
    net_usd: measures.netUsd,
    missed: measures.missed,
    slashed: measures.slashed,
    reverted: measures.reverted,
    resent: measures.resent,
    ...(measures.series === undefined ? {} : { series: measures.series as Series }),
  };
}

function plain({ ended, censored, sumMs, maxMs }: HistogramCounts): Cell['latency'] {
  const pairs = (list: HistogramCounts['ended']): [number, number][] => list.map(([a, b]) => [a, b]);
  return { ended: pairs(ended), censored: pairs(censored), sumMs, maxMs };
}
