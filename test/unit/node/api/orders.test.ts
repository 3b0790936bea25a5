import { afterEach, describe, expect, it } from 'vitest';
import { assert } from '../../../../consensus/primitives/codedError.ts';
import type { Hash } from '../../../../consensus/primitives/flavor.ts';
import { DirectOrders } from '../../../../node/autobatch/ledger/directOrders.ts';
import type { OrderDesk } from '../../../../node/autobatch/orderDesk.ts';
import { receiptsTable } from '../../../../settlement/atomic/tables.ts';
import { accountOf } from '../../../../settlement/ledger/accounts.ts';
import { assetIndexOf } from '../../../../settlement/ledger/assets.ts';
import { ApiHarness, type ApiHarnessOptions, Description } from '../../../helpers/apiHarness.ts';
import type { TestOrder } from '../../../helpers/orderClients.ts';
import { hashOf } from '../../../helpers/signatory.ts';
import { orderOf } from './answerRows.ts';

const secretKey = new Uint8Array(32).fill(7);
const engineRoutes = ['/orders', '/auto-batches', `/auto-batches/${hashOf('b1')}`, '/auto-batch-stats'];

let api: ApiHarness;
afterEach(() => api.stop());

async function open(orders: ApiHarnessOptions['orders']): Promise<Description> {
  api = await ApiHarness.start(orders === undefined ? {} : { orders });
  api.network.run(30_000);
  return Description.of(api);
}

/** Asks, and holds the answer against the description. */
async function ask(description: Description, path: string, order?: TestOrder) {
  const response = await (order === undefined ? api.fetch(path) : api.post(path, order.body));
  const body = (await response.json()) as { readonly transaction_id?: Hash };
  const route = path.replace(/^\/orders\/.*/, '/orders/{id}');
  description.check(`${order === undefined ? 'GET' : 'POST'} ${route} ${response.status}`, body);
  return { status: response.status, body };
}

function blocks(count: number): void {
  api.network.run(api.network.nowMs + count * 2000);
}

describe('orders where auto-batch is off', () => {
  const off: ApiHarnessOptions['orders'] = (node) => {
    // The harness makes its network before its server.
    const direct = () => new DirectOrders({ genesis: api.network.genesis, node, secretKey });
    return {
      type: 'direct',
      get direct() {
        return direct();
      },
    };
  };

  it('pays each by a transaction at once, shows it, and pays it once', async () => {
    const description = await open(off);
    const order = orderOf(api, 'rent', 5n);
    expect(await ask(description, `/orders/${order.id}`)).toMatchObject({
      status: 404,
      body: { error: { code: 'ORDER_UNKNOWN' } },
    });
    const sent = await ask(description, '/orders', order);
    expect(sent).toMatchObject({
      status: 202,
      body: { id: order.id, outcome: 'pending', reference: 'rent' },
    });
    const again = await ask(description, '/orders', order);
    expect(again).toEqual(sent);
    expect(await ask(description, `/orders/${order.id}`)).toMatchObject({
      status: 200,
      body: { outcome: 'pending', amount: '5', reference: 'rent', transaction_id: sent.body.transaction_id },
    });
    blocks(4);
    const paid = { outcome: 'confirmed', amount: '5', receipt: { id: order.id, gross: '5' } };
    expect(await ask(description, `/orders/${order.id}`)).toMatchObject({ status: 200, body: paid });
    expect(await ask(description, '/orders', order)).toMatchObject({
      status: 200,
      body: { ...paid, reference: 'rent' },
    });
    blocks(4);
    const { genesis, nodes } = api.network;
    const state = nodes[0]?.core.reader().finalizedState();
    assert(state !== undefined, 'node-0 runs');
    const receipt = state.get(receiptsTable, order.id as string);
    expect(receipt).toMatchObject({ gross: 5n, to: hashOf('11') });
    const { balances } = accountOf(state, genesis.ledger, hashOf('11'));
    expect(balances[assetIndexOf(genesis.ledger, 'UM')]).toBe(receipt?.net);
  });

  it('pays what it took though the chain stands still for longer than its blocks would have taken', async () => {
    const description = await open(off);
    const order = orderOf(api, 'rent', 5n);
    expect(await ask(description, '/orders', order)).toMatchObject({ status: 202 });
    const { network } = api;
    network.isCutOff = () => true;
    network.run(network.nowMs + 120_000);
    network.isCutOff = () => false;
    expect(await ask(description, `/orders/${order.id}`)).toMatchObject({ body: { outcome: 'pending' } });
    network.run(network.nowMs + 120_000);
    expect(await ask(description, `/orders/${order.id}`)).toMatchObject({ body: { outcome: 'confirmed' } });
  });

  it('says why the chain refused one, and takes it again under an id of its own', async () => {
    const description = await open(off);
    const order = orderOf(api, 'a castle', 10n ** 30n);
    await ask(description, '/orders', order);
    blocks(4);
    const failed = { outcome: 'failed', failure: 'INSUFFICIENT_BALANCE' };
    expect(await ask(description, `/orders/${order.id}`)).toMatchObject({ status: 200, body: failed });
    const second = await ask(description, '/orders', order);
    expect(second).toMatchObject({ status: 202, body: { outcome: 'pending' } });
    expect(await ask(description, `/orders/${order.id}`)).toMatchObject({ body: { outcome: 'pending' } });
    blocks(4);
    expect(await ask(description, `/orders/${order.id}`)).toMatchObject({ body: failed });
  });

  it('makes no transaction of one whose last height has passed, and shows the last height of another', async () => {
    const description = await open(off);
    const late = orderOf(api, 'late', 5n, 1);
    expect(await ask(description, '/orders', late)).toMatchObject({
      status: 200,
      body: { outcome: 'failed', failure: 'ORDER_EXPIRED', last_height: 1 },
    });
    expect((await ask(description, `/orders/${late.id}`)).status).toBe(404);
    const order = orderOf(api, 'in time', 5n, 500);
    expect(await ask(description, '/orders', order)).toMatchObject({
      status: 202,
      body: { last_height: 500 },
    });
    expect(await ask(description, `/orders/${order.id}`)).toMatchObject({ body: { last_height: 500 } });
    blocks(4);
    expect(await ask(description, `/orders/${order.id}`)).toMatchObject({ body: { outcome: 'confirmed' } });
  });

  it('refuses what is not signed, and what the node does not take, in words of the node', async () => {
    const description = await open(off);
    const order = orderOf(api, 'rent');
    const forged = { ...order, body: { ...order.body, amount: '7' } };
    expect(await ask(description, '/orders', forged)).toMatchObject({
      status: 401,
      body: { error: { code: 'ORDER_SIGNATURE_INVALID', details: { path: '/signature' } } },
    });
    api.forcedVerdict = { verdict: 'ignore', code: 'MEMPOOL_FULL' };
    expect(await ask(description, '/orders', order)).toMatchObject({
      status: 429,
      body: { error: { code: 'MEMPOOL_FULL', retryable: true } },
    });
  });

  it('has no queue and no batches', async () => {
    await open(off);
    for (const path of engineRoutes) {
      const response = await api.fetch(path);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({
        error: { code: 'AUTO_BATCH_OFF', details: { key: 'auto_batch.enabled' } },
      });
    }
    expect(await api.json('/status')).toMatchObject({ auto_batch: null });
  });
});

describe('orders on a node that does not run the engine', () => {
  it.each([
    ['http://127.0.0.1:4400', { node: 'node-0', url: 'http://127.0.0.1:4400' }],
    [undefined, { node: 'node-0' }],
  ])('are sent to the one that does (%s)', async (address, details) => {
    const desk: OrderDesk = { type: 'elsewhere', node: 'node-0', api: address };
    await open(() => desk);
    const answers = [api.post('/orders', orderOf(api, 'rent').body), api.fetch(`/orders/${hashOf('01')}`)];
    for (const answer of [...answers, ...engineRoutes.map((path) => api.fetch(path))]) {
      const response = await answer;
      expect(response.status).toBe(421);
      const { error } = (await response.json()) as { readonly error: { readonly details: object } };
      expect(error).toMatchObject({ code: 'AUTO_BATCH_ELSEWHERE' });
      expect(error.details).toEqual(details);
    }
    expect((await api.json('/status')).auto_batch).toEqual({ is_here: false, ...details });
  });
});

describe('orders on a server that takes none', () => {
  it('are refused', async () => {
    await open(null);
    expect((await api.post('/orders', orderOf(api, 'rent').body)).status).toBe(403);
    expect((await api.fetch(`/orders/${hashOf('01')}`)).status).toBe(403);
  });
});

describe('orders in the engine', () => {
  it('show their last height, where they have one', async () => {
    const description = await open(undefined);
    const order = orderOf(api, 'rent', 5n, 70);
    expect(await ask(description, '/orders', order)).toMatchObject({
      status: 201,
      body: { last_height: 70 },
    });
    const { body } = await ask(description, '/orders', orderOf(api, 'open'));
    expect(body).not.toHaveProperty('last_height');
  });

  it('are listed and paged as asked, and say when to come back', async () => {
    await open(undefined);
    expect((await api.json('/status')).auto_batch).toEqual({ is_here: true });
    await api.fetch(`/orders?party=${hashOf('ab')}&status=Dequeue&limit=3&before=9`);
    expect(api.orders.asked).toEqual({ party: hashOf('ab'), status: 'Dequeue', limit: 3, before: 9 });
    await api.fetch('/auto-batches?status=Accepted&before=4');
    expect(api.orders.asked).toEqual({ status: 'Accepted', limit: 20, before: 4 });
    api.orders.isFull = true;
    const full = await api.post('/orders', orderOf(api, 'rent').body);
    expect([full.status, full.headers.get('retry-after')]).toEqual([429, '1']);
  });
});
