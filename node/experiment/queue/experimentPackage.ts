/**
 * Everything that another machine needs to run the cells of a sweep: the scenario's text, the files it names, the
 * configuration around it, points and seeds. What comes out of a package is held against the hash of the experiment, so a
 * cell is the same wherever it runs, or is not run.
 */
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import type { TextReader } from '../../config/configSources.ts';
import type { Located } from '../../config/located.ts';
import type { ExperimentCode } from '../codes.ts';
import { type Plan, type PlanOptions, planSweep } from '../plan.ts';

/** Largest package, in bytes, unpacked: the largest trace with several of base fees. */
export const PACKAGE_BYTES_MAX = 128 * 1024 * 1024;

/** Remembers the files that a plan reads from the disk. */
export class FileRecorder {
  /** Texts by path, as they were read last. */
  readonly files = new Map<string, string>();
  readonly read: TextReader;

  constructor(readText: TextReader) {
    this.read = (path, byteCountMax) => {
      const text = readText(path, byteCountMax);
      if (text.ok) this.files.set(path, text.value);
      return text;
    };
  }
}

const whole = z.int().nonnegative();
const place = z.tuple([z.string(), whole.nullable(), whole.nullable()]);
type Place = z.infer<typeof place>;

/** A located tree as JSON: `[place, 'map', [key, place of the key, value]…]`, `[place, 'list', …]`, `[place, 'value' or 'big', value]`. */
type Packed =
  | [Place, 'map', [string, Place, Packed][]]
  | [Place, 'list', Packed[]]
  | [Place, 'value', string | number | boolean | null]
  | [Place, 'big', string];

const packed: z.ZodType<Packed> = z.lazy(() =>
  z.union([
    z.tuple([place, z.literal('map'), z.array(z.tuple([z.string(), place, packed]))]),
    z.tuple([place, z.literal('list'), z.array(packed)]),
    z.tuple([place, z.literal('value'), z.union([z.string(), z.number(), z.boolean(), z.null()])]),
    z.tuple([place, z.literal('big'), z.string().regex(/^-?[0-9]+$/)]),
  ]),
);

const packageSchema = z.strictObject({
  text: z.string(),
  file: z.string(),
  files: z.array(z.tuple([z.string(), z.string()])),
  points: z.array(z.array(z.strictObject({ key: z.string(), value: z.string() }))),
  first_seed: whole,
  seed_count: whole,
  duration_ms: whole.nullable(),
  below: z.array(packed),
  above: z.array(packed),
  is_phase_fixed: z.boolean(),
  version: z.string(),
});

/**
 * @param files - What the plan read, by path.
 * @throws {CodedError} `EXPERIMENT_TOO_LARGE`: more than a package may hold.
 */
export function packExperiment({ options }: Plan, files: ReadonlyMap<string, string>): Uint8Array {
  const content: z.input<typeof packageSchema> = {
    text: options.text,
    file: options.file,
    files: [...files],
    points: options.points.map((settings) => settings.map(({ key, value }) => ({ key, value }))),
    first_seed: options.firstSeed,
    seed_count: options.seedCount,
    duration_ms: options.durationMs ?? null,
    below: options.below.map(pack),
    above: options.above.map(pack),
    is_phase_fixed: options.isPhaseFixed,
    version: options.version,
  };
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  if (bytes.length > PACKAGE_BYTES_MAX) {
    const code: ExperimentCode = 'EXPERIMENT_TOO_LARGE';
    const message = `a queue takes at most ${PACKAGE_BYTES_MAX} bytes of scenario and traces, got ${bytes.length}: run it without --queue, or on shorter traces`;
    throw new CodedError(code, message);
  }
  return gzipSync(bytes);
}

/**
 * @param planHash - Of the experiment that it is to be.
 * @throws {CodedError} `EXPERIMENT_PACKAGE_DAMAGED`: it is no package, or another experiment's.
 */
export function unpackExperiment(bytes: Uint8Array, planHash: string): Plan {
  const planned = planSweep(readPackage(bytes));
  if (!planned.ok || planned.value.hash !== planHash)
    throw damaged('what is in it is not the experiment that it came for');
  return planned.value;
}

function readPackage(bytes: Uint8Array): PlanOptions {
  try {
    const unpacked = gunzipSync(bytes, { maxOutputLength: PACKAGE_BYTES_MAX });
    const content = packageSchema.parse(JSON.parse(new TextDecoder().decode(unpacked)));
    const files = new Map(content.files);
    return {
      text: content.text,
      file: content.file,
      points: content.points,
      firstSeed: content.first_seed,
      seedCount: content.seed_count,
      durationMs: content.duration_ms ?? undefined,
      below: content.below.map(unpack),
      above: content.above.map(unpack),
      isPhaseFixed: content.is_phase_fixed,
      version: content.version,
      readText: (path) => {
        const text = files.get(path);
        return text === undefined ? missing(path) : { ok: true, value: text };
      },
    };
  } catch (cause) {
    throw damaged('it cannot be read', cause);
  }
}

function missing(file: string): ReturnType<TextReader> {
  const place = { file, line: undefined, column: undefined };
  const problem = {
    ...place,
    path: '',
    code: 'FILE_UNREADABLE',
    message: 'not packed',
    hint: undefined,
  } as const;
  return { ok: false, problems: [problem] };
}

function damaged(message: string, cause?: unknown): CodedError {
  const code: ExperimentCode = 'EXPERIMENT_PACKAGE_DAMAGED';
  return new CodedError(code, `the experiment's package is damaged: ${message}`, {}, { cause });
}

function packPlace({ file, line, column }: Located['at']): Place {
  return [file, line ?? null, column ?? null];
}

function unpackPlace([file, line, column]: Place): Located['at'] {
  return { file, line: line ?? undefined, column: column ?? undefined };
}

function pack(tree: Located): Packed {
  const at = packPlace(tree.at);
  if (tree.kind === 'list') return [at, 'list', tree.items.map(pack)];
  if (tree.kind === 'scalar')
    return typeof tree.value === 'bigint' ? [at, 'big', String(tree.value)] : [at, 'value', tree.value];
  const entries = [...tree.entries].map(([key, { keyAt, value }]): [string, Place, Packed] => [
    key,
    packPlace(keyAt),
    pack(value),
  ]);
  return [at, 'map', entries];
}

function unpack([place, kind, content]: Packed): Located {
  const at = unpackPlace(place);
  if (kind === 'list') return { kind, at, items: content.map(unpack) };
  if (kind === 'big') return { kind: 'scalar', at, value: BigInt(content) };
  if (kind === 'value') return { kind: 'scalar', at, value: content };
  const entries = content.map(
    ([key, keyAt, value]) => [key, { keyAt: unpackPlace(keyAt), value: unpack(value) }] as const,
  );
  return { kind: 'map', at, entries: new Map(entries) };
}

/** Name of an experiment among all that share a queue: what it measures, and the program that measures it. */
export function experimentIdOf(planHash: string, build: string): string {
  return createHash('sha256').update(`${planHash}/${build}`).digest('hex').slice(0, 32);
}

/** Name of a build of the program: only cells of the same one are ever mixed. */
export function buildIdOf(version: string, program: string): string {
  return createHash('sha256').update(`${version}/${program}`).digest('hex').slice(0, 12);
}
