import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { AnswerCode } from '../../../../node/api/codes.ts';
import { ADMIN_TOKEN, ApiHarness, type ApiHarnessOptions } from '../../../helpers/apiHarness.ts';
import { hashOf } from '../../../helpers/signatory.ts';

const admin = { authorization: `Bearer ${ADMIN_TOKEN}` };
const body = { data: { input: 'x' } };
let api: ApiHarness;

async function open(options: ApiHarnessOptions = {}): Promise<void> {
  api = await ApiHarness.start(options);
}

async function answerOf(response: Promise<Response>) {
  const { status, headers, ...rest } = await response.then(async (got) => ({
    status: got.status,
    headers: got.headers,
    body: (await got.json()) as Record<string, unknown>,
  }));
  return { status, headers, ...rest };
}

function refuseWith(code: string, details: Readonly<Record<string, unknown>> = {}): void {
  api.inputs.refusal = { ok: false, code, message: 'no', details };
}

describe('ApiServer, inputs', () => {
  afterEach(() => api.stop());

  it('hands the pipeline the body as it came, and whose it is', async () => {
    await open();
    const strange = { data: [1, { deep: null }], more: true };
    expect((await api.post('/send-input', strange)).status).toBe(200);
    expect((await api.post('/send-input', 'text')).status).toBe(200);
    expect(api.inputs.bodies).toEqual([strange, 'text']);
    expect(api.inputs.clients).toEqual(['127.0.0.1', '127.0.0.1']);
  });

  it('says success: false in every refusal of its endpoints, with the code that is documented', async () => {
    await open();
    const json = { 'content-type': 'application/json' };
    const long = `"${'x'.repeat(600_000)}"`;
    const refusals: readonly (readonly [RequestInit, number, AnswerCode])[] = [
      [{ body: '{', headers: json }, 400, 'REQUEST_INVALID'],
      [{ body: '{"__proto__":{}}', headers: json }, 400, 'REQUEST_INVALID'],
      [{ body: long, headers: json }, 413, 'BODY_TOO_LARGE'],
      [{ body: '{}', headers: { 'content-type': 'text/plain' } }, 415, 'CONTENT_TYPE_UNSUPPORTED'],
      [{ body: '<a/>', headers: { 'content-type': 'application/xml' } }, 415, 'CONTENT_TYPE_UNSUPPORTED'],
    ];
    for (const [init, status, code] of refusals) {
      const answer = await answerOf(api.fetch('/send-input', { method: 'POST', ...init }));
      expect(answer).toMatchObject({ status, body: { success: false, error: { code } } });
    }
    expect(api.inputs.bodies).toEqual([]);
    expect((await answerOf(api.fetch('/input-status/0x1'))).body).toMatchObject({ success: false });
    // Others are as they were.
    expect((await answerOf(api.fetch('/blocks/99'))).body).not.toHaveProperty('success');
  });

  it.each([
    ['INPUT_RATE_LIMITED', { retry_after_s: 7 }, 429, '7'],
    ['INPUT_RATE_LIMITED', { retry_after_s: 0.2 }, 429, '1'],
    ['BATCHER_QUEUE_FULL', {}, 429, '1'],
    ['BATCHER_STOPPING', {}, 503, '1'],
    ['BATCHER_TARGET_PARKED', { request_id: hashOf('5d'), retry_after_s: 32 }, 503, '32'],
    ['INPUT_STALE', {}, 400, null],
  ])('answers %s %j with %i and Retry-After %s', async (code, details, status, retryAfter) => {
    await open();
    refuseWith(code, details);
    const answer = await answerOf(api.post('/send-input', body));
    expect(answer).toMatchObject({ status, body: { success: false, error: { code, details } } });
    expect(answer.headers.get('retry-after')).toBe(retryAfter);
  });

  it('blames the request for a code that only its target knows, and the chain once it is stored', async () => {
    await open();
    refuseWith('MY_GAME_OVER');
    expect(await answerOf(api.post('/send-input', body))).toMatchObject({
      status: 400,
      body: { success: false, error: { code: 'MY_GAME_OVER', retryable: false } },
    });
    refuseWith('LEDGER_INSUFFICIENT_BALANCE', { request_id: hashOf('5d') });
    expect(await answerOf(api.post('/send-input', body))).toMatchObject({ status: 422 });
  });

  it('keeps a caller that waits, however long it is silent', async () => {
    await open({ limits: { idleTimeoutMs: 50, requestTimeoutMs: 50, timeoutCheckMs: 10 } });
    let release = (): void => undefined;
    api.inputs.gate = new Promise((resolve) => {
      release = resolve;
    });
    const waiting = api.post('/send-input', body);
    // Connections that say nothing are closed meanwhile, twice.
    for (let round = 0; round < 2; round += 1) await closingOf(api.url);
    release();
    expect((await waiting).status).toBe(200);
  });

  it('tells the pipeline when a caller that waits hangs up', async () => {
    await open();
    api.inputs.gate = new Promise(() => undefined);
    const caller = request(`${api.url}/send-input`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    caller.on('error', () => undefined);
    caller.end(JSON.stringify(body));
    while (api.inputs.bodies.length === 0) await answerOf(api.fetch('/health/live'));
    caller.destroy();
    await api.inputs.hungUp;
  });

  it('says which key turns it on while it is off, and that it is off', async () => {
    await open({ inputs: null });
    const asked = [
      api.post('/send-input', body),
      api.fetch(`/input-status/${hashOf('5d')}`),
      api.fetch('/queue-stats'),
      api.post('/admin/force-batch', { target: 'sidechain' }, admin),
      api.post('/admin/clear-queue', { target: 'sidechain' }, admin),
    ];
    for (const answer of await Promise.all(asked.map(answerOf))) {
      expect(answer).toMatchObject({
        status: 403,
        body: { error: { code: 'BATCHER_OFF', details: { key: 'batcher.enabled' } } },
      });
    }
    expect(await api.json('/status')).toMatchObject({ batcher: null });
    expect(await api.json('/health')).toMatchObject({ isInitialized: false });
  });

  it('shows clients what they sign for, and whether it takes inputs', async () => {
    await open();
    api.inputs.namespace = 'my game';
    const batcher = {
      isInitialized: true,
      adapterTargets: ['sidechain', 'settlement'],
      defaultTarget: 'sidechain',
      namespace: 'my game',
    };
    expect(await api.json('/status')).toMatchObject({ batcher });
    api.inputs.isStopping = true;
    expect(await api.json('/status')).toMatchObject({ batcher: { isInitialized: false } });
    expect(await api.json('/health')).toMatchObject({ isInitialized: false });
  });

  it('has debug endpoints behind the token and a switch', async () => {
    await open({ hasDebugEndpoints: false });
    const target = { target: 'sidechain' };
    for (const path of ['/admin/force-batch', '/admin/clear-queue']) {
      const without = await answerOf(api.post(path, target));
      expect(without).toMatchObject({ status: 401, body: { error: { code: 'ADMIN_TOKEN_INVALID' } } });
      const off = await answerOf(api.post(path, target, admin));
      expect(off).toMatchObject({
        status: 403,
        body: { error: { code: 'BATCHER_DEBUG_OFF', details: { key: 'batcher.debug_endpoints' } } },
      });
    }
    expect(api.inputs.forced).toEqual([]);
  });

  it('lets pages of any origin ask, and no others than the batcher’s endpoints', async () => {
    await open();
    const preflight = await api.fetch('/send-input', { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toBe('POST');
    expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type');
    refuseWith('INPUT_RATE_LIMITED');
    for (const answer of [preflight, await api.post('/send-input', body), await api.fetch('/status')])
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect((await api.fetch('/admin/settle-now', { method: 'OPTIONS' })).status).toBe(405);
    expect((await api.fetch('/blocks')).headers.get('access-control-allow-origin')).toBeNull();
  });
});

/** Opens a connection that says nothing, until the server closes it. */
function closingOf(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    socket.on('error', reject);
    socket.on('data', () => undefined);
    socket.on('close', () => resolve());
  });
}
