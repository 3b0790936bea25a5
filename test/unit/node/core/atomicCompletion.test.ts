import { describe, expect, it } from 'vitest';
import {
  type AtomicCompletion,
  atomicCompletionSigningBytes,
  decodeAtomicCompletion,
  encodeAtomicCompletion,
  isAtomicCompletion,
  type UnsignedAtomicCompletion,
} from '../../../../node/core/atomicCompletion.ts';
import { completionKey } from '../../../../node/core/store.ts';
import type { Output } from '../../../../node/core/types.ts';
import { CoreNetwork, type CoreNetworkOptions, scenarioOf } from '../../../helpers/coreNetwork.ts';
import { hashOf, Signatory, withWrongSignature } from '../../../helpers/signatory.ts';

const scenario = scenarioOf(`
name: atomic completion
duration: 60s
timeline:
  - at: { block: 3 }
    atomic_batch: { id: first, requests: [{ id: one, from: alice, to: bob, asset: UM, amount: 300 }] }
  - at: { block: 3 }
    atomic_batch: { id: second, requests: [{ id: one, from: carol, to: bob, asset: UM, amount: 5 }] }
`);
/** Leads view 3, and so block 3. */
const LEADER = 2;
const rowKey = completionKey(3);

function runNetwork(options: CoreNetworkOptions = {}): CoreNetwork {
  const network = new CoreNetwork(scenario, options);
  network.run(20_000);
  return network;
}

const hasRow = (output: Output): boolean =>
  output.type === 'persist' && output.writes.some(({ key, value }) => key === rowKey && value !== undefined);
const isPublished = (output: Output): boolean =>
  output.type === 'publish' && output.topic === 'settlements' && isAtomicCompletion(output.bytes);
const publishedBy = (network: CoreNetwork) =>
  network.sent.filter(({ topic, bytes }) => topic === 'settlements' && isAtomicCompletion(bytes));

function decoded(bytes: Uint8Array | undefined): AtomicCompletion {
  const completion = decodeAtomicCompletion(bytes ?? new Uint8Array());
  if (!completion.ok) throw new Error(completion.message);
  return completion.value;
}

describe('completion of atomic batches', () => {
  it('is told by the leader alone, once, after all that the batches did is on its disk in one synced write', () => {
    const network = runNetwork();
    expect(publishedBy(network).map(({ from }) => from)).toEqual([LEADER]);
    const outputs = network.outputs.filter(({ node }) => node === LEADER).map(({ output }) => output);
    const [write] = outputs.filter(hasRow);
    if (write?.type !== 'persist') throw new Error('no row');
    expect(write.sync).toBe(true);
    const keys = write.writes.map(({ key }) => key);
    // Batch records, a receipt, and accounts.
    expect(keys.filter((key) => key.startsWith('state/32/'))).toHaveLength(2);
    expect(keys.filter((key) => key.startsWith('state/33/'))).toHaveLength(1);
    expect(outputs.findIndex(isPublished)).toBeGreaterThan(outputs.indexOf(write));
    const { batches, height, leader } = decoded(publishedBy(network)[0]?.bytes);
    expect({ height, leader }).toEqual({ height: 3, leader: LEADER });
    expect(batches.map(({ isCompleted }) => isCompleted).sort()).toEqual([false, true]);
    for (const node of [0, 1, 2, 3])
      expect(network.rowsOf(node).filter(({ key }) => key === rowKey)).toEqual([]);
  });

  it.each([
    ['between the write and the message', hasRow],
    ['right behind the message', isPublished],
  ])('is told after a restart when the node died %s', (_, strikes) => {
    const struck: number[] = [];
    const network: CoreNetwork = new CoreNetwork(scenario, {
      onOutput: (node, output) => {
        if (node !== LEADER || struck.length > 0 || !strikes(output)) return;
        struck.push(network.nowMs);
        network.stop(LEADER);
      },
    });
    network.run(10_000);
    expect(struck).toHaveLength(1);
    const before = publishedBy(network).length;
    expect(network.rowsOf(LEADER).map(({ key }) => key)).toContain(rowKey);
    network.start(LEADER);
    network.run(30_000);
    const messages = publishedBy(network);
    expect(messages).toHaveLength(before + 1);
    expect(messages.at(-1)?.from).toBe(LEADER);
    // Byte for byte what was written: whoever has heard it hears nothing new.
    for (const { bytes } of messages) expect(bytes).toEqual(messages[0]?.bytes);
    expect(network.rowsOf(LEADER).map(({ key }) => key)).not.toContain(rowKey);
    const told = network.outputs.filter(
      ({ node, output }) => node === 0 && output.type === 'verdict' && output.verdict === 'reject',
    );
    expect(told).toEqual([]);
  });

  it('is believed where the own chain says the same, again and again, and changes nothing there', () => {
    const network = runNetwork();
    const [message] = publishedBy(network);
    if (message === undefined) throw new Error('no message');
    for (const _ of [1, 2]) {
      const outputs = tell(network, message.bytes);
      expect(outputs).toMatchObject([{ type: 'verdict', verdict: 'accept' }]);
    }
  });

  it('gets whoever lies into trouble', () => {
    const network = runNetwork();
    const keys = new Signatory(network.parts, network.crypto);
    const completion = decoded(publishedBy(network)[0]?.bytes);
    const sign = (changes: Partial<UnsignedAtomicCompletion>, signer = LEADER): Uint8Array => {
      const unsigned = { ...completion, ...changes };
      const message = atomicCompletionSigningBytes(network.genesis.chainId, unsigned);
      return encodeAtomicCompletion({ ...unsigned, signature: keys.signer(signer).sign(message) });
    };
    const { batches } = completion;
    const turned = batches.map(({ batchId, isCompleted }) => ({ batchId, isCompleted: !isCompleted }));
    const cases = [
      ['reject', 'COMPLETION_SIGNATURE_INVALID', withWrongSignature(sign({}))],
      ['reject', 'COMPLETION_SIGNATURE_INVALID', sign({}, 1)],
      ['reject', 'COMPLETION_PROPOSER_UNKNOWN', sign({ leader: 99 })],
      ['reject', 'COMPLETION_CONTRADICTS_CHAIN', sign({ leader: 1 }, 1)],
      ['reject', 'COMPLETION_CONTRADICTS_CHAIN', sign({ blockHash: hashOf('ab') })],
      ['reject', 'COMPLETION_CONTRADICTS_CHAIN', sign({ batches: turned })],
      ['reject', 'COMPLETION_CONTRADICTS_CHAIN', sign({ batches: batches.slice(1) })],
      ['reject', 'ENCODING_INVALID', sign({ batches: [] })],
      ['reject', 'ENCODING_INVALID', sign({ batches: [...batches].reverse() })],
      ['ignore', 'COMPLETION_UNKNOWN', sign({ height: 1000 })],
    ] as const;
    for (const [verdict, code, bytes] of cases) {
      expect(tell(network, bytes)).toMatchObject([{ type: 'verdict', verdict, code }]);
    }
  });

  it('stops a node whose row of it is damaged', () => {
    const network = runNetwork();
    network.nodes[LEADER]?.rows.set(rowKey, Uint8Array.of(1));
    network.stop(LEADER);
    expect(() => network.start(LEADER)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
  });
});

function tell(network: CoreNetwork, bytes: Uint8Array): readonly Output[] {
  const { nowMs } = network;
  return network.deliver(0, { type: 'message', nowMs, topic: 'settlements', from: LEADER, bytes });
}
