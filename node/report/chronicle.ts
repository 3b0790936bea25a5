/**
 * What happened in a run, gathered from the facts of finalised blocks, from settlement blocks and from what nodes say
 * they handed over: batches, windows, slashes, duties, metrics. Feeds expectations and the result; judges nothing.
 */
import type { Block } from '../../consensus/block.ts';
import type { Height, TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { CrossChainFact } from '../../settlement/bridge/types.ts';
import type { ExecutionResult } from '../../settlement/execution/result.ts';
import { MetricsFold } from '../../settlement/net/metrics.ts';
import type { SettlementBlock, SettlementEvent } from '../../settlement/net/settlement.ts';
import { batchTable, standingTable } from '../../settlement/net/tables.ts';
import type { DutyStanding, NetFact, SealedBatch } from '../../settlement/net/types.ts';
import type { Layer } from '../../settlement/state.ts';
import { amountsByAsset, batchContentFields } from '../core/eventFields.ts';
import { MirroredTable } from '../laws/mirror.ts';
import type { BatchMilestone, TransferState } from './expectations.ts';
import type { LedgerWatch } from './ledgerWatch.ts';
import type {
  BatchResult,
  MetricsResult,
  RunResult,
  SlashResult,
  ValidatorResult,
  WindowResult,
} from './result.ts';
import type { RunProbe } from './runProbe.ts';

/** Above this many batches or windows a result keeps only the newest. */
export const RECORDS_MAX = 10_000;
/** How many it keeps then. */
export const RECORDS_KEPT = 1000;

export interface ChronicleOptions {
  readonly nodeNames: readonly string[];
  /** The rows before the first block. */
  readonly genesisLayer: Layer;
  /** Takes batches and windows in order, once there are more than `RECORDS_MAX`, so that none is lost. */
  readonly onRecord: ((record: BatchResult | WindowResult) => void) | undefined;
  /** Measures along. */
  readonly probe?: RunProbe | undefined;
  /** Told of the rows of each final block. */
  readonly ledger?: LedgerWatch | undefined;
}

/** A batch on its way; times are filled in as they become known. */
interface BatchRecord {
  batch: SealedBatch;
  state: BatchResult['state'];
  readonly sealedAtMs: TimeMs;
  submittedAttempt: number;
  submittedAtMs: TimeMs | undefined;
  included: Extract<SettlementEvent, { type: 'batch_settled' }> | undefined;
  includedAtMs: TimeMs | undefined;
  settlementHeight: number | undefined;
  confirmedAtHeight: Height | undefined;
  confirmedAtMs: TimeMs | undefined;
  settler: ValidatorIndex | undefined;
}

type CountedFact = 'slashed' | 'jailed' | 'missed';

export class Chronicle {
  readonly #names: readonly string[];
  readonly #onRecord: ((record: BatchResult | WindowResult) => void) | undefined;
  readonly #probe: RunProbe | undefined;
  readonly #ledger: LedgerWatch | undefined;
  readonly #metrics = new MetricsFold();
  readonly #standings = new MirroredTable(standingTable);
  readonly #batchRows = new MirroredTable(batchTable, (_before, after) => {
    const record = after === undefined ? undefined : this.#batches.get(after.seq);
    if (record !== undefined && after !== undefined) record.batch = after;
  });
  /** Kept batches by seq, ascending; settled ones may be dropped from the front. */
  readonly #batches = new Map<number, BatchRecord>();
  #windows: WindowResult[] = [];
  readonly #slashes: SlashResult[] = [];
  readonly #led: number[];
  readonly #duties: number[];
  readonly #counts: Record<CountedFact, number[]>;
  #confirmedBatches = 0;
  readonly #transfers = { open: 0, completed: 0, refunded: 0 };
  #sealedBatches = 0;
  #truncated = false;
  #executed = 0;
  readonly #failed = new Map<string, number>();

  constructor(options: ChronicleOptions) {
    this.#names = options.nodeNames;
    this.#onRecord = options.onRecord;
    this.#probe = options.probe;
    this.#ledger = options.ledger;
    const zeros = options.nodeNames.map(() => 0);
    this.#led = [...zeros];
    this.#duties = [...zeros];
    this.#counts = { slashed: [...zeros], jailed: [...zeros], missed: [...zeros] };
    this.#standings.follow(options.genesisLayer);
  }

  get confirmedBatchCount(): number {
    return this.#confirmedBatches;
  }

  get pendingBatchCount(): number {
    return this.#sealedBatches - this.#confirmedBatches;
  }

  /** Transfers between the chains whose two sides are done alike, or not both done. */
  countTransfers(state: TransferState): number {
    return this.#transfers[state];
  }

  countOf(type: CountedFact, validator: string | undefined): number {
    const counts = this.#counts[type];
    if (validator !== undefined) return counts[this.#names.indexOf(validator)] ?? 0;
    return counts.reduce((sum, count) => sum + count, 0);
  }

  confirmedAtMs(seq: number): TimeMs | undefined {
    return this.#batches.get(seq)?.confirmedAtMs;
  }

  /**
   * Follows one block, when the first node finalises it.
   * @param reached - Told of each batch that entered a state thereby.
   */
  finalized(
    block: Block,
    result: ExecutionResult,
    nowMs: TimeMs,
    reached: (seq: number, state: BatchMilestone) => void,
  ): void {
    const { height, timestampMs, leader } = block.header;
    this.#led[leader] = (this.#led[leader] ?? 0) + 1;
    this.#countTransactions(result.receipts);
    this.#metrics.fold({ height, timestampMs, flows: result.flows, facts: result.facts });
    this.#standings.follow(result.layer);
    this.#ledger?.follow(result.layer);
    for (const fact of result.facts) this.#follow(fact, block, nowMs, reached);
    for (const fact of result.crossChainFacts) this.#followTransfer(fact);
    this.#batchRows.follow(result.layer);
    this.#dropOld();
    this.#probe?.finalized(block, result, nowMs);
  }

  /** A settlement block was made: what it settled counts as included. */
  settlementBlock(block: SettlementBlock, reached: (seq: number, state: BatchMilestone) => void): void {
    this.#probe?.settlementBlock(block);
    for (const event of block.events) {
      if (event.type !== 'batch_settled') continue;
      const record = this.#batches.get(event.seq);
      if (record === undefined || record.confirmedAtMs !== undefined) continue;
      record.state = 'included';
      record.included = event;
      record.includedAtMs = block.timestampMs;
      record.settlementHeight = block.height;
      reached(event.seq, 'included');
    }
  }

  /** The settlement chain took back its blocks above `height`: what they settled is not included any more. */
  settlementReorganised(height: number): void {
    this.#probe?.settlementReorganised(height);
    for (const record of this.#batches.values()) {
      if (record.state !== 'included' || (record.settlementHeight ?? 0) <= height) continue;
      record.state = record.submittedAtMs === undefined ? 'sealed' : 'submitted';
      record.included = undefined;
      record.includedAtMs = undefined;
      record.settlementHeight = undefined;
    }
  }

  /** A node handed a settlement transaction over. */
  submitted(seq: number, attempt: number, nowMs: TimeMs): void {
    this.#probe?.submitted(seq, attempt, nowMs);
    const record = this.#batches.get(seq);
    if (record === undefined || record.includedAtMs !== undefined || attempt <= record.submittedAttempt)
      return;
    record.state = 'submitted';
    record.submittedAttempt = attempt;
    record.submittedAtMs = nowMs;
  }

  batch(seq: number): BatchResult | undefined {
    const record = this.#batches.get(seq);
    return record === undefined ? undefined : this.#batchResult(record);
  }

  /**
   * Everything for the result; with more than `RECORDS_MAX` records the rest goes to `onRecord`.
   * @param withRecords - False leaves out batches and windows.
   */
  finish(withRecords = true): {
    readonly batches: BatchResult[];
    readonly windows: WindowResult[];
    readonly slashes: SlashResult[];
    readonly truncated: boolean;
  } {
    const slashes = this.#slashes.slice(-RECORDS_MAX);
    if (!withRecords) return { batches: [], windows: [], slashes, truncated: false };
    const batches = [...this.#batches.values()].map((record) => this.#batchResult(record));
    if (this.#truncated) {
      for (const batch of batches) this.#onRecord?.(batch);
      for (const window of this.#windows) this.#onRecord?.(window);
    }
    const kept = this.#truncated ? -RECORDS_KEPT : 0;
    return {
      batches: batches.slice(kept),
      windows: this.#windows.slice(kept),
      slashes,
      truncated: this.#truncated,
    };
  }

  /** @param virtualMs - Length of the run so far. */
  metrics(virtualMs: number, finalizedHeight: Height): MetricsResult {
    const summary = this.#metrics.summarize(virtualMs);
    const { mean, p50, p90, p99, max } = summary.blockLatencyMs;
    return {
      average_batch_size: summary.averageBatchSize,
      settlement_latency_ms: { mean, p50, p90, p99, max, censored: summary.censoredBlocks },
      success_rate: summary.successRate,
      pending_batches: summary.pendingBatches,
      oldest_pending_age_ms: summary.oldestPendingAgeMs,
      total_fee: String(summary.totalFee),
      fee_per_block: String(summary.feePerBlock),
      max_exposure: amountsByAsset(summary.maxExposure),
      blocks_per_second: virtualMs === 0 ? 0 : (finalizedHeight * 1000) / virtualMs,
    };
  }

  /** How many transactions final blocks hold, and how many of them failed with which code. */
  transactions(): RunResult['transactions'] {
    const failed = [...this.#failed].sort(([a], [b]) => (a < b ? -1 : 1));
    return { executed: this.#executed, failed: Object.fromEntries(failed) };
  }

  validators(): ValidatorResult[] {
    const standings: (DutyStanding | undefined)[] = [];
    for (const standing of this.#standings.values()) standings[standing.index] = standing;
    return this.#names.map((name, index) => ({
      name,
      stake: String(standings[index]?.stake ?? 0n),
      jailed: standings[index]?.jailedUntilHeight !== undefined,
      tombstoned: standings[index]?.tombstoned ?? false,
      blocks_led: this.#led[index] ?? 0,
      duties: this.#duties[index] ?? 0,
      missed: this.#counts.missed[index] ?? 0,
    }));
  }

  #countTransactions(receipts: ExecutionResult['receipts']): void {
    this.#executed += receipts.length;
    for (const { result } of receipts) {
      if (result !== 'ok') this.#failed.set(result, (this.#failed.get(result) ?? 0) + 1);
    }
  }

  #follow(
    fact: NetFact,
    block: Block,
    nowMs: TimeMs,
    reached: (seq: number, state: BatchMilestone) => void,
  ): void {
    const { height, timestampMs } = block.header;
    switch (fact.type) {
      case 'window_closed':
        this.#windows.push({
          index: fact.index,
          from_height: fact.fromHeight,
          to_height: fact.toHeight,
          empty: fact.empty,
          ...(fact.batch === undefined ? {} : { batch: fact.batch }),
        });
        return;
      case 'batch_sealed':
        this.#sealedBatches += 1;
        this.#batches.set(fact.batch.seq, sealedRecord(fact.batch, timestampMs));
        reached(fact.batch.seq, 'sealed');
        return;
      case 'batch_confirmed':
        this.#confirm(fact, height, nowMs);
        reached(fact.batch.seq, 'confirmed');
        return;
      case 'batch_reverted':
        if (fact.counted) this.#setState(fact.seq, 'reverted');
        return;
      case 'batch_missed':
        this.#count('missed', fact.proposer);
        this.#setState(fact.seq, 'missed');
        reached(fact.seq, 'missed');
        return;
      case 'batch_assigned':
        this.#duties[fact.proposer] = (this.#duties[fact.proposer] ?? 0) + 1;
        return;
      case 'slashed':
        this.#count('slashed', fact.validator);
        this.#slashes.push(this.#slashResult(fact, height));
        return;
      case 'jailed':
        this.#count('jailed', fact.validator);
        return;
      default:
        return;
    }
  }

  #followTransfer(fact: CrossChainFact): void {
    const isFirst =
      fact.type === 'cross_chain_opened' ||
      (fact.type === 'cross_chain_decided' && fact.direction === 'inbound');
    if (isFirst) this.#transfers.open += 1;
    if (fact.type !== 'cross_chain_closed') return;
    this.#transfers.open -= 1;
    this.#transfers[fact.outcome === 'complete' ? 'completed' : 'refunded'] += 1;
  }

  #confirm(fact: Extract<NetFact, { type: 'batch_confirmed' }>, height: Height, nowMs: TimeMs): void {
    this.#confirmedBatches += 1;
    const record = this.#batches.get(fact.batch.seq);
    if (record === undefined) return;
    record.batch = fact.batch;
    record.state = 'confirmed';
    record.includedAtMs = fact.includedAtMs;
    record.settlementHeight = fact.settlementHeight;
    record.confirmedAtHeight = height;
    record.confirmedAtMs = nowMs;
    record.settler = fact.settler;
  }

  #setState(seq: number, state: BatchResult['state']): void {
    const record = this.#batches.get(seq);
    if (record !== undefined && record.includedAtMs === undefined) record.state = state;
  }

  #count(type: CountedFact, validator: ValidatorIndex): void {
    const counts = this.#counts[type];
    counts[validator] = (counts[validator] ?? 0) + 1;
  }

  #slashResult(fact: Extract<NetFact, { type: 'slashed' }>, height: Height): SlashResult {
    return {
      validator: this.#name(fact.validator),
      reason: fact.reason,
      ...(fact.batch === undefined ? {} : { batch: fact.batch }),
      ...(fact.attempt === undefined ? {} : { attempt: fact.attempt }),
      height,
      amount: String(fact.amount),
    };
  }

  #batchResult(record: BatchRecord): BatchResult {
    const { batch, included } = record;
    return {
      seq: batch.seq,
      ...batchContentFields(batch),
      actions: actionsOf(record),
      state: record.state,
      attempts: batch.attempts.map(({ attempt, proposer, outcome, revertCode }) => ({
        attempt,
        proposer: this.#name(proposer),
        ...(outcome === undefined ? {} : { outcome }),
        ...(revertCode === undefined ? {} : { revert_code: revertCode }),
      })),
      ...(record.settler === undefined ? {} : { settler: this.#name(record.settler) }),
      sealed_at_ms: record.sealedAtMs,
      ...(record.submittedAtMs === undefined ? {} : { submitted_at_ms: record.submittedAtMs }),
      ...(record.includedAtMs === undefined ? {} : { included_at_ms: record.includedAtMs }),
      ...(record.settlementHeight === undefined ? {} : { settlement_height: record.settlementHeight }),
      ...(record.confirmedAtHeight === undefined ? {} : { confirmed_at_height: record.confirmedAtHeight }),
      ...(included === undefined
        ? {}
        : {
            gas_used: included.gasUsed,
            fee: String(included.fee),
            transaction_hash: included.transactionHash,
          }),
    };
  }

  #name(index: ValidatorIndex): string {
    return this.#names[index] ?? `validator ${index}`;
  }

  /** Bounds what is kept: settled batches and windows leave from the front once there are too many. */
  #dropOld(): void {
    if (this.#batches.size > RECORDS_MAX) {
      this.#truncated = true;
      for (const [seq, record] of this.#batches) {
        if (this.#batches.size <= RECORDS_KEPT || record.state !== 'confirmed') break;
        this.#onRecord?.(this.#batchResult(record));
        this.#batches.delete(seq);
      }
    }
    if (this.#windows.length > RECORDS_MAX) {
      this.#truncated = true;
      for (const window of this.#windows.slice(0, -RECORDS_KEPT)) this.#onRecord?.(window);
      this.#windows = this.#windows.slice(-RECORDS_KEPT);
    }
  }
}

function sealedRecord(batch: SealedBatch, sealedAtMs: TimeMs): BatchRecord {
  return {
    batch,
    state: 'sealed',
    sealedAtMs,
    submittedAttempt: 0,
    submittedAtMs: undefined,
    included: undefined,
    includedAtMs: undefined,
    settlementHeight: undefined,
    confirmedAtHeight: undefined,
    confirmedAtMs: undefined,
    settler: undefined,
  };
}

/** What the settled transaction did and paid; before that, what the running attempt means to do. */
function actionsOf({ batch, included }: BatchRecord): BatchResult['actions'] {
  const actions = included?.actions ?? batch.attempts.at(-1)?.actions ?? [];
  return actions.map(({ type, asset, amount }, index) => {
    const amountIn = included?.amountsIn[index];
    const paid = amountIn === undefined ? {} : { amount_in: String(amountIn) };
    return { type, asset, amount: String(amount), ...paid };
  });
}
