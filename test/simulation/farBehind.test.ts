/** A node that hears nothing of its settlement chain while the others go on: what it keeps is bounded, and it comes back. */
import { describe, expect, it } from 'vitest';
import { UNCOMMITTED_BLOCKS_MAX } from '../../node/core/finality.ts';
import { CoreNetwork, scenarioOf } from '../helpers/coreNetwork.ts';

const BLIND = 3;

function viewRowsOf(network: CoreNetwork, node: number): number {
  const keys = [...(network.nodes[node]?.rows.keys() ?? [])];
  return keys.filter((key) => key.startsWith('view/') || key.startsWith('proposal/')).length;
}

function heightOf(network: CoreNetwork, node: number): number {
  return network.nodes[node]?.core.status().finalizedHeight ?? 0;
}

describe('a node without its settlement chain', () => {
  it('4 nodes, one of them blind for over two thousand blocks: its rows stop growing, and it catches up', () => {
    const scenario = scenarioOf(`
name: far behind
duration: 60s
config: { chain: { block_time_ms: 200 }, consensus: { delta_ms: 100 }, settlement_chain: { block_time_ms: 1000 } }
`);
    const network = new CoreNetwork(scenario, { settles: true, node: { historyBlocks: 8192, deltaMs: 100 } });
    network.isBlind = (node) => node === BLIND;
    let nowMs = 0;
    const runTo = (height: number): void => {
      while (heightOf(network, 0) < height) {
        nowMs += 10_000;
        network.run(nowMs);
        network.outputs.length = 0;
        network.sent.length = 0;
        for (const node of network.nodes) node.inputs.length = 0;
      }
    };
    runTo(UNCOMMITTED_BLOCKS_MAX + 300);
    const stuckAt = heightOf(network, BLIND);
    expect(stuckAt).toBeLessThan(50);
    const rows = viewRowsOf(network, BLIND);
    expect(rows).toBeGreaterThan(UNCOMMITTED_BLOCKS_MAX / 2);
    expect(rows).toBeLessThan(4 * UNCOMMITTED_BLOCKS_MAX);
    runTo(2 * UNCOMMITTED_BLOCKS_MAX + 300);
    expect(viewRowsOf(network, BLIND)).toBe(rows);
    network.isBlind = () => false;
    runTo(2 * UNCOMMITTED_BLOCKS_MAX + 600);
    expect(heightOf(network, BLIND)).toBeGreaterThan(heightOf(network, 0) - 5);
    expect(viewRowsOf(network, BLIND)).toBeLessThan(20);
    // It votes again: without node 0 there is no quorum but with it.
    network.stop(0);
    const before = heightOf(network, 1);
    network.run(nowMs + 20_000);
    expect(heightOf(network, 1)).toBeGreaterThan(before + 10);
  });
});
