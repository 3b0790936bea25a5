import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../../../consensus/primitives/codedError.ts';
import { AdapterError, type QueuedInput } from '../../../../../node/batcher/adapters/adapter.ts';
import type { Batcher } from '../../../../../node/batcher/pipeline/batcher.ts';
import { createBatcherWorld, idOf, requestOf } from '../../../../helpers/batcherWorld.ts';
import { openMemoryInputs } from '../../../../helpers/memoryInputs.ts';
import { type CallFault, Mortal } from '../../../../helpers/mortal.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

async function queue(batcher: Batcher, ...inputs: readonly number[]): Promise<void> {
  for (const number of inputs)
    expect(await batcher.send(requestOf(number, { confirmationLevel: 'no-wait' }), 'client')).toMatchObject({
      ok: true,
    });
}

const stateOf = async (batcher: Batcher, number: number) => {
  const status = await batcher.status(idOf(number));
  return status.ok ? status.value : undefined;
};

describe('an outage of the target', () => {
  it('of many rounds: callers told at once, growing rests, nobody charged, then all confirmed', async () => {
    const { time, adapter, chain, start, of } = createBatcherWorld();
    const batcher = await start();
    let isOut = true;
    adapter.fault = () => (isOut ? 'unreachable' : undefined);
    const sent = numbers(3).map((number) => batcher.send(requestOf(number), 'client'));
    for (const [index, answer] of (await time.resolve(Promise.all(sent))).entries())
      expect(answer).toMatchObject({
        ...{ ok: false, code: 'BATCHER_TARGET_PARKED' },
        details: { request_id: idOf(index + 1), target: 'fake', reason: 'BATCHER_TARGET_UNREACHABLE' },
      });
    await expect(batcher.send(requestOf(4), 'client')).resolves.toMatchObject({
      code: 'BATCHER_TARGET_PARKED',
    });
    await expect(batcher.stats()).resolves.toMatchObject({
      value: [{ parkedFor: 'BATCHER_TARGET_UNREACHABLE', parkedUntilMs: time.nowMs + 750 }],
    });
    await time.pass(1_200_000);
    const rests = of('target:parked').map(({ restMs }) => restMs);
    expect(rests.slice(0, 8)).toEqual([750, 1500, 3000, 6000, 12_000, 24_000, 45_000, 45_000]);
    isOut = false;
    await time.until(() => chain.executed.length === 4);
    await time.settle();
    for (const number of numbers(4)) {
      expect(await stateOf(batcher, number)).toMatchObject({ state: 'confirmed', attempts: 0 });
      expect(chain.count(idOf(number))).toBe(1);
    }
    expect(of('input:charged')).toEqual([]);
    expect(of('target:recovered')).toHaveLength(1);
    await time.resolve(batcher.stop());
  });

  it('begins with short rests anew after the target was back', async () => {
    const { time, adapter, chain, start, of } = createBatcherWorld();
    const batcher = await start();
    for (const number of [1, 2]) {
      let failures = 3;
      adapter.fault = (step) => (step === 'submit' && failures-- > 0 ? 'unreachable' : undefined);
      await queue(batcher, number);
      await time.until(() => chain.count(idOf(number)) === 1);
      await time.settle();
    }
    expect(of('target:parked').map(({ restMs }) => restMs)).toEqual([750, 1500, 3000, 750, 1500, 3000]);
    await time.resolve(batcher.stop());
  });

  it('costs a try after maxParks rests, and ends what certainly left nothing behind', async () => {
    const { time, adapter, start, of } = createBatcherWorld({ maxParks: 4, maxRetries: 2 });
    const batcher = await start();
    adapter.fault = (step) => (step === 'estimate' ? 'unreachable' : undefined);
    await queue(batcher, 1);
    await time.until(() => of('input:failed').length > 0);
    expect(of('target:parked')).toHaveLength(8);
    expect(await stateOf(batcher, 1)).toMatchObject({
      ...{ state: 'failed', errorCode: 'INPUT_FAILED', attempts: 2 },
    });
    await time.resolve(batcher.stop());
  });

  it('ends nothing that may have landed, however long it lasts', async () => {
    const { time, adapter, chain, start, of } = createBatcherWorld({ maxParks: 3, maxRetries: 2 });
    const batcher = await start();
    let isOut = false;
    adapter.fault = (step) => {
      if (step !== 'submit') return isOut ? 'unreachable' : undefined;
      isOut = true;
      return 'lost_answer';
    };
    await queue(batcher, 1);
    await time.pass(3_600_000);
    expect(await stateOf(batcher, 1)).toMatchObject({ state: 'submitted', attempts: 1 });
    isOut = false;
    await time.until(() => of('input:confirmed').length > 0);
    expect(chain.count(idOf(1))).toBe(1);
    expect(adapter.submitted).toHaveLength(1);
    await time.resolve(batcher.stop());
  });

  it('is found out by one batch at a time', async () => {
    const { time, adapter, chain, start } = createBatcherWorld({
      adapter: { openBatchesMax: 4 },
      batchingCriteria: { fake: { criteriaType: 'size', maxBatchSize: 1 } },
    });
    const batcher = await start();
    let isOut = true;
    adapter.fault = (step) => (step === 'submit' && isOut ? 'unreachable' : undefined);
    await queue(batcher, 1);
    await time.pass(2000);
    await queue(batcher, 2, 3, 4, 5);
    await time.pass(100_000);
    expect(await batcher.stats()).toMatchObject({ value: [{ openBatches: 1 }] });
    isOut = false;
    await time.until(() => chain.executed.length === 5);
    await time.resolve(batcher.stop());
  });

  it('leaves callers alone whose batch is another one', async () => {
    const { time, adapter, start } = createBatcherWorld({
      adapter: { openBatchesMax: 2 },
      batchingCriteria: { fake: { criteriaType: 'size', maxBatchSize: 1 } },
    });
    const batcher = await start();
    let receipts = 0;
    const wait = adapter.waitForTransactionReceipt.bind(adapter);
    adapter.waitForTransactionReceipt = async (...call) => {
      receipts += 1;
      if (receipts === 1) await time.wait(20_000, new AbortController().signal);
      return wait(...call);
    };
    const slow = batcher.send(requestOf(1), 'client');
    await time.until(() => receipts === 1);
    adapter.fault = (step) => (step === 'submit' ? 'unreachable' : undefined);
    const parked = batcher.send(requestOf(2), 'client');
    await expect(time.resolve(parked)).resolves.toMatchObject({ code: 'BATCHER_TARGET_PARKED' });
    await expect(time.resolve(slow)).resolves.toMatchObject({ value: { level: 'wait-receipt' } });
    await time.resolve(batcher.stop());
  });
});

describe('a poisoned input', () => {
  for (const poisonAt of ['estimate', 'submit', 'wait'] as const)
    for (const isNaming of [true, false])
      it(`that shows at ${poisonAt}, ${isNaming ? 'named' : 'not named'}: ends alone after its own tries`, async () => {
        const { time, chain, start, of } = createBatcherWorld({ adapter: { poisonAt, isNaming } });
        const batcher = await start();
        chain.poisoned.add(idOf(5));
        const poisoned = batcher.send(requestOf(5), 'client');
        await queue(batcher, 1, 2, 3, 4, 6, 7, 8);
        await expect(time.resolve(poisoned)).resolves.toMatchObject({
          ...{ ok: false, code: 'BATCHER_BATCH_REVERTED' },
          details: { request_id: idOf(5) },
        });
        await time.until(() => chain.executed.length === 7);
        await time.settle();
        expect(await stateOf(batcher, 5)).toMatchObject({ state: 'failed', attempts: 3 });
        expect(of('input:charged').map(({ requestId }) => requestId)).toEqual([idOf(5), idOf(5), idOf(5)]);
        for (const number of [1, 2, 3, 4, 6, 7, 8])
          expect(await stateOf(batcher, number)).toMatchObject({ state: 'confirmed', attempts: 0 });
        expect(of('target:parked')).toEqual([]);
        await time.resolve(batcher.stop());
      });

  it('that its chain refuses for good fails at once, with the code of the chain', async () => {
    const { time, adapter, chain, start } = createBatcherWorld();
    const batcher = await start();
    chain.refused.set(idOf(2), 'BALANCE_TOO_LOW');
    await queue(batcher, 1);
    const refused = batcher.send(requestOf(2), 'client');
    await expect(time.resolve(refused)).resolves.toMatchObject({ code: 'BALANCE_TOO_LOW' });
    expect(await stateOf(batcher, 1)).toMatchObject({ state: 'confirmed' });
    expect(await stateOf(batcher, 2)).toMatchObject({
      state: 'failed',
      errorCode: 'BALANCE_TOO_LOW',
      attempts: 0,
    });
    expect(adapter.submitted).toHaveLength(1);
    await time.resolve(batcher.stop());
  });
});

describe('a batch that nobody saw land', () => {
  for (const step of ['submit', 'wait'] as const)
    for (const fault of ['lost_answer', 'silent_after'] as const)
      it(`because of ${fault} of ${step}: ends confirmed, and is not sent again`, async () => {
        const { time, adapter, chain, start } = createBatcherWorld();
        const batcher = await start();
        let isFirst = true;
        adapter.fault = (called) => {
          if (called !== step || !isFirst) return undefined;
          isFirst = false;
          return fault;
        };
        await queue(batcher, 1, 2);
        await time.until(() => chain.executed.length === 2);
        await time.pass(300_000);
        for (const number of [1, 2])
          expect(await stateOf(batcher, number)).toMatchObject({ state: 'confirmed', attempts: 0 });
        expect(adapter.submitted).toHaveLength(1);
        expect(chain.executed).toHaveLength(2);
        await time.resolve(batcher.stop());
      });

  it('is sent again, as it was, when it is nowhere', async () => {
    const { time, adapter, start, of } = createBatcherWorld();
    const batcher = await start();
    let isFirst = true;
    adapter.fault = (step) => {
      if (step !== 'submit' || !isFirst) return undefined;
      isFirst = false;
      return 'noted';
    };
    await queue(batcher, 1);
    await time.until(() => of('input:confirmed').length > 0);
    expect(of('batch:open')).toHaveLength(1);
    expect(adapter.submitted).toHaveLength(1);
    await time.resolve(batcher.stop());
  });

  it('gives its inputs back together, uncharged, when it can never land', async () => {
    const { time, adapter, chain, start, of } = createBatcherWorld();
    const batcher = await start();
    let isFirst = true;
    adapter.fault = (step) => {
      if (step !== 'submit' || !isFirst) return undefined;
      isFirst = false;
      return 'noted';
    };
    const find = adapter.findLandedTransaction.bind(adapter);
    let isLost = true;
    adapter.findLandedTransaction = async (batch) => {
      if (!isLost) return find(batch);
      isLost = false;
      return { state: 'lost' };
    };
    await queue(batcher, 1, 2);
    await time.until(() => chain.executed.length === 2);
    expect(of('batch:return')).toMatchObject([{ why: 'lost', parts: [2] }]);
    expect(of('batch:open')).toHaveLength(2);
    expect(of('input:charged')).toEqual([]);
    await time.resolve(batcher.stop());
  });

  it('whose receipt says nothing of its inputs is not sent for ever', async () => {
    const { time, adapter, start, of } = createBatcherWorld();
    const batcher = await start();
    adapter.waitForTransactionReceipt = async (_, transactionHash) => ({
      ...{ transactionHash, blockNumber: 1, landed: [] },
    });
    await queue(batcher, 1);
    await time.until(() => of('input:failed').length > 0);
    expect(await stateOf(batcher, 1)).toMatchObject({ errorCode: 'INPUT_FAILED', attempts: 3 });
    await time.resolve(batcher.stop());
  });
});

describe('building', () => {
  const broken: Readonly<Record<string, (inputs: readonly QueuedInput[]) => unknown>> = {
    'throws on it': () => {
      throw new TypeError('cannot serialise');
    },
    'selects nothing': () => ({ selectedInputs: [], data: '[]' }),
    'selects an input twice': (inputs) => ({ selectedInputs: [inputs[0], inputs[0]], data: '[]' }),
    'selects a stranger': (inputs) => ({
      selectedInputs: [{ ...inputs[0], requestId: idOf(99) }],
      data: '[]',
    }),
    'gives no data': (inputs) => ({ selectedInputs: inputs }),
    'refuses its inputs': () => {
      throw new AdapterError('BATCHER_INPUT_REFUSED', 'too odd', { blame: 'input' });
    },
  };
  for (const [name, breakIt] of Object.entries(broken))
    it(`where the adapter ${name}: the input ends, and those behind it go on`, async () => {
      const { time, adapter, chain, start } = createBatcherWorld();
      const batcher = await start();
      const build = adapter.buildBatchData.bind(adapter);
      adapter.buildBatchData = async (inputs) =>
        inputs.some(({ requestId }) => requestId === idOf(3)) ? (breakIt(inputs) as never) : build(inputs);
      await queue(batcher, 3, 1, 2, 4, 5);
      await time.until(() => chain.executed.length === 4);
      await time.pass(10_000);
      expect(await stateOf(batcher, 3)).toMatchObject({
        ...{ state: 'failed', attempts: 3 },
        errorCode: name === 'refuses its inputs' ? 'BATCHER_INPUT_REFUSED' : 'INPUT_FAILED',
      });
      for (const number of [1, 2, 4, 5])
        expect(await stateOf(batcher, number)).toMatchObject({ attempts: 0 });
      await time.resolve(batcher.stop());
    });

  it('leaves what does not fit for the next batch', async () => {
    const { time, adapter, chain, start } = createBatcherWorld({ adapter: { batchBytesMax: 20 } });
    const batcher = await start();
    await queue(batcher, 1, 2, 3, 4, 5);
    await time.until(() => chain.executed.length === 5);
    expect(adapter.submitted.map(({ requestIds }) => requestIds.length)).toEqual([2, 2, 1]);
    await time.resolve(batcher.stop());
  });

  it('ends an input whose grammar no longer takes it', async () => {
    const { time, adapter, chain, start } = createBatcherWorld();
    const batcher = await start();
    await queue(batcher, 1, 2);
    const validate = adapter.validateInput.bind(adapter);
    adapter.validateInput = (input) => validate({ ...input, input: input.input.replace(/.*1$/, 'never') });
    await time.until(() => chain.executed.length === 1);
    expect(await stateOf(batcher, 1)).toMatchObject({ state: 'failed', errorCode: 'INPUT_COMMAND_UNKNOWN' });
    await time.resolve(batcher.stop());
  });

  it('that cannot reach its chain parks the target and costs a try after maxParks rests', async () => {
    const { time, adapter, start, of } = createBatcherWorld({ maxParks: 2, maxRetries: 1 });
    const batcher = await start();
    adapter.fault = (step) => (step === 'build' ? 'unreachable' : undefined);
    const sent = batcher.send(requestOf(1), 'client');
    await expect(time.resolve(sent)).resolves.toMatchObject({ code: 'BATCHER_TARGET_PARKED' });
    await time.until(() => of('input:failed').length > 0);
    expect(of('target:parked')).toHaveLength(2);
    await time.resolve(batcher.stop());
  });
});

describe('what an earlier process left', () => {
  it('is asked after before anything else is built; what others own is left alone', async () => {
    const { time, adapter, chain, shelf, start, of } = createBatcherWorld({ owner: 'me' });
    const storage = openMemoryInputs(shelf);
    const first = await start({ batchingCriteria: { fake: { criteriaType: 'size', maxBatchSize: 99 } } });
    await queue(first, 1, 2, 3);
    await time.resolve(first.stop());
    for (const [number, owner] of [
      [1, 'me'],
      [2, 'other'],
    ] as const)
      await storage.openBatch({
        ...{ batchId: owner, target: 'fake', owner, content: JSON.stringify([idOf(number)]) },
        ...{ requestIds: [idOf(number).slice(2)], openedAtMs: number },
      });
    adapter.calls.length = 0;
    let isOut = true;
    adapter.fault = (step) => (step === 'find' && isOut ? 'unreachable' : undefined);
    const second = await start();
    await time.pass(100_000);
    expect(new Set(adapter.calls)).toEqual(new Set(['find']));
    isOut = false;
    await time.until(() => chain.executed.length === 2);
    expect(adapter.submitted.map(({ batchId }) => batchId)[0]).toBe('me');
    expect(of('batch:recover')).toMatchObject([{ batchId: 'me', requestIds: [idOf(1)] }]);
    expect(chain.count(idOf(2))).toBe(0);
    expect([...shelf.index.batches.keys()]).toEqual(['other']);
    await time.resolve(second.stop());
  });

  it('is told to the adapter as it was sent, with the target that was named, or none', async () => {
    const { time, adapter, start } = createBatcherWorld();
    const seen: unknown[] = [];
    const build = adapter.buildBatchData.bind(adapter);
    adapter.buildBatchData = (inputs) => {
      seen.push(...inputs.map(({ data }) => data));
      return build(inputs);
    };
    const batcher = await start();
    const requests = [requestOf(1, { confirmationLevel: 'no-wait' }), requestOf(2, { target: 'fake' })];
    await time.resolve(Promise.all(requests.map((request) => batcher.send(request, 'client'))));
    expect(new Set(seen)).toEqual(new Set(requests.map(({ data }) => ({ target: undefined, ...data }))));
    await time.resolve(batcher.stop());
  });
});

describe('a storage that does not answer', () => {
  it('accepts nothing, and everything goes on from what is stored once it is back', async () => {
    const { time, chain, shelf, start, of } = createBatcherWorld();
    let fault: CallFault | undefined;
    const error = new CodedError('INPUT_STORAGE_UNREACHABLE', 'no answer');
    const storage = new Mortal().wrap(openMemoryInputs(shelf), (method) =>
      fault === undefined || method === 'close' ? undefined : { when: fault, error },
    );
    const batcher = await start({}, storage);
    await queue(batcher, 1);
    fault = 'before';
    const refusal = { ok: false, code: 'BATCHER_STORAGE_UNAVAILABLE', details: { retry_after_s: 1 } };
    await expect(batcher.send(requestOf(2), 'client')).resolves.toMatchObject(refusal);
    await expect(batcher.status(idOf(1))).resolves.toMatchObject(refusal);
    await expect(batcher.stats()).resolves.toMatchObject(refusal);
    await time.pass(600_000);
    expect(chain.executed).toEqual([]);
    fault = undefined;
    await time.until(() => chain.count(idOf(1)) === 1);
    await expect(time.resolve(batcher.send(requestOf(2), 'client'))).resolves.toMatchObject({ ok: true });
    expect(of('storage:lost')).toHaveLength(1);
    expect(of('storage:back')).toHaveLength(1);
    expect(of('input:charged')).toEqual([]);
    await time.resolve(batcher.stop());
  });

  it('that lost an answer alone keeps what it took: it is batched', async () => {
    const { time, chain, shelf, start } = createBatcherWorld();
    let isLost = false;
    const error = new CodedError('INPUT_STORAGE_UNREACHABLE', 'no answer');
    const storage = new Mortal().wrap(openMemoryInputs(shelf), (method) =>
      isLost && method === 'add' ? { when: 'after', error } : undefined,
    );
    const batcher = await start({}, storage);
    await time.settle();
    isLost = true;
    await expect(batcher.send(requestOf(1), 'client')).resolves.toMatchObject({ ok: false });
    await time.until(() => chain.count(idOf(1)) === 1, 5000);
    await time.resolve(batcher.stop());
  });
});

describe('a hash that the storage does not take', () => {
  it('is nobody’s fault, whatever the adapter makes of it', async () => {
    const { time, adapter, chain, shelf, start, of } = createBatcherWorld();
    let isLost = true;
    const error = new CodedError('INPUT_STORAGE_WRITE_FAILED', 'the disk is full');
    const storage = new Mortal().wrap(openMemoryInputs(shelf), (method) => {
      if (method !== 'submitBatch' || !isLost) return undefined;
      isLost = false;
      return { when: 'before', error };
    });
    const submit = adapter.submitBatch.bind(adapter);
    adapter.submitBatch = (submission) =>
      submit(submission).catch((cause: unknown) => {
        throw new AdapterError('BATCHER_INPUT_REFUSED', 'wrong', { blame: 'input', cause });
      });
    const batcher = await start({}, storage);
    await queue(batcher, 1);
    await time.until(() => chain.executed.length === 1);
    expect(of('storage:lost')).toHaveLength(1);
    expect([...of('target:parked'), ...of('input:charged')]).toEqual([]);
    await time.resolve(batcher.stop());
  });

  it('and whose adapter sends all the same: the batch ends confirmed', async () => {
    const { time, adapter, chain, shelf, start, of } = createBatcherWorld();
    let losses = 2;
    const error = new CodedError('INPUT_STORAGE_WRITE_FAILED', 'the disk is full');
    const storage = new Mortal().wrap(openMemoryInputs(shelf), (method) =>
      method === 'submitBatch' && losses-- > 0 ? { when: 'before', error } : undefined,
    );
    const submit = adapter.submitBatch.bind(adapter);
    adapter.submitBatch = (submission) =>
      submit({ ...submission, note: (hash) => submission.note(hash).catch(() => undefined) });
    const batcher = await start({}, storage);
    await queue(batcher, 1);
    await time.until(() => of('input:confirmed').length > 0);
    expect(chain.executed).toEqual([idOf(1)]);
    expect(adapter.submitted).toHaveLength(1);
    await time.resolve(batcher.stop());
  });
});

describe('rounds', () => {
  it('read nothing of an idle queue but now and then', async () => {
    const { time, shelf, start } = createBatcherWorld();
    const read: string[] = [];
    const storage = new Mortal().wrap(openMemoryInputs(shelf), (method) => {
      read.push(method);
      return undefined;
    });
    const batcher = await start({}, storage);
    await time.pass(5000);
    read.length = 0;
    await time.pass(100_000);
    expect(read.filter((method) => method !== 'prune').length).toBeLessThanOrEqual(4);
    expect(read).not.toContain('unfinishedBatches');
    await time.resolve(batcher.stop());
  });

  it('open a batch when it is due by size, in batches of that size, and not before', async () => {
    const { time, adapter, chain, start } = createBatcherWorld({
      batchingCriteria: { fake: { criteriaType: 'size', maxBatchSize: 3 } },
    });
    const batcher = await start();
    await queue(batcher, 1, 2);
    await time.pass(100_000);
    expect(adapter.submitted).toEqual([]);
    await queue(batcher, 3, 4, 5, 6, 7);
    await time.pass(100_000);
    expect(adapter.submitted.map(({ requestIds }) => requestIds.length)).toEqual([3, 3]);
    // The oldest go first.
    expect(adapter.submitted[0]?.requestIds).toEqual(expect.arrayContaining([idOf(1), idOf(2)]));
    expect(chain.executed).toHaveLength(6);
    await time.resolve(batcher.stop());
  });

  it('open a batch when it is due by value', async () => {
    const { time, adapter, start } = createBatcherWorld({
      batchingCriteria: {
        fake: {
          ...{ criteriaType: 'value', targetValue: 10n },
          valueAccumulatorFn: ({ input }) => Number(input.split('|')[1]),
        },
      },
    });
    const batcher = await start();
    await queue(batcher, 2, 3, 4);
    await time.pass(100_000);
    expect(adapter.submitted).toEqual([]);
    await queue(batcher, 1);
    await time.pass(2000);
    expect(adapter.submitted).toHaveLength(1);
    await time.resolve(batcher.stop());
  });

  it('tell of custom criteria that throw, once, and go on', async () => {
    let isFailing = true;
    const asked: number[] = [];
    const { time, chain, start, of } = createBatcherWorld({
      batchingCriteria: {
        fake: {
          criteriaType: 'custom',
          isBatchReadyFn: (inputs) => {
            asked.push(inputs.length);
            if (isFailing) throw new TypeError('a custom function fails');
            return inputs.length >= 2;
          },
        },
      },
    });
    const batcher = await start();
    await time.pass(10_000);
    expect(asked).toEqual([]);
    await queue(batcher, 1);
    await time.pass(10_000);
    expect(of('criteria:failed')).toMatchObject([{ target: 'fake', reason: 'a custom function fails' }]);
    isFailing = false;
    await time.pass(10_000);
    expect(chain.executed).toEqual([]);
    await queue(batcher, 2);
    await time.until(() => chain.executed.length === 2);
    await time.resolve(batcher.stop());
  });

  it('have as many batches under way as the adapter allows', async () => {
    const { time, adapter, chain, start } = createBatcherWorld({
      adapter: { openBatchesMax: 3 },
      batchingCriteria: { fake: { criteriaType: 'size', maxBatchSize: 1 } },
    });
    let isHeld = true;
    const wait = adapter.waitForTransactionReceipt.bind(adapter);
    adapter.waitForTransactionReceipt = async (...call) => {
      while (isHeld) await time.wait(100, new AbortController().signal);
      return wait(...call);
    };
    const batcher = await start();
    await queue(batcher, ...numbers(5));
    await time.pass(10_000);
    expect(await batcher.stats()).toMatchObject({
      value: [{ openBatches: 3, inputs: { submitted: 3, queued: 2 } }],
    });
    isHeld = false;
    await time.until(() => chain.executed.length === 5);
    await time.resolve(batcher.stop());
  });
});
