/** Why a settlement's proof does not hold; docs/errors.md is made from these tables. */

/** Reasons of a verdict: in the details of a batch that failed with PROOF_VERIFICATION_FAILED. */
export const proofCodes = {
  PROOF_KIND_MISSING:
    'the chain asks for a proof of another kind, or by other signers, for settlements of this payer or asset',
  PROOF_PAYER_MISSING: 'the payer is neither sender nor signer of the batch, and signed no proof of its own',
  PROOF_RELEASE_MISSING:
    'neither the payer of the escrow nor enough of its parties signed the batch, or a proof of the release',
  PROOF_SIGNATURE_INVALID: 'a signature is not the named signer’s over this settlement',
  PROOF_SIGNERS_REPEATED: 'one signer is named twice',
  PROOF_THRESHOLD_INVALID: 'the threshold is zero or above the number of named signers',
  PROOF_THRESHOLD_NOT_MET: 'fewer of the named signers signed than the threshold asks for',

  ATTESTATION_MALFORMED: 'the document is no attestation in the one form that is read',
  ATTESTATION_CERTIFICATE_MALFORMED: 'a certificate is none of the subset of X.509 that is read',
  ATTESTATION_CERTIFICATE_MISUSED:
    'a certificate stands where its constraints, its key usage or its path length do not let it stand',
  ATTESTATION_CHAIN_BROKEN: 'a certificate was not issued by the one before it',
  ATTESTATION_DEBUG_MODE: 'the enclave ran in debug mode: its measurements are zeroes and prove nothing',
  ATTESTATION_EXPIRED: 'a certificate was no longer valid at the time of the block',
  ATTESTATION_MEASUREMENT_UNKNOWN: 'the enclave ran none of the programs that this chain trusts',
  ATTESTATION_NONCE_MISMATCH: 'the document was not made for this settlement',
  ATTESTATION_NOT_YET_VALID:
    'a certificate or the document itself was not yet valid at the time of the block',
  ATTESTATION_ROOT_UNKNOWN: 'the chain of certificates begins with none of the trusted roots',
  ATTESTATION_SIGNATURE_INVALID: 'the document was not signed with the key of its certificate',
  ATTESTATION_USER_DATA_MISMATCH: 'the program in the enclave did not attest to this settlement',

  ZK_INPUT_COUNT_WRONG: 'the proof has another number of public inputs than its verifying key',
  ZK_INPUT_OUT_OF_RANGE: 'a public input is not below the order of the field',
  ZK_KEY_UNKNOWN: 'this chain has no verifying key of that id',
  ZK_POINT_INVALID: 'a point of the proof is infinity, off its curve, or outside its group',
  ZK_PROOF_INVALID: 'the pairing equation does not hold',
  ZK_STATEMENT_MISMATCH: 'the first two public inputs are not the halves of this settlement’s statement',
} as const;

export type ProofFailure = keyof typeof proofCodes;

/** What a request is refused with before its proof is looked at. */
export const proofFormCodes = {
  PROOF_FORM_INVALID: 'the proof of a request is not in the form that is read',
} as const;

/** What is thrown where trust is set up, before any proof is read. */
export const proofTrustCodes = {
  ATTESTATION_ROOT_INVALID:
    'a trusted root is no self-signed certificate authority of the subset that is read',
  ATTESTATION_MEASUREMENT_INVALID:
    'a trusted measurement names no register or has no length of a measurement',
  ZK_KEY_INVALID: 'a verifying key does not decode, or holds a point that no proof can be checked with',
  ZK_PROOF_FORM_INVALID: 'the proof is not in the form in which snarkjs writes it',
} as const;

export type ProofTrustCode = keyof typeof proofTrustCodes;
