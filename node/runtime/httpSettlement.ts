/**
 * A client of a settlement chain over JSON-RPC. Every call has a time limit. Of several addresses it uses one until that
 * fails, then the next. It believes nothing that does not decode; the hashes of blocks are computed here.
 */
import { z } from 'zod';
import { fromHex, toHex } from '../../consensus/primitives/bytes.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import type { Hash, SettlementHeight } from '../../consensus/primitives/flavor.ts';
import type { SettlementPair } from '../../settlement/chain/doubleSettlementWatch.ts';
import { decodeSettlementTransaction } from '../../settlement/chain/transactionCodec.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import { decodeSettlementBlock } from '../../settlement/net/settlementBlock.ts';
import type { SettlementAnswer } from '../core/types.ts';
import { type Conflict, ConflictPoll } from './conflictPoll.ts';
import { SettlementPoll } from './settlementPoll.ts';
import type {
  PostAnswer,
  PostedAnswer,
  PostingClient,
  SettlementClient,
  SettlementQuestion,
} from './settlementPort.ts';

/** A call without an answer has failed after this long unless told otherwise, in ms: less than half a settlement block. */
const CALL_TIMEOUT_MS = 2000;
/** How long a question for blocks, or for conflicts, waits for one, in ms. */
const WAIT_MS = 20_000;
/** Largest answer, in bytes: 64 blocks full of settlements, in hex. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

const hexBytes = z.string().regex(/^0x(?:[0-9a-f]{2})*$/);

const hash32 = z.string().regex(/^0x[0-9a-f]{64}$/);

const answers = {
  submit: z.union([
    z.object({ type: z.literal('accepted') }),
    z.object({ type: z.literal('refused'), code: z.string() }),
  ]),
  standing: z.object({
    type: z.literal('standing'),
    standing: z.enum(['settled', 'reverted', 'waiting', 'unknown']),
  }),
  post: z.union([
    z.object({ type: z.literal('accepted'), hash: hash32 }),
    z.object({ type: z.literal('refused'), code: z.string() }),
  ]),
  posted: z.object({
    standing: z.enum(['included', 'waiting', 'unknown']),
    settlement_height: z.int().nonnegative().nullable(),
    head_height: z.int().nonnegative(),
    next_base_fee: z.string().regex(/^[0-9]{1,39}$/),
  }),
  blocks: z.array(hexBytes),
  conflicts: z.array(z.tuple([hexBytes, hexBytes])),
  info: z.object({ chain_id: z.string(), genesis_hash: z.string(), height: z.number() }),
};

const response = z.object({ jsonrpc: z.literal('2.0'), result: z.unknown().optional() });

export interface HttpSettlementOptions {
  /** At least one. */
  readonly urls: readonly string[];
  readonly callTimeoutMs?: number;
}

export class HttpSettlement implements SettlementClient, PostingClient {
  readonly #urls: readonly string[];
  readonly #callTimeoutMs: number;
  readonly #poll: SettlementPoll;
  readonly #conflicts: ConflictPoll;
  readonly #stopped = new AbortController();
  /** The address that answered last. */
  #current = 0;
  #lastId = 0;

  constructor(options: HttpSettlementOptions) {
    this.#urls = options.urls;
    this.#callTimeoutMs = options.callTimeoutMs ?? CALL_TIMEOUT_MS;
    this.#poll = new SettlementPoll(async (known, fromHeight, signal) => {
      const given = {
        known: known.map(({ height, hash }) => [height, hash]),
        from_height: fromHeight,
        wait_ms: WAIT_MS,
      };
      const blocks = await this.#waitFor('settlement_blocks', given, answers.blocks, signal);
      return blocks.map(readBlock);
    });
    this.#conflicts = new ConflictPoll(async (known, signal) => {
      const given = { known, wait_ms: WAIT_MS };
      const pairs = await this.#waitFor('settlement_conflicts', given, answers.conflicts, signal);
      return pairs.map(readConflict);
    });
  }

  /**
   * Asks whether this is the right chain, before anything depends on it.
   * @throws {CodedError} `SETTLEMENT_UNREACHABLE`, `SETTLEMENT_OTHER_CHAIN`.
   */
  async check(wanted: { readonly chainId: Hash; readonly genesisHash: Hash }): Promise<void> {
    const info = await this.#tryAll('settlement_info', {}, answers.info);
    if (info.type !== 'answered') {
      throw new CodedError(
        'SETTLEMENT_UNREACHABLE',
        `no settlement chain answers at ${this.#urls.join(', ')}: start it, or correct settlement_chain.urls`,
        { urls: this.#urls },
      );
    }
    const { chain_id: chainId, genesis_hash: genesisHash } = info.value;
    if (chainId === wanted.chainId && genesisHash === wanted.genesisHash) return;
    throw new CodedError(
      'SETTLEMENT_OTHER_CHAIN',
      `the settlement chain at ${this.#url} was made for another genesis: correct settlement_chain.urls, or start both ` +
        'with the same configuration',
      { chainId, genesisHash, chainIdWanted: wanted.chainId, genesisHashWanted: wanted.genesisHash },
    );
  }

  async submit(bytes: Uint8Array): Promise<SettlementAnswer> {
    const outcome = await this.#tryAll('settlement_submit', { transaction: toHex(bytes) }, answers.submit);
    return outcome.type === 'answered' ? outcome.value : outcome;
  }

  async ask(question: SettlementQuestion): Promise<SettlementAnswer> {
    const outcome = await this.#tryAll('settlement_standing', { ...question }, answers.standing);
    return outcome.type === 'answered' ? outcome.value : outcome;
  }

  async post(bytes: Uint8Array): Promise<PostAnswer> {
    const outcome = await this.#tryAll('settlement_post', { bytes: toHex(bytes) }, answers.post);
    return outcome.type === 'answered' ? outcome.value : outcome;
  }

  async askPosted(hash: Hash): Promise<PostedAnswer> {
    const outcome = await this.#tryAll('settlement_posted', { hash }, answers.posted);
    if (outcome.type !== 'answered') return outcome;
    const { standing, settlement_height, head_height, next_base_fee } = outcome.value;
    return {
      type: 'posted',
      standing,
      settlementHeight: settlement_height ?? undefined,
      headHeight: head_height,
      nextBaseFee: BigInt(next_base_fee),
    };
  }

  follow(fromHeight: SettlementHeight, deliver: (block: SettlementBlock) => Promise<void>): void {
    this.#poll.follow(fromHeight, deliver);
  }

  watchConflicts(deliver: (pair: SettlementPair) => Promise<void>): void {
    this.#conflicts.start(deliver);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all([this.#poll.stop(), this.#conflicts.stop()]);
  }

  get #url(): string {
    return this.#urls[this.#current % this.#urls.length] ?? '';
  }

  #giveUp(url: string): void {
    if (url === this.#url) this.#current = (this.#current + 1) % this.#urls.length;
  }

  /** One address after the other while calls fail at once; what took too long may have been carried out, and is not repeated. */
  async #tryAll<Result>(
    method: string,
    params: object,
    shape: z.ZodType<Result>,
  ): Promise<
    { readonly type: 'answered'; readonly value: Result } | { readonly type: 'failed' | 'timed_out' }
  > {
    for (let tries = 0; tries < this.#urls.length; tries += 1) {
      const url = this.#url;
      const options = { timeoutMs: this.#callTimeoutMs, signal: this.#stopped.signal };
      try {
        return { type: 'answered', value: await this.#call(url, method, params, shape, options) };
      } catch (error) {
        this.#giveUp(url);
        if (error instanceof Error && error.name === 'TimeoutError') return { type: 'timed_out' };
        if (this.#stopped.signal.aborted) break;
      }
    }
    return { type: 'failed' };
  }

  /** A question that may wait for its answer. */
  async #waitFor<Result>(
    method: string,
    params: object,
    shape: z.ZodType<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    const url = this.#url;
    try {
      const timeoutMs = WAIT_MS + this.#callTimeoutMs;
      return await this.#call(url, method, params, shape, { timeoutMs, signal });
    } catch (error) {
      this.#giveUp(url);
      throw error;
    }
  }

  async #call<Result>(
    url: string,
    method: string,
    params: object,
    shape: z.ZodType<Result>,
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Result> {
    this.#lastId += 1;
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: this.#lastId, method, params }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    if (!answer.ok) throw new Error(`HTTP status ${answer.status}`);
    const { result } = response.parse(JSON.parse(await readText(answer)));
    return shape.parse(result);
  }
}

async function readText(answer: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let byteCount = 0;
  for await (const chunk of answer.body ?? []) {
    byteCount += chunk.length;
    if (byteCount > ANSWER_BYTES_MAX) throw new Error('the answer is too large');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function readBlock(text: string): SettlementBlock {
  const decoded = decodeSettlementBlock(fromHex(text));
  if (!decoded.ok) throw new Error(decoded.message);
  return decoded.value;
}

/** What the pair proves is judged by the node; here it only must be one. */
function readConflict([one, other]: readonly [string, string]): Conflict {
  const [first, second] = [fromHex(one), fromHex(other)];
  const decoded = decodeSettlementTransaction(first);
  if (!decoded.ok) throw new Error(decoded.message);
  return { proposer: decoded.value.proposer, first, second };
}
