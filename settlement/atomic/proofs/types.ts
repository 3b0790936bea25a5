/**
 * The four kinds of proof that a settlement may carry, and what a network must agree on to judge them. A proof says that
 * somebody stands behind one settlement, named by its statement: the 32-byte hash that binds chain, batch, settlement,
 * payer, payee, amount and asset. Which kinds a settlement needs is not judged here.
 */
import type { Address, Hash } from '../../../consensus/primitives/flavor.ts';
import type { AttestationTrust } from './attestationTrust.ts';
import type { ProofFailure } from './codes.ts';
import type { VerifyingKey } from './verifyingKey.ts';

/** One account signed the statement: ed25519 for a 32-byte address, secp256k1 for an EVM address. */
export interface CryptographicProof {
  readonly kind: 'cryptographic';
  readonly signer: Address;
  readonly signature: Uint8Array;
}

/** At least `threshold` of the named accounts signed the statement. */
export interface MultiPartyProof {
  readonly kind: 'multi_party';
  readonly threshold: number;
  /** Each account once. */
  readonly signers: readonly PartySignature[];
}

export interface PartySignature {
  readonly signer: Address;
  /** Undefined: this party has not signed. */
  readonly signature: Uint8Array | undefined;
}

/** An enclave attested to the statement: a COSE_Sign1 document of the AWS Nitro form. */
export interface AttestationProof {
  readonly kind: 'tee_attestation';
  readonly document: Uint8Array;
}

/** A Groth16 proof over BN254 whose first two public inputs are the halves of the statement. */
export interface ZeroKnowledgeProof {
  readonly kind: 'zero_knowledge';
  /** Id of a verifying key that the chain knows. */
  readonly verifyingKeyId: Hash;
  /** A, B, C: 64, 128 and 64 bytes (consensus/primitives/bn254.ts). */
  readonly points: Uint8Array;
  /** All public inputs, those of the statement first; each below 2^256, valid ones below the order of the field. */
  readonly publicInputs: readonly bigint[];
}

export type SettlementProof = CryptographicProof | MultiPartyProof | AttestationProof | ZeroKnowledgeProof;
export type ProofKind = SettlementProof['kind'];

/** What a network trusts, as plain data that can cross to another thread. */
export interface ProofTrustSource {
  /** Certificates in DER; none: no attestation holds. */
  readonly attestationRoots?: readonly Uint8Array[];
  /** Contents of registers as `0x` hex, by register; an enclave must have one of these sets. None: any program. */
  readonly measurements?: readonly Readonly<Record<number, string>>[];
  /** As `encodeVerifyingKey` writes them; none: no Groth16 proof holds. */
  readonly verifyingKeys?: readonly Uint8Array[];
}

/** The same read and checked (proofTrust.ts): on every node alike, part of what they agree on before their first block. */
export interface ProofTrust {
  readonly source: ProofTrustSource;
  /** Equal ids, equal verdicts. */
  readonly id: Hash;
  readonly attestation: AttestationTrust;
  readonly verifyingKeys: ReadonlyMap<Hash, VerifyingKey>;
}

/** What a verdict depends on beside proof and statement. */
export interface ProofContext {
  readonly trust: ProofTrust;
  /** The block's time, in ms since 1970: certificates know no other. */
  readonly timestampMs: number;
}

/**
 * What can be said of a proof before it is known when its block stands: it fails in any block, or it holds in blocks from
 * `notBeforeMs` to `notAfterMs`, both included, in ms since 1970. Signatures and pairings hold at any time.
 */
export type ProofVerdict =
  | { readonly ok: true; readonly notBeforeMs: number; readonly notAfterMs: number }
  | { readonly ok: false; readonly reason: ProofFailure };

export type ProofResult = { readonly ok: true } | { readonly ok: false; readonly reason: ProofFailure };

/** One proof to judge. */
export interface ProofTask {
  readonly proof: SettlementProof;
  readonly statement: Uint8Array;
}
