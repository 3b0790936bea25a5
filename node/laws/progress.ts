/**
 * Law 7, progress: once faults have healed and a quorum is up, height advances within ten seconds and sealed batches
 * settle within (pending + 2) * (deadline + 3) settlement blocks. While something is broken the law waits; blocks that
 * do not count for a duty clock do not count here either.
 */
import type { TimeMs } from '../../consensus/primitives/flavor.ts';
import { isChainFault } from '../../settlement/net/derive.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { NetFact, NetRules } from '../../settlement/net/types.ts';
import { Law } from './law.ts';

/** Longest time without a new final block, in ms and in block times, whichever is longer. */
const STALL_MAX_MS = 10_000;
const STALL_MAX_BLOCK_TIMES = 5;

export interface ProgressOptions {
  readonly rules: NetRules;
  readonly blockTimeMs: number;
  /** False for a network whose model alone may break the bounds: losses, or delays above `delta_ms`. */
  readonly isSynchronous: boolean;
}

/** How healthy the network is, as the runtime knows it. */
export interface Health {
  /** A quorum of the voting power runs, with its vote log. */
  readonly hasQuorum: boolean;
  /** Nobody withholds, and the settlement chain makes blocks with room. */
  readonly canSettle: boolean;
}

/** The same for the whole network. */
export interface NetworkHealth extends Health {
  /** How far the slowest clock of those who agree is behind true time, as a number of ms at most 0. */
  readonly slowestClockMs: number;
}

export class ProgressLaw {
  readonly law = new Law('progress');
  readonly #options: ProgressOptions;
  readonly #stallMaxMs: number;
  #health: NetworkHealth = { hasQuorum: true, canSettle: true, slowestClockMs: 0 };
  /** The last final block or the last change of health. */
  #lastAdvanceMs: TimeMs = 0;
  #finalizedHeight = 0;
  /** Its own timestamp: ahead of true time when clocks were, and then the next block must wait for them. */
  #newestTimestampMs: TimeMs = 0;
  /** Settlement blocks so far that could take a settlement. */
  #countingBlocks = 0;
  /** For each unsettled batch the number of counting blocks by which it must be settled. */
  readonly #limits = new Map<number, number>();
  /** Batches whose last word from the settlement chain is that the chain itself cannot settle them now. */
  readonly #hindered = new Set<number>();

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#stallMaxMs = Math.max(STALL_MAX_MS, STALL_MAX_BLOCK_TIMES * options.blockTimeMs);
  }

  /** A fault began or ended, a node went or came. */
  healthChanged(health: NetworkHealth, nowMs: TimeMs): void {
    this.#judgeAdvance(nowMs);
    this.#health = health;
    this.#lastAdvanceMs = nowMs;
    for (const seq of this.#limits.keys()) this.#limits.set(seq, this.#newLimit());
  }

  /** The network's finalised height grew. @param timestampMs - The block's own. */
  finalized(height: number, timestampMs: TimeMs, facts: readonly NetFact[], nowMs: TimeMs): void {
    this.#judgeAdvance(nowMs);
    this.#lastAdvanceMs = nowMs;
    this.#finalizedHeight = height;
    this.#newestTimestampMs = timestampMs;
    for (const fact of facts) {
      if (fact.type === 'batch_confirmed') {
        this.#judgeBatch(fact.batch.seq);
        this.#limits.delete(fact.batch.seq);
        this.#hindered.delete(fact.batch.seq);
      } else if (fact.type === 'batch_sealed') {
        this.#limits.set(fact.batch.seq, 0);
        this.#limits.set(fact.batch.seq, this.#newLimit());
      } else if (fact.type === 'batch_reverted' && isChainFault(fact.code)) this.#hindered.add(fact.seq);
    }
  }

  settlementBlock({ gasUsed, gasLimit, baseFee }: SettlementBlock): void {
    const { settlementGasReserve, feeCap } = this.#options.rules;
    if (gasUsed + settlementGasReserve <= gasLimit && baseFee <= feeCap) this.#countingBlocks += 1;
  }

  /** The run ends: what is overdue by now is judged too. */
  finish(nowMs: TimeMs): void {
    this.#judgeAdvance(nowMs);
    for (const seq of this.#limits.keys()) this.#judgeBatch(seq);
  }

  #newLimit(): number {
    const { submissionDeadlineBlocks } = this.#options.rules;
    return this.#countingBlocks + (this.#limits.size + 2) * (submissionDeadlineBlocks + 3);
  }

  #judgeAdvance(nowMs: TimeMs): void {
    if (!this.#options.isSynchronous || !this.#health.hasQuorum) return;
    const reachedMs = this.#newestTimestampMs - this.#health.slowestClockMs;
    const sinceMs = nowMs - Math.max(this.#lastAdvanceMs, reachedMs);
    this.law.check(
      sinceMs <= this.#stallMaxMs,
      () => `no final block after height ${this.#finalizedHeight} for ${sinceMs} ms, until ${nowMs} ms`,
    );
  }

  #judgeBatch(seq: number): void {
    const { hasQuorum, canSettle } = this.#health;
    if (!this.#options.isSynchronous || !hasQuorum || !canSettle) return;
    // Batches settle in order: one that the chain cannot settle holds up all behind it.
    if (this.#hindered.size > 0 && seq >= Math.min(...this.#hindered)) return;
    const late = this.#countingBlocks - (this.#limits.get(seq) ?? this.#countingBlocks);
    this.law.check(late <= 0, () => `batch ${seq} is ${late} settlement blocks late`);
  }
}
