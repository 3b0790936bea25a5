/**
 * Canonical binary encoding: one way to write each value, big-endian, every size bounded. A reader rejects
 * anything a writer would not have written, trailing bytes included, so equal values have equal bytes.
 */
import { isAscii, isAsciiBytes, readHex, readLatin1, writeHex, writeLatin1 } from './bytes.ts';
import { refuse, type Verdict } from './codedError.ts';
import { AMOUNT_MAX, type Amount, type Hash } from './flavor.ts';

const TWO_32 = 2 ** 32;
/** Up to this many characters a loop is faster. */
const LOOP_CHARACTERS_MAX = 80;
const MASK_64 = (1n << 64n) - 1n;
const SAFE_INTEGER_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * Appends values to a growing buffer. Buffers come uncleared from the runtime's pool, which is several times
 * faster than fresh arrays; only bytes that were written ever leave.
 */
export class Writer {
  #buffer: Buffer;
  #length = 0;

  constructor(byteCountHint = 256) {
    this.#buffer = Buffer.allocUnsafe(byteCountHint);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    if (!(Number.isInteger(value) && value >= 0 && value <= 0xff)) outOfRange('u8', value);
    const at = this.#reserve(1);
    this.#buffer[at] = value;
    return this;
  }

  u16(value: number): this {
    if (!(Number.isInteger(value) && value >= 0 && value <= 0xffff)) outOfRange('u16', value);
    const at = this.#reserve(2);
    this.#buffer[at] = value >>> 8;
    this.#buffer[at + 1] = value & 0xff;
    return this;
  }

  u32(value: number): this {
    if (!(Number.isInteger(value) && value >= 0 && value < TWO_32)) outOfRange('u32', value);
    const at = this.#reserve(4);
    putU32(this.#buffer, at, value);
    return this;
  }

  /** A safe integer from 0 in eight bytes. */
  u64(value: number): this {
    if (!(Number.isSafeInteger(value) && value >= 0)) outOfRange('u64', value);
    return this.#eight(value);
  }

  /** A safe integer of either sign in eight bytes, two's complement. */
  i64(value: number): this {
    if (!Number.isSafeInteger(value)) outOfRange('i64', value);
    return this.#eight(value);
  }

  /** An unsigned 128-bit amount in sixteen bytes. */
  amount(value: Amount): this {
    if (!(value >= 0n && value <= AMOUNT_MAX)) outOfRange('amount', value);
    const at = this.#reserve(16);
    if (value <= SAFE_INTEGER_MAX) {
      // Most amounts fit a double: no 64-bit BigInt arithmetic for them.
      const low = Number(value);
      putU32(this.#buffer, at, 0);
      putU32(this.#buffer, at + 4, 0);
      putU32(this.#buffer, at + 8, Math.floor(low / TWO_32));
      putU32(this.#buffer, at + 12, low);
      return this;
    }
    this.#buffer.writeBigUInt64BE(value >> 64n, at);
    this.#buffer.writeBigUInt64BE(value & MASK_64, at + 8);
    return this;
  }

  /** A signed amount: one byte 1 for below zero, then the absolute value. Zero is never negative. */
  signedAmount(value: bigint): this {
    return this.u8(value < 0n ? 1 : 0).amount(value < 0n ? -value : value);
  }

  boolean(value: boolean): this {
    return this.u8(value ? 1 : 0);
  }

  /** A 32-byte digest or public key given as hex text. */
  hash(value: Hash): this {
    if (value.length !== 66) outOfRange('hash', value);
    const at = this.#reserve(32);
    writeHex(value, this.#buffer, at);
    return this;
  }

  /** Bytes whose count both sides know. */
  fixed(value: Uint8Array, byteCount: number): this {
    if (value.length !== byteCount) outOfRange('byte count', value.length);
    const at = this.#reserve(byteCount);
    this.#buffer.set(value, at);
    return this;
  }

  /** Bytes behind a 32-bit count. */
  bytes(value: Uint8Array, byteCountMax: number): this {
    if (value.length > byteCountMax) outOfRange('byte count', value.length);
    this.u32(value.length);
    return this.fixed(value, value.length);
  }

  /** Begins bytes behind a 32-bit count that is known when `endBytes` is called. @returns Where they start. */
  beginBytes(): number {
    return this.#reserve(4) + 4;
  }

  /** @param start - What `beginBytes` gave; they end here. */
  endBytes(start: number): this {
    putU32(this.#buffer, start - 4, this.#length - start);
    return this;
  }

  /** UTF-8 text behind a 16-bit byte count. */
  string(value: string, byteCountMax: number): this {
    // Nearly all text is short and ASCII: a loop writes it faster than a call out of JavaScript.
    const isShortAscii = value.length <= LOOP_CHARACTERS_MAX && isAscii(value);
    const byteCount = isShortAscii ? value.length : Buffer.byteLength(value);
    if (byteCount > byteCountMax || byteCount > 0xffff) outOfRange('text byte count', byteCount);
    this.u16(byteCount);
    if (isShortAscii) {
      return this.latin1(value);
    }
    const at = this.#reserve(byteCount);
    this.#buffer.write(value, at, 'utf8');
    return this;
  }

  /** Characters below 256, a byte each, whose count both sides know or read elsewhere. */
  latin1(value: string): this {
    const at = this.#reserve(value.length);
    writeLatin1(value, this.#buffer, at);
    return this;
  }

  /** A 32-bit count, then each item. */
  list<Item>(items: readonly Item[], countMax: number, write: (writer: Writer, item: Item) => void): this {
    if (items.length > countMax) outOfRange('item count', items.length);
    this.u32(items.length);
    // By index: an iterator makes an object for each item where this loop is not inlined.
    for (let index = 0; index < items.length; index += 1) write(this, items[index] as Item);
    return this;
  }

  /** What was written so far. Writing on does not change it. */
  finish(): Uint8Array {
    return new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset, this.#length);
  }

  #eight(value: number): this {
    const at = this.#reserve(8);
    const high = Math.floor(value / TWO_32);
    putU32(this.#buffer, at, high);
    putU32(this.#buffer, at + 4, value - high * TWO_32);
    return this;
  }

  /** Makes room and gives its offset. Call it before touching the buffer: growing replaces it. */
  #reserve(byteCount: number): number {
    const at = this.#length;
    this.#length = at + byteCount;
    if (this.#length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length));
      grown.set(this.#buffer.subarray(0, at));
      this.#buffer = grown;
    }
    return at;
  }
}

/** A value its caller should never have had: a bug, so it crashes. The text is only made then. */
function outOfRange(what: string, value: number | bigint | string): never {
  throw new Error(`assertion failed: ${what} out of range: ${value}`);
}

function putU32(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = (value >>> 16) & 0xff;
  buffer[at + 2] = (value >>> 8) & 0xff;
  buffer[at + 3] = value & 0xff;
}

/** Thrown by a reader on bytes no writer makes; `decode` turns it into a verdict, nothing else sees it. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/** Reads what a `Writer` wrote, in the same order. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  u64(): number {
    const value = this.i64();
    if (value < 0) throw new DecodeError('negative where an unsigned integer is wanted');
    return value;
  }

  i64(): number {
    const at = this.#take(8);
    const value = this.#view.getInt32(at) * TWO_32 + this.#view.getUint32(at + 4);
    if (!Number.isSafeInteger(value)) throw new DecodeError('integer above 2^53');
    return value;
  }

  amount(): Amount {
    const at = this.#take(16);
    const low = this.#view.getBigUint64(at + 8);
    // Most amounts fit 64 bits: no 128-bit arithmetic for them.
    if (this.#view.getUint32(at) === 0 && this.#view.getUint32(at + 4) === 0) return low;
    return (this.#view.getBigUint64(at) << 64n) | low;
  }

  signedAmount(): bigint {
    const negative = this.boolean();
    const value = this.amount();
    if (negative && value === 0n) throw new DecodeError('negative zero');
    return negative ? -value : value;
  }

  boolean(): boolean {
    const value = this.u8();
    if (value > 1) throw new DecodeError(`boolean written as ${value}`);
    return value === 1;
  }

  hash(): Hash {
    return readHex(this.#bytes, this.#take(32), 32);
  }

  /** A view of the next bytes; it shares memory with the input. */
  fixed(byteCount: number): Uint8Array {
    const at = this.#take(byteCount);
    return this.#bytes.subarray(at, at + byteCount);
  }

  bytes(byteCountMax: number): Uint8Array {
    const byteCount = this.u32();
    if (byteCount > byteCountMax) throw new DecodeError(`${byteCount} bytes exceed ${byteCountMax}`);
    return this.fixed(byteCount);
  }

  string(byteCountMax: number): string {
    const byteCount = this.u16();
    if (byteCount > byteCountMax) throw new DecodeError(`text of ${byteCount} bytes exceeds ${byteCountMax}`);
    const at = this.#take(byteCount);
    const end = at + byteCount;
    // Nearly all text is short and ASCII: a decoder for each costs more than the rest of what is read.
    if (byteCount <= LOOP_CHARACTERS_MAX && isAsciiBytes(this.#bytes, at, end)) {
      return readLatin1(this.#bytes, at, end);
    }
    const bytes = this.#bytes.subarray(at, end);
    try {
      // ignoreBOM keeps a leading U+FEFF, which would otherwise vanish and break the round trip.
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new DecodeError('text is not UTF-8');
    }
  }

  list<Item>(countMax: number, read: (reader: Reader) => Item): Item[] {
    const count = this.u32();
    if (count > countMax) throw new DecodeError(`${count} items exceed ${countMax}`);
    const items: Item[] = [];
    for (let index = 0; index < count; index += 1) items.push(read(this));
    return items;
  }

  /** How many bytes have been read. */
  get offset(): number {
    return this.#at;
  }

  /** The bytes read since `offset`, as a view: by canonical encoding, what a writer would write of them. */
  since(offset: number): Uint8Array {
    return this.#bytes.subarray(offset, this.#at);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) {
      throw new DecodeError(`${this.#bytes.length - this.#at} bytes left over`);
    }
  }

  #take(byteCount: number): number {
    const at = this.#at;
    if (at + byteCount > this.#bytes.length) throw new DecodeError('ends too early');
    this.#at = at + byteCount;
    return at;
  }
}

/** Writes one value with a writer of its own. */
export function encode(write: (writer: Writer) => void, byteCountHint?: number): Uint8Array {
  const writer = new Writer(byteCountHint);
  write(writer);
  return writer.finish();
}

/**
 * Reads a whole value from bytes that may come from anybody.
 * @returns The value, or a refusal `ENCODING_INVALID`; never throws for any input bytes.
 */
export function decode<Value>(
  bytes: Uint8Array,
  read: (reader: Reader) => Value,
): Verdict<Value, 'ENCODING_INVALID'> {
  const reader = new Reader(bytes);
  try {
    const value = read(reader);
    reader.end();
    return { ok: true, value };
  } catch (cause) {
    if (cause instanceof DecodeError) return refuse('ENCODING_INVALID', cause.message);
    throw cause;
  }
}
