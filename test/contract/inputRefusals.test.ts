/** Every step's refusal through the real server, a real batcher and a storage on disk: status, code, and nothing stored. */
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { AdapterError } from '../../node/batcher/adapters/adapter.ts';
import type { BatcherInput } from '../../node/batcher/input/types.ts';
import { sealJson } from '../../settlement/input/sealedJson.ts';
import {
  alikeAsset,
  BatcherOverHttp,
  type BatcherOverHttpOptions,
  nowMs,
  signedInput,
} from '../helpers/batcherOverHttp.ts';

const good = 'borrow|USDC|1000';
const no = (input: string, wish: Parameters<typeof signedInput>[1] = {}) => ({
  data: signedInput(input, wish),
  confirmationLevel: 'no-wait',
});
const changed = (changes: Partial<Record<keyof BatcherInput, unknown>>) => ({
  data: { ...signedInput(good), ...changes },
});
const hex = (character: string, bytes: number): string => `0x${character.repeat(2 * bytes)}`;
const transfer = { type: 'transfer', to: hex('1', 20), asset: 'UM', amount: '1' };
const batch = {
  type: 'atomic_batch',
  batch_id: hex('a', 32),
  expires_at_height: 10,
  requests: [],
  signers: [],
};
const json = { 'content-type': 'application/json' };

/** What is sent, and what must come of it. */
const rows: readonly (readonly [
  title: string,
  body: unknown,
  status: number,
  code: string,
  headers?: Readonly<Record<string, string>>,
])[] = [
  ['a body that is no JSON', '{"data":', 400, 'REQUEST_INVALID'],
  ['a body with a prototype', '{"__proto__":{"data":1}}', 400, 'REQUEST_INVALID'],
  ['no body', '', 400, 'REQUEST_INVALID'],
  ['another content type', 'data=1', 415, 'CONTENT_TYPE_UNSUPPORTED', { 'content-type': 'text/plain' }],
  ['no content type', new Uint8Array([123, 125]), 415, 'CONTENT_TYPE_UNSUPPORTED', {}],
  ['a body above the limit', `"${'x'.repeat(530_000)}"`, 413, 'BODY_TOO_LARGE'],
  ['a list', [], 400, 'INPUT_REQUEST_INVALID'],
  ['no data', {}, 400, 'INPUT_REQUEST_INVALID'],
  ['a strange key', { ...no(good), level: 'no-wait' }, 400, 'INPUT_REQUEST_INVALID'],
  ['a strange level', { ...no(good), confirmationLevel: 'wait' }, 400, 'INPUT_REQUEST_INVALID'],
  ['a number for a text', changed({ timestamp: nowMs }), 400, 'INPUT_REQUEST_INVALID'],
  ['a strange address type', changed({ addressType: 1 }), 400, 'INPUT_REQUEST_INVALID'],
  ['an address of another type', changed({ addressType: 200 }), 400, 'INPUT_ADDRESS_INVALID'],
  ['an input above the limit', changed({ input: 'x'.repeat(262_145) }), 413, 'INPUT_TOO_LARGE'],
  ['a target that there is not', no(good, { target: 'moon' }), 404, 'INPUT_TARGET_UNKNOWN'],
  ['a timestamp of long ago', no(good, { timestampMs: nowMs - 3_600_001 }), 400, 'INPUT_STALE'],
  ['a timestamp of the future', no(good, { timestampMs: nowMs + 300_001 }), 400, 'INPUT_FROM_FUTURE'],
  ['an input that never fits', no('x'.repeat(51), { target: 'small' }), 422, 'INPUT_NEVER_FITS'],
  ['no signature', changed({ signature: '' }), 401, 'INPUT_SIGNATURE_INVALID'],
  ['a forged signature', changed({ signature: hex('1', 65) }), 401, 'INPUT_SIGNATURE_INVALID'],
  ['somebody else’s signature', changed({ address: hex('1', 20) }), 401, 'INPUT_SIGNATURE_INVALID'],
  ['another input than was signed', changed({ input: 'borrow|USDC|1001' }), 401, 'INPUT_SIGNATURE_INVALID'],
  ['another time than was signed', changed({ timestamp: `${nowMs + 1}` }), 401, 'INPUT_SIGNATURE_INVALID'],
  ['a command that there is not', no('steal|UM|1'), 400, 'INPUT_COMMAND_UNKNOWN'],
  ['too few arguments', no('borrow|UM'), 400, 'INPUT_ARGUMENTS_MISCOUNTED'],
  ['an argument in upper case', no(`transfer|0X${'1'.repeat(40)}|UM|1`), 400, 'INPUT_ARGUMENT_INVALID'],
  ['an amount of nothing', no('borrow|USDC|0'), 400, 'INPUT_AMOUNT_INVALID'],
  ['an amount above all', no(`borrow|USDC|${2n ** 128n}`), 400, 'INPUT_AMOUNT_INVALID'],
  ['an asset that there is not', no('borrow|MOON|1'), 400, 'INPUT_ASSET_UNKNOWN'],
  ['an asset that looks like another', no(`borrow|${alikeAsset}|1`), 400, 'INPUT_ASSET_AMBIGUOUS'],
  ['JSON of another shape', no(sealJson({ ...transfer, more: 1 })), 400, 'INPUT_JSON_INVALID'],
  ['JSON without a seal', no(JSON.stringify(transfer)), 400, 'INPUT_JSON_INVALID'],
  ['JSON under a wrong seal', no(sealJson(transfer).replace('"1"', '"2"')), 400, 'INPUT_JSON_UNSEALED'],
  ['deep JSON', no(sealJson(JSON.parse('['.repeat(1000) + ']'.repeat(1000)))), 400, 'INPUT_JSON_INVALID'],
  ['an atomic batch of nothing', no(sealJson(batch)), 422, 'BATCH_EMPTY'],
  [
    'a level that its target does not have',
    { data: signedInput('x', { target: 'small' }), confirmationLevel: 'wait-effectstream-processed' },
    400,
    'INPUT_LEVEL_UNAVAILABLE',
  ],
];

let world: BatcherOverHttp;

function post(body: unknown, headers: Readonly<Record<string, string>> = json): Promise<Response> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  return world.api.fetch('/send-input', {
    method: 'POST',
    headers,
    body: isRaw ? (body as string) : JSON.stringify(body),
  });
}

async function expectRefusal(response: Response, status: number, code: string): Promise<void> {
  expect(await response.json()).toMatchObject({ success: false, error: { code } });
  expect(response.status).toBe(status);
  const isPatient = status === 429 || status === 503;
  expect(response.headers.get('retry-after')).toEqual(
    isPatient ? expect.stringMatching(/^[1-9][0-9]*$/) : null,
  );
}

describe('POST /send-input, one refusal after the other', () => {
  let before: Awaited<ReturnType<BatcherOverHttp['tallies']>>;
  beforeAll(async () => {
    world = await BatcherOverHttp.start({
      api: { limits: { requestTimeoutMs: 300, timeoutCheckMs: 20 } },
    });
    expect((await post(no('borrow|USDC|7'))).status).toBe(200);
    before = await world.tallies();
  });
  afterAll(() => world.stop());

  for (const [title, body, status, code, headers = json] of rows)
    it(title, async () => {
      await expectRefusal(await post(body, headers), status, code);
      expect(await world.tallies()).toEqual(before);
    });

  it('a body that does not come', async () => {
    const { hostname, port } = new URL(world.api.url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname);
      let text = '';
      socket.on('data', (bytes) => {
        text += String(bytes);
      });
      socket.on('close', () => resolve(text));
      const head = 'POST /send-input HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
      socket.write(`${head}content-length: 100\r\n\r\n{"data":`);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"success":false,"error":{"code":"REQUEST_TIMEOUT"');
    expect(await world.tallies()).toEqual(before);
  });

  it('stores what nothing is wrong with, so that the rows above prove something', async () => {
    const sent = await post(no(`transfer|${hex('1', 20)}|USDC|1`));
    expect(await sent.json()).toMatchObject({ success: true, message: 'Input queued for batching' });
    expect(await world.tallies()).toEqual([{ ...before[0], rows: 2 }]);
  });
});

describe('POST /send-input, refusals that depend on more than the request', () => {
  afterEach(() => world.stop());
  const start = async (options: BatcherOverHttpOptions): Promise<void> => {
    world = await BatcherOverHttp.start(options);
  };
  const few = { burst: 1, perSecond: 0.1, keysMax: 10 };
  const many = { burst: 1000, perSecond: 1000, keysMax: 10 };

  it('a client that sends more than its rate, whatever it sends', async () => {
    await start({ rateLimits: { client: few, account: many } });
    await expectRefusal(await post(changed({ signature: hex('1', 65) })), 401, 'INPUT_SIGNATURE_INVALID');
    const refused = await post(no(good));
    expect(refused.headers.get('retry-after')).toBe('10');
    await expectRefusal(refused, 429, 'INPUT_RATE_LIMITED');
    expect(await world.tallies()).toEqual([]);
  });

  it('an account that sends more than its rate, and no forger takes that from it', async () => {
    await start({ rateLimits: { client: many, account: few } });
    for (let forgery = 0; forgery < 3; forgery += 1)
      await expectRefusal(await post(changed({ signature: hex('1', 65) })), 401, 'INPUT_SIGNATURE_INVALID');
    expect((await post(no(good))).status).toBe(200);
    const stored = await world.tallies();
    await expectRefusal(await post(no('borrow|USDC|2')), 429, 'INPUT_RATE_LIMITED');
    expect(await world.tallies()).toEqual(stored);
    expect((await post(no(good, { key: 2 }))).status).toBe(200);
  });

  it('a queue that is full', async () => {
    await start({ storageLimits: { queuedRowsMax: 1 } });
    expect((await post(no(good))).status).toBe(200);
    const stored = await world.tallies();
    await expectRefusal(await post(no('borrow|USDC|2')), 429, 'BATCHER_QUEUE_FULL');
    expect(await world.tallies()).toEqual(stored);
    // The one that it has is known all the same.
    expect(await (await post(no(good))).json()).toMatchObject({ success: true, duplicate: true });
  });

  it('a storage that cannot be reached', async () => {
    const lost = async (): Promise<never> => {
      throw new CodedError('INPUT_STORAGE_UNREACHABLE', 'gone');
    };
    await start({
      wrap: (storage) =>
        new Proxy(storage, {
          get: (real, name) => {
            if (name === 'add' || name === 'get') return lost;
            const member: unknown = Reflect.get(real, name);
            return typeof member === 'function' ? member.bind(real) : member;
          },
        }),
    });
    await expectRefusal(await post(no(good)), 503, 'BATCHER_STORAGE_UNAVAILABLE');
    const asked = await world.api.fetch(`/input-status/${hex('5', 32)}`);
    await expectRefusal(asked, 503, 'BATCHER_STORAGE_UNAVAILABLE');
    expect(await world.tallies()).toEqual([]);
  });

  it('a target that cannot be reached: stored all the same, and the caller told where to ask', async () => {
    const unreachable = async (): Promise<never> => {
      throw new AdapterError('BATCHER_TARGET_UNREACHABLE', 'no chain', { blame: 'infrastructure' });
    };
    await start({
      adapter: { submitBatch: unreachable },
      batchingCriteria: {
        sidechain: { criteriaType: 'size', maxBatchSize: 1 },
        small: { criteriaType: 'time', timeWindowMs: 86_400_000 },
      },
    });
    // The first finds it out, the second comes while the target rests.
    for (const amount of [1, 2]) {
      const body = { ...no(`borrow|USDC|${amount}`), confirmationLevel: 'wait-receipt' };
      const refused = await post(body);
      const { error } = (await refused.clone().json()) as { error: { details: Record<string, string> } };
      await expectRefusal(refused, 503, 'BATCHER_TARGET_PARKED');
      expect(error.details).toMatchObject({ target: 'sidechain', reason: 'BATCHER_TARGET_UNREACHABLE' });
      const asked = await world.api.json(`/input-status/${error.details.request_id}`);
      expect(asked).toMatchObject({
        success: true,
        target: 'sidechain',
        status: 'incomplete',
        retryCount: 0,
      });
    }
    const stored = await world.tallies();
    expect(stored.reduce((sum, { rows }) => sum + rows, 0)).toBe(2);
    // Who does not wait has nothing to be told.
    expect((await post(no('borrow|USDC|3'))).status).toBe(200);
  });

  it('a node whose batcher is off', async () => {
    await start({ api: { inputs: null } });
    await expectRefusal(await post(no(good)), 403, 'BATCHER_OFF');
    for (const path of ['/queue-stats', `/input-status/${hex('5', 32)}`])
      await expectRefusal(await world.api.fetch(path), 403, 'BATCHER_OFF');
    expect(await world.tallies()).toEqual([]);
  });

  it('a batcher that shuts down', async () => {
    await start({});
    expect((await post(no(good))).status).toBe(200);
    const before = await world.tallies();
    const stopping = world.batcher.stop();
    await expectRefusal(await post(no('borrow|USDC|2')), 503, 'BATCHER_STOPPING');
    await stopping;
    expect(before).toMatchObject([{ state: 'queued', rows: 1 }]);
  });
});
