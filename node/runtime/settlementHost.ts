/**
 * The mock settlement chain in real time: makes its blocks when they are due, takes transactions in, plays the faults of
 * scenarios, and keeps a log from which it goes on after any stop. Nobody hears of anything that the log might still lose.
 */
import type { Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash, SettlementHeight, TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { DoubleSettlementWatch } from '../../settlement/chain/doubleSettlementWatch.ts';
import type { MockSettlementChain } from '../../settlement/chain/mockChain.ts';
import {
  decodeSettlementTransaction,
  settlementTransactionHash,
} from '../../settlement/chain/transactionCodec.ts';
import type { CrossChainDeposit } from '../../settlement/net/crossChain.ts';
import { postedInputHash } from '../../settlement/net/postedInput.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { SettlementAnswer } from '../core/types.ts';
import type { SettlementChainFault } from '../scenario/types.ts';
import type { Conflict } from './conflictPoll.ts';
import { SettlementConflicts } from './settlementConflicts.ts';
import { SettlementFaults } from './settlementFaults.ts';
import { applyOperation, type ChainOperation, SettlementLog } from './settlementLog.ts';
import type { PostAnswer, PostedAnswer, SettlementQuestion } from './settlementPort.ts';
import type { Store } from './store.ts';
import type { Clock } from './systemClock.ts';

/** Blocks handed over in one answer. */
const BLOCKS_PER_ANSWER = 64;

/** What somebody who follows the chain has: the newest block that it still knows counts. */
export interface Known {
  readonly height: SettlementHeight;
  readonly hash: Hash;
}

/** No answer: the call failed, or nobody will hear. */
type Failure = Extract<SettlementAnswer, { type: 'failed' | 'timed_out' }>;

export interface SettlementHostOptions {
  readonly blockTimeMs: number;
}

export interface SettlementHostDependencies {
  /** Fresh from its genesis. */
  readonly chain: MockSettlementChain;
  /** Fresh, like the chain: what it knows comes from the log. */
  readonly doubleSettlements: DoubleSettlementWatch;
  readonly store: Store;
  readonly clock: Clock;
  /** Index of a validator by name, for faults that name one. */
  readonly indexOf: (name: string) => number | undefined;
  /** The log could not be written: the chain has stopped. */
  readonly onFailure: (error: unknown) => void;
  readonly random?: () => number;
  /** Told of what happens, for a log. */
  readonly observer?: SettlementObserver;
}

export interface SettlementObserver {
  block(block: SettlementBlock): void;
  refused(code: string): void;
  fault(fault: SettlementChainFault, on: boolean): void;
}

export class SettlementHost {
  readonly #blockTimeMs: number;
  readonly #dependencies: SettlementHostDependencies;
  readonly #chain: MockSettlementChain;
  readonly #log: SettlementLog;
  readonly #faults: SettlementFaults;
  readonly #conflicts: SettlementConflicts;
  /** Called when there is a new block, or a new conflict, or none will come. */
  readonly #blockWaiters = new Set<() => void>();
  readonly #conflictWaiters = new Set<() => void>();
  /** When the chain last moved: the next block is due one interval later. */
  #movedMs: TimeMs;
  #cancelTick: () => void = () => undefined;
  #isStopped = false;

  private constructor(options: SettlementHostOptions, dependencies: SettlementHostDependencies) {
    this.#blockTimeMs = options.blockTimeMs;
    this.#dependencies = dependencies;
    this.#chain = dependencies.chain;
    this.#log = new SettlementLog(dependencies.store);
    this.#conflicts = new SettlementConflicts(dependencies.doubleSettlements);
    this.#movedMs = dependencies.chain.genesis.timestampMs;
    this.#faults = new SettlementFaults({
      random: dependencies.random ?? Math.random,
      indexOf: dependencies.indexOf,
      perform: (operation) => this.#perform(operation),
      paceChanged: () => this.#scheduleTick(),
      stallEnded: () => {
        this.#movedMs = Math.max(this.#dependencies.clock.now(), this.#chain.head.timestampMs);
      },
    });
  }

  /**
   * Goes on where the log ends. A block that would have been due meanwhile is not made up for.
   * @throws {CodedError} `STORE_CORRUPT`, `STORE_UNREADABLE`.
   */
  static async open(
    options: SettlementHostOptions,
    dependencies: SettlementHostDependencies,
  ): Promise<SettlementHost> {
    const host = new SettlementHost(options, dependencies);
    await host.#log.replay(dependencies.chain, (operation) => {
      if (operation.type === 'submit' || operation.type === 'seen') host.#conflicts.arrived(operation.bytes);
    });
    const { timestampMs } = dependencies.chain.head;
    const nowMs = dependencies.clock.now();
    host.#movedMs = timestampMs + options.blockTimeMs > nowMs ? timestampMs : nowMs;
    host.#scheduleTick();
    return host;
  }

  /** The chain as it is now; only to look at. */
  get chain(): MockSettlementChain {
    return this.#chain;
  }

  /** A signed transaction comes in. @returns `timed_out` when a fault loses the answer: whoever called is to wait in vain. */
  async submit(bytes: Uint8Array): Promise<SettlementAnswer> {
    return this.#play(() => this.#take(bytes));
  }

  /** Somebody asks where a transaction is. */
  async ask(question: SettlementQuestion): Promise<SettlementAnswer> {
    return this.#play(() => ({ type: 'standing', standing: this.#chain.standingOf(question) }));
  }

  /** False for a fault that names a validator or an asset that this chain does not have. */
  canPlay(fault: SettlementChainFault): boolean {
    if (fault.kind === 'censor') return this.#dependencies.indexOf(fault.node) !== undefined;
    if (fault.kind !== 'slippage') return true;
    return this.#chain.reserves.some(({ asset }) => asset === fault.asset);
  }

  /** Turns a fault of a scenario on or off; an instant one happens when it is turned on. */
  async setFault(fault: SettlementChainFault, on: boolean): Promise<void> {
    this.#faults.set(fault, on);
    this.#dependencies.observer?.fault(fault, on);
    await this.#log.settled();
  }

  /** An account locks value for one of the sidechain; a later block carries it. @returns Why not, if not. */
  async deposit(deposit: CrossChainDeposit): Promise<Verdict<undefined, 'CROSS_CHAIN_DEPOSITS_FULL'>> {
    const verdict = this.#chain.deposit(deposit);
    if (verdict.ok) this.#append({ type: 'deposit', deposit });
    await this.#log.settled();
    return verdict;
  }

  /** Anybody posts bytes for the sidechain to execute. */
  async post(bytes: Uint8Array): Promise<PostAnswer> {
    return this.#play<PostAnswer>(() => {
      const nowMs = this.#dependencies.clock.now();
      const isNew = this.#chain.postStandingOf(postedInputHash(bytes)).standing === 'unknown';
      const verdict = this.#chain.post(bytes, nowMs);
      if (!verdict.ok) {
        this.#dependencies.observer?.refused(verdict.code);
        return { type: 'refused', code: verdict.code };
      }
      if (isNew) this.#append({ type: 'post', nowMs, bytes });
      return { type: 'accepted', hash: verdict.value.hash };
    });
  }

  /** Somebody asks where a post is. */
  async askPosted(hash: Hash): Promise<PostedAnswer> {
    return this.#play<PostedAnswer>(() => {
      const standing = this.#chain.postStandingOf(hash);
      const settlementHeight = standing.standing === 'included' ? standing.settlementHeight : undefined;
      const { head, nextBaseFee } = this.#chain;
      return {
        type: 'posted',
        standing: standing.standing,
        settlementHeight,
        headHeight: head.height,
        nextBaseFee,
      };
    });
  }

  blockAt(height: SettlementHeight): SettlementBlock | undefined {
    return this.#chain.blockAt(height);
  }

  /**
   * Blocks that somebody lacks, ascending, waiting for one to be made if there is none.
   * @param known - What it has, newest first. Blocks follow the first of these that is still on the chain.
   * @param fromHeight - The first it wants when it has none of the chain.
   * @returns Nothing, when none was made in time.
   */
  async blocksAfter(
    known: readonly Known[],
    fromHeight: SettlementHeight,
    waitMs: number,
  ): Promise<readonly SettlementBlock[]> {
    let blocks = this.#blocksAfter(known, fromHeight);
    if (blocks.length === 0 && waitMs > 0) {
      await this.#wait(this.#blockWaiters, waitMs);
      blocks = this.#blocksAfter(known, fromHeight);
    }
    await this.#log.settled();
    return blocks;
  }

  /**
   * Pairs by which proposers contradicted themselves in the mempool, waiting for one if there is none.
   * @param known - Proposers of whom nothing more need be said.
   * @returns Nothing, when none was found in time.
   */
  async conflictsBeside(known: readonly ValidatorIndex[], waitMs: number): Promise<readonly Conflict[]> {
    let conflicts = this.#conflicts.beside(known);
    if (conflicts.length === 0 && waitMs > 0) {
      await this.#wait(this.#conflictWaiters, waitMs);
      conflicts = this.#conflicts.beside(known);
    }
    await this.#log.settled();
    return conflicts;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTick();
    this.#wakeAll();
    await this.#log.close();
  }

  #blocksAfter(known: readonly Known[], fromHeight: SettlementHeight): readonly SettlementBlock[] {
    const common = known.find(({ height, hash }) => this.#chain.blockAt(height)?.hash === hash);
    const first = common === undefined ? fromHeight : common.height + 1;
    const blocks: SettlementBlock[] = [];
    for (let height = first; blocks.length < BLOCKS_PER_ANSWER; height += 1) {
      const block = this.#chain.blockAt(height);
      if (block === undefined) break;
      blocks.push(block);
    }
    return blocks;
  }

  #wait(waiters: Set<() => void>, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      waiters.add(done);
      if (this.#isStopped) done();
    });
  }

  /** Who waits is told once the log holds what there is to tell. */
  #wakeWhenSafe(waiters: ReadonlySet<() => void>): void {
    this.#log.settled().then(
      () => wake(waiters),
      () => undefined,
    );
  }

  #wakeAll(): void {
    wake(this.#blockWaiters);
    wake(this.#conflictWaiters);
  }

  /** Carries a call out as the faults have it. What was done is in the log before anybody is answered. */
  async #play<Answer>(carryOut: () => Answer): Promise<Answer | Failure> {
    const { times, outcome } = this.#faults.strike();
    let answer: Answer | Failure = { type: 'failed' };
    for (let time = 0; time < times; time += 1) answer = carryOut();
    await this.#log.settled();
    if (outcome === 'lost') return { type: 'timed_out' };
    return outcome === 'failed' ? { type: 'failed' } : answer;
  }

  #take(bytes: Uint8Array): SettlementAnswer {
    const nowMs = this.#dependencies.clock.now();
    const decoded = decodeSettlementTransaction(bytes);
    // What waits already is accepted again and changes nothing; resends are many, and the log keeps none of them.
    const isResend =
      decoded.ok &&
      this.#chain.standingOf({ ...decoded.value, hash: settlementTransactionHash(decoded.value) }) ===
        'waiting';
    const verdict = this.#chain.submit(bytes, nowMs);
    if (verdict.ok && !isResend) this.#append({ type: 'submit', nowMs, bytes });
    this.#watch(bytes);
    if (verdict.ok) return { type: 'accepted' };
    this.#dependencies.observer?.refused(verdict.code);
    return { type: 'refused', code: verdict.code };
  }

  /** What the chain refused is in no log otherwise, so both halves of a pair are written down beside it. */
  #watch(bytes: Uint8Array): void {
    const conflict = this.#conflicts.arrived(bytes);
    if (conflict === undefined) return;
    this.#append({ type: 'seen', bytes: conflict.first });
    this.#append({ type: 'seen', bytes: conflict.second });
    this.#wakeWhenSafe(this.#conflictWaiters);
  }

  #perform(operation: ChainOperation): void {
    applyOperation(this.#chain, operation);
    this.#append(operation);
  }

  #append(operation: ChainOperation): void {
    this.#log.append(operation).catch((error: unknown) => this.#fail(error));
  }

  #scheduleTick(): void {
    this.#cancelTick();
    if (this.#isStopped || this.#faults.isStalled) return;
    const intervalMs = Math.round(this.#blockTimeMs * this.#faults.slowFactor);
    const dueMs = this.#movedMs + intervalMs;
    this.#cancelTick = this.#dependencies.clock.callAt(dueMs, () => this.#tick(dueMs, intervalMs));
  }

  /** A machine that slept makes the block now, not those that would have been due. */
  #tick(dueMs: TimeMs, intervalMs: number): void {
    const nowMs = this.#dependencies.clock.now();
    const timestampMs = nowMs - dueMs < intervalMs ? dueMs : nowMs;
    this.#movedMs = timestampMs;
    this.#perform({ type: 'produce', timestampMs });
    this.#dependencies.observer?.block(this.#chain.head);
    this.#scheduleTick();
    this.#wakeWhenSafe(this.#blockWaiters);
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancelTick();
    this.#wakeAll();
    this.#dependencies.onFailure(error);
  }
}

function wake(waiters: ReadonlySet<() => void>): void {
  for (const waiter of [...waiters]) waiter();
}
