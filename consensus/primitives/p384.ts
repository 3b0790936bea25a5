/**
 * ECDSA over P-384 with SHA-384, as ES384 (RFC 7518, 3.4) and certificates use it (RFC 5758). On @noble/curves, so every
 * node judges alike, whatever library its machine has. Both s and n - s verify: those who sign certificates do not choose
 * the low one, so nothing may be named by the bytes of such a signature.
 */
import { p384 } from '@noble/curves/nist.js';

/** An uncompressed point: 0x04, x, y (SEC 1, 2.3.3). */
export const P384_PUBLIC_KEY_BYTES = 97;
/** r and s. */
export const P384_SIGNATURE_BYTES = 96;
const UNCOMPRESSED = 0x04;

/** True for an uncompressed point of the curve; infinity has no such form. */
export function isP384PublicKey(publicKey: Uint8Array): boolean {
  return (
    publicKey.length === P384_PUBLIC_KEY_BYTES &&
    publicKey[0] === UNCOMPRESSED &&
    p384.utils.isValidPublicKey(publicKey, false)
  );
}

/** @returns False for any malformed key or signature; never throws. */
export function verifyP384(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== P384_SIGNATURE_BYTES || !isP384PublicKey(publicKey)) return false;
  try {
    return p384.verify(signature, message, publicKey, { lowS: false, prehash: true, format: 'compact' });
  } catch {
    // r or s of zero, or not below the order.
    return false;
  }
}
