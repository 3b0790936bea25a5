/** The requests of docs/atomic-batches.md and of docs/examples are taken as they stand there. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../../../consensus/primitives/bytes.ts';
import { createCrypto } from '../../../../consensus/primitives/cryptoPolicy.ts';
import {
  type AtomicBatchBody,
  findBodyProblem,
  readAtomicBatchBody,
} from '../../../../node/api/atomicBatchBody.ts';
import { deriveFundedAccounts } from '../../../../node/devnet/fundedAccounts.ts';
import { createGenesis } from '../../../../node/scenario/genesis.ts';
import { atomicUses, scenarioOfUse } from '../../../../scripts/docs/atomicBatches.ts';
import { decodeTransaction, verifyTransaction } from '../../../../settlement/execution/transaction.ts';

const text = readFileSync('docs/atomic-batches.md', 'utf8');
const blocks = [...text.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(
  ([, json = '']) => JSON.parse(json) as Record<string, unknown>,
);
const verifier = createCrypto('full');

describe('docs/atomic-batches.md', () => {
  const bodies = blocks.filter(({ batch_id }) => batch_id !== undefined);

  it.each(Object.keys(atomicUses).map((use, index) => [use, index] as const))(
    '%s: its request has the shape of the endpoint and is signed',
    (use, index) => {
      const body = bodies[index];
      expect(findBodyProblem(body)).toBeUndefined();
      const { genesis } = createGenesis(scenarioOfUse(use));
      const { chainId } = genesis;
      const read = readAtomicBatchBody(body as AtomicBatchBody, chainId);
      const decoded = decodeTransaction(read.ok ? read.value : new Uint8Array());
      expect(decoded.ok && verifyTransaction(decoded.value, genesis, verifier).ok).toBe(true);
      const changed = { ...(body as AtomicBatchBody), nonce: 77 };
      const other = readAtomicBatchBody(changed, chainId);
      const forged = decodeTransaction(other.ok ? other.value : new Uint8Array());
      expect(forged.ok && verifyTransaction(forged.value, genesis, verifier).ok).toBe(false);
    },
  );

  it('has an answer with receipts for each request, and failures with their place', () => {
    expect(bodies).toHaveLength(Object.keys(atomicUses).length);
    for (const { batch_id, requests } of bodies) {
      const answer = blocks.find(({ id }) => id === batch_id);
      expect(answer).toMatchObject({ status: 'completed' });
      expect(answer?.receipts).toHaveLength((requests as unknown[]).length);
    }
    const failed = blocks.filter(({ status }) => status === 'failed');
    expect(failed.map(({ failure, receipts }) => ({ ...(failure as object), receipts }))).toMatchObject([
      { error: 'INSUFFICIENT_BALANCE', failed_at: 2, completed: 2, receipts: [] },
      { error: 'INSUFFICIENT_BALANCE', failed_at: 3, completed: 3, receipts: [] },
    ]);
  });

  it('has a transaction that crosses the chains', () => {
    const [sent] = blocks.filter(({ transaction }) => transaction !== undefined);
    const decoded = decodeTransaction(fromHex(String(sent?.transaction)));
    expect(decoded.ok && decoded.value.transaction.body).toMatchObject({
      type: 'cross_chain_send',
      amount: 10n ** 18n,
    });
  });
});

describe('docs/examples', () => {
  it.each(['atomic-batch', 'multi-model-inference', 'epoch-rewards', 'agent-swarm'])(
    '%s.json has requests of the endpoint, between funded accounts of a devnet',
    (name) => {
      const file = JSON.parse(readFileSync(`docs/examples/${name}.json`, 'utf8')) as {
        readonly requests: readonly Record<string, unknown>[];
      };
      const accounts = deriveFundedAccounts();
      const addressOf = (index: unknown): unknown => accounts[Number(index)]?.address;
      const requests = file.requests.map(({ from = 0, to, ...rest }, index) => ({
        ...rest,
        settlement_id: `0x${String(index).repeat(64)}`,
        from: addressOf(from),
        to: addressOf(to),
      }));
      const ids = { batch_id: `0x${'5d'.repeat(32)}`, expires_at_height: 9, nonce: 0 };
      const body = { ...ids, sender: addressOf(0), signature: `0x${'00'.repeat(65)}`, requests };
      expect(findBodyProblem(body)).toBeUndefined();
      expect(readAtomicBatchBody(body as AtomicBatchBody, `0x${'ab'.repeat(32)}`).ok).toBe(true);
    },
  );
});
