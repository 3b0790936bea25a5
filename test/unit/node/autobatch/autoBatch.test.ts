import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assert } from '../../../../consensus/primitives/codedError.ts';
import { AutoBatch } from '../../../../node/autobatch/autoBatch.ts';
import type { AutoBatchEvent } from '../../../../node/autobatch/engine/events.ts';
import { testChainId } from '../../../helpers/autoBatchDatabase.ts';
import { FakeLedger } from '../../../helpers/fakeLedger.ts';
import { deriveParties, makeOrder } from '../../../helpers/orderClients.ts';

const [party] = deriveParties(7, 1);
assert(party !== undefined, 'there is one');

const orderOf = (reference: string) =>
  makeOrder(testChainId, party, { to: `0x${'11'.repeat(20)}`, amount: 5n, reference });

describe('AutoBatch that stops', () => {
  let engine: AutoBatch;
  beforeAll(async () => {
    engine = await AutoBatch.open({
      database: { type: 'in-memory', chainId: testChainId },
      engine: 'one',
      maxSize: 10,
      maxAttempts: 5,
      batchIntervalMs: 1,
      monitorIntervalMs: 1,
      retryIntervalMs: 1,
      recoveryIntervalMs: 1,
      retentionMs: 60_000,
      keptOrdersMax: 100,
    });
  }, 120_000);
  afterAll(() => engine.close());

  it('ends its loops and stores what it was handed, takes nothing more, and can be asked', async () => {
    const events: AutoBatchEvent[] = [];
    const ledger = new FakeLedger();
    await new Promise<void>((resolve) => {
      const onEvent = (event: AutoBatchEvent) => {
        events.push(event);
        if (event.type === 'auto_batch_accepted') resolve();
      };
      engine.start({ ledgerOf: () => ledger, onEvent });
      void engine.addOrder(orderOf('first').body);
    });
    // The second is on its way when the engine is told to stop.
    const taken: string[] = [];
    const second = orderOf('second');
    void engine.addOrder(second.body).then(({ ok }) => taken.push(String(ok)));
    await engine.stop();
    expect(taken).toEqual(['true']);
    await expect(engine.addOrder(orderOf('third').body)).rejects.toMatchObject({
      code: 'AUTO_BATCH_STOPPING',
    });
    expect(await engine.order(second.id)).toMatchObject({ outcome: 'pending' });
    expect(await engine.order(orderOf('third').id)).toBeUndefined();
    const [toldCount, sentCount] = [events.length, ledger.submissions.length];
    // Confirmed now, but no loop looks any more, though each has many a turn at the one connection.
    ledger.makeBlocks(1);
    for (let turn = 0; turn < 50; turn += 1) {
      expect(await engine.figures()).toMatchObject({ confirmedOrders: 0 });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([events.length, ledger.submissions.length]).toEqual([toldCount, sentCount]);
  });
});
