import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, ApiHarness, Description } from '../../../helpers/apiHarness.ts';
import { hashOf } from '../../../helpers/signatory.ts';
import { signedInput } from '../../../helpers/signedInputs.ts';

const admin = { authorization: `Bearer ${ADMIN_TOKEN}` };
const transfer = { type: 'transfer', to: hashOf('11'), asset: 'UM', amount: 1n } as const;
const tooMuch = { ...transfer, amount: 2n ** 100n };

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

  it('gives the same answer to the same signed input: waiting, final, and when its outcome is long forgotten', async () => {
    const api = await ApiHarness.start({ outcomesMax: 1 });
    api.network.run(8_000);
    const { bytes, id } = signedInput(api.network.genesis, api.keys.account('alice'), 'borrow|UM|7', 8_000);
    const ask = async () => {
      const response = await api.post('/transactions', {
        transaction: `0x${Buffer.from(bytes).toString('hex')}`,
      });
      return { status: response.status, answer: await response.json() };
    };
    const pending = { status: 202, answer: { id, status: 'pending' } };
    expect(await ask()).toEqual(pending);
    expect(await ask()).toEqual(pending);
    expect(await api.json(`/transactions/${id}`)).toEqual({ id, status: 'pending' });
    api.network.run(16_000);
    const height = (await api.json(`/transactions/${id}`)).height;
    expect(await api.json(`/transactions/${id}`)).toEqual({ id, status: 'final', height });
    const final = { status: 202, answer: { id, status: 'final' } };
    expect(await ask()).toEqual(final);
    await api.post('/transactions', { transaction: api.signed(transfer) });
    api.network.run(24_000);
    expect((await api.fetch(`/transactions/${id}`)).status).toBe(404);
    expect(await ask()).toEqual(final);
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

  it('closes an idle connection for one that comes above the limit, and none whose caller waits', async () => {
    const api = await ApiHarness.start({ limits: { connectionsMax: 2 } });
    let release = (): void => undefined;
    api.inputs.gate = new Promise((resolve) => {
      release = resolve;
    });
    const waiting = api.post('/send-input', {});
    while (api.inputs.bodies.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const { hostname, port } = new URL(api.url);
    const idle = connect(Number(port), hostname);
    await new Promise((resolve) => idle.on('connect', resolve));
    const closed = new Promise((resolve) => idle.on('close', resolve));
    expect(await exchange(api, 'GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 200 /,
    );
    await closed;
    release();
    expect((await waiting).status).toBe(200);
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
