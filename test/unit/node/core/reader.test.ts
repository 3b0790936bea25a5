import { describe, expect, it } from 'vitest';
import type { ArchiveLimits } from '../../../../node/core/archive.ts';
import { decodeTransaction } from '../../../../settlement/execution/transaction.ts';
import { CoreNetwork, scenarioOf } from '../../../helpers/coreNetwork.ts';
import { hashOf, Signatory } from '../../../helpers/signatory.ts';

const scenario = scenarioOf(`
name: reader
duration: 90s
config: { settlement: { batch_size: 2 } }
timeline:
  - { at: { block: 1 }, account: alice, borrow: { asset: UM, amount: 1000 } }
  - { at: { block: 3 }, account: alice, borrow: { asset: UM, amount: 500 } }
  - { at: { block: 5 }, account: alice, borrow: { asset: UM, amount: 500 } }
  - { at: { block: 6 }, account: alice, repay: { asset: UM, amount: 2000 } }
`);

function networkOf(archive: ArchiveLimits | undefined = { outcomesMax: 100, batchesMax: 100 }): CoreNetwork {
  return new CoreNetwork(scenario, { settles: true, node: { archive } });
}

function readerOf(network: CoreNetwork, node = 0) {
  const reader = network.nodes[node]?.core.reader();
  if (reader === undefined) throw new RangeError(`no node ${node}`);
  return reader;
}

/** Ids of all transactions that node 0 has executed, in order. */
function executedIds(network: CoreNetwork): string[] {
  return network.outputs.flatMap(({ node, output }) =>
    node === 0 && output.type === 'emit' && output.event.type === 'block_finalized'
      ? output.event.transactions.map(({ transactionId }) => transactionId)
      : [],
  );
}

function archiveRows(network: CoreNetwork): string[] {
  return network
    .rowsOf(0)
    .map(({ key }) => key)
    .filter((key) => key.startsWith('archive/'));
}

describe('NodeReader', () => {
  it('follows a transaction from the pool into a block to its end', () => {
    const network = new CoreNetwork(scenario, {
      scriptedTransactions: false,
      node: { archive: { outcomesMax: 100, batchesMax: 100 } },
    });
    const keys = new Signatory(network.parts, network.crypto);
    const alice = keys.account('alice');
    const transfer = { type: 'transfer', to: hashOf('11'), asset: 'UM', amount: 10n ** 30n } as const;
    const bytes = keys.transaction(alice, transfer);
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) throw new Error(decoded.message);
    const { id } = decoded.value;
    const reader = readerOf(network);
    expect(reader.transaction(id)).toBeUndefined();
    network.deliver(0, { type: 'transactionSubmitted', nowMs: network.nowMs, bytes, gossip: true });
    expect(reader.nextNonce(alice.address)).toBe(1);
    const seen = new Set<string>();
    while (network.nowMs < 8_000) {
      network.run(network.nowMs + 10);
      seen.add(reader.transaction(id)?.status ?? 'unknown');
    }
    expect([...seen]).toEqual(['pending', 'included', 'ended']);
    const standing = reader.transaction(id);
    expect(standing).toMatchObject({
      outcome: { id, result: 'LEDGER_INSUFFICIENT_BALANCE', isIncluded: true },
    });
    expect(reader.nextNonce(alice.address)).toBe(1);
  });

  it('says why a user’s transaction will never be in a block', () => {
    const network = networkOf();
    const keys = new Signatory(network.parts, network.crypto);
    const late = keys.transaction(
      keys.account('alice'),
      { type: 'repay', asset: 'UM', amount: 1n },
      { nonce: 40, expiresAtHeight: 3 },
    );
    const decoded = decodeTransaction(late);
    if (!decoded.ok) throw new Error(decoded.message);
    network.deliver(0, { type: 'transactionSubmitted', nowMs: network.nowMs, bytes: late, gossip: true });
    network.run(10_000);
    expect(readerOf(network).transaction(decoded.value.id)).toMatchObject({
      status: 'ended',
      outcome: { result: 'TRANSACTION_EXPIRED', isIncluded: false, height: 3 },
    });
    expect(readerOf(network).outcomesAt(3)).toHaveLength(1);
  });

  it('shows a settlement before a header names it, and keeps the batch after', () => {
    const network = networkOf();
    const reader = readerOf(network);
    let unconfirmed = reader.unconfirmedSettlement(1);
    while (unconfirmed === undefined && network.nowMs < 30_000) {
      network.run(network.nowMs + 20);
      unconfirmed = reader.unconfirmedSettlement(1);
    }
    expect(reader.settledBatch(1)).toBeUndefined();
    expect(unconfirmed?.event).toMatchObject({ seq: 1, fromHeight: 1, toHeight: 2 });
    network.run(network.nowMs + 10_000);
    expect(reader.unconfirmedSettlement(1)).toBeUndefined();
    expect(reader.settledBatch(1)).toMatchObject({
      batch: { seq: 1, net: [{ asset: 'UM', amount: 1000n }] },
      sealedAtMs: 2000,
      settlementHeight: unconfirmed?.block.height,
      transactionHash: unconfirmed?.event.transactionHash,
    });
  });

  it('knows the same after a restart', () => {
    const network = networkOf();
    network.run(40_000);
    const ids = executedIds(network);
    expect(ids.length).toBeGreaterThan(3);
    const answers = () => ({
      transactions: ids.map((id) => readerOf(network).transaction(id)),
      batches: [1, 2, 3].map((seq) => readerOf(network).settledBatch(seq)),
    });
    const before = answers();
    expect(before.batches[0]).toBeDefined();
    network.stop(0);
    network.start(0);
    expect(answers()).toEqual(before);
  });

  it('forgets the oldest, on disk too, and never the newest block', () => {
    const network = networkOf({ outcomesMax: 1, batchesMax: 1 });
    network.run(40_000);
    const ids = executedIds(network);
    const kept = ids.filter((id) => readerOf(network).transaction(id) !== undefined);
    expect(kept).toEqual(ids.slice(-kept.length));
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(ids.length);
    expect(archiveRows(network)).toHaveLength(2);
  });

  it('keeps nothing where nobody asks, and executes the same chain', () => {
    const without = new CoreNetwork(scenario, { settles: true });
    const network = networkOf();
    for (const each of [without, network]) each.run(40_000);
    expect(archiveRows(without)).toEqual([]);
    expect(archiveRows(network).length).toBeGreaterThan(3);
    expect(readerOf(without).status().stateRoot).toBe(readerOf(network).status().stateRoot);
  });

  it('stops with STORE_CORRUPT on an archived row that does not decode', () => {
    const network = networkOf();
    network.run(40_000);
    const [key = ''] = archiveRows(network);
    network.stop(0);
    network.nodes[0]?.rows.set(key, Uint8Array.of(1));
    expect(() => network.start(0)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
  });
});
