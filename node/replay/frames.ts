/**
 * The pieces that a log of inputs is made of. Layout: magic, then frames of (byte count, checksum of the payload,
 * checksum of these two, payload). The first byte of a payload says what it is. A frame whose head is whole but whose
 * payload ends early was being written when the writer died; anything else that does not fit is damage.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { utf8 } from '../../consensus/primitives/bytes.ts';
import { DecodeError, encode, Reader, type Writer } from '../../consensus/primitives/codec.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';

export const MAGIC = utf8('SDRLIN02');
const FRAME_HEAD_BYTES = 12;
/** Read ahead from a file, in bytes: logs of real nodes are too long to hold. */
const WINDOW_BYTES = 1024 * 1024;

/**
 * What a frame holds. `scenario` or `node` comes first and says of what the log is; `shared` is a value that later
 * frames refer to; `witness` goes with the next input: what a replay cannot make, or is compared with; `end` is last.
 * The position is the tag: append, never reorder.
 */
const frameKinds = ['scenario', 'shared', 'input', 'end', 'node', 'witness'] as const;
export type FrameKind = (typeof frameKinds)[number];

export interface Frame {
  readonly kind: FrameKind;
  /** Where it begins in the log. */
  readonly offset: number;
  /** Behind the kind. */
  readonly payload: Uint8Array;
}

/** Head and payload of one frame. */
export function encodeFrame(kind: FrameKind, write: (writer: Writer) => void): readonly Uint8Array[] {
  const payload = encode((writer) => {
    writer.u8(frameKinds.indexOf(kind));
    write(writer);
  }, 512);
  const head = encode((writer) => {
    writer.u32(payload.length).u32(checksumOf(payload));
    writer.u32(headChecksumOf(payload.length, checksumOf(payload)));
  }, FRAME_HEAD_BYTES);
  return [head, payload];
}

/** Bytes that need not all be in memory. */
export interface ByteSource {
  readonly byteCount: number;
  /** Exactly that many bytes, which nobody changes afterwards; the caller stays within `byteCount`. */
  read(offset: number, byteCount: number): Uint8Array;
}

export function sourceOfBytes(bytes: Uint8Array): ByteSource {
  return {
    byteCount: bytes.length,
    read: (offset, byteCount) => bytes.subarray(offset, offset + byteCount),
  };
}

/** A file, read piece by piece as it is walked through. What is appended after it was opened is not seen. */
export class FileSource implements ByteSource {
  readonly byteCount: number;
  readonly #file: number;
  #window: Uint8Array = new Uint8Array(0);
  #windowOffset = 0;

  /** @throws What the system says when the file cannot be read. */
  constructor(path: string) {
    this.#file = openSync(path, 'r');
    this.byteCount = fstatSync(this.#file).size;
  }

  read(offset: number, byteCount: number): Uint8Array {
    const from = offset - this.#windowOffset;
    if (from < 0 || from + byteCount > this.#window.length) {
      const length = Math.min(Math.max(byteCount, WINDOW_BYTES), this.byteCount - offset);
      // A fresh one: what was handed out are views of the old one.
      this.#window = new Uint8Array(length);
      this.#windowOffset = offset;
      for (let done = 0; done < length; ) {
        const count = readSync(this.#file, this.#window, done, length - done, offset + done);
        if (count === 0) throw damaged(offset + done, 'the file became shorter while it was read');
        done += count;
      }
    }
    const start = offset - this.#windowOffset;
    return this.#window.subarray(start, start + byteCount);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/**
 * Reads frame by frame.
 * @param onTorn - Told how many bytes at the end are no whole frame; undefined: that is damage like any other.
 * @throws {CodedError} `INPUT_LOG_DAMAGED`.
 */
export function* readFrames(source: ByteSource, onTorn?: (byteCount: number) => void): Generator<Frame> {
  const { byteCount } = source;
  const magic = source.read(0, Math.min(MAGIC.length, byteCount));
  const isCut = magic.length < MAGIC.length;
  if (!magic.every((byte, index) => byte === MAGIC[index]) || (isCut && onTorn === undefined)) {
    throw damaged(0, 'not a log of inputs, or one of another version');
  }
  if (isCut) return onTorn?.(magic.length);
  for (let offset = MAGIC.length; offset < byteCount; ) {
    const from = offset + FRAME_HEAD_BYTES;
    const head = from > byteCount ? undefined : readHead(source.read(offset, FRAME_HEAD_BYTES), offset);
    if (head === undefined || from + head.byteCount > byteCount) {
      if (onTorn === undefined) throw damaged(offset, 'ends within a frame');
      return onTorn(byteCount - offset);
    }
    const payload = source.read(from, head.byteCount);
    const kind = frameKinds[payload[0] ?? frameKinds.length];
    if (checksumOf(payload) !== head.checksum || kind === undefined)
      throw damaged(offset, 'a frame has changed');
    yield { kind, offset, payload: payload.subarray(1) };
    offset = from + head.byteCount;
  }
}

function readHead(
  bytes: Uint8Array,
  offset: number,
): { readonly byteCount: number; readonly checksum: number } {
  const reader = new Reader(bytes);
  const byteCount = reader.u32();
  const checksum = reader.u32();
  if (reader.u32() !== headChecksumOf(byteCount, checksum)) throw damaged(offset, 'a frame has changed');
  return { byteCount, checksum };
}

export function readPayload<Value>({ payload, offset }: Frame, read: (reader: Reader) => Value): Value {
  try {
    const reader = new Reader(payload);
    const value = read(reader);
    reader.end();
    return value;
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw damaged(offset, cause.message);
  }
}

export function damaged(offset: number, reason: string): CodedError {
  return new CodedError('INPUT_LOG_DAMAGED', `the log of inputs is damaged at byte ${offset}: ${reason}`, {
    offset,
    reason,
  });
}

/** FNV-1a: finds what a disk or a copy did to a frame; it is no defence against a forger. */
function checksumOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function headChecksumOf(byteCount: number, checksum: number): number {
  return checksumOf(encode((writer) => writer.u32(byteCount).u32(checksum), 8));
}
