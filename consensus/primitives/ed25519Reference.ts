/**
 * ed25519 in JavaScript on @noble/curves: the reference of the differential tests and the fallback where no native
 * binary exists. Twenty times slower than the native one, equal in every verdict.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { equalBytes } from './bytes.ts';
import { isStrictlyEncoded } from './ed25519Strict.ts';
import type { PreparedKey, Signature, SignatureScheme } from './signature.ts';

const { Point } = ed25519;

export const ed25519Reference: SignatureScheme = {
  publicKeyOf: (secretKey) => ed25519.getPublicKey(secretKey),
  sign: (secretKey, message) => ed25519.sign(message, secretKey),
  prepare(secretKey): PreparedKey {
    const ownKey = secretKey.slice();
    return { publicKey: ed25519.getPublicKey(ownKey), sign: (message) => ed25519.sign(message, ownKey) };
  },
  verify(publicKey, message, signature) {
    return isStrictlyEncoded(publicKey, signature) && verifyEquation(publicKey, message, signature);
  },
};

/**
 * The equation without cofactor, R = S*B - k*A on encodings, as libsodium and the authors' own code check it.
 * RFC 8032 5.1.7 allows it; the library's `verify` multiplies by the cofactor and would accept more.
 */
function verifyEquation(publicKey: Uint8Array, message: Uint8Array, signature: Signature): boolean {
  const encodedR = signature.subarray(0, 32);
  try {
    const point = Point.fromBytes(publicKey, false);
    const challenge = sha512.create().update(encodedR).update(publicKey).update(message).digest();
    const k = Point.Fn.create(readLittleEndian(challenge));
    const sB = Point.BASE.multiplyUnsafe(readLittleEndian(signature.subarray(32)));
    return equalBytes(sB.subtract(point.multiplyUnsafe(k)).toBytes(), encodedR);
  } catch {
    // The only input left that can throw is a key that is no point of the curve.
    return false;
  }
}

function readLittleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index -= 1)
    value = (value << 8n) | BigInt(bytes[index] ?? 0);
  return value;
}
