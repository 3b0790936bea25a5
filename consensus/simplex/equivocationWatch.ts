/**
 * Looks for votes of one validator that contradict each other where counting votes does not: in views that are final
 * already, and among the signers of certificates. Nothing here counts or casts a vote.
 *
 * Most late votes are honest and merely slow, so their signatures are checked only when two of them contradict.
 */
import { isEquivocation } from '../evidence.ts';
import { Ring } from '../primitives/ring.ts';
import type { Certificate, Vote } from '../vote.ts';
import type { ViewRecord } from './viewRecord.ts';

/** Final views of which the votes are remembered: a contradiction that comes later than that is not seen. */
export const PAST_VIEWS_KEPT = 64;

export interface EquivocationWatchDependencies {
  /** Whether the voter signed this vote. */
  readonly verifies: (vote: Vote) => boolean;
  /** Told once for each voter and view, with two votes that it signed. */
  readonly report: (first: Vote, second: Vote) => void;
}

export class EquivocationWatch {
  readonly #dependencies: EquivocationWatchDependencies;
  readonly #past = new Ring<ViewRecord>(PAST_VIEWS_KEPT);

  constructor(dependencies: EquivocationWatchDependencies) {
    this.#dependencies = dependencies;
  }

  /** A view is final: what was seen in it is kept for a while. */
  retire(record: ViewRecord): void {
    record.retire();
    this.#past.set(record.view, record);
  }

  /** A vote in a final view, its signature unchecked. */
  lateVote(vote: Vote): void {
    const record = this.#past.get(vote.view);
    if (record !== undefined) this.#judge(record, vote, true);
  }

  /** A certificate for a final view, unchecked. */
  lateCertificate(certificate: Certificate): void {
    const record = this.#past.get(certificate.view);
    if (record !== undefined) this.certificate(record, certificate);
  }

  /** The signers of a certificate, checked or not, against the votes seen in its view. */
  certificate(record: ViewRecord, certificate: Certificate): void {
    for (const vote of votesOf(certificate)) this.#judge(record, vote, false);
  }

  #judge(record: ViewRecord, vote: Vote, remember: boolean): void {
    const { voter, kind, blockHash } = vote;
    if (record.hasAccused(voter) || record.voteOf(kind, voter)?.blockHash === blockHash) return;
    const counted = record.conflictWith(vote);
    if (counted !== undefined) {
      if (this.#dependencies.verifies(vote)) this.#accuse(record, counted, vote);
      return;
    }
    const { late } = record;
    for (const [at, other] of late.entries()) {
      if (other.voter !== voter) continue;
      if (other.kind === kind && other.blockHash === blockHash) return;
      if (!isEquivocation(other, vote)) continue;
      if (!this.#dependencies.verifies(vote)) return;
      if (this.#dependencies.verifies(other)) this.#accuse(record, other, vote);
      // The one remembered was forged by somebody: it must not hide the true one.
      else late[at] = vote;
      return;
    }
    if (remember) late.push(vote);
  }

  #accuse(record: ViewRecord, first: Vote, second: Vote): void {
    if (record.accuse(first.voter)) this.#dependencies.report(first, second);
  }
}

/** The votes that a certificate is made of. */
export function votesOf({ kind, view, blockHash, signers, signatures }: Certificate): Vote[] {
  const votes: Vote[] = [];
  for (const [position, voter] of signers.entries()) {
    const signature = signatures[position];
    if (signature !== undefined) votes.push({ kind, view, blockHash, voter, signature });
  }
  return votes;
}
