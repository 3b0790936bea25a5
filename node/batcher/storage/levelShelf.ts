/**
 * Rows in LevelDB: a group is one synced write batch, there whole or not at all after a crash. Rows without a verdict are
 * also at hand; those with one are only counted, and looked up on disk.
 */

import { CodedError } from '../../../consensus/primitives/codedError.ts';
import {
  type BatchRow,
  decodeBatch,
  decodeRow,
  encodeBatch,
  encodeRow,
  type InputRow,
  isEnded,
} from './inputRow.ts';
import type { InputStorageLimits, Tally } from './inputStorage.ts';
import { type DatabaseChange, openRowDatabase, type RowDatabase } from './levelDatabase.ts';
import { MemoryIndex } from './memoryIndex.ts';
import { type ChangeResult, type ChangeSet, doneSets, judgeGroup, type Shelf } from './shelf.ts';
import { damaged, readFailed, storageError, writeFailed } from './storageError.ts';

/** Raised when the keys or texts change. */
const VERSION = '1';
const VERSION_KEY = 'version';
/** Digits of a time in a key: until the year 5138. */
const TIME_DIGITS = 14;
const FIX = 'restore the folder from a copy, or start with an empty one';

export interface LevelShelfOptions {
  /** Created when it does not exist. */
  readonly directory: string;
  readonly limits: InputStorageLimits;
  readonly openDatabase?: (directory: string) => Promise<RowDatabase>;
}

export class LevelShelf implements Shelf {
  readonly #options: LevelShelfOptions;
  /** Undefined after a write that failed, until the next call opens it anew. */
  #opened: Promise<Opened> | undefined;
  #index: MemoryIndex;

  private constructor(options: LevelShelfOptions, opened: Opened) {
    this.#options = options;
    this.#opened = Promise.resolve(opened);
    this.#index = opened.index;
  }

  /** @throws {CodedError} `INPUT_STORAGE_LOCKED`, `INPUT_STORAGE_DAMAGED`, `INPUT_STORAGE_VERSION`. */
  static async open(options: LevelShelfOptions): Promise<LevelShelf> {
    return new LevelShelf(options, await load(options));
  }

  async rows(requestIds: readonly string[]): Promise<readonly (InputRow | undefined)[]> {
    // First those at hand: while the disk is read, a row may get its verdict and go there.
    const live = requestIds.map((id) => this.#index.rows.get(id));
    const ended = await this.#read(requestIds.filter((_, place) => live[place] === undefined));
    return requestIds.map((id, place) => live[place] ?? ended.get(id) ?? this.#index.rows.get(id));
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
    const { database } = await this.#current();
    const ids = await this.#ask(async () => {
      const found: string[] = [];
      for await (const [key] of database.entries('ended/', `ended/${timeText(endedBeforeMs)}`)) {
        found.push(key.slice(-64));
        if (found.length >= rowsMax) break;
      }
      return found;
    });
    const rows = await this.#read(ids);
    return ids.map((id) => rows.get(id)).filter((row) => row !== undefined);
  }

  async tallies(): Promise<readonly Tally[]> {
    return this.#index.tallies();
  }

  async commit(sets: readonly ChangeSet[]): Promise<readonly ChangeResult[]> {
    const { database, index } = await this.#current();
    const ids = [...new Set(sets.flatMap(({ rows }) => rows.map(({ id }) => id)))];
    const ended = await this.#read(ids.filter((id) => !index.rows.has(id)));
    const stored = {
      row: (id: string) => index.rows.get(id) ?? ended.get(id),
      batch: (id: string) => index.batches.get(id),
      liveRows: index.liveRows,
      keptRows: index.keptRows,
      heldBytes: index.heldBytes,
    };
    const results = judgeGroup(sets, stored, this.#options.limits);
    const done = doneSets(sets, results);
    if (done.rows.length + done.batches.length === 0) return results;
    try {
      await database.batch(databaseChanges(done), { sync: true });
    } catch (cause) {
      // Nobody knows what reached the disk, and LevelDB takes no write after one that failed: both end with opening anew.
      this.#opened = undefined;
      await database.close().catch(() => undefined);
      throw writeFailed(this.#options.directory, cause);
    }
    for (const row of done.rows) index.applyRow(row);
    for (const batch of done.batches) index.applyBatch(batch);
    return results;
  }

  async close(): Promise<void> {
    const opened = await this.#opened;
    await opened?.database.close();
  }

  async #read(ids: readonly string[]): Promise<ReadonlyMap<string, InputRow>> {
    if (ids.length === 0) return new Map();
    const { database } = await this.#current();
    const texts = await this.#ask(() => database.getMany(ids.map((id) => `row/${id}`)));
    const rows = new Map<string, InputRow>();
    for (const [place, text] of texts.entries())
      if (text !== undefined) rows.set(ids[place] ?? '', read(this.#options.directory, text, decodeRow));
    return rows;
  }

  async #ask<Value>(question: () => Promise<Value>): Promise<Value> {
    try {
      return await question();
    } catch (cause) {
      throw readFailed(this.#options.directory, cause);
    }
  }

  async #current(): Promise<Opened> {
    this.#opened ??= load(this.#options).then(
      (opened) => {
        this.#index = opened.index;
        return opened;
      },
      (error) => {
        this.#opened = undefined;
        throw error;
      },
    );
    return this.#opened;
  }
}

interface Opened {
  readonly database: RowDatabase;
  readonly index: MemoryIndex;
}

async function load(options: LevelShelfOptions): Promise<Opened> {
  const { directory, openDatabase = openRowDatabase } = options;
  const database = await openDatabase(directory);
  try {
    const [version] = await database.getMany([VERSION_KEY]);
    if (version === undefined)
      await database.batch([{ type: 'put', key: VERSION_KEY, value: VERSION }], { sync: true });
    else if (version !== VERSION)
      throw storageError(
        'INPUT_STORAGE_VERSION',
        `${directory} has version ${version}, this program writes ${VERSION}: use the version that wrote it, or another folder`,
        { version },
      );
    return { database, index: await loadIndex(directory, database) };
  } catch (error) {
    await database.close();
    throw error instanceof CodedError ? error : readFailed(directory, error);
  }
}

async function loadIndex(directory: string, database: RowDatabase): Promise<MemoryIndex> {
  const index = new MemoryIndex(false);
  const live: InputRow[] = [];
  for await (const [, text] of database.entries('row/', 'row0')) {
    const row = read(directory, text, decodeRow);
    if (isEnded(row)) index.applyRow({ before: undefined, after: row });
    else live.push(row);
  }
  // In the order in which they wait, which is how they are cheap to put in.
  for (const row of live.sort((a, b) => a.receivedAtMs - b.receivedAtMs))
    index.applyRow({ before: undefined, after: row });
  for await (const [, text] of database.entries('batch/', 'batch0')) {
    const batch = read(directory, text, decodeBatch);
    index.applyBatch({ id: batch.batchId, after: batch });
  }
  return index;
}

function read<Row>(directory: string, text: string, decode: (text: string) => Row): Row {
  try {
    return decode(text);
  } catch (cause) {
    throw damaged(directory, cause, FIX);
  }
}

function databaseChanges({ rows, batches }: ReturnType<typeof doneSets>): readonly DatabaseChange[] {
  const changes: DatabaseChange[] = [];
  for (const { id, before, after } of rows) {
    const [old, now] = [endedKey(before), endedKey(after)];
    if (old !== undefined && old !== now) changes.push({ type: 'del', key: old });
    if (now !== undefined) changes.push({ type: 'put', key: now, value: '' });
    changes.push(put(`row/${id}`, after, encodeRow));
  }
  for (const { id, after } of batches) changes.push(put(`batch/${id}`, after, encodeBatch));
  return changes;
}

function put<Row>(key: string, row: Row | undefined, encode: (row: Row) => string): DatabaseChange {
  return row === undefined ? { type: 'del', key } : { type: 'put', key, value: encode(row) };
}

function endedKey(row: InputRow | undefined): string | undefined {
  if (row?.endedAtMs === undefined) return undefined;
  return `ended/${timeText(row.endedAtMs)}/${row.requestId}`;
}

function timeText(timeMs: number): string {
  return String(Math.max(0, timeMs)).padStart(TIME_DIGITS, '0');
}
