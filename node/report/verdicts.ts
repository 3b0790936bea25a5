/**
 * The verdict report: every slash with the proof that it was due, every duty with what the simulator knows of its
 * holder, and how many duties each deadline would have slashed (docs/results.md, verdicts). Watches, and judges nothing
 * that a node sees. Bounded like the rest of a result.
 */
import type { Block, Header } from '../../consensus/block.ts';
import { toHex } from '../../consensus/primitives/bytes.ts';
import type { Height, SettlementHeight, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Certificate } from '../../consensus/vote.ts';
import { accusedBy, decodeEvidence } from '../../settlement/execution/evidence.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { NetFact } from '../../settlement/net/types.ts';
import type { Duty, DutyEnd, DutyObserver } from '../laws/dutyBook.ts';
import type { Absence, Presence } from './attendance.ts';
import type { DutyVerdict, SlashVerdict, VerdictReport } from './result.ts';
import {
  encodeCertificateHex,
  encodeHeaderHex,
  encodeSettlementBlockHex,
  type VerdictProof,
} from './verdictProof.ts';

/** Deadlines for which it is counted what they would have done, in settlement blocks. */
const DEADLINES = Array.from({ length: 12 }, (_, index) => index + 1);
/** Duties and slashes kept word for word: the newest. */
const DUTIES_KEPT = 1000;
const SLASHES_KEPT = 200;
/** Headers and settlement blocks a proof may have; one that would need more is left out. */
const PROOF_LENGTH_MAX = 2048;

export interface VerdictsOptions {
  readonly genesis: Pick<Genesis, 'chainId' | 'validators' | 'net'>;
}

export interface VerdictsDependencies {
  readonly settlementBlockAt: (height: SettlementHeight) => SettlementBlock | undefined;
  /** How present a validator was in the settlement blocks above one height, up to another. */
  readonly presenceOf: (node: ValidatorIndex, after: SettlementHeight, upTo: SettlementHeight) => Absence;
  /** Whether a validator ever was made to lie, or ran on a disk that forgot what it had promised to keep. */
  readonly mayHaveEquivocated: (node: ValidatorIndex) => boolean;
  /** A validator lied at some time: what it said may catch up with it whenever. */
  readonly hasLied: (node: ValidatorIndex) => boolean;
}

/** The present run of the clock of a duty. */
interface Run {
  readonly presences: Presence[];
  /** Each once. */
  readonly reasons: string[];
  /** Origin before the first header that counted. */
  fromSettlementBlock: SettlementHeight | undefined;
}

/** A slash that waits for a certificate over its header. */
interface Pending {
  readonly verdict: SlashVerdict;
  readonly fromHeight: Height;
  readonly evidence: string | undefined;
  readonly clockStartHeight: Height | undefined;
}

interface DeadlineCount {
  readonly blocks: number;
  slashed: number;
  wrongful: number;
  undecided: number;
}

export class Verdicts implements DutyObserver {
  readonly #options: VerdictsOptions;
  readonly #dependencies: VerdictsDependencies;
  /** From the first one that a proof may need, without gap. */
  #headers: Header[] = [];
  readonly #runs = new Map<number, Run>();
  #missedDuty: { readonly duty: Duty; readonly verdict: DutyVerdict } | undefined;
  readonly #pending: Pending[] = [];
  #slashes: SlashVerdict[] = [];
  #duties: DutyVerdict[] = [];
  readonly #deadlines: readonly DeadlineCount[] = DEADLINES.map((blocks) => ({
    blocks,
    slashed: 0,
    wrongful: 0,
    undecided: 0,
  }));
  readonly #presences: Record<Presence, number> = { present: 0, disturbed: 0, absent: 0 };
  #wrongfulCount = 0;
  #unpunishedCount = 0;
  #truncated = false;

  constructor(options: VerdictsOptions, dependencies: VerdictsDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  // Duties -----------------------------------------------------------------------------------------------

  counted(duty: Duty, after: SettlementHeight, upTo: SettlementHeight): void {
    const run = this.#runOf(duty.seq);
    const { presence, reason } = this.#dependencies.presenceOf(duty.holder, after, upTo);
    run.fromSettlementBlock ??= after;
    run.presences.push(presence);
    if (reason !== undefined && !run.reasons.includes(reason)) run.reasons.push(reason);
  }

  restarted(duty: Duty): void {
    const run = this.#runOf(duty.seq);
    this.#countDeadlines(run, false);
    run.presences.length = 0;
  }

  ended(duty: Duty, end: DutyEnd, originHeight: SettlementHeight): void {
    const run = this.#runOf(duty.seq);
    // The clock of a holder that tries again may run on.
    if (end !== 'reverted') {
      this.#runs.delete(duty.seq);
      this.#countDeadlines(run, end === 'missed');
    }
    const attendance = attendanceOf(run.presences);
    this.#presences[attendance] += 1;
    const { submissionDeadlineBlocks } = this.#options.genesis.net;
    const absentCount = run.presences.filter((presence) => presence === 'absent').length;
    if (end !== 'missed' && end !== 'reverted' && absentCount > submissionDeadlineBlocks)
      this.#unpunishedCount += 1;
    const verdict: DutyVerdict = {
      batch: duty.seq,
      attempt: duty.attempt,
      holder: this.#name(duty.holder),
      from_settlement_block: run.fromSettlementBlock ?? originHeight,
      to_settlement_block: originHeight,
      clock: run.presences.length,
      outcome: end,
      attendance,
      absent: absentCount,
      reasons: [...run.reasons],
    };
    this.#duties.push(verdict);
    if (this.#duties.length > 2 * DUTIES_KEPT) {
      this.#duties = this.#duties.slice(-DUTIES_KEPT);
      this.#truncated = true;
    }
    if (end === 'missed') this.#settleMiss(duty, verdict);
  }

  #runOf(seq: number): Run {
    let run = this.#runs.get(seq);
    if (run === undefined) {
      run = { presences: [], reasons: [], fromSettlementBlock: undefined };
      this.#runs.set(seq, run);
    }
    return run;
  }

  /** A run that was cut off by a miss says nothing of longer deadlines. */
  #countDeadlines({ presences }: Run, isCutOff: boolean): void {
    const firstOther = presences.findIndex((presence) => presence !== 'present');
    const presentCount = firstOther === -1 ? presences.length : firstOther;
    for (const counts of this.#deadlines) {
      if (presences.length > counts.blocks) {
        counts.slashed += 1;
        if (presentCount > counts.blocks) counts.wrongful += 1;
      } else if (isCutOff) counts.undecided += 1;
    }
  }

  // Slashes ----------------------------------------------------------------------------------------------

  /** Before the law looks at a block: its header may be part of a proof. */
  begin({ header }: Block): void {
    this.#headers.push(header);
  }

  /**
   * After it did.
   * @param oldest - The duty whose clock runs, if any: headers before it are of no more use.
   */
  finalized(
    block: Block,
    facts: readonly NetFact[],
    certificate: Certificate | undefined,
    oldest: Duty | undefined,
  ): void {
    for (const fact of facts) if (fact.type === 'slashed') this.#slashed(block, fact);
    this.#missedDuty = undefined;
    if (certificate !== undefined) this.#prove(block.header.height, certificate);
    this.#forgetHeaders(block.header.height, oldest);
  }

  #slashed({ header, body }: Block, fact: Extract<NetFact, { type: 'slashed' }>): void {
    const { height } = header;
    const validator = this.#name(fact.validator);
    const missed = this.#missedDuty;
    if (fact.reason === 'equivocation') {
      const evidence = body.evidence.find((bytes) => {
        const decoded = decodeEvidence(bytes);
        return decoded.ok && accusedBy(decoded.value) === fact.validator;
      });
      const wrongful = !this.#dependencies.mayHaveEquivocated(fact.validator);
      if (wrongful) this.#wrongfulCount += 1;
      const verdict: SlashVerdict = { validator, reason: fact.reason, height, wrongful };
      const hex = evidence === undefined ? undefined : toHex(evidence);
      this.#keep({ verdict, fromHeight: height, evidence: hex, clockStartHeight: undefined });
      return;
    }
    const isWrongful =
      missed?.verdict.attendance === 'present' &&
      missed.verdict.outcome === 'missed' &&
      !this.#dependencies.hasLied(fact.validator);
    if (isWrongful) this.#wrongfulCount += 1;
    this.#keep({
      verdict: {
        validator,
        reason: fact.reason,
        ...(fact.batch === undefined ? {} : { batch: fact.batch }),
        ...(fact.attempt === undefined ? {} : { attempt: fact.attempt }),
        height,
        wrongful: isWrongful,
      },
      fromHeight: missed?.duty.sinceHeight ?? height,
      evidence: undefined,
      clockStartHeight: missed?.duty.clockStartHeight,
    });
  }

  /** The book tells of a miss while the duty is still its holder's. */
  #settleMiss(duty: Duty, verdict: DutyVerdict): void {
    this.#missedDuty = { duty: { ...duty }, verdict };
  }

  #keep(pending: Pending): void {
    this.#pending.push(pending);
    this.#slashes.push(pending.verdict);
    if (this.#slashes.length > 2 * SLASHES_KEPT) {
      this.#slashes = this.#slashes.slice(-SLASHES_KEPT);
      this.#truncated = true;
    }
  }

  #prove(toHeight: Height, certificate: Certificate): void {
    for (const pending of this.#pending) {
      const proof = this.#proofOf(pending, toHeight, certificate);
      const at = this.#slashes.indexOf(pending.verdict);
      if (proof !== undefined && at >= 0) this.#slashes[at] = { ...pending.verdict, proof };
    }
    this.#pending.length = 0;
  }

  #proofOf(pending: Pending, toHeight: Height, certificate: Certificate): VerdictProof | undefined {
    const { verdict, fromHeight, evidence, clockStartHeight } = pending;
    const headers = this.#headers.filter(({ height }) => height >= fromHeight && height <= toHeight);
    const [first] = headers;
    if (first?.height !== fromHeight || headers.length > PROOF_LENGTH_MAX) return undefined;
    const shared = {
      headers: headers.map(encodeHeaderHex),
      certificate: encodeCertificateHex(certificate),
    };
    if (clockStartHeight === undefined) return evidence === undefined ? undefined : { ...shared, evidence };
    const slashing = headers.find(({ height }) => height === verdict.height);
    const blocks = this.#settlementBlocks(first.origin.height, slashing?.origin.height ?? 0);
    if (blocks === undefined) return undefined;
    return {
      ...shared,
      clock_start_height: clockStartHeight,
      settlement_blocks: blocks.map(encodeSettlementBlockHex),
    };
  }

  #settlementBlocks(after: SettlementHeight, upTo: SettlementHeight): SettlementBlock[] | undefined {
    if (upTo - after > PROOF_LENGTH_MAX) return undefined;
    const blocks: SettlementBlock[] = [];
    for (let height = after + 1; height <= upTo; height += 1) {
      const block = this.#dependencies.settlementBlockAt(height);
      if (block === undefined) return undefined;
      blocks.push(block);
    }
    return blocks;
  }

  /** Keeps what the oldest duty, and slashes without a certificate yet, may need. */
  #forgetHeaders(height: Height, oldest: Duty | undefined): void {
    let needed = Math.min(oldest?.sinceHeight ?? height, height);
    for (const { fromHeight } of this.#pending) needed = Math.min(needed, fromHeight);
    const [first] = this.#headers;
    if (first === undefined) return;
    const unneeded = Math.max(needed - first.height, this.#headers.length - 2 * PROOF_LENGTH_MAX);
    if (unneeded > 0) this.#headers.splice(0, unneeded);
  }

  // Report -----------------------------------------------------------------------------------------------

  report(): VerdictReport {
    const { chainId, validators, net } = this.#options.genesis;
    const isCut = this.#truncated || this.#duties.length > DUTIES_KEPT || this.#slashes.length > SLASHES_KEPT;
    return {
      chain_id: chainId,
      rules: {
        submission_deadline_blocks: net.submissionDeadlineBlocks,
        max_attempts: net.maxAttempts,
        settlement_gas_reserve: net.settlementGasReserve,
        fee_cap: String(net.feeCap),
      },
      validators: validators.validators.map(({ name, publicKey, power }) => ({
        name,
        public_key: publicKey,
        power,
      })),
      wrongful_slashes: this.#wrongfulCount,
      unpunished_absences: this.#unpunishedCount,
      attendance: { ...this.#presences },
      deadlines: this.#deadlines.map((counts) => ({ ...counts })),
      slashes: this.#slashes.slice(-SLASHES_KEPT),
      duties: this.#duties.slice(-DUTIES_KEPT),
      ...(isCut ? { truncated: true as const } : {}),
    };
  }

  #name(index: ValidatorIndex): string {
    return this.#options.genesis.validators.at(index).name;
  }
}

/** Present or absent throughout; anything in between is disturbed. A duty that never counted was never put to the test. */
function attendanceOf(presences: readonly Presence[]): Presence {
  if (presences.every((presence) => presence === 'present')) return 'present';
  return presences.every((presence) => presence === 'absent') ? 'absent' : 'disturbed';
}
