/** Most that a proof may hold. Whoever makes proofs from text checks against these before encoding. */
import { BN254_G1_BYTES, BN254_G2_BYTES } from '../../../consensus/primitives/bn254.ts';

/** Most parties of one proof. */
export const PROOF_SIGNERS_MAX = 16;
/** Longest attestation document, in bytes: what the enclave's own device gives out at most (AWS Nitro, 16 KiB). */
export const ATTESTATION_BYTES_MAX = 16_384;
/** Most certificates above the leaf of a document, the root among them. Nitro has four. */
export const BUNDLE_CERTIFICATES_MAX = 5;
/** Most public inputs of a proof, those of the statement included. */
export const PUBLIC_INPUTS_MAX = 32;
/** A, B and C of a Groth16 proof. */
export const GROTH16_POINTS_BYTES = 2 * BN254_G1_BYTES + BN254_G2_BYTES;
