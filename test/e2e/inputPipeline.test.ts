import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccountAnswer } from '../../node/api/ledgerRoutes.ts';
import { BatcherClient } from '../../node/batcher/client/batcherClient.ts';
import { type SignedInput, signInput } from '../../node/batcher/client/signedInput.ts';
import { createEvmSigner, type InputSigner } from '../../node/batcher/client/signer.ts';
import { getJson } from '../../node/devnet/apiClient.ts';
import { DevnetCommand, findFreeBase, quick } from '../helpers/devnetCommand.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

const LIMIT_MS = 90_000;
const HASH = /^0x[0-9a-f]{64}$/;

const dataDir = join(mkdtempSync(join(tmpdir(), 'sidereal-inputs-')), 'net');
let port = 0;
let devnet: DevnetCommand;

async function start(...settings: string[]): Promise<void> {
  const set = ['batcher.polling_interval_ms=50', ...settings].flatMap((one) => ['--set', one]);
  devnet = new DevnetCommand(dataDir, [
    ...['--port', String(port), '--json', '--workload', 'none'],
    ...quick,
    ...set,
  ]);
  await waitUntil(() => devnet.of('block_finalized').length > 0, LIMIT_MS);
}

beforeAll(async () => {
  port = await findFreeBase();
  await start();
}, LIMIT_MS);
afterAll(async () => {
  await devnet.close();
  rmSync(join(dataDir, '..'), { recursive: true, force: true });
}, LIMIT_MS);

const apiOf = (index: number): string => `http://127.0.0.1:${port + index}`;
const clientOf = (index: number): BatcherClient => new BatcherClient({ url: apiOf(index) });

function signerOf(account: number): InputSigner {
  return createEvmSigner(devnet.description.accounts[account]?.private_key ?? '');
}

/** What an account of a node owes. */
async function debtOf(node: number, address: string, asset = 'UM'): Promise<bigint> {
  const { assets } = (await getJson(apiOf(node), `/accounts/${address}`)) as unknown as AccountAnswer;
  return BigInt(assets.find((row) => row.asset === asset)?.debt ?? 0);
}

async function post(node: number, body: unknown) {
  const answer = await fetch(`${apiOf(node)}/send-input`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

function signedBy(signer: InputSigner, input: string): Promise<SignedInput> {
  return signInput({ input, target: undefined, timestampMs: Date.now() }, signer, '');
}

describe('inputs on a running devnet', () => {
  it('answers at once, with a receipt, or with the height that processed it, as it is asked', async () => {
    const signer = signerOf(0);
    const before = await debtOf(0, signer.address);
    const queued = await post(0, {
      data: await signedBy(signer, 'borrow|UM|10'),
      confirmationLevel: 'no-wait',
    });
    expect(queued).toEqual({
      status: 200,
      body: {
        success: true,
        message: 'Input queued for batching',
        requestId: expect.stringMatching(HASH),
        inputsProcessed: 1,
      },
    });
    const landed = await post(0, {
      data: await signedBy(signer, 'borrow|UM|20'),
      confirmationLevel: 'wait-receipt',
    });
    expect(landed).toMatchObject({
      status: 200,
      body: { success: true, transactionHash: expect.stringMatching(HASH), inputsProcessed: 1 },
    });
    const processed = await post(0, {
      data: await signedBy(signer, 'borrow|UM|30'),
      confirmationLevel: 'wait-effectstream-processed',
    });
    expect(processed).toMatchObject({ status: 200, body: { success: true } });
    const { transactionHash, rollup } = processed.body;
    const transaction = await getJson(apiOf(0), `/transactions/${transactionHash}`);
    expect(transaction).toMatchObject({ status: 'final', height: rollup });
    const seen = await clientOf(0).waitFor(String(queued.body.requestId), 'wait-effectstream-processed');
    expect(seen).toMatchObject({ outcome: 'confirmed', input: { rollup: expect.any(Number) } });
    expect((await debtOf(0, signer.address)) - before).toBe(60n);
  });

  it('executes the same signed input once, sent to every node at once and spelt in other ways', async () => {
    const signer = signerOf(1);
    const before = await debtOf(0, signer.address);
    const data = await signedBy(signer, 'borrow|UM|700');
    const upper = { ...data, address: `0x${data.address.slice(2).toUpperCase()}` };
    const sent = await Promise.all(
      [0, 1, 2, 3].flatMap((node) =>
        [data, upper, data].map((variant) =>
          post(node, { data: variant, confirmationLevel: 'wait-effectstream-processed' }),
        ),
      ),
    );
    // What reads otherwise but signs the same is no command: it never stands beside the real one.
    const marks = await post(1, { data: { ...data, input: 'borrow-UM-700' }, confirmationLevel: 'no-wait' });
    expect(marks.status).toBe(400);
    expect(new Set(sent.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(sent.map(({ body }) => body.requestId)).size).toBe(1);
    expect(new Set(sent.map(({ body }) => body.rollup)).size).toBe(1);
    const height = Number(sent[0]?.body.rollup);
    for (const node of [0, 1, 2, 3]) {
      await waitUntil(async () => {
        const { finalized_height: final } = await getJson(apiOf(node), '/status');
        return Number(final) >= height;
      }, LIMIT_MS);
      expect((await debtOf(node, signer.address)) - before).toBe(700n);
    }
    const again = await post(3, { data, confirmationLevel: 'wait-effectstream-processed' });
    expect(again).toMatchObject({
      status: 200,
      body: { requestId: sent[0]?.body.requestId, rollup: height, duplicate: true },
    });
    expect((await debtOf(3, signer.address)) - before).toBe(700n);
    const executed = devnet
      .of('transaction_executed')
      .filter(({ height: at, from }) => at === height && from === 'account-1');
    expect(executed).toHaveLength(1);
  });

  it('brings an input by way of the settlement chain, and takes the same for the sidechain for another', async () => {
    const signer = signerOf(4);
    const before = await debtOf(0, signer.address);
    const timestampMs = Date.now();
    const sign = (target: string): Promise<SignedInput> =>
      signInput({ input: 'borrow|UM|41', target, timestampMs }, signer, '');
    const data = await sign('settlement');
    const receipt = post(1, { data, confirmationLevel: 'wait-receipt' });
    const posted = await post(1, { data, confirmationLevel: 'wait-effectstream-processed' });
    expect(posted).toMatchObject({ status: 200, body: { success: true, rollup: expect.any(Number) } });
    const { transactionHash, rollup, requestId } = posted.body;
    expect(await receipt).toMatchObject({ status: 200, body: { transactionHash, requestId } });
    // The hash is that of the post, which the sidechain tells of as it executes it.
    await waitUntil(() => devnet.of('posted_input_executed').length > 0, LIMIT_MS);
    expect(devnet.of('posted_input_executed')).toMatchObject([
      { transaction_hash: transactionHash, height: rollup, result: 'ok' },
    ]);
    for (const node of [0, 1, 2, 3])
      await waitUntil(async () => (await debtOf(node, signer.address)) - before === 41n, LIMIT_MS);
    // Another node finds it executed.
    const again = await post(3, { data, confirmationLevel: 'wait-effectstream-processed' });
    expect(again).toMatchObject({ status: 200, body: { requestId, rollup } });
    const sibling = await post(1, {
      data: await sign('sidechain'),
      confirmationLevel: 'wait-effectstream-processed',
    });
    expect(sibling).toMatchObject({ status: 200, body: { success: true } });
    expect(sibling.body.requestId).not.toBe(requestId);
    expect((await debtOf(1, signer.address)) - before).toBe(82n);
    const stolen = await post(1, { data: { ...data, target: 'sidechain' }, confirmationLevel: 'no-wait' });
    expect(stolen.status).toBe(401);
  });

  it('tells of the way of an input on the event stream and in the metrics', async () => {
    const sent = await clientOf(2).send({
      signer: signerOf(2),
      input: 'borrow|USDC|5',
      confirmationLevel: 'wait-receipt',
    });
    if (sent.outcome !== 'accepted') throw new Error(JSON.stringify(sent));
    const { requestId } = sent;
    await waitUntil(
      () => devnet.of('input_confirmed').some((line) => line.request_id === requestId),
      LIMIT_MS,
    );
    const ofBatch = devnet.of('input_batch_landed').find(({ node }) => node === 'node-2');
    expect(ofBatch).toMatchObject({ target: 'sidechain', confirmed: expect.any(Number), failed: 0 });
    const metrics = await (await fetch(`${apiOf(2)}/metrics`)).text();
    expect(metrics).toMatch(/sidereal_input_confirmed_total\{target="sidechain"\} [1-9]/);
    expect(metrics).toMatch(/sidereal_input_depth\{target="sidechain",state="queued"\} 0/);
    expect(metrics).toMatch(/sidereal_input_latency_seconds_count\{target="sidechain"\} [1-9]/);
  });

  it('waits as the request says, else its target, else the configuration, else for a receipt', async () => {
    const signer = signerOf(3);
    const levelOf = async (asked?: string): Promise<string> => {
      const data = await signedBy(signer, 'borrow|UM|1');
      const { body } = await post(0, { data, ...(asked === undefined ? {} : { confirmationLevel: asked }) });
      if (body.rollup !== undefined && body.message !== 'Input processed successfully') return 'processed';
      return body.transactionHash === undefined ? 'queued' : 'receipt';
    };
    const restart = async (...settings: string[]): Promise<void> => {
      await devnet.close();
      await start(...settings);
    };
    const found: string[] = [await levelOf(), await levelOf('no-wait')];
    await restart('batcher.confirmation_level=no-wait');
    found.push(await levelOf(), await levelOf('wait-receipt'));
    await restart('batcher.confirmation_level={ sidechain: wait-effectstream-processed }');
    found.push(await levelOf(), await levelOf('no-wait'));
    expect(found).toEqual(['receipt', 'queued', 'queued', 'receipt', 'processed', 'queued']);
  });
});
