/**
 * Metrics of a run, folded from the facts of its finalised blocks (docs/results.md; docs/protocol.md, metrics).
 *
 * Feed each finalised block once, in order. Memory is bounded by the gaps between unsettled blocks, the pending batches
 * and fixed-size histograms. Nothing here reaches state, so floating point is allowed.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Amount, Height, TimeMs } from '../../consensus/primitives/flavor.ts';
import { LatencyStatistics, type LatencySummary } from './latencyStatistics.ts';
import type { NetAmount } from './settlement.ts';
import { TimestampQueue } from './timestampQueue.ts';
import type { BlockFlows, NetFact } from './types.ts';

/** What the fold needs of one finalised block. */
export interface BlockFacts {
  readonly height: Height;
  readonly timestampMs: TimeMs;
  readonly flows: BlockFlows;
  readonly facts: readonly NetFact[];
}

export interface NetMetrics {
  /** Blocks per confirmed batch, empty windows included; 0 before the first. */
  readonly averageBatchSize: number;
  /** From a block's timestamp to the inclusion of the batch that holds it; over blocks of confirmed batches. */
  readonly blockLatencyMs: LatencySummary;
  /** From the sealing block's timestamp to inclusion; one sample a confirmed batch. */
  readonly batchLatencyMs: LatencySummary;
  /** Blocks no confirmed batch holds yet: censored in the latency statistics. */
  readonly censoredBlocks: number;
  /** Sealed and unconfirmed. */
  readonly censoredBatches: number;
  /** Confirmed attempts over all attempts of confirmed batches and the ended ones of pending batches; 1 before the first. */
  readonly successRate: number;
  readonly confirmedBatches: number;
  readonly pendingBatches: number;
  /** Since the sealing block's timestamp; 0 when nothing is pending. */
  readonly oldestPendingAgeMs: number;
  /** Everything settlements paid to the settlement chain, reverted ones included. */
  readonly totalFee: Amount;
  /** Total fee over the blocks of confirmed batches, rounded down; 0 before the first. */
  readonly feePerBlock: Amount;
  /** Largest absolute unsettled net after any block, the open window included; ascending by asset. */
  readonly maxExposure: readonly { readonly asset: string; readonly amount: Amount }[];
  readonly windowsClosed: number;
  readonly emptyWindows: number;
  readonly missed: number;
  readonly reverted: number;
}

interface PendingSeal {
  readonly seq: number;
  readonly sealedAtMs: TimeMs;
  /** Attempts that ended without settling it. */
  endedAttempts: number;
}

export class MetricsFold {
  readonly #blockLatency: LatencyStatistics;
  readonly #batchLatency: LatencyStatistics;
  /** Timestamps of unsettled blocks; the first is that of `#firstUnsettled`. */
  readonly #timestamps = new TimestampQueue();
  #firstUnsettled: Height = 1;
  #height: Height = 0;
  readonly #pending: PendingSeal[] = [];
  readonly #exposure = new Map<string, bigint>();
  readonly #exposureMax = new Map<string, Amount>();
  #confirmedBatches = 0;
  #confirmedBlocks = 0;
  #confirmedAttempts = 0;
  #attempts = 0;
  #totalFee: Amount = 0n;
  #windowsClosed = 0;
  #emptyWindows = 0;
  #missed = 0;
  #reverted = 0;

  constructor(options: { readonly samplesMax?: number } = {}) {
    this.#blockLatency = new LatencyStatistics(options);
    this.#batchLatency = new LatencyStatistics(options);
  }

  /** Folds the next finalised block; heights must follow each other from 1. */
  fold(block: BlockFacts): void {
    if (block.height !== this.#height + 1)
      assert(false, `metrics skip from height ${this.#height} to ${block.height}`);
    this.#height = block.height;
    this.#timestamps.push(block.timestampMs);
    this.#foldFlows(block.flows);
    for (const fact of block.facts) this.#foldFact(fact, block.timestampMs);
    this.#raiseExposure(block);
  }

  /** @param nowMs - The instant at which the age of the oldest pending batch is read. */
  summarize(nowMs: TimeMs): NetMetrics {
    const oldest = this.#pending[0];
    const endedAttempts = this.#pending.reduce((sum, pending) => sum + pending.endedAttempts, 0);
    return {
      averageBatchSize: ratio(this.#confirmedBlocks, this.#confirmedBatches, 0),
      blockLatencyMs: this.#blockLatency.summarize(),
      batchLatencyMs: this.#batchLatency.summarize(),
      censoredBlocks: this.#height - this.#firstUnsettled + 1,
      censoredBatches: this.#pending.length,
      successRate: ratio(this.#confirmedAttempts, this.#attempts + endedAttempts, 1),
      confirmedBatches: this.#confirmedBatches,
      pendingBatches: this.#pending.length,
      oldestPendingAgeMs: oldest === undefined ? 0 : Math.max(0, nowMs - oldest.sealedAtMs),
      totalFee: this.#totalFee,
      feePerBlock: this.#confirmedBlocks === 0 ? 0n : this.#totalFee / BigInt(this.#confirmedBlocks),
      maxExposure: [...this.#exposureMax]
        .map(([asset, amount]) => ({ asset, amount }))
        .sort((a, b) => (a.asset < b.asset ? -1 : 1)),
      windowsClosed: this.#windowsClosed,
      emptyWindows: this.#emptyWindows,
      missed: this.#missed,
      reverted: this.#reverted,
    };
  }

  #foldFact(fact: NetFact, timestampMs: TimeMs): void {
    switch (fact.type) {
      case 'window_closed':
        this.#windowsClosed += 1;
        if (fact.empty) this.#emptyWindows += 1;
        break;
      case 'batch_sealed':
        this.#pending.push({ seq: fact.batch.seq, sealedAtMs: timestampMs, endedAttempts: 0 });
        break;
      case 'batch_confirmed':
        this.#foldConfirmation(fact);
        break;
      case 'batch_reverted':
        this.#reverted += 1;
        this.#totalFee += fact.fee;
        if (fact.counted) this.#endAttempt(fact.seq, fact.attempt);
        break;
      case 'batch_missed':
        this.#missed += 1;
        this.#endAttempt(fact.seq, fact.attempt);
        break;
      default:
        break;
    }
  }

  #endAttempt(seq: number, attempt: number): void {
    const seal = this.#pending.find((pending) => pending.seq === seq);
    if (seal !== undefined) seal.endedAttempts = Math.max(seal.endedAttempts, attempt);
  }

  #foldConfirmation(fact: Extract<NetFact, { type: 'batch_confirmed' }>): void {
    const { batch, includedAtMs } = fact;
    const seal = this.#pending.shift();
    assert(seal?.seq === batch.seq, `batch ${batch.seq} confirmed out of turn`);
    assert(batch.fromHeight === this.#firstUnsettled, `gap before batch ${batch.seq}`);
    const blockCount = batch.toHeight - batch.fromHeight + 1;
    for (let offset = 0; offset < blockCount; offset += 1) {
      const timestampMs = this.#timestamps.shift();
      if (timestampMs === undefined) assert(false, `batch ${batch.seq} holds a block that was never folded`);
      this.#blockLatency.add(includedAtMs - timestampMs);
    }
    this.#firstUnsettled = batch.toHeight + 1;
    this.#batchLatency.add(includedAtMs - seal.sealedAtMs);
    this.#confirmedBatches += 1;
    this.#confirmedBlocks += blockCount;
    const last = batch.attempts.at(-1);
    // The last attempt's number counts all of them, also those a long-lived batch no longer lists.
    this.#attempts += last?.attempt ?? 0;
    if (last?.outcome === 'confirmed') this.#confirmedAttempts += 1;
    this.#totalFee += fact.fee;
    for (const { asset, amount } of batch.net) this.#addExposure(asset, -amount);
  }

  #foldFlows(flows: BlockFlows): void {
    for (const { asset, amount } of flows.borrowed) this.#addExposure(asset, amount);
    for (const { asset, amount } of flows.repaid) this.#addExposure(asset, -amount);
  }

  #addExposure(asset: string, amount: bigint): void {
    this.#exposure.set(asset, (this.#exposure.get(asset) ?? 0n) + amount);
  }

  /** Exposure moves only with flows and confirmations, so only their assets are looked at. */
  #raiseExposure(block: BlockFacts): void {
    this.#raiseOf(block.flows.borrowed);
    this.#raiseOf(block.flows.repaid);
    for (const fact of block.facts) if (fact.type === 'batch_confirmed') this.#raiseOf(fact.batch.net);
  }

  #raiseOf(amounts: readonly NetAmount[]): void {
    for (const { asset } of amounts) {
      const net = this.#exposure.get(asset) ?? 0n;
      const size = net < 0n ? -net : net;
      if (size > (this.#exposureMax.get(asset) ?? 0n)) this.#exposureMax.set(asset, size);
    }
  }
}

function ratio(part: number, whole: number, otherwise: number): number {
  return whole === 0 ? otherwise : part / whole;
}
