/** The `sidechain` target over whole cores: what is handed over, what is told of each input, and what happens in between. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OpenBatch, TransactionReceipt } from '../../../../../node/batcher/adapters/adapter.ts';
import type { SidechainAdapter } from '../../../../../node/batcher/adapters/sidechainAdapter.ts';
import { sealJson } from '../../../../../settlement/input/sealedJson.ts';
import { CoreSidechain, settled } from '../../../../helpers/coreSidechain.ts';
import { hashOf } from '../../../../helpers/signatory.ts';
import type { TestInput } from '../../../../helpers/signedInputs.ts';

const hasty = 'config: { batcher: { freshness_past_ms: 3000, execution_span_ms: 4000 } }';
const never = new AbortController().signal;
const timeoutMs = 60_000;

async function batchOf(adapter: SidechainAdapter, inputs: readonly TestInput[]): Promise<OpenBatch> {
  const { data, selectedInputs } = await adapter.buildBatchData(inputs.map(({ queued }) => queued));
  expect(selectedInputs.map(({ requestId }) => requestId)).toEqual(inputs.map(({ requestId }) => requestId));
  return { batchId: `of ${inputs[0]?.requestId}`, data, inputs: selectedInputs, transactionHashes: [] };
}

function submit(adapter: SidechainAdapter, batch: OpenBatch, signal = never): Promise<string> {
  return adapter.submitBatch({ batch, fee: 0n, note: async () => undefined, signal });
}

/** Submits a batch and waits for its receipt while time passes. */
async function land(world: CoreSidechain, adapter: SidechainAdapter, inputs: readonly TestInput[]) {
  const batch = await batchOf(adapter, inputs);
  const hash = await submit(adapter, batch);
  const receipt = adapter.waitForTransactionReceipt(batch, hash, { timeoutMs, signal: never });
  await world.run(world.network.nowMs + 10_000);
  return { batch, hash, receipt: await receipt };
}

function landedOf(receipt: TransactionReceipt, { requestId }: TestInput) {
  return receipt.landed.find((input) => input.requestId === requestId);
}

describe('SidechainAdapter', () => {
  it('tells of each input its own transaction and the height that executed it', async () => {
    const world = new CoreSidechain();
    const inputs = [
      world.input('alice', 'borrow|UM|10'),
      world.input('bob', 'borrow|UM|20'),
      world.input('alice', 'repay|UM|3'),
    ];
    const { hash, receipt } = await land(world, world.adapterOf(0), inputs);
    expect(receipt).toMatchObject({ transactionHash: hash });
    for (const input of inputs) {
      const sidechainHeight = world.portOf(0).reader().inputOutcome(input.requestId)?.height;
      const { requestId, id: transactionHash } = input;
      expect(landedOf(receipt, input)).toEqual({ requestId, transactionHash, ok: true, sidechainHeight });
      expect(sidechainHeight).toBeLessThanOrEqual(receipt.blockNumber);
    }
    expect(world.executedAt(2)).toEqual(inputs.map(({ id }) => ({ id, result: 'ok' })));
  });

  it('notes the batch before anything leaves, under a hash that is the same after a restart', async () => {
    const world = new CoreSidechain();
    const inputs = [world.input('alice', 'borrow|UM|10'), world.input('bob', 'borrow|UM|20')];
    const steps: string[] = [];
    const port = world.portOf(0);
    const adapterOf = () =>
      world.adapterOf(0, {
        submit: (bytes) => {
          steps.push('sent');
          return port.submit(bytes);
        },
      });
    const adapter = adapterOf();
    const batch = await batchOf(adapter, inputs);
    const note = async (hash: string): Promise<void> => {
      await settled();
      steps.push(hash);
    };
    const hash = await adapter.submitBatch({ batch, fee: 0n, note, signal: never });
    await adapterOf().submitBatch({ batch, fee: 0n, note, signal: never });
    expect(steps).toEqual([hash, 'sent', 'sent', hash, 'sent', 'sent']);
    expect(await adapter.estimateBatchFee()).toBe(0n);
  });

  it('lets a poisoned input fail alone, with the ledger’s code', async () => {
    const world = new CoreSidechain();
    const poor = world.input('mallory', 'deposit|UM|999');
    const inputs = [world.input('alice', 'borrow|UM|10'), poor, world.input('bob', 'borrow|UM|20')];
    const { receipt } = await land(world, world.adapterOf(0), inputs);
    expect(receipt.landed.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(landedOf(receipt, poor)).toMatchObject({
      ok: false,
      code: 'LEDGER_INSUFFICIENT_BALANCE',
      transactionHash: poor.id,
    });
  });

  it('has what is sent at every node executed once, and says the same everywhere', async () => {
    const world = new CoreSidechain();
    const inputs = [1, 2, 3, 4].map((amount) => world.input('alice', `borrow|UM|${amount}`));
    const adapters = [0, 1, 2, 3].map((node) => world.adapterOf(node));
    const receipts = await Promise.all(
      adapters
        .map(async (adapter) => {
          const batch = await batchOf(adapter, inputs);
          const hash = await submit(adapter, batch);
          return adapter.waitForTransactionReceipt(batch, hash, { timeoutMs, signal: never });
        })
        .concat(world.run(12_000).then(() => undefined as never)),
    );
    for (const receipt of receipts.slice(0, 4)) expect(receipt).toEqual(receipts[0]);
    for (const node of [0, 1, 2, 3]) expect(world.executedAt(node)).toHaveLength(4);
    // And again, long after.
    const { receipt } = await land(world, world.adapterOf(3), inputs);
    expect(receipt.landed).toEqual(receipts[0]?.landed);
    expect(world.executedAt(0)).toHaveLength(4);
  });

  it('knows after a crash what is nowhere, what waits and what has landed, and may send all of it again', async () => {
    const world = new CoreSidechain();
    const inputs = [1, 2, 3].map((amount) => world.input('alice', `borrow|UM|${amount}`));
    const batch = await batchOf(world.adapterOf(0), inputs);
    expect(await world.adapterOf(0).findLandedTransaction(batch)).toEqual({ state: 'absent' });
    // The process dies behind the first of them.
    world.network.isCutOff = (node) => node === 0;
    await world.portOf(0).submit(inputs[0]?.bytes ?? new Uint8Array());
    world.network.stop(0);
    world.network.start(0);
    expect(await world.adapterOf(0).findLandedTransaction(batch)).toEqual({ state: 'absent' });
    const adapter = world.adapterOf(0);
    await submit(adapter, batch);
    world.network.stop(0);
    world.network.start(0);
    expect(await world.adapterOf(0).findLandedTransaction(batch)).toEqual({ state: 'waiting' });
    world.network.isCutOff = () => false;
    await world.run(14_000);
    const standing = await world.adapterOf(0).findLandedTransaction(batch);
    expect(standing).toMatchObject({ state: 'landed' });
    if (standing.state !== 'landed') return;
    expect(standing.receipt.landed.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(world.executedAt(1)).toHaveLength(3);
  });

  it('ends an input that no block may hold any more as expired, and no sooner', async () => {
    const world = new CoreSidechain(hasty);
    await world.run(3_000);
    const input = world.input('alice', 'borrow|UM|10');
    const adapter = world.adapterOf(0);
    for (const node of [2, 3]) world.network.stop(node);
    const batch = await batchOf(adapter, [input]);
    const hash = await submit(adapter, batch);
    const receipt = adapter.waitForTransactionReceipt(batch, hash, { timeoutMs, signal: never });
    await world.run(15_000);
    expect(await adapter.findLandedTransaction(batch)).toEqual({ state: 'waiting' });
    for (const node of [2, 3]) world.network.start(node);
    await world.run(45_000);
    expect((await receipt).landed).toEqual([
      { requestId: input.requestId, transactionHash: input.id, ok: false, code: 'INPUT_EXPIRED' },
    ]);
  });

  it.each(['MEMPOOL_FULL', 'NODE_OVERLOADED', 'NODE_STOPPED'])(
    'blames nobody when the node takes nothing (%s), and goes on where it was',
    async (code) => {
      const world = new CoreSidechain();
      const port = world.portOf(0);
      let room = 1;
      const adapter = world.adapterOf(0, {
        submit: (bytes) => {
          room -= 1;
          return room < 0 ? Promise.resolve({ verdict: 'ignore', code }) : port.submit(bytes);
        },
      });
      const inputs = [1, 2, 3].map((amount) => world.input('alice', `borrow|UM|${amount}`));
      const batch = await batchOf(adapter, inputs);
      await expect(submit(adapter, batch)).rejects.toMatchObject({
        code: 'BATCHER_TARGET_UNREACHABLE',
        blame: 'infrastructure',
      });
      expect(await adapter.findLandedTransaction(batch)).toEqual({ state: 'absent' });
      room = Number.POSITIVE_INFINITY;
      const { receipt } = await land(world, adapter, inputs);
      expect(receipt.landed.map(({ ok }) => ok)).toEqual([true, true, true]);
      expect(world.executedAt(0)).toHaveLength(3);
    },
  );

  it('keeps no verdict back because the node takes nothing now: the rest goes when there is room, or is given back', async () => {
    const world = new CoreSidechain();
    const port = world.portOf(0);
    let room = 1;
    const adapter = world.adapterOf(0, {
      submit: (bytes) => {
        room -= 1;
        return room < 0 ? Promise.resolve({ verdict: 'ignore', code: 'MEMPOOL_FULL' }) : port.submit(bytes);
      },
    });
    // More than are handed over at once.
    const inputs = Array.from({ length: 70 }, (_, index) =>
      world.input(index % 2 === 0 ? 'alice' : 'bob', `borrow|UM|${Math.floor(index / 2) + 1}`),
    );
    const batch = await batchOf(adapter, inputs);
    await expect(submit(adapter, batch)).rejects.toMatchObject({ blame: 'infrastructure' });
    await world.run(10_000);
    const waitFor = async (hash: string) => {
      const receipt = adapter.waitForTransactionReceipt(batch, hash, { timeoutMs, signal: never });
      await world.run(world.network.nowMs + 14_000);
      return (await receipt).landed;
    };
    const landed = await waitFor(await submit(adapter, batch));
    expect(landed.map(({ requestId }) => requestId)).toEqual([inputs[0]?.requestId]);
    const hash = await submit(adapter, batch);
    room = Number.POSITIVE_INFINITY;
    expect((await waitFor(hash)).map(({ ok }) => ok)).toEqual(inputs.map(() => true));
    expect(world.executedAt(1)).toHaveLength(inputs.length);
  });

  it('takes what the node refuses for good as the verdict of that input, and sends the others', async () => {
    const world = new CoreSidechain();
    const port = world.portOf(0);
    const inputs = [1, 2, 3].map((amount) => world.input('alice', `borrow|UM|${amount}`));
    const refused = inputs[1] as TestInput;
    const adapter = world.adapterOf(0, {
      submit: (bytes) =>
        Buffer.from(bytes).equals(refused.bytes)
          ? Promise.resolve({ verdict: 'reject', code: 'TRANSACTION_TOO_LARGE' })
          : port.submit(bytes),
    });
    const { receipt } = await land(world, adapter, inputs);
    expect(receipt.landed.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(landedOf(receipt, refused)).toMatchObject({ code: 'TRANSACTION_TOO_LARGE' });
  });

  it('hands inputs of an account over as there is room for them', async () => {
    const world = new CoreSidechain();
    const port = world.portOf(0);
    let room = 2;
    const adapter = world.adapterOf(0, {
      submit: (bytes) => {
        room -= 1;
        if (room < 0) return Promise.resolve({ verdict: 'ignore', code: 'MEMPOOL_SENDER_FULL' });
        return port.submit(bytes);
      },
    });
    const inputs = [1, 2, 3].map((amount) => world.input('alice', `borrow|UM|${amount}`));
    const batch = await batchOf(adapter, inputs);
    const hash = await submit(adapter, batch);
    room = 9;
    const receipt = adapter.waitForTransactionReceipt(batch, hash, { timeoutMs, signal: never });
    await world.run(14_000);
    expect((await receipt).landed.map(({ ok }) => ok)).toEqual([true, true, true]);
  });

  it('holds nobody up for one that does not land: it is given back, and lands all the same', async () => {
    const world = new CoreSidechain();
    const inputs = [1, 2].map((amount) => world.input('alice', `borrow|UM|${amount}`));
    const slow = world.input('bob', 'borrow|UM|9', world.network.nowMs + 2_000 + 300_000 + 16_000);
    const port = world.portOf(0);
    const adapter = world.adapterOf(0);
    const batch = await batchOf(adapter, [...inputs, slow]);
    const hash = await submit(adapter, batch);
    const waiting = adapter.waitForTransactionReceipt(batch, hash, { timeoutMs, signal: never });
    let receipt: TransactionReceipt | undefined;
    void waiting.then((value) => {
      receipt = value;
    });
    await world.run(14_000);
    expect(receipt?.landed.map(({ requestId }) => requestId)).toEqual(
      inputs.map(({ requestId }) => requestId),
    );
    expect(port.reader().inputOutcome(slow.requestId)).toBeUndefined();
    const again = await land(world, adapter, [slow]);
    expect(again.receipt.landed.map(({ ok }) => ok)).toEqual([true]);
    expect(world.executedAt(1)).toHaveLength(3);
  });

  it.each(['the time is over', 'the batcher stops'])(
    'stops waiting when %s, and forgets nothing',
    async (why) => {
      const world = new CoreSidechain();
      const stop = new AbortController();
      const waits: { readonly resolve: () => void; readonly ms: number }[] = [];
      const wait = (ms: number, signal: AbortSignal): Promise<void> =>
        new Promise((resolve) => {
          waits.push({ resolve, ms });
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
      const adapter = world.adapterOf(0, {}, wait);
      const input = world.input('alice', 'borrow|UM|10');
      const batch = await batchOf(adapter, [input]);
      const hash = await submit(adapter, batch);
      const receipt = adapter.waitForTransactionReceipt(batch, hash, { timeoutMs: 77, signal: stop.signal });
      const outcome = expect(receipt).rejects.toMatchObject({ code: 'BATCHER_RECEIPT_TIMEOUT' });
      expect(waits.map(({ ms }) => ms)).toEqual([77]);
      if (why === 'the batcher stops') stop.abort();
      else waits[0]?.resolve();
      await outcome;
      expect(await adapter.findLandedTransaction(batch)).toEqual({ state: 'waiting' });
      await world.run(10_000);
      expect(await adapter.findLandedTransaction(batch)).toMatchObject({ state: 'landed' });
    },
  );

  it('fills a batch up to what one block holds, oldest first, and never leaves it empty', async () => {
    const world = new CoreSidechain(
      'config: { chain: { block_transactions_max: 3, block_bytes_max: 1100 } }',
    );
    const adapter = world.adapterOf(0);
    const small = [1, 2, 3, 4].map((amount) => world.input('alice', `borrow|UM|${amount}`));
    const built = await adapter.buildBatchData(small.map(({ queued }) => queued));
    expect(built.selectedInputs).toEqual(small.slice(0, 3).map(({ queued }) => queued));
    const ids = ['a1', 'a2', 'a3'].map((byte) => hashOf(byte));
    const alice = world.keys.account('alice').address;
    const large = ids.map((batchId) => {
      const request = { settlement_id: batchId, from: alice, to: hashOf('11'), amount: '1', asset: 'UM' };
      const metadata = 'x'.repeat(500);
      const requests = [{ ...request, metadata }];
      return world.input(
        'alice',
        sealJson({ type: 'atomic_batch', batch_id: batchId, expires_at_height: 9, requests }),
      );
    });
    const trimmed = await adapter.buildBatchData(large.map(({ queued }) => queued));
    expect(trimmed.selectedInputs.map(({ requestId }) => requestId)).toEqual([large[0]?.requestId]);
    expect(adapter.inputBytesMax).toBeLessThan(1100);
  });

  it('refuses an atomic batch before the queue when its last height has passed, or lies too far ahead', async () => {
    const world = new CoreSidechain();
    await world.run(9_000);
    const adapter = world.adapterOf(0);
    const alice = world.keys.account('alice').address;
    const judge = (lastHeight: number) => {
      const request = {
        settlement_id: hashOf('a2'),
        from: alice,
        to: hashOf('11'),
        amount: '1',
        asset: 'UM',
      };
      const batch = { type: 'atomic_batch', batch_id: hashOf('a1'), expires_at_height: lastHeight };
      const { data } = world.input('alice', sealJson({ ...batch, requests: [request] }));
      return adapter.validateInput(data);
    };
    expect(judge(2)).toMatchObject({ ok: false, code: 'BATCH_TIMEOUT' });
    expect(judge(500)).toMatchObject({ ok: false, code: 'BATCH_EXPIRY_TOO_FAR' });
    expect(judge(12)).toMatchObject({ ok: true });
    expect(
      adapter.validateInput({ ...world.input('alice', 'borrow|UM|1').data, input: 'borow|UM|1' }),
    ).toMatchObject({
      code: 'INPUT_COMMAND_UNKNOWN',
    });
  });
});

describe('inputs sent to any nodes at any time, some of which crash', () => {
  type Step =
    | { readonly type: 'send'; readonly input: number; readonly node: number }
    | { readonly type: 'crash'; readonly node: number }
    | { readonly type: 'pass'; readonly ms: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant('send' as const), input: fc.nat(5), node: fc.nat(3) }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('crash' as const), node: fc.nat(3) }) },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.integer({ min: 10, max: 4000 }) }),
    },
  );

  it('are executed once each, in one order, and every adapter says the same of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const world = new CoreSidechain();
        const inputs = [0, 1, 2, 3, 4, 5].map((number) => {
          const label = number % 3 === 2 ? 'mallory' : 'alice';
          return world.input(
            label,
            number % 3 === 2 ? `deposit|UM|${500 + number}` : `borrow|UM|${number + 1}`,
          );
        });
        const sent = new Set<TestInput>();
        for (const one of steps) {
          if (one.type === 'pass') await world.run(world.network.nowMs + one.ms);
          else if (one.type === 'crash') {
            world.network.stop(one.node);
            world.network.start(one.node);
          } else {
            const input = inputs[one.input] as TestInput;
            sent.add(input);
            const adapter = world.adapterOf(one.node);
            await submit(adapter, await batchOf(adapter, [input]));
          }
        }
        await world.run(world.network.nowMs + 30_000);
        const expected = [...sent].map(({ id }) => id).sort();
        for (const node of [0, 1, 2, 3]) {
          expect(
            world
              .executedAt(node)
              .map(({ id }) => id)
              .sort(),
          ).toEqual(expected);
          const adapter = world.adapterOf(node);
          for (const input of sent) {
            const standing = await adapter.findLandedTransaction(await batchOf(adapter, [input]));
            if (standing.state !== 'landed') throw new Error(standing.state);
            expect(standing.receipt.landed[0]?.ok).toBe(
              input.queued.account !== world.keys.account('mallory').address,
            );
          }
        }
      }),
      { numRuns: 12 },
    );
  });
});
