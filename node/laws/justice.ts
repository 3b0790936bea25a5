/**
 * Law 5, justice: a slash for a missed settlement names the duty holder of an unsettled batch whose clock ran out, a
 * slash for equivocation has two messages in its block that the law checks itself, and nobody is slashed twice for one
 * (batch, attempt), nor twice for equivocation. The law keeps its own clock from headers and settlement blocks
 * (docs/protocol.md, proposer duty); it never reads the one in the state.
 */
import type { Block } from '../../consensus/block.ts';
import type { Height, SettlementHeight, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Verifier } from '../../consensus/primitives/signature.ts';
import { accusedBy, decodeEvidence, verifyEvidence } from '../../settlement/execution/evidence.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { NetFact, NetRules } from '../../settlement/net/types.ts';
import { type Duty, DutyBook, type DutyObserver } from './dutyBook.ts';
import { Law } from './law.ts';

export interface JusticeOptions {
  readonly genesis: Pick<Genesis, 'net' | 'chainId' | 'validators'>;
  readonly verifier: Verifier;
  readonly settlementBlockAt: (height: SettlementHeight) => SettlementBlock | undefined;
  /** Told of the duties that the law follows. */
  readonly dutyObserver?: DutyObserver | undefined;
}

type Fact<Type extends NetFact['type']> = Extract<NetFact, { type: Type }>;

export class JusticeLaw {
  readonly law = new Law('justice');
  readonly #options: JusticeOptions;
  readonly #rules: NetRules;
  /** Validators slashed for equivocation. */
  readonly #equivocators = new Set<ValidatorIndex>();
  readonly #book: DutyBook;

  constructor(options: JusticeOptions) {
    this.#options = options;
    this.#rules = options.genesis.net;
    this.#book = new DutyBook({
      rules: this.#rules,
      settlementBlockAt: options.settlementBlockAt,
      observer: options.dutyObserver,
    });
  }

  get runningDuty(): Duty | undefined {
    return this.#book.oldest;
  }

  /** Judges one block, when the first node finalises it. */
  finalized(block: Block, facts: readonly NetFact[]): void {
    const { height, origin } = block.header;
    const book = this.#book;
    let missed: Fact<'batch_missed'> | undefined;
    // Facts come in the order in which they came about: what the settlement chain told, then the one look at the clock.
    book.begin(height, origin.height);
    for (const fact of facts) {
      switch (fact.type) {
        case 'batch_confirmed':
          book.settle(fact.batch.seq);
          break;
        case 'batch_reverted':
          if (fact.counted) book.countRevert(fact);
          break;
        case 'batch_missed':
          missed = fact;
          if (!book.hasRevertedOut(fact.seq)) book.judgeClock();
          this.#judgeMiss(height, fact);
          break;
        case 'slashed':
          if (fact.reason === 'equivocation') this.#judgeEquivocation(block, fact);
          else this.#judgeSlash(height, fact, missed);
          break;
        case 'batch_sealed':
          book.judgeClock();
          book.open(fact.batch);
          break;
        case 'batch_assigned':
          this.#assign(height, fact, missed);
          break;
        default:
          break;
      }
    }
    book.judgeClock();
  }

  #judgeMiss(height: Height, { seq, proposer, attempt }: Fact<'batch_missed'>): void {
    const duty = this.#book.duty(seq);
    const isOldest = duty === this.#book.oldest;
    this.law.check(
      duty !== undefined && duty.holder === proposer && duty.attempt === attempt && isOldest,
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
    const slashed = batch === undefined ? undefined : this.#book.duty(batch)?.slashedAttempts;
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

  #assign(height: Height, fact: Fact<'batch_assigned'>, missed: Fact<'batch_missed'> | undefined): void {
    this.law.check(
      this.#book.assign(fact, missed?.seq === fact.seq),
      () => `height ${height}: batch ${fact.seq} assigned, but it is not pending`,
    );
  }
}
