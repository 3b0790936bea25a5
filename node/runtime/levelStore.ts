/**
 * A node's rows in LevelDB: one write batch a `persist`, synced when asked. A batch is one record of the log with a
 * checksum, so after a crash it is there whole or not at all, and syncing it makes all earlier ones safe too.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Level } from 'level';
import { assert, CodedError } from '../../consensus/primitives/codedError.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { RecoveredRow, Write } from '../core/types.ts';
import { plainBytes } from './plainBytes.ts';
import type { Store } from './store.ts';
import { checkIdentity, codeOf, unreadable, writeIdentity } from './storeIdentity.ts';

const ROWS_FOLDER = 'rows';
/** Rows read in one go when a store is opened. */
const READ_ROWS = 1000;
/** Written when a batch without rows is to be synced: the log is synced by writing to it. No row sorts before it. */
const SYNC_KEY = '\u0000sync';
const NO_BYTES = new Uint8Array();

type Database = Level<string, Uint8Array>;

export interface LevelStoreOptions {
  /** Folder of this node's data; created when it does not exist. */
  readonly directory: string;
  readonly chainId: Hash;
}

export class LevelStore implements Store {
  readonly isNew: boolean;
  readonly hasLostRows: boolean;
  readonly #database: Database;
  readonly #directory: string;

  private constructor(
    directory: string,
    database: Database,
    { isNew, hasLostRows }: Pick<Store, 'isNew' | 'hasLostRows'>,
  ) {
    this.isNew = isNew;
    this.hasLostRows = hasLostRows;
    this.#directory = directory;
    this.#database = database;
  }

  /**
   * Makes the place for a store whose node gets its key at this moment. A node that finds an empty disk must fear that it
   * has lost its votes; this tells it that it cast none.
   * @throws {CodedError} `STORE_UNREADABLE`.
   */
  static async prepare({ directory, chainId }: LevelStoreOptions): Promise<void> {
    await writeIdentity(directory, { chainId, isUnused: true });
  }

  /** Whether a node ever wrote here. Opening a prepared store would use it up, so whoever only looks asks first. */
  static hasRows(directory: string): boolean {
    return existsSync(join(directory, ROWS_FOLDER));
  }

  /**
   * Opens the store of a chain, or makes one. A store that cannot be used is left as it is.
   * @throws {CodedError} `STORE_LOCKED`, `STORE_UNREADABLE`, `STORE_VERSION`, `STORE_OTHER_CHAIN`.
   */
  static async open({ directory, chainId }: LevelStoreOptions): Promise<LevelStore> {
    const path = join(directory, ROWS_FOLDER);
    const identity = await checkIdentity(directory, chainId);
    const hasRows = existsSync(path);
    // The mark is written first, so rows without it are somebody else's, or the mark was lost.
    if (identity === undefined && hasRows)
      throw unreadable(directory, new Error('it has rows, but no store.json'));
    const isNew = identity?.isUnused === true && !hasRows;
    // In use before anything is signed: if the rows vanish later, that is found.
    if (identity === undefined || identity.isUnused)
      await writeIdentity(directory, { chainId, isUnused: false });
    const database: Database = new Level(path, { keyEncoding: 'utf8', valueEncoding: 'view' });
    try {
      await database.open();
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      if (codeOf(cause)?.endsWith('_LOCKED') !== true) throw unreadable(path, cause);
      throw new CodedError(
        'STORE_LOCKED',
        `${directory} is in use by another process: stop that process, or choose another data directory`,
        { directory },
        { cause },
      );
    }
    const hasLostRows = identity !== undefined && !isNew && !hasRows;
    return new LevelStore(directory, database, { isNew, hasLostRows });
  }

  async rows(): Promise<readonly RecoveredRow[]> {
    const rows: RecoveredRow[] = [];
    const iterator = this.#database.iterator();
    try {
      for (;;) {
        const entries = await iterator.nextv(READ_ROWS);
        if (entries.length === 0) return rows;
        for (const [key, value] of entries)
          if (key !== SYNC_KEY) rows.push({ key, value: plainBytes(value) });
      }
    } catch (cause) {
      throw unreadable(this.#directory, cause);
    } finally {
      await iterator.close();
    }
  }

  async apply(writes: readonly Write[], sync: boolean): Promise<void> {
    const batch = writes.map(({ key, value }) => {
      assert(key !== SYNC_KEY, 'a row has the key that is the store’s own');
      return value === undefined ? { type: 'del' as const, key } : { type: 'put' as const, key, value };
    });
    if (batch.length === 0 && sync) batch.push({ type: 'put', key: SYNC_KEY, value: NO_BYTES });
    try {
      await this.#database.batch(batch, { sync });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CodedError(
        'STORE_WRITE_FAILED',
        `${this.#directory} did not take a write: ${reason}; check the space and the health of the disk`,
        { directory: this.#directory },
        { cause },
      );
    }
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}
