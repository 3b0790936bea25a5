import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Random } from '../../consensus/primitives/random.ts';
import { type OrderRunOptions, type OrderTrouble, orderEnvironment, runOrders } from '../helpers/orderRun.ts';
import { PostgresCluster } from '../helpers/postgresCluster.ts';
import { TcpProxy } from '../helpers/tcpProxy.ts';

/** Orders of the first run; the campaign asks for all 10,000. */
const orders = Number(process.env.SIDEREAL_ORDERS ?? 1000);
const parties = Number(process.env.SIDEREAL_ORDER_PARTIES ?? 50);
/** Troubles of the second run; the campaign asks for more, and for those that take long. */
const troubles = Number(process.env.SIDEREAL_ORDER_TROUBLES ?? 5);
const kinds: readonly OrderTrouble[] =
  process.env.SIDEREAL_ORDER_TROUBLES === undefined
    ? ['kill', 'stop', 'crash', 'cut', 'both']
    : ['kill', 'stop', 'crash', 'cut', 'both', 'freeze'];
const seed = Number(process.env.SIDEREAL_KILL_SEED ?? 1);
/** So that every trouble strikes nodes at work. */
const ORDERS_BY_TROUBLE = 250;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0).reverse()) await close();
});

async function check(options: Pick<OrderRunOptions, 'orders' | 'troubles' | 'seed'>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sidereal-orders-'));
  closers.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const database = await PostgresCluster.start();
  closers.push(() => database.end());
  const proxy = await TcpProxy.open(new URL(database.url));
  closers.push(() => proxy.close());
  for (const [name, value] of Object.entries(orderEnvironment(database, proxy))) vi.stubEnv(name, value);
  const result = await runOrders({ dataDir, parties, database, proxy, ...options });
  const { stats, onChain, tookMs, repeated, stored } = result;
  process.stdout.write(
    `orders: ${options.orders} of ${parties} parties through ${options.troubles.join(', ')} (seed ${options.seed}): ` +
      `${stats.submissions} submissions, ${onChain.completed} atomic batches settled and ${onChain.failed} failed on chain, ` +
      `${repeated} requests sent again, ${JSON.stringify(stored)}, ${Math.round(tookMs / 1000)} s\n`,
  );
  expect(result.unpaid).toEqual([]);
  expect(result.changed).toEqual([]);
  expect(result.wrongBalances).toEqual([]);
  expect(onChain.requests).toBe(options.orders);
  const { 'Dequeue/Confirmed': confirmed = 0, 'Dequeue/Failed/paid_before': before = 0, ...others } = stored;
  expect(others).toEqual({});
  expect(confirmed + before).toBe(options.orders);
  expect(result.overspent).toBe(0);
  expect(stats).toMatchObject({ queued: 0, confirmed_orders: options.orders, rejected_orders: 0 });
  // Each batch on the chain was submitted, and orders of one party travel together.
  expect(Number(stats.submissions)).toBeGreaterThanOrEqual(onChain.completed + onChain.failed);
  expect(Number(stats.submissions)).toBeLessThan(options.orders);
  expect(result.disagreements).toEqual([]);
}

describe('4 nodes run the order engine over one PostgreSQL server: every order is paid once', () => {
  it(
    `${orders} orders of ${parties} parties, a node killed and the database crashed in the middle (seed ${seed})`,
    () => check({ orders, troubles: ['kill', 'crash'], seed }),
    1_800_000,
  );

  it(
    `${troubles} random troubles under load (seed ${seed})`,
    () => check({ orders: troubles * ORDERS_BY_TROUBLE, troubles: drawTroubles(), seed }),
    3_600_000,
  );
});

/** Each kind in turns, shuffled. */
function drawTroubles(): readonly OrderTrouble[] {
  const random = new Random(seed);
  const drawn = Array.from({ length: troubles }, (_, index) => kinds[index % kinds.length] as OrderTrouble);
  for (let last = drawn.length - 1; last > 0; last -= 1) {
    const other = random.below(last + 1);
    [drawn[last], drawn[other]] = [drawn[other] as OrderTrouble, drawn[last] as OrderTrouble];
  }
  return drawn;
}
