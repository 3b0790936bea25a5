/**
 * Evidence that a validator voted twice: two signed votes of one view that no honest validator casts both of. Whoever
 * holds the two messages can prove the fault to anybody; nobody can make them for an honest validator.
 */
import type { Reader, Writer } from './primitives/codec.ts';
import { encode } from './primitives/codec.ts';
import { accept, refuse, type Verdict } from './primitives/codedError.ts';
import type { Hash } from './primitives/flavor.ts';
import { hashBytes } from './primitives/hash.ts';
import type { Verifier } from './primitives/signature.ts';
import type { ValidatorSet } from './validators.ts';
import { readVote, type Vote, voteSigningBytes, writeSubject, writeVote } from './vote.ts';

export interface DoubleVote {
  /** Ordered by kind, then block hash, so each pair has one encoding. */
  readonly first: Vote;
  readonly second: Vote;
}

/** Two different notarize or finalize votes, or a nullify beside a finalize, of one voter in one view. */
export function isEquivocation(a: Vote, b: Vote): boolean {
  if (a.voter !== b.voter || a.view !== b.view) return false;
  if (a.kind === b.kind) return a.blockHash !== b.blockHash;
  return a.kind !== 'notarize' && b.kind !== 'notarize';
}

export function createDoubleVote(a: Vote, b: Vote): DoubleVote {
  return subjectKey(a) < subjectKey(b) ? { first: a, second: b } : { first: b, second: a };
}

export function writeDoubleVote(writer: Writer, { first, second }: DoubleVote): void {
  writeVote(writer, first);
  writeVote(writer, second);
}

export function readDoubleVote(reader: Reader): DoubleVote {
  return { first: readVote(reader), second: readVote(reader) };
}

/** Identity of the fault: covers both subjects and the voter, not the signatures. */
export function doubleVoteId({ first, second }: DoubleVote): Hash {
  return hashBytes(
    'evidence',
    encode((writer) => {
      writer.u16(first.voter);
      writeSubject(writer, first);
      writeSubject(writer, second);
    }, 128),
  );
}

/** Checks that the two votes contradict each other, are in order, and were both signed by the voter. */
export function verifyDoubleVote(
  votes: DoubleVote,
  options: { readonly chainId: Hash; readonly validators: ValidatorSet },
  verifier: Verifier,
): Verdict<DoubleVote, 'EVIDENCE_NOT_EQUIVOCATION' | 'EVIDENCE_SIGNATURE_INVALID'> {
  const { first, second } = votes;
  if (!isEquivocation(first, second) || !options.validators.has(first.voter)) {
    return refuse('EVIDENCE_NOT_EQUIVOCATION', 'the two votes may stand beside each other');
  }
  if (subjectKey(first) >= subjectKey(second)) {
    return refuse('EVIDENCE_NOT_EQUIVOCATION', 'the two votes are not in order');
  }
  const { publicKey } = options.validators.at(first.voter);
  for (const vote of [first, second]) {
    if (!verifier.verify(publicKey, voteSigningBytes(options.chainId, vote), vote.signature)) {
      return refuse('EVIDENCE_SIGNATURE_INVALID', `validator ${vote.voter} did not sign this ${vote.kind}`);
    }
  }
  return accept(votes);
}

function subjectKey(vote: Vote): string {
  return `${vote.kind}/${vote.blockHash}`;
}
