/**
 * Measures one run for an experiment (docs/choosing-n.md, measures). While the run goes on, everything is taken from final
 * blocks and from settlement blocks that some final header stands on, so a reorganisation of the settlement chain leaves
 * nothing behind. At the end the newest settlement blocks count as well: what they settled waits no more.
 * Memory is bounded by what is unsettled; floating point is allowed, since nothing here reaches state.
 */
import type { Block } from '../../consensus/block.ts';
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Amount, Height, SettlementHeight, TimeMs } from '../../consensus/primitives/flavor.ts';
import type { ExecutionResult } from '../../settlement/execution/result.ts';
import type { AssetRules } from '../../settlement/ledger/types.ts';
import type { NetAmount, SettlementBlock } from '../../settlement/net/settlement.ts';
import { TimestampQueue } from '../../settlement/net/timestampQueue.ts';
import type { NetFact, SealedBatch } from '../../settlement/net/types.ts';
import type { RunProbe } from '../report/runProbe.ts';
import { type AssetExposure, ExposureClock, sizeOf, usdWeights, worthOf } from './exposure.ts';
import { type HistogramCounts, LatencyHistogram } from './latencyHistogram.ts';
import { type RunSeries, SeriesRecorder } from './runSeries.ts';

/** Flow between pool and users by asset: what moved, and what of it had to be settled. */
export interface AssetFlow {
  readonly asset: string;
  /** Borrowed plus repaid. */
  readonly gross: Amount;
  /** Size of the net. */
  readonly net: Amount;
}

export interface RunMeasures {
  readonly blocks: number;
  readonly settledBlocks: number;
  readonly transactions: number;
  readonly settledTransactions: number;
  /** From a block's timestamp to the settlement block that settles it. */
  readonly latency: HistogramCounts;
  /** From the sealing block's timestamp to the settlement block that settles the batch. */
  readonly frontRunning: HistogramCounts;
  readonly sealedBatches: number;
  readonly settledBatches: number;
  /** Everything settlements paid, reverted ones included. */
  readonly fee: Amount;
  /** Settled and reverted. */
  readonly settlementTransactions: number;
  readonly settlementGas: number;
  readonly settlementBlocks: number;
  /** Gas limits of those blocks. */
  readonly gasCapacity: number;
  readonly exposure: readonly AssetExposure[];
  /** USD times ms. */
  readonly exposureUsdIntegral: number;
  readonly exposureUsdMax: number;
  readonly flows: readonly AssetFlow[];
  readonly grossUsd: number;
  readonly netUsd: number;
  readonly missed: number;
  readonly slashed: number;
  readonly reverted: number;
  readonly resent: number;
  readonly series: RunSeries | undefined;
}

interface SealedRecord {
  readonly batch: SealedBatch;
  /** Timestamp of the sealing block. */
  readonly sealedAtMs: TimeMs;
}

/** A change of the exposure that cannot be placed yet: an earlier one may still come. */
interface PendingStep {
  readonly timeMs: TimeMs;
  readonly amounts: readonly NetAmount[];
  readonly sign: 1 | -1;
}

export class RunMeasurement implements RunProbe {
  readonly #weights: ReadonlyMap<string, number>;
  readonly #series: SeriesRecorder | undefined;
  readonly #exposure: ExposureClock;
  readonly #latency = new LatencyHistogram();
  readonly #frontRunning = new LatencyHistogram();
  readonly #unsettled = new TimestampQueue();
  /** Of unsettled blocks that have any; ascending by height. */
  readonly #unsettledTransactions: { readonly height: Height; readonly count: number }[] = [];
  /** Sealed and unsettled batches, by seq. */
  readonly #sealed = new Map<number, SealedRecord>();
  /** Newest attempt of a batch that was handed over. */
  readonly #handedOver = new Map<number, number>();
  /** Settlement blocks that no final header stands on yet. */
  readonly #openBlocks = new Map<SettlementHeight, SettlementBlock>();
  readonly #steps: PendingStep[] = [];
  readonly #flows = new Map<string, { gross: Amount; net: Amount }>();
  #originHeight: SettlementHeight = 0;
  #height: Height = 0;
  #settledHeight: Height = 0;
  #transactions = 0;
  #settledTransactions = 0;
  #sealedBatches = 0;
  #settledBatches = 0;
  #fee: Amount = 0n;
  #settlementTransactions = 0;
  #settlementGas = 0;
  #settlementBlocks = 0;
  #gasCapacity = 0;
  #grossUsd = 0;
  #netUsd = 0;
  #missed = 0;
  #slashed = 0;
  #reverted = 0;
  #resent = 0;

  constructor(options: {
    readonly assets: readonly AssetRules[];
    readonly durationMs: number;
    /** Keeps the course of the run. */
    readonly withSeries: boolean;
  }) {
    this.#weights = usdWeights(options.assets);
    const series = options.withSeries ? new SeriesRecorder(options.durationMs) : undefined;
    this.#series = series;
    this.#exposure = new ExposureClock(
      this.#weights,
      series && ((fromMs, toMs, usd) => series.exposure(fromMs, toMs, usd)),
    );
  }

  finalized({ header }: Block, { facts, flows, receipts }: ExecutionResult): void {
    const { height, timestampMs, origin } = header;
    if (height !== this.#height + 1)
      assert(false, `measurement skips from height ${this.#height} to ${height}`);
    this.#height = height;
    this.#transactions += receipts.length;
    this.#unsettled.push(timestampMs);
    if (receipts.length > 0) this.#unsettledTransactions.push({ height, count: receipts.length });
    if (flows.borrowed.length > 0) this.#step(timestampMs, flows.borrowed, 1);
    if (flows.repaid.length > 0) this.#step(timestampMs, flows.repaid, -1);
    for (const fact of facts) this.#follow(fact, timestampMs);
    this.#stand(origin.height, timestampMs);
  }

  settlementBlock(block: SettlementBlock): void {
    // Block 0 is part of genesis.
    if (block.height > 0) this.#openBlocks.set(block.height, block);
  }

  settlementReorganised(height: SettlementHeight): void {
    for (const open of this.#openBlocks.keys()) if (open > height) this.#openBlocks.delete(open);
  }

  submitted(seq: number, attempt: number): void {
    const newest = this.#handedOver.get(seq) ?? 0;
    if (attempt > newest) this.#handedOver.set(seq, attempt);
    else this.#resent += 1;
  }

  /** @param endMs - When the run ended: what is unsettled is cut off here. */
  finish(endMs: TimeMs): RunMeasures {
    this.#settleOpen();
    this.#placeSteps(endMs);
    this.#exposure.advance(endMs);
    for (let atMs = this.#unsettled.shift(); atMs !== undefined; atMs = this.#unsettled.shift())
      this.#latency.censor(endMs - atMs);
    for (const { sealedAtMs } of this.#sealed.values()) this.#frontRunning.censor(endMs - sealedAtMs);
    const { assets, usdIntegral, usdMax } = this.#exposure.finish();
    return {
      blocks: this.#height,
      settledBlocks: this.#settledHeight,
      transactions: this.#transactions,
      settledTransactions: this.#settledTransactions,
      latency: this.#latency.counts(),
      frontRunning: this.#frontRunning.counts(),
      sealedBatches: this.#sealedBatches,
      settledBatches: this.#settledBatches,
      fee: this.#fee,
      settlementTransactions: this.#settlementTransactions,
      settlementGas: this.#settlementGas,
      settlementBlocks: this.#settlementBlocks,
      gasCapacity: this.#gasCapacity,
      exposure: assets,
      exposureUsdIntegral: usdIntegral,
      exposureUsdMax: usdMax,
      flows: [...this.#flows]
        .map(([asset, flow]) => ({ asset, ...flow }))
        .sort((one, other) => (one.asset < other.asset ? -1 : 1)),
      grossUsd: this.#grossUsd,
      netUsd: this.#netUsd,
      missed: this.#missed,
      slashed: this.#slashed,
      reverted: this.#reverted,
      resent: this.#resent,
      series: this.#series?.finish(),
    };
  }

  #follow(fact: NetFact, timestampMs: TimeMs): void {
    switch (fact.type) {
      case 'batch_sealed':
        this.#sealedBatches += 1;
        this.#sealed.set(fact.batch.seq, { batch: fact.batch, sealedAtMs: timestampMs });
        return;
      case 'batch_confirmed':
        this.#settle(fact.batch, fact.includedAtMs, fact.fee);
        return;
      case 'batch_reverted':
        this.#reverted += 1;
        this.#fee += fact.fee;
        return;
      case 'batch_missed':
        this.#missed += 1;
        return;
      case 'slashed':
        this.#slashed += 1;
        return;
      default:
        return;
    }
  }

  #settle(batch: SealedBatch, includedAtMs: TimeMs, fee: Amount): void {
    assert(batch.fromHeight === this.#settledHeight + 1, `gap before batch ${batch.seq}`);
    for (let height = batch.fromHeight; height <= batch.toHeight; height += 1) {
      const timestampMs = this.#unsettled.shift();
      if (timestampMs === undefined) assert(false, `batch ${batch.seq} holds a block that was never final`);
      this.#latency.end(includedAtMs - timestampMs);
    }
    this.#settledHeight = batch.toHeight;
    for (
      let first = this.#unsettledTransactions[0];
      first !== undefined && first.height <= batch.toHeight;
    ) {
      this.#settledTransactions += first.count;
      this.#unsettledTransactions.shift();
      first = this.#unsettledTransactions[0];
    }
    this.#settledBatches += 1;
    this.#frontRunning.end(includedAtMs - (this.#sealed.get(batch.seq)?.sealedAtMs ?? includedAtMs));
    this.#sealed.delete(batch.seq);
    this.#handedOver.delete(batch.seq);
    this.#fee += fee;
    for (const { asset, amount } of batch.borrowed) this.#flowOf(asset).gross += amount;
    for (const { asset, amount } of batch.repaid) this.#flowOf(asset).gross += amount;
    for (const { asset, amount } of batch.net) this.#flowOf(asset).net += sizeOf(amount);
    this.#grossUsd += worthOf(batch.borrowed, this.#weights) + worthOf(batch.repaid, this.#weights);
    this.#netUsd += worthOf(batch.net, this.#weights);
    this.#step(includedAtMs, batch.net, -1);
  }

  /** The run ends: what settlement blocks did that no final header stands on yet. */
  #settleOpen(): void {
    for (const height of [...this.#openBlocks.keys()].sort(ascending)) {
      const { events = [], timestampMs = 0 } = this.#openBlocks.get(height) ?? {};
      this.#close(height);
      for (const event of events) {
        if (event.type === 'batch_reverted') {
          this.#reverted += 1;
          this.#fee += event.fee;
        }
        const sealed = event.type === 'batch_settled' ? this.#sealed.get(event.seq) : undefined;
        if (event.type === 'batch_settled' && sealed !== undefined)
          this.#settle(sealed.batch, timestampMs, event.fee);
      }
    }
  }

  #flowOf(asset: string): { gross: Amount; net: Amount } {
    let flow = this.#flows.get(asset);
    if (flow === undefined) {
      flow = { gross: 0n, net: 0n };
      this.#flows.set(asset, flow);
    }
    return flow;
  }

  /** Keeps steps in order of time; those that come late come close to the end. */
  #step(timeMs: TimeMs, amounts: readonly NetAmount[], sign: 1 | -1): void {
    let place = this.#steps.length;
    while (place > 0 && (this.#steps[place - 1]?.timeMs ?? 0) > timeMs) place -= 1;
    if (place === this.#steps.length) this.#steps.push({ timeMs, amounts, sign });
    else this.#steps.splice(place, 0, { timeMs, amounts, sign });
  }

  /** A final header stands on this settlement block: all that was settled up to it is known, and all older blocks. */
  #stand(originHeight: SettlementHeight, timestampMs: TimeMs): void {
    if (originHeight <= this.#originHeight) return;
    const originMs = this.#openBlocks.get(originHeight)?.timestampMs ?? 0;
    for (let height = this.#originHeight + 1; height <= originHeight; height += 1) this.#close(height);
    this.#originHeight = originHeight;
    this.#placeSteps(Math.min(originMs, timestampMs));
  }

  #close(height: SettlementHeight): void {
    const block = this.#openBlocks.get(height);
    if (block === undefined) return;
    this.#openBlocks.delete(height);
    this.#settlementBlocks += 1;
    this.#gasCapacity += block.gasLimit;
    for (const event of block.events) {
      if (event.type !== 'batch_settled' && event.type !== 'batch_reverted') continue;
      this.#settlementTransactions += 1;
      this.#settlementGas += event.gasUsed;
    }
    this.#series?.settlementBlock(block);
  }

  #placeSteps(untilMs: TimeMs): void {
    let placed = 0;
    for (const { timeMs, amounts, sign } of this.#steps) {
      if (timeMs > untilMs) break;
      this.#exposure.advance(timeMs);
      this.#exposure.add(amounts, sign);
      placed += 1;
    }
    if (placed > 0) this.#steps.splice(0, placed);
  }
}

function ascending(one: number, other: number): number {
  return one - other;
}
