import { afterEach, describe, expect, it } from 'vitest';

import {
  encodeSettlementTransaction,
  signSettlementTransaction,
} from '../../settlement/chain/transactionCodec.ts';
import { fastScenario, RuntimeNetwork } from '../helpers/runtimeNetwork.ts';
import { hashOf } from '../helpers/signatory.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

let network: RuntimeNetwork | undefined;

afterEach(async () => {
  await network?.close();
  network = undefined;
});

const all = [0, 1, 2, 3];
const GUILTY = 1;

/** A settlement that the guilty signs for an attempt far ahead, so that nothing honest is in its way. */
function settlementOf({ parts, crypto }: RuntimeNetwork, liquidations: number): Uint8Array {
  const { genesis, validators } = parts;
  const unsigned = {
    chainId: genesis.chainId,
    seq: 2,
    fromHeight: 6,
    toHeight: 10,
    net: [],
    fees: [],
    liquidations,
    actions: [],
    headers: [],
    certificate: {
      kind: 'finalize' as const,
      view: 1,
      blockHash: hashOf('aa'),
      signers: [GUILTY],
      signatures: [new Uint8Array(64)],
    },
    proposer: GUILTY,
    attempt: 9,
    feeCap: 1n,
    tip: 1n,
  };
  const signer = crypto.createSigner(validators[GUILTY]?.secretKey ?? new Uint8Array());
  return encodeSettlementTransaction(signSettlementTransaction(unsigned, signer));
}

describe('4 nodes of the real runtime, one of which signed two settlements of one attempt', () => {
  it('see both in the mempool of the settlement chain, after its restart too, and punish once', async () => {
    network = new RuntimeNetwork(fastScenario);
    const running = network;
    await running.startSettlementChain();
    for (const liquidations of [0, 1]) await running.host.submit(settlementOf(running, liquidations));
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
