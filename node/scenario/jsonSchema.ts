/** JSON Schema of a scenario, for editors. The loader's own checks go further; a test keeps the keys of both equal. */
import { metricNames } from './expectationReader.ts';
import { faultBounds } from './faultKinds.ts';
import { faultSchemas } from './faultSchema.ts';
import type { LedgerConditionKey } from './ledgerConditions.ts';
import { modelSchema } from './model/modelSchema.ts';
import { postedKeys } from './postReader.ts';
import { duration, integer, map, node, number, type Schema, text } from './schemaParts.ts';
import { eventKeys } from './timelineReader.ts';

const amount: Schema = { anyOf: [integer(0), { type: 'string', pattern: '^[0-9]{1,39}$' }] };
const signedAmount: Schema = {
  anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^[+-]?[0-9]{1,39}$' }],
};
const amounts: Schema = { type: 'object', additionalProperties: amount };
const flow = map({ account: text, asset: text, amount }, ['asset', 'amount']);
const texts: Schema = { type: 'array', items: text };
const batchState = { enum: ['sealed', 'included', 'confirmed', 'missed'] };
const anchor: Schema = {
  oneOf: [
    map({ block: integer(1) }, ['block']),
    map({ time: duration }, ['time']),
    map({ settlement_block: integer(0) }, ['settlement_block']),
    map({ batch: integer(1), state: batchState }, ['batch', 'state']),
  ],
};

const voucher = map({ payer: text, amount, nonce: integer(1) }, ['payer', 'amount', 'nonce']);

const hexText: Schema = { type: 'string', pattern: '^0x[0-9a-f]*$' };
const pathOr = (schema: Schema): Schema => ({ anyOf: [text, schema] });
const proof: Schema = {
  oneOf: [
    map({ kind: { const: 'cryptographic' }, signer: text }, ['kind']),
    map({ kind: { const: 'multi_party' }, threshold: integer(0), signers: texts, signed: texts }, [
      'kind',
      'signers',
    ]),
    map({ kind: { const: 'tee_attestation' }, document: hexText, file: text }, ['kind']),
    map(
      {
        kind: { const: 'zero_knowledge' },
        verifying_key_id: hexText,
        points: hexText,
        proof: pathOr({ type: 'object' }),
        public_inputs: pathOr(texts),
      },
      ['kind', 'verifying_key_id', 'public_inputs'],
    ),
  ],
};

const transactions: Readonly<Record<string, unknown>> = {
  borrow: flow,
  repay: flow,
  deposit: flow,
  withdraw: flow,
  transfer: map({ account: text, to: text, asset: text, amount }, ['to', 'asset', 'amount']),
  liquidate: map(
    {
      account: text,
      borrower: text,
      debt_asset: text,
      amount,
      collateral_asset: text,
      collateral_amount: amount,
    },
    ['borrower', 'debt_asset', 'amount', 'collateral_asset'],
  ),
  price: map({ asset: text, price: amount }, ['asset', 'price']),
  unjail: { anyOf: [text, node] },
  settle_now: { const: true },
  set_batch_size: integer(1),
  atomic_batch: map(
    {
      account: text,
      id: text,
      expires_after_blocks: integer(-1),
      requests: {
        type: 'array',
        minItems: 1,
        items: map(
          {
            id: text,
            from: text,
            escrow: text,
            channel: text,
            to: text,
            asset: text,
            amount,
            metadata: text,
            proof,
          },
          ['id', 'to', 'asset', 'amount'],
        ),
      },
      signers: texts,
    },
    ['id', 'requests'],
  ),
  escrow_open: map(
    {
      account: text,
      id: text,
      asset: text,
      amount,
      parties: texts,
      threshold: integer(0),
      expires_after_blocks: integer(-1),
    },
    ['id', 'asset', 'amount', 'expires_after_blocks'],
  ),
  escrow_refund: map({ account: text, id: text }, ['id']),
  channel_open: map(
    { account: text, id: text, to: text, asset: text, amount, expires_after_blocks: integer(0) },
    ['id', 'to', 'asset', 'amount'],
  ),
  channel_close: map({ account: text, id: text, amount, signers: texts }, ['id', 'amount', 'signers']),
  channel_unilateral_close: map({ account: text, id: text, voucher }, ['id']),
  channel_dispute: map({ account: text, id: text, voucher }, ['id', 'voucher']),
  channel_settle: map({ account: text, id: text }, ['id']),
  treasury_propose: map(
    { account: text, id: text, asset: text, amount, to: text, expires_after_blocks: integer(-1) },
    ['id', 'asset', 'amount', 'to'],
  ),
  treasury_approve: map({ account: text, id: text, asset: text, amount, to: text }, [
    'id',
    'asset',
    'amount',
    'to',
  ]),
  fee_propose: map({ node: text, id: text, network_fee_bps: integer(0) }, ['node', 'id', 'network_fee_bps']),
  fee_vote: map({ node: text, id: text, network_fee_bps: integer(0), vote: { enum: ['yes', 'no'] } }, [
    'node',
    'id',
    'network_fee_bps',
    'vote',
  ]),
  cross_chain_send: map(
    { account: text, id: text, to: text, asset: text, amount, timeout_blocks: integer(1) },
    ['id', 'to', 'asset', 'amount'],
  ),
};

const event = map(
  {
    ...Object.fromEntries(eventKeys.map((key) => [key, {}])),
    at: anchor,
    for: duration,
    account: text,
    ...transactions,
    cross_chain_deposit: map({ account: text, to: text, asset: text, amount, timeout_blocks: integer(1) }, [
      'to',
      'asset',
      'amount',
    ]),
    post_input: map({
      account: text,
      send: { type: 'boolean' },
      ...Object.fromEntries(postedKeys.map((key) => [key, transactions[key]])),
    }),
    transactions: { type: 'array', items: map({ account: text, ...transactions }) },
    inputs_to: { type: 'array', items: text, minItems: 1, uniqueItems: true },
    ...faultSchemas,
  },
  ['at'],
);

const bound: Schema = {
  anyOf: [
    { type: 'number' },
    { type: 'string', pattern: '^(<=|>=|<|>|=) *-?[0-9]+(\\.[0-9]+)?$' },
    {
      type: 'object',
      minProperties: 1,
      maxProperties: 1,
      propertyNames: { enum: ['<', '<=', '=', '>=', '>'] },
    },
  ],
};
const incident: Schema = { anyOf: [text, { type: 'number' }, map({ node: text, count: bound })] };
const amountBound = { equals: amount, at_least: amount, at_most: amount };
const ofAsset = map({ asset: text, ...amountBound }, ['asset']);
const held = map({ id: text, ...amountBound }, ['id']);
const ledgerConditions: Readonly<Record<LedgerConditionKey, Schema>> = {
  balance: map({ account: text, asset: text, ...amountBound }, ['account', 'asset']),
  escrow: held,
  channel: held,
  atomic_batch: map(
    { id: text, status: { enum: ['completed', 'failed'] }, error: text, failed_at: integer(0) },
    ['id', 'status'],
  ),
  receipt: map({ id: text, gross: amount, net: amount, fee: amount }, ['id']),
  treasury: ofAsset,
  gathered_fees: ofAsset,
  network_fee_bps: integer(0, 10_000),
};
const condition: Schema = {
  type: 'object',
  minProperties: 1,
  maxProperties: 1,
  properties: {
    converged: { type: 'boolean' },
    height_at_least: integer(0),
    pending_batches: bound,
    confirmed_batches: bound,
    open_transfers: bound,
    completed_transfers: bound,
    refunded_transfers: bound,
    slashed: incident,
    jailed: incident,
    missed: incident,
    halted: { anyOf: [{ type: 'boolean' }, text] },
    ...ledgerConditions,
    ...Object.fromEntries(metricNames.map((name) => [`metrics.${name}`, bound])),
  },
  patternProperties: { '^metrics\\.max_exposure\\.': bound },
  additionalProperties: false,
};
const netAmounts: Schema = { type: 'object', additionalProperties: signedAmount };

const expectation: Schema = {
  oneOf: [
    ...['always', 'never', 'eventually', 'final'].map((key) => map({ [key]: condition }, [key])),
    map(
      {
        within: {
          anyOf: [
            duration,
            map({ settlement_blocks: integer(1) }),
            map({ blocks: integer(1) }),
            map({ time: duration }),
          ],
        },
        after: anchor,
        state: batchState,
        batch: integer(1),
      },
      ['within', 'after', 'state', 'batch'],
    ),
    map(
      {
        batch: integer(1),
        from_height: integer(1),
        to_height: integer(1),
        net: netAmounts,
        borrowed: amounts,
        repaid: amounts,
        action: { enum: ['swap', 'draw', 'ibc_transfer'] },
        actions: { type: 'array', items: map({ type: text, asset: text, amount }, ['type', 'asset']) },
        state: { enum: ['sealed', 'submitted', 'included', 'confirmed', 'reverted', 'missed'] },
        proposer: text,
        attempts: integer(1),
        settlement_height: integer(0),
        included_at: duration,
        confirmed_by: duration,
        liquidations: integer(0),
      },
      ['batch'],
    ),
  ],
};

/** The schema of a scenario file; its `config` is described by the configuration's own. */
export function scenarioJsonSchema(): object {
  const holdings = map({ balances: amounts, deposits: amounts, debts: amounts });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...map({
      name: text,
      seed: integer(0),
      duration,
      blocks: integer(1),
      config: { type: 'object' },
      network: map({
        latency_ms: duration,
        jitter_ms: duration,
        loss: number(faultBounds.probability),
        duplicate: number(faultBounds.probability),
        reorder: number(faultBounds.probability),
        bandwidth_mbps: number(faultBounds.bandwidthMbps),
      }),
      timeline: { type: 'array', items: event },
      workload: map({
        trace: text,
        time_scale: { type: 'number', minimum: 0 },
        blocks: integer(1),
        uniform: map({ transactions_per_block: integer(1) }, ['transactions_per_block']),
        model: modelSchema,
      }),
      auto_fund: { type: 'boolean' },
      accounts: { type: 'object', additionalProperties: holdings },
      pool_cash: amounts,
      allow_unsafe: { type: 'boolean' },
      expect: { type: 'array', items: expectation },
    }),
  };
}
