/**
 * Signatures from which the signer's key follows, as Ethereum accounts make them: secp256k1 ECDSA over a 32-byte digest,
 * r, s and the recovery bit. Strict: only the low s, so nobody can turn a signature into another one that verifies too.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { toHex } from './bytes.ts';
import type { Address } from './flavor.ts';

/** r, s, recovery bit. */
export const RECOVERABLE_SIGNATURE_BYTES = 65;
export const DIGEST_BYTES = 32;

/** Order of the group (SEC 2, secp256k1). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** secp256k1 over raw bytes. Public keys are uncompressed, without the leading byte: 64 bytes. */
export interface RecoverableScheme {
  publicKeyOf(secretKey: Uint8Array): Uint8Array;
  sign(secretKey: Uint8Array, digest: Uint8Array): Uint8Array;
  /** @returns Undefined for any signature that nobody can have made so. */
  recover(digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined;
}

/** True when r and s are numbers of the group, s is the low one, and the last byte is 0 or 1. */
export function isStrictlyRecoverable(signature: Uint8Array): boolean {
  if (signature.length !== RECOVERABLE_SIGNATURE_BYTES || (signature[64] ?? 2) > 1) return false;
  const r = BigInt(toHex(signature.subarray(0, 32)));
  const s = BigInt(toHex(signature.subarray(32, 64)));
  return r > 0n && r < ORDER && s > 0n && s <= ORDER >> 1n;
}

/** The account of a public key: the last 20 bytes of its Keccak-256 (Ethereum yellow paper, appendix F). */
export function evmAddressOf(publicKey: Uint8Array): Address {
  return toHex(keccak_256(publicKey).subarray(12));
}
