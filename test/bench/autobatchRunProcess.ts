/** The process behind autobatchRun.ts: a devnet, its load, and what is seen of it. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { batchOfCommand } from '../../node/autobatch/ledger/commandBatch.ts';
import type { SignedOrder } from '../../node/autobatch/store/order.ts';
import { getJson } from '../../node/devnet/apiClient.ts';
import { inputBatchGas } from '../../settlement/execution/gas.ts';
import { type OrderAnswer, OrderClient, type TestOrder } from '../helpers/orderClients.ts';
import { percentilesOf, steadyOf } from './autobatchFigures.ts';
import { type Cargo, fundingOfLoad, makeCargo, type Sent, sendCargo } from './autobatchLoad.ts';
import { BenchNetwork, type CpuTimes } from './autobatchNetwork.ts';
import type { RunFailure, RunOrder, RunReport } from './autobatchRun.ts';
import { ConfirmationWatch } from './autobatchWatch.ts';

/** Blocks before anything is sent: all nodes have led one. */
const BLOCKS_BEFORE = 4;
const LOOK_MS = 20;
/** Questions under way at once, when everything is over. */
const QUESTIONS = 16;

const [order] = (await once(process, 'message')) as [RunOrder];
try {
  process.send?.(await measure(order));
} catch (cause) {
  const error = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  process.send?.({ error } satisfies RunFailure);
}
process.disconnect();

async function measure(order: RunOrder): Promise<RunReport> {
  const { kind, limitMs } = order;
  const network = await BenchNetwork.start(fundingOfLoad(order));
  let watch: ConfirmationWatch | undefined;
  try {
    const cargo = makeCargo(kind, network.genesis.chainId, order);
    const sizes = gasBySize(cargo.orders);
    watch = new ConfirmationWatch(kind, network.nodes, (size) => sizes(size));
    const seen = watch;
    const nodes =
      kind === 'engine' && order.database === 'in-memory' ? network.nodes.slice(0, 1) : network.nodes;
    const client = new OrderClient({ apis: nodes.map(({ api }) => api) });
    while (seen.height < BLOCKS_BEFORE) await sleep(LOOK_MS);
    const before = network.cpuTimes();
    const startMs = performance.now();
    const endMs = startMs + limitMs;
    const ended = (): number => seen.confirmed + seen.failed;
    const sent = await sendCargo(client, kind, cargo.parcels, { endMs, ended });
    const taken = sent.answeredAtMs.filter((atMs) => atMs !== undefined).length;
    while (ended() < taken && performance.now() < endMs) await sleep(LOOK_MS);
    const after = network.cpuTimes();
    await seen.stop();
    if (seen.problem !== undefined) throw new Error(seen.problem);
    const submissions =
      kind === 'engine'
        ? Number((await getJson(nodes[0]?.api ?? '', '/auto-batch-stats')).submissions)
        : taken;
    const batchIds = await confirmOutcomes(client, kind, cargo, sent, seen);
    const { gasMax } = network.genesis.atomic;
    return reportOf({
      order,
      sent,
      taken,
      seen,
      batchIds,
      submissions,
      gasMax,
      before,
      after,
      startMs,
    });
  } finally {
    await watch?.stop();
    await network.stop();
  }
}

interface Seen {
  readonly order: RunOrder;
  readonly sent: Sent;
  readonly taken: number;
  readonly seen: ConfirmationWatch;
  /** By place; what a confirmation is told of. */
  readonly batchIds: readonly (Hash | undefined)[];
  readonly submissions: number;
  readonly gasMax: number;
  readonly before: CpuTimes;
  readonly after: CpuTimes;
  readonly startMs: number;
}

function reportOf(run: Seen): RunReport {
  const { order, sent, taken, seen, batchIds, submissions, gasMax, before, after, startMs } = run;
  const { confirmed, failed, blocks } = seen;
  const steady = steadyOf(blocks);
  const confirmedMs: number[] = [];
  for (const [index, id] of batchIds.entries()) {
    const [atMs, sentMs] = [seen.confirmedAtMs.get(id ?? ''), sent.sentAtMs[index]];
    if (atMs !== undefined && sentMs !== undefined) confirmedMs.push(atMs - sentMs);
  }
  const answerMs = sent.answeredAtMs.map((atMs, index) => atMs - (sent.sentAtMs[index] ?? atMs));
  const isCut = confirmed + failed < order.orders;
  const totalMs = isCut ? order.limitMs : seen.lastConfirmedMs - startMs;
  const spent = (of: 'nodes' | 'chain'): number | null => {
    const [from, to] = [before[of], after[of]];
    return from === null || to === null ? null : to - from;
  };
  return {
    taken,
    confirmed,
    failed,
    isCut,
    postMs: sent.answeredAtMs.reduce((most, atMs) => Math.max(most, atMs), 0) - startMs,
    totalMs,
    perSecond: (1000 * confirmed) / totalMs,
    steadyPerSecond: steady?.perSecond ?? null,
    blocks: {
      count: blocks.filter(({ orders }) => orders > 0).length,
      distanceMs: steady?.distanceMs ?? null,
      ordersMax: Math.max(0, ...blocks.map(({ orders }) => orders)),
      ordersMean: steady?.ordersMean ?? null,
    },
    nullifiedViews: seen.nullified,
    gasShare: steady === null || order.kind === 'transfers' ? null : steady.gasMean / gasMax,
    submissions,
    answerMs: percentilesOf(answerMs),
    confirmedMs: percentilesOf(confirmedMs),
    cpuS: { nodes: spent('nodes'), chain: spent('chain'), client: after.client - before.client },
    busyShare: (after.busyMs - before.busyMs) / (after.allMs - before.allMs),
  };
}

/**
 * Asks the nodes for every order that was taken: what is measured counts only if they say the same.
 * @returns By place: the batch of the engine, or the transaction.
 */
async function confirmOutcomes(
  client: OrderClient,
  kind: RunOrder['kind'],
  { orders }: Cargo,
  { answeredAtMs, transactionIds }: Sent,
  seen: ConfirmationWatch,
): Promise<readonly (Hash | undefined)[]> {
  if (kind === 'transfers') return transactionIds;
  const ids: (Hash | undefined)[] = [];
  let confirmed = 0;
  let next = 0;
  const ask = async (): Promise<void> => {
    for (let index = next; index < orders.length; index = next) {
      next += 1;
      const id = orders[index]?.id;
      if (id === undefined || answeredAtMs[index] === undefined) continue;
      const { status, body } = await client.ask<OrderAnswer>(index, `/orders/${id}`);
      if (status !== 200) throw new Error(`order ${id} was answered with ${status} ${JSON.stringify(body)}`);
      if (body.outcome === 'confirmed') confirmed += 1;
      ids[index] = kind === 'engine' ? body.batch?.id : (transactionIds[index] ?? body.transaction_id);
    }
  };
  await Promise.all(Array.from({ length: QUESTIONS }, ask));
  // More may have been confirmed since.
  if (confirmed < seen.confirmed)
    throw new Error(`${seen.confirmed} orders were told as confirmed, and ${confirmed} are`);
  return ids;
}

/** Gas of a batch of so many orders of the load, which are all alike. */
function gasBySize(orders: readonly TestOrder[]): (size: number) => number {
  const known = new Map<number, number>();
  return (size) => {
    const gas = known.get(size) ?? gasOf(orders.slice(0, size));
    known.set(size, gas);
    return gas;
  };
}

function gasOf(orders: readonly TestOrder[]): number {
  const [first] = orders;
  if (first === undefined) return 0;
  const signed = orders.map(({ id, body }): SignedOrder => {
    const signature = Buffer.from(body.signature.slice(2), 'hex');
    return { ...body, orderId: id, amount: BigInt(body.amount), signature };
  });
  // Its last height takes two digits, as most do here.
  const batch = batchOfCommand({ commandId: first.id, orders: signed }, 50);
  return inputBatchGas({ type: 'atomic_batch', batch, signers: [] });
}
