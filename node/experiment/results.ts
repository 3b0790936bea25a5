/**
 * results.json of a sweep (docs/choosing-n.md, results.json). Nothing in it depends on the host, on the number of
 * workers or on whether the sweep was interrupted: equal experiments give equal bytes.
 */
import { z } from 'zod';
import { seriesSchema } from './cell.ts';

const count = z.int().nonnegative();
const amount = z.string().regex(/^[0-9]+$/);
const signedAmount = z.string().regex(/^-?[0-9]+$/);
const value = z.number().nullable();
const interval = z.tuple([z.number(), z.number()]).nullable();
const amountInterval = z.tuple([amount, amount]).nullable();
const settings = z.record(z.string(), z.string());

const feeSchema = z.strictObject({ mean: amount.nullable(), ci95: amountInterval });
const differenceSchema = z.strictObject({ mean: value, ci95: interval });

export const rowSchema = z.strictObject({
  batch_size: z.int().positive(),
  settings,
  runs: count,
  blocks: count,
  settled_blocks: count,
  censored: count,
  transactions: count,
  sealed_batches: count,
  settled_batches: count,
  latency_ms: z.strictObject({
    mean: value,
    p50: value,
    p90: value,
    p99: value,
    max: value,
    oldest_censored: value,
    ci95: z.strictObject({ mean: interval, p50: interval, p90: interval, p99: interval }),
    cdf: z.array(z.tuple([z.number(), z.number()])),
  }),
  front_running_ms: z.strictObject({
    mean: value,
    p50: value,
    p99: value,
    max: value,
    ci95: z.strictObject({ mean: interval, p50: interval, p99: interval }),
  }),
  total_fee: amount,
  fee_per_block: feeSchema,
  fee_per_transaction: feeSchema,
  transactions_per_hour: z.number(),
  gas_per_hour: z.number(),
  settlement_chain_share: z.number(),
  netting_ratio: value,
  netting: z.record(z.string(), value),
  exposure: z.record(z.string(), z.strictObject({ mean: amount, max: amount, time: amount })),
  exposure_usd: z.strictObject({ mean: z.number(), max: z.number(), max_mean: z.number() }),
  exposure_time: z.number(),
  missed: count,
  slashed: count,
  reverted: count,
  resent: count,
  ci95: z.strictObject({
    transactions_per_hour: interval,
    gas_per_hour: interval,
    settlement_chain_share: interval,
    netting_ratio: interval,
    exposure_usd_mean: interval,
    exposure_usd_max_mean: interval,
    missed_per_hour: interval,
  }),
  versus_baseline: z.strictObject({
    latency_p99_ms: differenceSchema,
    fee_per_block: z.strictObject({
      mean: signedAmount.nullable(),
      ci95: z.tuple([signedAmount, signedAmount]).nullable(),
    }),
    exposure_usd_mean: differenceSchema,
  }),
  series: seriesSchema.optional(),
});

const pointSchema = z.strictObject({ point: count, batch_size: z.int().positive(), settings });

const limitUseSchema = z.strictObject({
  limit: z.string(),
  allowed: z.number(),
  value,
  met: z.boolean(),
  ci95: interval,
});

export const resultsSchema = z.strictObject({
  scenario: z.string(),
  version: z.string(),
  experiment: z.string(),
  seeds: z.int().positive(),
  first_seed: count,
  duration_ms: count,
  resamples: count,
  percentile_error: z.number(),
  rows: z.array(rowSchema),
  pareto: z.array(z.int().positive()),
  pareto_points: z.array(count),
  limits: z.strictObject({
    latency_p99_ms: z.number().optional(),
    fee_per_block: amount.optional(),
    exposure: z.record(z.string(), amount).optional(),
  }),
  recommended: pointSchema
    .extend({
      by: z.enum(['knee', 'only', 'limits']),
      why: z.string(),
      ci95: z.tuple([z.int(), z.int()]).nullable(),
      chosen: z.array(pointSchema.extend({ share: z.number() })),
      limits: z.array(limitUseSchema),
      runner_up: pointSchema.extend({ why: z.string() }).nullable(),
    })
    .nullable(),
  nearest_miss: pointSchema.extend({ why: z.string(), limits: z.array(limitUseSchema) }).nullable(),
  baseline: pointSchema,
  runs: z.array(
    z.strictObject({
      point: count,
      seed: count,
      phase_ms: count,
      trace_hash: z.string(),
      problems: z.array(z.string()).optional(),
    }),
  ),
  rerun: z.string(),
});

export type Results = z.infer<typeof resultsSchema>;
export type ResultRow = z.infer<typeof rowSchema>;
export type ResultPoint = z.infer<typeof pointSchema>;
export type LimitUseResult = z.infer<typeof limitUseSchema>;
