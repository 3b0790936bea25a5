/**
 * Sends a trace, or what a generator makes, to a devnet in real time: what belongs to a block goes out when the block
 * before is final, for any height, since blocks come when they come. Each sender's transactions go out in their order, and
 * their nonces say where a chain that was continued stands: nothing is sent twice and nothing is left out.
 */
import { toHex } from '../../../consensus/primitives/bytes.ts';
import type { Crypto } from '../../../consensus/primitives/signature.ts';
import { signAndEncodeTransaction } from '../../../settlement/execution/transaction.ts';
import type { AccountAnswer } from '../../api/ledgerRoutes.ts';
import type { PreparedTransaction, TransactionFeed } from '../../scenario/timeline.ts';
import { getJson, postJson } from '../apiClient.ts';
import { NodeRing, type RingNode } from './nodeRing.ts';
import { Rounds } from './rounds.ts';

/** A node that takes longer than this to answer is passed over, in ms. */
const ANSWER_TIMEOUT_MS = 5000;
/** Most transactions that wait to be sent; the rest of a dense trace waits in its file. */
const WAITING_MAX = 10_000;
/** Most senders served at once: enough to keep a node busy, few enough to leave it time for its votes. */
const SENDERS_AT_ONCE = 16;
/** Refusals that another try answers. */
const retryCodes: readonly string[] = [
  'NODE_UNREACHABLE',
  'NODE_OVERLOADED',
  'NODE_STOPPED',
  'INTERNAL',
  'MEMPOOL_FULL',
  'MEMPOOL_SENDER_FULL',
  'LEDGER_NONCE_AHEAD',
];

export interface ReplayOptions {
  /** Hash of the chain's rules, as transactions name it. */
  readonly chainId: string;
  readonly nodes: readonly RingNode[];
  /** A transaction that no try will bring in; it is left out. */
  readonly onRefused: (code: string) => void;
}

export class ReplayWorkload {
  readonly #options: ReplayOptions;
  readonly #feed: TransactionFeed;
  readonly #crypto: Crypto;
  readonly #ring: NodeRing;
  readonly #rounds = new Rounds((height, stop) => this.#round(height, stop));
  /** By sender, in order. */
  readonly #waiting = new Map<string, PreparedTransaction[]>();
  /** The first nonce that no final block had used when the sender was first asked about. */
  readonly #firstNonces = new Map<string, number>();
  #waitingCount = 0;
  #fedHeight = 0;
  #acceptedCount = 0;

  constructor(options: ReplayOptions, feed: TransactionFeed, crypto: Crypto) {
    this.#options = options;
    this.#feed = feed;
    this.#crypto = crypto;
    this.#ring = new NodeRing(options.nodes, () => performance.now());
  }

  /** Transactions that nodes took. */
  get acceptedCount(): number {
    return this.#acceptedCount;
  }

  noteHeight(height: number): void {
    this.#rounds.noteHeight(height);
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #round(height: number, stop: AbortSignal): Promise<void> {
    const [node] = this.#ring.order();
    if (node === undefined) return;
    // What was sent in an earlier life costs no time, so a continued chain is caught up with in one round.
    do {
      while (this.#fedHeight <= height && this.#waitingCount < WAITING_MAX) this.#feedNext();
      await this.#serveAll(node, stop);
    } while (this.#fedHeight <= height && this.#waitingCount === 0 && !stop.aborted);
  }

  async #serveAll(node: RingNode, stop: AbortSignal): Promise<void> {
    const senders = [...this.#waiting.keys()];
    const serveNext = async (): Promise<void> => {
      for (let sender = senders.shift(); sender !== undefined; sender = senders.shift()) {
        if (!(await this.#serve(node, sender, stop))) return;
      }
    };
    await Promise.all(Array.from({ length: SENDERS_AT_ONCE }, serveNext));
  }

  #feedNext(): void {
    this.#fedHeight += 1;
    for (const transaction of this.#feed.prepareBlock(this.#fedHeight)) {
      const { address } = transaction.sender;
      const queue = this.#waiting.get(address);
      if (queue === undefined) this.#waiting.set(address, [transaction]);
      else queue.push(transaction);
      this.#waitingCount += 1;
    }
  }

  /** Sends what a sender has waiting. @returns Whether the node is worth another sender. */
  async #serve(node: RingNode, address: string, stop: AbortSignal): Promise<boolean> {
    const queue = this.#waiting.get(address) ?? [];
    try {
      const firstNonce = await this.#firstNonceOf(node, address, stop);
      for (let next = queue[0]; next !== undefined; next = queue[0]) {
        if (stop.aborted) return false;
        if (next.nonce >= firstNonce) await this.#send(node, next, stop);
        queue.shift();
        this.#waitingCount -= 1;
      }
      this.#waiting.delete(address);
      return true;
    } catch (error) {
      const code = codeOf(error);
      if (code === 'NODE_UNREACHABLE') this.#ring.noteFailure(node);
      return code === 'MEMPOOL_SENDER_FULL' || code === 'LEDGER_NONCE_AHEAD';
    }
  }

  async #firstNonceOf({ api }: RingNode, address: string, stop: AbortSignal): Promise<number> {
    const known = this.#firstNonces.get(address);
    if (known !== undefined) return known;
    const ask = { timeoutMs: ANSWER_TIMEOUT_MS, signal: stop };
    const { nonce } = (await getJson(api, `/accounts/${address}`, ask)) as unknown as AccountAnswer;
    this.#firstNonces.set(address, nonce);
    return nonce;
  }

  /** @throws {CodedError} Another try is needed. */
  async #send(
    { api }: RingNode,
    { sender, nonce, body }: PreparedTransaction,
    stop: AbortSignal,
  ): Promise<void> {
    const { bytes } = signAndEncodeTransaction(
      {
        chainId: this.#options.chainId,
        from: sender.address,
        nonce,
        expiresAtHeight: 0,
        onlyAtHeight: 0,
        body,
      },
      this.#crypto.createSigner(sender.secretKey),
    );
    const ask = { timeoutMs: ANSWER_TIMEOUT_MS, signal: stop };
    try {
      await postJson(api, '/transactions', { transaction: toHex(bytes) }, ask);
      this.#acceptedCount += 1;
    } catch (error) {
      const code = codeOf(error);
      if (retryCodes.includes(code)) throw error;
      // Taken before, by this node or another.
      if (code !== 'LEDGER_NONCE_USED' && code !== 'MEMPOOL_NONCE_TAKEN') this.#options.onRefused(code);
    }
  }
}

function codeOf(error: unknown): string {
  return String((error as { readonly code?: unknown }).code);
}
