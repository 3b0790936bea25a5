/** The `settlement` target in a pipeline: what callers are told, and that whatever goes wrong each input is executed once. */
import { describe, expect, it } from 'vitest';
import type { QueuedInput } from '../../../../../node/batcher/adapters/adapter.ts';
import { createEvmSigner } from '../../../../../node/batcher/client/signer.ts';
import type { SidechainCommand } from '../../../../../node/batcher/input/jsonTransaction.ts';
import type { Batcher } from '../../../../../node/batcher/pipeline/batcher.ts';
import { payloadGas } from '../../../../../settlement/chain/feeMarket.ts';
import { decodePost, POSTED_TRANSACTIONS_MAX } from '../../../../../settlement/execution/postedInputs.ts';
import { requestIdOf } from '../../../../../settlement/input/requestId.ts';
import { sealJson } from '../../../../../settlement/input/sealedJson.ts';
import { signedTextOf } from '../../../../../settlement/input/signedText.ts';
import { PostedWorld } from '../../../../helpers/postedWorld.ts';
import { hashOf } from '../../../../helpers/signatory.ts';

const HASH = /^0x[0-9a-f]{64}$/;
const never = new AbortController().signal;

/** Queues an input. @returns Its request id. */
async function queue(batcher: Batcher, world: PostedWorld, number: number): Promise<string> {
  const sent = await world.pipeline.time.resolve(
    batcher.send({ data: world.input(number), confirmationLevel: 'no-wait' }, 'client'),
  );
  if (!sent.ok) throw new Error(sent.message);
  return sent.value.requestId;
}

async function stateOf(batcher: Batcher, requestId: string) {
  const status = await batcher.status(requestId);
  return status.ok ? status.value : status;
}

function queuedOf(world: PostedWorld, count: number): QueuedInput<SidechainCommand>[] {
  return Array.from({ length: count }, (_, number) => {
    const data = world.input(number + 1);
    const command = world.adapter().validateInput(data);
    if (!command.ok) throw new Error(command.message);
    const requestId = requestIdOf(data.addressType, data.address, signedTextOf(data, ''));
    return { requestId, account: data.address, data, command: command.value };
  });
}

describe('SettlementAdapter', () => {
  it('tells of the receipt once a settlement block holds the post, and of the height once the sidechain executed it', async () => {
    const world = new PostedWorld();
    const batcher = await world.start();
    const { time } = world.pipeline;
    const data = world.input(1);
    const told: string[] = [];
    const send = async (confirmationLevel: string) => {
      const answer = await batcher.send({ data, confirmationLevel }, 'client');
      told.push(confirmationLevel);
      return answer;
    };
    const [receipt, processed] = [send('wait-receipt'), send('wait-effectstream-processed')];
    await time.pass(3000);
    expect(told).toEqual([]);
    world.chain.mine();
    await time.pass(1000);
    expect(told).toEqual(['wait-receipt']);
    const first = await receipt;
    expect(first).toMatchObject({
      value: { transactionHash: expect.stringMatching(HASH), isTimedOut: false },
    });
    // Whoever comes late need not wait for more either.
    expect(await time.resolve(send('wait-receipt'), 2000)).toMatchObject({
      value: { transactionHash: first.ok && first.value.transactionHash },
    });
    expect(await stateOf(batcher, first.ok ? first.value.requestId : '')).toMatchObject({
      state: 'submitted',
    });
    world.finalize();
    const second = await time.resolve(processed, 1000);
    expect(second).toMatchObject({
      value: { rollup: 1, transactionHash: first.ok && first.value.transactionHash },
    });
    await time.resolve(batcher.stop());
  });

  it('posts once when the answer is lost although the post arrived', async () => {
    const world = new PostedWorld();
    const batcher = await world.start();
    world.chain.losesAnswers = true;
    const id = await queue(batcher, world, 1);
    await world.pipeline.time.pass(10_000);
    world.chain.mine();
    world.finalize();
    await world.pipeline.time.pass(5000);
    expect(await stateOf(batcher, id)).toMatchObject({ state: 'confirmed', attempts: 0, rollup: 1 });
    expect(world.chain.arrived).toHaveLength(1);
    await world.pipeline.time.resolve(batcher.stop());
  });

  it('waits on when the settlement block is taken back, and posts the same again when the chain lost it', async () => {
    const world = new PostedWorld();
    const batcher = await world.start();
    const { time } = world.pipeline;
    const id = await queue(batcher, world, 1);
    await time.pass(3000);
    world.chain.mine();
    await time.pass(1000);
    world.chain.reorganise();
    world.finalize();
    await time.pass(3000);
    expect(await stateOf(batcher, id)).toMatchObject({ state: 'submitted' });
    expect(world.chain.arrived).toHaveLength(1);
    world.chain.forget();
    await time.pass(3000);
    expect(new Set(world.chain.arrived).size).toBe(1);
    expect(world.chain.arrived).toHaveLength(2);
    world.chain.mine();
    world.finalize();
    await time.pass(2000);
    expect(await stateOf(batcher, id)).toMatchObject({ state: 'confirmed', rollup: 2 });
    expect(world.executed).toEqual([id]);
    await time.resolve(batcher.stop());
  });

  it('posts what was dropped again, as another post, and charges nobody', async () => {
    const world = new PostedWorld();
    const batcher = await world.start();
    const { time } = world.pipeline;
    const ids = [await queue(batcher, world, 1), await queue(batcher, world, 2)];
    await time.pass(3000);
    for (let full = 0; full < 5; full += 1) {
      world.chain.mine();
      world.finalize(true);
      await time.pass(15_000);
    }
    expect(world.executed).toEqual([]);
    expect(new Set(world.chain.arrived).size).toBeGreaterThanOrEqual(5);
    world.chain.mine();
    world.finalize();
    await time.pass(3000);
    for (const id of ids)
      expect(await stateOf(batcher, id)).toMatchObject({ state: 'confirmed', attempts: 0, rollup: 6 });
    expect([...world.executed].sort()).toEqual([...ids].sort());
    await time.resolve(batcher.stop());
  });

  it('lets an input that the ledger refuses fail alone, and one that had no turn yet have another', async () => {
    const world = new PostedWorld();
    const batcher = await world.start();
    const { time } = world.pipeline;
    const [good = '', poor = '', early = ''] = await Promise.all(
      [1, 2, 3].map((n) => queue(batcher, world, n)),
    );
    world.results.set(poor, 'LEDGER_INSUFFICIENT_BALANCE');
    world.results.set(early, 'skipped');
    await time.pass(3000);
    world.chain.mine();
    world.finalize();
    await time.pass(3000);
    expect(await stateOf(batcher, good)).toMatchObject({ state: 'confirmed', rollup: 1 });
    expect(await stateOf(batcher, poor)).toMatchObject({
      state: 'failed',
      errorCode: 'LEDGER_INSUFFICIENT_BALANCE',
    });
    expect(await stateOf(batcher, early)).toMatchObject({ state: 'submitted', attempts: 0 });
    world.results.delete(early);
    world.chain.mine();
    world.finalize();
    await time.pass(3000);
    expect(await stateOf(batcher, early)).toMatchObject({ state: 'confirmed', rollup: 2 });
    await time.resolve(batcher.stop());
  });

  it('ends an input that no block may hold any more as expired', async () => {
    const world = new PostedWorld();
    const batcher = await world.start();
    const { time } = world.pipeline;
    const id = await queue(batcher, world, 1);
    await time.pass(3000);
    expect(await stateOf(batcher, id)).toMatchObject({ state: 'submitted' });
    world.finalizedTimestampMs = Number.MAX_SAFE_INTEGER;
    world.finalize();
    await time.pass(1000);
    expect(await stateOf(batcher, id)).toMatchObject({ state: 'failed', errorCode: 'INPUT_EXPIRED' });
    await time.resolve(batcher.stop());
  });

  const steps: readonly [string, (world: PostedWorld) => void, (world: PostedWorld) => void][] = [
    [
      'before it is posted',
      ({ chain }) => {
        chain.isDown = true;
      },
      ({ chain }) => {
        chain.isDown = false;
      },
    ],
    [
      'with the answer lost',
      ({ chain }) => {
        chain.losesAnswers = true;
      },
      ({ chain }) => {
        chain.losesAnswers = false;
      },
    ],
    ['while it waits for a settlement block', () => undefined, () => undefined],
    ['in a settlement block', () => undefined, ({ chain }) => chain.mine()],
    [
      'executed meanwhile',
      () => undefined,
      (world) => {
        world.chain.mine();
        world.finalize();
      },
    ],
    [
      'executed meanwhile, the settlement chain gone',
      () => undefined,
      (world) => {
        world.chain.mine();
        world.finalize();
        world.chain.isDown = true;
      },
    ],
  ];
  it.each(steps)('goes on after a restart: %s', async (_, before, meanwhile) => {
    const world = new PostedWorld();
    const { time } = world.pipeline;
    const first = await world.start();
    before(world);
    const id = await queue(first, world, 1);
    await time.pass(2500);
    await time.resolve(first.stop());
    meanwhile(world);
    const second = await world.start();
    await time.pass(5000);
    world.chain.mine();
    world.finalize();
    await time.pass(5000);
    expect(await stateOf(second, id)).toMatchObject({ state: 'confirmed', attempts: 0 });
    expect(world.executed).toEqual([id]);
    expect(world.chain.arrived).toHaveLength(1);
    await time.resolve(second.stop());
  });

  it('takes what this chain knows for the truth while the settlement chain does not answer', async () => {
    const world = new PostedWorld();
    const batcher = await world.start();
    const { time } = world.pipeline;
    const id = await queue(batcher, world, 1);
    await time.pass(3000);
    world.chain.mine();
    world.chain.isDown = true;
    await time.pass(3000);
    expect(await stateOf(batcher, id)).toMatchObject({ state: 'submitted' });
    world.finalize();
    await time.pass(1000);
    expect(await stateOf(batcher, id)).toMatchObject({ state: 'confirmed', rollup: 1 });
    await time.resolve(batcher.stop());
  });

  it('posts nothing above the fee cap, and charges nobody for it', async () => {
    const world = new PostedWorld();
    const batcher = await world.start({ feeCap: 100n });
    const { time } = world.pipeline;
    world.chain.baseFee = 101n;
    const id = await queue(batcher, world, 1);
    await time.pass(20_000);
    expect(world.chain.arrived).toEqual([]);
    world.chain.baseFee = 100n;
    await time.pass(60_000);
    expect(world.chain.arrived).toHaveLength(1);
    expect(await stateOf(batcher, id)).toMatchObject({ state: 'submitted', attempts: 0 });
    await time.resolve(batcher.stop());
  });

  it('blames nobody by name for a post that the chain does not take', async () => {
    const world = new PostedWorld();
    const inputs = queuedOf(world, 2);
    const chain = {
      askPosted: world.chain.askPosted.bind(world.chain),
      post: async () => ({ type: 'refused', code: 'POSTED_INPUT_TOO_LARGE' }) as const,
    };
    const adapter = world.adapter({}, chain);
    const { data } = await adapter.buildBatchData(inputs);
    const batch = { batchId: 'b', data, inputs, transactionHashes: [] };
    const submission = { batch, fee: 0n, note: async () => undefined, signal: never };
    await expect(adapter.submitBatch(submission)).rejects.toMatchObject({ blame: 'input', requestIds: [] });
  });

  it('fills a post by count and by the gas of a settlement block, and tells what it costs', async () => {
    const world = new PostedWorld();
    const inputs = queuedOf(world, POSTED_TRANSACTIONS_MAX + 4);
    const { data, selectedInputs } = await world.adapter().buildBatchData(inputs);
    expect(selectedInputs).toEqual(inputs.slice(0, POSTED_TRANSACTIONS_MAX));
    const bytes = Buffer.from(data, 'base64');
    expect(await world.adapter().estimateBatchFee(data)).toBe(7n * BigInt(payloadGas(bytes.length)));
    const narrow = world.adapter({ gasLimit: payloadGas(1000) });
    const few = await narrow.buildBatchData(inputs);
    expect(few.selectedInputs.length).toBeGreaterThan(1);
    expect(Buffer.from(few.data, 'base64').length).toBeLessThanOrEqual(1000);
    const next = inputs[few.selectedInputs.length];
    const more = await world
      .adapter()
      .buildBatchData([...(few.selectedInputs as typeof inputs), next as (typeof inputs)[number]]);
    expect(Buffer.from(more.data, 'base64').length).toBeGreaterThan(1000);
    const decoded = decodePost(new Uint8Array(bytes));
    expect(decoded.ok && decoded.value).toHaveLength(POSTED_TRANSACTIONS_MAX);
  });

  it('refuses before the queue an atomic batch that the ledger would skip without a trace', () => {
    const world = new PostedWorld();
    const { address } = world.input(1);
    const judge = (batch: object, requestCount = 1) => {
      const requests = Array.from({ length: requestCount }, (_, number) => ({
        settlement_id: hashOf(String(10 + number)),
        ...{ from: address, to: hashOf('bb'), amount: '1', asset: 'UM' },
      }));
      const text = { type: 'atomic_batch', batch_id: hashOf('a1'), expires_at_height: 9, requests, ...batch };
      return world.adapter().validateInput(world.input(1, sealJson(text)));
    };
    expect(judge({})).toMatchObject({ ok: true });
    world.finalize();
    expect(judge({ expires_at_height: 1 })).toMatchObject({ code: 'BATCH_TIMEOUT' });
    const other = createEvmSigner(`0x${'5a'.repeat(32)}`).address;
    const unproven = { address: other, signature: `0x${'11'.repeat(64)}1b` };
    const ofOther = [{ settlement_id: hashOf('a3'), from: other, to: address, amount: '1', asset: 'UM' }];
    expect(judge({ requests: ofOther, signers: [unproven] })).toMatchObject({
      ok: false,
      code: expect.stringMatching(/SIGNATURE/),
    });
  });

  it('has the hash on disk before the post leaves', async () => {
    const world = new PostedWorld();
    const adapter = world.adapter();
    const inputs = queuedOf(world, 1);
    const { data } = await adapter.buildBatchData(inputs);
    const batch = { batchId: 'b', data, inputs, transactionHashes: [] };
    let arrivedBefore = -1;
    const note = async (): Promise<void> => {
      await world.pipeline.time.settle();
      arrivedBefore = world.chain.arrived.length;
    };
    await adapter.submitBatch({ batch, fee: 0n, note, signal: never });
    expect(arrivedBefore).toBe(0);
    expect(world.chain.arrived).toHaveLength(1);
  });
});
