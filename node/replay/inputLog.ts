/**
 * The log of what nodes took in: enough to run any of them again, alone and offline (replay.ts). One file a run of a
 * simulation, with the scenario in front; or one file a process life of a real node, with its genesis and options in
 * front (nodeLog.ts). What several nodes receive, such as a gossiped message or a settlement block, is written once
 * and referred to.
 */
import { DecodeError, encode, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import type { Hash, Height, TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../consensus/primitives/hash.ts';
import type { Signature } from '../../consensus/primitives/signature.ts';
import type { NodeCore } from '../core/nodeCore.ts';
import type { Input, Output } from '../core/types.ts';
import type { Scenario } from '../scenario/types.ts';
import {
  type ByteSource,
  damaged,
  encodeFrame,
  type Frame,
  type FrameKind,
  MAGIC,
  readFrames,
  readPayload,
  sourceOfBytes,
} from './frames.ts';
import { readPlain, writePlain } from './plainValue.ts';

/** Bytes of a byte string from which on it is worth a frame of its own. */
const SHARED_BYTES_MIN = 48;
/** Size at which recording ends, unless the sink says otherwise, in bytes. */
const LOG_BYTES_MAX = 256 * 1024 * 1024;
/** Characters of the hash of outputs that are kept: 64 bits tell runs apart. */
const DIGEST_CHARACTERS = 16;

/** What a recorder stands around: the core of a node, or something that hands everything on to one. */
export type RecordedCore = Pick<NodeCore, 'handle' | 'status'>;

export interface InputSink {
  /** Takes the log piece by piece. */
  readonly write: (bytes: Uint8Array) => void;
  /** Names of the nodes to record; undefined: all. */
  readonly nodes?: readonly string[] | undefined;
  /** Most bytes; recording ends before it. Undefined: 256 MiB. */
  readonly bytesMax?: number | undefined;
}

/** A root that a node reported for a block it made final. */
export interface ReportedRoot {
  readonly height: Height;
  readonly stateRoot: Hash;
}

/** What the log of a real node holds of an input beside it. */
export interface Witness {
  /** Made while the input was handled, in order: a log holds no secret key. */
  readonly signatures: readonly Signature[];
  readonly roots: readonly ReportedRoot[];
}

/** One input as it was recorded. */
export interface RecordedInput {
  readonly node: ValidatorIndex;
  /** Counts the processes of the run in order of their start: a node that restarts has another one. */
  readonly life: number;
  readonly input: Input;
  /** Of the outputs it led to, or of what was thrown instead. */
  readonly digest: string;
  /** Undefined in a log that has the scenario, and so every key. */
  readonly witness: Witness | undefined;
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

/** The roots that outputs report. */
export function rootsOf(outputs: readonly Output[]): ReportedRoot[] {
  return outputs.flatMap((output) =>
    output.type === 'emit' && output.event.type === 'block_finalized'
      ? [{ height: output.event.height, stateRoot: output.event.stateRoot }]
      : [],
  );
}

/** Encodes one log, frame by frame, until it is full. */
export class InputLogWriter {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #bytesMax: number;
  readonly #isSharing: boolean;
  readonly #numbers = new WeakMap<object, number>();
  #sharedCount = 0;
  #byteCount = 0;
  #fullAtMs: TimeMs | undefined;

  /** @param options - `isSharing`: several nodes take in the same objects, so each is worth a frame of its own. */
  constructor(
    write: (bytes: Uint8Array) => void,
    options: { readonly bytesMax: number; readonly isSharing: boolean },
  ) {
    this.#write = write;
    this.#bytesMax = options.bytesMax;
    this.#isSharing = options.isSharing;
    write(MAGIC);
    this.#byteCount = MAGIC.length;
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  /** When the first input came that found no room; nothing is taken from then on. */
  get fullAtMs(): TimeMs | undefined {
    return this.#fullAtMs;
  }

  /** What the log is of. */
  head(kind: 'scenario' | 'node', value: object): void {
    this.#frame(kind, (writer) => writePlain(writer, value));
  }

  input({ node, life, input, digest, witness }: Omit<RecordedInput, 'offset'>): void {
    if (this.#byteCount >= this.#bytesMax) this.#fullAtMs ??= input.nowMs;
    if (this.#fullAtMs !== undefined) return;
    if (witness !== undefined && witness.signatures.length + witness.roots.length > 0) {
      this.#frame('witness', (writer) => writePlain(writer, witness));
    }
    const references = this.#isSharing ? { referTo: (value: object) => this.#share(value) } : undefined;
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

  /** The run, or the life, is over. */
  end(): void {
    this.#frame('end', (writer) => writer.boolean(this.#fullAtMs !== undefined));
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
    for (const piece of encodeFrame(kind, write)) {
      this.#write(piece);
      this.#byteCount += piece.length;
    }
  }
}

/** Writes the log of one run of several nodes whose scenario, and so whose keys, are known. */
export class InputRecorder {
  readonly #log: InputLogWriter;
  readonly #bytesMax: number;
  readonly #isRecorded: readonly boolean[];
  #lifeCount = 0;

  constructor(scenario: Scenario, sink: InputSink) {
    this.#isRecorded = scenario.config.validators.map(({ name }) => sink.nodes?.includes(name) ?? true);
    this.#bytesMax = sink.bytesMax ?? LOG_BYTES_MAX;
    this.#log = new InputLogWriter(sink.write, { bytesMax: this.#bytesMax, isSharing: true });
    this.#log.head('scenario', scenario);
  }

  /** A core like the one given that writes down what it takes in. */
  record(node: ValidatorIndex, core: RecordedCore): RecordedCore {
    this.#lifeCount += 1;
    const life = this.#lifeCount;
    if (this.#isRecorded[node] !== true) return core;
    return recordCore(core, (input, outcome) => {
      this.#log.input({ node, life, input, digest: digestOf(outcome), witness: undefined });
    });
  }

  /** What is missing from the log, in words; undefined: nothing is. */
  describeCut(): string | undefined {
    const { fullAtMs } = this.#log;
    if (fullAtMs === undefined) return undefined;
    return `the log of inputs reached its limit of ${this.#bytesMax} bytes at ${fullAtMs} ms: what nodes took in afterwards is not in it. Record fewer nodes with --record, or run a shorter scenario`;
  }

  /** The run is over. */
  finish(): void {
    this.#log.end();
  }
}

/** A core like the one given that tells what each input led to, before anybody acts on it. */
export function recordCore(
  core: RecordedCore,
  onHandled: (input: Input, outcome: readonly Output[] | { readonly thrown: string }) => void,
): RecordedCore {
  return {
    status: () => core.status(),
    handle: (input) => {
      let outputs: readonly Output[];
      try {
        outputs = core.handle(input);
      } catch (cause) {
        onHandled(input, { thrown: describeThrown(cause) });
        throw cause;
      }
      onHandled(input, outputs);
      return outputs;
    },
  };
}

/**
 * Reads the log of a run.
 * @returns The scenario, and the inputs, which are read as they are asked for.
 * @throws {CodedError} `INPUT_LOG_DAMAGED`, also while inputs are read: what is there is no whole log. Says where.
 */
export function readInputLog(bytes: Uint8Array | ByteSource): InputLog {
  const source = bytes instanceof Uint8Array ? sourceOfBytes(bytes) : bytes;
  const frames = readFrames(source);
  const first = frames.next();
  if (first.done === true || first.value.kind !== 'scenario') throw damaged(MAGIC.length, 'no scenario');
  const scenario = readPayload(first.value, (reader) => readPlain(reader)) as Scenario;
  const inputs = readInputs(frames, {
    ended: (isCut) => {
      log.isCut = isCut;
    },
    unended: () => {
      throw damaged(source.byteCount, 'ends before the run did');
    },
  });
  const log = { scenario, inputs, isCut: false };
  return log;
}

/** Reads everything behind the head of a log. */
export function* readInputs(
  frames: Iterable<Frame>,
  { ended, unended }: { readonly ended: (isCut: boolean) => void; readonly unended: () => void },
): Generator<RecordedInput> {
  const shared: unknown[] = [];
  let witness: Witness | undefined;
  for (const frame of frames) {
    switch (frame.kind) {
      case 'shared':
        shared.push(readPayload(frame, (reader) => readPlain(reader)));
        break;
      case 'witness':
        witness = readPayload(frame, (reader) => readPlain(reader)) as Witness;
        break;
      case 'input': {
        const recorded = readPayload(frame, (reader) => readInput(reader, shared));
        yield { ...recorded, witness, offset: frame.offset };
        witness = undefined;
        break;
      }
      case 'end':
        ended(readPayload(frame, (reader) => reader.boolean()));
        return;
      default:
        throw damaged(frame.offset, `a second ${frame.kind}`);
    }
  }
  unended();
}

function readInput(
  reader: Reader,
  shared: readonly unknown[],
): Pick<RecordedInput, 'node' | 'life' | 'input' | 'digest'> {
  const node = reader.u16();
  const life = reader.u32();
  const digest = reader.string(DIGEST_CHARACTERS);
  const resolve = (reference: number): unknown => {
    if (reference >= shared.length) throw new DecodeError('refers to what is not there');
    return shared[reference];
  };
  const fieldCount = reader.u8();
  const fields = Array.from({ length: fieldCount }, () => [reader.string(64), readPlain(reader, resolve)]);
  return { node, life, input: Object.fromEntries(fields) as Input, digest };
}
