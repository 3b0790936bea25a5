/**
 * Judges the proof of a settlement, whatever its kind. A verdict follows from proof, statement and trust alone, so it is
 * the same on every node and can be made before the block is known; only then is it held against the block's time.
 */
import { assert } from '../../../consensus/primitives/codedError.ts';
import { judgeAttestation } from './attestation.ts';
import type { ProofFailure } from './codes.ts';
import { judgeZeroKnowledge } from './groth16.ts';
import { judgeMultiParty, judgeSignature } from './signatureProof.ts';
import type { ProofContext, ProofResult, ProofTrust, ProofVerdict, SettlementProof } from './types.ts';

export const STATEMENT_BYTES = 32;

/**
 * Verifies a proof in a block.
 * @param statement - The 32-byte hash that binds the settlement.
 * @returns Never throws for anything that was decoded; `reason` is a key of `proofCodes`.
 */
export function verifyProof(
  proof: SettlementProof,
  statement: Uint8Array,
  { trust, timestampMs }: ProofContext,
): ProofResult {
  return resultAt(judgeProof(proof, statement, trust), timestampMs);
}

/** All that can be said of a proof without the time of its block. */
export function judgeProof(proof: SettlementProof, statement: Uint8Array, trust: ProofTrust): ProofVerdict {
  assert(statement.length === STATEMENT_BYTES, `a statement of ${statement.length} bytes`);
  switch (proof.kind) {
    case 'cryptographic':
      return atAnyTime(judgeSignature(proof, statement));
    case 'multi_party':
      return atAnyTime(judgeMultiParty(proof, statement));
    case 'tee_attestation':
      return judgeAttestation(proof, statement, trust.attestation);
    case 'zero_knowledge':
      return atAnyTime(judgeZeroKnowledge(proof, statement, trust.verifyingKeys));
  }
}

/** Holds a verdict against the time of a block, in ms since 1970. */
export function resultAt(verdict: ProofVerdict, timestampMs: number): ProofResult {
  if (!verdict.ok) return verdict;
  if (timestampMs < verdict.notBeforeMs) return { ok: false, reason: 'ATTESTATION_NOT_YET_VALID' };
  if (timestampMs > verdict.notAfterMs) return { ok: false, reason: 'ATTESTATION_EXPIRED' };
  return { ok: true };
}

function atAnyTime(reason: ProofFailure | undefined): ProofVerdict {
  if (reason !== undefined) return { ok: false, reason };
  return { ok: true, notBeforeMs: Number.MIN_SAFE_INTEGER, notAfterMs: Number.MAX_SAFE_INTEGER };
}
