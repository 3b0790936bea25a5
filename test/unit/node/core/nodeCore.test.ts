import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockKey } from '../../../../node/core/store.ts';
import type { Output, Topic } from '../../../../node/core/types.ts';
import { CoreNetwork, scenarioOf } from '../../../helpers/coreNetwork.ts';

const scenario = scenarioOf(`
name: core
duration: 30s
timeline:
  - { at: { block: 1 }, borrow: { asset: UM, amount: 1000 } }
  - { at: { block: 2 }, repay: { asset: UM, amount: 300 } }
  - { at: { block: 7 }, borrow: { asset: UM, amount: 50 } }
`);

const topics: readonly Topic[] = ['blocks', 'votes', 'transactions', 'evidence', 'settlements'];

function runNetwork(untilMs: number): CoreNetwork {
  const network = new CoreNetwork(scenario);
  network.run(untilMs);
  return network;
}

function verdictOf(outputs: readonly Output[]): Extract<Output, { readonly type: 'verdict' }> | undefined {
  return outputs.find((output) => output.type === 'verdict');
}

function statuses(network: CoreNetwork) {
  return network.nodes.map(({ core }) => core.status());
}

describe('NodeCore', () => {
  it('finalises the same blocks on every node, one a block time', () => {
    const network = runNetwork(19_999);
    for (const status of statuses(network)) {
      expect(status.finalizedHeight).toBe(10);
      expect(status.stateRoot).toBe(statuses(network)[0]?.stateRoot);
    }
  });

  it('gives the same outputs for the same inputs, byte for byte', () => {
    const network = runNetwork(12_000);
    for (const [index, { inputs }] of network.nodes.entries()) {
      const replica = network.createCore(index);
      const replayed = inputs.flatMap((input) => [...replica.handle(input)]);
      const first = network.outputs.filter(({ node }) => node === index).map(({ output }) => output);
      expect(replayed).toEqual(first);
    }
  });

  it('persists a vote, synced, before it is published', () => {
    const network = runNetwork(6_000);
    for (const [position, { node, output }] of network.outputs.entries()) {
      if (output.type !== 'publish' || (output.topic !== 'votes' && output.topic !== 'blocks')) continue;
      const before = network.outputs
        .slice(0, position)
        .filter((entry) => entry.node === node)
        .at(-1)?.output;
      expect(before).toMatchObject({ type: 'persist', sync: true });
    }
  });

  it('refuses malformed bytes of any topic with a code, never with an exception', () => {
    const network = runNetwork(9_000);
    const before = JSON.stringify(statuses(network));
    fc.assert(
      fc.property(fc.constantFrom(...topics), fc.uint8Array({ maxLength: 600 }), (topic, bytes) => {
        const outputs = network.deliver(0, { type: 'message', nowMs: network.nowMs, topic, from: 1, bytes });
        expect(verdictOf(outputs)?.verdict).toBe('reject');
        expect(verdictOf(outputs)?.code).toMatch(/^[A-Z][A-Z0-9_]+$/);
      }),
      { numRuns: 500 },
    );
    expect(JSON.stringify(statuses(network))).toBe(before);
  });

  it('survives damaged copies of real messages and goes on in step', () => {
    const network = runNetwork(9_000);
    const { sent } = network;
    expect(new Set(sent.map(({ topic }) => topic))).toContain('blocks');
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.nat({ max: 40 }),
        (pick, at, flip, cut) => {
          const message = sent[pick % sent.length];
          if (message === undefined) return;
          const bytes = message.bytes.slice(0, Math.max(1, message.bytes.length - cut));
          bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ flip;
          const { topic, from } = message;
          const outputs = network.deliver(2, { type: 'message', nowMs: network.nowMs, topic, from, bytes });
          expect(['reject', 'ignore', 'accept']).toContain(verdictOf(outputs)?.verdict);
        },
      ),
      { numRuns: 1000 },
    );
    network.run(16_999);
    const after = statuses(network);
    for (const status of after) expect(status.finalizedHeight).toBe(after[0]?.finalizedHeight);
    expect(after[0]?.finalizedHeight).toBeGreaterThanOrEqual(8);
  });

  it('answers malformed requests and responses with a verdict', () => {
    const network = runNetwork(5_000);
    const bytes = new Uint8Array([1, 2, 3]);
    const { nowMs } = network;
    const asked = network.deliver(0, {
      type: 'request',
      nowMs,
      requestId: 9,
      from: 1,
      protocol: 'sync',
      bytes,
    });
    expect(verdictOf(asked)).toMatchObject({ verdict: 'reject', code: 'ENCODING_INVALID' });
    const answered = network.deliver(0, { type: 'response', nowMs, requestId: 999, from: 1, bytes });
    expect(verdictOf(answered)).toMatchObject({ verdict: 'ignore', code: 'SYNC_UNASKED' });
  });

  it('restarts from its rows at the height it had, and catches up with the others', () => {
    const network = runNetwork(9_000);
    const before = network.nodes[3]?.core.status();
    network.stop(3);
    network.run(17_000);
    network.start(3);
    expect(network.nodes[3]?.core.status()).toMatchObject({
      finalizedHeight: before?.finalizedHeight,
      stateRoot: before?.stateRoot,
    });
    network.run(27_500);
    const after = statuses(network);
    expect(after[3]?.finalizedHeight).toBe(after[0]?.finalizedHeight);
    expect(after[3]?.stateRoot).toBe(after[0]?.stateRoot);
  });

  it('goes on after every node was stopped at once', () => {
    const network = runNetwork(8_060);
    for (const [index] of network.nodes.entries()) network.stop(index);
    network.run(10_000);
    for (const [index] of network.nodes.entries()) network.start(index);
    network.run(25_000);
    const after = statuses(network);
    expect(after[0]?.finalizedHeight).toBeGreaterThan(8);
    for (const status of after) expect(status.stateRoot).toBe(after[0]?.stateRoot);
  });

  it('casts no vote after losing its disk until the network is two views past all it may have voted in', () => {
    const network = runNetwork(9_000);
    network.stop(1);
    network.nodes[1]?.rows.clear();
    network.start(1);
    const viewAtStart = Math.max(...statuses(network).map(({ view }) => view));
    const from = network.outputs.length;
    network.run(30_000);
    const published = network.outputs
      .slice(from)
      .filter(({ node, output }) => node === 1 && output.type === 'publish' && output.topic === 'votes');
    expect(published.length).toBeGreaterThan(0);
    const firstVote = network.outputs.indexOf(published[0] as (typeof published)[number]);
    const finalizedBefore = network.outputs
      .slice(from, firstVote)
      .flatMap(({ node, output }) =>
        node === 1 && output.type === 'emit' && output.event.type === 'block_finalized'
          ? [output.event.view]
          : [],
      );
    expect(Math.max(...finalizedBefore)).toBeGreaterThanOrEqual(viewAtStart + 2);
    expect(statuses(network)[1]?.stateRoot).toBe(statuses(network)[0]?.stateRoot);
  });

  it('says once that it cannot catch up after longer than its peers keep blocks', () => {
    const network = new CoreNetwork(scenario, { node: { historyBlocks: 16 } });
    network.run(9_000);
    network.stop(2);
    network.run(80_000);
    network.start(2);
    network.run(100_000);
    const warnings = network.outputs.flatMap(({ node, output }) =>
      node === 2 && output.type === 'emit' && output.event.type === 'warning' ? [output.event.code] : [],
    );
    expect(warnings).toEqual(['SYNC_HISTORY_GONE']);
    expect(statuses(network)[2]?.finalizedHeight).toBeLessThan(10);
    expect(statuses(network)[0]?.finalizedHeight).toBeGreaterThan(35);
  });

  it('keeps its silence over a second restart', () => {
    const network = runNetwork(9_000);
    network.stop(1);
    network.nodes[1]?.rows.clear();
    network.start(1);
    const viewAtStart = Math.max(...statuses(network).map(({ view }) => view));
    network.run(9_500);
    // By now it has caught up, and its disk looks like that of any node.
    expect(network.rowsOf(1).map(({ key }) => key)).toContain('guard');
    network.stop(1);
    network.start(1);
    const from = network.outputs.length;
    network.run(30_000);
    const later = network.outputs.slice(from).filter(({ node }) => node === 1);
    const firstVote = later.findIndex(
      ({ output }) => output.type === 'publish' && (output.topic === 'votes' || output.topic === 'blocks'),
    );
    const finalized = later
      .slice(0, firstVote)
      .flatMap(({ output }) =>
        output.type === 'emit' && output.event.type === 'block_finalized' ? [output.event.view] : [],
      );
    expect(firstVote).toBeGreaterThan(0);
    expect(Math.max(...finalized)).toBeGreaterThanOrEqual(viewAtStart + 2);
    expect(network.rowsOf(1).map(({ key }) => key)).not.toContain('guard');
  });

  it('keeps its silence until the block that ends it is written, not just known to be final', () => {
    const network = runNetwork(9_000);
    network.stop(1);
    network.nodes[1]?.rows.clear();
    network.start(1);
    const viewAtStart = Math.max(...statuses(network).map(({ view }) => view));
    network.run(9_500);
    network.stop(1);
    // Meanwhile the others go far beyond: what ends the silence comes in one piece with much that does not.
    network.run(40_000);
    network.start(1);
    const from = network.outputs.length;
    network.run(45_000);
    const own = network.outputs.slice(from).filter(({ node }) => node === 1);
    const end = own.findIndex(
      ({ output }) =>
        output.type === 'persist' &&
        output.writes.some(({ key, value }) => key === 'guard' && value === undefined),
    );
    const finalized = own
      .slice(end)
      .flatMap(({ output }) =>
        output.type === 'emit' && output.event.type === 'block_finalized' ? [output.event.view] : [],
      );
    expect(end).toBeGreaterThan(0);
    expect(finalized[0]).toBeGreaterThanOrEqual(viewAtStart + 2);
  });

  it('refuses to start from rows that are not whole', () => {
    const network = runNetwork(9_000);
    const rows = network.rowsOf(0);
    const nowMs = network.nowMs;
    const without = (key: string) => rows.filter((row) => row.key !== key);
    const garbled = rows.map((row) =>
      row.key === blockKey(2) ? { key: row.key, value: row.value.slice(0, 20) } : row,
    );
    const { finalizedHeight } = network.nodes[0]?.core.status() ?? { finalizedHeight: 0 };
    for (const recovered of [without('head'), without(blockKey(finalizedHeight)), garbled]) {
      const core = network.createCore(0);
      expect(() => core.handle({ type: 'started', nowMs, recovered, peers: [1, 2, 3] })).toThrowError(
        expect.objectContaining({ code: 'STORE_CORRUPT' }),
      );
    }
  });

  it('keeps on disk only the configured history, and what proves an unsettled batch final', () => {
    const network = runNetwork(160_000);
    const height = network.nodes[0]?.core.status().finalizedHeight ?? 0;
    const kept = network.rowsOf(0).flatMap(({ key }) => (key.startsWith('block/') ? [key] : []));
    expect(height).toBeGreaterThan(75);
    const newest = Array.from({ length: 64 }, (_, index) => blockKey(height - 63 + index));
    // Two windows saw borrowing, and without settlement blocks neither batch ever settles.
    expect(kept).toEqual([blockKey(5), blockKey(10), ...newest]);
    network.stop(0);
    network.start(0);
    network.run(165_000);
    expect(network.rowsOf(0).map(({ key }) => key)).toContain(blockKey(5));
  });

  it('leaves no votes, certificates or proposals of finalised views on disk', () => {
    const network = runNetwork(41_900);
    const kinds = ['view/', 'proposal/'];
    const left = network.rowsOf(2).filter(({ key }) => kinds.some((kind) => key.startsWith(kind)));
    expect(left.length).toBeLessThanOrEqual(3);
  });
});
