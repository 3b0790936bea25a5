import { describe, expect, it } from 'vitest';
import type { BatcherOptions } from '../../../../../node/batcher/pipeline/options.ts';
import { createBatcherWorld, idOf, requestOf } from '../../../../helpers/batcherWorld.ts';
import { FakeAdapter, FakeChain } from '../../../../helpers/fakeChain.ts';
import { MemoryShelf, openMemoryInputs } from '../../../../helpers/memoryInputs.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const hash = expect.stringMatching(/^0x[0-9a-f]{64}$/);

describe('levels', () => {
  it('tells all callers of a batch together once it has a receipt', async () => {
    const { time, chain, adapter, start, of } = createBatcherWorld();
    const batcher = await start();
    let told = 0;
    const sent = numbers(3).map(async (number) => {
      const answer = await batcher.send(requestOf(number), 'client');
      told += 1;
      return answer;
    });
    await time.until(() => told > 0);
    expect(told).toBe(3);
    await expect(sent[0]).resolves.toEqual({
      ok: true,
      value: {
        ...{ requestId: idOf(1), level: 'wait-receipt', isTimedOut: false, isDuplicate: false },
        ...{ transactionHash: hash, rollup: undefined },
      },
    });
    expect(adapter.submitted.map(({ requestIds }) => [...requestIds].sort())).toEqual([
      numbers(3).map(idOf).sort(),
    ]);
    expect(numbers(3).map((number) => chain.count(idOf(number)))).toEqual([1, 1, 1]);
    expect(of('batch:submit')).toMatchObject([{ inputs: 3, target: 'fake' }]);
    expect(of('batch:receipt')).toMatchObject([{ confirmed: 3, failed: 0, returned: 0, blockNumber: 1 }]);
    expect(batcher.counters()).toMatchObject({ inputsQueued: 3, inputsConfirmed: 3, batchesLanded: 1 });
    await time.resolve(batcher.stop());
  });

  it('answers no-wait as soon as the input is stored', async () => {
    const { time, shelf, adapter, start } = createBatcherWorld();
    const batcher = await start();
    const answer = await batcher.send(requestOf(1, { confirmationLevel: 'no-wait' }), 'client');
    expect(answer).toMatchObject({ ok: true, value: { level: 'no-wait', transactionHash: undefined } });
    expect(shelf.index.liveRows).toBe(1);
    expect(adapter.submitted).toEqual([]);
    await time.resolve(batcher.stop());
  });

  it('takes the level of the request, of the target, of all, else wait-receipt', async () => {
    const levels: readonly [BatcherOptions['confirmationLevel'], string | undefined, string][] = [
      ['no-wait', 'wait-receipt', 'wait-receipt'],
      [{ fake: 'no-wait' }, undefined, 'no-wait'],
      ['no-wait', undefined, 'no-wait'],
      [undefined, undefined, 'wait-receipt'],
    ];
    for (const [confirmationLevel, asked, level] of levels) {
      const { time, start } = createBatcherWorld({ confirmationLevel });
      const batcher = await start();
      const request = asked === undefined ? requestOf(1) : requestOf(1, { confirmationLevel: asked });
      const answer = await time.resolve(batcher.send(request, 'client'));
      expect(answer).toMatchObject({ ok: true, value: { level } });
      await time.resolve(batcher.stop());
    }
  });

  it('refuses, before anything is stored, a level that the target cannot reach', async () => {
    const { time, shelf, start } = createBatcherWorld();
    const batcher = await start();
    const confirmationLevel = 'wait-effectstream-processed';
    const answer = await batcher.send(requestOf(1, { confirmationLevel }), 'client');
    expect(answer).toMatchObject({ ok: false, code: 'INPUT_LEVEL_UNAVAILABLE' });
    expect(shelf.index.keptRows).toBe(0);
    await time.resolve(batcher.stop());
  });

  it('waits until this chain has processed the input, and says where, also after a restart', async () => {
    const { time, adapter, start, of } = createBatcherWorld({ adapter: { isProcessedHere: true } });
    const first = await start();
    const confirmationLevel = 'wait-effectstream-processed';
    const sent = first.send(requestOf(1, { confirmationLevel }), 'client');
    await time.until(() => of('batch:receipt').length > 0);
    const stopped = first.stop();
    await expect(time.resolve(sent)).resolves.toMatchObject({ ok: false, code: 'BATCHER_STOPPING' });
    await time.resolve(stopped);
    const second = await start();
    const repeated = second.send(requestOf(1, { confirmationLevel }), 'client');
    await time.pass(5000);
    const { transactionHash } = of('batch:receipt')[0] as { transactionHash: string };
    adapter.processedAt.set(transactionHash, 77);
    await expect(time.resolve(repeated)).resolves.toMatchObject({
      ok: true,
      value: { level: confirmationLevel, rollup: 77, isDuplicate: true, transactionHash },
    });
    expect(of('batch:effectstream-processed')).toMatchObject([{ rollup: 77, requestIds: [idOf(1)] }]);
    await expect(second.status(idOf(1))).resolves.toMatchObject({ value: { rollup: 77 } });
    await time.resolve(second.stop());
  });

  it('answers a caller whose receipt is late, who can ask later', async () => {
    const { time, adapter, start } = createBatcherWorld();
    const batcher = await start();
    adapter.fault = (step) => (step === 'wait' && time.nowMs < 1_763_740_810_000 ? 'timeout' : undefined);
    await expect(time.resolve(batcher.send(requestOf(1), 'client'))).resolves.toMatchObject({
      ok: true,
      value: { level: 'no-wait', isTimedOut: true, transactionHash: hash },
    });
    await time.pass(60_000);
    await expect(batcher.status(idOf(1))).resolves.toMatchObject({
      value: { state: 'confirmed', attempts: 0 },
    });
    expect(adapter.submitted).toHaveLength(1);
    await time.resolve(batcher.stop());
  });

  it('keeps no caller for ever, none that hangs up, and no more than it may', async () => {
    const { time, start } = createBatcherWorld({
      batchingCriteria: { fake: { criteriaType: 'size', maxBatchSize: 99 } },
      limits: { callersMax: 2, answerTimeoutMs: 5000 },
    });
    const batcher = await start();
    const hangUp = new AbortController();
    const sent = [batcher.send(requestOf(1), 'client', hangUp.signal), batcher.send(requestOf(2), 'client')];
    await time.settle();
    expect(batcher.callerCount).toBe(2);
    const late = { ok: true, value: { isTimedOut: true, level: 'no-wait' } };
    await expect(batcher.send(requestOf(3), 'client')).resolves.toMatchObject(late);
    hangUp.abort();
    await sent[0];
    expect(batcher.callerCount).toBe(1);
    await expect(time.resolve(Promise.all(sent))).resolves.toMatchObject([late, late]);
    expect(batcher.callerCount).toBe(0);
    await time.resolve(batcher.stop());
  });

  it('lets one client hold no more than its part of the places of callers', async () => {
    const { time, start } = createBatcherWorld({
      batchingCriteria: { fake: { criteriaType: 'size', maxBatchSize: 99 } },
      limits: { clientCallersMax: 2, answerTimeoutMs: 5000 },
    });
    const batcher = await start();
    const late = { ok: true, value: { isTimedOut: true, level: 'no-wait' } };
    const copies = [1, 2].map(() => batcher.send(requestOf(1), 'greedy'));
    await time.settle();
    await expect(batcher.send(requestOf(1), 'greedy')).resolves.toMatchObject(late);
    await expect(batcher.send(requestOf(2), 'greedy')).resolves.toMatchObject(late);
    const other = batcher.send(requestOf(3), 'other');
    await time.settle();
    expect(batcher.callerCount).toBe(3);
    await time.resolve(Promise.all([...copies, other]));
    expect(batcher.callerCount).toBe(0);
    const again = batcher.send(requestOf(4), 'greedy');
    await time.settle();
    expect(batcher.callerCount).toBe(1);
    await time.resolve(again);
    await time.resolve(batcher.stop());
  });
});

describe('duplicates', () => {
  it('queues 50 equal requests that come at once as one, and tells all of them its fate', async () => {
    const { time, chain, shelf, start, of } = createBatcherWorld();
    const batcher = await start();
    const sent = numbers(50).map(() => batcher.send(requestOf(1), 'client'));
    const answers = await time.resolve(Promise.all(sent));
    expect(shelf.index.keptRows).toBe(1);
    expect(of('input:queued')).toHaveLength(1);
    expect(answers.filter((answer) => answer.ok && !answer.value.isDuplicate)).toHaveLength(1);
    for (const answer of answers)
      expect(answer).toMatchObject({ ok: true, value: { requestId: idOf(1), level: 'wait-receipt' } });
    expect(chain.count(idOf(1))).toBe(1);
    expect(batcher.counters().inputsRepeated).toBe(49);
    await time.resolve(batcher.stop());
  });

  it('answers at once for an input that ended, until it is pruned', async () => {
    const { time, chain, shelf, start, of } = createBatcherWorld();
    const batcher = await start();
    chain.refused.set(idOf(2), 'BALANCE_TOO_LOW');
    await time.resolve(Promise.all([1, 2].map((number) => batcher.send(requestOf(number), 'client'))));
    await expect(batcher.send(requestOf(1), 'client')).resolves.toMatchObject({
      value: { level: 'wait-receipt', isDuplicate: true, transactionHash: hash },
    });
    for (const confirmationLevel of ['no-wait', 'wait-receipt'])
      await expect(batcher.send(requestOf(2, { confirmationLevel }), 'client')).resolves.toMatchObject({
        ...{ ok: false, code: 'BALANCE_TOO_LOW' },
        details: { request_id: idOf(2) },
      });
    await time.pass(7_100_000);
    expect(shelf.index.keptRows).toBe(2);
    await time.pass(200_000);
    expect(shelf.index.keptRows).toBe(0);
    expect(of('inputs:pruned')).toEqual([{ type: 'inputs:pruned', inputs: 2 }]);
    await time.resolve(batcher.stop());
  });

  it('learns what another owner of the storage made of an input', async () => {
    const { time, shelf, start } = createBatcherWorld({
      batchingCriteria: { fake: { criteriaType: 'size', maxBatchSize: 99 } },
    });
    const other = openMemoryInputs(shelf);
    const batcher = await start();
    const sent = batcher.send(requestOf(1), 'client');
    await time.settle();
    const requestIds = [idOf(1).slice(2)];
    const batch = { target: 'fake', owner: 'other', content: '[]', requestIds, openedAtMs: 0 };
    await other.openBatch({ ...batch, batchId: 'b' });
    await other.submitBatch('b', '0xabc');
    const outcome = { requestId: idOf(1).slice(2), kind: 'confirmed', transactionHash: '0xabc' } as const;
    await other.concludeBatch('b', [outcome], 1);
    await expect(time.resolve(sent)).resolves.toMatchObject({
      value: { level: 'wait-receipt', transactionHash: '0xabc' },
    });
    await time.resolve(batcher.stop());
  });
});

describe('refusals of the pipeline itself', () => {
  it('stores nothing that the door refuses, and nothing beyond its limits', async () => {
    const { time, shelf, start } = createBatcherWorld();
    const batcher = await start({}, openMemoryInputs(shelf));
    for (const [changes, code] of [
      [{ signature: '0xbad' }, 'INPUT_SIGNATURE_INVALID'],
      [{ input: 'never' }, 'INPUT_COMMAND_UNKNOWN'],
      [{ target: 'nowhere' }, 'INPUT_TARGET_UNKNOWN'],
      [{ timestamp: '1000000000000' }, 'INPUT_STALE'],
      [{ input: 'x'.repeat(1001) }, 'INPUT_NEVER_FITS'],
    ] as const)
      await expect(batcher.send(requestOf(1, changes), 'client')).resolves.toMatchObject({ ok: false, code });
    expect(shelf.index.keptRows).toBe(0);
    await time.resolve(batcher.stop());
    const full = new MemoryShelf({ queuedRowsMax: 0 });
    const other = await start({}, openMemoryInputs(full));
    await expect(other.send(requestOf(1), 'client')).resolves.toMatchObject({ code: 'BATCHER_QUEUE_FULL' });
    await time.resolve(other.stop());
    const narrow = await start({}, openMemoryInputs(new MemoryShelf(), { rowBytesMax: 10 }));
    await expect(narrow.send(requestOf(1), 'client')).resolves.toMatchObject({ code: 'INPUT_NEVER_FITS' });
    expect(narrow.callerCount).toBe(0);
    await time.resolve(narrow.stop());
  });

  it('takes a signature scheme or a grammar that throws for a refusal', async () => {
    const { time, adapter, shelf, start, of } = createBatcherWorld();
    const fail = () => {
      throw new TypeError('a custom method fails');
    };
    const deaf = Object.assign(Object.create(adapter), { verifySignature: fail });
    const dull = Object.assign(Object.create(adapter), { validateInput: fail });
    const batcher = await start({ adapters: { fake: deaf, dull } });
    await expect(batcher.send(requestOf(1), 'client')).resolves.toMatchObject({
      code: 'INPUT_SIGNATURE_INVALID',
    });
    await expect(batcher.send(requestOf(1, { target: 'dull' }), 'client')).resolves.toMatchObject({
      code: 'INPUT_FAILED',
    });
    expect(of('adapter:failed')).toMatchObject([{ target: 'dull', step: 'validateInput' }]);
    expect(shelf.index.keptRows).toBe(0);
    await time.resolve(batcher.stop());
  });

  it('does not start with options that contradict themselves, and leaves nothing open', async () => {
    const adapter = new FakeAdapter(new FakeChain());
    const { start } = createBatcherWorld();
    for (const [changes, code, text] of [
      [{ defaultTarget: 'other' }, 'BATCHER_OPTION_INVALID', 'defaultTarget'],
      [{ retentionMs: 1000 }, 'BATCHER_RETENTION_TOO_SHORT', '1000'],
      [{ maxRetries: 0, pollingIntervalMs: 1.5 }, 'BATCHER_OPTION_INVALID', 'maxRetries'],
      [{ confirmationLevel: 'wait-effectstream-processed' }, 'BATCHER_OPTION_INVALID', 'not processed here'],
      [
        { batchingCriteria: { fake: { criteriaType: 'size', maxBatchSize: 5000 } } },
        'BATCHER_OPTION_INVALID',
        'batchInputsMax',
      ],
    ] as const) {
      const storage = openMemoryInputs(new MemoryShelf());
      const started = start({ ...changes, adapters: { fake: adapter } } as never, storage);
      await expect(started).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
      await expect(storage.get('0')).rejects.toMatchObject({ code: 'INPUT_STORAGE_CLOSED' });
    }
    const failing = Object.assign(Object.create(adapter), {
      start: () => Promise.reject(new Error('no key')),
    });
    await expect(start({ adapters: { fake: adapter, failing } })).rejects.toThrow('no key');
    expect(adapter.isStopped).toBe(true);
  });
});

describe('operators', () => {
  it('force a batch, clear a queue, and see how things stand', async () => {
    const { time, adapter, start } = createBatcherWorld({
      batchingCriteria: { fake: { criteriaType: 'size', maxBatchSize: 99 } },
    });
    const batcher = await start();
    const forced = batcher.send(requestOf(1), 'client');
    await time.pass(5000);
    expect(adapter.submitted).toEqual([]);
    await expect(batcher.stats()).resolves.toMatchObject({
      value: [{ target: 'fake', criteria: 'size', oldestAgeMs: 5000, inputs: { queued: 1, confirmed: 0 } }],
    });
    await batcher.forceBatch('fake');
    await expect(time.resolve(forced)).resolves.toMatchObject({ value: { level: 'wait-receipt' } });
    const cleared = [2, 3].map((number) => batcher.send(requestOf(number), 'client'));
    await time.settle();
    await expect(batcher.clearQueue('fake')).resolves.toEqual({ ok: true, value: 2 });
    for (const answer of await Promise.all(cleared)) expect(answer).toMatchObject({ code: 'INPUT_CLEARED' });
    for (const call of [batcher.forceBatch('no'), batcher.clearQueue('no')])
      await expect(call).resolves.toMatchObject({ ok: false, code: 'INPUT_TARGET_UNKNOWN' });
    await expect(batcher.status(`0x${'0'.repeat(64)}`)).resolves.toMatchObject({ code: 'INPUT_UNKNOWN' });
    expect(adapter.submitted).toHaveLength(1);
    await time.resolve(batcher.stop());
  });
});

describe('stop', () => {
  it('keeps the queue, tells callers, closes adapters and storage, and leaves nothing that waits', async () => {
    const { time, adapter, shelf, start } = createBatcherWorld({
      batchingCriteria: { fake: { criteriaType: 'size', maxBatchSize: 99 } },
    });
    const storage = openMemoryInputs(shelf);
    const batcher = await start({}, storage);
    const sent = batcher.send(requestOf(1), 'client');
    await time.settle();
    const stopped = batcher.stop();
    await expect(batcher.send(requestOf(2), 'client')).resolves.toMatchObject({ code: 'BATCHER_STOPPING' });
    await stopped;
    await expect(sent).resolves.toMatchObject({
      ...{ ok: false, code: 'BATCHER_STOPPING' },
      details: { request_id: idOf(1) },
    });
    expect(adapter.isStopped).toBe(true);
    await expect(storage.get('0')).rejects.toMatchObject({ code: 'INPUT_STORAGE_CLOSED' });
    expect(shelf.index.liveRows).toBe(1);
    expect(time.timerCount).toBe(0);
  });

  it('lets a submission under way end, but not for longer than it may take', async () => {
    const { time, adapter, chain, start } = createBatcherWorld();
    const submit = adapter.submitBatch.bind(adapter);
    let isOpen = false;
    adapter.submitBatch = async (submission) => {
      while (!isOpen) await time.wait(100, new AbortController().signal);
      return submit(submission);
    };
    for (const [delayMs, count] of [
      [3000, 1],
      [30_000, 0],
    ] as const) {
      isOpen = false;
      const batcher = await start();
      await batcher.send(requestOf(2 - count, { confirmationLevel: 'no-wait' }), 'client');
      await time.until(() => adapter.calls.includes('estimate'));
      const begunAtMs = time.nowMs;
      const stopped = batcher.stop();
      await time.pass(delayMs);
      isOpen = true;
      await time.resolve(stopped);
      await time.pass(1000);
      adapter.calls.length = 0;
      // What was given up cannot leave: nobody would know its hash.
      expect(adapter.submitted).toHaveLength(1);
      expect(time.nowMs - begunAtMs).toBeGreaterThan(count === 1 ? 0 : 10_000);
    }
    expect(chain.executed).toEqual([idOf(1)]);
    const batcher = await start();
    await time.until(() => chain.executed.length > 1);
    expect(chain.executed).toEqual([idOf(1), idOf(2)]);
    await time.resolve(batcher.stop());
  });
});
