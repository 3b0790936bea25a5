import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AnswerCode, apiCodes } from '../../../../node/api/codes.ts';
import { codesOf } from '../../../../node/api/openApi.ts';
import { ADMIN_TOKEN, ApiHarness, Description } from '../../../helpers/apiHarness.ts';
import { hashOf, withWrongSignature } from '../../../helpers/signatory.ts';

const alice = (api: ApiHarness) => api.keys.account('alice').address;
const admin = { authorization: `Bearer ${ADMIN_TOKEN}` };
const transfer = { type: 'transfer', to: hashOf('11'), asset: 'UM', amount: 1n } as const;
const tooMuch = { ...transfer, amount: 2n ** 100n };

function damaged(hex: string): string {
  return `0x${Buffer.from(withWrongSignature(Buffer.from(hex.slice(2), 'hex'))).toString('hex')}`;
}

interface Row {
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

const good: readonly Row[] = [
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
];

const refused: readonly Row[] = [
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
    ask: post('/transactions', { transaction: `0x${'00'.repeat(40_000)}` }),
    status: 413,
    code: 'BODY_TOO_LARGE',
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

describe('ApiServer', () => {
  let api: ApiHarness;
  let description: Description;

  beforeAll(async () => {
    api = await ApiHarness.start();
    api.network.run(30_000);
    description = await Description.of(api);
  });
  afterAll(() => api.stop());

  it.each(good.map((row) => ({ ...row, title: `${row.route} ${row.status}` })))(
    '$title: answers as documented',
    async ({ route, ask, status, body }) => {
      const response = await ask(api);
      const answer: unknown = await response.json();
      expect(answer).toMatchObject(trimmed(body, answer));
      expect(response.status).toBe(status);
      description.check(`${route} ${status}`, answer);
    },
  );

  it.each(refused.map((row) => ({ ...row, title: `${row.route} ${row.status} ${row.code}` })))(
    '$title',
    async ({ route, ask, status, code }) => {
      const response = await ask(api);
      const answer: unknown = await response.json();
      expect(answer).toMatchObject({ error: { code } });
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      description.check(`${route} ${status}`, answer);
    },
  );

  it('documents and provokes every code that a route names', () => {
    const provoked = new Set(refused.map(({ code }) => code));
    const elsewhere: readonly AnswerCode[] = [
      'ADMIN_OFF',
      'OPERATOR_KEY_MISSING',
      'REQUEST_TIMEOUT',
      'EVENT_READERS_MAX',
    ];
    for (const route of api.server.routes) {
      for (const code of codesOf(route)) expect([...provoked, ...elsewhere], route.path).toContain(code);
    }
  });

  it('answers every documented success in the table, or in a test of its own', () => {
    const seen = new Set(good.map(({ route, status }) => `${route} ${status}`));
    const elsewhere = ['GET /transactions/{id} 200', 'GET /metrics 200', 'GET /events 200'];
    const successes = description.list().filter(({ key }) => key.endsWith(' 200') || key.endsWith(' 202'));
    for (const { key } of successes) expect([...seen, ...elsewhere]).toContain(key);
  });

  it('gives examples that fit their own schemas', () => {
    for (const { key, type, example } of description.list()) {
      if (type === 'application/json') description.check(key, example);
    }
  });

  it('names every operation once, and every parameter of its path', async () => {
    const { paths } = (await api.json('/openapi.json')) as {
      paths: Record<
        string,
        Record<string, { operationId: string; parameters: { name: string; in: string }[] }>
      >;
    };
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, ...operation })),
    );
    expect(operations.length).toBe(api.server.routes.length);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { path, parameters } of operations) {
      const inPath = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
      expect(inPath).toEqual([...path.matchAll(/\{(.+?)\}/g)].map(([, name]) => name));
    }
  });

  it('takes no other method, and says which there are', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const response = await api.fetch('/blocks/1', { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('GET');
      expect(await response.json()).toMatchObject({ error: { code: 'METHOD_NOT_ALLOWED' } });
    }
    expect((await api.fetch('/blocks', { method: 'HEAD' })).status).toBe(405);
    expect((await api.fetch('/transactions')).headers.get('allow')).toBe('POST');
  });

  it.each(['/nothing', '/blocks/1/2', '/BLOCKS', '/%ff', '/admin/', `/blocks/${'1'.repeat(300)}`])(
    'answers 4xx in the one shape for %s',
    async (path) => {
      const response = await api.fetch(path);
      expect([400, 404]).toContain(response.status);
      expect(await response.json()).toMatchObject({ error: { code: expect.stringMatching(/^[A-Z_]+$/) } });
    },
  );

  it('hides what went wrong inside from the caller, and logs it under the number it gives', async () => {
    api.failure = new Error('secret');
    const response = await api.fetch('/status');
    api.failure = undefined;
    const text = await response.text();
    expect(text).not.toContain('secret');
    const { incident } = (JSON.parse(text) as { error: { details: { incident: string } } }).error.details;
    expect(api.logLines.filter((line) => line.includes(incident) && line.includes('secret'))).toHaveLength(1);
  });

  it('never answers 5xx to JSON of any shape', async () => {
    const bodies = fc.oneof(
      fc.json({ maxDepth: 4 }),
      fc
        .record({ transaction: fc.oneof(fc.string(), fc.stringMatching(/^0x([0-9a-f]{2}){1,90}$/)) })
        .map((one) => JSON.stringify(one)),
      fc.record({ batch_size: fc.jsonValue() }).map((one) => JSON.stringify(one)),
      fc.constant('{"__proto__":{"x":1}}'),
      fc.string(),
    );
    const paths = fc.constantFrom('/transactions', '/admin/settle-now', '/admin/set-batch-size');
    await fc.assert(
      fc.asyncProperty(paths, bodies, async (path, body) => {
        const headers = { 'content-type': 'application/json', ...admin };
        const response = await api.fetch(path, { method: 'POST', headers, body });
        await response.arrayBuffer();
        expect(response.status).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
  });

  it('says what every code of its own means', () => {
    for (const [code, meaning] of Object.entries(apiCodes)) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)+$/);
      expect(meaning.length).toBeGreaterThan(20);
    }
  });
});

describe('ApiServer, health', () => {
  it('is not ready once the head is old, and says how old', async () => {
    const api = await ApiHarness.start();
    api.network.run(10_000);
    api.network.nowMs += 60_000;
    const response = await api.fetch('/health/ready');
    expect(response.status).toBe(503);
    const answer = (await response.json()) as { reasons: string[]; head_age_ms: number };
    expect(answer.reasons).toEqual(['head_stale']);
    expect(answer.head_age_ms).toBeGreaterThanOrEqual(60_000);
    expect((await api.fetch('/health/live')).status).toBe(200);
    await api.stop();
  });

  it('is not ready once it has stopped voting, and shows the code', async () => {
    const api = await ApiHarness.start();
    api.network.run(20_000);
    const { height } = (await api.json('/blocks/8')).origin as { height: number };
    const { nowMs } = api.network;
    const [origin, next] = [height, height + 1].map((at) => api.network.chain.blockAt(at));
    if (origin === undefined || next === undefined) throw new Error('no such settlement blocks');
    const rival = hashOf('99');
    // The settlement chain goes on without the block that the newest final header names.
    for (let at = height; at <= api.network.chain.head.height; at += 1) {
      const blocks = [
        { ...origin, height: at, hash: rival },
        { ...next, height: at + 1, hash: hashOf('98'), parentHash: rival },
      ];
      for (const block of blocks) api.network.deliver(0, { type: 'settlementBlock', nowMs, block });
    }
    expect(await api.json('/status')).toMatchObject({ halted: 'SETTLEMENT_REORG_BELOW_ORIGIN' });
    expect(await api.json('/health')).toMatchObject({ status: 'degraded', reasons: ['halted'] });
    expect(await (await api.fetch('/metrics')).text()).toContain('sidereal_halted 1');
    await api.stop();
  });
});

describe('ApiServer, admin', () => {
  it('is off without a token, whatever the caller sends', async () => {
    const api = await ApiHarness.start({ adminToken: '' });
    for (const headers of [{}, { authorization: 'Bearer ' }, admin]) {
      const response = await api.post('/admin/settle-now', {}, headers as Record<string, string>);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ error: { code: 'ADMIN_OFF' } });
    }
    await api.stop();
  });

  it('signs nothing without an operator’s key', async () => {
    const api = await ApiHarness.start({ holdsOperatorKey: false });
    const response = await api.post('/admin/settle-now', {}, admin);
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: { code: 'OPERATOR_KEY_MISSING' } });
    await api.stop();
  });

  it('seals early and changes N on the ledger, one after the other', async () => {
    const api = await ApiHarness.start();
    for (const [path, body] of [
      ['/admin/settle-now', {}],
      ['/admin/set-batch-size', { batch_size: 3 }],
    ] as const) {
      const { id } = (await (await api.post(path, body, admin)).json()) as { id: string };
      expect(await api.json(`/transactions/${id}`)).toEqual({ id, status: 'pending' });
    }
    api.network.run(20_000);
    expect(await api.json('/settlement')).toMatchObject({ batch_size: 3 });
    expect(await api.json('/batches/1')).toMatchObject({ from_height: 1, to_height: 1 });
    await api.stop();
  });

  it('shows a pause until it is lifted', async () => {
    const api = await ApiHarness.start();
    await api.post('/admin/pause-settlement', {}, admin);
    expect(await api.json('/settlement')).toMatchObject({ paused: true });
    expect(await api.json('/status')).toMatchObject({ settlement_paused: true });
    api.restartNode();
    expect(await api.json('/settlement')).toMatchObject({ paused: true });
    await api.post('/admin/resume-settlement', {}, admin);
    expect(await api.json('/settlement')).toMatchObject({ paused: false });
    await api.stop();
  });
});

describe('ApiServer, transactions', () => {
  it('follows one from the answer 202 over a crash to its end', async () => {
    const api = await ApiHarness.start();
    const description = await Description.of(api);
    const standing = async (id: string) => {
      const answer = await api.json(`/transactions/${id}`);
      description.check('GET /transactions/{id} 200', answer);
      return answer;
    };
    api.network.run(12_000);
    // Nobody hears of them before the crash.
    api.network.isCutOff = (node) => node === 0;
    const sent: string[] = [];
    for (const body of [transfer, tooMuch]) {
      const response = await api.post('/transactions', { transaction: api.signed(body) });
      expect(response.status).toBe(202);
      sent.push(((await response.json()) as { id: string }).id);
    }
    const [first = '', second = ''] = sent;
    expect(await standing(first)).toMatchObject({ status: 'pending' });
    api.restartNode();
    expect(await standing(first)).toMatchObject({ status: 'pending' });
    api.network.isCutOff = () => false;
    const seen = new Set<unknown>();
    while (api.network.nowMs < 26_000) {
      api.network.run(api.network.nowMs + 20);
      seen.add((await standing(first)).status);
    }
    expect([...seen]).toEqual(['pending', 'included', 'final']);
    expect(await standing(second)).toMatchObject({
      status: 'failed',
      code: 'LEDGER_INSUFFICIENT_BALANCE',
      in_block: true,
    });
    api.restartNode();
    expect(await standing(first)).toMatchObject({ status: 'final' });
    await api.stop();
  });

  it('gives the same answer to the same transaction, waiting or final', async () => {
    const api = await ApiHarness.start();
    const body = { transaction: api.signed(transfer, { nonce: 4 }) };
    const ask = async () => {
      const response = await api.post('/transactions', body);
      return { status: response.status, answer: (await response.json()) as { id: string } };
    };
    const before = await ask();
    expect(before.status).toBe(202);
    expect(await ask()).toEqual(before);
    api.network.run(24_000);
    expect(await ask()).toEqual({ status: 202, answer: { id: before.answer.id, status: 'final' } });
    await api.stop();
  });

  it('says why one that was accepted can never be in a block', async () => {
    const api = await ApiHarness.start();
    const transaction = api.signed(transfer, { nonce: 60, expiresAtHeight: 3 });
    const { id } = (await (await api.post('/transactions', { transaction })).json()) as { id: string };
    api.network.run(10_000);
    expect(await api.json(`/transactions/${id}`)).toEqual({
      id,
      status: 'failed',
      height: 3,
      code: 'TRANSACTION_EXPIRED',
      in_block: false,
    });
    await api.stop();
  });
});

describe('ApiServer, limits', () => {
  /** Sends raw bytes and gives what comes back until the server closes. */
  function exchange(api: ApiHarness, text: string): Promise<string> {
    const { hostname, port } = new URL(api.url);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write(text));
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk.toString();
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });
  }

  it.each([
    ['half a request line', 'GET /status HT'],
    ['headers that never end', 'GET /status HTTP/1.1\r\nhost: x\r\nx-a: 1\r\n'],
    [
      'a body that never comes',
      'POST /transactions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"tr',
    ],
  ])('ends a slow request: %s', async (_what, text) => {
    const api = await ApiHarness.start({ limits: { requestTimeoutMs: 200, timeoutCheckMs: 50 } });
    const answer = await exchange(api, text);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('REQUEST_TIMEOUT');
    expect((await api.fetch('/health/live')).status).toBe(200);
    await api.stop();
  });

  it('answers in its own shape to what is not HTTP', async () => {
    const api = await ApiHarness.start();
    const answer = await exchange(api, '\x16\x03\x01\x02\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('REQUEST_MALFORMED');
    await api.stop();
  });

  it('closes connections above the limit and serves those below it', async () => {
    const api = await ApiHarness.start({ limits: { connectionsMax: 1 } });
    const { hostname, port } = new URL(api.url);
    const first = connect(Number(port), hostname);
    await new Promise((resolve) => first.on('connect', resolve));
    expect(await exchange(api, '')).toBe('');
    const closed = new Promise((resolve) => first.on('close', resolve));
    first.destroy();
    await closed;
    await api.stop();
  });

  it('says which port is taken, and what to do', async () => {
    const api = await ApiHarness.start();
    const { port } = new URL(api.url);
    const second = ApiHarness.start({ port: Number(port) });
    await expect(second).rejects.toMatchObject({
      code: 'API_PORT_TAKEN',
      message: expect.stringContaining('--port'),
    });
    await api.stop();
  });
});

/** The expectation as far as the answer's own lists go: a row names the first entries of a list. */
function trimmed(expected: unknown, answer: unknown): Record<string, unknown> {
  if (typeof expected !== 'object' || expected === null) return {};
  return Object.fromEntries(
    Object.entries(expected).map(([key, value]) => {
      const real = (answer as Record<string, unknown>)[key];
      if (!Array.isArray(value) || !Array.isArray(real) || value.length === 0) return [key, value];
      return [key, [...value, ...real.slice(value.length)]];
    }),
  );
}
