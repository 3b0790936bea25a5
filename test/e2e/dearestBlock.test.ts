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
import { cosignersOf, type TransactionBody } from '../../settlement/execution/transactionBody.ts';
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
  first: { balances: { TNZO: 10000000 } }
  second: { balances: { TNZO: 10000000 } }
`;
/** Tries: on a machine that does other things too any view may run out of time, but hardly so often. */
const TRIES = 4;
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
  place: { readonly number: number; readonly expiresAtHeight: number },
  signers: readonly KeyHolder[],
  gasMax: number,
): TransactionBody {
  const { number, expiresAtHeight } = place;
  const requests = Array.from({ length: REQUESTS }, (_, index) => ({
    settlementId: idOf('d', number * REQUESTS + index),
    from: payer.address,
    to: idOf('a', index),
    amount: 1000n,
    asset: 'TNZO',
    kind: 'immediate' as const,
    metadata: '',
  }));
  const batch = { batchId: idOf('b', number), expiresAtHeight, requests };
  const withSigners = (count: number): TransactionBody => ({
    type: 'atomic_batch',
    batch,
    signers: signers.slice(0, count).map(({ address }) => address),
  });
  let count = signers.length;
  while (transactionGas({ auth: { type: 'native' }, body: withSigners(count) }) > gasMax) count -= 1;
  return withSigners(count);
}

it('finalises in the view in which it was proposed, on every node', async () => {
  const { genesis } = createGenesis(scenarioOf(text));
  const crypto = createCrypto('full');
  const signers = Array.from({ length: 1000 }, (_, index) =>
    deriveKeyHolder('dearest', `signer ${index}`),
  ).sort((a, b) => (String(a.address) < String(b.address) ? -1 : 1));

  /** One transaction of each payer; together all the gas of a block. */
  function createTransactions(nonce: number, expiresAtHeight: number): readonly Uint8Array[] {
    const { chainId, atomic } = genesis;
    const made = payers.map((label, index) => {
      const payer = deriveKeyHolder(5, `account/${label}`);
      const place = { number: payers.length * nonce + index, expiresAtHeight };
      const body = dearBatch(payer, place, signers, atomic.gasMax / payers.length);
      const cosigners = signers.slice(0, cosignersOf(body).length);
      const unsigned = {
        chainId,
        from: payer.address,
        nonce,
        expiresAtHeight: 0,
        onlyAtHeight: 0,
        body,
      };
      const signerOf = ({ secretKey }: KeyHolder) => crypto.createSigner(secretKey);
      return signAndEncodeTransaction(unsigned, signerOf(payer), cosigners.map(signerOf));
    });
    const gas = made.reduce((sum, { transaction }) => sum + transactionGas(transaction), 0);
    expect(gas).toBeGreaterThan(atomic.gasMax * 0.98);
    return made.map(({ bytes }) => bytes);
  }

  const running = await ProcessNetwork.open(dataDir, text);
  network = running;
  await running.start();
  await waitUntil(() => running.highest >= 2, 60_000);
  const { nodes } = running.network.description;

  /** Sends one block's worth. @returns Whether one block held all of it, and no view was given up until two more were final. */
  async function isFinalisedAtOnce(nonce: number): Promise<boolean> {
    const from = running.events.length;
    const sent = await Promise.all(
      createTransactions(nonce, running.highest + 12).map((bytes, index) =>
        fetch(`${nodes[index]?.api}/transactions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ transaction: toHex(bytes) }),
        }),
      ),
    );
    expect(sent.map(({ status }) => status)).toEqual([202, 202]);
    const blocks = () =>
      running.events.slice(from).flatMap(({ event }) => {
        if (event.type !== 'block_finalized') return [];
        const ended = event.atomicFacts.filter(({ type }) => type.startsWith('atomic_batch_'));
        return ended.length === 0 ? [] : [ended];
      });
    await waitUntil(() => blocks().flat().length >= payers.length * nodes.length, 60_000);
    const after = running.highest + 2;
    await waitUntil(() => running.highest >= after, 60_000);
    expect(new Set(blocks().flatMap((ended) => ended.map(({ type }) => type)))).toEqual(
      new Set(['atomic_batch_completed']),
    );
    const isQuick = running.events.slice(from).every(({ event }) => event.type !== 'view_nullified');
    return isQuick && blocks().every((ended) => ended.length === payers.length);
  }

  let isAtOnce = false;
  for (let nonce = 0; nonce < TRIES && !isAtOnce; nonce += 1) isAtOnce = await isFinalisedAtOnce(nonce);
  expect(isAtOnce).toBe(true);
  expect(running.disagreements).toEqual([]);
});
