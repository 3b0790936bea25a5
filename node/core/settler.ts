/**
 * This node's part in settlement: begins the duties it holds once their assigning block is final, carries the
 * submitter's transactions out through outbox and courier, and tells the peers when one of its own was included.
 */
import type { Header } from '../../consensus/block.ts';
import type { Hash, Height, SettlementHeight, TimeMs } from '../../consensus/primitives/flavor.ts';
import type { Certificate } from '../../consensus/vote.ts';
import { type Submission, Submitter } from '../../settlement/chain/submitter.ts';
import {
  isRescueOpen,
  lastAttempt,
  oldestPendingBatch,
  pendingBatch,
  pendingBatches,
} from '../../settlement/net/netState.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { NetFact, SealedBatch } from '../../settlement/net/types.ts';
import type { State } from '../../settlement/state.ts';
import { signAndEncodeCompletion } from './completion.ts';
import { Courier } from './courier.ts';
import type { NodeDependencies, NodeOptions } from './ports.ts';
import { pausedWrite, type StoredBlock } from './store.ts';
import type { Output, RecoveredRow, SettlementAnswer, Write } from './types.ts';

/** What the settler needs of the node around it. */
export interface SettlerHost {
  output(output: Output): void;
  nowMs(): TimeMs;
  finalizedState(): State;
  /** A final block by height, with its certificate if it has one. */
  storedBlock(height: Height): StoredBlock | undefined;
  newestSettlementBlock(): SettlementBlock | undefined;
  /** The own block of the settlement chain at a height; undefined where it has none. */
  settlementBlockAt(height: SettlementHeight): SettlementBlock | undefined;
  /** While true nothing may be sent: the node lost its disk. */
  isSilent(): boolean;
}

export class Settler {
  readonly #options: NodeOptions;
  readonly #dependencies: NodeDependencies;
  readonly #host: SettlerHost;
  readonly #submitter: Submitter;
  readonly #courier: Courier;
  /** Submissions that were begun while the node had to be silent or knew no settlement block. */
  #isBehind = true;
  #isPaused = false;

  constructor(options: NodeOptions, dependencies: NodeDependencies, host: SettlerHost) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#host = host;
    this.#courier = new Courier({
      output: (output) => host.output(output),
      nowMs: () => host.nowMs(),
      isSilent: () => this.#isSilent(),
      isOnDuty: () => this.#isOnDuty(),
    });
    this.#submitter = new Submitter(
      {
        chainId: options.genesis.chainId,
        self: options.self,
        tip: options.tip,
        feeCap: options.genesis.net.feeCap,
        resubmitAfterBlocks: options.resubmitAfterBlocks,
      },
      { signer: dependencies.signer },
    );
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /**
   * An operator holds back what this node would send, or lets it go on; written down, so that no restart resumes.
   * A local decision: the network knows nothing of it and the duty clock runs on.
   */
  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    this.#host.output({ type: 'persist', writes: [pausedWrite(isPaused)], sync: true });
    if (isPaused) {
      const message = 'this node sends no settlement until it is resumed; its duty clock runs on';
      this.#host.output({ type: 'emit', event: { type: 'warning', code: 'SETTLEMENT_PAUSED', message } });
    } else {
      this.#isBehind = true;
      this.#beginAll();
    }
  }

  /** Takes the outbox up again: what was signed and may not have landed is sent once more, byte for byte. */
  recover(outbox: readonly RecoveredRow[], isPaused: boolean): void {
    this.#isPaused = isPaused;
    for (const submission of this.#submitter.recover(outbox)) this.#send(submission);
  }

  /**
   * Rows to delete in the write batch of the block that ended those batches.
   * Call before the block is committed; begin new duties with `onFinalized` after it.
   */
  endedBy(facts: readonly NetFact[]): Write[] {
    const writes: Write[] = [];
    for (const fact of facts) {
      let seq: number | undefined;
      if (fact.type === 'batch_confirmed') seq = fact.batch.seq;
      // The duty passed on: raising fees any further would only compete with its new holder.
      else if (fact.type === 'batch_assigned' && fact.proposer !== this.#options.self) seq = fact.seq;
      if (seq === undefined) continue;
      this.#courier.drop(seq);
      for (const key of this.#submitter.drop(seq)) writes.push({ key, value: undefined });
    }
    return writes;
  }

  /** Begins what the block that is now final put on this node. */
  onFinalized(facts: readonly NetFact[]): void {
    if (this.#isBehind) {
      this.#beginAll();
      return;
    }
    for (const fact of facts) {
      if (fact.type === 'batch_assigned') this.#begin(fact.seq);
      // The same holder begins its next attempt without a new draw.
      else if (fact.type === 'batch_reverted' && fact.counted) this.#begin(fact.seq);
    }
    if (this.#options.openRescue) this.#rescue();
    this.#courier.proceed();
  }

  onTimer(): void {
    this.#courier.onTimer();
  }

  /** What became of a call to the settlement chain. */
  onAnswer(requestId: number, answer: SettlementAnswer): void {
    this.#courier.onAnswer(requestId, answer);
  }

  /** Fee bumps, resends, and the news that a settlement of this node was included. */
  onSettlementBlock(block: SettlementBlock): void {
    if (!this.#isSilent()) {
      for (const submission of this.#submitter.onSettlementBlock(block)) this.#send(submission);
    }
    for (const event of block.events) {
      if (event.type !== 'batch_settled' || event.proposer !== this.#options.self) continue;
      const batch = pendingBatch(this.#host.finalizedState(), event.seq);
      if (batch === undefined) continue;
      const { seq, attempt, transactionHash } = event;
      this.#host.output({
        type: 'emit',
        event: { type: 'batch_included', seq, attempt, settlementHeight: block.height, transactionHash },
      });
    }
    // Told once no reorganisation can take it back: whoever gets the news late must still find it true.
    const confirmed = this.#host.settlementBlockAt(block.height - this.#options.genesis.originConfirmations);
    if (confirmed !== undefined) this.#publishCompletions(confirmed);
    if (this.#isBehind) this.#beginAll();
  }

  #isSilent(): boolean {
    return this.#isPaused || this.#host.isSilent();
  }

  #beginAll(): void {
    if (this.#isSilent() || this.#host.newestSettlementBlock() === undefined) return;
    this.#isBehind = false;
    for (const batch of pendingBatches(this.#host.finalizedState())) this.#begin(batch.seq);
  }

  #begin(seq: number): void {
    const batch = pendingBatch(this.#host.finalizedState(), seq);
    if (batch === undefined || lastAttempt(batch).proposer !== this.#options.self) return;
    this.#submit(batch);
  }

  /** With `open_rescue`, acts on the oldest batch once half its holder's deadline has passed. */
  #rescue(): void {
    const [oldest] = pendingBatches(this.#host.finalizedState());
    if (oldest === undefined || lastAttempt(oldest).proposer === this.#options.self) return;
    if (isRescueOpen(oldest, this.#options.genesis.net)) this.#submit(oldest);
  }

  #submit(batch: SealedBatch): void {
    const newest = this.#host.newestSettlementBlock();
    if (this.#isSilent() || newest === undefined) {
      this.#isBehind = true;
      return;
    }
    const proof = this.#finalityProof(batch.toHeight);
    if (proof === undefined) {
      this.#isBehind = true;
      return;
    }
    const submission = this.#submitter.begin(
      { batch, attempt: lastAttempt(batch), headers: proof.headers, certificate: proof.certificate },
      { baseFee: newest.nextBaseFee, height: newest.height, lastSettledSeq: newest.lastSettledSeq },
    );
    if (submission !== undefined) this.#send(submission);
  }

  /** The sealing header and its children up to the first one that a certificate finalised. */
  #finalityProof(
    toHeight: Height,
  ): { readonly headers: readonly Header[]; readonly certificate: Certificate } | undefined {
    const headers: Header[] = [];
    for (let height = toHeight; ; height += 1) {
      const stored = this.#host.storedBlock(height);
      if (stored === undefined) return undefined;
      headers.push(stored.block.header);
      if (stored.certificate !== undefined) return { headers, certificate: stored.certificate };
    }
  }

  #send(submission: Submission): void {
    if (this.#isSilent()) return;
    const { kind, bytes, outboxKey } = submission;
    if (kind !== 'resend') {
      this.#host.output({ type: 'persist', writes: [{ key: outboxKey, value: bytes }], sync: true });
    }
    this.#courier.send(submission);
  }

  /** A duty clock that is this node's runs: that of the oldest batch alone can. */
  #isOnDuty(): boolean {
    const oldest = oldestPendingBatch(this.#host.finalizedState());
    return oldest !== undefined && lastAttempt(oldest).proposer === this.#options.self;
  }

  #publishCompletions(block: SettlementBlock): void {
    for (const event of block.events) {
      if (event.type !== 'batch_settled' || event.proposer !== this.#options.self) continue;
      const batch = pendingBatch(this.#host.finalizedState(), event.seq);
      if (batch !== undefined) this.#publishCompletion(batch, event.transactionHash, block);
    }
  }

  #publishCompletion(batch: SealedBatch, transactionHash: Hash, block: SettlementBlock): void {
    const sealing = this.#host.storedBlock(batch.toHeight);
    if (sealing === undefined) return;
    const { messages, goodItems, signer } = this.#dependencies;
    const unsigned = {
      seq: batch.seq,
      fromHeight: batch.fromHeight,
      toHeight: batch.toHeight,
      net: batch.net,
      transactionHash,
      settlementHeight: block.height,
      receiptsRoot: sealing.block.header.receiptsRoot,
      proposer: this.#options.self,
    };
    const { completion, bytes } = signAndEncodeCompletion(this.#options.genesis.chainId, unsigned, signer);
    messages?.set(bytes, { ok: true, value: completion });
    goodItems?.add(completion);
    this.#host.output({ type: 'publish', topic: 'settlements', bytes });
    this.#host.output({
      type: 'emit',
      event: { type: 'completion_gossiped', seq: batch.seq, transactionHash },
    });
  }
}
