/**
 * The one gate in front of every ed25519 verifier: encodings on which implementations disagree are refused here,
 * before any of them looks, so a network never splits over which library a node runs. It compares bytes only;
 * whether a point is on the curve and whether the signature holds is the verifier's business.
 */
import { concatBytes, fromHex } from './bytes.ts';
import { SIGNATURE_BYTES } from './signature.ts';

export const PUBLIC_KEY_BYTES = 32;

/**
 * The eight points of order 1, 2, 4 and 8 in their canonical encoding, each a multiple of the last one.
 * Source: Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs" (IACR ePrint 2020/1244), table 1; the test
 * derives the same eight from the curve.
 */
export const smallOrderEncodings: readonly string[] = [
  '0x0100000000000000000000000000000000000000000000000000000000000000',
  '0xecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0x0000000000000000000000000000000000000000000000000000000000000000',
  '0x0000000000000000000000000000000000000000000000000000000000000080',
  '0xc7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '0xc7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '0x26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '0x26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
];

/** Order of the base point, 2^252 + 27742317777372353535851937790883648493, little-endian (RFC 8032, 5.1). */
const groupOrder = fromHex('0xedd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');

/**
 * The distinct y coordinates among them, back to back. Comparing y alone, sign bit aside, also catches the
 * encodings of x = 0 with the sign bit set, which no encoder makes.
 */
const smallOrderYs = concatBytes(
  ...smallOrderEncodings.map(fromHex).filter((bytes) => ((bytes[31] ?? 0) & 0x80) === 0),
);

/**
 * Says whether a key and a signature are worth handing to a verifier.
 * @returns False for wrong lengths, y >= 2^255 - 19 in key or R, small-order key or R, and S >= L.
 */
export function isStrictlyEncoded(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    publicKey.length === PUBLIC_KEY_BYTES &&
    signature.length === SIGNATURE_BYTES &&
    isCanonicalScalar(signature, 32) &&
    isCanonicalY(publicKey) &&
    isCanonicalY(signature) &&
    !hasSmallOrder(publicKey) &&
    !hasSmallOrder(signature)
  );
}

/** The 32 bytes at `offset`, little-endian, are below the group order. */
function isCanonicalScalar(bytes: Uint8Array, offset: number): boolean {
  for (let index = 31; index >= 0; index -= 1) {
    const byte = bytes[offset + index] ?? 0;
    const limit = groupOrder[index] ?? 0;
    if (byte !== limit) return byte < limit;
  }
  return false;
}

/** The first 32 bytes, sign bit aside, are below 2^255 - 19: only the top 19 values of 255 bits are not. */
function isCanonicalY(bytes: Uint8Array): boolean {
  if (((bytes[31] ?? 0) & 0x7f) !== 0x7f) return true;
  for (let index = 30; index > 0; index -= 1) if (bytes[index] !== 0xff) return true;
  return (bytes[0] ?? 0) < 0xed;
}

function hasSmallOrder(bytes: Uint8Array): boolean {
  for (let start = 0; start < smallOrderYs.length; start += 32) {
    if (bytes[0] === smallOrderYs[start] && hasY(bytes, start)) return true;
  }
  return false;
}

function hasY(bytes: Uint8Array, start: number): boolean {
  for (let index = 1; index < 31; index += 1) if (bytes[index] !== smallOrderYs[start + index]) return false;
  return ((bytes[31] ?? 0) & 0x7f) === smallOrderYs[start + 31];
}
