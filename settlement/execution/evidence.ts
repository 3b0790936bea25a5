/**
 * Evidence of equivocation, of either kind, in one encoding: two votes, or two settlement transactions. It names the
 * validator that signed both, and anybody who knows the validator set can check it from its bytes alone.
 */
import {
  type DoubleVote,
  doubleVoteId,
  readDoubleVote,
  verifyDoubleVote,
  writeDoubleVote,
} from '../../consensus/evidence.ts';
import { DecodeError, decode, encode, type Reader } from '../../consensus/primitives/codec.ts';
import { accept, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Verifier } from '../../consensus/primitives/signature.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';
import {
  type DoubleSettlement,
  doubleSettlementId,
  readDoubleSettlement,
  verifyDoubleSettlement,
  writeDoubleSettlement,
} from '../chain/doubleSettlement.ts';

export type Evidence =
  | { readonly type: 'votes'; readonly votes: DoubleVote }
  | { readonly type: 'settlements'; readonly settlements: DoubleSettlement };

/** The position is the type's byte: append, never reorder. */
const types: readonly Evidence['type'][] = ['votes', 'settlements'];

/** Who is accused. */
export function accusedBy(evidence: Evidence): ValidatorIndex {
  return evidence.type === 'votes' ? evidence.votes.first.voter : evidence.settlements.first.proposer;
}

export function encodeEvidence(evidence: Evidence): Uint8Array {
  return encode((writer) => {
    writer.u8(types.indexOf(evidence.type));
    if (evidence.type === 'votes') writeDoubleVote(writer, evidence.votes);
    else writeDoubleSettlement(writer, evidence.settlements);
  }, 256);
}

export function decodeEvidence(bytes: Uint8Array): Verdict<Evidence, 'ENCODING_INVALID'> {
  return decode(bytes, readEvidence);
}

/** Identity of the fault, whoever tells of it. */
export function evidenceId(evidence: Evidence): Hash {
  return evidence.type === 'votes' ? doubleVoteId(evidence.votes) : doubleSettlementId(evidence.settlements);
}

/** Checks that the two messages contradict each other and that the accused signed both. */
export function verifyEvidence(
  evidence: Evidence,
  options: { readonly chainId: Hash; readonly validators: ValidatorSet },
  verifier: Verifier,
): Verdict<Evidence, 'EVIDENCE_NOT_EQUIVOCATION' | 'EVIDENCE_SIGNATURE_INVALID'> {
  const verdict =
    evidence.type === 'votes'
      ? verifyDoubleVote(evidence.votes, options, verifier)
      : verifyDoubleSettlement(evidence.settlements, options, verifier);
  return verdict.ok ? accept(evidence) : verdict;
}

function readEvidence(reader: Reader): Evidence {
  const type = types[reader.u8()];
  if (type === 'votes') return { type, votes: readDoubleVote(reader) };
  if (type === 'settlements') return { type, settlements: readDoubleSettlement(reader) };
  throw new DecodeError('unknown kind of evidence');
}
