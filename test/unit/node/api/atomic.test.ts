import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signVoucher } from '../../../../settlement/atomic/voucher.ts';
import type { TransactionBody } from '../../../../settlement/execution/transactionBody.ts';
import { ApiHarness, Description } from '../../../helpers/apiHarness.ts';
import { hashOf } from '../../../helpers/signatory.ts';

describe('atomic settlement over HTTP', () => {
  let api: ApiHarness;
  let description: Description;

  beforeAll(async () => {
    api = await ApiHarness.start();
    api.network.run(30_000);
    description = await Description.of(api);
  });
  afterAll(() => api.stop());

  const alice = () => api.keys.account('alice').address;
  const height = () => api.network.nodes[0]?.core.status().finalizedHeight ?? 0;

  function batchOf(batchId: string, settlementId: string, amount: bigint, escrow?: string): TransactionBody {
    const request = { settlementId, to: hashOf('11'), amount, asset: 'UM', metadata: 'rent' };
    const payer =
      escrow === undefined
        ? { from: alice(), kind: 'immediate' as const }
        : { from: escrow, kind: 'escrow_release' as const };
    const batch = { batchId, expiresAtHeight: height() + 10, requests: [{ ...request, ...payer }] };
    return { type: 'atomic_batch', batch, signers: [] };
  }

  async function execute(body: TransactionBody): Promise<void> {
    const sent = await api.post('/transactions', { transaction: api.signed(body) });
    expect(sent.status).toBe(202);
    api.network.run(api.network.nowMs + 8000);
  }

  async function shown(path: string, route: string): Promise<Record<string, unknown>> {
    const response = await api.fetch(path);
    const answer = (await response.json()) as Record<string, unknown>;
    expect(response.status).toBe(200);
    description.check(`GET ${route} 200`, answer);
    return answer;
  }

  it('shows how a batch ended, and the receipt of its settlement', async () => {
    await execute(batchOf(hashOf('b1'), hashOf('d1'), 200n));
    expect(await shown(`/atomic-batches/${hashOf('b1')}`, '/atomic-batches/{id}')).toMatchObject({
      status: 'completed',
      settlements: [hashOf('d1')],
    });
    expect(await shown(`/receipts/${hashOf('d1')}`, '/receipts/{id}')).toMatchObject({
      batch: hashOf('b1'),
      from: alice(),
      to: hashOf('11'),
      gross: '200',
      net: '199',
      fee: '1',
      kind: 'immediate',
    });
  });

  it('shows why a batch failed, and no receipt', async () => {
    await execute(batchOf(hashOf('b2'), hashOf('d2'), 2n ** 100n));
    expect(await shown(`/atomic-batches/${hashOf('b2')}`, '/atomic-batches/{id}')).toMatchObject({
      status: 'failed',
      failure: {
        error: 'INSUFFICIENT_BALANCE',
        failed_at: 0,
        completed: 0,
        details: { address: alice(), asset: 'UM', required: String(2n ** 100n) },
      },
    });
    expect((await api.fetch(`/receipts/${hashOf('d2')}`)).status).toBe(404);
  });

  it('shows an escrow as long as it holds something', async () => {
    const escrow = hashOf('e1');
    await execute({
      type: 'escrow_open',
      escrowId: escrow,
      asset: 'UM',
      amount: 300n,
      parties: [hashOf('11')],
      threshold: 1,
      expiresAtHeight: height() + 50,
    });
    expect(await shown(`/escrows/${escrow}`, '/escrows/{id}')).toMatchObject({
      payer: alice(),
      amount: '300',
      parties: [hashOf('11')],
      threshold: 1,
    });
    await execute(batchOf(hashOf('b3'), hashOf('d3'), 300n, escrow));
    expect((await api.fetch(`/escrows/${escrow}`)).status).toBe(404);
    expect(await shown(`/receipts/${hashOf('d3')}`, '/receipts/{id}')).toMatchObject({
      from: escrow,
      kind: 'escrow_release',
    });
  });

  it('shows a channel while it is open, then while it closes, then the settlement that ended it', async () => {
    const channelId = hashOf('ca');
    const { secretKey } = api.keys.account('alice');
    const place = { chainId: api.keys.parts.genesis.chainId, channelId };
    const open = { channelId, payee: hashOf('11'), asset: 'UM', amount: 50n, expiresAtHeight: 0 };
    await execute({ type: 'channel_open', ...open });
    expect(await shown(`/channels/${channelId}`, '/channels/{id}')).toEqual({
      id: channelId,
      status: 'open',
      payer: alice(),
      payee: hashOf('11'),
      asset: 'UM',
      deposit: '50',
    });
    const voucher = signVoucher(secretKey, place, { amount: 20n, nonce: 2 });
    await execute({ type: 'channel_unilateral_close', channelId, voucher });
    const closing = await shown(`/channels/${channelId}`, '/channels/{id}');
    expect(closing).toMatchObject({ status: 'closing', closing: { amount: '20', nonce: 2 } });
    api.network.run(api.network.nowMs + api.keys.parts.genesis.atomic.channelDisputeMs);
    await execute({ type: 'channel_settle', channelId });
    const { status, settlement } = await shown(`/channels/${channelId}`, '/channels/{id}');
    expect(status).toBe('closed');
    const receipt = await shown(`/receipts/${settlement}`, '/receipts/{id}');
    expect(receipt).toMatchObject({ from: channelId, gross: '20', net: '19', kind: 'channel_close' });
    expect(receipt).not.toHaveProperty('batch');
  });

  it('shows a transfer to the settlement chain', async () => {
    const id = `0x${'f1'.repeat(32)}`;
    await execute({
      type: 'cross_chain_send',
      transferId: id,
      to: hashOf('11'),
      asset: 'UM',
      amount: 60n,
      timeoutBlocks: 1000,
    });
    expect(await shown(`/cross-chain-transfers/${id}`, '/cross-chain-transfers/{id}')).toMatchObject({
      direction: 'outbound',
      status: 'completing',
      from: alice(),
      amount: '60',
      sidechain_fee: '1',
      settlement_fee: '1',
    });
  });

  it('says at once where a batch goes beyond the limits', async () => {
    const body = batchOf(hashOf('b4'), hashOf('d4'), 1n);
    if (body.type !== 'atomic_batch') throw new Error('a batch');
    const [request] = body.batch.requests;
    if (request === undefined) throw new Error('a request');
    const twice = { ...body, batch: { ...body.batch, requests: [request, request] } };
    const answer = await api.post('/transactions', { transaction: api.signed(twice) });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      error: {
        code: 'DUPLICATE_SETTLEMENT_ID',
        details: { settlement_id: hashOf('d4'), failed_at: 1, completed: 0 },
      },
    });
  });
});
