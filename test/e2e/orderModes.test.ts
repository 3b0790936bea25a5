import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fromHex } from '../../consensus/primitives/bytes.ts';
import { getJson, type Json } from '../../node/devnet/apiClient.ts';
import { signOrderAsEvmAccount } from '../../settlement/atomic/order.ts';
import { chainIdOf } from '../../settlement/execution/genesisState.ts';
import { DevnetCommand, findFreeBase, quick } from '../helpers/devnetCommand.ts';
import {
  deriveParties,
  fundingOf,
  makeOrder,
  OrderClient,
  type OrderParty,
  type RefusalBody,
} from '../helpers/orderClients.ts';
import { ProcessNetwork } from '../helpers/processNetwork.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

/** For what hangs, in ms. */
const LIMIT_MS = 200_000;
const TEST_MS_MAX = 400_000;

let dataDir = '';
let devnet: DevnetCommand | undefined;

beforeEach(() => {
  dataDir = join(mkdtempSync(join(tmpdir(), 'sidereal-order-modes-')), 'data');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await devnet?.close();
  devnet = undefined;
  rmSync(join(dataDir, '..'), { recursive: true, force: true });
}, TEST_MS_MAX);

interface World {
  readonly chainId: string;
  readonly apis: readonly string[];
  readonly client: OrderClient;
  /** Accounts that genesis funds. */
  readonly parties: readonly OrderParty[];
}

async function start(environment: NodeJS.ProcessEnv): Promise<World> {
  const args = ['--port', String(await findFreeBase()), '--json', '--workload', 'none', ...quick];
  devnet = new DevnetCommand(dataDir, args, environment);
  const started = devnet;
  await waitUntil(
    () => started.hasEnded || (started.isUp && started.of('block_finalized').length > 0),
    LIMIT_MS,
  );
  expect(started.err).toBe('');
  const { nodes, accounts } = started.description;
  const apis = nodes.map(({ api }) => api);
  const { chain_id } = await getJson(apis[0] ?? '', '/status');
  const parties = accounts.map(({ address, private_key }): OrderParty => {
    const secretKey = fromHex(private_key);
    return { address, sign: (orderId) => signOrderAsEvmAccount(secretKey, orderId) };
  });
  return { chainId: String(chain_id), apis, client: new OrderClient({ apis, limitMs: LIMIT_MS }), parties };
}

async function balanceOf(api: string, address: string): Promise<bigint> {
  const { assets } = (await getJson(api, `/accounts/${address}`)) as {
    readonly assets: readonly { readonly asset: string; readonly balance: string }[];
  };
  return BigInt(assets.find(({ asset }) => asset === 'UM')?.balance ?? '0');
}

/** A party that nobody funds. */
const poor = deriveParties(99, 1)[0] as OrderParty;

describe('auto-batch on, its database in memory', () => {
  it(
    'one node runs the engine, the others name it, and orders of a party travel together',
    async () => {
      const { chainId, apis, client, parties } = await start({ AUTO_BATCH_SWITCH: 'true' });
      const [payer, payee] = parties as [OrderParty, OrderParty];
      const before = await balanceOf(apis[0] ?? '', payer.address);
      const orders = Array.from({ length: 20 }, (_, index) =>
        makeOrder(chainId, payer, {
          to: payee.address,
          amount: BigInt(100 + index),
          reference: `bill ${index}`,
        }),
      );
      const [first] = orders;
      if (first === undefined) throw new Error('an order');

      for (const node of [1, 2, 3]) {
        for (const refused of [
          await client.ask(node, '/orders', first.body),
          await client.ask(node, `/orders/${first.id}`),
          await client.ask(node, `/orders?party=${payer.address}`),
          await client.ask(node, '/auto-batches'),
          await client.ask(node, '/auto-batch-stats'),
        ]) {
          expect(refused.status).toBe(421);
          expect(refused.body.error).toMatchObject({
            code: 'AUTO_BATCH_ELSEWHERE',
            retryable: false,
            details: { node: 'node-0', url: apis[0] },
          });
        }
      }
      const { body: elsewhere } = await client.ask<RefusalBody>(1, '/orders', first.body);
      const there = new OrderClient({ apis: [String(elsewhere.error.details.url)], limitMs: LIMIT_MS });

      const taken = await there.ask(0, '/orders', first.body);
      expect(taken).toMatchObject({ status: 201, body: { id: first.id, outcome: 'pending' } });
      await there.sendAll(orders.slice(1));
      const outcomes = await there.outcomesOf(orders);
      for (const [index, { body, id }] of orders.entries()) {
        const { from, to, asset, amount } = body;
        expect(outcomes[index]).toMatchObject({
          id,
          outcome: 'confirmed',
          status: 'Dequeue',
          receipt: { id, from, to, asset, gross: amount },
        });
      }
      const paid = orders.reduce((sum, { body }) => sum + BigInt(body.amount), 0n);
      const last = Math.max(...outcomes.map(({ receipt }) => receipt?.height ?? 0));
      for (const api of apis) {
        await waitUntil(
          async () => Number((await getJson(api, '/status')).finalized_height) >= last,
          LIMIT_MS,
        );
        expect(await balanceOf(api, payer.address)).toBe(before - paid);
      }

      // The first order of a reference, whatever the next one asks for.
      const other = makeOrder(chainId, payer, { to: payee.address, amount: 5n, reference: 'bill 0' });
      for (const { body } of [first, other])
        expect(await there.ask(0, '/orders', body)).toMatchObject({
          status: 200,
          body: { id: first.id, amount: first.body.amount, repeat: true, outcome: 'confirmed' },
        });
      expect(await there.ask(0, `/orders/${other.id}`)).toMatchObject({
        status: 404,
        body: { error: { code: 'ORDER_UNKNOWN' } },
      });

      const forged = { ...other.body, reference: 'bill 99' };
      expect(await there.ask(0, '/orders', forged)).toMatchObject({
        status: 401,
        body: { error: { code: 'ORDER_SIGNATURE_INVALID' } },
      });
      expect(await there.ask(0, '/orders', { ...first.body, amount: '-1' })).toMatchObject({
        status: 400,
        body: { error: { code: 'ORDER_REQUEST_INVALID' } },
      });

      // Pages hold every order once, newest first.
      const listed: string[] = [];
      for (let before = ''; ; ) {
        const page = await getJson(apis[0] ?? '', `/orders?party=${payer.address}&limit=7${before}`);
        listed.push(...(page.orders as readonly { readonly id: string }[]).map(({ id }) => id));
        if (page.next_before === undefined || page.next_before === null) break;
        before = `&before=${page.next_before}`;
      }
      expect([...listed].sort()).toEqual(orders.map(({ id }) => id).sort());

      const stats = await getJson(apis[0] ?? '', '/auto-batch-stats');
      const { batches } = (await getJson(apis[0] ?? '', '/auto-batches?status=Confirmed')) as {
        readonly batches: readonly (Json & { readonly id: string; readonly size: number })[];
      };
      expect(batches.reduce((sum, { size }) => sum + size, 0)).toBe(orders.length);
      expect(stats).toMatchObject({ queued: 0, confirmed_orders: orders.length, rejected_orders: 0 });
      expect(Number(stats.submissions)).toBeGreaterThanOrEqual(batches.length);
      expect(Number(stats.submissions)).toBeLessThan(orders.length);
      const carried: string[] = [];
      for (const { id } of batches) {
        const batch = await getJson(apis[0] ?? '', `/auto-batches/${id}`);
        expect(batch).toMatchObject({ party: payer.address, status: 'Confirmed' });
        carried.push(...(batch.orders as readonly string[]));
      }
      expect(carried.sort()).toEqual(orders.map(({ id }) => id).sort());
    },
    TEST_MS_MAX,
  );

  it(
    'an order without money behind it fails with what the ledger says',
    async () => {
      const { chainId, client, parties } = await start({
        AUTO_BATCH_SWITCH: 'true',
        AUTO_BATCH_RETRY_INTERVAL_MS: '300',
      });
      const to = parties[0]?.address ?? '';
      const order = makeOrder(chainId, poor, { to, amount: 10n, reference: 'too much' });
      expect(await client.send(0, order)).toMatchObject({ id: order.id, outcome: 'pending' });
      // Node 0 alone knows of it.
      const failed = await client.outcomeOf(0, order.id);
      expect(failed).toMatchObject({ outcome: 'failed', failure: 'INSUFFICIENT_BALANCE' });
      expect(failed.receipt).toBeUndefined();
    },
    TEST_MS_MAX,
  );

  it(
    'a kill takes the memory and no payment: orders that are all sent again are paid once',
    async () => {
      vi.stubEnv('AUTO_BATCH_SWITCH', 'true');
      vi.stubEnv('AUTO_BATCH_RETRY_INTERVAL_MS', '300');
      const payers = deriveParties(7, 5);
      const [payee] = deriveParties(8, 1) as [OrderParty];
      const network = await ProcessNetwork.open(
        dataDir,
        `
seed: 5
duration: 60s
config:
  chain: { block_time_ms: 200 }
  consensus: { delta_ms: 300 }
  settlement_chain: { block_time_ms: 500 }
  ledger: { network_fee_bps: 100, accounts: ${JSON.stringify(fundingOf(payers, 1_000_000n))} }
`,
      );
      try {
        await network.start();
        const apis = network.network.description.nodes.map(({ api }) => api);
        const [api = ''] = apis;
        const client = new OrderClient({ apis: [api], limitMs: LIMIT_MS });
        const orders = Array.from({ length: 40 }, (_, index) => {
          const payer = payers[index % payers.length] as OrderParty;
          return makeOrder(chainIdOf('sidereal'), payer, {
            to: payee.address,
            amount: 1000n,
            reference: `bill ${index}`,
          });
        });
        const half = orders.slice(0, 20);
        await client.sendAll(half);
        await client.outcomesOf(half.slice(0, 10));
        await network.network.kill('node-0');
        await network.network.startProcess('node-0');
        const stats = await getJson(api, '/auto-batch-stats');
        expect(stats).toMatchObject({ queued: 0, submissions: 0, confirmed_orders: 0 });
        for (const { outcome, receipt } of await client.sendAll(orders).then(() => client.outcomesOf(orders)))
          expect({ outcome, gross: receipt?.gross }).toEqual({ outcome: 'confirmed', gross: '1000' });
        const { batches } = await getJson(api, '/auto-batches?status=Failed&limit=100');
        const endings = (batches as readonly { readonly ending?: string }[]).map(({ ending }) => ending);
        // The ledger had paid some of them for the engine that was lost.
        expect(endings).toContain('paid_before');
        for (const one of apis) {
          await waitUntil(async () => (await balanceOf(one, payee.address)) >= 40n * 990n, LIMIT_MS);
          expect(await balanceOf(one, payee.address)).toBe(40n * 990n);
          for (const { address } of payers) expect(await balanceOf(one, address)).toBe(992_000n);
        }
      } finally {
        await network.close();
      }
    },
    TEST_MS_MAX,
  );
});

describe('auto-batch off', () => {
  it(
    'an order is a transaction at once, and nothing else is there',
    async () => {
      const { chainId, apis, client, parties } = await start({});
      const [payer, payee] = parties as [OrderParty, OrderParty];
      const before = await balanceOf(apis[0] ?? '', payer.address);
      const order = makeOrder(chainId, payer, { to: payee.address, amount: 200n, reference: 'at once' });
      expect(await client.ask(0, `/orders/${order.id}`)).toMatchObject({
        status: 404,
        body: { error: { code: 'ORDER_UNKNOWN' } },
      });
      const taken = await client.ask(0, '/orders', order.body);
      expect(taken).toMatchObject({ status: 202, body: { id: order.id, outcome: 'pending' } });
      expect(taken.body.transaction_id).toMatch(/^0x[0-9a-f]{64}$/);
      const { from, to, asset, amount } = order.body;
      const receipt = { id: order.id, from, to, asset, gross: amount, fee: '1', net: '199' };
      for (const node of [0, 1, 2, 3])
        expect(await client.outcomeOf(node, order.id)).toMatchObject({ outcome: 'confirmed', receipt });
      // Once more, to every node: paid once.
      for (const node of [0, 1, 2, 3])
        expect(await client.ask(node, '/orders', order.body)).toMatchObject({
          status: 200,
          body: { id: order.id, outcome: 'confirmed', receipt },
        });
      for (const api of apis) expect(await balanceOf(api, payer.address)).toBe(before - 200n);

      const broke = makeOrder(chainId, poor, { to: payee.address, amount: 10n, reference: 'too much' });
      expect((await client.ask(1, '/orders', broke.body)).status).toBe(202);
      expect(await client.outcomeOf(1, broke.id)).toMatchObject({
        outcome: 'failed',
        failure: 'INSUFFICIENT_BALANCE',
      });

      const off = [
        `/orders?party=${payer.address}`,
        '/auto-batches',
        `/auto-batches/${order.id}`,
        '/auto-batch-stats',
      ];
      for (const path of off)
        expect(await client.ask(0, path)).toMatchObject({
          status: 403,
          body: { error: { code: 'AUTO_BATCH_OFF' } },
        });
    },
    TEST_MS_MAX,
  );
});
