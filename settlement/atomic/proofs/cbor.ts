/**
 * A reader for the part of CBOR (RFC 8949) that attestation documents are made of: unsigned integers, byte and text
 * strings, arrays, maps and null. Lengths and integers are of the shortest form and definite, nothing is tagged,
 * and what follows the last item is refused. One exception, for the map that enclaves write without a count.
 */
import { equalBytes } from '../../../consensus/primitives/bytes.ts';

/** Thrown on what is not read; the caller turns it into a reason, nothing else sees it. */
export class CborError extends Error {
  override readonly name = 'CborError';
}

const major = { unsigned: 0, bytes: 2, text: 3, array: 4, map: 5 } as const;

const NULL = 0xf6;
const MAP_WITHOUT_COUNT = 0xbf;
const BREAK = 0xff;
/** Up to this value an integer or length stands in the first byte. */
const INLINE_MAX = 23;

export class CborReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  unsigned(): number {
    return this.#head(major.unsigned, Number.MAX_SAFE_INTEGER);
  }

  /** A view of a byte string. */
  bytes(byteCountMax: number): Uint8Array {
    return this.#take(this.#head(major.bytes, byteCountMax));
  }

  /** A byte string, or undefined for null. */
  bytesOrNull(byteCountMax: number): Uint8Array | undefined {
    if (this.#peek() !== NULL) return this.bytes(byteCountMax);
    this.#at += 1;
    return undefined;
  }

  text(byteCountMax: number): string {
    const bytes = this.#take(this.#head(major.text, byteCountMax));
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new CborError('text is not UTF-8');
    }
  }

  /** @returns How many items follow. */
  array(countMax: number): number {
    return this.#head(major.array, countMax);
  }

  /** Calls `read` once an entry, before its key. */
  map(countMax: number, read: () => void): void {
    const count = this.#head(major.map, countMax);
    for (let index = 0; index < count; index += 1) read();
  }

  /** The same for a map that may also end with a break in place of a count. */
  mapOfEitherForm(countMax: number, read: () => void): void {
    if (this.#peek() !== MAP_WITHOUT_COUNT) {
      this.map(countMax, read);
      return;
    }
    this.#at += 1;
    for (let count = 0; this.#peek() !== BREAK; count += 1) {
      if (count === countMax) throw new CborError(`more than ${countMax} entries`);
      read();
    }
    this.#at += 1;
  }

  /** Reads over bytes that can only be these. */
  expect(expected: Uint8Array): void {
    if (!equalBytes(this.#take(expected.length), expected))
      throw new CborError('not the bytes that must be here');
  }

  /** The bytes read since `offset`; a view. */
  since(offset: number): Uint8Array {
    return this.#bytes.subarray(offset, this.#at);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new CborError('bytes left over');
  }

  #peek(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new CborError('ends too early');
    return byte;
  }

  #take(byteCount: number): Uint8Array {
    const start = this.#at;
    if (start + byteCount > this.#bytes.length) throw new CborError('ends too early');
    this.#at = start + byteCount;
    return this.#bytes.subarray(start, this.#at);
  }

  /** The argument of an item of this major type, in its shortest form and at most `valueMax`. */
  #head(majorType: number, valueMax: number): number {
    const first = this.#peek();
    if (first >> 5 !== majorType) throw new CborError(`item of type ${first >> 5}, not ${majorType}`);
    this.#at += 1;
    const value = this.#argument(first & 0x1f);
    if (value > valueMax) throw new CborError(`${value} exceeds ${valueMax}`);
    return value;
  }

  #argument(form: number): number {
    if (form <= INLINE_MAX) return form;
    // 24 to 27: one, two, four or eight bytes follow. What is above means an unknown or no length.
    if (form > 27) throw new CborError('a length that is not definite');
    const byteCount = 1 << (form - 24);
    const start = this.#at;
    this.#take(byteCount);
    const value = this.#numberAt(start, byteCount);
    const shorterMax = byteCount === 1 ? INLINE_MAX : 2 ** (4 * byteCount) - 1;
    if (value <= shorterMax) throw new CborError('an integer longer than it need be');
    return value;
  }

  #numberAt(start: number, byteCount: number): number {
    switch (byteCount) {
      case 1:
        return this.#view.getUint8(start);
      case 2:
        return this.#view.getUint16(start);
      case 4:
        return this.#view.getUint32(start);
      default:
        // Beyond 2^53 it is not exact, but then above every limit.
        return this.#view.getUint32(start) * 2 ** 32 + this.#view.getUint32(start + 4);
    }
  }
}
