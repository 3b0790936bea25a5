/**
 * The result of a run, exactly as `result.json` holds it (docs/results.md, result.json). Snake case, amounts as decimal
 * strings; only `wall_ms` is not repeatable, and no hash covers it.
 */
import { z } from 'zod';

const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const amount = z.string().regex(/^[0-9]+$/);
const signedAmount = z.string().regex(/^-?[0-9]+$/);
const count = z.int().nonnegative();
const amounts = z.record(z.string(), amount);
const signedAmounts = z.record(z.string(), signedAmount);

const actionSchema = z.strictObject({
  type: z.enum(['swap', 'draw', 'ibc_transfer']),
  asset: z.string(),
  amount,
  /** What a settled swap really paid, in the base asset. */
  amount_in: amount.optional(),
});

const attemptSchema = z.strictObject({
  attempt: z.int().positive(),
  proposer: z.string(),
  /** Absent while the attempt runs. */
  outcome: z.enum(['confirmed', 'reverted', 'missed', 'superseded']).optional(),
  revert_code: z.string().optional(),
});

export const batchResultSchema = z.strictObject({
  seq: z.int().positive(),
  from_height: z.int().positive(),
  to_height: z.int().positive(),
  borrowed: amounts,
  repaid: amounts,
  net: signedAmounts,
  fees: amounts,
  liquidations: count,
  /** Absent where it carries none. */
  cross_chain: z
    .array(z.strictObject({ type: z.enum(['lock', 'complete', 'refund']), transfer_id: hash }))
    .optional(),
  actions: z.array(actionSchema),
  state: z.enum(['sealed', 'submitted', 'included', 'confirmed', 'reverted', 'missed']),
  attempts: z.array(attemptSchema),
  /** Who really settled it, once that is confirmed; not always the holder of the last attempt. */
  settler: z.string().optional(),
  /** Timestamp of the sealing block. */
  sealed_at_ms: z.int(),
  /** When the holder of the last attempt first handed a transaction over. */
  submitted_at_ms: z.int().optional(),
  /** Timestamp of the settlement block that settled it. */
  included_at_ms: z.int().optional(),
  settlement_height: count.optional(),
  /** Height of the block whose origin told of it. */
  confirmed_at_height: count.optional(),
  gas_used: count.optional(),
  fee: amount.optional(),
  transaction_hash: hash.optional(),
});

export const windowResultSchema = z.strictObject({
  index: count,
  from_height: z.int().positive(),
  to_height: z.int().positive(),
  empty: z.boolean(),
  batch: z.int().positive().optional(),
});

export const slashResultSchema = z.strictObject({
  validator: z.string(),
  reason: z.enum(['missed_settlement', 'equivocation']),
  batch: z.int().positive().optional(),
  attempt: z.int().positive().optional(),
  /** Height of the block that slashed. */
  height: z.int().positive(),
  amount,
});

export const validatorResultSchema = z.strictObject({
  name: z.string(),
  stake: amount,
  jailed: z.boolean(),
  tombstoned: z.boolean(),
  blocks_led: count,
  duties: count,
  missed: count,
});

export const metricsResultSchema = z.strictObject({
  average_batch_size: z.number(),
  settlement_latency_ms: z.strictObject({
    mean: z.number(),
    p50: z.number(),
    p90: z.number(),
    p99: z.number(),
    max: z.number(),
    /** Blocks not settled when the run ended. */
    censored: count,
  }),
  success_rate: z.number(),
  pending_batches: count,
  oldest_pending_age_ms: z.number(),
  total_fee: amount,
  fee_per_block: z.string(),
  max_exposure: amounts,
  blocks_per_second: z.number(),
});

export const lawResultSchema = z.strictObject({
  name: z.string(),
  checks: count,
  violations: z.array(z.string()),
  /** What this law covers and this engine cannot see; absent when it sees everything. */
  unchecked: z.array(z.string()).optional(),
});

export const expectationResultSchema = z.strictObject({
  text: z.string(),
  ok: z.boolean(),
  /** When it was decided. */
  at_ms: z.int(),
  detail: z.string(),
});

const hex = z.string().regex(/^0x(?:[0-9a-f]{2})*$/);

export const slashVerdictSchema = z.strictObject({
  validator: z.string(),
  reason: z.enum(['missed_settlement', 'equivocation']),
  batch: z.int().positive().optional(),
  attempt: z.int().positive().optional(),
  height: z.int().positive(),
  /** The holder could have settled all the time. */
  wrongful: z.boolean(),
  /** Absent when the run ended before a certificate, or where it would be too long. */
  proof: z
    .strictObject({
      headers: z.array(hex),
      certificate: hex,
      evidence: hex.optional(),
      clock_start_height: z.int().positive().optional(),
      settlement_blocks: z.array(hex).optional(),
    })
    .optional(),
});

export const dutyVerdictSchema = z.strictObject({
  batch: z.int().positive(),
  attempt: z.int().positive(),
  holder: z.string(),
  /** The settlement blocks above the first, up to the second, were brought into view while its clock ran. */
  from_settlement_block: count,
  to_settlement_block: count,
  /** Headers that counted. */
  clock: count,
  outcome: z.enum(['settled', 'missed', 'reverted', 'passed_on']),
  attendance: z.enum(['present', 'disturbed', 'absent']),
  /** Of the headers that counted, those in which the holder could not have settled. */
  absent: count,
  reasons: z.array(z.string()),
});

export const verdictReportSchema = z.strictObject({
  chain_id: hash,
  rules: z.strictObject({
    submission_deadline_blocks: count,
    max_attempts: count,
    settlement_gas_reserve: count,
    fee_cap: amount,
  }),
  validators: z.array(z.strictObject({ name: z.string(), public_key: hash, power: z.int().positive() })),
  wrongful_slashes: count,
  unpunished_absences: count,
  attendance: z.strictObject({ present: count, disturbed: count, absent: count }),
  deadlines: z.array(
    z.strictObject({ blocks: z.int().positive(), slashed: count, wrongful: count, undecided: count }),
  ),
  slashes: z.array(slashVerdictSchema),
  duties: z.array(dutyVerdictSchema),
  /** Set when slashes or duties hold only the newest. */
  truncated: z.literal(true).optional(),
});

export const runResultSchema = z.strictObject({
  scenario: z.string(),
  engine: z.enum(['simulation', 'devnet']),
  seed: z.int(),
  virtual_ms: count,
  wall_ms: z.number().nonnegative(),
  height: count,
  finalized_height: count,
  settlement_height: count,
  state_root: hash,
  trace_hash: hash,
  batches: z.array(batchResultSchema),
  windows: z.array(windowResultSchema),
  slashes: z.array(slashResultSchema),
  validators: z.array(validatorResultSchema),
  verdicts: verdictReportSchema,
  /** Those of final blocks; failed ones changed nothing but their sender's nonce. */
  transactions: z.strictObject({ executed: count, failed: z.record(z.string(), count) }),
  metrics: metricsResultSchema,
  laws: z.array(lawResultSchema),
  expectations: z.array(expectationResultSchema),
  /** What made the run itself wrong, such as a transaction that missed the block it was anchored to. */
  errors: z.array(z.string()),
  /** What the scenario asked for and the run never came to. */
  warnings: z.array(z.string()),
  /** Set when batches or windows hold only the last of more than 10,000. */
  truncated: z.literal(true).optional(),
  ok: z.boolean(),
});

export type RunResult = z.infer<typeof runResultSchema>;
export type BatchResult = z.infer<typeof batchResultSchema>;
export type WindowResult = z.infer<typeof windowResultSchema>;
export type SlashResult = z.infer<typeof slashResultSchema>;
export type ValidatorResult = z.infer<typeof validatorResultSchema>;
export type MetricsResult = z.infer<typeof metricsResultSchema>;
export type LawResult = z.infer<typeof lawResultSchema>;
export type SlashVerdict = z.infer<typeof slashVerdictSchema>;
export type DutyVerdict = z.infer<typeof dutyVerdictSchema>;
export type VerdictReport = z.infer<typeof verdictReportSchema>;
export type ExpectationResult = z.infer<typeof expectationResultSchema>;
