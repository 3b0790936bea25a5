import { describe, expect, it } from 'vitest';
import { createBatcherWorld, idOf, requestOf } from '../../../../helpers/batcherWorld.ts';

describe('Batcher', () => {
  it('tells all callers of a batch together once it has a receipt', async () => {
    const { time, chain, adapter, start, of } = createBatcherWorld();
    const batcher = await start();
    const answers = Promise.all([1, 2, 3].map((number) => batcher.send(requestOf(number), 'client')));
    const [answer] = await time.resolve(answers);
    expect(answer).toEqual({
      ok: true,
      value: {
        ...{ requestId: idOf(1), level: 'wait-receipt', isTimedOut: false, isDuplicate: false },
        ...{ transactionHash: expect.stringMatching(/^0x[0-9a-f]{64}$/), rollup: undefined },
      },
    });
    expect(adapter.submitted.map(({ requestIds }) => [...requestIds].sort())).toEqual([
      [1, 2, 3].map(idOf).sort(),
    ]);
    expect([1, 2, 3].map((number) => chain.count(idOf(number)))).toEqual([1, 1, 1]);
    expect(of('batch:receipt')).toMatchObject([{ confirmed: 3, failed: 0, returned: 0, blockNumber: 1 }]);
    await time.resolve(batcher.stop());
    expect(time.timerCount).toBe(0);
  });
});
