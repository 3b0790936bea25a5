import { describe, expect, it } from 'vitest';
import { transactionKey } from '../../../../node/core/store.ts';
import type { Output } from '../../../../node/core/types.ts';
import type { SettlementRequest } from '../../../../settlement/atomic/types.ts';
import { decodeTransaction } from '../../../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../../../settlement/execution/transactionBody.ts';
import { CoreNetwork, scenarioOf } from '../../../helpers/coreNetwork.ts';
import { hashOf, Signatory } from '../../../helpers/signatory.ts';

const scenario = scenarioOf(`
name: batch door
duration: 60s
timeline:
  - { at: { block: 30 }, account: alice, transfer: { to: carol, asset: UM, amount: 1000 } }
  - { at: { block: 30 }, account: bob, borrow: { asset: UM, amount: 1000 } }
`);

class Door {
  readonly network = new CoreNetwork(scenario, { scriptedTransactions: false });
  readonly #keys = new Signatory(this.network.parts, this.network.crypto);

  /** A batch of alice's that both sign, whoever of them sends it. */
  batch(
    options: { sender?: 'alice' | 'bob'; nonce?: number; amount?: bigint; expiresAtHeight?: number } = {},
  ): Uint8Array {
    const { sender = 'alice', nonce = 0, amount = 7n, expiresAtHeight = 12 } = options;
    const [alice, bob] = ['alice', 'bob'].map((label) => this.#keys.account(label));
    if (alice === undefined || bob === undefined) throw new Error('two accounts');
    const request: SettlementRequest = {
      settlementId: hashOf('d1'),
      from: alice.address,
      to: hashOf('11'),
      amount,
      asset: 'UM',
      kind: 'immediate',
      metadata: '',
    };
    const cosigners = [alice, bob].sort((a, b) => (a.address < b.address ? -1 : 1));
    const body: TransactionBody = {
      type: 'atomic_batch',
      batch: { batchId: hashOf('ba'), expiresAtHeight, requests: [request] },
      signers: cosigners.map(({ address }) => address),
    };
    return this.#keys.transaction(this.#keys.account(sender), body, { nonce }, cosigners);
  }

  submit(bytes: Uint8Array, node = 0): readonly Output[] {
    const { nowMs } = this.network;
    return this.network.deliver(node, { type: 'transactionSubmitted', nowMs, bytes, gossip: true });
  }

  /** Until the batch is in a final block of every node. */
  execute(): void {
    this.network.run(this.network.nowMs + 8000);
  }

  get rows(): readonly string[] {
    const keys = this.network.rowsOf(0).map(({ key }) => key);
    return keys.filter((key) => key.startsWith('transaction/'));
  }

  get standing() {
    return this.network.nodes[0]?.core.reader().atomicBatch(hashOf('ba'));
  }

  /** Results of all transactions in final blocks of node-0. */
  get results(): readonly string[] {
    return this.network.outputs.flatMap(({ node, output }) =>
      node === 0 && output.type === 'emit' && output.event.type === 'block_finalized'
        ? output.event.transactions.map(({ result }) => result)
        : [],
    );
  }
}

function idOf(bytes: Uint8Array): string {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) throw new Error(decoded.message);
  return decoded.value.id;
}

const verdictOf = (outputs: readonly Output[]) => outputs.find(({ type }) => type === 'verdict');

describe('a batch that is sent again', () => {
  it('is the same transaction for the same sender and nonce, to all nodes at once', () => {
    const door = new Door();
    for (const node of [0, 1, 2, 3]) {
      expect(verdictOf(door.submit(door.batch(), node))).toMatchObject({ verdict: 'accept' });
    }
    expect(door.standing).toMatchObject({ status: 'pending', carrier: { id: idOf(door.batch()) } });
    door.execute();
    expect(door.results).toEqual(['ok']);
    expect(door.standing).toMatchObject({ status: 'ended', record: { failure: undefined } });
    expect(verdictOf(door.submit(door.batch()))).toMatchObject({ code: 'BATCH_ALREADY_EXECUTED' });
    expect(door.rows).toEqual([]);
  });

  it('keeps the first copy, which came by another node, safe, and lets no second one in', () => {
    const door = new Door();
    const first = door.batch();
    door.submit(first, 1);
    door.network.run(door.network.nowMs + 100);
    const outputs = door.submit(door.batch({ sender: 'bob' }));
    expect(outputs).toMatchObject([
      { type: 'persist', writes: [{ key: transactionKey(idOf(first)) }], sync: true },
      { type: 'verdict', verdict: 'ignore', code: 'MEMPOOL_DUPLICATE' },
    ]);
    expect(door.rows).toEqual([transactionKey(idOf(first))]);
    door.execute();
    expect(door.results).toEqual(['ok']);
  });

  it('executes once when two senders sent it to two nodes at once', () => {
    const door = new Door();
    door.submit(door.batch(), 0);
    door.submit(door.batch({ sender: 'bob' }), 1);
    door.execute();
    expect([...door.results].sort()).toEqual(['BATCH_ALREADY_EXECUTED', 'ok']);
  });

  it('is still the first one after a restart', () => {
    const door = new Door();
    const first = door.batch();
    door.submit(first);
    door.network.stop(0);
    door.network.start(0);
    expect(verdictOf(door.submit(door.batch({ sender: 'bob' })))).toMatchObject({
      code: 'MEMPOOL_DUPLICATE',
    });
    expect(door.standing).toMatchObject({ status: 'pending', carrier: { id: idOf(first) } });
  });

  it('is known in a block that is not final yet, though it never waited here', () => {
    const door = new Door();
    const first = door.batch();
    for (const node of [1, 2, 3]) {
      const { nowMs } = door.network;
      door.network.deliver(node, { type: 'transactionSubmitted', nowMs, bytes: first, gossip: false });
    }
    for (let step = 0; step < 1000 && door.standing === undefined; step += 1) {
      door.network.run(door.network.nowMs + 10);
    }
    expect(door.standing).toMatchObject({ status: 'executing', carrier: { id: idOf(first) } });
    expect(verdictOf(door.submit(door.batch({ sender: 'bob' })))).toMatchObject({
      code: 'MEMPOOL_DUPLICATE',
    });
    expect(door.rows).toEqual([transactionKey(idOf(first))]);
    door.execute();
    expect(door.results).toEqual(['ok']);
    expect(door.rows).toEqual([]);
  });
});

describe('another batch under the same id', () => {
  it('is refused and leaves nothing behind, while the first one waits and after it ended', () => {
    const door = new Door();
    door.submit(door.batch());
    const other = door.batch({ sender: 'bob', amount: 8n });
    const { rows } = door;
    expect(door.submit(other)).toMatchObject([{ type: 'verdict', code: 'BATCH_ID_TAKEN' }]);
    expect(door.rows).toEqual(rows);
    door.execute();
    expect(door.submit(other)).toMatchObject([{ type: 'verdict', code: 'BATCH_ID_TAKEN' }]);
  });

  it('is not kept out by one that waits for a nonce that may never come', () => {
    const door = new Door();
    expect(verdictOf(door.submit(door.batch({ nonce: 5 })))).toMatchObject({ verdict: 'accept' });
    const mine = door.batch({ sender: 'bob', amount: 8n });
    expect(verdictOf(door.submit(mine))).toMatchObject({ verdict: 'accept' });
    expect(door.standing).toMatchObject({ carrier: { id: idOf(mine) } });
  });
});

describe('the last height of a batch', () => {
  it.each([
    ['BATCH_TIMEOUT', 0],
    ['BATCH_EXPIRY_TOO_FAR', 17],
  ])('is %s at the door where no block could hold it in time: %i', (code, expiresAtHeight) => {
    const door = new Door();
    expect(door.submit(door.batch({ expiresAtHeight }))).toMatchObject([{ type: 'verdict', code }]);
    expect(door.rows).toEqual([]);
  });

  it('may be as far ahead as the next block allows', () => {
    const door = new Door();
    expect(verdictOf(door.submit(door.batch({ expiresAtHeight: 16 })))).toMatchObject({ verdict: 'accept' });
    door.execute();
    expect(door.results).toEqual(['ok']);
  });
});
