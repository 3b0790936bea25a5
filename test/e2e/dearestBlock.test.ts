/** The dearest block that is legal, on real processes with the default times: every node judges it within its view. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { toHex } from '../../consensus/primitives/bytes.ts';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import { createGenesis, deriveKeyHolder, type KeyHolder } from '../../node/scenario/genesis.ts';
import { transactionGas } from '../../settlement/execution/gas.ts';
import { signAndEncodeTransaction } from '../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../settlement/execution/transactionBody.ts';
import { scenarioOf } from '../helpers/coreNetwork.ts';
import { ProcessNetwork } from '../helpers/processNetwork.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

const payers = ['first', 'second'] as const;
const text = `
name: dearest block
seed: 5
duration: 60s
config: { settlement: { batch_size: 50 } }
auto_fund: false
accounts:
  first: { balances: { TNZO: 1000000 } }
  second: { balances: { TNZO: 1000000 } }
`;
/** What the dearest of blocks is made of: a batch of the most requests, the rest of its gas in signatures (npm run bench:atomic). */
const REQUESTS = 1000;

let dataDir = '';
let network: ProcessNetwork | undefined;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'sidereal-dearest-'));
});

afterEach(async () => {
  await network?.close();
  network = undefined;
  rmSync(dataDir, { recursive: true, force: true });
});

function idOf(digits: string, number: number): string {
  return `0x${digits}${String(number).padStart(64 - digits.length, '0')}`;
}

/** A batch with as many signers as its share of a block's gas pays for. */
function dearBatch(
  payer: KeyHolder,
  number: number,
  signers: readonly KeyHolder[],
  gasMax: number,
): TransactionBody {
  const requests = Array.from({ length: REQUESTS }, (_, index) => ({
    settlementId: idOf('d', number * REQUESTS + index),
    from: payer.address,
    to: idOf('a', index),
    amount: 1000n,
    asset: 'TNZO',
    kind: 'immediate' as const,
    metadata: '',
  }));
  const batch = { batchId: idOf('b', number), expiresAtHeight: 14, requests };
  const withSigners = (count: number): TransactionBody => ({
    type: 'atomic_batch',
    batch,
    signers: signers.slice(0, count).map(({ address }) => address),
  });
  let count = signers.length;
  while (transactionGas(withSigners(count)) > gasMax) count -= 1;
  return withSigners(count);
}

it('finalises in the view in which it was proposed, on every node', async () => {
  const { genesis } = createGenesis(scenarioOf(text));
  const crypto = createCrypto('full');
  const signers = Array.from({ length: 1000 }, (_, index) =>
    deriveKeyHolder('dearest', `signer ${index}`),
  ).sort((a, b) => (String(a.address) < String(b.address) ? -1 : 1));
  const transactions = payers.map((label, number) => {
    const payer = deriveKeyHolder(5, `account/${label}`);
    const body = dearBatch(payer, number, signers, genesis.atomic.gasMax / payers.length);
    const count = body.type === 'atomic_batch' ? body.signers.length : 0;
    const [signer, ...cosigners] = [payer, ...signers.slice(0, count)].map(({ secretKey }) =>
      crypto.createSigner(secretKey),
    );
    if (signer === undefined) throw new Error('a payer signs');
    const unsigned = {
      chainId: genesis.chainId,
      from: payer.address,
      nonce: 0,
      expiresAtHeight: 0,
      onlyAtHeight: 0,
      body,
    };
    return { body, ...signAndEncodeTransaction(unsigned, signer, cosigners) };
  });
  const gas = transactions.reduce((sum, { body }) => sum + transactionGas(body), 0);
  expect(gas).toBeGreaterThan(genesis.atomic.gasMax * 0.98);

  network = await ProcessNetwork.open(dataDir, text);
  await network.start();
  const { heightOf, events } = { heightOf: () => network?.highest ?? 0, events: network.events };
  await waitUntil(() => heightOf() >= 2, 60_000);
  const { nodes } = network.network.description;
  const sent = await Promise.all(
    transactions.map(({ bytes }, index) =>
      fetch(`${nodes[index]?.api}/transactions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ transaction: toHex(bytes) }),
      }),
    ),
  );
  expect(sent.map(({ status }) => status)).toEqual([202, 202]);
  const done = () =>
    events.filter(
      ({ event }) =>
        event.type === 'block_finalized' &&
        event.atomicFacts.some(
          ({ type }) => type === 'atomic_batch_completed' || type === 'atomic_batch_failed',
        ),
    );
  await waitUntil(() => done().length >= nodes.length, 60_000);
  const after = heightOf() + 2;
  await waitUntil(() => heightOf() >= after, 60_000);
  const facts = done().flatMap(({ event }) => (event.type === 'block_finalized' ? event.atomicFacts : []));
  expect(new Set(facts.map(({ type }) => type))).toEqual(new Set(['atomic_batch_completed']));
  expect(events.filter(({ event }) => event.type === 'view_nullified')).toEqual([]);
  expect(network.disagreements).toEqual([]);
});
