/**
 * A reader for the part of DER (X.690, 10) that certificates with P-384 keys are made of. Lengths are definite and of the
 * shortest form, tags are low; anything a DER writer would not have written is refused.
 */
import { equalBytes } from '../../../consensus/primitives/bytes.ts';

/** Thrown on what is not read; the caller turns it into a reason, nothing else sees it. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
  /** Of a certificate: version and extensions. */
  context0: 0xa0,
  context3: 0xa3,
} as const;

/** Lengths above two bytes are longer than any certificate that is read. */
const LENGTH_BYTES_MAX = 2;
const TRUE = 0xff;

export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** True when the next element has this tag. */
  isNext(tag: number): boolean {
    return this.#bytes[this.#at] === tag;
  }

  /** The content of the next element, which must have this tag; a view. */
  content(tag: number): Uint8Array {
    const start = this.#at;
    const element = this.element(tag);
    return element.subarray(this.#contentStart(start) - start);
  }

  /** The next element with its tag and length; a view. */
  element(tag: number): Uint8Array {
    const start = this.#at;
    if (this.#bytes[start] !== tag) throw new DerError(`tag ${this.#bytes[start]}, not ${tag}`);
    const contentStart = this.#contentStart(start);
    const end = contentStart + this.#lengthAt(start + 1);
    if (end > this.#bytes.length) throw new DerError('ends too early');
    this.#at = end;
    return this.#bytes.subarray(start, end);
  }

  /** A reader of what is inside the next element. */
  inside(tag: number): DerReader {
    return new DerReader(this.content(tag));
  }

  /** A non-negative integer's bytes without the zero in front: nothing for zero. */
  unsigned(byteCountMax: number): Uint8Array {
    const content = this.content(derTags.integer);
    const [first = 0x80, second = 0] = content;
    if (first >= 0x80) throw new DerError('an integer that is empty or negative');
    if (first === 0 && content.length > 1 && second < 0x80)
      throw new DerError('an integer longer than it need be');
    const magnitude = first === 0 ? content.subarray(1) : content;
    if (magnitude.length > byteCountMax) throw new DerError(`an integer above ${byteCountMax} bytes`);
    return magnitude;
  }

  /** The content of an object identifier: whole numbers of seven bits a byte, each of the shortest form. */
  objectIdentifier(): Uint8Array {
    const content = this.content(derTags.objectIdentifier);
    let isWhole = false;
    let isFirst = true;
    for (const byte of content) {
      if (isFirst && byte === 0x80) throw new DerError('a number of an identifier longer than it need be');
      isWhole = byte < 0x80;
      isFirst = isWhole;
    }
    if (!isWhole) throw new DerError('an identifier that is empty or cut off');
    return content;
  }

  /** Reads over text of the kinds that names are made of. */
  text(): void {
    if (this.isNext(derTags.utf8String)) {
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(this.content(derTags.utf8String));
      } catch (cause) {
        if (cause instanceof DerError) throw cause;
        throw new DerError('text is not UTF-8');
      }
      return;
    }
    const bytes = this.content(this.isNext(derTags.ia5String) ? derTags.ia5String : derTags.printableString);
    if (bytes.some((byte) => byte < 0x20 || byte > 0x7e)) throw new DerError('text that is not printable');
  }

  /** A value that is written only where it is true, as DER has it of what defaults to false. */
  trueOrAbsent(): boolean {
    if (!this.isNext(derTags.boolean)) return false;
    const content = this.content(derTags.boolean);
    if (content.length !== 1 || content[0] !== TRUE) throw new DerError('a boolean that is not plainly true');
    return true;
  }

  /** The bytes of a bit string without unused bits. */
  wholeBits(): Uint8Array {
    const content = this.content(derTags.bitString);
    if (content[0] !== 0) throw new DerError('a bit string of broken bytes');
    return content.subarray(1);
  }

  /** Reads over an element that can only be this one. */
  expect(expected: Uint8Array): void {
    const end = this.#at + expected.length;
    if (!equalBytes(this.#bytes.subarray(this.#at, end), expected)) {
      throw new DerError('not the element that must be here');
    }
    this.#at = end;
  }

  end(): void {
    if (!this.isAtEnd) throw new DerError('bytes left over');
  }

  /** First byte of the content of the element at `start`. */
  #contentStart(start: number): number {
    const first = this.#bytes[start + 1] ?? 0;
    return start + 2 + (first < 0x80 ? 0 : first & 0x7f);
  }

  #lengthAt(at: number): number {
    const first = this.#bytes[at];
    if (first === undefined) throw new DerError('ends too early');
    if (first < 0x80) return first;
    const byteCount = first & 0x7f;
    if (byteCount === 0 || byteCount > LENGTH_BYTES_MAX)
      throw new DerError('a length that is not definite or too long');
    let length = 0;
    for (let index = 1; index <= byteCount; index += 1) {
      const byte = this.#bytes[at + index];
      if (byte === undefined) throw new DerError('ends too early');
      length = length * 256 + byte;
    }
    if (length < (byteCount === 1 ? 0x80 : 0x100)) throw new DerError('a length longer than it need be');
    return length;
  }
}
