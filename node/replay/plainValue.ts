/**
 * Any plain value as bytes: what JSON holds, and besides bytes, `bigint` and undefined, each coming back as it was. For
 * records that must survive new fields and new kinds of input without a format of their own.
 */
import { utf8 } from '../../consensus/primitives/bytes.ts';
import { DecodeError, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import { assert } from '../../consensus/primitives/codedError.ts';

/** The position is the tag: append, never reorder. */
const tags = [
  'undefined',
  'null',
  'false',
  'true',
  'integer',
  'number',
  'bigint',
  'string',
  'bytes',
  'array',
  'object',
  'reference',
] as const;
type Tag = (typeof tags)[number];

const BYTES_MAX = 256 * 1024 * 1024;
const DIGITS_MAX = 1024;
const KEY_BYTES_MAX = 1024;
const ITEMS_MAX = 16 * 1024 * 1024;
/** Deepest nesting that is read. */
const DEPTH_MAX = 64;

/** Values that stand elsewhere, by number. */
export interface ReferenceWriter {
  /** The number of a value that is kept elsewhere; undefined: it is written where it stands. */
  referTo(value: object): number | undefined;
}

export function writePlain(writer: Writer, value: unknown, references?: ReferenceWriter): void {
  if (value === undefined) writeTag(writer, 'undefined');
  else if (value === null) writeTag(writer, 'null');
  else if (typeof value === 'boolean') writeTag(writer, value ? 'true' : 'false');
  else if (typeof value === 'number') writeNumber(writer, value);
  else if (typeof value === 'string') {
    writeTag(writer, 'string');
    writer.bytes(utf8(value), BYTES_MAX);
  } else if (typeof value === 'bigint') {
    writeTag(writer, 'bigint');
    writer.string(String(value), DIGITS_MAX);
  } else {
    assert(typeof value === 'object', `a ${typeof value} is no plain value`);
    writeObject(writer, value, references);
  }
}

function writeTag(writer: Writer, tag: Tag): void {
  writer.u8(tags.indexOf(tag));
}

function writeNumber(writer: Writer, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    writeTag(writer, 'integer');
    writer.i64(value);
  } else {
    writeTag(writer, 'number');
    writer.string(Object.is(value, -0) ? '-0' : String(value), 32);
  }
}

function writeObject(writer: Writer, value: object, references: ReferenceWriter | undefined): void {
  const number = references?.referTo(value);
  if (number !== undefined) {
    writeTag(writer, 'reference');
    writer.u32(number);
    return;
  }
  if (value instanceof Uint8Array) {
    writeTag(writer, 'bytes');
    writer.bytes(value, BYTES_MAX);
  } else if (Array.isArray(value)) {
    writeTag(writer, 'array');
    writer.u32(value.length);
    for (const item of value) writePlain(writer, item, references);
  } else {
    const prototype: unknown = Object.getPrototypeOf(value);
    assert(prototype === Object.prototype || prototype === null, 'an instance of a class is no plain value');
    const entries = Object.entries(value);
    writeTag(writer, 'object');
    writer.u32(entries.length);
    for (const [key, item] of entries) {
      writer.string(key, KEY_BYTES_MAX);
      writePlain(writer, item, references);
    }
  }
}

/** @throws {DecodeError} For bytes that `writePlain` did not make. */
export function readPlain(reader: Reader, resolve?: (reference: number) => unknown, depth = 0): unknown {
  if (depth > DEPTH_MAX) throw new DecodeError('nested too deeply');
  const tag = tags[reader.u8()];
  switch (tag) {
    case 'undefined':
      return undefined;
    case 'null':
      return null;
    case 'false':
      return false;
    case 'true':
      return true;
    case 'integer':
      return reader.i64();
    case 'number':
      return Number(reader.string(32));
    case 'bigint':
      return readBigint(reader.string(DIGITS_MAX));
    case 'string':
      return readText(reader.bytes(BYTES_MAX));
    case 'bytes':
      return reader.bytes(BYTES_MAX);
    case 'array':
      return Array.from({ length: readCount(reader) }, () => readPlain(reader, resolve, depth + 1));
    case 'object':
      return Object.fromEntries(
        Array.from({ length: readCount(reader) }, () => [
          reader.string(KEY_BYTES_MAX),
          readPlain(reader, resolve, depth + 1),
        ]),
      );
    case 'reference':
      return resolve?.(reader.u32());
    default:
      throw new DecodeError('unknown kind of value');
  }
}

function readCount(reader: Reader): number {
  const count = reader.u32();
  if (count > ITEMS_MAX) throw new DecodeError('too many items');
  return count;
}

function readBigint(text: string): bigint {
  if (!/^-?[0-9]+$/.test(text)) throw new DecodeError('no whole number');
  return BigInt(text);
}

function readText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DecodeError('text is not UTF-8');
  }
}
