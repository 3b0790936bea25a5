/** What a node does with signed inputs, from the door to the finalised state. */
import { describe, expect, it } from 'vitest';
import { transactionKey } from '../../../../node/core/store.ts';
import type { Output } from '../../../../node/core/types.ts';
import { CoreNetwork, scenarioOf } from '../../../helpers/coreNetwork.ts';
import { Signatory } from '../../../helpers/signatory.ts';
import { signedInput, type TestInput } from '../../../helpers/signedInputs.ts';

// Block 9 lies behind what these tests look at: alice is funded, mallory has nothing.
const text = `
name: inputs
duration: 30s
timeline:
  - { at: { block: 9 }, account: alice, borrow: { asset: UM, amount: 1000 } }
  - { at: { block: 9 }, account: alice, transfer: { to: mallory, asset: UM, amount: 1 } }
`;
const hasty = `${text}
config: { batcher: { freshness_past_ms: 3000, execution_span_ms: 4000, freshness_future_ms: 1000 } }
`;

function networkOf(scenario = text) {
  const network = new CoreNetwork(scenarioOf(scenario), {
    scriptedTransactions: false,
    node: { archive: { outcomesMax: 100, batchesMax: 100 } },
  });
  const keys = new Signatory(network.parts, network.crypto);
  const input = (label: string, wish = 'borrow|UM|10', signedAtMs = 0) =>
    signedInput(network.genesis, keys.account(label), wish, signedAtMs);
  return { network, input };
}

function submit(network: CoreNetwork, { bytes }: TestInput, node = 0): readonly Output[] {
  return network.deliver(node, { type: 'transactionSubmitted', nowMs: network.nowMs, bytes, gossip: true });
}

function gossip(network: CoreNetwork, { bytes }: TestInput, to: number): readonly Output[] {
  const { nowMs } = network;
  return network.deliver(to, { type: 'message', nowMs, topic: 'transactions', from: 0, bytes });
}

function readerOf(network: CoreNetwork, node = 0) {
  const reader = network.nodes[node]?.core.reader();
  if (reader === undefined) throw new RangeError(`no node ${node}`);
  return reader;
}

function rowsOf(network: CoreNetwork, node = 0): string[] {
  const keys = network.rowsOf(node).map(({ key }) => key);
  return keys.filter((key) => key.startsWith('transaction/'));
}

/** Executed transactions as each node reports them. */
function executedAt(network: CoreNetwork, node: number) {
  return network.outputs.flatMap(({ node: from, output }) =>
    from === node && output.type === 'emit' && output.event.type === 'block_finalized'
      ? output.event.transactions.map(({ transactionId, result }) => [transactionId, result])
      : [],
  );
}

describe('a signed input at a node', () => {
  it('is written down before it is answered, goes to the peers, and is executed once though every node got it', () => {
    const { network, input } = networkOf();
    const borrowing = input('alice');
    expect(submit(network, borrowing)).toMatchObject([
      {
        type: 'persist',
        writes: [{ key: transactionKey(borrowing.id), value: borrowing.bytes }],
        sync: true,
      },
      { type: 'verdict', verdict: 'accept' },
      { type: 'publish', topic: 'transactions', bytes: borrowing.bytes },
    ]);
    for (const node of [1, 2, 3]) submit(network, borrowing, node);
    const duplicate = { type: 'verdict', verdict: 'ignore', code: 'MEMPOOL_DUPLICATE' };
    expect(submit(network, borrowing)).toMatchObject([duplicate]);
    network.run(12_000);
    for (const node of [0, 1, 2, 3]) {
      expect(executedAt(network, node)).toEqual([[borrowing.id, 'ok']]);
      expect(rowsOf(network, node)).toEqual([]);
      expect(network.nodes[node]?.core.status().mempoolCount).toBe(0);
    }
  });

  it('is followed to its end, and known by its request from the finalised state', () => {
    const { network, input } = networkOf();
    const borrowing = input('alice');
    const reader = readerOf(network);
    submit(network, borrowing);
    const seen = new Set<string>();
    while (network.nowMs < 8_000) {
      network.run(network.nowMs + 10);
      seen.add(reader.transaction(borrowing.id)?.status ?? 'unknown');
      const isFinal = reader.transaction(borrowing.id)?.status === 'ended';
      expect(reader.inputOutcome(borrowing.requestId) !== undefined).toBe(isFinal);
    }
    expect([...seen]).toEqual(['pending', 'included', 'ended']);
    const outcome = reader.inputOutcome(borrowing.requestId);
    expect(outcome).toMatchObject({ transactionId: borrowing.id, result: 'ok' });
    expect(reader.transaction(borrowing.id)).toMatchObject({
      outcome: { result: 'ok', isIncluded: true, height: outcome?.height },
    });
  });

  it('leaves its account’s nonces alone, and ends with the ledger’s code where it cannot be paid for', () => {
    const { network, input } = networkOf();
    const keys = new Signatory(network.parts, network.crypto);
    const poor = input('mallory', 'deposit|UM|500');
    submit(network, poor);
    submit(network, input('alice'));
    const { nowMs } = network;
    const plain = keys.transaction(keys.account('alice'), { type: 'borrow', asset: 'UM', amount: 5n });
    network.deliver(0, { type: 'transactionSubmitted', nowMs, bytes: plain, gossip: true });
    network.run(10_000);
    expect(executedAt(network, 2).map(([, result]) => result)).toEqual([
      'LEDGER_INSUFFICIENT_BALANCE',
      'ok',
      'ok',
    ]);
    const reader = readerOf(network, 3);
    expect(reader.inputOutcome(poor.requestId)?.result).toBe('LEDGER_INSUFFICIENT_BALANCE');
    expect(reader.nextNonce(keys.account('alice').address)).toBe(1);
  });

  it('is ignored, and never held against whoever brings it, once it was executed', () => {
    const { network, input } = networkOf();
    const borrowing = input('alice');
    submit(network, borrowing);
    network.run(10_000);
    const known = { type: 'verdict', verdict: 'ignore', code: 'INPUT_ALREADY_EXECUTED' };
    expect(gossip(network, borrowing, 2)).toMatchObject([known]);
    expect(submit(network, borrowing, 1)).toMatchObject([known]);
    expect(rowsOf(network, 1)).toEqual([]);
    network.run(20_000);
    expect(executedAt(network, 1)).toHaveLength(1);
  });

  it('is ignored when no block may hold it any more, or only one that lies far ahead', () => {
    const { network, input } = networkOf(hasty);
    network.run(8_000);
    const late = input('alice', 'borrow|UM|1', 1_000);
    const early = input('alice', 'borrow|UM|2', network.nowMs + 1_001);
    const near = input('alice', 'borrow|UM|3', network.nowMs + 1_000);
    expect(gossip(network, late, 1)).toMatchObject([{ verdict: 'ignore', code: 'INPUT_EXPIRED' }]);
    expect(gossip(network, early, 1)).toMatchObject([{ verdict: 'ignore', code: 'INPUT_TOO_EARLY' }]);
    expect(gossip(network, near, 1)).toMatchObject([{ verdict: 'accept' }]);
  });

  it('is rejected when its account did not sign it', () => {
    const { network, input } = networkOf();
    const { bytes } = input('alice');
    const forged = bytes.slice();
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    const { nowMs } = network;
    const judged = network.deliver(1, {
      type: 'message',
      nowMs,
      topic: 'transactions',
      from: 0,
      bytes: forged,
    });
    expect(judged).toMatchObject([{ verdict: 'reject', code: 'TRANSACTION_SIGNATURE_INVALID' }]);
  });

  it('ends as expired, and its row goes, when the chain stood still for longer than it is good for', () => {
    const { network, input } = networkOf(hasty);
    network.run(2_000);
    for (const node of [2, 3]) network.stop(node);
    const stuck = input('alice', 'borrow|UM|1', network.nowMs);
    expect(submit(network, stuck)).toContainEqual(expect.objectContaining({ verdict: 'accept' }));
    network.run(12_000);
    expect(rowsOf(network)).toHaveLength(1);
    for (const node of [2, 3]) network.start(node);
    network.run(40_000);
    expect(readerOf(network).transaction(stuck.id)).toMatchObject({
      status: 'ended',
      outcome: { result: 'INPUT_EXPIRED', isIncluded: false },
    });
    expect(readerOf(network).inputOutcome(stuck.requestId)).toBeUndefined();
    expect(rowsOf(network)).toEqual([]);
  });

  it('comes back after a crash, and is executed although no peer had heard of it', () => {
    const { network, input } = networkOf();
    const lonely = input('alice');
    network.isCutOff = (node) => node === 0;
    submit(network, lonely);
    network.stop(0);
    network.start(0);
    expect(network.nodes[0]?.core.status().mempoolCount).toBe(1);
    network.isCutOff = () => false;
    network.run(14_000);
    for (const node of [0, 1, 2, 3]) expect(executedAt(network, node)).toEqual([[lonely.id, 'ok']]);
    expect(rowsOf(network)).toEqual([]);
  });

  it('leaves no row when it was executed while its node was down', () => {
    const { network, input } = networkOf();
    const borrowing = input('alice');
    submit(network, borrowing);
    network.run(-1_900);
    network.stop(0);
    network.run(9_000);
    expect(executedAt(network, 1)).toHaveLength(1);
    network.start(0);
    network.run(20_000);
    expect(rowsOf(network)).toEqual([]);
    expect(readerOf(network).inputOutcome(borrowing.requestId)?.result).toBe('ok');
    expect(executedAt(network, 0)).toHaveLength(1);
  });
});
