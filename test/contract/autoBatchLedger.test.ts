/** The order engine over its database and whole cores: orders of several parties are paid once, whatever is lost on the way. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BatchOrdersJob } from '../../node/autobatch/engine/batchOrdersJob.ts';
import { batchOfCommand } from '../../node/autobatch/ledger/commandBatch.ts';
import type { LedgerNode } from '../../node/autobatch/ledger/ledgerNode.ts';
import { readFigures } from '../../node/autobatch/store/figures.ts';
import type { SignedOrder } from '../../node/autobatch/store/order.ts';
import { OrderStore } from '../../node/autobatch/store/orderStore.ts';
import { openTestDatabase, type TestDatabase } from '../helpers/autoBatchDatabase.ts';
import { jobOptions, LEASE_MS, makeEngine } from '../helpers/autoBatchEngine.ts';
import { CoreLedger, payee } from '../helpers/coreLedger.ts';

describe('the order engine over cores', () => {
  let place: TestDatabase;
  let orders: OrderStore;
  let cores: CoreLedger;

  beforeAll(async () => {
    place = await openTestDatabase('in-memory');
    orders = new OrderStore(place.database);
  }, 60_000);
  beforeEach(async () => {
    await place.clear();
    cores = new CoreLedger();
    await cores.fund();
  });
  afterAll(() => place.end());

  const engine = (name: string, node = 0, changes: Partial<LedgerNode> = {}): BatchOrdersJob =>
    makeEngine({
      name,
      database: place.database,
      ledger: cores.ledgerOf(node, (batchId) => orders.ofBatch({ batchId }), changes),
    });

  /** Lets engines and chain go on until every order has its end. */
  async function runToEnd(...jobs: readonly BatchOrdersJob[]): Promise<void> {
    for (let round = 0; round < 200; round += 1) {
      for (const job of jobs) {
        await job.batchingRound();
        await cores.pass(2000);
        await place.pass(jobOptions.monitorIntervalMs);
        await job.monitoringRound();
        await place.pass(jobOptions.retryIntervalMs);
        await job.retryingRound();
      }
      if ((await readFigures(place.database)).oldestOrderAgeMs === undefined) return;
    }
    throw new Error('orders are left without an end');
  }

  const ordersOf = (payer: string, count: number): SignedOrder[] =>
    Array.from({ length: count }, (_, index) => cores.order(payer, `r${index}`));
  const outcomeOf = async ({ orderId }: SignedOrder) => (await orders.get(orderId))?.outcome;
  const balanceOf = (label: string) => cores.balance(cores.world.keys.account(label).address);

  it('pays what there is money for, of each party, and fails the one order that there is none for', async () => {
    const [alice, bob] = [ordersOf('alice', 4), ordersOf('bob', 3)];
    const dear = cores.order('alice', 'dear', { amount: 5000n });
    const [poor] = ordersOf('mallory', 1);
    await orders.add([...alice.slice(0, 2), dear, ...alice.slice(2), ...bob, ...(poor ? [poor] : [])], 1000);
    await runToEnd(engine('one'));
    for (const order of [...alice, ...bob]) expect(await outcomeOf(order)).toBe('confirmed');
    for (const order of [dear, ...(poor ? [poor] : [])]) expect(await outcomeOf(order)).toBe('failed');
    expect((await orders.get(dear.orderId))?.batch?.failureCode).toBe('INSUFFICIENT_BALANCE');
    expect([balanceOf('alice'), balanceOf('bob')]).toEqual([960n, 970n]);
    // Less the least network fee of each.
    expect(cores.balance(payee)).toBe(7n * 9n);
  });

  it('fails for good an order whose last height has passed, which then nobody can have paid any more', async () => {
    const height = () => cores.reader(0).status().finalizedHeight;
    const given = ordersOf('alice', 3);
    const late = cores.order('alice', 'late', { lastHeight: height() });
    // Refused for want of money until money comes, which is too late.
    const poor = cores.order('mallory', 'poor', { amount: 50n, lastHeight: height() + 20 });
    await orders.add([...given, late, poor], 1000);
    await runToEnd(engine('one'));
    for (const order of given) expect(await outcomeOf(order)).toBe('confirmed');
    for (const order of [late, poor]) expect(await outcomeOf(order)).toBe('failed');
    expect((await orders.get(late.orderId))?.batch?.failureCode).toBe('ORDER_EXPIRED');
    while (height() < (poor.lastHeight ?? 0)) await cores.pass(2000);
    await cores.world.portOf(0).submit(cores.world.input('alice', `transfer|${poor.from}|UM|500`).bytes);
    await cores.pass(8000);
    expect(balanceOf('mallory')).toBeGreaterThan(50n);
    const before = cores.balance(payee);
    // The payee, who has the signature, tries it by himself.
    const batch = batchOfCommand({ commandId: late.orderId, orders: [poor] }, height() + 10);
    const body = { type: 'atomic_batch', batch, signers: [] } as const;
    await cores.world.portOf(0).submit(cores.world.keys.transaction(cores.world.keys.account('bob'), body));
    await cores.pass(8000);
    expect(cores.reader(0).atomicBatch(batch.batchId)).toMatchObject({
      status: 'ended',
      record: { failure: { code: 'ORDER_EXPIRED' } },
    });
    expect(cores.balance(payee)).toBe(before);
  });

  it('pays once though answers are lost, before the node has the transaction and after', async () => {
    const port = cores.world.portOf(0);
    let calls = 0;
    const submit: LedgerNode['submit'] = async (bytes) => {
      calls += 1;
      if (calls % 3 === 1) await port.submit(bytes);
      if (calls % 3 !== 0) throw new Error('cut');
      return port.submit(bytes);
    };
    const given = [...ordersOf('alice', 4), ...ordersOf('bob', 3)];
    await orders.add(given, 1000);
    await runToEnd(engine('one', 0, { submit }));
    expect(calls).toBeGreaterThan(1);
    for (const order of given) expect(await outcomeOf(order)).toBe('confirmed');
    expect([balanceOf('alice'), balanceOf('bob')]).toEqual([960n, 970n]);
    expect(cores.balance(payee)).toBe(7n * 9n);
  });

  it('pays once when the node stops under the engine, and another engine on another node takes over meanwhile', async () => {
    const given = [...ordersOf('alice', 4), ...ordersOf('bob', 3)];
    await orders.add(given, 1000);
    const { network } = cores.world;
    const port = cores.world.portOf(0);
    const submit: LedgerNode['submit'] = async (bytes) => {
      await port.submit(bytes);
      network.stop(0);
      return { verdict: 'ignore', code: 'NODE_STOPPED' };
    };
    await engine('lost', 0, { submit }).batchingRound();
    await place.pass(LEASE_MS);
    const takeover = engine('other', 2);
    await takeover.retryingRound();
    await cores.pass(4000);
    network.start(0);
    await runToEnd(takeover, engine('again'));
    for (const order of given) expect(await outcomeOf(order)).toBe('confirmed');
    await cores.pass(60_000);
    expect([balanceOf('alice'), balanceOf('bob')]).toEqual([960n, 970n]);
    expect(cores.balance(payee)).toBe(7n * 9n);
  });
});
