/** What is stored and nobody has in hand: found whenever somebody asks or looks, and at nobody's cost. */
import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../../../consensus/primitives/codedError.ts';
import { AdapterError } from '../../../../../node/batcher/adapters/adapter.ts';
import type { InputStorage } from '../../../../../node/batcher/storage/inputStorage.ts';
import { createBatcherWorld, idOf, requestOf } from '../../../../helpers/batcherWorld.ts';
import { FakeAdapter, FakeChain } from '../../../../helpers/fakeChain.ts';
import { openMemoryInputs } from '../../../../helpers/memoryInputs.ts';

describe('a confirmed input whose height nobody noted', () => {
  it('is found to be processed once its state is asked for', async () => {
    const { time, adapter, start, of } = createBatcherWorld({ adapter: { isProcessedHere: true } });
    const first = await start();
    const sent = first.send(requestOf(1), 'client');
    await expect(time.resolve(sent)).resolves.toMatchObject({ ok: true });
    await time.resolve(first.stop());
    const { transactionHash } = of('batch:receipt')[0] as { transactionHash: string };
    adapter.processedAt.set(transactionHash, 77);
    const second = await start();
    await time.pass(60_000);
    await expect(second.status(idOf(1))).resolves.toMatchObject({ value: { state: 'confirmed' } });
    await time.settle();
    await expect(second.status(idOf(1))).resolves.toMatchObject({ value: { rollup: 77 } });
    expect(of('batch:effectstream-processed')).toMatchObject([{ rollup: 77, requestIds: [idOf(1)] }]);
    await time.resolve(second.stop());
  });
});

describe('an input that is known', () => {
  it('and failed on its chain is answered with the code, what failed and what to do, each time', async () => {
    const { time, chain, start } = createBatcherWorld();
    chain.refused.set(idOf(1), 'LEDGER_INSUFFICIENT_BALANCE');
    const batcher = await start();
    for (let copy = 0; copy < 2; copy += 1) {
      const answer = await time.resolve(batcher.send(requestOf(1), 'client'));
      const message = expect.stringMatching(`${idOf(1)} failed: .*refused it for good.*sign it anew`);
      expect(answer).toMatchObject({ ok: false, code: 'LEDGER_INSUFFICIENT_BALANCE', message });
    }
    await time.resolve(batcher.stop());
  });

  it('costs its account nothing, however often and by whomever it is sent again', async () => {
    const rates = { perSecond: 0.001, keysMax: 10 };
    const rateLimits = { client: { burst: 1000, ...rates }, account: { burst: 2, ...rates } };
    const { time, start } = createBatcherWorld({ rateLimits });
    const batcher = await start();
    const noWait = { confirmationLevel: 'no-wait' };
    await expect(batcher.send(requestOf(1, noWait), 'victim')).resolves.toMatchObject({ ok: true });
    for (let copy = 0; copy < 20; copy += 1)
      await expect(batcher.send(requestOf(1, noWait), 'attacker')).resolves.toMatchObject({
        value: { isDuplicate: true },
      });
    const next = (input: string) => batcher.send(requestOf(1, { input, ...noWait }), 'victim');
    await expect(next('deposit|2')).resolves.toMatchObject({ value: { isDuplicate: false } });
    await expect(next('deposit|3')).resolves.toMatchObject({ code: 'INPUT_RATE_LIMITED' });
    await time.resolve(batcher.stop());
  });

  it('and whose target the configuration has lost is told as it stands', async () => {
    const { time, start } = createBatcherWorld();
    const batchingCriteria = { fake: { criteriaType: 'size', maxBatchSize: 99 } } as const;
    const first = await start({ batchingCriteria });
    await first.send(requestOf(1, { confirmationLevel: 'no-wait' }), 'client');
    await time.resolve(first.stop());
    const second = await start({
      adapters: { other: new FakeAdapter(new FakeChain()) },
      defaultTarget: 'other',
    });
    await expect(second.send(requestOf(1), 'client')).resolves.toMatchObject({
      value: { requestId: idOf(1), isDuplicate: true, isTimedOut: true, level: 'no-wait' },
    });
    await time.resolve(second.stop());
  });
});

describe('a batch that others conclude in part', () => {
  it('leaves inputs that are found, also while batches of an earlier process are looked for', async () => {
    const { time, adapter, chain, shelf, start, of } = createBatcherWorld({ adapter: { openBatchesMax: 2 } });
    let isLosing = false;
    let release: (() => void) | undefined;
    const storage = through(openMemoryInputs(shelf), async (method) => {
      if (method === 'waiting' && isLosing) throw new CodedError('INPUT_STORAGE_UNREACHABLE', 'no answer');
      if (method !== 'unfinishedBatches' || !isLosing) return;
      isLosing = false;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    });
    let isSlow = true;
    adapter.fault = (step) => (step === 'wait' && isSlow ? 'timeout' : undefined);
    const batcher = await start({}, storage);
    const noWait = { confirmationLevel: 'no-wait' };
    await Promise.all([1, 2].map((number) => batcher.send(requestOf(number, noWait), 'client')));
    await time.until(() => adapter.submitted.length === 1);
    isLosing = true;
    await batcher.send(requestOf(3, noWait), 'client');
    await time.until(() => release !== undefined);
    const batchId = adapter.submitted[0]?.batchId ?? '';
    const failed = { requestId: idOf(1).slice(2), kind: 'failed', errorCode: 'INPUT_FAILED' } as const;
    await openMemoryInputs(shelf).concludeBatch(batchId, [failed], time.nowMs);
    const before = adapter.calls.length;
    isSlow = false;
    await time.until(() => adapter.calls.slice(before).includes('wait'));
    await time.settle();
    release?.();
    await time.until(() => of('input:confirmed').length === 2, 60_000);
    expect(chain.count(idOf(2))).toBe(1);
    await expect(batcher.status(idOf(2))).resolves.toMatchObject({ value: { state: 'confirmed' } });
    await time.resolve(batcher.stop());
  });
});

describe('a batch that landed and is blamed on its inputs all the same', () => {
  it('ends confirmed, charged to nobody and sent once', async () => {
    const { time, adapter, chain, start, of } = createBatcherWorld();
    const wait = adapter.waitForTransactionReceipt.bind(adapter);
    let isBlaming = true;
    adapter.waitForTransactionReceipt = async (...given) => {
      const receipt = await wait(...given);
      if (!isBlaming) return receipt;
      isBlaming = false;
      throw new AdapterError('BATCHER_BATCH_REVERTED', 'another block said so', { blame: 'input' });
    };
    const batcher = await start();
    const sent = batcher.send(requestOf(1), 'client');
    await expect(time.resolve(sent)).resolves.toMatchObject({ ok: true, value: { level: 'wait-receipt' } });
    await time.pass(60_000);
    expect(chain.executed).toEqual([idOf(1)]);
    expect(of('input:charged')).toEqual([]);
    await time.resolve(batcher.stop());
  });
});

describe('an outage that several batches meet at once', () => {
  it('is one failure of the target, and one rest', async () => {
    const { time, adapter, start, of } = createBatcherWorld({
      adapter: { openBatchesMax: 3 },
      batchingCriteria: { fake: { criteriaType: 'size', maxBatchSize: 1 } },
    });
    const batcher = await start();
    let isOut = true;
    let fail: (() => void) | undefined;
    const failing = new Promise<void>((resolve) => {
      fail = resolve;
    });
    const wait = adapter.waitForTransactionReceipt.bind(adapter);
    adapter.waitForTransactionReceipt = async (...given) => {
      if (!isOut) return wait(...given);
      await failing;
      throw new AdapterError('BATCHER_TARGET_UNREACHABLE', 'no answer', { blame: 'infrastructure' });
    };
    const noWait = { confirmationLevel: 'no-wait' };
    for (const number of [1, 2, 3]) await batcher.send(requestOf(number, noWait), 'client');
    await time.until(() => adapter.submitted.length === 3);
    fail?.();
    await time.settle();
    expect(of('target:parked')).toMatchObject([{ failures: 1, restMs: 750 }]);
    isOut = false;
    await time.until(() => of('input:confirmed').length === 3);
    await time.resolve(batcher.stop());
  });
});

describe('a verdict whose write lost its answer', () => {
  it('is told to those who wait and who listen, once', async () => {
    const { time, chain, shelf, start, of } = createBatcherWorld();
    const inner = openMemoryInputs(shelf);
    let isLost = false;
    const storage: InputStorage = new Proxy(
      through(inner, async () => undefined),
      {
        get: (target, key) => {
          if (key !== 'concludeBatch' || isLost) return Reflect.get(target, key) as unknown;
          return async (...given: Parameters<InputStorage['concludeBatch']>) => {
            isLost = true;
            await inner.concludeBatch(...given);
            throw new CodedError('INPUT_STORAGE_UNREACHABLE', 'no answer');
          };
        },
      },
    );
    const batcher = await start({}, storage);
    const sent = batcher.send(requestOf(1), 'client');
    await expect(time.resolve(sent)).resolves.toMatchObject({ ok: true, value: { level: 'wait-receipt' } });
    await time.pass(60_000);
    expect(of('input:confirmed')).toMatchObject([{ requestId: idOf(1) }]);
    expect(of('batch:receipt')).toMatchObject([{ confirmed: 1 }]);
    expect(chain.count(idOf(1))).toBe(1);
    await time.resolve(batcher.stop());
  });
});

describe('a storage that rests', () => {
  it('is not asked by those who send meanwhile', async () => {
    const { time, shelf, start } = createBatcherWorld();
    let adds = 0;
    const storage = through(openMemoryInputs(shelf), async (method) => {
      if (method !== 'add') return;
      adds += 1;
      throw new CodedError('INPUT_STORAGE_UNREACHABLE', 'no answer');
    });
    const batcher = await start({}, storage);
    await time.settle();
    for (const number of [1, 2, 3])
      await expect(batcher.send(requestOf(number), 'client')).resolves.toMatchObject({
        code: 'BATCHER_STORAGE_UNAVAILABLE',
      });
    expect(adds).toBe(1);
    await time.resolve(batcher.stop());
  });
});

/** A storage with something before each call. */
function through(storage: InputStorage, before: (method: string) => Promise<void>): InputStorage {
  return new Proxy(storage, {
    get: (target, key) => {
      const method = Reflect.get(target, key) as (...given: readonly unknown[]) => unknown;
      return async (...given: readonly unknown[]) => {
        await before(String(key));
        return method.apply(target, given as unknown[]);
      };
    },
  });
}
