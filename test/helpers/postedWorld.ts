/**
 * The `settlement` target in a pipeline: a settlement chain that takes posts as the real one does, and a sidechain that gives
 * them their turn and says of each input what a test wants. Both outlive the batcher and its adapter.
 */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { BatcherAdapter } from '../../node/batcher/adapters/adapter.ts';
import {
  SettlementAdapter,
  type SettlementAdapterOptions,
} from '../../node/batcher/adapters/settlementAdapter.ts';
import type { SettlementTargetPort } from '../../node/batcher/adapters/settlementTargetPort.ts';
import type { BatcherInput } from '../../node/batcher/input/types.ts';
import { inputTermsOf } from '../../node/core/inputTerms.ts';
import type { InputOutcome } from '../../node/core/reader.ts';
import type { PostAnswer, PostedAnswer, PostingClient } from '../../node/runtime/settlementPort.ts';
import { createGenesis } from '../../node/scenario/genesis.ts';
import { PostedInputs } from '../../settlement/chain/postedInputs.ts';
import { blockEpochMs } from '../../settlement/execution/inputBook.ts';
import { PostedQueue } from '../../settlement/execution/postedInputs.ts';
import { decodeTransaction } from '../../settlement/execution/transaction.ts';
import type { SettlementBlock, SettlementEvent } from '../../settlement/net/settlement.ts';
import { Layer, State } from '../../settlement/state.ts';
import { settlementBlock } from '../unit/settlement/net/netFixture.ts';
import { type BatcherWorld, createBatcherWorld, type WorldOptions } from './batcherWorld.ts';
import { scenarioOf } from './coreNetwork.ts';
import { signUserInput } from './userInputs.ts';

const { genesis } = createGenesis(scenarioOf('duration: 10s'));
const GAS_LIMIT = 10_000_000;

/** The settlement chain, as whoever posts there sees it. */
export class PostingChain implements PostingClient {
  #posts = new PostedInputs(GAS_LIMIT);
  readonly blocks: SettlementBlock[] = [];
  /** What arrived, in order, repeated or not. */
  readonly arrived: string[] = [];
  baseFee = 7n;
  isDown = false;
  /** Takes what comes and answers nothing. */
  losesAnswers = false;

  get head(): number {
    return this.blocks.length;
  }

  async post(bytes: Uint8Array): Promise<PostAnswer> {
    if (this.isDown) return { type: 'failed' };
    this.arrived.push(Buffer.from(bytes).toString('hex'));
    const added = this.#posts.add(bytes, 0);
    if (this.losesAnswers) return { type: 'timed_out' };
    return added.ok ? { type: 'accepted', ...added.value } : { type: 'refused', code: added.code };
  }

  async askPosted(hash: Hash): Promise<PostedAnswer> {
    if (this.isDown) return { type: 'timed_out' };
    const where = this.#posts.standingOf(hash);
    const settlementHeight = where.standing === 'included' ? where.settlementHeight : undefined;
    return {
      type: 'posted',
      ...{ standing: where.standing, settlementHeight, headHeight: this.head, nextBaseFee: this.baseFee },
    };
  }

  mine(): void {
    const events: SettlementEvent[] = [];
    const height = this.head + 1;
    this.#posts.take(events, { height, timestampMs: 1, gasLeft: GAS_LIMIT });
    this.blocks.push(settlementBlock(height, events));
  }

  /** The newest block is taken back. */
  reorganise(): void {
    const gone = this.blocks.pop();
    if (gone !== undefined) this.#posts.giveBack(gone, 0);
  }

  /** What waits is lost, as in a crash of whoever took it. */
  forget(): void {
    this.#posts = new PostedInputs(GAS_LIMIT);
  }
}

export class PostedWorld {
  readonly chain = new PostingChain();
  readonly pipeline: BatcherWorld;
  /** How the ledger executes an input, by its request id; left out: `ok`. `skipped` leaves no mark. */
  readonly results = new Map<string, string>();
  /** Request ids as they were executed, each time. */
  readonly executed: string[] = [];
  readonly #marks = new Map<string, InputOutcome>();
  readonly #state = new Layer();
  readonly #listeners = new Set<() => void>();
  #height = 0;
  #origin = 0;
  #salt = 0;
  finalizedTimestampMs: number;

  constructor(options: WorldOptions = {}) {
    this.pipeline = createBatcherWorld({ ...options, defaultTarget: 'settlement' });
    this.finalizedTimestampMs = this.pipeline.time.nowMs - blockEpochMs(genesis, 0);
  }

  readonly start = (options: Partial<SettlementAdapterOptions> = {}) =>
    this.pipeline.start({ adapters: { settlement: this.adapter(options) as BatcherAdapter } });

  /** A new one, which knows nothing of those before. */
  adapter(
    options: Partial<SettlementAdapterOptions> = {},
    chain: PostingClient = this.chain,
  ): SettlementAdapter {
    const random = (): number => {
      this.#salt += 1;
      return this.#salt / 1000;
    };
    const { wait } = this.pipeline.time;
    const port = { ...this.#port(), chain };
    return new SettlementAdapter(
      genesis,
      { gasLimit: GAS_LIMIT, feeCap: 1000n, ...options },
      { port, wait, random },
    );
  }

  input(number: number, text = `borrow|UM|${number}`): BatcherInput {
    const secretKey = new Uint8Array(32).fill(number + 1);
    return signUserInput(secretKey, {
      ...{ input: text, timestamp: this.pipeline.time.nowMs, target: 'settlement' },
    });
  }

  /**
   * A final block of the sidechain, which names the newest settlement block.
   * @param isFull - What comes with it finds no room in the queue.
   */
  finalize(isFull = false): void {
    this.#height += 1;
    const state = new State([this.#state]);
    const queue = new PostedQueue(state);
    const fresh = this.chain.blocks.filter(({ height }) => height > this.#origin);
    if (!isFull) queue.addBlocks(fresh);
    this.#origin = Math.max(this.#origin, this.chain.head);
    for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
      this.#execute(next.bytes);
      queue.shift();
    }
    queue.keep();
    this.#state.absorb(state.freeze());
    for (const listener of this.#listeners) listener();
  }

  #execute(bytes: Uint8Array): void {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) throw new Error(decoded.message);
    const { transaction, id: transactionId } = decoded.value;
    const requestId = inputTermsOf(transaction, genesis)?.requestId ?? '';
    const result = this.results.get(requestId) ?? 'ok';
    if (result === 'skipped' || this.#marks.has(requestId)) return;
    this.executed.push(requestId);
    this.#marks.set(requestId, { height: this.#height, transactionId, result });
  }

  #port(): Omit<SettlementTargetPort, 'chain'> {
    const reader = {
      block: (height: number) => ({ block: { header: { height, origin: { height: this.#origin } } } }),
      finalizedState: () => new State([this.#state]),
      finalizedTimestampMs: () => this.finalizedTimestampMs,
      inputOutcome: (requestId: Hash) => this.#marks.get(requestId),
      status: () => ({ finalizedHeight: this.#height }),
      transaction: () => undefined,
    };
    return {
      reader: () => reader as unknown as ReturnType<SettlementTargetPort['reader']>,
      onFinalized: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
  }
}
