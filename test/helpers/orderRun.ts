/**
 * A network of real processes that all run the order engine over one PostgreSQL server, while many parties send orders to all of
 * them, nodes are killed with SIGKILL, and the server is lost and comes back; and what must hold all the same: every order is paid, once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../consensus/primitives/random.ts';
import { getJson, type Json } from '../../node/devnet/apiClient.ts';
import { chainIdOf } from '../../settlement/execution/genesisState.ts';
import { networkFee } from '../../settlement/networkFee.ts';
import {
  deriveParties,
  fundingOf,
  makeOrder,
  type OrderAnswer,
  OrderClient,
  type OrderParty,
  type TestOrder,
} from './orderClients.ts';
import type { PostgresCluster } from './postgresCluster.ts';
import { ProcessNetwork } from './processNetwork.ts';
import type { TcpProxy } from './tcpProxy.ts';
import { waitUntil } from './waitUntil.ts';

const NODES = 4;
/** Accounts that are paid and pay nobody. */
const PAYEES = 10;
const AMOUNT_MAX = 1_000_000;
/** What genesis gives each party: more than all of its orders. */
const FUNDS = 1_000_000_000_000n;
/** As the default configuration has it (docs/protocol.md, network fee). */
const FEE = { networkFeeBps: 50, feeMin: 1n };
/** Longest time that the database stays away, in ms. */
const AWAY_MS_MAX = 1500;
/** How long a frozen node stands still, in ms: longer than an engine holds a batch (docs/auto-batch.md). */
const FROZEN_MS = 35_000;
/** Orders that are sent again in the end, to see that nothing comes of it. */
const SENT_AGAIN = 40;
/** Requests under way at once: many more than nodes, so that orders queue. */
const CONCURRENCY = 128;
/** For what hangs, in ms. */
const LIMIT_MS = 300_000;

export type OrderTrouble = 'kill' | 'stop' | 'crash' | 'cut' | 'both' | 'freeze';

export interface OrderRunOptions {
  readonly dataDir: string;
  /** Draws keys, orders, who is killed, and when. */
  readonly seed: number;
  readonly orders: number;
  readonly parties: number;
  /**
   * One behind the other, spread over the orders: a node is killed, or stops in order, and starts again; the database crashes and starts again, or
   * is cut off and comes back; a node is killed, and the database crashes before it is back; or a node stands still for so
   * long that others take over what it held, and then goes on where it was.
   */
  readonly troubles: readonly OrderTrouble[];
  readonly database: PostgresCluster;
  /** The way of the nodes to the database. */
  readonly proxy: TcpProxy;
}

export interface OrderRunResult {
  /** Requests that had to be sent again. */
  readonly repeated: number;
  /** Orders that are not confirmed with a receipt of what they say, in words. */
  readonly unpaid: readonly string[];
  /** Orders that were shown otherwise when they were sent again, in words. */
  readonly changed: readonly string[];
  /** Balances on a node that are not what orders make of genesis, in words. */
  readonly wrongBalances: readonly string[];
  /** Orders in the database by what became of them, as `status/batch status/ending`. */
  readonly stored: Readonly<Record<string, number>>;
  /** Batches that were submitted more often than they may be. */
  readonly overspent: number;
  readonly stats: Json;
  /** Atomic batches in final blocks: settled, with so many requests together, and failed. */
  readonly onChain: { readonly completed: number; readonly requests: number; readonly failed: number };
  readonly disagreements: readonly number[];
  /** From the first request to the last outcome. */
  readonly tookMs: number;
}

/** Sends the orders through the troubles, waits for every outcome, and looks at what was left. */
export async function runOrders(options: OrderRunOptions): Promise<OrderRunResult> {
  const parties = deriveParties(options.seed, options.parties);
  const network = await ProcessNetwork.open(options.dataDir, scenarioText(parties));
  try {
    await network.start();
    const { nodes } = network.network.description;
    const client = new OrderClient({
      apis: nodes.map(({ api }) => api),
      concurrency: CONCURRENCY,
      limitMs: LIMIT_MS,
    });
    const drawn = drawOrders(options, parties);
    await waitUntil(() => network.highest > 0, LIMIT_MS);
    const startedMs = performance.now();
    const failed = new AbortController();
    const troubled = makeTrouble(network, options, () => client.acknowledged, failed.signal);
    const answered = client.sendAll(drawn).then(() => client.outcomesOf(drawn));
    const [answers] = await Promise.all([answered, troubled]).catch(async (error: unknown) => {
      // No process may be started any more once the network is closed.
      failed.abort();
      await troubled.catch(() => undefined);
      throw error;
    });
    const tookMs = performance.now() - startedMs;
    const unpaid = drawn.flatMap((order, index) => findUnpaid(order, answers[index]));
    const changed = await sendAgain(client, options, drawn, answers);
    return {
      repeated: client.repeated,
      unpaid,
      changed,
      wrongBalances: await findWrongBalances(network, parties, drawn, answers),
      ...(await readDatabase(options.database)),
      stats: await getJson(nodes[0]?.api ?? '', '/auto-batch-stats'),
      onChain: await countOnChain(network, lastHeightOf(answers)),
      disagreements: network.disagreements,
      tookMs,
    };
  } finally {
    await network.close();
  }
}

/** Environment of the nodes, which they inherit. */
export function orderEnvironment(
  database: PostgresCluster,
  proxy: TcpProxy,
): Readonly<Record<string, string>> {
  const url = new URL(database.url);
  url.port = String(proxy.port);
  return {
    AUTO_BATCH_SWITCH: 'true',
    AUTO_BATCH_DB_TYPE: 'psql',
    AUTO_BATCH_DB_URL: url.href,
    AUTO_BATCH_RETRY_INTERVAL_MS: '1000',
  };
}

function scenarioText(parties: readonly OrderParty[]): string {
  return `
seed: 5
duration: 60s
config:
  chain: { block_time_ms: 300 }
  consensus: { delta_ms: 300 }
  settlement_chain: { block_time_ms: 1000 }
  ledger: { accounts: ${JSON.stringify(fundingOf(parties, FUNDS))} }
`;
}

/** Each party's orders in turns; half of them pay another party. */
function drawOrders({ seed, orders }: OrderRunOptions, parties: readonly OrderParty[]): readonly TestOrder[] {
  const random = new Random(seed);
  const payees = deriveParties(seed + 1, PAYEES);
  const chainId = chainIdOf('sidereal');
  return Array.from({ length: orders }, (_, index) => {
    const party = parties[index % parties.length] as OrderParty;
    const others = random.below(2) === 0 ? payees : parties.filter((one) => one !== party);
    const to = others[random.below(others.length)]?.address ?? '';
    return makeOrder(chainId, party, {
      to,
      amount: BigInt(1 + random.below(AMOUNT_MAX)),
      reference: `order ${index}`,
    });
  });
}

async function makeTrouble(
  network: ProcessNetwork,
  { seed, orders, troubles, database, proxy }: OrderRunOptions,
  acknowledged: () => number,
  failed: AbortSignal,
): Promise<void> {
  const random = new Random(seed);
  const away = () => sleep(random.below(AWAY_MS_MAX));
  for (const [index, trouble] of troubles.entries()) {
    // In the midst of its share of the orders, and before the last of them.
    const share = orders / (troubles.length + 1);
    const at = Math.floor(share * (index + 0.5)) + random.below(Math.ceil(share));
    await waitUntil(() => failed.aborted || acknowledged() >= at, LIMIT_MS);
    if (failed.aborted) return;
    const node = `node-${random.below(NODES)}`;
    if (trouble === 'kill' || trouble === 'both') await network.network.kill(node);
    if (trouble === 'crash' || trouble === 'both') {
      await database.crash();
      await away();
      await database.start();
    }
    if (trouble === 'stop') await network.network.restart(node);
    if (trouble === 'freeze') {
      network.network.pause(node);
      await sleep(FROZEN_MS);
      network.network.resume(node);
    }
    if (trouble === 'cut') {
      proxy.cut();
      await away();
      proxy.mend();
    }
    if (trouble === 'kill' || trouble === 'both') await network.network.startProcess(node);
  }
}

function findUnpaid({ id, body }: TestOrder, answer: OrderAnswer | undefined): readonly string[] {
  const { from, to, asset, amount } = body;
  const receipt = answer?.receipt;
  const isPaid =
    answer?.outcome === 'confirmed' &&
    receipt?.id === id &&
    receipt.from === from &&
    receipt.to === to &&
    receipt.asset === asset &&
    receipt.gross === amount;
  return isPaid ? [] : [`${body.reference}: ${JSON.stringify(answer)}`];
}

/** Some of the orders once more, to every node in turn: each is the first one, and stays what it was. */
async function sendAgain(
  client: OrderClient,
  { seed }: OrderRunOptions,
  orders: readonly TestOrder[],
  answers: readonly OrderAnswer[],
): Promise<readonly string[]> {
  const random = new Random(seed + 2);
  const changed: string[] = [];
  for (let count = 0; count < SENT_AGAIN; count += 1) {
    const index = random.below(orders.length);
    const again = await client.send(count, orders[index] as TestOrder);
    const first = answers[index];
    const isSame = again.repeat === true && again.id === first?.id && again.batch?.id === first.batch?.id;
    if (!isSame || again.outcome !== 'confirmed') changed.push(JSON.stringify(again));
  }
  return changed;
}

/** Every account that orders touch, on every node, once it has the last receipt. */
async function findWrongBalances(
  network: ProcessNetwork,
  parties: readonly OrderParty[],
  orders: readonly TestOrder[],
  answers: readonly OrderAnswer[],
): Promise<readonly string[]> {
  const expected = new Map(parties.map(({ address }) => [address, FUNDS]));
  for (const { body } of orders) {
    const amount = BigInt(body.amount);
    expected.set(body.from, (expected.get(body.from) ?? 0n) - amount);
    expected.set(body.to, (expected.get(body.to) ?? 0n) + amount - networkFee(amount, FEE));
  }
  const last = lastHeightOf(answers);
  const wrong: string[] = [];
  for (const { name, api } of network.network.description.nodes) {
    await waitUntil(async () => Number((await getJson(api, '/status')).finalized_height) >= last, LIMIT_MS);
    for (const [address, balance] of expected) {
      const found = balanceIn(await getJson(api, `/accounts/${address}`));
      if (found !== String(balance)) wrong.push(`${address} on ${name}: ${found}, and orders say ${balance}`);
    }
  }
  return wrong;
}

function balanceIn(account: Json): string {
  const { assets } = account as {
    readonly assets: readonly { readonly asset: string; readonly balance: string }[];
  };
  return assets.find(({ asset }) => asset === 'UM')?.balance ?? '0';
}

async function readDatabase(
  database: PostgresCluster,
): Promise<Pick<OrderRunResult, 'stored' | 'overspent'>> {
  const rows = await database.query<{ readonly fate: string; readonly count: number }>(
    `SELECT concat_ws('/', o.status::text, b.status::text, b.ending::text) AS fate, count(*)::integer AS count
     FROM sidereal_orders.orders o LEFT JOIN sidereal_orders.batches b ON b.batch_id = o.batch_id GROUP BY 1`,
  );
  const [over] = await database.query<{ readonly count: number }>(
    'SELECT count(*)::integer AS count FROM sidereal_orders.batches WHERE attempts > attempts_max',
  );
  return {
    stored: Object.fromEntries(rows.map(({ fate, count }) => [fate, count])),
    overspent: over?.count ?? -1,
  };
}

/** Of the highest block that paid one of them. */
function lastHeightOf(answers: readonly OrderAnswer[]): number {
  return answers.reduce((highest, { receipt }) => Math.max(highest, receipt?.height ?? 0), 0);
}

/** Of final blocks up to a height, each once: what the chain itself did, whatever databases and nodes believe. */
async function countOnChain(network: ProcessNetwork, last: number): Promise<OrderRunResult['onChain']> {
  const heights = Array.from({ length: last }, (_, index) => index + 1);
  const nodes = network.network.description.nodes.keys();
  const roots = [...nodes].map((node) => network.rootsOf(node));
  await waitUntil(() => heights.every((height) => roots.some((told) => told.has(height))), LIMIT_MS);
  const counted = new Set<number>();
  const counts = { completed: 0, requests: 0, failed: 0 };
  for (const { event } of network.events) {
    if (event.type !== 'block_finalized' || counted.has(event.height)) continue;
    counted.add(event.height);
    for (const fact of event.atomicFacts) {
      if (fact.type === 'atomic_batch_failed') counts.failed += 1;
      if (fact.type !== 'atomic_batch_completed') continue;
      counts.completed += 1;
      counts.requests += fact.requestCount;
    }
  }
  return counts;
}
