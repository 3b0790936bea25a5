/**
 * Parties of a devnet that send signed orders to the HTTP API of its nodes, many at once, and see what becomes of them. What
 * gets no answer, or one that says later, is sent again as it is: a reference stands for one order.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { toHex } from '../../consensus/primitives/bytes.ts';
import type { Address, Amount, Hash } from '../../consensus/primitives/flavor.ts';
import { deriveSecretKey } from '../../consensus/primitives/keys.ts';
import { evmAddressOf } from '../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../consensus/primitives/secp256k1.ts';
import { deriveKeyHolder } from '../../node/scenario/genesis.ts';
import {
  type OrderTerms,
  orderIdOf,
  signOrder,
  signOrderAsEvmAccount,
} from '../../settlement/atomic/order.ts';

/** Requests under way at once. */
const CONCURRENCY = 16;
/** Pause before something is sent or asked again, in ms. */
const PAUSE_MS = 500;
/** Longest wait for one answer, in ms. */
const ANSWER_MS_MAX = 15_000;
/** For what hangs, in ms. */
const LIMIT_MS = 300_000;

export interface OrderParty {
  readonly address: Address;
  sign(orderId: Hash): Uint8Array;
}

/** Body of `POST /orders`. */
export interface OrderBody {
  readonly from: Address;
  readonly to: Address;
  readonly asset: string;
  /** Decimal, in smallest units. */
  readonly amount: string;
  readonly reference: string;
  readonly last_height?: number;
  readonly signature: string;
}

export interface TestOrder {
  readonly id: Hash;
  readonly body: OrderBody;
}

/** The part of an order as a node answers it that tests read. */
export interface OrderAnswer {
  readonly id: Hash;
  readonly from: Address;
  readonly to: Address;
  readonly asset: string;
  readonly amount: string;
  readonly reference: string;
  readonly status: 'Queued' | 'Dequeue';
  readonly outcome: 'pending' | 'confirmed' | 'failed';
  readonly repeat?: boolean;
  readonly transaction_id?: Hash;
  readonly batch?: { readonly id: Hash; readonly status: string; readonly attempts: number };
  readonly releases?: number;
  /** Code of what the ledger said last. */
  readonly failure?: string;
  readonly receipt?: {
    readonly id: Hash;
    readonly from: Address;
    readonly to: Address;
    readonly asset: string;
    readonly gross: string;
    readonly net: string;
    readonly fee: string;
    readonly height: number;
  };
}

export interface HttpAnswer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** A refusal, as every route answers it. */
export interface RefusalBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly retryable: boolean;
    readonly details: Readonly<Record<string, unknown>>;
  };
}

/** Parties that follow from a seed: ed25519 keys and EVM accounts in turns. Genesis has to fund them (`fundingOf`). */
export function deriveParties(seed: number, count: number): readonly OrderParty[] {
  return Array.from({ length: count }, (_, index): OrderParty => {
    const label = `account/party-${index}`;
    if (index % 2 === 0) {
      const { address, secretKey } = deriveKeyHolder(seed, label);
      return { address, sign: (orderId) => signOrder(secretKey, orderId) };
    }
    const secretKey = deriveSecretKey(seed, label);
    const address = evmAddressOf(secp256k1.publicKeyOf(secretKey));
    return { address, sign: (orderId) => signOrderAsEvmAccount(secretKey, orderId) };
  });
}

/** Entries of `ledger.accounts` in config.yaml that give each party so much. */
export function fundingOf(parties: readonly Pick<OrderParty, 'address'>[], amount: Amount, asset = 'UM') {
  return parties.map(({ address }) => ({ address, balances: { [asset]: String(amount) } }));
}

export function makeOrder(
  chainId: Hash,
  party: OrderParty,
  terms: Pick<OrderTerms, 'to' | 'amount' | 'reference'> & Partial<OrderTerms>,
): TestOrder {
  const { lastHeight, ...whole } = { asset: 'UM', ...terms, from: party.address };
  const id = orderIdOf(chainId, { ...whole, lastHeight });
  const body = { ...whole, amount: String(whole.amount), signature: toHex(party.sign(id)) };
  return { id, body: lastHeight === undefined ? body : { ...body, last_height: lastHeight } };
}

export interface OrderClientOptions {
  /** Addresses of the nodes, as `http://host:port`. */
  readonly apis: readonly string[];
  readonly concurrency?: number;
  /** Longest time until one order is taken, or has an outcome, in ms. */
  readonly limitMs?: number;
}

export class OrderClient {
  readonly #options: OrderClientOptions;
  /** Orders that some node acknowledged, so far. */
  acknowledged = 0;
  /** Requests that were sent again, for want of an answer or because a node asked for it. */
  repeated = 0;

  constructor(options: OrderClientOptions) {
    this.#options = options;
  }

  /** One request to one node, once. @throws {Error} Without an answer. */
  async ask<Body = OrderAnswer & RefusalBody>(
    node: number,
    path: string,
    body?: unknown,
  ): Promise<HttpAnswer<Body>> {
    const { apis } = this.#options;
    const init =
      body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(`${apis[node % apis.length]}${path}`, {
      ...init,
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
  }

  /** Sends an order, to the next node whenever one does not take it now. @returns As the node that took it shows it. */
  async send(node: number, { body }: TestOrder): Promise<OrderAnswer> {
    const taken = await this.#insist(node, '/orders', body);
    this.acknowledged += 1;
    return taken;
  }

  /** Sends all of them, each to the next node, several at a time. @returns The answers in the order of the orders. */
  sendAll(orders: readonly TestOrder[]): Promise<readonly OrderAnswer[]> {
    return this.#each(orders, (order, index) => this.send(index, order));
  }

  /** The order, once it has an outcome, and its receipt if it is paid: an engine may know that before this node has the block. */
  async outcomeOf(node: number, id: Hash): Promise<OrderAnswer> {
    const endMs = this.#endMs();
    for (;;) {
      const order = await this.#insist(node, `/orders/${id}`);
      if (order.outcome === 'failed' || order.receipt !== undefined) return order;
      if (performance.now() > endMs) throw new Error(`${id} is still pending: ${JSON.stringify(order)}`);
      await sleep(PAUSE_MS);
    }
  }

  /** All of them, once each has an outcome, each as the next node shows it. */
  outcomesOf(orders: readonly Pick<TestOrder, 'id'>[]): Promise<readonly OrderAnswer[]> {
    return this.#each(orders, ({ id }, index) => this.outcomeOf(index, id));
  }

  async #insist(node: number, path: string, body?: unknown): Promise<OrderAnswer> {
    const endMs = this.#endMs();
    let last = 'no answer';
    for (let attempt = 0; performance.now() < endMs; attempt += 1) {
      if (attempt > 0) {
        this.repeated += 1;
        await sleep(PAUSE_MS);
      }
      const answer = await this.ask(node + attempt, path, body).catch((error: Error) => error);
      if (answer instanceof Error) {
        last = answer.message;
        continue;
      }
      if (answer.status < 300) return answer.body;
      last = `${answer.status} ${JSON.stringify(answer.body)}`;
      if (!answer.body.error.retryable) throw new Error(`${path} was answered with ${last}`);
    }
    throw new Error(`${path} was not answered in time; last: ${last}`);
  }

  async #each<Item, Value>(
    items: readonly Item[],
    work: (item: Item, index: number) => Promise<Value>,
  ): Promise<readonly Value[]> {
    const values: Value[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let index = next; index < items.length; index = next) {
        next += 1;
        values[index] = await work(items[index] as Item, index);
      }
    };
    const workers = Array.from({ length: this.#options.concurrency ?? CONCURRENCY }, worker);
    try {
      await Promise.all(workers);
    } finally {
      // After a failure nothing more is begun.
      next = items.length;
    }
    return values;
  }

  #endMs(): number {
    return performance.now() + (this.#options.limitMs ?? LIMIT_MS);
  }
}
