/**
 * Proofs by signature: of one account, or of a threshold of named ones. What is signed is one byte that says what it is,
 * then the statement, so a signature for anything else never passes here, and one made here nowhere else.
 *
 * Signatures are really made and checked under each crypto policy: a proof is part of what its transaction's id covers.
 */
import { isSignedByAccount, signAsEvmAccount } from '../../../consensus/primitives/accountSignature.ts';
import { concatBytes, fromHex } from '../../../consensus/primitives/bytes.ts';
import { ed25519 } from '../../../consensus/primitives/ed25519.ts';
import type { Address } from '../../../consensus/primitives/flavor.ts';
import { domains, hashPrefixed } from '../../../consensus/primitives/hash.ts';
import type { ProofFailure } from './codes.ts';
import type { CryptographicProof, MultiPartyProof } from './types.ts';

const domainByte = Uint8Array.of(domains.settlementProof);

/** What an ed25519 key signs to stand behind the settlement of `statement` (32 bytes). */
export function proofSigningBytes(statement: Uint8Array): Uint8Array {
  return concatBytes(domainByte, statement);
}

/** SHA-256 of the signing bytes: what an EVM account signs, and what an enclave puts into its user data. */
export function proofDigest(statement: Uint8Array): Uint8Array {
  return fromHex(hashPrefixed(proofSigningBytes(statement)));
}

/** Signs as the account of an ed25519 key. */
export function signStatement(secretKey: Uint8Array, statement: Uint8Array): Uint8Array {
  return ed25519.sign(secretKey, proofSigningBytes(statement));
}

/** Signs as the EVM account of a secp256k1 key: r, s (the low one), recovery bit. */
export function signStatementAsEvmAccount(secretKey: Uint8Array, statement: Uint8Array): Uint8Array {
  return signAsEvmAccount(secretKey, proofSigningBytes(statement));
}

/** @returns Why the proof fails, or undefined when it holds. */
export function judgeSignature(proof: CryptographicProof, statement: Uint8Array): ProofFailure | undefined {
  return isSignedBy(proof.signer, proof.signature, statement) ? undefined : 'PROOF_SIGNATURE_INVALID';
}

/** Every signature that is there must hold, also beyond the threshold: a proof says nothing that is not so. */
export function judgeMultiParty(proof: MultiPartyProof, statement: Uint8Array): ProofFailure | undefined {
  const { threshold, signers } = proof;
  if (threshold < 1 || threshold > signers.length) return 'PROOF_THRESHOLD_INVALID';
  if (new Set(signers.map(({ signer }) => signer)).size !== signers.length) return 'PROOF_SIGNERS_REPEATED';
  const signed = signers.filter(({ signature }) => signature !== undefined);
  if (signed.length < threshold) return 'PROOF_THRESHOLD_NOT_MET';
  const isWhole = signed.every(
    ({ signer, signature }) => signature !== undefined && isSignedBy(signer, signature, statement),
  );
  return isWhole ? undefined : 'PROOF_SIGNATURE_INVALID';
}

function isSignedBy(signer: Address, signature: Uint8Array, statement: Uint8Array): boolean {
  return isSignedByAccount(signer, proofSigningBytes(statement), signature);
}
