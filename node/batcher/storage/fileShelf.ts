/**
 * Rows in one file of lines that people can read: a group is a line, appended and synced. When most of it is history the
 * file is written anew beside itself and takes its place. All rows are at hand, so it is meant for small nodes.
 */
import { join } from 'node:path';
import type { BatchRow, InputRow } from './inputRow.ts';
import type { InputStorageLimits, Tally } from './inputStorage.ts';
import { DiskFiles, type JournalFiles } from './journalFiles.ts';
import { decodeLine, encodeLine, type JournalLine } from './journalLine.ts';
import { openRowDatabase } from './levelDatabase.ts';
import { MemoryIndex } from './memoryIndex.ts';
import { type ChangeResult, type ChangeSet, doneSets, judgeGroup, type Shelf } from './shelf.ts';
import { damaged, writeFailed } from './storageError.ts';

/** Below this many bytes the file is not worth writing anew. */
const COMPACT_BYTES = 1_048_576;
/** Lines in bytes, against those of the rows that are left, before it is. */
const HISTORY_RATIO = 2;
/** Rows in a line of the new file. */
const LINE_ROWS = 100;
const NEWLINE = 10;

export interface FileShelfOptions {
  /** Created when it does not exist. */
  readonly directory: string;
  readonly limits: InputStorageLimits;
  readonly compactBytes?: number;
  readonly openFiles?: (directory: string) => Promise<JournalFiles>;
}

export class FileShelf implements Shelf {
  readonly #options: FileShelfOptions;
  readonly #unlock: () => Promise<void>;
  #files: JournalFiles;
  #index = new MemoryIndex(true);
  #bytes = 0;
  /** Of the file after it was last written anew. */
  #compactedBytes = 0;
  /** A write failed: what the file holds is unknown, so the next one writes all of it anew. */
  #isSuspect = false;

  private constructor(options: FileShelfOptions, files: JournalFiles, unlock: () => Promise<void>) {
    this.#options = options;
    this.#files = files;
    this.#unlock = unlock;
  }

  /** @throws {CodedError} `INPUT_STORAGE_LOCKED`, `INPUT_STORAGE_DAMAGED`, `INPUT_STORAGE_WRITE_FAILED`. */
  static async open(options: FileShelfOptions): Promise<FileShelf> {
    const { directory, openFiles = (path) => DiskFiles.open(path) } = options;
    // The lock of an empty LevelDB ends with its process, however that ends; Node has no other such lock.
    const lock = await openRowDatabase(join(directory, 'lock'));
    try {
      const files = await openFiles(directory);
      try {
        const shelf = new FileShelf(options, files, () => lock.close());
        await shelf.#load();
        return shelf;
      } catch (error) {
        await files.close();
        throw error;
      }
    } catch (error) {
      await lock.close();
      throw error;
    }
  }

  async rows(requestIds: readonly string[]): Promise<readonly (InputRow | undefined)[]> {
    return requestIds.map((id) => this.#index.rows.get(id));
  }

  async batch(batchId: string): Promise<BatchRow | undefined> {
    return this.#index.batches.get(batchId);
  }

  async batches(): Promise<readonly BatchRow[]> {
    return [...this.#index.batches.values()];
  }

  async waiting(target: string, rowsMax: number): Promise<readonly InputRow[]> {
    return this.#index.waiting(target, rowsMax);
  }

  async endedBefore(endedBeforeMs: number, rowsMax: number): Promise<readonly InputRow[]> {
    return this.#index.endedBefore(endedBeforeMs, rowsMax);
  }

  async tallies(): Promise<readonly Tally[]> {
    return this.#index.tallies();
  }

  async commit(sets: readonly ChangeSet[]): Promise<readonly ChangeResult[]> {
    const index = this.#index;
    const { liveRows, keptRows, heldBytes } = index;
    const stored = {
      ...{ row: (id: string) => index.rows.get(id), batch: (id: string) => index.batches.get(id) },
      ...{ liveRows, keptRows, heldBytes },
    };
    const results = judgeGroup(sets, stored, this.#options.limits);
    const done = doneSets(sets, results);
    if (done.rows.length + done.batches.length === 0) return results;
    await this.#write(async () => {
      if (this.#isSuspect || this.#isMostlyHistory()) await this.#compact();
      const line = Buffer.from(encodeLine(done));
      await this.#files.append(line);
      await this.#files.sync();
      this.#bytes += line.length;
    });
    for (const row of done.rows) index.applyRow(row);
    for (const batch of done.batches) index.applyBatch(batch);
    return results;
  }

  async close(): Promise<void> {
    await this.#files.close();
    await this.#unlock();
  }

  async #write(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      this.#isSuspect = true;
      throw writeFailed(this.#files.path, cause);
    }
  }

  #isMostlyHistory(): boolean {
    const { compactBytes = COMPACT_BYTES } = this.#options;
    return this.#bytes > Math.max(compactBytes, HISTORY_RATIO * this.#compactedBytes);
  }

  async #compact(): Promise<void> {
    await this.#files.startReplacement();
    let bytes = 0;
    const write = async (line: JournalLine) => {
      const text = Buffer.from(encodeLine(line));
      bytes += text.length;
      await this.#files.appendReplacement(text);
    };
    const rows = [...this.#index.rows].map(([id, after]) => ({ id, after }));
    for (let start = 0; start < rows.length; start += LINE_ROWS)
      await write({ rows: rows.slice(start, start + LINE_ROWS), batches: [] });
    for (const [id, after] of this.#index.batches) await write({ rows: [], batches: [{ id, after }] });
    await this.#files.syncReplacement();
    await this.#files.replace();
    await this.#files.syncFolder();
    this.#bytes = bytes;
    this.#compactedBytes = bytes;
    this.#isSuspect = false;
  }

  async #load(): Promise<void> {
    const { path } = this.#files;
    let rest = Buffer.alloc(0);
    let lineNumber = 0;
    let torn: { readonly lineNumber: number; readonly cause: unknown } | undefined;
    for await (const chunk of this.#files.chunks()) {
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
        lineNumber += 1;
        if (torn !== undefined) throw damagedLine(path, torn);
        const line = rest.subarray(0, end);
        rest = rest.subarray(end + 1);
        try {
          this.#apply(decodeLine(line.toString('utf8')));
          this.#bytes += end + 1;
        } catch (cause) {
          // A machine that went down may leave pages of a line unwritten: they read as zeros. It was never acknowledged.
          if (!line.includes(0)) throw damagedLine(path, { lineNumber, cause });
          torn = { lineNumber, cause };
        }
      }
    }
    if (torn !== undefined && rest.length > 0 && !rest.every((byte) => byte === 0))
      throw damagedLine(path, torn);
    await this.#write(async () => {
      if (torn !== undefined || rest.length > 0) await this.#files.truncate(this.#bytes);
      // Also what an earlier process wrote and did not sync is now read by others.
      await this.#files.sync();
      await this.#files.syncFolder();
    });
  }

  #apply({ rows, batches }: JournalLine): void {
    for (const { id, after } of rows) this.#index.applyRow({ before: this.#index.rows.get(id), after });
    for (const batch of batches) this.#index.applyBatch(batch);
  }
}

function damagedLine(
  path: string,
  { lineNumber, cause }: { readonly lineNumber: number; readonly cause: unknown },
) {
  return damaged(
    `${path}, line ${lineNumber}`,
    cause,
    'restore the file from a copy; or remove the line, which forgets what happened to the inputs it names',
  );
}
