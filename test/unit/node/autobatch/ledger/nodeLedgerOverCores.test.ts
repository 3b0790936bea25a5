/** The ledger of the order engine over whole cores: what the chain says of a command, whoever else has a hand in it. */
import { describe, expect, it } from 'vitest';
import type { Command } from '../../../../../node/autobatch/engine/ledger.ts';
import { Carrier } from '../../../../../node/autobatch/ledger/carrier.ts';
import { batchOfCommand } from '../../../../../node/autobatch/ledger/commandBatch.ts';
import type { SignedOrder } from '../../../../../node/autobatch/store/order.ts';
import type { AtomicBatch } from '../../../../../settlement/atomic/types.ts';
import { booked, CoreLedger, payee } from '../../../../helpers/coreLedger.ts';
import { hashOf } from '../../../../helpers/signatory.ts';

const commandId = hashOf('c1');

async function fundedCores(): Promise<CoreLedger> {
  const cores = new CoreLedger();
  await cores.fund();
  return cores;
}

function commandOf(orders: readonly SignedOrder[], lastHeight: number, attempt = 1): Command {
  return { commandId, attempt, lastHeight, orders };
}

/** Bob sends a batch of his own making, before anybody else does. */
async function takeId(cores: CoreLedger, batch: AtomicBatch): Promise<void> {
  const reader = cores.reader(1);
  const final = { height: reader.status().finalizedHeight, timestampMs: reader.finalizedTimestampMs() };
  const bob = new Carrier(cores.genesis, cores.world.keys.account('bob').secretKey);
  expect(await cores.world.portOf(1).submit(bob.carry(batch, final))).toMatchObject({ verdict: 'accept' });
}

describe('NodeLedger over cores', () => {
  it('settles a command once, however often it is sent, and tells each node the same of it', async () => {
    const cores = await fundedCores();
    const orders = [cores.order('alice', 'a'), cores.order('alice', 'b', { amount: 300n })];
    const ordersOf = booked({ [commandId]: orders });
    const [ledger, other] = [cores.ledgerOf(0, ordersOf), cores.ledgerOf(2, ordersOf)];
    const lastHeight = await ledger.lastHeight();
    expect(await ledger.ask(commandId)).toEqual({
      type: 'unknown',
      finalHeight: cores.reader(0).status().finalizedHeight,
    });
    expect(await ledger.submit(commandOf(orders, lastHeight))).toEqual({ type: 'acknowledged' });
    // The same attempt above the same final block is the same transaction; another attempt has another last height.
    expect(await ledger.submit(commandOf(orders, lastHeight))).toEqual({ type: 'acknowledged' });
    expect(cores.carried[1]).toEqual(cores.carried[0]);
    expect(await other.submit(commandOf(orders, lastHeight - 1, 2))).toEqual({ type: 'acknowledged' });
    expect(await ledger.ask(commandId)).toEqual({ type: 'waiting' });
    expect(await other.ask(commandId)).toEqual({ type: 'waiting' });
    await cores.pass(10_000);
    for (const one of [ledger, other]) {
      expect(await one.ask(commandId)).toEqual({ type: 'confirmed' });
      for (const order of orders) expect(await one.isPaid(order)).toBe(true);
    }
    expect(await ledger.submit(commandOf(orders, await ledger.lastHeight(), 3))).toEqual({
      type: 'acknowledged',
    });
    await cores.pass(10_000);
    // Less the network fee, of which the least is 1.
    expect(cores.balance(payee)).toBe(9n + 299n);
    expect(cores.balance(cores.world.keys.account('alice').address)).toBe(1000n - 310n);
  });

  it('names the order that the money did not reach for, and pays none of them', async () => {
    const cores = await fundedCores();
    const orders = [
      cores.order('alice', 'a'),
      cores.order('alice', 'b', { amount: 995n }),
      cores.order('alice', 'c'),
    ];
    const ledger = cores.ledgerOf(0, booked({ [commandId]: orders }));
    await ledger.submit(commandOf(orders, await ledger.lastHeight()));
    await cores.pass(10_000);
    const failure = { type: 'failed', code: 'INSUFFICIENT_BALANCE', failedAt: 1, isFinal: true };
    expect(await ledger.ask(commandId)).toEqual(failure);
    for (const order of orders) expect(await ledger.isPaid(order)).toBe(false);
    expect(cores.balance(payee)).toBe(0n);
  });

  it('lets a batch that no block took in time leave no record, so that another attempt has its id', async () => {
    const cores = await fundedCores();
    const orders = [cores.order('alice', 'a')];
    const ledger = cores.ledgerOf(0, booked({ [commandId]: orders }));
    const lastHeight = await ledger.lastHeight();
    cores.world.network.isCutOff = (node) => node === 0;
    await ledger.submit(commandOf(orders, lastHeight));
    while (cores.reader(0).status().finalizedHeight < lastHeight - 1) await cores.pass(1000);
    cores.world.network.isCutOff = () => false;
    await cores.pass(30_000);
    const standing = await ledger.ask(commandId);
    expect(standing).toEqual({
      type: 'unknown',
      finalHeight: cores.reader(0).status().finalizedHeight,
    });
    expect(cores.reader(0).status().finalizedHeight).toBeGreaterThan(lastHeight);
    expect(await ledger.submit(commandOf(orders, lastHeight, 2))).toEqual({
      type: 'rejected',
      code: 'BATCH_TIMEOUT',
      failedAt: undefined,
      isFinal: false,
    });
    await ledger.submit(commandOf(orders, await ledger.lastHeight(), 3));
    await cores.pass(10_000);
    expect(await ledger.ask(commandId)).toEqual({ type: 'confirmed' });
    expect(cores.balance(payee)).toBe(9n);
  });

  it('does not take the payment of somebody else under the ids of command and order for its own', async () => {
    const cores = await fundedCores();
    const orders = [cores.order('alice', 'a')];
    const ledger = cores.ledgerOf(0, booked({ [commandId]: orders }));
    const lastHeight = await ledger.lastHeight();
    const batch = batchOfCommand({ commandId, orders }, lastHeight);
    const from = cores.world.keys.account('bob').address;
    await takeId(cores, {
      ...batch,
      requests: batch.requests.map((request) => ({ ...request, from, amount: 2n, proof: undefined })),
    });
    await cores.pass(10_000);
    expect(cores.reader(0).atomicBatch(commandId)).toMatchObject({
      status: 'ended',
      record: { failure: undefined, settlementIds: orders.map(({ orderId }) => orderId) },
    });
    const taken = { code: 'BATCH_ID_TAKEN', failedAt: undefined, isFinal: true };
    expect(await ledger.ask(commandId)).toEqual({ type: 'failed', ...taken });
    expect(await ledger.submit(commandOf(orders, lastHeight))).toEqual({ type: 'rejected', ...taken });
    for (const order of orders) expect(await ledger.isPaid(order)).toBe(false);
    // Nor does it where nothing is known of the orders any more.
    expect(await cores.ledgerOf(0, booked({})).ask(commandId)).toMatchObject({ type: 'failed' });
  });

  it('waits for no copy of its batch that can not be executed any more', async () => {
    const cores = await fundedCores();
    const orders = [cores.order('alice', 'a')];
    const ledger = cores.ledgerOf(0, booked({ [commandId]: orders }));
    const lastHeight = await ledger.lastHeight();
    const batch = batchOfCommand({ commandId, orders }, lastHeight);
    const body = { type: 'atomic_batch', batch, signers: [] } as const;
    // Its turn never comes, and nothing drops it.
    const copy = cores.world.keys.transaction(cores.world.keys.account('mallory'), body, { nonce: 5 });
    expect(await cores.world.portOf(0).submit(copy)).toMatchObject({ verdict: 'accept' });
    expect(await ledger.ask(commandId)).toEqual({ type: 'waiting' });
    await cores.pass(60_000);
    expect(cores.reader(0).atomicBatch(commandId)).toMatchObject({ status: 'pending' });
    expect(await ledger.ask(commandId)).toMatchObject({ type: 'unknown' });
  });

  it('blames no order for a batch in which somebody else spoilt its signature', async () => {
    const cores = await fundedCores();
    const orders = [cores.order('alice', 'a'), cores.order('alice', 'b')];
    const ledger = cores.ledgerOf(0, booked({ [commandId]: orders }));
    const spoilt = orders.map((order) => ({ ...order, signature: new Uint8Array(64).fill(1) }));
    await takeId(cores, batchOfCommand({ commandId, orders: spoilt }, await ledger.lastHeight()));
    const neighbour = cores.ledgerOf(1, booked({ [commandId]: orders }));
    expect(cores.reader(1).atomicBatch(commandId)).toMatchObject({ status: 'pending' });
    expect(await neighbour.ask(commandId)).toMatchObject({ type: 'unknown' });
    await cores.pass(10_000);
    expect(cores.reader(0).atomicBatch(commandId)).toMatchObject({
      record: { failure: { code: 'PROOF_VERIFICATION_FAILED', failedAt: 0 } },
    });
    const taken = { type: 'failed', code: 'BATCH_ID_TAKEN', failedAt: undefined, isFinal: true };
    expect(await ledger.ask(commandId)).toEqual(taken);
  });

  it('finds what it handed over again when the node comes back', async () => {
    const cores = await fundedCores();
    const orders = [cores.order('alice', 'a')];
    const ordersOf = booked({ [commandId]: orders });
    const ledger = cores.ledgerOf(0, ordersOf);
    cores.world.network.isCutOff = (node) => node === 0;
    await ledger.submit(commandOf(orders, await ledger.lastHeight()));
    cores.world.network.stop(0);
    cores.world.network.start(0);
    expect(await cores.ledgerOf(0, ordersOf).ask(commandId)).toEqual({ type: 'waiting' });
    cores.world.network.isCutOff = () => false;
    await cores.pass(20_000);
    expect(await cores.ledgerOf(0, ordersOf).ask(commandId)).toEqual({ type: 'confirmed' });
    expect(cores.balance(payee)).toBe(9n);
  });
});
