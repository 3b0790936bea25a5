import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../../../consensus/primitives/bytes.ts';
import type { Address } from '../../../../consensus/primitives/flavor.ts';
import type { Signer } from '../../../../consensus/primitives/signature.ts';
import { doorOf, readOperationBody, typesOf } from '../../../../node/api/operationBody.ts';
import { operationForms } from '../../../../node/api/operationForms.ts';
import { signVoucher } from '../../../../settlement/atomic/voucher.ts';
import {
  cosigningBytes,
  decodeTransaction,
  signTransaction,
} from '../../../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../../../settlement/execution/transactionBody.ts';
import { ApiHarness, Description } from '../../../helpers/apiHarness.ts';
import { hashOf } from '../../../helpers/signatory.ts';

type Json = Readonly<Record<string, unknown>>;

const voucherJson = { payer: hashOf('aa'), amount: '7', nonce: 3, signature: toHex(new Uint8Array(64)) };
const voucher = { payer: hashOf('aa'), amount: 7n, nonce: 3, signature: new Uint8Array(64) };
const money = { asset: 'UM', amount: '9' };
const terms = { ...money, to: hashOf('11') };
const read = { asset: 'UM', amount: 9n };

/** JSON of every type, and what it stands for. */
const meanings: readonly (readonly [Json, TransactionBody])[] = [
  [
    {
      type: 'escrow_open',
      escrow_id: hashOf('e1'),
      ...money,
      parties: [hashOf('22'), `0x${'AB'.repeat(20)}`],
      threshold: 2,
      expires_at_height: 8,
    },
    {
      type: 'escrow_open',
      escrowId: hashOf('e1'),
      ...read,
      parties: [hashOf('22'), `0x${'ab'.repeat(20)}`],
      threshold: 2,
      expiresAtHeight: 8,
    },
  ],
  [
    { type: 'escrow_refund', escrow_id: `0x${'E1'.repeat(32)}` },
    { type: 'escrow_refund', escrowId: hashOf('e1') },
  ],
  [
    { type: 'channel_open', channel_id: hashOf('ca'), payee: hashOf('11'), ...money },
    { type: 'channel_open', channelId: hashOf('ca'), payee: hashOf('11'), ...read, expiresAtHeight: 0 },
  ],
  [
    {
      type: 'channel_open',
      channel_id: hashOf('ca'),
      payee: hashOf('11'),
      ...money,
      amount: 9,
      expires_at_height: 5,
    },
    { type: 'channel_open', channelId: hashOf('ca'), payee: hashOf('11'), ...read, expiresAtHeight: 5 },
  ],
  [
    { type: 'channel_close', channel_id: hashOf('ca'), amount: '9' },
    { type: 'channel_close', channelId: hashOf('ca'), amount: 9n, signers: [] },
  ],
  [
    { type: 'channel_unilateral_close', channel_id: hashOf('ca') },
    { type: 'channel_unilateral_close', channelId: hashOf('ca'), voucher: undefined },
  ],
  [
    { type: 'channel_unilateral_close', channel_id: hashOf('ca'), voucher: voucherJson },
    { type: 'channel_unilateral_close', channelId: hashOf('ca'), voucher },
  ],
  [
    { type: 'channel_dispute', channel_id: hashOf('ca'), voucher: voucherJson },
    { type: 'channel_dispute', channelId: hashOf('ca'), voucher },
  ],
  [
    { type: 'channel_settle', channel_id: hashOf('ca') },
    { type: 'channel_settle', channelId: hashOf('ca') },
  ],
  [
    { type: 'treasury_propose', withdrawal_id: hashOf('d1'), ...terms, expires_at_height: 8 },
    {
      type: 'treasury_propose',
      withdrawalId: hashOf('d1'),
      ...read,
      to: hashOf('11'),
      expiresAtHeight: 8,
    },
  ],
  [
    { type: 'treasury_approve', withdrawal_id: hashOf('d1'), ...terms },
    { type: 'treasury_approve', withdrawalId: hashOf('d1'), ...read, to: hashOf('11') },
  ],
  [
    { type: 'fee_propose', validator: 2, proposal_id: hashOf('f1'), network_fee_bps: 40 },
    { type: 'fee_propose', validator: 2, proposalId: hashOf('f1'), networkFeeBps: 40 },
  ],
  [
    { type: 'fee_vote', validator: 2, proposal_id: hashOf('f1'), network_fee_bps: 40, vote: 'no' },
    { type: 'fee_vote', validator: 2, proposalId: hashOf('f1'), networkFeeBps: 40, vote: 'no' },
  ],
  [
    { type: 'cross_chain_send', transfer_id: hashOf('c1'), ...terms, timeout_blocks: 6 },
    { type: 'cross_chain_send', transferId: hashOf('c1'), ...read, to: hashOf('11'), timeoutBlocks: 6 },
  ],
];

describe('operations as JSON', () => {
  const chainId = hashOf('77');
  const envelope = { sender: hashOf('aa'), nonce: 4, signature: toHex(new Uint8Array(64).fill(5)) };

  it.each(meanings.map(([json, body]) => ({ type: body.type, json, body })))(
    '$type stands for the transaction of that type',
    ({ type, json, body }) => {
      const door = doorOf(type);
      if (door === undefined) throw new Error(`no door of ${type}`);
      const operation = { operation: json, expires_at_height: 9, ...envelope };
      const verdict = readOperationBody(operation, typesOf(door), chainId);
      const decoded = verdict.ok ? decodeTransaction(verdict.value) : verdict;
      expect(decoded).toMatchObject({
        ok: true,
        value: {
          transaction: {
            chainId,
            from: hashOf('aa'),
            nonce: 4,
            expiresAtHeight: 9,
            body,
            auth: { scheme: 'ed25519' },
          },
        },
      });
    },
  );

  it('has a form, an example that reads and a door for each', () => {
    expect(new Set(meanings.map(([, { type }]) => type))).toEqual(new Set(Object.keys(operationForms)));
    for (const { example } of Object.values(operationForms)) {
      const door = doorOf((example as { type: string }).type);
      if (door === undefined) throw new Error('no door');
      expect(readOperationBody({ operation: example, ...envelope }, typesOf(door), chainId).ok).toBe(true);
    }
  });
});

describe('the doors of operations', () => {
  let api: ApiHarness;
  let description: Description;

  beforeAll(async () => {
    api = await ApiHarness.start();
    api.network.run(30_000);
    description = await Description.of(api);
  });
  afterAll(() => api.stop());

  const signerOf = (name: string) => api.network.crypto.createSigner(api.keys.account(name).secretKey);
  const addressOf = (name: string) => api.keys.account(name).address;
  const height = () => api.network.nodes[0]?.core.status().finalizedHeight ?? 0;
  const rows = () => api.network.rowsOf(0).map(({ key }) => key);
  const stateOf = (path: string) => api.json(path);

  /** The JSON with signatures over the transaction that it should stand for; alice's, but for what is given. */
  function signed(
    operation: Json,
    body: TransactionBody,
    { by = signerOf('alice'), cosigner, ...changes }: { by?: Signer; cosigner?: Signer; nonce?: number } = {},
  ): Json {
    const { chainId } = api.network.genesis;
    const from: Address = by.publicKey as string;
    const { nonce = api.network.nodes[0]?.core.reader().nextNonce(from) ?? 0 } = changes;
    const unsigned = { chainId, from, nonce, expiresAtHeight: height() + 9, onlyAtHeight: 0, body };
    const cosigners = cosigner === undefined ? [] : [cosigner];
    return {
      operation,
      expires_at_height: unsigned.expiresAtHeight,
      sender: from,
      nonce,
      signature: toHex(signTransaction(unsigned, by, cosigners).auth.signature),
      signers: cosigners.map((one) => ({
        address: one.publicKey,
        signature: toHex(one.sign(cosigningBytes(chainId, body))),
      })),
    };
  }

  async function send(path: string, body: object, status = 202): Promise<Json> {
    const response = await api.post(path, body);
    const answer = (await response.json()) as Json;
    expect({ status: response.status, answer }).toMatchObject({ status });
    description.check(`POST ${path} ${status}`, answer);
    return answer;
  }

  /** Durable before the answer, the same answer again, final a little later. */
  async function execute(path: string, body: Json): Promise<void> {
    const { id, status } = await send(path, body);
    expect(status).toBe('pending');
    expect(rows()).toContain(`transaction/${String(id)}`);
    expect(await send(path, body)).toMatchObject({ id });
    api.network.run(api.network.nowMs + 8000);
    expect(await stateOf(`/transactions/${String(id)}`)).toMatchObject({ status: 'final' });
    expect(await send(path, body)).toMatchObject({ id, status: 'final' });
  }

  const escrowOf = (escrow_id: string, expires: number) =>
    [
      {
        type: 'escrow_open',
        escrow_id,
        asset: 'UM',
        amount: '30',
        parties: [hashOf('33'), hashOf('22')],
        threshold: 2,
        expires_at_height: expires,
      },
      {
        type: 'escrow_open',
        escrowId: escrow_id,
        asset: 'UM',
        amount: 30n,
        parties: [hashOf('22'), hashOf('33')],
        threshold: 2,
        expiresAtHeight: expires,
      },
    ] as const;

  it('open an escrow, and refund it when its time is over', async () => {
    const id = hashOf('e1');
    const expires = height() + 12;
    await execute('/escrows', signed(...escrowOf(id, expires)));
    expect(await stateOf(`/escrows/${id}`)).toMatchObject({
      payer: addressOf('alice'),
      amount: '30',
      parties: [hashOf('22'), hashOf('33')],
      threshold: 2,
      expires_at_height: expires,
    });
    while (height() <= expires) api.network.run(api.network.nowMs + 2000);
    const refund = signed({ type: 'escrow_refund', escrow_id: id }, { type: 'escrow_refund', escrowId: id });
    await execute('/escrows', refund);
    expect((await api.fetch(`/escrows/${id}`)).status).toBe(404);
  });

  it('open a channel, begin to close it, dispute and settle', async () => {
    const channel_id = hashOf('ca');
    const channelId = channel_id;
    const place = { chainId: api.network.genesis.chainId, channelId };
    const vouchers = [1, 2].map((nonce) => {
      const made = signVoucher(api.keys.account('alice').secretKey, place, {
        amount: BigInt(nonce) * 10n,
        nonce,
      });
      const { payer, amount, signature } = made;
      return { made, json: { payer, amount: String(amount), nonce, signature: toHex(signature) } };
    });
    const [first, second] = vouchers;
    if (first === undefined || second === undefined) throw new Error('two vouchers');
    const payee = hashOf('11');
    await execute(
      '/channels',
      signed(
        { type: 'channel_open', channel_id, payee, asset: 'UM', amount: '50' },
        { type: 'channel_open', channelId, payee, asset: 'UM', amount: 50n, expiresAtHeight: 0 },
      ),
    );
    expect(await stateOf(`/channels/${channelId}`)).toMatchObject({ status: 'open', payee, deposit: '50' });
    await execute(
      '/channels',
      signed(
        { type: 'channel_unilateral_close', channel_id, voucher: first.json },
        { type: 'channel_unilateral_close', channelId, voucher: first.made },
      ),
    );
    expect(await stateOf(`/channels/${channelId}`)).toMatchObject({ closing: { amount: '10', nonce: 1 } });
    await execute(
      '/channels',
      signed(
        { type: 'channel_dispute', channel_id, voucher: second.json },
        { type: 'channel_dispute', channelId, voucher: second.made },
      ),
    );
    expect(await stateOf(`/channels/${channelId}`)).toMatchObject({ closing: { amount: '20', nonce: 2 } });
    api.network.run(api.network.nowMs + api.network.genesis.atomic.channelDisputeMs);
    await execute(
      '/channels',
      signed({ type: 'channel_settle', channel_id }, { type: 'channel_settle', channelId }),
    );
    const { status, settlement } = await stateOf(`/channels/${channelId}`);
    expect(status).toBe('closed');
    expect(await stateOf(`/receipts/${String(settlement)}`)).toMatchObject({ gross: '20', net: '19' });
  });

  it('close a channel that both sides sign', async () => {
    const channel_id = hashOf('cb');
    const channelId = channel_id;
    const payee = addressOf('bob');
    await execute(
      '/channels',
      signed(
        { type: 'channel_open', channel_id, payee, asset: 'UM', amount: '50' },
        { type: 'channel_open', channelId, payee, asset: 'UM', amount: 50n, expiresAtHeight: 0 },
      ),
    );
    const close = { type: 'channel_close', channelId, amount: 20n, signers: [payee] } as const;
    await execute(
      '/channels',
      signed({ type: 'channel_close', channel_id, amount: '20' }, close, { cosigner: signerOf('bob') }),
    );
    expect(await stateOf(`/channels/${channelId}`)).toMatchObject({ status: 'closed' });
  });

  it('propose a withdrawal from the treasury', async () => {
    const id = hashOf('d7');
    const expires = height() + 20;
    await execute(
      '/treasury/withdrawals',
      signed(
        {
          type: 'treasury_propose',
          withdrawal_id: id,
          asset: 'UM',
          amount: '1',
          to: hashOf('11'),
          expires_at_height: expires,
        },
        {
          type: 'treasury_propose',
          withdrawalId: id,
          asset: 'UM',
          amount: 1n,
          to: hashOf('11'),
          expiresAtHeight: expires,
        },
      ),
    );
    expect(await stateOf(`/treasury/withdrawals/${id}`)).toMatchObject({ amount: '1', to: hashOf('11') });
  });

  it('send to the settlement chain', async () => {
    const id = hashOf('c1');
    await execute(
      '/cross-chain-transfers',
      signed(
        {
          type: 'cross_chain_send',
          transfer_id: id,
          asset: 'UM',
          amount: '60',
          to: hashOf('11'),
          timeout_blocks: 1000,
        },
        {
          type: 'cross_chain_send',
          transferId: id,
          asset: 'UM',
          amount: 60n,
          to: hashOf('11'),
          timeoutBlocks: 1000,
        },
      ),
    );
    expect(await stateOf(`/cross-chain-transfers/${id}`)).toMatchObject({ amount: '60' });
  });

  it('propose a network fee, as a validator', async () => {
    const proposalId = hashOf('f1');
    await execute(
      '/fee-proposals',
      signed(
        { type: 'fee_propose', validator: 1, proposal_id: proposalId, network_fee_bps: 40 },
        { type: 'fee_propose', validator: 1, proposalId, networkFeeBps: 40 },
        { by: api.keys.signer(1) },
      ),
    );
    expect(await stateOf(`/fee-proposals/${proposalId}`)).toMatchObject({ network_fee_bps: 40 });
  });

  const opening = () => signed(...escrowOf(hashOf('e9'), height() + 12));
  const changed = (changes: Json) => () => {
    const body = opening();
    return { ...body, operation: { ...(body.operation as Json), ...changes } };
  };
  const without = (key: string) => () => {
    const body = opening();
    const { [key]: _left, ...operation } = body.operation as Json;
    return { ...body, operation };
  };
  const twice = [hashOf('22'), hashOf('22')];
  const cosigner = { address: hashOf('22'), signature: toHex(new Uint8Array(64)) };

  it.each([
    ['/escrows', '/operation/type', () => ({ ...opening(), operation: 'escrow_open' })],
    ['/escrows', '/operation/type', () => ({ ...opening(), operation: [] })],
    ['/escrows', '/operation/type', changed({ type: 'constructor' })],
    ['/escrows', '/operation/type', changed({ type: 'channel_settle' })],
    ['/channels', '/operation/type', opening],
    ['/escrows', '/operation/escrow_id', without('escrow_id')],
    ['/escrows', '/operation/escrow_id', changed({ escrow_id: hashOf('e9').slice(2) })],
    ['/escrows', '/operation/amount', changed({ amount: '-1' })],
    ['/escrows', '/operation/amount', changed({ amount: 1.5 })],
    ['/escrows', '/operation/amount', changed({ amount: String(2n ** 128n) })],
    ['/escrows', '/operation/asset', changed({ asset: 'U M' })],
    ['/escrows', '/operation/parties', changed({ parties: Array.from({ length: 17 }, () => twice[0]) })],
    ['/escrows', '/operation/parties/1', changed({ parties: twice })],
    ['/escrows', '/operation/threshold', changed({ threshold: 256 })],
    ['/escrows', '/operation/expires_at_height', changed({ expires_at_height: 2 ** 53 })],
    ['/escrows', '/operation/surprise', changed({ surprise: 1 })],
    ['/escrows', '/signers', () => ({ ...opening(), signers: [cosigner] })],
    ['/escrows', '/signature', () => ({ ...opening(), signature: toHex(new Uint8Array(65)) })],
    ['/escrows', '/nonce', () => ({ ...opening(), nonce: -1 })],
    [
      '/channels',
      '/operation/voucher/signature',
      () => ({
        ...opening(),
        operation: {
          type: 'channel_dispute',
          channel_id: hashOf('ca'),
          voucher: { ...voucherJson, signature: toHex(new Uint8Array(65)) },
        },
      }),
    ],
    [
      '/channels',
      '/operation/voucher/nonce',
      () => ({
        ...opening(),
        operation: {
          type: 'channel_dispute',
          channel_id: hashOf('ca'),
          voucher: { ...voucherJson, nonce: 0 },
        },
      }),
    ],
  ] as const)('%s refuses what is wrong at %s and leaves nothing behind', async (path, place, make) => {
    const before = rows();
    const refused = await send(path, make(), 400);
    expect(refused).toMatchObject({
      error: { code: 'REQUEST_INVALID', retryable: false, details: { problems: [{ path: place }] } },
    });
    expect(rows()).toEqual(before);
  });

  it.each([
    ['TRANSACTION_SIGNATURE_INVALID', 401, '/escrows', changed({ amount: '31' })],
    ['TRANSACTION_SIGNATURE_INVALID', 401, '/escrows', changed({ parties: [hashOf('22'), hashOf('34')] })],
    [
      'TRANSACTION_SIGNATURE_INVALID',
      401,
      '/escrows',
      () => ({ ...opening(), expires_at_height: height() + 90 }),
    ],
    [
      'LEDGER_NONCE_AHEAD',
      409,
      '/channels',
      () => {
        const channelId = hashOf('ca');
        const json = { type: 'channel_settle', channel_id: channelId };
        return signed(json, { type: 'channel_settle', channelId }, { nonce: 1_000_000 });
      },
    ],
  ] as const)('refuses %s (%i) at %s and leaves nothing behind', async (code, status, path, make) => {
    const before = rows();
    expect(await send(path, make(), status)).toMatchObject({ error: { code } });
    expect(rows()).toEqual(before);
  });
});
