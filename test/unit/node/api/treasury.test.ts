import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyHolder } from '../../../../node/scenario/genesis.ts';
import type { TransactionBody } from '../../../../settlement/execution/transactionBody.ts';
import { ApiHarness, Description } from '../../../helpers/apiHarness.ts';
import { hashOf } from '../../../helpers/signatory.ts';

describe('treasury and network fee over HTTP', () => {
  let api: ApiHarness;
  let description: Description;

  beforeAll(async () => {
    api = await ApiHarness.start();
    api.network.run(10_000);
    description = await Description.of(api);
  });
  afterAll(() => api.stop());

  const alice = () => api.keys.account('alice');

  async function execute(body: TransactionBody, from?: KeyHolder): Promise<void> {
    const transaction =
      from === undefined
        ? api.signed(body)
        : `0x${Buffer.from(api.keys.transaction(from, body)).toString('hex')}`;
    const sent = await api.post('/transactions', { transaction });
    expect(sent.status).toBe(202);
    api.network.run(api.network.nowMs + 8000);
  }

  async function shown(path: string, route = path): Promise<Record<string, unknown>> {
    const response = await api.fetch(path);
    const answer = (await response.json()) as Record<string, unknown>;
    expect(response.status).toBe(200);
    description.check(`GET ${route} 200`, answer);
    return answer;
  }

  it('shows a withdrawal on its way, and fees that gather', async () => {
    const terms = { asset: 'UM', amount: 9n, to: hashOf('11') };
    const id = hashOf('a7');
    await execute({ type: 'treasury_propose', withdrawalId: id, ...terms, expiresAtHeight: 500 });
    const requests = [
      { settlementId: hashOf('d7'), from: alice().address, to: hashOf('11'), amount: 400n, asset: 'UM' },
    ].map((request) => ({ ...request, kind: 'immediate' as const, metadata: '' }));
    const height = api.network.nodes[0]?.core.status().finalizedHeight ?? 0;
    const batch = { batchId: hashOf('b7'), expiresAtHeight: height + 10, requests };
    await execute({ type: 'atomic_batch', batch, signers: [] });
    const withdrawal = {
      id,
      asset: 'UM',
      amount: '9',
      to: hashOf('11'),
      expires_at_height: 500,
      approvals: [alice().address],
      paid_at_height: null,
    };
    expect(await shown('/treasury')).toEqual({
      balances: {},
      gathered_fees: { UM: '2' },
      next_flush_height: 100,
      keepers: [alice().address, api.keys.account('bob').address],
      threshold: 2,
      withdrawals: [withdrawal],
    });
    expect(await shown(`/treasury/withdrawals/${id}`, '/treasury/withdrawals/{id}')).toEqual(withdrawal);
  });

  it('shows the fee in force, and a proposal with its votes', async () => {
    const [first, second] = api.keys.parts.validators;
    if (first === undefined || second === undefined) throw new Error('two validators');
    const proposal = { proposalId: hashOf('fe'), networkFeeBps: 30 };
    await execute({ type: 'fee_propose', validator: 0, ...proposal }, first);
    await execute({ type: 'fee_vote', validator: 1, ...proposal, vote: 'no' }, second);
    const answer = await shown('/fee-proposals');
    expect(answer).toMatchObject({
      network_fee_bps: 50,
      open: [{ proposer: 'node-0', network_fee_bps: 30, status: 'voting', votes: { 'node-1': 'no' } }],
    });
    const [open] = answer.open as readonly unknown[];
    expect(await shown(`/fee-proposals/${hashOf('fe')}`, '/fee-proposals/{id}')).toEqual(open);
  });
});
