/** The few things the `level` and `file` storages ask of LevelDB: rows in order of their keys, whole batches, one process. */
import { mkdir } from 'node:fs/promises';
import { Level } from 'level';
import { damaged, locked } from './storageError.ts';

export type DatabaseChange =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'del'; readonly key: string };

export interface RowDatabase {
  getMany(keys: readonly string[]): Promise<readonly (string | undefined)[]>;
  /** From a key on, up to and without another. */
  entries(from: string, to: string): AsyncIterable<readonly [string, string]>;
  batch(changes: readonly DatabaseChange[], options: { readonly sync: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** @throws {CodedError} `INPUT_STORAGE_LOCKED`, `INPUT_STORAGE_DAMAGED`. */
export async function openRowDatabase(directory: string): Promise<RowDatabase> {
  const database = new Level<string, string>(directory, { keyEncoding: 'utf8', valueEncoding: 'utf8' });
  try {
    await mkdir(directory, { recursive: true });
    await database.open();
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    if (cause instanceof Error && 'code' in cause && String(cause.code).endsWith('_LOCKED'))
      throw locked(directory, cause);
    throw damaged(directory, cause, 'check the rights and the disk, or restore the folder from a copy');
  }
  return {
    getMany: (keys) => database.getMany([...keys]),
    entries: (from, to) => database.iterator({ gte: from, lt: to }),
    batch: (changes, { sync }) => database.batch([...changes], { sync }),
    close: () => database.close(),
  };
}
