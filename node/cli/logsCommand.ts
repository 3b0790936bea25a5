/** `sidereal logs`: the newest lines of a node's log, for people or as they stand, and what comes if asked to follow. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import type { DevnetCode } from '../devnet/codes.ts';
import { readDescription } from '../devnet/description.ts';
import { type ExitCode, exitCodes } from './codes.ts';
import { findNode } from './devnetTarget.ts';
import type { CliIo } from './io.ts';

export interface LogsOptions {
  readonly dataDir: string;
  /** Lines from the end. */
  readonly lines: number;
  readonly follow?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Most of a log that is looked at for its last lines, in bytes. */
const TAIL_BYTES_MAX = 4 * 1024 * 1024;
/** Pause between two looks at a log that is followed, in ms. */
const POLL_MS = 200;
/** Keys of a line that people see in front, or not at all. */
const leadingKeys: ReadonlySet<string> = new Set(['time', 'level', 'node', 'message']);

/** @param stop - Aborted when the user has seen enough. @returns The exit code. */
export async function showLogs(
  name: string,
  options: LogsOptions,
  io: CliIo,
  stop: AbortSignal,
): Promise<ExitCode> {
  const { log } = findNode(readDescription(options.dataDir).nodes, name);
  const show = (line: string): void => io.out(`${options.json === true ? line : prettyLine(line)}\n`);
  let size = readFrom(log, -TAIL_BYTES_MAX, (text) => {
    for (const line of completeLines(text).slice(-options.lines)) show(line);
  });
  while (options.follow === true && !stop.aborted) {
    await sleep(POLL_MS, undefined, { signal: stop }).catch(() => undefined);
    size = readFrom(log, size, (text) => {
      for (const line of completeLines(text)) show(line);
    });
  }
  return exitCodes.ok;
}

/**
 * Reads a file from an offset; below 0, that many bytes before its end. One that has shrunk was begun anew.
 * @returns The offset behind the last whole line.
 */
function readFrom(path: string, offset: number, take: (text: string) => void): number {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    const code: DevnetCode = 'LOG_UNREADABLE';
    throw new CodedError(code, `${path}: ${(cause as Error).message}`, { path }, { cause });
  }
  try {
    const { size } = fstatSync(file);
    const from = offset < 0 ? Math.max(0, size + offset) : offset > size ? 0 : offset;
    const bytes = Buffer.alloc(size - from);
    const count = readSync(file, bytes, 0, bytes.length, from);
    const whole = bytes.subarray(0, count).lastIndexOf(0x0a) + 1;
    take(bytes.toString('utf8', 0, whole));
    return from + whole;
  } finally {
    closeSync(file);
  }
}

function completeLines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** `12:34:56.789 INFO  batch confirmed  height=12 batch=2`; a line that is no JSON stays as it is. */
export function prettyLine(line: string): string {
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return line;
  }
  if (typeof fields !== 'object' || fields === null) return line;
  const time = String(fields.time ?? '').slice(11, 23);
  const level = String(fields.level ?? '').toUpperCase();
  const rest = Object.entries(fields)
    .filter(([key]) => !leadingKeys.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [time, level.padEnd(5), String(fields.message ?? ''), rest.join(' ')]
    .filter((part) => part !== '')
    .join(' ');
}
