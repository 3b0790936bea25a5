/**
 * A real server with a real batcher before callers that mean harm, while somebody else goes on using it: each gets the right refusal,
 * the other notices nothing, and the queue holds what the other sent and nothing else.
 * `SIDEREAL_HOSTILE_BODIES` sets how many bodies are fuzzed; the campaign takes 100,000.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApiLimits } from '../../node/api/server.ts';
import type { ApiHarness } from '../helpers/apiHarness.ts';
import { BatcherOverHttp, signedInput } from '../helpers/batcherOverHttp.ts';
import { answerOf, dial, drip, WellBehavedCaller } from '../helpers/hostileCallers.ts';

const FUZZED_BODIES = Number(process.env.SIDEREAL_HOSTILE_BODIES ?? '2000');

/** Does harm to a server of its own while somebody else is served, on one connection all along; then looks at the queue. */
async function during(limits: Partial<ApiLimits>, harm: (api: ApiHarness) => Promise<void>): Promise<void> {
  const world = await BatcherOverHttp.start({
    api: { limits },
    storageLimits: { queuedRowsMax: 1_000_000, keptRowsMax: 1_000_000 },
  });
  const other = new WellBehavedCaller(world.api.url);
  try {
    await other.sendOne();
    const running = other.run();
    // Whoever fails first is heard.
    await Promise.race([harm(world.api), running]).finally(() => other.stop());
    await running;
    expect(other.sentCount).toBeGreaterThan(1);
    expect(other.connectionCount).toBe(1);
    const tallies = await world.tallies();
    // A long campaign fills whole batches, which are then due.
    expect(tallies.filter(({ target, state }) => target !== 'sidechain' || state === 'failed')).toEqual([]);
    expect(tallies.reduce((sum, { rows }) => sum + rows, 0)).toBe(other.sentCount);
  } finally {
    await world.stop();
  }
}

const head = 'POST /send-input HTTP/1.1\r\nhost: node\r\ncontent-type: application/json\r\n';
const json = { 'content-type': 'application/json' };

function post(
  api: ApiHarness,
  body: string,
  headers: Readonly<Record<string, string>> = json,
): Promise<Response> {
  return api.fetch('/send-input', { method: 'POST', headers, body });
}

describe('slow callers', () => {
  const short = { requestTimeoutMs: 1500, timeoutCheckMs: 50 };
  const habits: readonly (readonly [string, (caller: Socket) => void])[] = [
    ['say nothing', () => undefined],
    [
      'send their headers a byte at a time',
      (caller) => drip(caller, 'POST /send-input HTTP/1.1\r\nx-slow: ', 'x'),
    ],
    [
      'send their bodies a byte at a time',
      (caller) => drip(caller, `${head}content-length: 100000\r\n\r\n{`, ' '),
    ],
    [
      'send the chunks of their bodies a byte at a time',
      (caller) => drip(caller, `${head}transfer-encoding: chunked\r\n\r\nffff\r\n{`, ' '),
    ],
  ];
  for (const [title, behave] of habits)
    it(`200 that ${title}: 408 each`, async () => {
      await during(short, async ({ url }) => {
        const callers = Array.from({ length: 200 }, () => dial(url));
        const answers = callers.map(answerOf);
        for (const caller of callers) behave(caller);
        for (const answer of await Promise.all(answers)) {
          expect(answer).toMatch(/^HTTP\/1\.1 408 /);
          expect(answer).toContain('"success":false,"error":{"code":"REQUEST_TIMEOUT"');
        }
      });
    });

  it('one that goes on after the refusal and never hangs up is cut off', async () => {
    await during(short, async ({ url }) => {
      const caller = dial(url, true);
      const answer = answerOf(caller);
      drip(caller, `${head}content-length: 100000\r\n\r\n{`, ' ');
      expect(await answer).toMatch(/^HTTP\/1\.1 408 /);
    });
  });
});

describe('idle callers', () => {
  const limits = { connectionsMax: 512, requestTimeoutMs: 100_000 };
  /** 1,000, one who behaves, one who comes last. */
  const closedCount = 1002 - limits.connectionsMax;

  /** @param arrive - Resolves when the caller is where it wants to be. */
  async function expectRoom(arrive: (caller: Socket) => Promise<unknown>): Promise<void> {
    await during(limits, async (api) => {
      const callers: Socket[] = [];
      const closed: Promise<unknown>[] = [];
      while (callers.length < 1000) {
        const some = Array.from({ length: 50 }, () => dial(api.url));
        callers.push(...some);
        closed.push(...some.map(answerOf));
        await Promise.all(some.map(arrive));
      }
      // Every place is taken, and the next one is served all the same.
      expect((await api.fetch('/health/live')).status).toBe(200);
      // Those who did nothing for the longest had to go. Fifty come at once, in whatever order.
      await Promise.all(closed.slice(0, closedCount - 50));
      const isOpen = ({ closed }: Socket): boolean => !closed;
      await expect.poll(() => callers.filter(isOpen).length, { timeout: 60_000 }).toBe(1000 - closedCount);
      expect(callers.slice(closedCount + 50).every(isOpen)).toBe(true);
    });
  }

  it('1,000 that say nothing, twice as many as there may be, lock nobody out', async () => {
    await expectRoom((caller) => once(caller, 'connect'));
  });

  it('1,000 that were answered once and keep their connection lock nobody out', async () => {
    await expectRoom((caller) => {
      caller.write('GET /health/live HTTP/1.1\r\nhost: node\r\n\r\n');
      return once(caller, 'data');
    });
  });
});

describe('malformed requests', () => {
  /** Twice the longest input and the rest of a request, and one byte more. */
  const tooMany = 528_385;

  it('bodies above the limit, announced or not', async () => {
    await during({}, async ({ url }) => {
      const announced = dial(url);
      const first = answerOf(announced);
      announced.write(`${head}content-length: ${tooMany}\r\n\r\n{"data":`);
      const chunked = dial(url);
      const second = answerOf(chunked);
      const chunk = `${tooMany.toString(16)}\r\n${'x'.repeat(tooMany)}`;
      chunked.write(`${head}transfer-encoding: chunked\r\n\r\n${chunk}`);
      for (const answer of await Promise.all([first, second])) {
        expect(answer).toMatch(/^HTTP\/1\.1 413 /);
        expect(answer).toContain('"success":false,"error":{"code":"BODY_TOO_LARGE"');
      }
    });
  });

  it('JSON 80,000 deep', async () => {
    const lists = '['.repeat(80_000) + ']'.repeat(80_000);
    const objects = `${'{"a":'.repeat(80_000)}1${'}'.repeat(80_000)}`;
    const bodies: readonly (readonly [string, string, string])[] = [
      ['lists', lists, 'INPUT_REQUEST_INVALID'],
      ['objects', objects, 'INPUT_REQUEST_INVALID'],
      ['lists that do not end', lists.slice(0, 80_000), 'REQUEST_INVALID'],
      ['lists for data', `{"data":${lists}}`, 'INPUT_REQUEST_INVALID'],
      ['lists for a prototype', `{"__proto__":${lists}}`, 'REQUEST_INVALID'],
      [
        'lists for an input',
        JSON.stringify({ data: { ...signedInput('x'), input: [lists] } }),
        'INPUT_REQUEST_INVALID',
      ],
    ];
    await during({}, async (api) => {
      for (const [title, body, code] of bodies) {
        const response = await post(api, body);
        const refused = { success: false, error: { code } };
        expect([response.status, await response.json()], title).toMatchObject([400, refused]);
      }
    });
  });

  it('wrong content types', async () => {
    const body = JSON.stringify({ data: signedInput('borrow|USDC|99999999') });
    const types = [
      ...['text/plain', 'text/json', 'application/xml', 'application/jsonp', 'application/octet-stream'],
      ...['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '*/*', ';', 'json'],
    ];
    const refused = { success: false, error: { code: 'CONTENT_TYPE_UNSUPPORTED' } };
    await during({}, async (api) => {
      for (const type of types) {
        const response = await post(api, body, { 'content-type': type });
        expect([response.status, await response.json()], type).toMatchObject([415, refused]);
      }
    });
  });

  it('requests that two readers could take for different ones, and headers that want to be two', async () => {
    const sneaked = 'GET /status HTTP/1.1\r\nhost: node\r\n\r\n';
    const many = Array.from({ length: 80 }, (_, index) => `x-${index}: 1\r\n`).join('');
    const long = 'x'.repeat(20_000);
    const malformed = '400 REQUEST_MALFORMED';
    const large = '431 HEADERS_TOO_LARGE';
    const rows: readonly (readonly [request: string, refusal: string])[] = [
      [`${head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${sneaked}`, malformed],
      [`${head}content-length: 2\r\ncontent-length: 3\r\n\r\n{}${sneaked}`, malformed],
      [`${head}content-length: +2\r\n\r\n{}`, malformed],
      [`${head}content-length: -1\r\n\r\n{}`, malformed],
      [`${head}transfer-encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n${sneaked}`, malformed],
      [`${head}x-one: a\rx-two: b\r\n\r\n`, malformed],
      [`${head}x-one: a\nx-two: b\n\n\0`, malformed],
      [`${head}x-nul: a\0b\r\n\r\n`, malformed],
      [`${head}: nameless\r\n\r\n`, malformed],
      [`${head}sp ace: 1\r\n\r\n`, malformed],
      ['POST /send-input HTTP/9.9\r\nhost: node\r\n\r\n', malformed],
      // HTTP before it had headers, and so a request without a body.
      ['POST /send-input\r\n\r\n', '400 INPUT_REQUEST_INVALID'],
      ['BREW /send-input HTTP/1.1\r\nhost: node\r\n\r\n', malformed],
      ['\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003', malformed],
      [`GET /${long} HTTP/1.1\r\nhost: node\r\n\r\n`, large],
      [`${head}x-long: ${long}\r\n\r\n`, large],
      [`${head}${many}content-length: 0\r\n\r\n`, large],
    ];
    await during({}, async ({ url }) => {
      const got: (readonly [string, string])[] = [];
      for (const [text] of rows) {
        const caller = dial(url);
        const answer = answerOf(caller);
        caller.end(text);
        const [, status, code] =
          /^HTTP\/1\.1 (\d+) [\s\S]*\r\n\r\n\{[^\n]*"code":"(\w+)"[^\n]*\}$/.exec(await answer) ?? [];
        // One answer, and nobody was told what was sneaked in.
        expect(await answer).not.toContain('chain_id');
        got.push([text, `${status} ${code}`]);
      }
      expect(got).toEqual(rows);
    });
  });

  it('values of headers and paths never come back as headers', async () => {
    await during({}, async (api) => {
      for (const value of ['x%0d%0aset-cookie: a=b', 'x\u00e9', '../../etc/passwd', '{"a":1}']) {
        const response = await post(api, '{}', { ...json, origin: value, 'x-forwarded-for': value });
        expect(response.headers.get('set-cookie')).toBeNull();
        expect(response.headers.get('access-control-allow-origin')).toBe('*');
        await response.arrayBuffer();
      }
      const path = await api.fetch('/input-status/0x1%0d%0aset-cookie:%20a=b');
      expect(path.status).toBe(400);
      expect(path.headers.get('set-cookie')).toBeNull();
    });
  });
});

describe('fuzzed bodies', () => {
  const good = signedInput('borrow|USDC|77777777');
  const oneField = fc.tuple(
    fc.constantFrom('address', 'addressType', 'input', 'signature', 'timestamp', 'target', '__proto__'),
    fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.string({ unit: 'binary', maxLength: 300 })),
  );
  /** No field may stay as it was: then it would be somebody's good input. */
  const nearly = oneField
    .filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(good[key as keyof typeof good]))
    .map(([key, value]) => `{"data":${JSON.stringify({ ...good, [key]: value })}}`);
  const forged = JSON.stringify({ data: { ...good, signature: `0x${'22'.repeat(65)}` } });
  const damaged = fc.tuple(fc.nat(), fc.nat(255)).map(([place, byte]) => {
    const bytes = Buffer.from(forged);
    bytes[place % bytes.length] = byte;
    return bytes;
  });
  const bodies: fc.Arbitrary<string | Uint8Array> = fc.oneof(
    nearly,
    damaged,
    fc.json({ maxDepth: 5 }),
    fc.string({ unit: 'binary', maxLength: 2000 }),
    fc.uint8Array({ maxLength: 2000 }),
    fc.constantFrom('', 'null', 'true', '0', '""', '[]', '{}', '{"data":null}', '{"data":{}}', '\ufeff{}'),
  );

  /** @returns Status and code of the refusal. @throws What is not a refusal of the one shape. */
  function send(url: string, agent: Agent, body: string | Uint8Array): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers = { ...json, 'content-length': Buffer.byteLength(body) };
      const asked = request(`${url}/send-input`, { method: 'POST', agent, headers });
      asked.on('error', reject);
      asked.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => {
          const refused = `${response.statusCode} ${/^\{"success":false,"error":\{"code":"(\w+)"/.exec(text)?.[1]}`;
          if (/^4\d\d [A-Z_]+$/.test(refused)) resolve(refused);
          else reject(new Error(`${response.statusCode} ${text} to ${Buffer.from(body).toString('base64')}`));
        });
      });
      asked.end(body);
    });
  }

  it(
    `${FUZZED_BODIES}: a refusal in the one shape each, and never the server's fault`,
    async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 8 });
      const firstSeed = randomInt(2 ** 30);
      const seen = new Map<string, number>();
      await during({}, async ({ url }) => {
        for (let from = 0; from < FUZZED_BODIES; from += 1000) {
          const seed = firstSeed + from;
          const drawn = fc.sample(bodies, { numRuns: Math.min(1000, FUZZED_BODIES - from), seed });
          const refusals = await Promise.all(drawn.map((body) => send(url, agent, body))).catch((cause) => {
            throw new Error(`seed ${seed}`, { cause });
          });
          for (const refused of refusals) seen.set(refused, (seen.get(refused) ?? 0) + 1);
        }
      }).finally(() => agent.destroy());
      if (process.env.SIDEREAL_HOSTILE_BODIES !== undefined) console.log(Object.fromEntries(seen));
      // They went deep enough to find every step that a body alone can fail.
      expect([...seen.keys()]).toEqual(
        expect.arrayContaining([
          '400 INPUT_ADDRESS_INVALID',
          '400 INPUT_REQUEST_INVALID',
          '400 REQUEST_INVALID',
          '401 INPUT_SIGNATURE_INVALID',
          '404 INPUT_TARGET_UNKNOWN',
        ]),
      );
    },
    60_000 + FUZZED_BODIES * 20,
  );
});
