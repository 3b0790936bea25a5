/**
 * What the demo's users have handed to batchers and not seen end yet: each signed input is kept until somebody knows what
 * became of it, and one whose answer was lost goes to another node, which is safe, since it is executed once wherever it is sent.
 */
import { BatcherClient, type SendResult } from '../../batcher/client/batcherClient.ts';
import { type SignedInput, signInput } from '../../batcher/client/signedInput.ts';
import { createEvmSigner } from '../../batcher/client/signer.ts';
import type { RingNode } from './nodeRing.ts';

/** A node that takes longer than this to answer is passed over, in ms. */
const ANSWER_TIMEOUT_MS = 2000;
/** After as many blocks nobody waits for an input any more: the node that took it is gone, or its target is. */
const PATIENCE_BLOCKS = 30;

interface Errand {
  readonly data: SignedInput;
  readonly sinceHeight: number;
  /** Who took it and under which id; undefined: nobody answered. */
  readonly takenBy: { readonly node: RingNode; readonly requestId: string } | undefined;
}

export class SentInputs {
  readonly #clients = new Map<string, BatcherClient>();
  /** By account: one at a time each, since what comes next depends on it. */
  readonly #errands = new Map<number, Errand>();
  /** By account: the block that executed its last input. */
  readonly #endedAtHeight = new Map<number, number>();

  /** @param finalizedHeight - Of the node that says how the account stands: one that lags does not know of its last input. */
  isOpen(account: number, finalizedHeight: number): boolean {
    return this.#errands.has(account) || finalizedHeight < (this.#endedAtHeight.get(account) ?? 0);
  }

  /** Asks after all that is open, and sends on what nobody has taken. @returns How many were taken now. */
  async review(node: RingNode, height: number, signal: AbortSignal): Promise<number> {
    const reviewed = [...this.#errands].map(async ([account, errand]) => {
      if (errand.takenBy === undefined) return this.#hand(node, account, errand, signal);
      const { requestId } = errand.takenBy;
      const seen = await this.#clientOf(errand.takenBy.node).status(requestId, signal);
      if (seen.outcome === 'found' && seen.input.rollup !== undefined)
        this.#endedAtHeight.set(account, seen.input.rollup);
      const isEnded = seen.outcome === 'found' && ['confirmed', 'failed'].includes(seen.input.state);
      const isLost = seen.outcome === 'forgotten' || height > errand.sinceHeight + PATIENCE_BLOCKS;
      if (isEnded || isLost) this.#errands.delete(account);
      return 0;
    });
    return (await Promise.all(reviewed)).reduce<number>((sum, taken) => sum + taken, 0);
  }

  /** Signs an input of an account and sends it. @returns 1 where the node took it, else 0. */
  async send(
    node: RingNode,
    wish: {
      readonly account: number;
      readonly secretKey: string;
      readonly input: string;
      readonly namespace: string;
    },
    height: number,
    signal: AbortSignal,
  ): Promise<number> {
    const { account, secretKey, input, namespace } = wish;
    const signed = { input, target: 'sidechain', timestampMs: Date.now() };
    const data = await signInput(signed, createEvmSigner(secretKey), namespace);
    return this.#hand(node, account, { data, sinceHeight: height, takenBy: undefined }, signal);
  }

  async #hand(node: RingNode, account: number, errand: Errand, signal: AbortSignal): Promise<number> {
    this.#errands.set(account, errand);
    const sent: SendResult = await this.#clientOf(node).resend(errand.data, {
      confirmationLevel: 'no-wait',
      signal,
    });
    if (sent.outcome === 'accepted') {
      this.#errands.set(account, { ...errand, takenBy: { node, requestId: sent.requestId } });
      return 1;
    }
    // What is refused is planned anew; what got no answer may have been taken.
    if (sent.outcome !== 'unanswered') this.#errands.delete(account);
    return 0;
  }

  #clientOf({ api }: RingNode): BatcherClient {
    const known = this.#clients.get(api);
    if (known !== undefined) return known;
    const retry = { attemptsMax: 1, answerTimeoutMs: ANSWER_TIMEOUT_MS };
    const client = new BatcherClient({ url: api, retry });
    this.#clients.set(api, client);
    return client;
  }
}
