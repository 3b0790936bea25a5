/** The order engine over a database, step by step, with a ledger that does what the test says. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../consensus/primitives/random.ts';
import type { BatchOrdersJob } from '../../node/autobatch/engine/batchOrdersJob.ts';
import type { AutoBatchEvent } from '../../node/autobatch/engine/events.ts';
import type { OrderLedger } from '../../node/autobatch/engine/ledger.ts';
import type { Batch } from '../../node/autobatch/store/batch.ts';
import { listBatches, readFigures } from '../../node/autobatch/store/figures.ts';
import type { StoredOrder } from '../../node/autobatch/store/order.ts';
import { OrderStore } from '../../node/autobatch/store/orderStore.ts';
import {
  openTestDatabase,
  partyOf,
  type TestDatabase,
  type TestDatabaseType,
  testOrder,
  testOrders,
} from '../helpers/autoBatchDatabase.ts';
import { type EngineParts, jobOptions, LEASE_MS, Life, makeEngine } from '../helpers/autoBatchEngine.ts';
import { COMMAND_BLOCKS, FakeLedger } from '../helpers/fakeLedger.ts';

export function testAutoBatchEngine(type: TestDatabaseType): void {
  describe(`the order engine: ${type}`, () => {
    let place: TestDatabase;
    let orders: OrderStore;
    let ledger: FakeLedger;
    let events: AutoBatchEvent[];

    beforeAll(async () => {
      place = await openTestDatabase(type);
      orders = new OrderStore(place.database);
    }, 60_000);
    beforeEach(async () => {
      await place.clear();
      ledger = new FakeLedger();
      events = [];
    });
    afterAll(() => place.end());

    const engine = (parts: Partial<EngineParts> = {}): BatchOrdersJob =>
      makeEngine({ database: place.database, ledger, events, ...parts });
    const batches = async (): Promise<readonly Batch[]> =>
      (await listBatches(place.database, { limit: 1000 })).batches;
    const newest = async (): Promise<Batch | undefined> => (await batches())[0];
    const order = async (party: string, reference: string): Promise<StoredOrder | undefined> =>
      orders.getByReference(partyOf(party), reference);
    const types = () => events.map(({ type: one }) => one);

    /** Lets engine and ledger go on until every order has its end. */
    async function runToEnd(job: BatchOrdersJob, roundsMax = 200): Promise<void> {
      for (let round = 0; round < roundsMax; round += 1) {
        await job.batchingRound();
        ledger.makeBlocks(1);
        await place.pass(jobOptions.monitorIntervalMs);
        await job.monitoringRound();
        await place.pass(jobOptions.retryIntervalMs);
        await job.retryingRound();
        if ((await readFigures(place.database)).oldestOrderAgeMs === undefined) return;
      }
      throw new Error('orders are left without an end');
    }

    const expectPaidOnce = (count: number) => {
      expect([...ledger.payments.values()]).toEqual(Array.from({ length: count }, () => 1));
    };

    it('joins the orders of a party into one command, and follows it to the end', async () => {
      await orders.add([...testOrders('anna', 4), ...testOrders('bert', 2)], 1000);
      const job = engine();
      await job.batchingRound();
      expect(ledger.submissions.map((command) => command.orders.length).sort()).toEqual([2, 4]);
      expect((await batches()).map(({ status }) => status)).toEqual(['Submitted', 'Submitted']);
      await job.monitoringRound();
      expect((await batches()).map(({ status }) => status)).toEqual(['Accepted', 'Accepted']);
      ledger.makeBlocks(1);
      await place.pass(jobOptions.monitorIntervalMs);
      await job.monitoringRound();
      expect((await batches()).map(({ status }) => status)).toEqual(['Confirmed', 'Confirmed']);
      expect(await order('anna', 'r3')).toMatchObject({ outcome: 'confirmed', batch: { index: 3 } });
      expectPaidOnce(6);
      expect(types().filter((one) => one === 'auto_batch_confirmed')).toHaveLength(2);
      expect(types().sort()).toEqual(
        ['prepared', 'submitted', 'accepted', 'confirmed']
          .flatMap((one) => [1, 2].map(() => `auto_batch_${one}`))
          .sort(),
      );
    });

    it('confirms at once what the monitor finds executed', async () => {
      await orders.add(testOrders('anna', 1), 1000);
      const job = engine();
      await job.batchingRound();
      ledger.makeBlocks(1);
      await place.pass(50);
      await job.monitoringRound();
      const batch = await newest();
      expect(batch).toMatchObject({ status: 'Confirmed', attempts: 1 });
      // An order changes with its batch.
      expect((await order('anna', 'r0'))?.updatedAtMs).toBe(batch?.updatedAtMs);
      expect(types()).not.toContain('auto_batch_accepted');
    });

    it('makes no second batch for a party whose first one is under way or will be retried, and one when it is done', async () => {
      await orders.add(testOrders('anna', 25), 1000);
      ledger.fates.push('reject');
      const job = engine();
      await job.batchingRound();
      await job.batchingRound();
      expect(await batches()).toMatchObject([{ status: 'Failed', size: 10 }]);
      await runToEnd(job);
      expect((await batches()).map(({ size }) => size)).toEqual([5, 10, 10]);
      expectPaidOnce(25);
    });

    it('prepares no more than the ledger takes at once, and nothing is refused for its size', async () => {
      await orders.add(testOrders('anna', 8), 1000);
      ledger.sizeMax = 3;
      await runToEnd(engine());
      expect((await batches()).map(({ size, attempts, ending }) => [size, attempts, ending])).toEqual([
        [2, 1, undefined],
        [3, 1, undefined],
        [3, 1, undefined],
      ]);
      expectPaidOnce(8);
      // In the order in which they came.
      const references = ledger.submissions.flatMap((command) => command.orders.map((one) => one.reference));
      expect(references).toEqual(testOrders('anna', 8).map(({ reference }) => reference));
    });

    it('retries what the ledger refused after a pause, each time with the same command id and a new credit', async () => {
      await orders.add(testOrders('anna', 2), 1000);
      ledger.fates.push('reject', 'lost');
      const job = engine();
      await job.batchingRound();
      await job.retryingRound();
      expect(ledger.submissions).toHaveLength(1);
      for (let round = 0; round < 2; round += 1) {
        await place.pass(jobOptions.retryIntervalMs);
        await job.retryingRound();
      }
      expect(await newest()).toMatchObject({ status: 'Submitted', attempts: 3 });
      expect(new Set(ledger.submissions.map(({ commandId }) => commandId)).size).toBe(1);
      expect(ledger.submissions.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
      await runToEnd(job);
      expectPaidOnce(2);
    });

    it('pauses behind each submission of a retrying round', async () => {
      for (const name of ['anna', 'bert', 'carl']) await orders.add(testOrders(name, 1), 1000);
      ledger.fates.push('reject', 'reject', 'reject');
      const waits: number[] = [];
      const job = engine({ wait: async (ms) => void waits.push(ms) });
      await job.batchingRound();
      await place.pass(jobOptions.retryIntervalMs);
      await job.retryingRound();
      expect(waits).toEqual([1, 2, 3].map(() => jobOptions.recoveryIntervalMs));
    });

    it('ends a batch whose credit is spent, once nothing of it can be executed any more, and pays its orders in others', async () => {
      await orders.add(testOrders('anna', 4), 1000);
      ledger.fates.push('lost', 'lost', 'lost');
      const job = engine();
      await job.batchingRound();
      const spend = async () => {
        await place.pass(jobOptions.retryIntervalMs);
        await job.retryingRound();
      };
      await spend();
      await spend();
      const spent = await newest();
      expect(spent).toMatchObject({ status: 'Failed', attempts: 3, ending: undefined });
      await spend();
      expect(await newest()).toMatchObject({ batchId: spent?.batchId, ending: undefined });
      ledger.makeBlocks(COMMAND_BLOCKS);
      await spend();
      expect(await newest()).toMatchObject({ batchId: spent?.batchId, ending: 'released' });
      expect(await order('anna', 'r0')).toMatchObject({ status: 'Queued', lastBatchId: spent?.batchId });
      await runToEnd(job);
      expectPaidOnce(4);
    });

    it('takes a late confirmation after the last resend for what it is', async () => {
      await orders.add(testOrders('anna', 2), 1000);
      ledger.fates.push('lost', 'lost', 'late');
      const job = engine();
      await job.batchingRound();
      for (let round = 0; round < 3; round += 1) {
        await place.pass(jobOptions.retryIntervalMs);
        await job.retryingRound();
      }
      expect(await newest()).toMatchObject({ status: 'Failed', attempts: 3, ending: undefined });
      ledger.makeBlocks(4);
      await place.pass(jobOptions.retryIntervalMs);
      await job.retryingRound();
      expect(await newest()).toMatchObject({ status: 'Confirmed', attempts: 3 });
      expectPaidOnce(2);
    });

    it('counts nothing and asks again later while the ledger does not answer at all', async () => {
      await orders.add(testOrders('anna', 2), 1000);
      ledger.isDown = true;
      const job = engine();
      await expect(job.batchingRound()).rejects.toThrow('the ledger is down');
      await place.pass(jobOptions.recoveryIntervalMs);
      await expect(job.batchingRound()).rejects.toThrow('the ledger is down');
      expect(await newest()).toMatchObject({ status: 'Prepared', attempts: 0, owner: undefined });
      ledger.isDown = false;
      await place.pass(jobOptions.recoveryIntervalMs);
      await runToEnd(job);
      expectPaidOnce(2);
    });

    it('sends a command again that was acknowledged and of which nothing is heard', async () => {
      await orders.add(testOrders('anna', 2), 1000);
      ledger.fates.push('dropped');
      const job = engine();
      await job.batchingRound();
      await job.monitoringRound();
      await job.batchingRound();
      expect(ledger.submissions).toHaveLength(1);
      await place.pass(jobOptions.silenceMs);
      await job.batchingRound();
      expect(ledger.submissions.map(({ attempt }) => attempt)).toEqual([1, 2]);
      expect(await newest()).toMatchObject({ status: 'Submitted', attempts: 2 });
      await runToEnd(job);
      expectPaidOnce(2);
    });

    it('lets a command fail whose last height has passed', async () => {
      await orders.add(testOrders('anna', 2), 1000);
      ledger.isStalled = true;
      const job = engine();
      await job.batchingRound();
      await job.monitoringRound();
      ledger.makeBlocks(COMMAND_BLOCKS + 1);
      await place.pass(jobOptions.monitorIntervalMs);
      await job.monitoringRound();
      expect(await newest()).toMatchObject({
        status: 'Failed',
        failure: { kind: 'expired', code: 'AUTO_BATCH_COMMAND_EXPIRED' },
      });
      ledger.isStalled = false;
      await runToEnd(job);
      expectPaidOnce(2);
    });

    it.each([
      ['lost', 'retryingRound', { ending: 'released' }],
      ['dropped', 'monitoringRound', { failure: { kind: 'expired' } }],
    ] as const)(
      'gives up a command that was %s in the %s when its last height is final, and not a block before',
      async (fate, round, end) => {
        await orders.add(testOrders('anna', 2), 1000);
        ledger.fates.push(fate);
        const job = engine({ options: { maxAttempts: 1 } });
        await job.batchingRound();
        const before = await newest();
        expect(before?.lastHeight).toBe(ledger.height + COMMAND_BLOCKS);
        const look = async () => {
          await place.pass(jobOptions.retryIntervalMs);
          await job[round]();
          return newest();
        };
        ledger.makeBlocks(COMMAND_BLOCKS - 1);
        expect(await look()).toMatchObject({ status: before?.status, ending: undefined });
        ledger.makeBlocks(1);
        expect(await look()).toMatchObject(end);
      },
    );

    it('lets the order fail alone that the ledger refuses, and pays the others', async () => {
      const all = testOrders('anna', 10);
      await orders.add(all, 1000);
      ledger.poisoned.add(all[6]?.orderId ?? '');
      await runToEnd(engine());
      expectPaidOnce(9);
      expect(await order('anna', 'r6')).toMatchObject({
        status: 'Dequeue',
        outcome: 'failed',
        batch: { status: 'Failed', ending: 'rejected', failureCode: 'ORDER_POISONED' },
      });
      expect(await order('anna', 'r5')).toMatchObject({ outcome: 'confirmed' });
      expect(await readFigures(place.database)).toMatchObject({ confirmedOrders: 9, rejectedOrders: 1 });
      expect(ledger.submissions.length).toBeLessThan(8);
      const alone = ledger.submissions.filter(
        (command) => command.orders.length === 1 && command.orders[0]?.reference === 'r6',
      );
      expect(alone).toHaveLength(jobOptions.orderFailuresMax);
    });

    it('holds neither a full ledger, nor silence, nor a taken id against an order, however long', async () => {
      await orders.add(testOrders('anna', 1), 1000);
      ledger.fates.push(
        ...Array.from({ length: 12 }, () => ['reject', 'lost', 'rejectTaken'] as const).flat(),
      );
      await runToEnd(engine());
      expectPaidOnce(1);
      expect((await order('anna', 'r0'))?.releases).toBeGreaterThan(2 * jobOptions.orderFailuresMax);
      expect(types()).not.toContain('auto_batch_order_rejected');
    });

    it('finds several such orders by splitting when the ledger does not say which', async () => {
      const all = testOrders('anna', 10);
      await orders.add(all, 1000);
      ledger.namesCulprit = false;
      for (const index of [2, 7]) ledger.poisoned.add(all[index]?.orderId ?? '');
      await runToEnd(engine());
      expectPaidOnce(8);
      for (const reference of ['r2', 'r7'])
        expect(await order('anna', reference)).toMatchObject({ outcome: 'failed' });
      const rejected = events.filter(({ type: one }) => one === 'auto_batch_order_rejected');
      expect(rejected).toMatchObject([{ code: 'ORDER_POISONED' }, { code: 'ORDER_POISONED' }]);
    });

    it('lets orders fail together whose last height has passed, with one submission and without the others', async () => {
      ledger.height = 8;
      const all = Array.from({ length: 10 }, (_, index) =>
        testOrder('anna', `r${index}`, 10n, index % 3 === 1 ? 8 - index : undefined),
      );
      await orders.add(all, 1000);
      await runToEnd(engine());
      expectPaidOnce(7);
      for (const reference of ['r1', 'r4', 'r7'])
        expect(await order('anna', reference)).toMatchObject({
          outcome: 'failed',
          batch: { ending: 'rejected', failureCode: 'ORDER_EXPIRED', attempts: 1 },
        });
      const ended = (await batches()).map(({ size, ending, attempts }) => [size, ending, attempts]);
      expect(ended).toEqual([
        [3, 'rejected', 1],
        [7, undefined, 1],
      ]);
      const told = events.filter(({ type: one }) => one === 'auto_batch_order_rejected');
      const late = ['r1', 'r4', 'r7'].map((reference) => {
        const { orderId } = all.find((one) => one.reference === reference) ?? { orderId: '' };
        return { code: 'ORDER_EXPIRED', orderId };
      });
      expect(told).toMatchObject(late);
      expect(await readFigures(place.database)).toMatchObject({ confirmedOrders: 7, rejectedOrders: 3 });
    });

    it.each([
      ['the node', true],
      ['a block', false],
    ])(
      'lets an order go whose last height passes on the way, as %s says, and the others on at once',
      async (_, looks) => {
        ledger.looksAtHeights = looks;
        ledger.isStalled = true;
        const lastHeight = ledger.height + COMMAND_BLOCKS + 1;
        await orders.add(
          [
            ...testOrders('anna', 7),
            ...[1, 2].map((one) => testOrder('anna', `late ${one}`, 10n, lastHeight)),
          ],
          1000,
        );
        const job = engine();
        await job.batchingRound();
        ledger.makeBlocks(COMMAND_BLOCKS + 2);
        ledger.isStalled = false;
        await place.pass(jobOptions.monitorIntervalMs);
        await runToEnd(job);
        expectPaidOnce(7);
        expect((await batches()).map(({ size, ending }) => [size, ending])).toEqual([
          [2, 'rejected'],
          [7, undefined],
          [9, 'released'],
        ]);
        for (const one of [1, 2])
          expect(await order('anna', `late ${one}`)).toMatchObject({
            outcome: 'failed',
            batch: { failureCode: 'ORDER_EXPIRED' },
          });
      },
    );

    it('fails an order alone at once when its last height passes behind its first failure', async () => {
      const lastHeight = ledger.height + COMMAND_BLOCKS + 1;
      const poor = testOrder('anna', 'poor', 10n, lastHeight);
      await orders.add([poor], 1000);
      ledger.poisoned.add(poor.orderId);
      const job = engine({ options: { orderFailuresMax: 100 } });
      await job.batchingRound();
      ledger.makeBlocks(1);
      await place.pass(jobOptions.monitorIntervalMs);
      await job.monitoringRound();
      ledger.makeBlocks(COMMAND_BLOCKS);
      await job.retryingRound();
      expect(await order('anna', 'poor')).toMatchObject({
        outcome: 'failed',
        batch: { ending: 'rejected', failureCode: 'ORDER_POISONED' },
      });
      expect(ledger.submissions).toHaveLength(1);
    });

    it('does not call an order failed whose last height has passed and that was paid in time', async () => {
      ledger.height = 5;
      ledger.settlesOnce = true;
      const all = Array.from({ length: 6 }, (_, index) => testOrder('anna', `r${index}`, 10n, 5));
      await orders.add(all, 1000);
      ledger.payments.set(all[3]?.orderId ?? '', 1);
      await runToEnd(engine());
      expect(await order('anna', 'r3')).toMatchObject({
        outcome: 'confirmed',
        batch: { ending: 'paid_before' },
      });
      for (const index of [0, 1, 2, 4, 5])
        expect(await order('anna', `r${index}`)).toMatchObject({
          outcome: 'failed',
          batch: { failureCode: 'ORDER_EXPIRED' },
        });
      expectPaidOnce(1);
    });

    it('does not call an order failed that was paid before, under a command of another database', async () => {
      const all = testOrders('anna', 3);
      await orders.add(all, 1000);
      ledger.settlesOnce = true;
      ledger.payments.set(all[1]?.orderId ?? '', 1);
      await runToEnd(engine());
      expectPaidOnce(3);
      expect(await order('anna', 'r1')).toMatchObject({
        outcome: 'confirmed',
        batch: { ending: 'paid_before' },
      });
      expect(types()).toContain('auto_batch_order_paid_before');
    });

    it('takes away what it is told to keep no longer, and does not pay it again when it comes again', async () => {
      ledger.settlesOnce = true;
      await orders.add(testOrders('anna', 15), 1000);
      const job = engine({ options: { retention: { retentionMs: 60_000, keptOrdersMax: 1000 } } });
      await runToEnd(job);
      await place.pass(60_000);
      await job.batchingRound();
      expect(events.at(-1)).toEqual({ type: 'auto_batch_pruned', orders: 15, batches: 2 });
      expect(await order('anna', 'r3')).toBeUndefined();
      await orders.add(testOrders('anna', 4), 1000);
      await runToEnd(job);
      expect(await order('anna', 'r3')).toMatchObject({
        outcome: 'confirmed',
        batch: { ending: 'paid_before' },
      });
      expectPaidOnce(15);
      const told = events.length;
      await job.batchingRound();
      expect(events).toHaveLength(told);
    });

    it('recovers the hole of the seed, a crash between the credit and Submitted, wherever in it, without paying twice', async () => {
      let isWhole = false;
      const holes = new Set<string>();
      for (let steps = 1; !isWhole; steps += 1) {
        await place.clear();
        ledger = new FakeLedger();
        await orders.add(testOrders('anna', 2), 1000);
        const life = new Life(steps);
        const first = engine({ database: life.database(place.database), ledger: life.ledger(ledger) });
        await first.batchingRound().catch(() => undefined);
        isWhole = !life.isOver;
        const left = await newest();
        if (left?.status === 'Prepared' && left.attempts === 1)
          holes.add(ledger.submissions.length === 0 ? 'not delivered' : 'delivered');
        await place.pass(LEASE_MS);
        const second = engine({ name: 'two' });
        await runToEnd(second);
        expectPaidOnce(2);
        expect((await newest())?.attempts).toBeLessThan(3);
      }
      expect([...holes]).toEqual(['not delivered', 'delivered']);
    });

    it.each([
      ['delivered', 'ack'],
      ['still on its way', 'late'],
    ] as const)(
      'recovers a batch that another engine left with its last credit taken and the command %s',
      async (_, fate) => {
        await orders.add(testOrders('anna', 2), 1000);
        ledger.fates.push(fate);
        const options = { maxAttempts: 1 };
        let life = new Life();
        const cut: OrderLedger = {
          countFitting: (some) => ledger.countFitting(some),
          finalHeight: () => ledger.finalHeight(),
          lastHeight: () => ledger.lastHeight(),
          ask: (id) => ledger.ask(id),
          isPaid: (one) => ledger.isPaid(one),
          submit: async (command) => {
            const answer = await ledger.submit(command);
            life = new Life(1);
            return answer;
          },
        };
        const dying = {
          transaction: ((work) =>
            life.database(place.database).transaction(work)) as typeof place.database.transaction,
          close: async () => undefined,
        };
        const first = engine({ database: dying, ledger: cut, options });
        await expect(first.batchingRound()).rejects.toThrow('crashed');
        expect(await newest()).toMatchObject({ status: 'Prepared', attempts: 1, attemptsMax: 1 });
        await place.pass(LEASE_MS);
        await runToEnd(engine({ name: 'two', options }));
        expect(ledger.submissions).toHaveLength(1);
        expectPaidOnce(2);
      },
    );

    it('never submits one attempt twice, however many engines run at once', async () => {
      for (let party = 0; party < 12; party += 1) await orders.add(testOrders(`p${party}`, 15), 1000);
      const jobs = await Promise.all(
        ['one', 'two', 'three'].map(async (name) => engine({ name, database: await place.another() })),
      );
      for (let round = 0; round < 60; round += 1) {
        if (round < 10) ledger.fates.push('reject', 'silent', 'lost', 'late', 'dropped');
        await Promise.all(
          jobs.flatMap((job) => [job.batchingRound(), job.monitoringRound(), job.retryingRound()]),
        );
        ledger.makeBlocks(1);
        await place.pass(jobOptions.retryIntervalMs);
      }
      expectPaidOnce(12 * 15);
      const attempts = ledger.submissions.map(({ commandId, attempt }) => `${commandId} ${attempt}`);
      expect(new Set(attempts).size).toBe(attempts.length);
      expect(Math.max(...ledger.submissions.map(({ attempt }) => attempt))).toBeLessThanOrEqual(3);
      expect(await readFigures(place.database)).toMatchObject({
        queued: 0,
        submissions: attempts.length,
        confirmedOrders: 180,
      });
    });

    it('pays once though engines that run at once die anywhere, again and again', async () => {
      for (let party = 0; party < 6; party += 1) await orders.add(testOrders(`p${party}`, 12), 1000);
      const databases = await Promise.all([1, 2, 3].map(() => place.another()));
      const random = new Random(7);
      for (let round = 0; round < 15; round += 1) {
        ledger.fates.push('silent', 'ack', 'late', 'dropped', 'reject');
        const lives = databases.flatMap((database, index) => {
          const life = new Life(5 + random.below(80));
          const parts = {
            name: `${round}/${index}`,
            database: life.database(database),
            ledger: life.ledger(ledger),
          };
          const job = engine(parts);
          return [job.batchingRound(), job.monitoringRound(), job.retryingRound()];
        });
        await Promise.allSettled(lives);
        ledger.makeBlocks(1);
        await place.pass(LEASE_MS / 2);
      }
      await place.pass(LEASE_MS);
      await runToEnd(engine({ name: 'last' }));
      expectPaidOnce(6 * 12);
      const attempts = ledger.submissions.map(({ commandId, attempt }) => `${commandId} ${attempt}`);
      expect(new Set(attempts).size).toBe(attempts.length);
      expect(await readFigures(place.database)).toMatchObject({
        queued: 0,
        confirmedOrders: 72,
        rejectedOrders: 0,
      });
    });

    it('runs its loops until it is stopped, rests ever longer behind failures, and leaves nothing half done', async () => {
      const waits: { readonly ms: number; readonly go: () => void }[] = [];
      const wait = (ms: number, signal: AbortSignal) =>
        new Promise<void>((resolve) => {
          if (signal.aborted) return resolve();
          signal.addEventListener('abort', () => resolve(), { once: true });
          waits.push({ ms, go: resolve });
        });
      const waiting = async (count: number) => {
        while (waits.length < count) await new Promise((resolve) => setImmediate(resolve));
      };
      await orders.add([testOrder('anna', 'a')], 1000);
      ledger.isDown = true;
      const job = engine({ wait });
      job.start();
      await waiting(3);
      await place.pass(jobOptions.recoveryIntervalMs);
      const failed = waits.splice(0).filter(({ ms }) => ms < jobOptions.batchIntervalMs);
      expect(failed.map(({ ms }) => ms)).toEqual([750]);
      failed[0]?.go();
      await waiting(1);
      expect(waits.map(({ ms }) => ms)).toEqual([1500]);
      expect(events.filter(({ type: one }) => one === 'auto_batch_loop_failed')).toMatchObject([
        { loop: 'batching', reason: 'the ledger is down', restMs: 750 },
        { loop: 'batching', restMs: 1500 },
      ]);
      ledger.isDown = false;
      await place.pass(jobOptions.recoveryIntervalMs);
      waits.splice(0)[0]?.go();
      await waiting(1);
      expect(await newest()).toMatchObject({ status: 'Submitted' });
      await job.stop();
      const calls = ledger.submissions.length;
      await orders.add([testOrder('bert', 'b')], 1000);
      await job.batchingRound();
      expect(ledger.submissions).toHaveLength(calls);
    });
  });
}
