/** The table of documented answers and refusals that answers.test.ts goes through, on a network at 30 s. */
import { expect } from 'vitest';
import type { Hash } from '../../../../consensus/primitives/flavor.ts';
import type { AnswerCode } from '../../../../node/api/codes.ts';
import { type AutoBatchCode, autoBatchError } from '../../../../node/autobatch/codes.ts';
import { inputAnswers } from '../../../../node/batcher/input/codes.ts';
import type { InputAnswer } from '../../../../node/batcher/pipeline/inputPipeline.ts';
import { signOrder } from '../../../../settlement/atomic/order.ts';
import type { SettlementRequest } from '../../../../settlement/atomic/types.ts';
import type { TransactionBody } from '../../../../settlement/execution/transactionBody.ts';
import { ADMIN_TOKEN, type ApiHarness } from '../../../helpers/apiHarness.ts';
import { atomicBatchJson } from '../../../helpers/atomicBatchJson.ts';
import { queuedAnswer } from '../../../helpers/fakePipeline.ts';
import { makeOrder, type TestOrder } from '../../../helpers/orderClients.ts';
import { hashOf, withWrongSignature } from '../../../helpers/signatory.ts';

const alice = (api: ApiHarness) => api.keys.account('alice').address;
export const admin = { authorization: `Bearer ${ADMIN_TOKEN}` };
const transfer = { type: 'transfer', to: hashOf('11'), asset: 'UM', amount: 1n } as const;
const tooMuch = { ...transfer, amount: 2n ** 100n };

/** Payments of alice to 0x11… of one unit each, but for what is given. */
function batchBody(
  api: ApiHarness,
  requests: readonly Partial<SettlementRequest>[],
  changes: { readonly batchId?: string; readonly expiresAtHeight?: number } = {},
): TransactionBody {
  const batch = {
    batchId: hashOf('ab'),
    expiresAtHeight: 30,
    ...changes,
    requests: requests.map((fields, index) => ({
      settlementId: `0x${index.toString(16).padStart(64, 'c')}`,
      from: alice(api),
      to: hashOf('11'),
      amount: 1n,
      asset: 'UM',
      kind: 'immediate' as const,
      metadata: '',
      ...fields,
    })),
  };
  return { type: 'atomic_batch', batch, signers: [] };
}

function damaged(hex: string): string {
  return `0x${Buffer.from(withWrongSignature(Buffer.from(hex.slice(2), 'hex'))).toString('hex')}`;
}

/** A payment of alice to 0x11… under a reference. */
export function orderOf(api: ApiHarness, reference: string, amount = 1n, lastHeight?: number): TestOrder {
  const { address, secretKey } = api.keys.account('alice');
  const party = { address, sign: (orderId: Hash) => signOrder(secretKey, orderId) };
  return makeOrder(api.network.genesis.chainId, party, {
    to: hashOf('11'),
    amount,
    reference,
    lastHeight,
  });
}

/** One request and what must come of it. */
export interface Row {
  /** As documented: `GET /blocks/{height}`. */
  readonly route: string;
  readonly ask: (api: ApiHarness) => Promise<Response>;
  readonly status: number;
  readonly body?: unknown;
  readonly code?: AnswerCode;
}

const get = (path: string) => (api: ApiHarness) => api.fetch(path);
const post =
  (path: string, body: unknown = {}, headers: Record<string, string> = {}) =>
  (api: ApiHarness) =>
    api.post(path, body, headers);
const submit = (make: (api: ApiHarness) => string) => (api: ApiHarness) =>
  api.post('/transactions', { transaction: make(api) });
/** The same transaction as the body of a batch, but for what is given. */
const sendBatch =
  (make: (api: ApiHarness) => string, changes: object = {}) =>
  (api: ApiHarness) =>
    api.post('/atomic-batches', { ...atomicBatchJson(make(api)), ...changes });
const forced = (code: string) => async (api: ApiHarness) => {
  api.forcedVerdict = { verdict: 'ignore', code };
  try {
    return await api.post('/transactions', { transaction: api.signed(transfer) });
  } finally {
    api.forcedVerdict = undefined;
  }
};
const unready = (peers: readonly number[], path: string) => async (api: ApiHarness) => {
  api.peers = peers;
  try {
    return await api.fetch(path);
  } finally {
    api.peers = [1, 2, 3];
  }
};

const unsupervised = (ask: Row['ask']) => async (api: ApiHarness) => {
  api.isSupervised = false;
  try {
    return await ask(api);
  } finally {
    api.isSupervised = true;
  }
};

const id = hashOf('5d');
const input = { data: {}, confirmationLevel: 'no-wait' };
const answering = (answer: Partial<InputAnswer>) => async (api: ApiHarness) => {
  api.inputs.answer = { ...queuedAnswer, ...answer };
  try {
    return await api.post('/send-input', input);
  } finally {
    api.inputs.answer = queuedAnswer;
  }
};
const refusing = (code: AnswerCode, ask: Row['ask']) => async (api: ApiHarness) => {
  api.inputs.refusal = { ok: false, code, message: 'no', details: { retry_after_s: 7 } };
  try {
    return await ask(api);
  } finally {
    api.inputs.refusal = undefined;
  }
};

export const good: readonly Row[] = [
  {
    route: 'POST /send-input',
    ask: answering({}),
    status: 200,
    body: { success: true, message: 'Input queued for batching', requestId: id, inputsProcessed: 1 },
  },
  {
    route: 'POST /send-input',
    ask: answering({ level: 'wait-receipt', transactionHash: '0xabc', isDuplicate: true }),
    status: 200,
    body: { message: 'Input processed successfully', transactionHash: '0xabc', duplicate: true },
  },
  {
    route: 'POST /send-input',
    ask: answering({ level: 'wait-effectstream-processed', transactionHash: '0xabc', rollup: 12 }),
    status: 200,
    body: { message: 'Input processed and validated by Effectstream', transactionHash: '0xabc', rollup: 12 },
  },
  {
    route: 'POST /send-input',
    ask: answering({ isTimedOut: true }),
    status: 202,
    body: { success: true, message: expect.stringContaining(`/input-status/${id}`), requestId: id },
  },
  {
    route: 'GET /input-status/{requestId}',
    ask: get(`/input-status/${id}`),
    status: 200,
    body: {
      success: true,
      status: 'complete',
      subState: 'confirmed',
      rollup: 12,
      retryCount: 1,
      parks: 2,
      acceptedAt: '2026-01-01T00:00:00.000Z',
      endedAt: '2026-01-01T00:00:02.000Z',
    },
  },
  {
    route: 'GET /queue-stats',
    ask: get('/queue-stats'),
    status: 200,
    body: {
      totalPendingInputs: 6,
      targets: [{ target: 'sidechain', criteriaType: 'time', pendingInputs: 6, oldestAgeMs: 700 }],
    },
  },
  {
    route: 'POST /admin/force-batch',
    ask: post('/admin/force-batch', { target: 'sidechain' }, admin),
    status: 202,
    body: { target: 'sidechain' },
  },
  {
    route: 'POST /admin/clear-queue',
    ask: post('/admin/clear-queue', { target: 'sidechain' }, admin),
    status: 200,
    body: { target: 'sidechain', cleared: 3 },
  },
  {
    route: 'GET /status',
    ask: get('/status'),
    status: 200,
    body: { name: 'node-0', peers: 3, settlement_paused: false, halted: null, version: '0.1.0' },
  },
  { route: 'GET /health', ask: get('/health'), status: 200, body: { status: 'ok', reasons: [] } },
  {
    route: 'GET /health',
    ask: unready([], '/health'),
    status: 503,
    body: { status: 'degraded', reasons: ['peers_below_quorum'] },
  },
  { route: 'GET /health/live', ask: get('/health/live'), status: 200, body: { status: 'ok' } },
  { route: 'GET /health/ready', ask: get('/health/ready'), status: 200, body: { status: 'ok' } },
  { route: 'GET /health/ready', ask: unready([3], '/health/ready'), status: 503, body: { peers: 1 } },
  {
    route: 'GET /blocks',
    ask: get('/blocks?limit=2&before=5'),
    status: 200,
    body: { blocks: [{ height: 4 }, { height: 3, transaction_count: 1 }], next_before: 3 },
  },
  {
    route: 'GET /blocks',
    ask: get('/blocks?before=2'),
    status: 200,
    body: { blocks: [{ height: 1 }], next_before: null },
  },
  {
    route: 'GET /blocks',
    ask: get('/blocks?before=0'),
    status: 200,
    body: { blocks: [], next_before: null },
  },
  {
    route: 'GET /blocks/{height}',
    ask: get('/blocks/1'),
    status: 200,
    body: {
      height: 1,
      timestamp_ms: 0,
      leader: 'node-0',
      transactions: [{ type: 'borrow', nonce: 0, result: 'ok' }],
    },
  },
  {
    route: 'GET /batches',
    ask: get('/batches'),
    status: 200,
    body: { batches: [{ seq: 3 }, { seq: 2 }, { seq: 1 }], next_before: null },
  },
  {
    route: 'GET /batches',
    ask: get('/batches?limit=1&before=3'),
    status: 200,
    body: { batches: [{ seq: 2 }], next_before: 2 },
  },
  {
    route: 'GET /batches/{seq}',
    ask: get('/batches/1'),
    status: 200,
    body: {
      seq: 1,
      from_height: 1,
      to_height: 2,
      state: 'confirmed',
      net: { UM: '1000', USDC: '70' },
      sealed_at_ms: 2000,
      settler: 'node-0',
      attempts: [{ attempt: 1, proposer: 'node-0', outcome: 'confirmed' }],
    },
  },
  {
    route: 'GET /accounts/{address}',
    ask: (api) => api.fetch(`/accounts/${alice(api)}`),
    status: 200,
    body: { label: 'alice', nonce: 4, next_nonce: 4 },
  },
  {
    route: 'GET /accounts/{address}',
    ask: get(`/accounts/0x${'ab'.repeat(20)}`),
    status: 200,
    body: { label: null, nonce: 0, next_nonce: 0, assets: [] },
  },
  {
    route: 'GET /validators',
    ask: get('/validators'),
    status: 200,
    body: { validators: [{ name: 'node-0', stake: '1000', jailed: false }, {}, {}, {}] },
  },
  { route: 'GET /treasury', ask: get('/treasury'), status: 200, body: { threshold: 2, withdrawals: [] } },
  {
    route: 'GET /fee-proposals',
    ask: get('/fee-proposals'),
    status: 200,
    body: { network_fee_bps: 50, open: [] },
  },
  {
    route: 'GET /assets',
    ask: get('/assets'),
    status: 200,
    body: { assets: [{ symbol: 'UM', decimals: 6 }] },
  },
  {
    route: 'GET /settlement',
    ask: get('/settlement'),
    status: 200,
    body: { paused: false, batch_size: 2, pending: [], unsettled: {} },
  },
  {
    route: 'POST /transactions',
    ask: submit((api) => api.signed(transfer)),
    status: 202,
    body: { status: 'pending' },
  },
  { route: 'POST /admin/settle-now', ask: post('/admin/settle-now', {}, admin), status: 202 },
  {
    route: 'POST /admin/set-batch-size',
    ask: post('/admin/set-batch-size', { batch_size: 7 }, admin),
    status: 202,
  },
  { route: 'POST /admin/restart', ask: post('/admin/restart', {}, admin), status: 202 },
  {
    route: 'POST /admin/pause-settlement',
    ask: post('/admin/pause-settlement', {}, admin),
    status: 200,
    body: { paused: true, duty_clock: 'running' },
  },
  {
    route: 'POST /admin/resume-settlement',
    ask: (api) => api.fetch('/admin/resume-settlement', { method: 'POST', headers: admin }),
    status: 200,
    body: { paused: false },
  },
  { route: 'GET /openapi.json', ask: get('/openapi.json'), status: 200, body: { openapi: '3.1.0' } },
  {
    route: 'POST /atomic-batches',
    ask: sendBatch((api) => api.signed(batchBody(api, [{}], { batchId: hashOf('ac') }))),
    status: 202,
    body: { id: hashOf('ac'), status: 'pending', receipts: [] },
  },
  {
    route: 'POST /orders',
    ask: (api) => api.post('/orders', orderOf(api, 'first').body),
    status: 201,
    body: { outcome: 'pending', status: 'Queued', reference: 'first', amount: '1', releases: 0 },
  },
  {
    route: 'POST /orders',
    // Another amount under the same reference.
    ask: async (api) => {
      await api.post('/orders', orderOf(api, 'twice').body);
      return api.post('/orders', orderOf(api, 'twice', 2n).body);
    },
    status: 200,
    body: { repeat: true, reference: 'twice', amount: '1' },
  },
  {
    route: 'GET /orders/{id}',
    ask: async (api) => {
      const { id, body } = orderOf(api, 'picked up');
      await api.post('/orders', body);
      const batch = { batchId: hashOf('b1'), index: 3, status: 'Failed', attempts: 2 } as const;
      api.orders.change(id, {
        status: 'Dequeue',
        batch: { ...batch, ending: undefined, failureCode: 'MEMPOOL_FULL' },
        lastBatchId: hashOf('b0'),
        releases: 1,
      });
      return api.fetch(`/orders/${id}`);
    },
    status: 200,
    body: {
      status: 'Dequeue',
      outcome: 'pending',
      batch: { id: hashOf('b1'), index: 3, status: 'Failed', attempts: 2 },
      last_batch: hashOf('b0'),
      releases: 1,
      failure: 'MEMPOOL_FULL',
    },
  },
  {
    route: 'GET /orders',
    ask: async (api) => {
      await api.post('/orders', orderOf(api, 'listed').body);
      return api.fetch('/orders?limit=5&before=7&status=Queued');
    },
    status: 200,
    body: { next_before: 7 },
  },
  {
    route: 'GET /auto-batches',
    ask: (api) => {
      const failure = { kind: 'rejected', code: 'INSUFFICIENT_BALANCE', failedAt: 3, isFinal: true } as const;
      const batch = api.orders.batchOf({
        batchId: hashOf('b2'),
        status: 'Failed',
        ending: 'released',
        failure,
        owner: 'node-1',
      });
      api.orders.known.set(batch.batchId, { batch, orderIds: [] });
      return api.fetch('/auto-batches?status=Failed');
    },
    status: 200,
    body: {
      batches: [
        {
          id: hashOf('b2'),
          status: 'Failed',
          ending: 'released',
          owner: 'node-1',
          failure: { kind: 'rejected', code: 'INSUFFICIENT_BALANCE', failed_at: 3, is_final: true },
        },
      ],
      next_before: null,
    },
  },
  {
    route: 'GET /auto-batches/{id}',
    ask: (api) => {
      const batch = api.orders.batchOf({ batchId: hashOf('b3'), size: 2 });
      api.orders.known.set(batch.batchId, { batch, orderIds: [hashOf('01'), hashOf('02')] });
      return api.fetch(`/auto-batches/${batch.batchId}`);
    },
    status: 200,
    body: { id: hashOf('b3'), size: 2, orders: [hashOf('01'), hashOf('02')] },
  },
  {
    route: 'GET /auto-batch-stats',
    ask: get('/auto-batch-stats'),
    status: 200,
    body: {
      queued: 1,
      active: { Prepared: 1, Submitted: 2, Accepted: 3, Failed: 4 },
      active_orders: 42,
      submissions: 31,
      confirmed_orders: 2900,
      rejected_orders: 1,
      submissions_saved: 2869,
      oldest_order_age_ms: 3100,
    },
  },
];

/** Asks while the database of orders, or the engine, answers with this code. */
function failingOrders(code: AutoBatchCode, path: string): Row['ask'] {
  return async (api) => {
    api.orders.failure = autoBatchError(code, 'as the test says');
    try {
      return await api.fetch(path);
    } finally {
      api.orders.failure = undefined;
    }
  };
}

const sendRefusals = {
  ...Object.fromEntries(Object.entries(inputAnswers).map(([code, { status }]) => [code, status])),
  BATCHER_BATCH_REVERTED: 422,
  BATCHER_INPUT_REFUSED: 422,
  BATCHER_QUEUE_FULL: 429,
  BATCHER_RECEIPT_TIMEOUT: 503,
  BATCHER_STOPPING: 503,
  BATCHER_TARGET_UNREACHABLE: 503,
  BATCHER_STORAGE_UNAVAILABLE: 503,
  BATCHER_TARGET_PARKED: 503,
  INPUT_CLEARED: 409,
  INPUT_EXPIRED: 409,
  INPUT_FAILED: 422,
  INPUT_LEVEL_UNAVAILABLE: 400,
};

export const refused: readonly Row[] = [
  ...Object.entries(sendRefusals).map(([code, status]) => ({
    route: 'POST /send-input',
    ask: refusing(code as AnswerCode, post('/send-input', input)),
    status,
    code: code as AnswerCode,
  })),
  {
    route: 'GET /input-status/{requestId}',
    ask: get(`/input-status/${hashOf('99')}`),
    status: 404,
    code: 'INPUT_UNKNOWN',
  },
  {
    route: 'GET /input-status/{requestId}',
    ask: get('/input-status/1'),
    status: 400,
    code: 'REQUEST_INVALID',
  },
  {
    route: 'GET /queue-stats',
    ask: refusing('BATCHER_STORAGE_UNAVAILABLE', get('/queue-stats')),
    status: 503,
    code: 'BATCHER_STORAGE_UNAVAILABLE',
  },
  {
    route: 'POST /admin/clear-queue',
    ask: refusing('INPUT_TARGET_UNKNOWN', post('/admin/clear-queue', { target: 'nothing' }, admin)),
    status: 404,
    code: 'INPUT_TARGET_UNKNOWN',
  },
  ...(['AUTO_BATCH_DATABASE_REFUSED', 'AUTO_BATCH_DATABASE_UNREACHABLE', 'AUTO_BATCH_STOPPING'] as const).map(
    (code) => ({
      route: 'GET /auto-batch-stats',
      ask: failingOrders(code, '/auto-batch-stats'),
      status: 503,
      code,
    }),
  ),
  {
    route: 'POST /orders',
    ask: async (api) => {
      api.orders.isFull = true;
      try {
        return await api.post('/orders', orderOf(api, 'one too many').body);
      } finally {
        api.orders.isFull = false;
      }
    },
    status: 429,
    code: 'ORDER_QUEUE_FULL',
  },
  { route: 'POST /orders', ask: post('/orders', { from: 'me' }), status: 400, code: 'ORDER_REQUEST_INVALID' },
  { route: 'POST /orders', ask: post('/orders', []), status: 400, code: 'ORDER_REQUEST_INVALID' },
  {
    route: 'POST /orders',
    ask: (api) => api.post('/orders', { ...orderOf(api, 'signed for one').body, amount: '2' }),
    status: 401,
    code: 'ORDER_SIGNATURE_INVALID',
  },
  { route: 'GET /orders/{id}', ask: get(`/orders/${hashOf('99')}`), status: 404, code: 'ORDER_UNKNOWN' },
  { route: 'GET /orders/{id}', ask: get('/orders/1'), status: 400, code: 'REQUEST_INVALID' },
  { route: 'GET /orders', ask: get('/orders?status=Confirmed'), status: 400, code: 'REQUEST_INVALID' },
  { route: 'GET /auto-batches', ask: get('/auto-batches?status=Lost'), status: 400, code: 'REQUEST_INVALID' },
  {
    route: 'GET /auto-batches/{id}',
    ask: get(`/auto-batches/${hashOf('99')}`),
    status: 404,
    code: 'AUTO_BATCH_UNKNOWN',
  },
  { route: 'GET /blocks/{height}', ask: get('/blocks/9999'), status: 404, code: 'BLOCK_UNKNOWN' },
  { route: 'GET /blocks/{height}', ask: get('/blocks/-1'), status: 400, code: 'REQUEST_INVALID' },
  { route: 'GET /blocks/{height}', ask: get('/blocks/1.5'), status: 400, code: 'REQUEST_INVALID' },
  { route: 'GET /blocks', ask: get('/blocks?limit=0'), status: 400, code: 'REQUEST_INVALID' },
  { route: 'GET /blocks', ask: get('/blocks?limit=101'), status: 400, code: 'REQUEST_INVALID' },
  { route: 'GET /blocks', ask: get('/blocks?limit=1&limit=2'), status: 400, code: 'REQUEST_INVALID' },
  { route: 'GET /blocks', ask: get('/blocks?first=1'), status: 400, code: 'REQUEST_INVALID' },
  { route: 'GET /batches', ask: get('/batches?before=x'), status: 400, code: 'REQUEST_INVALID' },
  { route: 'GET /batches/{seq}', ask: get('/batches/99'), status: 404, code: 'BATCH_UNKNOWN' },
  { route: 'GET /batches/{seq}', ask: get('/batches/first'), status: 400, code: 'REQUEST_INVALID' },
  { route: 'GET /accounts/{address}', ask: get('/accounts/alice'), status: 400, code: 'REQUEST_INVALID' },
  {
    route: 'GET /transactions/{id}',
    ask: get(`/transactions/${hashOf('ee')}`),
    status: 404,
    code: 'TRANSACTION_UNKNOWN',
  },
  { route: 'GET /transactions/{id}', ask: get('/transactions/7'), status: 400, code: 'REQUEST_INVALID' },
  { route: 'POST /transactions', ask: post('/transactions', {}), status: 400, code: 'REQUEST_INVALID' },
  { route: 'POST /transactions', ask: post('/transactions', []), status: 400, code: 'REQUEST_INVALID' },
  {
    route: 'POST /transactions',
    ask: post('/transactions', { transaction: '0x0' }),
    status: 400,
    code: 'REQUEST_INVALID',
  },
  {
    route: 'POST /transactions',
    ask: (api) =>
      api.fetch('/transactions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"transaction":',
      }),
    status: 400,
    code: 'REQUEST_INVALID',
  },
  {
    route: 'POST /transactions',
    ask: (api) => api.fetch('/transactions', { method: 'POST', body: 'transaction=0x00' }),
    status: 415,
    code: 'CONTENT_TYPE_UNSUPPORTED',
  },
  {
    route: 'POST /transactions',
    ask: post('/transactions', { transaction: `0x${'00'.repeat(300_000)}` }),
    status: 413,
    code: 'BODY_TOO_LARGE',
  },
  ...(
    [
      [[], 'BATCH_EMPTY', 422],
      [Array.from({ length: 1001 }, () => ({})), 'BATCH_TOO_LARGE', 422],
      [[{ settlementId: hashOf('a1') }, { settlementId: hashOf('a1') }], 'DUPLICATE_SETTLEMENT_ID', 422],
      [[{ amount: 0n }], 'AMOUNT_ZERO', 422],
      [[{ asset: 'NONE' }], 'LEDGER_ASSET_UNKNOWN', 422],
      [[{ from: hashOf('11'), to: hashOf('12') }], 'PROOF_VERIFICATION_FAILED', 401],
      [[{ from: hashOf('11') }], 'SELF_PAYMENT', 422],
      [[{ settlementId: `0x${'ff'.repeat(32)}` }], 'SETTLEMENT_ID_RESERVED', 422],
    ] as const
  ).flatMap(([requests, code, status]) => [
    {
      route: 'POST /transactions',
      ask: submit((api) => api.signed(batchBody(api, requests))),
      status,
      code,
    },
    {
      route: 'POST /atomic-batches',
      ask: sendBatch((api) => api.signed(batchBody(api, requests))),
      status,
      code,
    },
  ]),
  ...(
    [
      [{ expiresAtHeight: 3 }, 'BATCH_TIMEOUT'],
      [{ expiresAtHeight: 300 }, 'BATCH_EXPIRY_TOO_FAR'],
    ] as const
  ).map(([changes, code]) => ({
    route: 'POST /atomic-batches',
    ask: sendBatch((api) => api.signed(batchBody(api, [{}], changes))),
    status: 422,
    code,
  })),
  {
    route: 'POST /atomic-batches',
    ask: async (api) => {
      const batchId = hashOf('ad');
      await sendBatch((one) => one.signed(batchBody(one, [{}], { batchId })))(api);
      return sendBatch((one) => one.signed(batchBody(one, [{ amount: 2n }], { batchId })))(api);
    },
    status: 409,
    code: 'BATCH_ID_TAKEN',
  },
  {
    route: 'POST /atomic-batches',
    ask: sendBatch((api) => damaged(api.signed(batchBody(api, [{}])))),
    status: 401,
    code: 'TRANSACTION_SIGNATURE_INVALID',
  },
  {
    route: 'POST /atomic-batches',
    ask: async (api) => {
      const body = atomicBatchJson(api.signed(batchBody(api, [{}])));
      const proof = { kind: 'cryptographic', signer: '0x12', signature: '0x' };
      const requests = body.requests.map((request) => ({ ...request, proof }));
      return api.post('/atomic-batches', { ...body, requests });
    },
    status: 400,
    code: 'PROOF_FORM_INVALID',
  },
  ...[
    { nonce: -1 },
    { sender: '0x12' },
    { signature: `0x${'00'.repeat(65)}` },
    { requests: [{}] },
    { batch_id: 7 },
    { surprise: true },
  ].map((changes) => ({
    route: 'POST /atomic-batches',
    ask: sendBatch((api) => api.signed(batchBody(api, [{}])), changes),
    status: 400,
    code: 'REQUEST_INVALID' as const,
  })),
  {
    route: 'POST /atomic-batches',
    ask: post('/atomic-batches', { batch_id: 'x'.repeat(5_000_000) }),
    status: 413,
    code: 'BODY_TOO_LARGE',
  },
  {
    route: 'GET /atomic-batches/{id}',
    ask: get(`/atomic-batches/${hashOf('00')}`),
    status: 404,
    code: 'ATOMIC_BATCH_UNKNOWN',
  },
  {
    route: 'GET /atomic-batches/{id}',
    ask: get('/atomic-batches/7'),
    status: 400,
    code: 'REQUEST_INVALID',
  },
  {
    route: 'GET /receipts/{id}',
    ask: get(`/receipts/${hashOf('00')}`),
    status: 404,
    code: 'RECEIPT_UNKNOWN',
  },
  {
    route: 'GET /treasury/withdrawals/{id}',
    ask: get(`/treasury/withdrawals/${hashOf('00')}`),
    status: 404,
    code: 'TREASURY_WITHDRAWAL_UNKNOWN',
  },
  {
    route: 'GET /fee-proposals/{id}',
    ask: get(`/fee-proposals/${hashOf('00')}`),
    status: 404,
    code: 'FEE_PROPOSAL_UNKNOWN',
  },
  { route: 'GET /escrows/{id}', ask: get(`/escrows/${hashOf('00')}`), status: 404, code: 'ESCROW_UNKNOWN' },
  {
    route: 'GET /channels/{id}',
    ask: get(`/channels/${hashOf('00')}`),
    status: 404,
    code: 'CHANNEL_UNKNOWN',
  },
  {
    route: 'GET /cross-chain-transfers/{id}',
    ask: get(`/cross-chain-transfers/${hashOf('00')}`),
    status: 404,
    code: 'CROSS_CHAIN_TRANSFER_UNKNOWN',
  },
  { route: 'POST /transactions', ask: submit(() => '0xffff'), status: 400, code: 'ENCODING_INVALID' },
  {
    route: 'POST /transactions',
    ask: submit((api) => damaged(api.signed({ ...transfer, amount: 2n }))),
    status: 401,
    code: 'TRANSACTION_SIGNATURE_INVALID',
  },
  {
    route: 'POST /transactions',
    ask: submit((api) => {
      const payer = api.keys.account('alice').address;
      const voucher = { payer, amount: 1n, nonce: 1, signature: new Uint8Array(64) };
      return api.signed({ type: 'channel_dispute', channelId: hashOf('ca'), voucher });
    }),
    status: 401,
    code: 'TRANSACTION_VOUCHER_INVALID',
  },
  {
    route: 'POST /transactions',
    ask: submit((api) => api.signed(transfer, { chainId: hashOf('77') })),
    status: 400,
    code: 'TRANSACTION_CHAIN_MISMATCH',
  },
  {
    route: 'POST /transactions',
    ask: submit((api) => api.signed(tooMuch, { nonce: 0 })),
    status: 409,
    code: 'LEDGER_NONCE_USED',
  },
  {
    route: 'POST /transactions',
    ask: submit((api) => api.signed(transfer, { nonce: 1_000_000 })),
    status: 409,
    code: 'LEDGER_NONCE_AHEAD',
  },
  {
    route: 'POST /transactions',
    ask: submit((api) => api.signed(transfer, { nonce: 50, expiresAtHeight: 1 })),
    status: 409,
    code: 'TRANSACTION_EXPIRED',
  },
  {
    route: 'POST /transactions',
    ask: async (api) => {
      await submit((one) => one.signed(transfer, { nonce: 90 }))(api);
      return submit((one) => one.signed(tooMuch, { nonce: 90 }))(api);
    },
    status: 409,
    code: 'MEMPOOL_NONCE_TAKEN',
  },
  ...(
    [
      ['TRANSACTION_ADDRESS_INVALID', 400],
      ['TRANSACTION_COSIGNATURE_INVALID', 401],
      ['TRANSACTION_TOO_LARGE', 413],
      ['BATCH_ALREADY_EXECUTED', 409],
      ['BATCH_GAS_TOO_HIGH', 422],
      ['BATCH_TOO_MANY_ACCOUNTS', 422],
      ['BATCH_VALUE_TOO_HIGH', 422],
      ['MEMPOOL_FULL', 429],
      ['MEMPOOL_SENDER_FULL', 429],
      ['NODE_OVERLOADED', 503],
      ['NODE_STOPPED', 503],
    ] as const
  ).map(([code, status]) => ({ route: 'POST /transactions', ask: forced(code), status, code })),
  {
    route: 'POST /admin/settle-now',
    ask: post('/admin/settle-now'),
    status: 401,
    code: 'ADMIN_TOKEN_INVALID',
  },
  {
    route: 'POST /admin/restart',
    ask: unsupervised(post('/admin/restart', {}, admin)),
    status: 409,
    code: 'NODE_UNSUPERVISED',
  },
  {
    route: 'POST /admin/pause-settlement',
    ask: post('/admin/pause-settlement', {}, { authorization: 'Bearer let-me-out' }),
    status: 401,
    code: 'ADMIN_TOKEN_INVALID',
  },
  {
    route: 'POST /admin/set-batch-size',
    ask: post('/admin/set-batch-size', { batch_size: 0 }, admin),
    status: 400,
    code: 'REQUEST_INVALID',
  },
  {
    route: 'POST /admin/set-batch-size',
    ask: post('/admin/set-batch-size', {}, admin),
    status: 400,
    code: 'REQUEST_INVALID',
  },
  {
    route: 'GET /status',
    ask: (api) =>
      api.fetch('/status', {
        headers: Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`x-${index}`, '1'])),
      }),
    status: 431,
    code: 'HEADERS_TOO_LARGE',
  },
  {
    route: 'GET /status',
    ask: (api) => api.fetch('/status', { headers: { 'x-long': 'a'.repeat(20_000) } }),
    status: 431,
    code: 'HEADERS_TOO_LARGE',
  },
  {
    route: 'GET /validators',
    ask: async (api) => {
      api.failure = new Error('broken');
      try {
        return await api.fetch('/validators');
      } finally {
        api.failure = undefined;
      }
    },
    status: 500,
    code: 'INTERNAL',
  },
];
