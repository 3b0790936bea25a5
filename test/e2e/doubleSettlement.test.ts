import { afterEach, describe, expect, it } from 'vitest';

import { fastScenario, RuntimeNetwork } from '../helpers/runtimeNetwork.ts';
import { Signatory } from '../helpers/signatory.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

let network: RuntimeNetwork | undefined;

afterEach(async () => {
  await network?.close();
  network = undefined;
});

const all = [0, 1, 2, 3];
const GUILTY = 1;

describe('4 nodes of the real runtime, one of which signed two settlements of one attempt', () => {
  it('see both in the mempool of the settlement chain, after its restart too, and punish once', async () => {
    network = new RuntimeNetwork(fastScenario);
    const running = network;
    await running.startSettlementChain();
    const keys = new Signatory(running.parts, running.crypto);
    for (const liquidations of [0, 1]) await running.host.submit(keys.settlement(GUILTY, { liquidations }));
    // Nobody watched, and whatever it answered, what it has seen it does not forget.
    await running.stopSettlementChain();
    await running.startAll();
    await waitUntil(() => all.every((index) => running.slashed(index).includes(GUILTY)), 60_000);
    const height = Math.max(...all.map((index) => running.heightOf(index)));
    await waitUntil(() => all.every((index) => running.heightOf(index) >= height + 5), 60_000);
    for (const index of all) expect(running.slashed(index)).toEqual([GUILTY]);
    const seen = running.events.filter(({ event }) => event.type === 'equivocation_seen');
    expect(new Set(seen.map(({ node }) => node))).toEqual(new Set(all));
    expect(running.disagreements).toEqual([]);
    expect(running.failures).toEqual([]);
    for (const index of all) expect(running.node(index).network.counters.count('gossip_rejected')).toBe(0);
  });
});
