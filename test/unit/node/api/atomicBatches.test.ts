import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../../consensus/primitives/bytes.ts';
import { evmAddressOf } from '../../../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../../../consensus/primitives/secp256k1.ts';
import { atomicBatchHash } from '../../../../settlement/atomic/codec.ts';
import { orderIdOf } from '../../../../settlement/atomic/order.ts';
import type { SettlementRequest } from '../../../../settlement/atomic/types.ts';
import {
  cosigningBytes,
  encodeTransaction,
  signTransactionAsEvmAccount,
  withCosignatures,
} from '../../../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../../../settlement/execution/transactionBody.ts';
import { ApiHarness, Description } from '../../../helpers/apiHarness.ts';
import { atomicBatchJson } from '../../../helpers/atomicBatchJson.ts';
import { hashOf } from '../../../helpers/signatory.ts';

const evmKey = fromHex(hashOf('07'));
const evmAccount = evmAddressOf(secp256k1.publicKeyOf(evmKey));

type Json = Readonly<Record<string, unknown>>;

describe('POST /atomic-batches', () => {
  let api: ApiHarness;
  let description: Description;
  let batchCount = 0;
  let batchId = '';

  beforeAll(async () => {
    api = await ApiHarness.start({
      extraAccounts: [
        { address: evmAccount, label: evmAccount, balances: { UM: 1000n }, deposits: {}, debts: {} },
      ],
    });
    api.network.run(30_000);
    description = await Description.of(api);
  });
  afterAll(() => api.stop());
  beforeEach(() => {
    batchCount += 1;
    batchId = `0x${batchCount.toString(16).padStart(64, 'b')}`;
  });

  const alice = () => api.keys.account('alice');
  const height = () => api.network.nodes[0]?.core.status().finalizedHeight ?? 0;
  const rows = () => api.network.rowsOf(0).map(({ key }) => key);
  const newestLeader = () => {
    for (const { output } of api.network.outputs.toReversed()) {
      if (output.type === 'emit' && output.event.type === 'block_finalized') return output.event.leader;
    }
    return undefined;
  };
  const pass = (ms: number) => api.network.run(api.network.nowMs + ms);

  /** One payment of alice's, of two where amounts say so. */
  function bodyOf(
    amounts: readonly bigint[] = [20n],
    changes: { from?: string; signers?: readonly string[] } = {},
  ): Extract<TransactionBody, { type: 'atomic_batch' }> {
    const { from = alice().address, signers = [] } = changes;
    const requests = amounts.map(
      (amount, index): SettlementRequest => ({
        settlementId: `0x${(batchCount * 16 + index).toString(16).padStart(64, 'd')}`,
        from,
        to: hashOf('11'),
        amount,
        asset: 'UM',
        kind: 'immediate',
        metadata: '',
      }),
    );
    return { type: 'atomic_batch', batch: { batchId, expiresAtHeight: height() + 10, requests }, signers };
  }

  /** The very batch of alice's with another sender, an EVM account. */
  function carriedByOther(body: Extract<TransactionBody, { type: 'atomic_batch' }>): Json {
    const { chainId } = api.network.genesis;
    const nonce = api.network.nodes[0]?.core.reader().nextNonce(evmAccount) ?? 0;
    const whole = { ...body, signers: [alice().address] };
    const unsigned = { chainId, from: evmAccount, nonce, expiresAtHeight: 0, onlyAtHeight: 0, body: whole };
    const cosignature = api.network.crypto
      .createSigner(alice().secretKey)
      .sign(cosigningBytes(chainId, whole));
    const signed = withCosignatures(signTransactionAsEvmAccount(unsigned, evmKey), [cosignature]);
    return atomicBatchJson(encodeTransaction(signed));
  }

  async function answerOf(response: Response, status: number): Promise<Json> {
    const answer = (await response.json()) as Json;
    expect({ status: response.status, answer }).toMatchObject({ status });
    const route = response.url.endsWith('/atomic-batches')
      ? 'POST /atomic-batches'
      : 'GET /atomic-batches/{id}';
    description.check(`${route} ${status}`, answer);
    return answer;
  }
  const send = async (body: object, status: number) =>
    answerOf(await api.post('/atomic-batches', body), status);
  const look = async (status = 200) => answerOf(await api.fetch(`/atomic-batches/${batchId}`), status);
  const jsonOf = (body: TransactionBody) => atomicBatchJson(api.signed(body));

  it('takes a batch to its receipts, and says where it stands on the way', async () => {
    await look(404);
    const body = jsonOf(bodyOf([20n, 40n]));
    const accepted = await send(body, 202);
    const transactionId = String(accepted.transaction_id);
    expect(accepted).toMatchObject({ id: batchId, status: 'pending', receipts: [] });
    expect(rows()).toContain(`transaction/${transactionId}`);
    const statuses: unknown[] = [];
    for (let step = 0; step < 1000 && statuses.at(-1) !== 'completed'; step += 1) {
      const shown = await api.json(`/atomic-batches/${batchId}`);
      if (shown.status !== 'completed') expect(shown.transaction_id).toBe(transactionId);
      if (shown.status !== statuses.at(-1)) statuses.push(shown.status);
      pass(20);
    }
    expect(statuses).toEqual(['pending', 'executing', 'completed']);
    const { receipts } = await look();
    expect(receipts).toMatchObject([
      { gross: '20', net: '19', fee: '1' },
      { gross: '40', net: '39', fee: '1' },
    ]);
    const [first] = receipts as Json[];
    expect(await (await api.fetch(`/receipts/${String(first?.id)}`)).json()).toEqual(first);
    expect(rows()).not.toContain(`transaction/${transactionId}`);
  });

  it('settles an order up to its last height and fails it above, and refuses one on anything else', async () => {
    const orderBody = (lastHeight: number, reference: string) => {
      const { batch, ...rest } = bodyOf();
      const requests = batch.requests.map((one): SettlementRequest => {
        const settlementId = orderIdOf(api.network.genesis.chainId, { ...one, reference, lastHeight });
        return { ...one, settlementId, metadata: reference, lastHeight };
      });
      return { ...rest, batch: { ...batch, requests } };
    };
    await send(jsonOf(orderBody(height() + 50, 'in time')), 202);
    await pass(6000);
    expect(await look()).toMatchObject({ status: 'completed' });
    batchId = hashOf('b3');
    await send(jsonOf(orderBody(1, 'late')), 202);
    await pass(6000);
    expect(await look()).toMatchObject({
      status: 'failed',
      failure: { error: 'ORDER_EXPIRED', failed_at: 0, completed: 0 },
    });
    batchId = hashOf('b4');
    const late = jsonOf(orderBody(90, 'released'));
    const requests = late.requests.map((one) => ({ ...one, kind: 'escrow_release' as const }));
    const { error } = await send({ ...late, requests }, 400);
    const problems = [{ path: '/requests/0/last_height' }];
    expect(error).toMatchObject({ code: 'REQUEST_INVALID', details: { problems } });
  });

  it('says which content has the id, so that nobody takes the batch of another for his own', async () => {
    const [mine, other] = [bodyOf([20n]), bodyOf([40n])];
    const otherBytes = fromHex(api.signed(other));
    const json = jsonOf(mine);
    for (const node of [1, 2, 3]) {
      const { nowMs } = api.network;
      api.network.deliver(node, { type: 'transactionSubmitted', nowMs, bytes: otherBytes, gossip: false });
    }
    const { content_hash } = await send(json, 202);
    expect(content_hash).toBe(atomicBatchHash(mine.batch));
    expect(await look()).toMatchObject({ status: 'pending', content_hash });
    pass(10_000);
    // Whichever came first to the leader: the answer says of whose receipts it speaks.
    const { receipts, ...shown } = await look();
    const [{ gross }] = receipts as [Json];
    const executed = gross === '20' ? mine : other;
    expect(shown).toMatchObject({ status: 'completed', content_hash: atomicBatchHash(executed.batch) });
  });

  it('forgets a batch whose nonce another transaction used, and takes it again with a new one', async () => {
    const transfer: TransactionBody = { type: 'transfer', to: hashOf('12'), asset: 'UM', amount: 1n };
    const batch = bodyOf();
    // It reaches all but this node first, and this node has just led.
    for (let step = 0; step < 1000 && newestLeader() !== 0; step += 1) pass(50);
    const first = fromHex(api.signed(transfer));
    const json = jsonOf(batch);
    for (const node of [1, 2, 3]) {
      const { nowMs } = api.network;
      api.network.deliver(node, { type: 'transactionSubmitted', nowMs, bytes: first, gossip: false });
    }
    await send(json, 202);
    pass(10_000);
    await look(404);
    expect(rows().filter((key) => key.startsWith('transaction/'))).toEqual([]);
    await answerOf(await api.post('/atomic-batches', json), 409);
    await send(jsonOf(batch), 202);
    pass(10_000);
    expect(await look()).toMatchObject({ status: 'completed' });
  });

  it('gives the first result again, over a restart, whoever sends the batch', async () => {
    const body = bodyOf();
    const json = jsonOf(body);
    const { transaction_id } = await send(json, 202);
    expect(await send(json, 202)).toMatchObject({ transaction_id });
    expect(await send(carriedByOther(body), 202)).toMatchObject({ transaction_id });
    api.restartNode();
    expect(await send(json, 202)).toMatchObject({ transaction_id });
    pass(8000);
    const shown = await look();
    expect(shown.status).toBe('completed');
    api.restartNode();
    expect(await send(json, 200)).toEqual(shown);
    expect(await send(carriedByOther(body), 200)).toEqual(shown);
    expect(await look()).toEqual(shown);
    pass(8000);
  });

  it('knows the first copy when that came by another node, and keeps it safe from then on', async () => {
    const body = bodyOf();
    const json = jsonOf(body);
    const bytes = fromHex(api.signed(body));
    const { nowMs } = api.network;
    api.network.deliver(1, { type: 'transactionSubmitted', nowMs, bytes, gossip: true });
    pass(100);
    const { transaction_id } = await send(carriedByOther(body), 202);
    expect(rows()).toContain(`transaction/${String(transaction_id)}`);
    expect(await send(json, 202)).toMatchObject({ transaction_id });
    pass(8000);
  });

  it('refuses other content under the id, and leaves the first batch alone', async () => {
    await send(jsonOf(bodyOf([1n])), 202);
    const before = rows();
    for (const _ of ['waiting', 'ended']) {
      const refused = await send(jsonOf(bodyOf([2n])), 409);
      expect(refused).toMatchObject({
        error: {
          code: 'BATCH_ID_TAKEN',
          retryable: false,
          details: { batch_id: batchId, failed_at: 0, completed: 0 },
        },
      });
      if (_ === 'waiting') expect(rows()).toEqual(before);
      pass(8000);
    }
    expect((await look()).receipts).toMatchObject([{ gross: '1' }]);
  });

  it('tells at which request a batch failed, and why', async () => {
    await send(jsonOf(bodyOf([5n, 2n ** 100n])), 202);
    pass(8000);
    const shown = await look();
    expect(shown).toMatchObject({
      status: 'failed',
      failure: { error: 'INSUFFICIENT_BALANCE', failed_at: 1, completed: 1, details: { asset: 'UM' } },
      receipts: [],
    });
    expect(await send(jsonOf(bodyOf([5n, 2n ** 100n])), 409)).toMatchObject({
      error: { code: 'BATCH_ID_TAKEN' },
    });
  });

  it('takes batches of EVM accounts, signers in any order, and hex in any case', async () => {
    const signers = [alice().address].concat(evmAccount).sort();
    const body = bodyOf([3n], { from: evmAccount, signers: signers.filter((one) => one !== evmAccount) });
    const json = carriedByOther(body);
    const shouted = JSON.parse(JSON.stringify(json), (key, value: unknown) =>
      key !== 'asset' && typeof value === 'string' && value.startsWith('0x')
        ? `0x${value.slice(2).toUpperCase()}`
        : value,
    ) as Json;
    const { transaction_id } = await send(shouted, 202);
    expect(await send(json, 202)).toMatchObject({ transaction_id });
    pass(8000);
    expect((await look()).receipts).toMatchObject([{ from: evmAccount, net: '2' }]);
  });

  it.each([
    [
      'BATCH_TOO_LARGE',
      422,
      { size: 1001, max: 1000, failed_at: 1000, completed: 0 },
      () => jsonOf(bodyOf(Array.from({ length: 1001 }, () => 1n))),
    ],
    ['AMOUNT_ZERO', 422, { failed_at: 1, completed: 0 }, () => jsonOf(bodyOf([1n, 0n]))],
    ['BATCH_EMPTY', 422, { failed_at: 0, completed: 0 }, () => jsonOf(bodyOf([]))],
    [
      'PROOF_VERIFICATION_FAILED',
      401,
      { failed_at: 0, completed: 0 },
      () => jsonOf(bodyOf([1n], { from: evmAccount })),
    ],
    ['TRANSACTION_SIGNATURE_INVALID', 401, {}, () => ({ ...jsonOf(bodyOf()), nonce: 9999 })],
    [
      'TRANSACTION_COSIGNATURE_INVALID',
      401,
      {},
      () => {
        const signers = [{ address: alice().address, signature: toHex(new Uint8Array(64)) }];
        return { ...carriedByOther(bodyOf()), signers };
      },
    ],
    ['REQUEST_INVALID', 400, { problems: [{ path: '/nonce' }] }, () => ({ ...jsonOf(bodyOf()), nonce: '1' })],
    [
      'REQUEST_INVALID',
      400,
      { problems: [{ path: '/nonce', message: 'Expected required property' }] },
      () => ({ ...jsonOf(bodyOf()), nonce: undefined }),
    ],
    [
      'REQUEST_INVALID',
      400,
      { problems: [{ path: '/requests/0/amount' }] },
      () => {
        const json = jsonOf(bodyOf());
        return { ...json, requests: json.requests.map((one) => ({ ...one, amount: String(2n ** 128n) })) };
      },
    ],
    [
      'REQUEST_INVALID',
      400,
      { problems: [{ path: '/requests/0/metadata' }] },
      () => {
        const json = jsonOf(bodyOf());
        return { ...json, requests: json.requests.map((one) => ({ ...one, metadata: 'é'.repeat(2049) })) };
      },
    ],
    [
      'REQUEST_INVALID',
      400,
      { problems: [{ path: '/signers/1/address' }] },
      () => {
        const signer = { address: evmAccount, signature: toHex(new Uint8Array(65)) };
        return { ...jsonOf(bodyOf()), signers: [signer, signer] };
      },
    ],
  ] as const)(
    'refuses %s (%i) with its place and leaves nothing behind',
    async (code, status, details, make) => {
      const before = rows();
      const refused = await send(make(), status);
      expect(refused).toMatchObject({ error: { code, details } });
      expect(rows()).toEqual(before);
      await look(404);
    },
  );
});
