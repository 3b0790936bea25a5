/** The `settlement` target over real nodes and a settlement chain that changes its mind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccountAnswer } from '../../node/api/ledgerRoutes.ts';
import { BatcherClient } from '../../node/batcher/client/batcherClient.ts';
import { createEvmSigner, type InputSigner } from '../../node/batcher/client/signer.ts';
import { getJson } from '../../node/devnet/apiClient.ts';
import { ApiNetwork } from '../helpers/apiNetwork.ts';
import { fastScenario } from '../helpers/runtimeNetwork.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

const LIMIT_MS = 90_000;

let devnet: ApiNetwork;

beforeAll(async () => {
  // Headers name a block long after its receipt is told, so it may be taken back until then.
  devnet = new ApiNetwork(
    fastScenario.replace(
      'batch_size: 5',
      'batch_size: 5, origin_confirmations: 6, submission_deadline_blocks: 12',
    ),
  );
  await devnet.start();
}, LIMIT_MS);
afterAll(() => devnet.close(), LIMIT_MS);

const clientOf = (node: number): BatcherClient => new BatcherClient({ url: devnet.urls[node] ?? '' });

function signerOf(account: number): InputSigner {
  return createEvmSigner(devnet.accounts[account]?.private_key ?? '');
}

async function debtOf(node: number, { address }: InputSigner): Promise<bigint> {
  const answer = await getJson(devnet.urls[node] ?? '', `/accounts/${address}`);
  const { assets } = answer as unknown as AccountAnswer;
  return BigInt(assets.find(({ asset }) => asset === 'UM')?.debt ?? 0);
}

/** Sends an input by way of the settlement chain, up to its receipt. */
async function post(node: number, signer: InputSigner, input: string) {
  const sent = await clientOf(node).send({
    ...{ signer, input, target: 'settlement', confirmationLevel: 'wait-receipt' as const },
  });
  expect(sent).toMatchObject({ outcome: 'accepted', isLevelReached: true });
  if (sent.outcome !== 'accepted') throw new Error(sent.outcome);
  return { requestId: sent.requestId, hash: sent.transactionHash ?? '' };
}

describe('inputs by way of the settlement chain', () => {
  it('executes once what a reorganisation took back after the receipt was told', async () => {
    const signer = signerOf(0);
    const { requestId, hash } = await post(0, signer, 'borrow|UM|17');
    const { host } = devnet.network;
    const before = await host.askPosted(hash);
    if (before.type !== 'posted' || before.settlementHeight === undefined)
      throw new Error('it is in no block');
    const depth = before.headHeight - before.settlementHeight + 1;
    await host.setFault({ type: 'settlement_chain', kind: 'reorg', depth }, true);
    expect(await host.askPosted(hash)).toMatchObject({ standing: 'waiting' });
    const ended = await clientOf(0).waitFor(requestId, 'wait-effectstream-processed', {
      timeoutMs: LIMIT_MS,
    });
    expect(ended).toMatchObject({ outcome: 'confirmed', input: { rollup: expect.any(Number) } });
    for (const node of [0, 1, 2, 3])
      await waitUntil(async () => (await debtOf(node, signer)) === 17n, LIMIT_MS);
    expect(devnet.network.failures).toEqual([]);
  });

  it('lets the ledger refuse one alone, with its code, and goes on after the node served again', async () => {
    const [rich, poor] = [signerOf(1), createEvmSigner(`0x${'5a'.repeat(32)}`)];
    const ids = await Promise.all([post(1, rich, 'borrow|UM|23'), post(1, poor, 'deposit|UM|1000000')]);
    // The receipt was told; what became of them was not known yet.
    await devnet.stopApi(1);
    await devnet.startApi(1);
    const [taken, refused] = await Promise.all(
      ids.map(({ requestId }) =>
        clientOf(1).waitFor(requestId, 'wait-effectstream-processed', { timeoutMs: LIMIT_MS }),
      ),
    );
    expect(taken).toMatchObject({ outcome: 'confirmed', input: { rollup: expect.any(Number) } });
    expect(refused).toMatchObject({ outcome: 'failed' });
    expect(JSON.stringify(refused)).toContain('LEDGER_INSUFFICIENT_BALANCE');
    await waitUntil(async () => (await debtOf(3, rich)) === 23n, LIMIT_MS);
  });
});
