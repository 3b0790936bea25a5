/** A client of a settlement chain in the same process: no wire, the same answers. The chain may come and go. */
import type { Hash, SettlementHeight } from '../../consensus/primitives/flavor.ts';
import type { SettlementPair } from '../../settlement/chain/doubleSettlementWatch.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { SettlementAnswer } from '../core/types.ts';
import { ConflictPoll } from './conflictPoll.ts';
import type { SettlementHost } from './settlementHost.ts';
import { SettlementPoll } from './settlementPoll.ts';
import type {
  PostAnswer,
  PostedAnswer,
  PostingClient,
  SettlementClient,
  SettlementQuestion,
} from './settlementPort.ts';

/** Longest wait for a new block, or for news of a conflict, in one go, in ms. */
const WAIT_MS = 10_000;

const failed: SettlementAnswer = { type: 'failed' };
const noAnswer = { type: 'failed' } as const;

export class LocalSettlement implements SettlementClient, PostingClient {
  readonly #host: () => SettlementHost | undefined;
  readonly #poll: SettlementPoll;
  readonly #conflicts: ConflictPoll;

  /** @param host - The chain as it runs now; undefined while it does not. */
  constructor(host: () => SettlementHost | undefined) {
    this.#host = host;
    this.#poll = new SettlementPoll(async (known, fromHeight) => {
      const running = host();
      if (running === undefined) throw new Error('the settlement chain does not run');
      return running.blocksAfter(known, fromHeight, WAIT_MS);
    });
    this.#conflicts = new ConflictPoll(async (known) => {
      const running = host();
      if (running === undefined) throw new Error('the settlement chain does not run');
      return running.conflictsBeside(known, WAIT_MS);
    });
  }

  async submit(bytes: Uint8Array): Promise<SettlementAnswer> {
    return this.#host()?.submit(bytes) ?? failed;
  }

  async ask(question: SettlementQuestion): Promise<SettlementAnswer> {
    return this.#host()?.ask(question) ?? failed;
  }

  async post(bytes: Uint8Array): Promise<PostAnswer> {
    return this.#host()?.post(bytes) ?? noAnswer;
  }

  async askPosted(hash: Hash): Promise<PostedAnswer> {
    return this.#host()?.askPosted(hash) ?? noAnswer;
  }

  follow(fromHeight: SettlementHeight, deliver: (block: SettlementBlock) => Promise<void>): void {
    this.#poll.follow(fromHeight, deliver);
  }

  watchConflicts(deliver: (pair: SettlementPair) => Promise<void>): void {
    this.#conflicts.start(deliver);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#poll.stop(), this.#conflicts.stop()]);
  }
}
