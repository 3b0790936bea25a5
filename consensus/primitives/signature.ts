/**
 * What the rest of the system knows of signatures: two small ports. Which implementation stands behind them
 * is the crypto policy's business (cryptoPolicy.ts); results are identical under all of them.
 */
import type { PublicKey } from './flavor.ts';

/** 64 bytes: an ed25519 signature, or a tag of the same size in the modelled policy. */
export type Signature = Uint8Array;

export const SIGNATURE_BYTES = 64;
export const SECRET_KEY_BYTES = 32;

/** Holds one secret key. */
export interface Signer {
  readonly publicKey: PublicKey;
  sign(message: Uint8Array): Signature;
}

/** Checks anybody's signature. */
export interface Verifier {
  verify(publicKey: PublicKey, message: Uint8Array, signature: Signature): boolean;
}

/** Makes signers and checks what they made. */
export interface Crypto extends Verifier {
  readonly policy: CryptoPolicy;
  createSigner(secretKey: Uint8Array): Signer;
}

/** `full`: every check is done; `cached`: each once per process; `modelled`: tags instead of signatures. */
export type CryptoPolicy = 'full' | 'cached' | 'modelled';

/** A secret key expanded once, ready to sign often. */
export interface PreparedKey {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Signature;
}

/** A plain signature scheme over raw bytes: ed25519, RFC 8032. `verify` returns false for any malformed bytes. */
export interface SignatureScheme {
  /** Does the per-key work of signing once; later changes of `secretKey` do not matter. */
  prepare(secretKey: Uint8Array): PreparedKey;
  publicKeyOf(secretKey: Uint8Array): Uint8Array;
  sign(secretKey: Uint8Array, message: Uint8Array): Signature;
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Signature): boolean;
}
