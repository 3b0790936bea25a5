/** Keys of the input pipeline: what of it each node may choose for itself, and what users sign (schema.ts has the rest). */
import { z } from 'zod';
import { evmLimitDefaults } from '../batcher/adapters/evm/evmAdapterOptions.ts';
import { BATCH_SIZE_MAX, TIME_WINDOW_MS_MAX } from '../batcher/criteria/checkOptions.ts';
import { confirmationLevels } from '../batcher/criteria/confirmationLevel.ts';
import { freshnessDefault } from '../batcher/input/freshness.ts';
import { inputLimitsDefault } from '../batcher/input/inputLimiter.ts';
import { isTargetName } from '../batcher/input/target.ts';
import { inputStorageLimits } from '../batcher/storage/inputStorage.ts';
import { amountValue, flag, group, integer, text } from './fields.ts';

const DAY_MS = 86_400_000;
const SPAN_MS_MAX = 366 * DAY_MS;
/** Most inputs that a storage may be told to keep: more than memory of a process indexes. */
const KEPT_INPUTS_MAX = 100_000_000;

/** Targets that a node can serve; `sidechain` is always one of them. */
export const targetKinds = ['sidechain', 'settlement', 'evm'] as const;
export type TargetKind = (typeof targetKinds)[number];

export const criteriaTypes = ['time', 'size', 'value', 'hybrid', 'custom'] as const;
export const storageTypes = ['level', 'file', 'postgres', 'redis'] as const;

const TARGET_EXPECTED = 'a name of a target: a letter, then up to 31 lower-case letters, digits or hyphens';
const LEVELS_EXPECTED = `one of ${confirmationLevels.join(', ')}`;

function targetName() {
  return z.string({ error: TARGET_EXPECTED }).refine(isTargetName, { error: TARGET_EXPECTED });
}

function whole(min: number, max: number) {
  const error = `an integer from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

const confirmationLevel = z
  .union(
    [
      z.enum(confirmationLevels, { error: LEVELS_EXPECTED }),
      z.record(targetName(), z.enum(confirmationLevels, { error: LEVELS_EXPECTED }), {
        error: 'a map of target to level',
      }),
    ],
    { error: `${LEVELS_EXPECTED}, or a map of target to one of them` },
  )
  .default('wait-receipt')
  .meta({
    description:
      'What a caller waits for that does not say, for all targets or by target; a target that is left out: wait-receipt',
  });

const batchingCriteria = z
  .record(
    targetName(),
    z.strictObject({
      criteria_type: z.enum(criteriaTypes, { error: `one of ${criteriaTypes.join(', ')}` }),
      time_window_ms: whole(1, TIME_WINDOW_MS_MAX).optional(),
      max_batch_size: whole(1, BATCH_SIZE_MAX).optional(),
      target_value: amountValue().optional(),
      value_field: z.string({ error: 'the name of a field of a command, such as amount' }).optional(),
      module: z.string({ error: 'a file and its export, such as ./ready.js#isReady' }).optional(),
    }),
    { error: 'a map of target to { criteria_type, … }' },
  )
  .default({})
  .meta({
    unit: 'map of target to { criteria_type, time_window_ms, max_batch_size, target_value, value_field, module }',
    description:
      'When a batch is due: time, size, value, hybrid or custom; a target that is left out: hybrid with 1000 ms and 500 inputs',
  });

const storage = z
  .strictObject({
    type: z.enum(storageTypes, { error: `one of ${storageTypes.join(', ')}` }).default('level'),
    path: z.string({ error: 'the path of a folder' }).default(''),
    url: z.string({ error: 'postgres://host:port/database or redis://host:port' }).default(''),
    namespace: z.string({ error: 'text' }).default(''),
    timeout_ms: whole(1, DAY_MS).default(10_000),
  })
  .default({ type: 'level', path: '', url: '', namespace: '', timeout_ms: 10_000 })
  .meta({
    unit: '{ type, path, url, namespace, timeout_ms }',
    description:
      'Where inputs are kept: level or file in a folder of the node in path (empty: the folder batcher in storage.path), postgres or redis at url, in a schema or under a prefix called namespace (empty: sidereal), _ and the number of the node',
  });

/** Blocks that may be asked to lie above a batch, as the adapter has it. */
const CONFIRMATIONS_MAX = 10_000;
const evm = z
  .union(
    [
      z.null(),
      z.strictObject({
        urls: z.array(z.string({ error: 'an address' }), { error: 'a list of addresses' }),
        chain_id: whole(1, Number.MAX_SAFE_INTEGER),
        inbox_address: z.string({ error: '0x and 40 hex digits' }),
        secret_key_file: z.string({ error: 'the path of a file, or of a folder' }),
        fee_per_gas_max: amountValue().default(String(evmLimitDefaults.feePerGasMax)),
        gas_max: whole(1, Number.MAX_SAFE_INTEGER).default(evmLimitDefaults.gasMax),
        batch_bytes_max: whole(1, Number.MAX_SAFE_INTEGER).default(evmLimitDefaults.batchBytesMax),
        confirmations: whole(1, CONFIRMATIONS_MAX).default(evmLimitDefaults.confirmations),
        poll_interval_ms: whole(1, DAY_MS).default(evmLimitDefaults.pollIntervalMs),
        bump_after_ms: whole(1, DAY_MS).default(evmLimitDefaults.bumpAfterMs),
        request_timeout_ms: whole(1, DAY_MS).default(evmLimitDefaults.requestTimeoutMs),
      }),
    ],
    { error: '{ urls, chain_id, inbox_address, secret_key_file, … }, or null' },
  )
  .default(null)
  .meta({
    unit: '{ urls, chain_id, inbox_address, secret_key_file, fee_per_gas_max, gas_max, batch_bytes_max, confirmations, poll_interval_ms, bump_after_ms, request_timeout_ms }',
    description:
      'The chain of the target evm (docs/evm-target.md); secret_key_file may be a folder with a file NODE.key for each node, since no two may use one account; null: there is none',
  });

export const batcherGroup = group(
  {
    enabled: flag(true, { description: 'Accept inputs over HTTP' }),
    namespace: text('', {
      description: 'First part of the text that users sign; inputs are good on every chain that has the same',
    }),
    targets: z
      .array(z.enum(targetKinds, { error: `one of ${targetKinds.join(', ')}` }), {
        error: 'a list of targets',
      })
      .default(['sidechain', 'settlement'])
      .meta({ description: 'Where inputs may go; sidechain is always one' }),
    default_target: targetName()
      .default('sidechain')
      .meta({ description: 'Target of inputs that name none, the same on all nodes of a chain' }),
    freshness_past_ms: integer(freshnessDefault.pastMs, 1, SPAN_MS_MAX, {
      unit: 'ms',
      description: 'How old the signed timestamp of an input may be where it comes in',
    }),
    freshness_future_ms: integer(freshnessDefault.futureMs, 0, DAY_MS, {
      unit: 'ms',
      description: 'How far a signed timestamp may lie ahead of clocks and of blocks',
    }),
    execution_span_ms: integer(7_200_000, 1, SPAN_MS_MAX, {
      unit: 'ms',
      description:
        'How long after its timestamp the ledger executes an input, at least freshness_past_ms; replay marks are kept for it',
    }),
    polling_interval_ms: integer(1000, 1, DAY_MS, {
      unit: 'ms',
      description: 'How often batching criteria are looked at',
    }),
    confirmation_level: confirmationLevel,
    batching_criteria: batchingCriteria,
    evm,
    storage,
    retention_ms: integer(7_200_000, 1, 366 * DAY_MS, {
      unit: 'ms',
      description:
        'How long an input is known after its end, so that it is not executed again; at least as long as a signature is fresh',
    }),
    max_retries: integer(3, 1, 1000, {
      unit: 'attempts',
      description: 'Tries that an input is charged with before it fails',
    }),
    max_parks: integer(50, 1, 100_000, {
      unit: 'rests',
      description: 'Rests of a target that cannot be reached, until inputs are charged with a try',
    }),
    receipt_timeout_ms: integer(60_000, 1, DAY_MS, {
      unit: 'ms',
      description:
        'How long a caller waits for its level, and a batch for its receipt before it is asked after',
    }),
    client_burst: integer(inputLimitsDefault.client.burst, 1, 1_000_000, {
      unit: 'inputs',
      description: 'Inputs that one client may send at once',
    }),
    client_per_second: integer(inputLimitsDefault.client.perSecond, 1, 1_000_000, {
      unit: 'inputs a second',
      description: 'Inputs that one client may send for long',
    }),
    account_burst: integer(inputLimitsDefault.account.burst, 1, 1_000_000, {
      unit: 'inputs',
      description: 'Inputs of one account that are taken at once',
    }),
    account_per_second: integer(inputLimitsDefault.account.perSecond, 1, 1_000_000, {
      unit: 'inputs a second',
      description: 'Inputs of one account that are taken for long',
    }),
    queued_inputs_max: integer(inputStorageLimits.queuedRowsMax, 1, KEPT_INPUTS_MAX, {
      unit: 'inputs',
      description: 'Most inputs that wait for their end; more are refused',
    }),
    kept_inputs_max: integer(inputStorageLimits.keptRowsMax, 1, KEPT_INPUTS_MAX, {
      unit: 'inputs',
      description: 'Most inputs that are known, with those that have ended',
    }),
    debug_endpoints: flag(false, {
      description: 'Serve the endpoints that force a batch and clear a queue, behind api.admin_token',
    }),
  },
  'The HTTP input pipeline',
);

/** Keys of the group as parsed, defaults filled in. */
export type BatcherFile = z.infer<typeof batcherGroup>;
