/**
 * The log of what nodes took in: with the scenario it was recorded under, enough to run any of them again, alone and
 * offline (replay.ts). One file a run. What several nodes receive, such as a gossiped message or a settlement block, is
 * written once and referred to.
 *
 * Layout: magic, then frames of (byte count, checksum, payload). The first payload is the scenario; each other one a
 * shared value, an input with a digest of the outputs it led to, or the end.
 */
import { utf8 } from '../../../consensus/primitives/bytes.ts';
import { DecodeError, encode, Reader, type Writer } from '../../../consensus/primitives/codec.ts';
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import type { TimeMs, ValidatorIndex } from '../../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../../consensus/primitives/hash.ts';
import type { Input, Output } from '../../core/types.ts';
import type { Scenario } from '../../scenario/types.ts';
import type { NodeProcess } from '../machine/nodeProcess.ts';
import { readPlain, writePlain } from './plainValue.ts';

const MAGIC = utf8('SDRLIN01');
const FRAME_HEAD_BYTES = 8;
/** Bytes of a byte string from which on it is worth a frame of its own. */
const SHARED_BYTES_MIN = 48;
/** Size at which recording ends, unless the sink says otherwise, in bytes. */
const LOG_BYTES_MAX = 256 * 1024 * 1024;
/** Characters of the hash of outputs that are kept: 64 bits tell runs apart. */
const DIGEST_CHARACTERS = 16;

const frameKinds = ['scenario', 'shared', 'input', 'end'] as const;
type FrameKind = (typeof frameKinds)[number];

export interface InputSink {
  /** Takes the log piece by piece. */
  readonly write: (bytes: Uint8Array) => void;
  /** Names of the nodes to record; undefined: all. */
  readonly nodes?: readonly string[] | undefined;
  /** Most bytes; recording ends before it. Undefined: 256 MiB. */
  readonly bytesMax?: number | undefined;
}

/** One input as it was recorded. */
export interface RecordedInput {
  readonly node: ValidatorIndex;
  /** Counts the processes of the run in order of their start: a node that restarts has another one. */
  readonly life: number;
  readonly input: Input;
  /** Of the outputs it led to, or of what was thrown instead. */
  readonly digest: string;
  /** Where it stands in the log, in bytes. */
  readonly offset: number;
}

export interface InputLog {
  readonly scenario: Scenario;
  readonly inputs: Iterable<RecordedInput>;
  /** Known once all inputs are read: the log was full before the run ended. */
  readonly isCut: boolean;
}

/** Hash of what an input led to. Equal outputs, byte for byte, have equal digests. */
export function digestOf(outputs: readonly Output[] | { readonly thrown: string }): string {
  const plain = 'thrown' in outputs ? outputs : outputs.map(plainOutput);
  const bytes = encode((writer) => writePlain(writer, plain), 1024);
  return hashBytes('message', bytes).slice(2, 2 + DIGEST_CHARACTERS);
}

/** Rows that are encoded only when somebody reads them are read here. */
function plainOutput(output: Output): Output {
  if (output.type !== 'persist') return output;
  return { ...output, writes: output.writes.map(({ key, value }) => ({ key, value })) };
}

/** What a thrown value says, without the stack, which differs between builds. */
export function describeThrown(cause: unknown): string {
  return cause instanceof CodedError ? cause.code : cause instanceof Error ? cause.message : String(cause);
}

/** Writes the log of one run. */
export class InputRecorder {
  readonly #sink: InputSink;
  readonly #isRecorded: readonly boolean[];
  readonly #numbers = new WeakMap<object, number>();
  #sharedCount = 0;
  #lifeCount = 0;
  #byteCount = 0;
  #isFull = false;
  /** When the first input came that found no room. */
  #fullAtMs: TimeMs | undefined;

  constructor(scenario: Scenario, sink: InputSink) {
    this.#sink = sink;
    this.#isRecorded = scenario.config.validators.map(({ name }) => sink.nodes?.includes(name) ?? true);
    sink.write(MAGIC);
    this.#byteCount = MAGIC.length;
    this.#frame('scenario', (writer) => writePlain(writer, scenario));
  }

  /** A process like the one given that writes down what it takes in. */
  record(node: ValidatorIndex, core: NodeProcess): NodeProcess {
    this.#lifeCount += 1;
    const life = this.#lifeCount;
    if (this.#isRecorded[node] !== true) return core;
    return {
      status: () => core.status(),
      handle: (input) => {
        try {
          const outputs = core.handle(input);
          this.#input(node, life, input, digestOf(outputs));
          return outputs;
        } catch (cause) {
          this.#input(node, life, input, digestOf({ thrown: describeThrown(cause) }));
          throw cause;
        }
      },
    };
  }

  /** What is missing from the log, in words; undefined: nothing is. */
  describeCut(): string | undefined {
    if (this.#fullAtMs === undefined) return undefined;
    return `the log of inputs reached its limit of ${this.#bytesMax} bytes at ${this.#fullAtMs} ms: what nodes took in afterwards is not in it. Record fewer nodes with --record, or run a shorter scenario`;
  }

  get #bytesMax(): number {
    return this.#sink.bytesMax ?? LOG_BYTES_MAX;
  }

  /** The run is over. */
  finish(): void {
    this.#frame('end', (writer) => writer.boolean(this.#isFull));
  }

  #input(node: ValidatorIndex, life: number, input: Input, digest: string): void {
    if (this.#byteCount >= this.#bytesMax) this.#isFull = true;
    if (this.#isFull) {
      this.#fullAtMs ??= input.nowMs;
      return;
    }
    const references = { referTo: (value: object) => this.#share(value) };
    this.#frame('input', (writer) => {
      writer.u16(node).u32(life).string(digest, DIGEST_CHARACTERS);
      // The input itself is no shared value, but what stands in it may be.
      const fields = Object.entries(input);
      writer.u8(fields.length);
      for (const [key, value] of fields) {
        writer.string(key, 64);
        writePlain(writer, value, references);
      }
    });
  }

  /** Longer byte strings and settlement blocks go into frames of their own, each once, before they are referred to. */
  #share(value: object): number | undefined {
    const known = this.#numbers.get(value);
    if (known !== undefined) return known;
    const isWorth =
      value instanceof Uint8Array ? value.length >= SHARED_BYTES_MIN : 'events' in value && 'hash' in value;
    if (!isWorth) return undefined;
    this.#frame('shared', (writer) => writePlain(writer, value));
    const number = this.#sharedCount;
    this.#sharedCount += 1;
    this.#numbers.set(value, number);
    return number;
  }

  #frame(kind: FrameKind, write: (writer: Writer) => void): void {
    const payload = encode((writer) => {
      writer.u8(frameKinds.indexOf(kind));
      write(writer);
    }, 512);
    const head = encode((writer) => writer.u32(payload.length).u32(checksumOf(payload)), FRAME_HEAD_BYTES);
    this.#sink.write(head);
    this.#sink.write(payload);
    this.#byteCount += head.length + payload.length;
  }
}

/**
 * Reads a log.
 * @returns The scenario, and the inputs, which are read as they are asked for.
 * @throws {CodedError} `INPUT_LOG_DAMAGED`, also while inputs are read: what is there is no whole log. Says where.
 */
export function readInputLog(bytes: Uint8Array): InputLog {
  const frames = readFrames(bytes);
  const first = frames.next();
  if (first.done === true || first.value.kind !== 'scenario') throw damaged(MAGIC.length, 'no scenario');
  const scenario = readPayload(first.value, (reader) => readPlain(reader)) as Scenario;
  const log = {
    scenario,
    inputs: readInputs(frames, bytes.length, (isCut) => {
      log.isCut = isCut;
    }),
    isCut: false,
  };
  return log;
}

interface Frame {
  readonly kind: FrameKind;
  readonly offset: number;
  /** Behind the kind. */
  readonly payload: Uint8Array;
}

function* readFrames(bytes: Uint8Array): Generator<Frame> {
  if (!MAGIC.every((byte, index) => bytes[index] === byte)) throw damaged(0, 'not a log of inputs');
  for (let offset = MAGIC.length; offset < bytes.length; ) {
    if (offset + FRAME_HEAD_BYTES > bytes.length) throw damaged(offset, 'ends within a frame');
    const head = new Reader(bytes.subarray(offset, offset + FRAME_HEAD_BYTES));
    const byteCount = head.u32();
    const checksum = head.u32();
    const from = offset + FRAME_HEAD_BYTES;
    if (from + byteCount > bytes.length) throw damaged(offset, 'ends within a frame');
    const payload = bytes.subarray(from, from + byteCount);
    const kind = frameKinds[payload[0] ?? frameKinds.length];
    if (checksumOf(payload) !== checksum || kind === undefined) throw damaged(offset, 'a frame has changed');
    yield { kind, offset, payload: payload.subarray(1) };
    offset = from + byteCount;
  }
}

function* readInputs(
  frames: Iterable<Frame>,
  byteCount: number,
  ended: (isCut: boolean) => void,
): Generator<RecordedInput> {
  const shared: unknown[] = [];
  for (const frame of frames) {
    switch (frame.kind) {
      case 'shared':
        shared.push(readPayload(frame, (reader) => readPlain(reader)));
        break;
      case 'input':
        yield readPayload(frame, (reader) => readInput(reader, frame.offset, shared));
        break;
      case 'end':
        ended(readPayload(frame, (reader) => reader.boolean()));
        return;
      case 'scenario':
        throw damaged(frame.offset, 'a second scenario');
    }
  }
  throw damaged(byteCount, 'ends before the run did');
}

function readInput(reader: Reader, offset: number, shared: readonly unknown[]): RecordedInput {
  const node = reader.u16();
  const life = reader.u32();
  const digest = reader.string(DIGEST_CHARACTERS);
  const resolve = (reference: number): unknown => {
    if (reference >= shared.length) throw new DecodeError('refers to what is not there');
    return shared[reference];
  };
  const fieldCount = reader.u8();
  const fields = Array.from({ length: fieldCount }, () => [reader.string(64), readPlain(reader, resolve)]);
  return { node, life, input: Object.fromEntries(fields) as Input, digest, offset };
}

function readPayload<Value>({ payload, offset }: Frame, read: (reader: Reader) => Value): Value {
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

function damaged(offset: number, reason: string): CodedError {
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
