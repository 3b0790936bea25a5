/** Bytes as `0x` hex, where there is no Buffer. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

export function writeHex(bytes: Uint8Array): string {
  return `0x${bytesToHex(bytes)}`;
}

/** @throws {RangeError} when the text is not hex of that many bytes. */
export function readHex(text: string, byteCount: number): Uint8Array {
  const digits = text.replace(/^0x/, '');
  if (digits.length === 2 * byteCount && /^[0-9a-fA-F]+$/.test(digits)) return hexToBytes(digits);
  // The text may be a secret key: it is not repeated.
  throw new RangeError(`expected ${byteCount} bytes as hex`);
}
