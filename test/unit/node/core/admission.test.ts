import { describe, expect, it } from 'vitest';
import { transactionKey } from '../../../../node/core/store.ts';
import type { Output, Write } from '../../../../node/core/types.ts';
import { SimulatedDisk } from '../../../../node/simulation/machine/disk.ts';
import { decodeTransaction } from '../../../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../../../settlement/execution/transactionBody.ts';
import { CoreNetwork, scenarioOf } from '../../../helpers/coreNetwork.ts';
import { hashOf, Signatory, withWrongSignature } from '../../../helpers/signatory.ts';

// Block 9 lies behind what these tests look at: alice is funded and her nonce is free.
const scenario = scenarioOf(`
name: admission
duration: 30s
timeline:
  - { at: { block: 9 }, account: alice, borrow: { asset: UM, amount: 1000 } }
`);

const transfer = { type: 'transfer', to: hashOf('11'), asset: 'UM', amount: 1n } as const;

type Sign = (changes?: Parameters<Signatory['transaction']>[2], body?: TransactionBody) => Uint8Array;

function createNetwork(): { readonly network: CoreNetwork; readonly sign: Sign } {
  const network = new CoreNetwork(scenario, { scriptedTransactions: false });
  const keys = new Signatory(network.parts, network.crypto);
  return {
    network,
    sign: (changes = {}, body = transfer) => keys.transaction(keys.account('alice'), body, changes),
  };
}

function submit(network: CoreNetwork, bytes: Uint8Array, gossip = true): readonly Output[] {
  const { nowMs } = network;
  return network.deliver(0, { type: 'transactionSubmitted', nowMs, bytes, gossip });
}

function rowOf(network: CoreNetwork, node: number): string[] {
  return network
    .rowsOf(node)
    .map(({ key }) => key)
    .filter((key) => key.startsWith('transaction/'));
}

function idOf(bytes: Uint8Array): string {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) throw new Error(decoded.message);
  return decoded.value.id;
}

describe('Admission', () => {
  it('syncs the row of a user’s transaction before it answers, and answers before the peers know', () => {
    const { network, sign } = createNetwork();
    const bytes = sign();
    expect(submit(network, bytes)).toMatchObject([
      { type: 'persist', writes: [{ key: transactionKey(idOf(bytes)), value: bytes }], sync: true },
      { type: 'verdict', verdict: 'accept' },
      { type: 'publish', topic: 'transactions', bytes },
    ]);
  });

  it('writes nothing down for what comes from outside the network, or from a peer', () => {
    const { network, sign } = createNetwork();
    expect(submit(network, sign(), false)).toMatchObject([{ type: 'verdict', verdict: 'accept' }]);
    network.deliver(1, {
      type: 'message',
      nowMs: network.nowMs,
      topic: 'transactions',
      from: 0,
      bytes: sign(),
    });
    expect([rowOf(network, 0), rowOf(network, 1)]).toEqual([[], []]);
  });

  it.each([
    ['TRANSACTION_SIGNATURE_INVALID', (one: Sign) => withWrongSignature(one())],
    ['ENCODING_INVALID', () => Uint8Array.of(1, 2, 3)],
    ['LEDGER_NONCE_AHEAD', (one: Sign) => one({ nonce: 10_000 })],
  ])('writes nothing down for a refused one: %s', (code, make) => {
    const { network, sign } = createNetwork();
    expect(submit(network, make(sign))).toMatchObject([{ type: 'verdict', code }]);
    expect(rowOf(network, 0)).toEqual([]);
  });

  it('makes one that gossip brought first durable when its user comes, once', () => {
    const { network, sign } = createNetwork();
    const bytes = sign();
    submit(network, bytes, false);
    const duplicate = { type: 'verdict', verdict: 'ignore', code: 'MEMPOOL_DUPLICATE' };
    expect(submit(network, bytes)).toMatchObject([{ type: 'persist', sync: true }, duplicate]);
    expect(submit(network, bytes)).toMatchObject([duplicate]);
  });

  it('executes what was accepted although the node crashed before any peer heard of it', () => {
    const { network, sign } = createNetwork();
    network.isCutOff = (node) => node === 0;
    submit(network, sign());
    network.stop(0);
    network.start(0);
    expect(network.nodes[0]?.core.status().mempoolCount).toBe(1);
    network.isCutOff = () => false;
    network.run(12_000);
    const executed = network.outputs.flatMap(({ node, output }) =>
      output.type === 'emit' && output.event.type === 'block_finalized'
        ? output.event.transactions.map((receipt) => ({ node, ...receipt }))
        : [],
    );
    expect(executed.map(({ node }) => node).sort()).toEqual([0, 1, 2, 3]);
    expect(new Set(executed.map(({ transactionId }) => transactionId))).toEqual(new Set([idOf(sign())]));
    expect(rowOf(network, 0)).toEqual([]);
  });

  it('keeps what it accepted wherever in the outputs the machine loses its unsynced writes', () => {
    const { network, sign } = createNetwork();
    const bytes = sign();
    const outputs = submit(network, bytes);
    for (let count = 0; count <= outputs.length; count += 1) {
      const disk = new SimulatedDisk();
      for (const output of outputs.slice(0, count)) {
        if (output.type === 'persist') disk.apply(output.writes, output.sync);
      }
      disk.crash('unsynced');
      const wasTold = outputs.slice(0, count).some(({ type }) => type === 'verdict');
      const isThere = disk.rows().some(({ key }) => key === transactionKey(idOf(bytes)));
      expect(isThere || !wasTold).toBe(true);
    }
  });

  it.each([
    ['it is final', {}],
    ['another with its nonce is final', { rival: true }],
    ['its last height has passed', { nonce: 1, expiresAtHeight: 3 }],
  ])(
    'deletes the row in the block’s own write batch when %s',
    (_why, { rival = false, ...changes }: Wish) => {
      const { network, sign } = createNetwork();
      const bytes = sign(changes);
      if (rival) {
        network.isCutOff = (node) => node === 0;
        for (const node of [1, 2, 3]) {
          const other = sign({}, { ...transfer, amount: 2n });
          network.deliver(node, {
            type: 'transactionSubmitted',
            nowMs: network.nowMs,
            bytes: other,
            gossip: false,
          });
        }
      }
      submit(network, bytes);
      network.isCutOff = () => false;
      network.run(12_000);
      const deletions = network.outputs.flatMap(({ node, output }) =>
        node === 0 && output.type === 'persist' && output.writes.some((write) => isDeletion(write, bytes))
          ? [output]
          : [],
      );
      expect(deletions).toMatchObject([{ sync: true }]);
      expect(deletions[0]?.writes.some(({ key }) => key === 'head')).toBe(true);
    },
  );

  it('stops with STORE_CORRUPT on a row that it cannot have written', () => {
    const { network, sign } = createNetwork();
    submit(network, sign());
    network.run(1_000);
    const key = transactionKey(idOf(sign()));
    for (const value of [Uint8Array.of(9), withWrongSignature(sign()), sign({ nonce: 1 })]) {
      network.stop(0);
      network.nodes[0]?.rows.set(key, value);
      expect(() => network.start(0)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
    }
  });
});

interface Wish {
  readonly nonce?: number;
  readonly expiresAtHeight?: number;
  readonly rival?: boolean;
}

function isDeletion({ key, value }: Write, bytes: Uint8Array): boolean {
  return key === transactionKey(idOf(bytes)) && value === undefined;
}
