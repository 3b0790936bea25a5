import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AnswerCode, apiCodes } from '../../../../node/api/codes.ts';
import { codesOf } from '../../../../node/api/openApi.ts';
import { operationDoors } from '../../../../node/api/operationBody.ts';
import { operationForms } from '../../../../node/api/operationForms.ts';
import { ApiHarness, Description } from '../../../helpers/apiHarness.ts';
import { admin, good, refused } from './answerRows.ts';

/** A body of the doors of operations whose operation is anything, or nearly right. */
const operationJson = fc
  .record({
    operation: fc.oneof(
      fc.jsonValue(),
      fc.record({
        type: fc.constantFrom(...Object.keys(operationForms)),
        escrow_id: fc.constant(`0x${'ab'.repeat(32)}`),
        channel_id: fc.constant(`0x${'ab'.repeat(32)}`),
        amount: fc.jsonValue(),
      }),
      fc
        .tuple(fc.constantFrom(...Object.values(operationForms)), fc.dictionary(fc.string(), fc.jsonValue()))
        .map(([{ example }, changes]) => ({ ...example, ...changes })),
    ),
    sender: fc.constant(`0x${'ab'.repeat(20)}`),
    nonce: fc.nat(),
    signature: fc.constant(`0x${'00'.repeat(65)}`),
  })
  .map((one) => JSON.stringify(one));

describe('answers of the API', () => {
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
      'AUTO_BATCH_ELSEWHERE',
      'AUTO_BATCH_OFF',
      'BATCHER_DEBUG_OFF',
      'BATCHER_OFF',
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
    const elsewhere = [
      'transactions',
      'atomic-batches',
      'receipts',
      'cross-chain-transfers',
      'escrows',
      'channels',
      'treasury/withdrawals',
      'fee-proposals',
    ]
      .map((name) => `GET /${name}/{id} 200`)
      .concat(Object.keys(operationDoors).map((path) => `POST ${path} 202`))
      .concat(
        'GET /documentation 200',
        'GET /auto-batches/live 200',
        'GET /metrics 200',
        'GET /events 200',
        'POST /atomic-batches 200',
        'POST /orders 202',
      );
    const successes = description.list().filter(({ key }) => / 20[0-9]$/.test(key));
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
      operationJson,
      fc.record({ batch_size: fc.jsonValue() }).map((one) => JSON.stringify(one)),
      fc.constant('{"__proto__":{"x":1}}'),
      fc.string(),
    );
    const paths = fc.constantFrom(
      '/transactions',
      '/atomic-batches',
      ...Object.keys(operationDoors),
      '/admin/settle-now',
      '/admin/set-batch-size',
    );
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
