/** The tables of the order engine, whichever database holds them: the law of states, claims, the queue. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Batch,
  type BatchFailure,
  type BatchStatus,
  batchStatuses,
} from '../../node/autobatch/store/batch.ts';
import { BatchStore } from '../../node/autobatch/store/batchStore.ts';
import { getBatch, listBatches, readFigures } from '../../node/autobatch/store/figures.ts';
import { OrderStore } from '../../node/autobatch/store/orderStore.ts';
import {
  openTestDatabase,
  partyOf,
  run,
  START_MS,
  type TestDatabase,
  type TestDatabaseType,
  testId,
  testOrder,
  testOrders,
} from '../helpers/autoBatchDatabase.ts';

const LEASE_MS = 1000;
const rejected: BatchFailure = { kind: 'rejected', code: 'LEDGER_SAID_NO', failedAt: 1, isFinal: false };
const refusal = { code: 'AUTO_BATCH_TRANSITION_REFUSED' };

/** The seed's diagram, and Submitted -> Confirmed. */
const allowed: readonly (readonly [BatchStatus, BatchStatus])[] = [
  ['Prepared', 'Submitted'],
  ['Prepared', 'Failed'],
  ['Submitted', 'Accepted'],
  ['Submitted', 'Confirmed'],
  ['Submitted', 'Failed'],
  ['Accepted', 'Confirmed'],
  ['Accepted', 'Failed'],
  ['Failed', 'Submitted'],
];

export function testAutoBatchDatabase(type: TestDatabaseType): void {
  describe(`orders and batches: ${type}`, () => {
    let place: TestDatabase;
    let orders: OrderStore;
    let store: BatchStore;
    let other: BatchStore;

    beforeAll(async () => {
      place = await openTestDatabase(type);
      orders = new OrderStore(place.database);
      store = new BatchStore(place.database, { engine: 'one', leaseMs: LEASE_MS });
      other = new BatchStore(await place.another(), { engine: 'two', leaseMs: LEASE_MS });
    }, 60_000);
    beforeEach(() => place.clear());
    afterAll(() => place.end());

    async function prepared(party = 'anna', count = 2, attemptsMax = 5): Promise<Batch> {
      await orders.add(testOrders(party, count), 1000);
      const batchId = testId(`batch of ${party}`);
      return known(await store.prepare({ batchId, party: partyOf(party), sizeMax: 100, attemptsMax }));
    }

    /** A batch led to a state along the diagram. */
    async function inStatus(status: BatchStatus): Promise<Batch> {
      const batch = known(await store.incrementAttempts(await prepared(), 15));
      if (status === 'Prepared') return batch;
      if (status === 'Failed') return known(await store.fail(batch, rejected, 0, 0));
      const submitted = known(await store.advance(batch, 'Submitted'));
      return status === 'Submitted' ? submitted : known(await store.advance(submitted, status));
    }

    const force = (batch: Batch, to: BatchStatus) => {
      const code = to === 'Failed' ? `'SOME_CODE'` : 'NULL';
      const kind = to === 'Failed' ? `'rejected'` : 'NULL';
      return run(
        place.database,
        `UPDATE batches SET status = $2::batch_status, failure_code = ${code}, failure_kind = ${kind}, failed_at = NULL,
           is_final = false, version = version + 1 WHERE batch_id = $1`,
        [batch.batchId, to],
      );
    };

    for (const from of batchStatuses)
      for (const to of batchStatuses.filter((status) => status !== from)) {
        const isAllowed = allowed.some(([before, after]) => before === from && after === to);
        it(`${isAllowed ? 'lets' : 'never lets'} a batch go from ${from} to ${to}`, async () => {
          const batch = await inStatus(from);
          if (isAllowed) await force(batch, to);
          else await expect(force(batch, to)).rejects.toMatchObject(refusal);
          expect((await getBatch(place.database, batch.batchId))?.status).toBe(isAllowed ? to : from);
        });
      }

    it('begins every batch as Prepared without attempts, and changes none that has ended', async () => {
      const batch = await prepared();
      for (const status of batchStatuses.filter((one) => one !== 'Prepared'))
        await expect(
          run(
            place.database,
            `INSERT INTO batches (batch_id, party, size, attempts, attempts_max, oldest_order_at, status, failure_code, failure_kind)
             VALUES ('x', 'p', 1, 1, 5, engine_now(), $1::batch_status, CASE WHEN $1::text = 'Failed' THEN 'C' END, CASE WHEN $1::text = 'Failed' THEN 'expired' END)`,
            [status],
          ),
        ).rejects.toMatchObject(refusal);
      const [begun, confirmed] = [await store.incrementAttempts(batch, 1), 'Confirmed' as const];
      const done = known(
        await store.advance(known(await store.advance(known(begun), 'Submitted')), confirmed),
      );
      await expect(force(done, 'Confirmed')).rejects.toMatchObject(refusal);
      await expect(run(place.database, 'DELETE FROM batches')).rejects.toMatchObject(refusal);
    });

    it('takes a credit by itself, one at a time, never more than there are, and none once accepted', async () => {
      const change = (set: string) => run(place.database, `UPDATE batches SET version = version + 1, ${set}`);
      let batch = await prepared('anna', 1, 3);
      await expect(change(`attempts = 1, status = 'Submitted'`)).rejects.toMatchObject(refusal);
      await expect(change('attempts = 2')).rejects.toMatchObject(refusal);
      await expect(change(`status = 'Submitted'`)).rejects.toMatchObject(refusal);
      batch = known(await store.incrementAttempts(batch, 15));
      await expect(change('attempts = 0')).rejects.toMatchObject(refusal);
      batch = known(await store.incrementAttempts(batch, 20));
      expect(batch).toMatchObject({ attempts: 2, lastHeight: 20 });
      // The node of another engine may be behind; what was sent before stands.
      batch = known(await store.incrementAttempts(batch, 12));
      expect(batch).toMatchObject({ attempts: 3, lastHeight: 20 });
      expect(await store.incrementAttempts(batch, 25)).toBeUndefined();
      await expect(change('attempts = 4')).rejects.toMatchObject(refusal);
      await place.clear();
      await inStatus('Accepted');
      await expect(change('attempts = attempts + 1')).rejects.toMatchObject(refusal);
    });

    it('lets an order go from Queued to Dequeue into a fresh batch of its party alone, and back when that is released', async () => {
      const move = (reference: string, set: string) =>
        run(
          place.database,
          `UPDATE orders SET version = version + 1, ${set} WHERE reference = '${reference}'`,
        );
      const batch = await prepared('anna', 2, 1);
      await orders.add([testOrder('bert', 'b'), testOrder('anna', 'late')], 1000);
      const into = `status = 'Dequeue', batch_id = '${batch.batchId}', batch_index = 1`;
      await expect(move('b', into)).rejects.toMatchObject(refusal);
      await expect(move('late', `status = 'Queued'`)).rejects.toMatchObject(refusal);
      await expect(move('r0', `status = 'Dequeue'`)).rejects.toMatchObject(refusal);
      const out = `status = 'Queued', batch_id = NULL, batch_index = NULL, releases = releases + 1, last_batch_id = batch_id`;
      await expect(move('r0', out)).rejects.toMatchObject(refusal);
      await expect(move('r0', 'amount = 1')).rejects.toMatchObject(refusal);
      const failed = known(await store.fail(known(await store.incrementAttempts(batch, 1)), rejected, 0, 0));
      await expect(move('late', into)).rejects.toMatchObject(refusal);
      await expect(move('r0', out)).rejects.toMatchObject(refusal);
      known(await store.releaseOrders(failed, { sizeMax: 1, failedAt: 1, failures: 0 }));
      expect(await orders.getByReference(partyOf('anna'), 'r0')).toMatchObject({
        status: 'Queued',
        outcome: 'pending',
        releases: 1,
        lastBatchId: batch.batchId,
      });
      await expect(run(place.database, 'DELETE FROM orders')).rejects.toMatchObject(refusal);
    });

    it('keeps the last height of an order, which does not change', async () => {
      const [bounded, open] = [testOrder('anna', 'bounded', 10n, 2 ** 53 - 1), testOrder('anna', 'open')];
      await orders.add([bounded, open], 1000);
      expect(await orders.get(bounded.orderId)).toMatchObject({ lastHeight: 2 ** 53 - 1 });
      expect((await orders.get(open.orderId))?.lastHeight).toBeUndefined();
      await expect(
        run(place.database, `UPDATE orders SET version = version + 1, last_height = 5, status = 'Queued'`),
      ).rejects.toMatchObject(refusal);
    });

    it('joins orders with as much time as the first one: none, little, or enough', async () => {
      const heights = { final: 10, last: 15 };
      const given = [undefined, 10, 15, 11, 16, 3, undefined];
      await orders.add(
        given.map((lastHeight, index) => testOrder('anna', `r${index}`, 10n, lastHeight)),
        1000,
      );
      const groups: (readonly string[])[] = [];
      for (let round = 0; round < 3; round += 1) {
        const next = {
          batchId: testId(round),
          party: partyOf('anna'),
          sizeMax: 100,
          attemptsMax: 1,
          heights,
        };
        const made = known(await store.prepare(next));
        groups.push((await orders.ofBatch(made)).map(({ reference }) => reference));
        const submitted = await store.advance(known(await store.incrementAttempts(made, 9)), 'Submitted');
        await store.advance(known(submitted), 'Confirmed');
      }
      expect(groups).toEqual([
        ['r0', 'r4', 'r6'],
        ['r1', 'r5'],
        ['r2', 'r3'],
      ]);
    });

    it('lets orders fail together only where each has a last height, and never calls several paid before', async () => {
      const final = { ...rejected, isFinal: true };
      const failedBatch = async (party: string, lastHeights: readonly (number | undefined)[]) => {
        await orders.add(
          lastHeights.map((lastHeight, index) => testOrder(party, `r${index}`, 10n, lastHeight)),
          1000,
        );
        const next = { batchId: testId(party), party: partyOf(party), sizeMax: 100, attemptsMax: 1 };
        const begun = known(await store.incrementAttempts(known(await store.prepare(next)), 9));
        return known(await store.fail(begun, final, 0, 0));
      };
      const mixed = await failedBatch('anna', [5, undefined]);
      await expect(store.end(mixed, 'rejected')).rejects.toMatchObject(refusal);
      const bounded = await failedBatch('bert', [5, 6]);
      await expect(store.end(bounded, 'paid_before')).rejects.toMatchObject(refusal);
      expect(await store.end(bounded, 'rejected')).toMatchObject({ ending: 'rejected', size: 2 });
      expect(await orders.getByReference(partyOf('bert'), 'r1')).toMatchObject({
        outcome: 'failed',
        batch: { failureCode: rejected.code },
      });
      expect(await readFigures(place.database)).toMatchObject({ rejectedOrders: 2 });
    });

    it('releases the orders of a batch once, and never those that are in a newer batch', async () => {
      const batch = await prepared('anna', 3, 1);
      const failed = known(await store.fail(known(await store.incrementAttempts(batch, 1)), rejected, 0, 0));
      const release = { sizeMax: undefined, failedAt: undefined, failures: 0 } as const;
      expect(await store.releaseOrders(failed, release)).toMatchObject({
        status: 'Failed',
        ending: 'released',
      });
      const next = { batchId: testId('newer'), party: batch.party, sizeMax: 100, attemptsMax: 1 };
      expect(await store.prepare(next)).toMatchObject({ size: 3 });
      expect(await store.releaseOrders(failed, release)).toBeUndefined();
      const order = known(await orders.getByReference(batch.party, 'r0'));
      expect(order).toMatchObject({ status: 'Dequeue', batch: { batchId: next.batchId }, releases: 1 });
      await expect(
        run(
          place.database,
          `UPDATE batches SET ending = NULL, version = version + 1 WHERE ending = 'released'`,
        ),
      ).rejects.toMatchObject(refusal);
    });

    it('ends a failed batch only when its attempts are spent or its failure is final', async () => {
      const failed = await inStatus('Failed');
      await expect(
        store.releaseOrders(failed, { sizeMax: undefined, failedAt: undefined, failures: 0 }),
      ).rejects.toMatchObject(refusal);
      const submitted = known(await store.advance(failed, 'Submitted'));
      const final = known(await store.fail(submitted, { ...rejected, isFinal: true }, 0, 0));
      await expect(store.end(final, 'rejected')).rejects.toMatchObject(refusal);
      expect(await store.releaseOrders(final, { sizeMax: 1, failedAt: 0, failures: 0 })).toMatchObject({
        ending: 'released',
      });
    });

    it('gives a party one active batch, whoever prepares, and another when the first has ended', async () => {
      await orders.add(testOrders('anna', 30), 1000);
      const party = partyOf('anna');
      const made = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          (index % 2 === 0 ? store : other).prepare({
            batchId: testId(index),
            party,
            sizeMax: 4,
            attemptsMax: 5,
          }),
        ),
      );
      expect(made.filter((batch) => batch !== undefined)).toHaveLength(1);
      expect(await store.idleParties(10)).toEqual([]);
      await expect(
        run(
          place.database,
          `INSERT INTO batches (batch_id, party, size, attempts_max, oldest_order_at) VALUES ('x', $1, 1, 1, engine_now())`,
          [party],
        ),
      ).rejects.toMatchObject({ code: 'AUTO_BATCH_DATABASE_CONFLICT' });
      const [first] = made.filter((batch) => batch !== undefined);
      const submitted = await store.advance(
        known(await store.incrementAttempts(known(first), 9)),
        'Submitted',
      );
      await store.advance(known(submitted), 'Confirmed');
      expect(await store.idleParties(10)).toEqual([party]);
      expect(await readFigures(place.database)).toMatchObject({
        queued: 26,
        activeOrders: 0,
        confirmedOrders: 4,
        submissions: 1,
        submissionsSaved: 3,
      });
    });

    it('names idle parties in order and page by page', async () => {
      const names = ['anna', 'bert', 'carl', 'dora'];
      for (const name of names) await orders.add(testOrders(name, 3), 1000);
      const sorted = names.map(partyOf).sort();
      expect(await store.idleParties(10)).toEqual(sorted);
      expect(await store.idleParties(2)).toEqual(sorted.slice(0, 2));
      expect(await store.idleParties(2, sorted[1])).toEqual(sorted.slice(2));
    });

    it('hands a batch to one engine at a time, and to another when the claim has run out', async () => {
      for (const name of ['anna', 'bert', 'carl', 'dora', 'emil']) await prepared(name, 1);
      const wanted = { statuses: ['Prepared'], quietMs: 0 } as const;
      expect(await other.claim(wanted, 100)).toEqual([]);
      await place.pass(LEASE_MS);
      const claims = await Promise.all([
        store.claim(wanted, 3),
        other.claim(wanted, 3),
        store.claim(wanted, 3),
      ]);
      const ids = claims.flat().map(({ batchId }) => batchId);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length).toBeGreaterThan(2);
      await place.pass(LEASE_MS);
      const [again] = await other.claim(wanted, 1);
      const [stale] = claims.flat().filter(({ batchId }) => batchId === again?.batchId);
      expect(await store.incrementAttempts(known(stale), 9)).toBeUndefined();
      expect(await other.incrementAttempts(known(again), 9)).toMatchObject({ attempts: 1, owner: 'two' });
    });

    it('keeps claims apart by state and by how long a batch was quiet, and rests as long as it is told', async () => {
      const failed = await inStatus('Failed');
      expect(await store.claim({ statuses: ['Submitted', 'Accepted'], quietMs: 0 }, 9)).toEqual([]);
      const wanted = { statuses: ['Failed'], quietMs: 500 } as const;
      expect(await store.claim(wanted, 9)).toEqual([]);
      await place.pass(500);
      const [claimed] = await store.claim(wanted, 9);
      expect(claimed).toMatchObject({ batchId: failed.batchId, owner: 'one', updatedAtMs: START_MS });
      await store.rest(known(claimed), 2000);
      await place.pass(1999);
      expect(await store.claim(wanted, 9)).toEqual([]);
      await place.pass(1);
      expect(await store.claim(wanted, 9)).toHaveLength(1);
    });

    it('knows a reference once in a party: a repeat gives the first order, at the same moment too', async () => {
      const first = testOrder('anna', 'rent');
      const [added, repeated] = await orders.add([first, testOrder('anna', 'rent', 99n)], 1000);
      expect(added).toMatchObject({
        type: 'added',
        order: { ...first, status: 'Queued', outcome: 'pending' },
      });
      expect(repeated).toMatchObject({ type: 'repeated', order: { orderId: first.orderId, amount: 10n } });
      const stores = [orders, new OrderStore(await place.another())];
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (stores[index % 2] ?? orders).add(
            [testOrder('bert', 'a', BigInt(index + 1)), testOrder('bert', 'b', BigInt(index + 1))],
            1000,
          ),
        ),
      );
      for (const index of [0, 1]) {
        const types = answers.map((answer) => answer[index]?.type);
        expect(types.filter((one) => one === 'added')).toHaveLength(1);
        expect(types.filter((one) => one === 'repeated')).toHaveLength(19);
      }
      expect(await orders.add([testOrder('carl', 'rent')], 1000)).toMatchObject([{ type: 'added' }]);
    });

    it('holds as many queued orders as it may, whoever adds, and says so; what is known is still found', async () => {
      const stores = [orders, new OrderStore(await place.another())];
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (stores[index % 2] ?? orders).add(testOrders(`p${index}`, 3), 25),
        ),
      );
      const types = answers.flat().map(({ type: one }) => one);
      expect(types.filter((one) => one === 'added')).toHaveLength(25);
      expect(types.filter((one) => one === 'full')).toHaveLength(35);
      const stored = known(answers.flat().find((answer) => answer.type === 'added'));
      if (stored.type !== 'added') throw new Error('unreachable');
      expect(await orders.add([stored.order], 25)).toMatchObject([{ type: 'repeated' }]);
      expect(await readFigures(place.database)).toMatchObject({ queued: 25 });
    });

    it('joins orders in the order in which they came, released ones behind, and no more than each may travel with', async () => {
      const batch = await prepared('anna', 6, 1);
      const ofBatch = async (batchId: string) =>
        (await orders.ofBatch({ batchId })).map(({ reference }) => reference);
      expect(await ofBatch(batch.batchId)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5']);
      await orders.add([testOrder('anna', 'new')], 1000);
      const failed = known(await store.fail(known(await store.incrementAttempts(batch, 1)), rejected, 0, 0));
      await store.releaseOrders(failed, { sizeMax: 3, failedAt: 2, failures: 0 });
      const sizes: (readonly string[])[] = [];
      for (let round = 0; round < 3; round += 1) {
        const next = { batchId: testId(round), party: batch.party, sizeMax: 100, attemptsMax: 1 };
        const made = known(await store.prepare(next));
        sizes.push(await ofBatch(made.batchId));
        const submitted = await store.advance(known(await store.incrementAttempts(made, 9)), 'Submitted');
        await store.advance(known(submitted), 'Confirmed');
      }
      expect(sizes).toEqual([['new', 'r0', 'r1'], ['r2'], ['r3', 'r4', 'r5']]);
    });

    it('shows batches page by page, of one state or of all, and what became of an order', async () => {
      const names = ['anna', 'bert', 'carl', 'dora', 'emil'];
      for (const name of names) await prepared(name, 1);
      const first = await listBatches(place.database, { limit: 2 });
      const second = await listBatches(place.database, { limit: 2, before: first.next });
      const third = await listBatches(place.database, { limit: 2, before: second.next });
      const shown = [...first.batches, ...second.batches, ...third.batches].map(({ party }) => party);
      expect(shown).toEqual(names.map(partyOf).reverse());
      expect(third.next).toBeUndefined();
      expect(await listBatches(place.database, { limit: 5, status: 'Accepted' })).toEqual({
        batches: [],
        next: undefined,
      });
      const [batch] = await listBatches(place.database, { limit: 1 }).then(({ batches }) => batches);
      const submitted = await store.advance(
        known(await store.incrementAttempts(known(batch), 9)),
        'Submitted',
      );
      await store.advance(known(submitted), 'Confirmed');
      expect(await orders.getByReference(partyOf('emil'), 'r0')).toMatchObject({
        status: 'Dequeue',
        outcome: 'confirmed',
        batch: { batchId: batch?.batchId, index: 0, status: 'Confirmed', attempts: 1 },
      });
      expect(await orders.get(testId('nobody'))).toBeUndefined();
    });

    /** A batch of so many orders that ended, all in one place of time. */
    async function ended(
      party: string,
      count: number,
      ending: 'Confirmed' | 'rejected' = 'Confirmed',
    ): Promise<Batch> {
      const batch = known(await store.incrementAttempts(await prepared(party, count), 9));
      if (ending === 'Confirmed')
        return known(await store.advance(known(await store.advance(batch, 'Submitted')), 'Confirmed'));
      const failed = await store.fail(batch, { ...rejected, isFinal: true }, 0, 0);
      return known(await store.end(known(failed), 'rejected'));
    }
    const keepAll = { retentionMs: 1e12, keptOrdersMax: 1e6 };
    const referencesOf = async (party: string) =>
      (await orders.list({ party: partyOf(party), limit: 100 })).orders.map(({ reference }) => reference);

    it('keeps ended orders as long as it is told, and their batches with them', async () => {
      await ended('anna', 3);
      await place.pass(500);
      await ended('bert', 1, 'rejected');
      await prepared('carl', 2);
      await orders.add(testOrders('dora', 1), 1000);
      expect(await store.prune({ ...keepAll, retentionMs: 501 })).toEqual({ orders: 0, batches: 0 });
      expect(await store.prune({ ...keepAll, retentionMs: 500 })).toEqual({ orders: 3, batches: 1 });
      await place.pass(1e9);
      expect(await store.prune({ ...keepAll, retentionMs: 500 })).toEqual({ orders: 1, batches: 1 });
      expect(await store.prune({ ...keepAll, retentionMs: 500 })).toEqual({ orders: 0, batches: 0 });
      expect(await referencesOf('anna')).toEqual([]);
      expect(await referencesOf('carl')).toHaveLength(2);
      expect(await referencesOf('dora')).toHaveLength(1);
      // What is counted since the database was made stays.
      expect(await readFigures(place.database)).toMatchObject({
        queued: 1,
        confirmedOrders: 3,
        rejectedOrders: 1,
        submissions: 2,
      });
    });

    it('keeps no more ended orders than it is told, the newest, however many are open, and goes on in bounded steps', async () => {
      for (const party of ['anna', 'bert', 'carl', 'dora']) {
        await ended(party, 4);
        await place.pass(1);
      }
      await orders.add(testOrders('emil', 30), 1000);
      expect(await store.prune({ ...keepAll, keptOrdersMax: 16 })).toEqual({ orders: 0, batches: 0 });
      // Whole batches: the next one takes the number below.
      expect(await store.prune({ ...keepAll, keptOrdersMax: 11 })).toEqual({ orders: 8, batches: 2 });
      expect(await referencesOf('bert')).toEqual([]);
      expect(await referencesOf('carl')).toHaveLength(4);
      expect(await store.prune({ ...keepAll, keptOrdersMax: 8 })).toEqual({ orders: 0, batches: 0 });
      await place.clear();
      await orders.add(testOrders('anna', 1500), 2000);
      for (const name of [1, 2, 3]) {
        const next = { batchId: testId(name), party: partyOf('anna'), sizeMax: 500, attemptsMax: 1 };
        const begun = known(await store.incrementAttempts(known(await store.prepare(next)), 9));
        await store.advance(known(await store.advance(begun, 'Submitted')), 'Confirmed');
      }
      const steps = [];
      for (let step = 0; step < 3; step += 1) steps.push(await store.prune({ ...keepAll, keptOrdersMax: 1 }));
      expect(steps.map((step) => step.orders)).toEqual([1000, 500, 0]);
    });

    it('takes away together no more than is too much, whoever prunes at the same moment', async () => {
      for (let party = 0; party < 8; party += 1) {
        await ended(`p${party}`, 2);
        await place.pass(1);
      }
      const pruned = await Promise.all(
        [store, other, store, other].map((one) => one.prune({ ...keepAll, keptOrdersMax: 10 })),
      );
      expect(pruned.reduce((sum, step) => sum + step.orders, 0)).toBe(6);
      expect((await orders.list({ limit: 100 })).orders).toHaveLength(10);
    });

    it('keeps a batch that let its orders go as long as one of them names it, and no longer', async () => {
      const prepare = async (name: string, sizeMax = 100) =>
        known(
          await store.prepare({ batchId: testId(name), party: partyOf('anna'), sizeMax, attemptsMax: 1 }),
        );
      const release = async (batch: Batch) => {
        const failed = await store.fail(known(await store.incrementAttempts(batch, 1)), rejected, 0, 0);
        const orderly = { sizeMax: undefined, failedAt: undefined, failures: 0 } as const;
        known(await store.releaseOrders(known(failed), orderly));
      };
      const there = async () => {
        const { batches } = await listBatches(place.database, { limit: 9 });
        return batches.map(({ batchId }) => batchId).reverse();
      };
      await orders.add(testOrders('anna', 3), 1000);
      await release(await prepare('first'));
      await release(await prepare('second', 2));
      // The third order names the first batch still.
      expect(await there()).toEqual(['first', 'second'].map(testId));
      await release(await prepare('third', 1));
      expect(await there()).toEqual(['second', 'third'].map(testId));
      for (const name of ['fourth', 'fifth']) {
        const begun = known(await store.incrementAttempts(await prepare(name, 2), 9));
        await store.advance(known(await store.advance(begun, 'Submitted')), 'Confirmed');
        await place.pass(1000);
      }
      expect(await store.prune({ ...keepAll, retentionMs: 2000 })).toEqual({ orders: 2, batches: 2 });
      expect(await there()).toEqual(['third', 'fifth'].map(testId));
      expect(await store.prune({ ...keepAll, retentionMs: 1000 })).toEqual({ orders: 1, batches: 2 });
      expect(await there()).toEqual([]);
    });

    it('lets nobody delete what has not ended, or a batch in front of its orders', async () => {
      for (const status of batchStatuses.filter((one) => one !== 'Confirmed')) {
        await place.clear();
        await inStatus(status);
        await expect(run(place.database, 'DELETE FROM orders')).rejects.toMatchObject(refusal);
        await expect(run(place.database, 'DELETE FROM batches')).rejects.toMatchObject(refusal);
      }
      await place.clear();
      const confirmed = await inStatus('Confirmed');
      await expect(run(place.database, 'DELETE FROM batches')).rejects.toMatchObject(refusal);
      await run(place.database, 'DELETE FROM orders');
      await run(place.database, 'DELETE FROM batches');
      expect(await getBatch(place.database, confirmed.batchId)).toBeUndefined();
      const released = await prepared('bert', 1, 1);
      const begun = known(await store.incrementAttempts(released, 1));
      await store.releaseOrders(known(await store.fail(begun, rejected, 0, 0)), {
        sizeMax: 1,
        failedAt: undefined,
        failures: 1,
      });
      await expect(run(place.database, 'DELETE FROM orders')).rejects.toMatchObject(refusal);
      await expect(run(place.database, 'DELETE FROM batches')).rejects.toMatchObject(refusal);
    });

    it('knows nothing of an order that is gone: its reference is free again', async () => {
      await ended('anna', 1);
      await place.pass(10);
      await store.prune({ ...keepAll, retentionMs: 10 });
      expect(await orders.add(testOrders('anna', 1), 1000)).toMatchObject([{ type: 'added' }]);
      expect(await orders.getByReference(partyOf('anna'), 'r0')).toMatchObject({
        outcome: 'pending',
        releases: 0,
      });
    });

    it('counts what waits and since when', async () => {
      expect(await readFigures(place.database)).toMatchObject({ queued: 0, oldestOrderAgeMs: undefined });
      await prepared('anna', 2);
      await place.pass(300);
      await orders.add(testOrders('bert', 3), 1000);
      await place.pass(200);
      expect(await readFigures(place.database)).toEqual({
        queued: 3,
        active: { Prepared: 1, Submitted: 0, Accepted: 0, Confirmed: 0, Failed: 0 },
        activeOrders: 2,
        submissions: 0,
        confirmedOrders: 0,
        rejectedOrders: 0,
        submissionsSaved: 0,
        oldestOrderAgeMs: 500,
      });
    });
  });
}

function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('expected something, got nothing');
  return value;
}
