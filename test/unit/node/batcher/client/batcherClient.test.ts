import { afterEach, describe, expect, it } from 'vitest';
import {
  BatcherClient,
  type BatcherClientOptions,
  type FoundInput,
} from '../../../../../node/batcher/client/batcherClient.ts';
import { createEvmSigner } from '../../../../../node/batcher/client/signer.ts';
import { isInputSigned } from '../../../../../node/batcher/input/inputSignature.ts';
import type { BatcherInput } from '../../../../../node/batcher/input/types.ts';
import { signedTextOf } from '../../../../../settlement/input/signedText.ts';
import { ApiHarness } from '../../../../helpers/apiHarness.ts';
import { confirmedStatus, queuedAnswer } from '../../../../helpers/fakePipeline.ts';
import { hashOf } from '../../../../helpers/signatory.ts';

const signer = createEvmSigner(`0x${'11'.repeat(32)}`);
const nowMs = 1_767_225_600_000;
const id = hashOf('5d');
const wish = { signer, input: 'borrow|UM|1' };

interface Scripted {
  readonly status: number;
  readonly body?: unknown;
  readonly retryAfter?: number;
}

/** A server that answers by a list, a clock that only pauses move, and draws that are always a half. */
class World {
  readonly bodies: string[] = [];
  readonly paths: string[] = [];
  readonly pauses: number[] = [];
  nowMs = nowMs;
  readonly #answers: (Scripted | Error)[];

  constructor(answers: readonly (Scripted | Error)[]) {
    this.#answers = [...answers];
  }

  client(options: Partial<BatcherClientOptions> = {}): BatcherClient {
    return new BatcherClient(
      { url: 'http://node/', namespace: '', ...options },
      {
        fetch: async (url, init) => {
          this.paths.push(new URL(String(url)).pathname);
          if (typeof init?.body === 'string') this.bodies.push(init.body);
          const next = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
          if (next === undefined || next instanceof Error) throw next ?? new Error('nothing left');
          const headers = next.retryAfter === undefined ? {} : { 'retry-after': String(next.retryAfter) };
          return new Response(JSON.stringify(next.body ?? {}), { status: next.status, headers });
        },
        random: () => 0.5,
        sleep: async (durationMs) => {
          this.pauses.push(durationMs);
          this.nowMs += durationMs;
        },
        now: () => this.nowMs,
      },
    );
  }
}

const refusal = (code: string, details: object = {}) => ({
  success: false,
  error: { code, message: code, retryable: true, details },
});
const queued = { status: 200, body: { success: true, message: 'm', requestId: id, inputsProcessed: 1 } };
const seen = (subState: string, more: object = {}) => ({
  status: 200,
  body: { success: true, requestId: id, target: 'sidechain', subState, ...more },
});

describe('BatcherClient, over HTTP', () => {
  let api: ApiHarness;
  afterEach(() => api.stop());

  it('signs for the node’s namespace, sends, and tells what the level brought', async () => {
    api = await ApiHarness.start();
    api.inputs.namespace = 'my game';
    api.inputs.answer = {
      ...queuedAnswer,
      level: 'wait-effectstream-processed',
      transactionHash: hashOf('7a'),
      rollup: 12,
    };
    const client = new BatcherClient({ url: api.url });
    const sent = await client.send({
      ...wish,
      target: 'sidechain',
      confirmationLevel: 'wait-effectstream-processed',
    });
    expect(sent).toEqual({
      outcome: 'accepted',
      requestId: id,
      isLevelReached: true,
      isDuplicate: false,
      transactionHash: hashOf('7a'),
      rollup: 12,
      message: 'Input processed and validated by Effectstream',
    });
    const [body] = api.inputs.bodies as { data: BatcherInput; confirmationLevel: string }[];
    expect(body?.confirmationLevel).toBe('wait-effectstream-processed');
    if (body === undefined) throw new Error('nothing came');
    expect(isInputSigned(body.data, signedTextOf(body.data, 'my game'))).toBe(true);
  });

  it('follows an input, and knows one that nobody has', async () => {
    api = await ApiHarness.start();
    const client = new BatcherClient({ url: api.url });
    const { requestId, transactionHash, rollup } = confirmedStatus;
    const input = { requestId, target: 'sidechain', state: 'confirmed', transactionHash, rollup };
    expect(await client.waitFor(id, 'wait-effectstream-processed')).toMatchObject({
      outcome: 'confirmed',
      input,
    });
    expect(await client.status(hashOf('01'))).toEqual({ outcome: 'forgotten' });
    expect(await client.waitFor(hashOf('01'), 'no-wait')).toEqual({
      outcome: 'unknown',
      reason: 'forgotten',
    });
  });

  it('says that a level is not reached, that an input is refused, and that a batcher is off', async () => {
    api = await ApiHarness.start();
    api.inputs.answer = { ...queuedAnswer, isTimedOut: true };
    const client = new BatcherClient({ url: api.url });
    expect(await client.send(wish)).toMatchObject({ outcome: 'accepted', isLevelReached: false });
    api.inputs.refusal = { ok: false, code: 'INPUT_ASSET_UNKNOWN', message: 'no', details: { got: 'X' } };
    expect(await client.send(wish)).toEqual({
      outcome: 'refused',
      status: 400,
      code: 'INPUT_ASSET_UNKNOWN',
      message: 'no',
      details: { got: 'X' },
    });
    await api.stop();
    api = await ApiHarness.start({ inputs: null });
    const other = new BatcherClient({ url: api.url });
    expect(await other.send(wish)).toMatchObject({ outcome: 'refused', code: 'BATCHER_OFF' });
  });
});

describe('BatcherClient, trouble', () => {
  it('sends the same bytes again after lost connections, 429 and 503, as patiently as it is asked to be', async () => {
    const world = new World([
      new Error('ECONNRESET'),
      { status: 503, body: refusal('BATCHER_STOPPING') },
      { status: 429, body: refusal('INPUT_RATE_LIMITED'), retryAfter: 7 },
      queued,
    ]);
    expect(await world.client().send(wish)).toMatchObject({ outcome: 'accepted', requestId: id });
    expect(world.bodies).toHaveLength(4);
    expect(new Set(world.bodies).size).toBe(1);
    expect(world.pauses).toEqual([125, 250, 7500]);
  });

  it('gives up after as many tries as it may, and hands back what to send once more', async () => {
    const world = new World([
      { status: 503, body: refusal('BATCHER_STORAGE_UNAVAILABLE') },
      new Error('gone'),
    ]);
    const client = world.client({ retry: { attemptsMax: 3 } });
    const lost = await client.send(wish);
    expect(lost).toMatchObject({ outcome: 'unanswered', attempts: 3, code: undefined, message: 'gone' });
    if (lost.outcome !== 'unanswered' || lost.data === undefined) throw new Error('nothing to send');
    const again = new World([queued]);
    expect(await again.client().resend(lost.data)).toMatchObject({ outcome: 'accepted' });
    expect(again.bodies).toEqual([world.bodies[0]]);
  });

  it('does not wait for a server that asks for more patience than it has', async () => {
    const world = new World([{ status: 429, body: refusal('INPUT_RATE_LIMITED'), retryAfter: 61 }]);
    expect(await world.client().send(wish)).toMatchObject({
      outcome: 'unanswered',
      attempts: 1,
      code: 'INPUT_RATE_LIMITED',
    });
    expect(world.pauses).toEqual([]);
  });

  it('sends nothing again that is refused for good, or stored', async () => {
    for (const [answer, outcome] of [
      [
        { status: 400, body: refusal('INPUT_STALE') },
        { outcome: 'refused', status: 400, code: 'INPUT_STALE' },
      ],
      [
        { status: 422, body: refusal('INPUT_FAILED', { request_id: id }) },
        { outcome: 'failed', requestId: id, code: 'INPUT_FAILED' },
      ],
      [
        { status: 503, body: refusal('BATCHER_TARGET_PARKED', { request_id: id }) },
        { outcome: 'accepted', requestId: id, isLevelReached: false },
      ],
    ] as const) {
      const world = new World([answer]);
      expect(await world.client().send(wish)).toMatchObject(outcome);
      expect(world.bodies).toHaveLength(1);
    }
  });

  it('stops when it is told to', async () => {
    const world = new World([{ status: 503 }]);
    const reason = new Error('enough');
    const sending = world.client().send({ ...wish, signal: AbortSignal.abort(reason) });
    await expect(sending).rejects.toBe(reason);
    expect(world.bodies).toEqual([]);
  });

  it('looks less and less often until the level is reached, and tells every new state once', async () => {
    const world = new World([
      seen('queued'),
      seen('queued'),
      new Error('ECONNRESET'),
      seen('submitted', { transactionHash: '0xabc' }),
      seen('confirmed', { transactionHash: '0xabc' }),
      seen('confirmed', { transactionHash: '0xabc', rollup: 9 }),
    ]);
    const states: FoundInput[] = [];
    const result = await world
      .client()
      .waitFor(id, 'wait-effectstream-processed', { onProgress: (input) => states.push(input) });
    expect(result).toMatchObject({ outcome: 'confirmed', input: { rollup: 9 } });
    expect(states.map(({ state, rollup }) => [state, rollup])).toEqual([
      ['queued', undefined],
      ['submitted', undefined],
      ['confirmed', undefined],
      ['confirmed', 9],
    ]);
    expect(world.pauses).toEqual([150, 225, 125, 337.5, 506.25]);
  });

  it('ends with the verdict of a failed input, and with none when it takes too long', async () => {
    const failed = new World([seen('failed', { errorCode: 'INPUT_EXPIRED' })]);
    expect(await failed.client().waitFor(id, 'wait-receipt')).toMatchObject({
      outcome: 'failed',
      input: { errorCode: 'INPUT_EXPIRED' },
    });
    const slow = new World([seen('queued')]);
    const late = await slow.client().waitFor(id, 'wait-receipt', { timeoutMs: 60_000 });
    expect(late).toEqual({ outcome: 'unknown', reason: 'late' });
    expect(slow.nowMs - nowMs).toBeLessThanOrEqual(60_000);
    expect(slow.paths.length).toBeLessThan(30);
  });
});
