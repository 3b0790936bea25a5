/** What the parties of a run send, signed before anything is measured, and how it is sent. */
import { setTimeout as sleep } from 'node:timers/promises';
import { toHex } from '../../consensus/primitives/bytes.ts';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { deriveKeyHolder } from '../../node/scenario/genesis.ts';
import { signAndEncodeTransaction } from '../../settlement/execution/transaction.ts';
import {
  deriveParties,
  fundingOf,
  type HttpAnswer,
  makeOrder,
  type OrderAnswer,
  type OrderClient,
  type RefusalBody,
  type TestOrder,
} from '../helpers/orderClients.ts';
import type { Funding } from './autobatchNetwork.ts';
import type { Load, Variant } from './autobatchRun.ts';

const SEED = 1;
const AMOUNT = 1000n;
/** More than any party pays. */
const FUNDS = 1_000_000_000_000n;
/** Requests under way at once: each node always has many, and what it may store together it does. */
const SENDERS = 64;
/**
 * What is sent and not confirmed, at most, where the engine is off: two blocks full and more. There is no queue but the mempool then,
 * where no order may wait for longer than about a minute.
 */
const OUTSTANDING_MAX = 1500;
/** How often a sender looks whether it may go on, and before it sends again what was refused for now, in ms. */
const LOOK_MS = 5;
const AGAIN_MS = 100;

/** One thing to send. @returns The id of the transaction it became, where it did at once. */
export type Parcel = (client: OrderClient) => Promise<Hash | undefined>;

export interface Cargo {
  readonly parcels: readonly Parcel[];
  /** Of `orders`; none for plain transfers. */
  readonly orders: readonly TestOrder[];
}

export function fundingOfLoad({ kind, parties }: Pick<Load, 'parties'> & Pick<Variant, 'kind'>): Funding {
  const payers = kind === 'transfers' ? transferPayers(parties) : deriveParties(SEED, parties);
  return fundingOf(payers, FUNDS);
}

/** @param orders - How many, of all parties in turns. Each pays the next one. */
export function makeCargo(kind: Variant['kind'], chainId: Hash, { orders: count, parties }: Load): Cargo {
  if (kind === 'transfers') return { parcels: makeTransfers(chainId, count, parties), orders: [] };
  const payers = deriveParties(SEED, parties);
  const orders = Array.from({ length: count }, (_, index) => {
    const [payer, payee] = [payers[index % parties], payers[(index + 1) % parties]];
    if (payer === undefined || payee === undefined) throw new RangeError('there are no parties');
    return makeOrder(chainId, payer, { to: payee.address, amount: AMOUNT, reference: `order-${index}` });
  });
  const parcels = orders.map(
    ({ body }, index): Parcel =>
      async (client) =>
        (await handOver(client, index, '/orders', body)).transaction_id,
  );
  return { parcels, orders };
}

function transferPayers(count: number) {
  return Array.from({ length: count }, (_, index) => deriveKeyHolder(SEED, `account/payer-${index}`));
}

/** A party stays with its node, so that its nonces come in order. */
function makeTransfers(chainId: Hash, count: number, parties: number): readonly Parcel[] {
  const crypto = createCrypto('full');
  const payers = transferPayers(parties).map(({ address, secretKey }) => ({
    address,
    signer: crypto.createSigner(secretKey),
  }));
  return Array.from({ length: count }, (_, index): Parcel => {
    const [payer, payee] = [payers[index % parties], payers[(index + 1) % parties]];
    if (payer === undefined || payee === undefined) throw new RangeError('there are no parties');
    const nonce = Math.floor(index / parties);
    const body = { type: 'transfer', to: payee.address, asset: 'UM', amount: AMOUNT } as const;
    const unsigned = { chainId, from: payer.address, nonce, expiresAtHeight: 0, onlyAtHeight: 0, body };
    const { bytes } = signAndEncodeTransaction(unsigned, payer.signer);
    const transaction = toHex(bytes);
    return async (client) => (await handOver(client, index % parties, '/transactions', { transaction })).id;
  });
}

/** Sends the same until it is taken. @throws {Error} It never will be. */
async function handOver(client: OrderClient, node: number, path: string, body: object): Promise<OrderAnswer> {
  for (;;) {
    const answer = await client.ask(node, path, body).catch(() => undefined);
    if (answer !== undefined && answer.status < 300) return answer.body;
    // Without an answer the node may have it: then it says so.
    if (answer !== undefined && !isForNow(answer))
      throw new Error(`${path} was answered with ${answer.status} ${JSON.stringify(answer.body)}`);
    await sleep(AGAIN_MS);
  }
}

function isForNow({ status, body }: HttpAnswer<RefusalBody>): boolean {
  // Blocks came so late that the transaction of an order was too old for the next: sent again it gets another time.
  return status === 429 || status === 503 || body.error.code === 'INPUT_EXPIRED';
}

/** What became of the sending of each parcel, in ms of this process; a hole: it was not sent in time. */
export interface Sent {
  readonly sentAtMs: number[];
  readonly answeredAtMs: number[];
  readonly transactionIds: (Hash | undefined)[];
}

/**
 * Sends everything, several at a time.
 * @param endMs - Nothing is sent later.
 * @param ended - How many are confirmed or failed by now.
 */
export async function sendCargo(
  client: OrderClient,
  kind: Variant['kind'],
  parcels: readonly Parcel[],
  { endMs, ended }: { readonly endMs: number; readonly ended: () => number },
): Promise<Sent> {
  const sent: Sent = { sentAtMs: [], answeredAtMs: [], transactionIds: [] };
  const outstandingMax = kind === 'engine' ? Number.POSITIVE_INFINITY : OUTSTANDING_MAX;
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let index = next; index < parcels.length; index = next) {
      next += 1;
      while (index - ended() >= outstandingMax && performance.now() < endMs) await sleep(LOOK_MS);
      if (performance.now() >= endMs) return;
      sent.sentAtMs[index] = performance.now();
      const transactionId = await parcels[index]?.(client);
      sent.answeredAtMs[index] = performance.now();
      sent.transactionIds[index] = transactionId;
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  return sent;
}
