/** Bytes and their hexadecimal text. Text is always lower-case with `0x`; anything else is refused. */

/**
 * Two methods of Buffer that its type declarations leave out. They take any byte array as `this`: twice as fast as
 * `toString`, and without wrapping the bytes in a Buffer first.
 */
const { hexSlice, latin1Slice } = Buffer.prototype as unknown as {
  hexSlice(this: Uint8Array, start: number, end: number): string;
  latin1Slice(this: Uint8Array, start: number, end: number): string;
};

/** Up to this many bytes a loop compares faster than a call out of JavaScript. */
const LOOP_BYTES_MAX = 24;

/** 0 where a character below 128 is a lower-case hex digit, 1 where it is not. */
const notHex = Uint8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.includes(String.fromCharCode(code)) ? 0 : 1,
);

export function toHex(bytes: Uint8Array): string {
  return `0x${hexSlice.call(bytes, 0, bytes.length)}`;
}

/**
 * Reads `0x` hex text.
 * @throws {RangeError} when the text is not lower-case `0x` hex of whole bytes.
 */
export function fromHex(text: string): Uint8Array {
  if (!isWholeHex(text)) throw new RangeError(`not lower-case 0x hex: ${text.slice(0, 80)}`);
  const out = new Uint8Array((text.length - 2) / 2);
  writeHex(text, out, 0);
  return out;
}

/** True for lower-case `0x` hex of exactly `byteCount` bytes. */
export function isHex(text: string, byteCount: number): boolean {
  return text.length === 2 + byteCount * 2 && isWholeHex(text);
}

/**
 * A loop over the characters is faster than a pattern here, and addresses are checked often. It does not branch on a
 * digit: digits are random, so half of such branches would be guessed wrong.
 */
function isWholeHex(text: string): boolean {
  if (text.length % 2 !== 0 || !text.startsWith('0x')) return false;
  let wrong = 0;
  for (let index = 2; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    wrong |= (notHex[code & 0x7f] as number) | (code >> 7);
  }
  return wrong === 0;
}

/** Writes hex text known to be well formed into `target` at `offset`. */
export function writeHex(text: string, target: Uint8Array, offset: number): void {
  for (let index = 2, at = offset; index < text.length; index += 2, at += 1) {
    target[at] = (nibble(text.charCodeAt(index)) << 4) | nibble(text.charCodeAt(index + 1));
  }
}

export function readHex(source: Uint8Array, offset: number, byteCount: number): string {
  return `0x${hexSlice.call(source, offset, offset + byteCount)}`;
}

/** The bytes as a string of one character each: a compact map key, never shown. */
export function toKey(bytes: Uint8Array): string {
  return latin1Slice.call(bytes, 0, bytes.length);
}

/** The bytes from `start` to `end` as text of a character each. */
export function readLatin1(source: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(source, start, end);
}

/** The bytes of a `toKey` string, or of any text of characters below 256. */
export function fromLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  writeLatin1(text, bytes, 0);
  return bytes;
}

/** Writes text of characters below 256 into `target` at `offset`, a byte each. */
export function writeLatin1(text: string, target: Uint8Array, offset: number): void {
  for (let index = 0; index < text.length; index += 1) target[offset + index] = text.charCodeAt(index);
}

/** True when every character is below 128: its UTF-8 is a byte each. */
export function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

/** True when every byte from `start` to `end` is below 128: as UTF-8 a character each. */
export function isAsciiBytes(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) if ((bytes[index] as number) > 0x7f) return false;
  return true;
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Bytes of the text in UTF-8, without making them. */
export function utf8ByteCount(text: string): number {
  return Buffer.byteLength(text);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  if (a.length > LOOP_BYTES_MAX) return Buffer.compare(a, b) === 0;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let byteCount = 0;
  for (const part of parts) byteCount += part.length;
  const out = new Uint8Array(byteCount);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The value of a hex digit, without a branch: letters have the bit of 64, and their low bits count from 1. */
function nibble(charCode: number): number {
  return (charCode & 15) + 9 * (charCode >> 6);
}
