/**
 * Law 5, justice: a slash for a missed settlement names the duty holder of an unsettled batch whose clock ran out, a
 * slash for equivocation has two messages in its block that the law checks itself, and nobody is slashed twice for one
 * (batch, attempt), nor twice for equivocation. The law keeps its own clock from headers and settlement blocks
 * (docs/protocol.md, proposer duty); it never reads the one in the state.
 */
import type { Block } from '../../../consensus/block.ts';
import type { Height, SettlementHeight, ValidatorIndex } from '../../../consensus/primitives/flavor.ts';
import type { Verifier } from '../../../consensus/primitives/signature.ts';
import { accusedBy, decodeEvidence, verifyEvidence } from '../../../settlement/execution/evidence.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import type { RevertCode, SettlementBlock } from '../../../settlement/net/settlement.ts';
import type { NetFact, NetRules, SealedBatch } from '../../../settlement/net/types.ts';
import { Law } from './law.ts';

/** A sealed, unsettled batch as the facts tell it. */
interface Duty {
  readonly toHeight: Height;
  holder: ValidatorIndex;
  attempt: number;
  /** Heights up to this one do not count: the header that began the present run of the clock. */
  clockStartHeight: Height;
  clockCount: number;
  /** Counted reverts of the present holder. */
  reverts: number;
  /** Attempts somebody was slashed for. */
  readonly slashedAttempts: Set<number>;
}

export interface JusticeOptions {
  readonly genesis: Pick<Genesis, 'net' | 'chainId' | 'validators'>;
  readonly verifier: Verifier;
  readonly settlementBlockAt: (height: SettlementHeight) => SettlementBlock | undefined;
}

type Fact<Type extends NetFact['type']> = Extract<NetFact, { type: Type }>;

const chainFaultCodes: readonly RevertCode[] = [
  'SLIPPAGE_EXCEEDED',
  'INSUFFICIENT_LIQUIDITY',
  'TRANSFER_TIMEOUT',
];

export class JusticeLaw {
  readonly law = new Law('justice');
  readonly #options: JusticeOptions;
  readonly #rules: NetRules;
  readonly #settlementBlockAt: (height: SettlementHeight) => SettlementBlock | undefined;
  /** Validators slashed for equivocation. */
  readonly #equivocators = new Set<ValidatorIndex>();
  /** Unsettled batches by seq, ascending. */
  readonly #duties = new Map<number, Duty>();
  #originHeight: SettlementHeight = 0;

  constructor(options: JusticeOptions) {
    this.#options = options;
    this.#rules = options.genesis.net;
    this.#settlementBlockAt = options.settlementBlockAt;
  }

  /** Judges one block, when the first node finalises it. */
  finalized(block: Block, facts: readonly NetFact[]): void {
    const { height, origin } = block.header;
    let missed: Fact<'batch_missed'> | undefined;
    // Facts come in the order in which they came about: what the settlement chain told, then the one look at the clock.
    let isClockJudged = false;
    const judgeClock = (): void => {
      if (!isClockJudged && origin.height > this.#originHeight) this.#advanceClock(height, origin.height);
      isClockJudged = true;
    };
    for (const fact of facts) {
      switch (fact.type) {
        case 'batch_confirmed':
          this.#settle(height, fact.batch.seq);
          break;
        case 'batch_reverted':
          if (fact.counted) this.#countRevert(height, fact);
          break;
        case 'batch_missed':
          missed = fact;
          if (!this.#hasRevertedOut(fact.seq)) judgeClock();
          this.#judgeMiss(height, fact);
          break;
        case 'slashed':
          if (fact.reason === 'equivocation') this.#judgeEquivocation(block, fact);
          else this.#judgeSlash(height, fact, missed);
          break;
        case 'batch_sealed':
          judgeClock();
          this.#open(height, fact.batch);
          break;
        case 'batch_assigned':
          this.#assign(height, fact);
          break;
        default:
          break;
      }
    }
    judgeClock();
  }

  #open(height: Height, { seq, toHeight, attempts }: SealedBatch): void {
    const attempt = attempts.at(-1);
    this.#duties.set(seq, {
      toHeight,
      holder: attempt?.proposer ?? -1,
      attempt: attempt?.attempt ?? 0,
      clockStartHeight: height + 1,
      clockCount: 0,
      reverts: 0,
      slashedAttempts: new Set(),
    });
  }

  #settle(height: Height, seq: number): void {
    this.#duties.delete(seq);
    this.#restartClock(seq + 1, height);
  }

  #restartClock(seq: number, height: Height): void {
    const duty = this.#duties.get(seq);
    if (duty === undefined) return;
    duty.clockStartHeight = Math.max(height, duty.toHeight + 1);
    duty.clockCount = 0;
  }

  /** One header adds at most 1, to the oldest unsettled batch alone. */
  #advanceClock(height: Height, originHeight: SettlementHeight): void {
    let counts = false;
    for (let at = this.#originHeight + 1; at <= originHeight && !counts; at += 1)
      counts = this.#isCounting(at);
    this.#originHeight = originHeight;
    const [oldest] = this.#duties.values();
    if (!counts || oldest === undefined) return;
    if (height > oldest.clockStartHeight) oldest.clockCount += 1;
  }

  #isCounting(height: SettlementHeight): boolean {
    const block = this.#settlementBlockAt(height);
    if (block === undefined) return false;
    const { gasUsed, gasLimit, baseFee } = block;
    return gasUsed + this.#rules.settlementGasReserve <= gasLimit && baseFee <= this.#rules.feeCap;
  }

  /** A retry keeps the holder; too many, and the duty passes on, which another fact of the block tells. */
  #countRevert(height: Height, { seq, code }: Fact<'batch_reverted'>): void {
    const duty = this.#duties.get(seq);
    if (duty === undefined) return;
    duty.reverts += 1;
    if (!this.#hasRevertedOut(seq)) duty.attempt += 1;
    if (chainFaultCodes.includes(code)) this.#restartClock(seq, height);
  }

  /** The present holder had as many reverts as one may have. */
  #hasRevertedOut(seq: number): boolean {
    return (this.#duties.get(seq)?.reverts ?? 0) >= this.#rules.maxAttempts;
  }

  #judgeMiss(height: Height, { seq, proposer, attempt }: Fact<'batch_missed'>): void {
    const duty = this.#duties.get(seq);
    const [oldestSeq] = this.#duties.keys();
    this.law.check(
      duty !== undefined && duty.holder === proposer && duty.attempt === attempt && seq === oldestSeq,
      () =>
        `height ${height}: validator ${proposer} missed batch ${seq}, attempt ${attempt}; on duty is ` +
        `${duty?.holder ?? 'nobody'}, attempt ${duty?.attempt ?? 0}`,
    );
    const { clockCount, reverts } = duty ?? { clockCount: 0, reverts: 0 };
    const { submissionDeadlineBlocks, maxAttempts } = this.#rules;
    this.law.check(
      clockCount > submissionDeadlineBlocks || reverts >= maxAttempts,
      () =>
        `height ${height}: batch ${seq} missed after ${clockCount} counting headers and ${reverts} reverts`,
    );
  }

  #judgeSlash(
    height: Height,
    { validator, batch, attempt }: Fact<'slashed'>,
    missed: Fact<'batch_missed'> | undefined,
  ): void {
    const slashed = batch === undefined ? undefined : this.#duties.get(batch)?.slashedAttempts;
    const isMiss = missed?.seq === batch && missed?.attempt === attempt && missed?.proposer === validator;
    this.law.check(
      isMiss && attempt !== undefined && slashed?.has(attempt) === false,
      () => `height ${height}: validator ${validator} slashed for batch ${batch}, attempt ${attempt}`,
    );
    if (attempt !== undefined) slashed?.add(attempt);
  }

  #judgeEquivocation({ header, body }: Block, { validator }: Fact<'slashed'>): void {
    this.law.check(
      body.evidence.some((bytes) => this.#convicts(bytes, validator)),
      () => `height ${header.height}: validator ${validator} slashed for equivocation without evidence`,
    );
    this.law.check(
      !this.#equivocators.has(validator),
      () => `height ${header.height}: validator ${validator} slashed for equivocation again`,
    );
    this.#equivocators.add(validator);
  }

  #convicts(bytes: Uint8Array, validator: ValidatorIndex): boolean {
    const { genesis, verifier } = this.#options;
    const evidence = decodeEvidence(bytes);
    if (!evidence.ok || accusedBy(evidence.value) !== validator) return false;
    return verifyEvidence(evidence.value, genesis, verifier).ok;
  }

  #assign(height: Height, { seq, proposer, attempt }: Fact<'batch_assigned'>): void {
    const duty = this.#duties.get(seq);
    this.law.check(
      duty !== undefined,
      () => `height ${height}: batch ${seq} assigned, but it is not pending`,
    );
    if (duty === undefined) return;
    this.#restartClock(seq, height);
    duty.reverts = 0;
    duty.holder = proposer;
    duty.attempt = attempt;
  }
}
