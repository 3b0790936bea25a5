/**
 * The file that a process logs to, appended to line by line, each written at once: the last line before a crash is the one
 * that is needed. A full disk under the log is no reason for a validator to stand still, so lines are dropped and counted.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { makeFolders } from '../folders.ts';

export class LogFile {
  readonly #file: number;
  readonly #onLost: (reason: string) => void;
  #lostCount = 0;
  #isClosed = false;
  /** A line was cut off: the next begins on a fresh one. */
  #isTorn = false;

  /**
   * Its folder is made where it is missing.
   * @param onLost - The file takes nothing any more: said once each time that begins.
   * @throws {CodedError} `LOG_UNWRITABLE`.
   */
  constructor(path: string, onLost: (reason: string) => void) {
    this.#onLost = onLost;
    try {
      makeFolders(dirname(path));
      this.#file = openSync(path, 'a');
    } catch (cause) {
      throw logUnwritable(path, cause instanceof Error ? cause.message : String(cause), cause);
    }
  }

  /** @param line - With its line break. */
  write(line: string): void {
    if (this.#isClosed) return;
    try {
      if (this.#lostCount > 0)
        this.#writeWhole(`${JSON.stringify({ level: 'warn', lines_lost: this.#lostCount })}\n`);
      this.#lostCount = 0;
      this.#writeWhole(line);
    } catch (error) {
      this.#lostCount += 1;
      if (this.#lostCount === 1) this.#onLost(error instanceof Error ? error.message : String(error));
    }
  }

  /** What comes after it is dropped. */
  close(): void {
    if (!this.#isClosed) closeSync(this.#file);
    this.#isClosed = true;
  }

  #writeWhole(line: string): void {
    const bytes = new TextEncoder().encode(this.#isTorn ? `\n${line}` : line);
    let writtenCount = 0;
    while (writtenCount < bytes.length) {
      writtenCount += writeSync(this.#file, bytes, writtenCount);
      this.#isTorn = writtenCount < bytes.length;
    }
  }
}

/** What to say of a log that cannot be written: `LOG_UNWRITABLE`. */
export function logUnwritable(path: string, reason: string, cause?: unknown): CodedError {
  const message = `log.file ${path} cannot be written: ${reason}; choose another, or leave it empty for standard output`;
  return new CodedError('LOG_UNWRITABLE', message, { path }, { cause });
}
