/**
 * The folder of `--out`: result.json, report.html, events.ndjson, the log of inputs or the data of the processes, and
 * batches.ndjson when a result is too long. A folder that holds anything but an earlier run of the same scenario and seed is refused before the run starts. While a
 * run goes on, and after one that was ended, unfinished.json says whose files they are.
 */
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join, relative, sep } from 'node:path';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { makeFolders } from '../folders.ts';
import type { RunResult } from '../report/result.ts';
import type { CliCode } from './codes.ts';

/** What the nodes took in, for `sidereal inspect`. */
export const INPUT_LOG_FILE = 'inputs.log';
/** Names the run that has not come to its end; written first, removed last. */
const MARKER_FILE = 'unfinished.json';
const resultFiles = ['result.json', 'events.ndjson', 'batches.ndjson', 'report.html', INPUT_LOG_FILE];
/** Data of the processes of a run on the devnet. */
export const DEVNET_FOLDER = 'devnet';
const fileNames = [...resultFiles, MARKER_FILE, DEVNET_FOLDER];
/** Text gathered before it goes to disk, in characters. */
const CHUNK_CHARACTERS = 1 << 16;

/** Which run a folder is for. */
export interface RunIdentity {
  readonly name: string;
  readonly seed: number;
}

/** Says why a folder cannot take this run, or nothing when it can. Changes nothing. */
export function findOutDirProblem(dir: string, run: RunIdentity, junit?: string): string | undefined {
  if (!existsSync(dir)) return undefined;
  let entries: string[];
  try {
    entries = readdirSync(dir);
  } catch {
    return `${dir} is not a folder`;
  }
  // What `--junit` writes in here is overwritten like the rest.
  const own = junit === undefined ? '' : relative(dir, junit).split(sep)[0];
  entries = entries.filter((entry) => entry !== own);
  if (entries.length === 0) return undefined;
  const foreign = entries.filter((entry) => !fileNames.includes(entry));
  if (foreign.length > 0) return `${dir} holds other files (${foreign.slice(0, 3).join(', ')})`;
  const marker = readIdentity(join(dir, MARKER_FILE));
  const earlier = marker ?? readIdentity(join(dir, 'result.json'));
  if (earlier === undefined) return `${dir} holds files of an unfinished run that has no name`;
  if (earlier.scenario === run.name && earlier.seed === run.seed) return undefined;
  const what = marker === undefined ? 'the' : 'an unfinished';
  return `${dir} holds ${what} run of "${String(earlier.scenario)}" with seed ${String(earlier.seed)}`;
}

function readIdentity(path: string): { readonly scenario?: unknown; readonly seed?: unknown } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Writes one run. Lines go out in chunks while the run goes on. */
export class OutputDir {
  readonly #dir: string;
  readonly #events: LineFile;
  #records: LineFile | undefined;
  #inputs: ByteFile | undefined;

  /** @throws {CodedError} `OUT_DIR_UNWRITABLE`. */
  constructor(dir: string, { name, seed }: RunIdentity) {
    this.#dir = dir;
    this.#events = guard(dir, () => {
      makeFolders(dir);
      writeFileSync(join(dir, MARKER_FILE), `${JSON.stringify({ scenario: name, seed })}\n`);
      for (const file of resultFiles) rmSync(join(dir, file), { force: true });
      return new LineFile(join(dir, 'events.ndjson'));
    });
  }

  event(line: string): void {
    guard(this.#dir, () => this.#events.write(line));
  }

  record(record: unknown): void {
    guard(this.#dir, () => {
      this.#records ??= new LineFile(join(this.#dir, 'batches.ndjson'));
      this.#records.write(JSON.stringify(record));
    });
  }

  /** A piece of the log of inputs. */
  inputs(bytes: Uint8Array): void {
    guard(this.#dir, () => {
      this.#inputs ??= new ByteFile(join(this.#dir, INPUT_LOG_FILE));
      this.#inputs.write(bytes);
    });
  }

  /**
   * `wall_ms` is left at 0: equal runs give equal files.
   * @param page - The text of report.html.
   */
  finish(result: RunResult, page: string): void {
    guard(this.#dir, () => {
      this.#close();
      writeFileSync(join(this.#dir, 'report.html'), page);
      writeFileSync(
        join(this.#dir, 'result.json'),
        `${JSON.stringify({ ...result, wall_ms: 0 }, undefined, 2)}\n`,
      );
      rmSync(join(this.#dir, MARKER_FILE), { force: true });
    });
  }

  /** The run was ended before its end: what there is stays, and the next run of the same scenario takes its place. */
  abandon(): void {
    guard(this.#dir, () => this.#close());
  }

  #close(): void {
    this.#events.close();
    this.#records?.close();
    this.#inputs?.close();
  }
}

class LineFile {
  readonly #descriptor: number;
  #chunk = '';

  constructor(path: string) {
    this.#descriptor = openSync(path, 'w');
  }

  write(line: string): void {
    this.#chunk += `${line}\n`;
    if (this.#chunk.length >= CHUNK_CHARACTERS) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#descriptor);
  }

  #flush(): void {
    writeSync(this.#descriptor, this.#chunk);
    this.#chunk = '';
  }
}

/** Gathers small pieces, so that not each of them is a call of its own. */
class ByteFile {
  readonly #descriptor: number;
  readonly #chunk = Buffer.alloc(CHUNK_CHARACTERS);
  #length = 0;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'w');
  }

  write(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#chunk.length) this.#flush();
    if (bytes.length > this.#chunk.length) writeWhole(this.#descriptor, bytes);
    else {
      this.#chunk.set(bytes, this.#length);
      this.#length += bytes.length;
    }
  }

  close(): void {
    this.#flush();
    closeSync(this.#descriptor);
  }

  #flush(): void {
    writeWhole(this.#descriptor, this.#chunk.subarray(0, this.#length));
    this.#length = 0;
  }
}

/** The system may take less than it is given. */
function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}

function guard<Value>(dir: string, action: () => Value): Value {
  try {
    return action();
  } catch (cause) {
    const code: CliCode = 'OUT_DIR_UNWRITABLE';
    throw new CodedError(code, `${dir}: ${(cause as Error).message}`, { dir }, { cause });
  }
}
