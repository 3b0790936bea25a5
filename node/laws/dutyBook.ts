/**
 * Who has to settle what, and how far the clock has run, kept from headers, settlement blocks and facts alone
 * (docs/protocol.md, proposer duty). It never reads the rows that net law keeps, so that it can be held against them.
 */
import type { Height, SettlementHeight, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { RevertCode, SettlementBlock } from '../../settlement/net/settlement.ts';
import type { NetFact, NetRules, SealedBatch } from '../../settlement/net/types.ts';

/** A sealed, unsettled batch as the facts tell it. */
export interface Duty {
  readonly seq: number;
  readonly toHeight: Height;
  holder: ValidatorIndex;
  attempt: number;
  /** The header with which the clock first ran for this holder. */
  sinceHeight: Height;
  /** Heights up to this one do not count: the header that began the present run of the clock. */
  clockStartHeight: Height;
  clockCount: number;
  /** Counted reverts of the present holder. */
  reverts: number;
  /** Attempts somebody was slashed for. */
  readonly slashedAttempts: Set<number>;
}

/** `reverted`: the same holder goes on with the next attempt; `passed_on`: another does, and nobody missed anything. */
export type DutyEnd = 'settled' | 'missed' | 'reverted' | 'passed_on';

/** Told of what happens to duties, at the moment at which the book still shows them. */
export interface DutyObserver {
  /** A header counted for the oldest batch: what it brought into view lies above one origin, up to the other. */
  counted(duty: Duty, after: SettlementHeight, upTo: SettlementHeight): void;
  /** The clock begins anew for the same holder. */
  restarted(duty: Duty): void;
  /** The duty of this holder on this attempt is over. */
  ended(duty: Duty, end: DutyEnd, originHeight: SettlementHeight): void;
}

type Fact<Type extends NetFact['type']> = Extract<NetFact, { type: Type }>;

const chainFaultCodes: readonly RevertCode[] = [
  'SLIPPAGE_EXCEEDED',
  'INSUFFICIENT_LIQUIDITY',
  'TRANSFER_TIMEOUT',
];

export interface DutyBookOptions {
  readonly rules: Pick<NetRules, 'settlementGasReserve' | 'feeCap' | 'maxAttempts'>;
  readonly settlementBlockAt: (height: SettlementHeight) => SettlementBlock | undefined;
  readonly observer: DutyObserver | undefined;
}

export class DutyBook {
  readonly #options: DutyBookOptions;
  /** Unsettled batches by seq, ascending. */
  readonly #duties = new Map<number, Duty>();
  /** The header at hand, its origin, and the origin of the one before. */
  #height: Height = 0;
  #originHeight: SettlementHeight = 0;
  #parentOriginHeight: SettlementHeight = 0;
  #isClockJudged = false;

  constructor(options: DutyBookOptions) {
    this.#options = options;
  }

  get oldest(): Duty | undefined {
    const [oldest] = this.#duties.values();
    return oldest;
  }

  duty(seq: number): Duty | undefined {
    return this.#duties.get(seq);
  }

  /** The present holder had as many reverts as one may have. */
  hasRevertedOut(seq: number): boolean {
    return (this.#duties.get(seq)?.reverts ?? 0) >= this.#options.rules.maxAttempts;
  }

  /** The next header; everything else is about it. */
  begin(height: Height, originHeight: SettlementHeight): void {
    this.#height = height;
    this.#parentOriginHeight = this.#originHeight;
    this.#originHeight = Math.max(originHeight, this.#originHeight);
    this.#isClockJudged = false;
  }

  settle(seq: number): void {
    const settled = this.#duties.get(seq);
    if (settled !== undefined) this.#options.observer?.ended(settled, 'settled', this.#originHeight);
    this.#duties.delete(seq);
    const next = this.#duties.get(seq + 1);
    if (next === undefined) return;
    this.#restartClock(next);
    next.sinceHeight = next.clockStartHeight;
  }

  /** A retry keeps the holder; too many, and the duty passes on, which another fact of the block tells. */
  countRevert({ seq, code }: Fact<'batch_reverted'>): void {
    const { observer } = this.#options;
    const duty = this.#duties.get(seq);
    if (duty === undefined) return;
    duty.reverts += 1;
    const isChainFault = chainFaultCodes.includes(code);
    if (isChainFault) observer?.restarted(duty);
    if (!this.hasRevertedOut(seq)) {
      observer?.ended(duty, 'reverted', this.#originHeight);
      duty.attempt += 1;
    }
    if (isChainFault) this.#restartClock(duty);
  }

  /** The one look at the clock that a header takes: it adds at most 1, to the oldest unsettled batch alone. */
  judgeClock(): void {
    if (this.#isClockJudged) return;
    this.#isClockJudged = true;
    const { oldest } = this;
    if (oldest === undefined || this.#height <= oldest.clockStartHeight) return;
    let counts = false;
    for (let at = this.#parentOriginHeight + 1; at <= this.#originHeight && !counts; at += 1) {
      counts = this.#isCounting(at);
    }
    if (!counts) return;
    oldest.clockCount += 1;
    this.#options.observer?.counted(oldest, this.#parentOriginHeight, this.#originHeight);
  }

  open({ seq, toHeight, attempts }: SealedBatch): void {
    const attempt = attempts.at(-1);
    this.#duties.set(seq, {
      seq,
      toHeight,
      holder: attempt?.proposer ?? -1,
      attempt: attempt?.attempt ?? 0,
      sinceHeight: this.#height + 1,
      clockStartHeight: this.#height + 1,
      clockCount: 0,
      reverts: 0,
      slashedAttempts: new Set(),
    });
  }

  /** @returns False when no such batch is pending. */
  assign({ seq, proposer, attempt }: Fact<'batch_assigned'>, isMiss: boolean): boolean {
    const duty = this.#duties.get(seq);
    if (duty === undefined) return false;
    if (duty.attempt !== attempt) {
      this.#options.observer?.ended(duty, isMiss ? 'missed' : 'passed_on', this.#originHeight);
    }
    this.#restartClock(duty);
    duty.sinceHeight = duty.clockStartHeight;
    duty.reverts = 0;
    duty.holder = proposer;
    duty.attempt = attempt;
    return true;
  }

  #restartClock(duty: Duty): void {
    duty.clockStartHeight = Math.max(this.#height, duty.toHeight + 1);
    duty.clockCount = 0;
  }

  #isCounting(height: SettlementHeight): boolean {
    const block = this.#options.settlementBlockAt(height);
    if (block === undefined) return false;
    const { gasUsed, gasLimit, baseFee } = block;
    const { settlementGasReserve, feeCap } = this.#options.rules;
    return gasUsed + settlementGasReserve <= gasLimit && baseFee <= feeCap;
  }
}
