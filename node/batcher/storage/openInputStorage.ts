/** Opens the storage that is configured, and loads nothing of the others. */
import { type InputStorage, type InputStorageLimits, inputStorageLimits } from './inputStorage.ts';
import type { ServerStorageOptions } from './serverAddress.ts';
import type { Shelf } from './shelf.ts';
import { StoredInputs } from './storedInputs.ts';

/** Longest wait for a server, in ms: above a slow fsync, below the patience of a caller. */
const TIMEOUT_MS = 10_000;

export type InputStorageOptions = { readonly limits?: Partial<InputStorageLimits> } & (
  | { readonly type: 'level' | 'file'; readonly directory: string }
  | ({ readonly type: 'postgres' | 'redis'; readonly timeoutMs?: number } & Omit<
      ServerStorageOptions,
      'timeoutMs'
    >)
);

/**
 * @throws {CodedError} `INPUT_STORAGE_LOCKED`, `_DAMAGED`, `_VERSION`, `_WRITE_FAILED`, `_READ_FAILED`; of servers `_DRIVER_MISSING`,
 * `_UNREACHABLE`, `_REFUSED`, `_NOT_DURABLE`.
 */
export async function openInputStorage(options: InputStorageOptions): Promise<InputStorage> {
  const limits = { ...inputStorageLimits, ...options.limits };
  return new StoredInputs(await openShelf(options, limits), limits);
}

async function openShelf(options: InputStorageOptions, limits: InputStorageLimits): Promise<Shelf> {
  switch (options.type) {
    case 'level': {
      const { LevelShelf } = await import('./levelShelf.ts');
      return LevelShelf.open({ directory: options.directory, limits });
    }
    case 'file': {
      const { FileShelf } = await import('./fileShelf.ts');
      return FileShelf.open({ directory: options.directory, limits });
    }
    case 'postgres': {
      const { PostgresShelf } = await import('./postgresShelf.ts');
      return PostgresShelf.open({ timeoutMs: TIMEOUT_MS, ...options, limits });
    }
    case 'redis': {
      const { RedisShelf } = await import('./redisShelf.ts');
      return RedisShelf.open({ timeoutMs: TIMEOUT_MS, ...options, limits });
    }
  }
}
