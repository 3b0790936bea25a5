/** Opens the database that is configured, and loads nothing of the other. */
import type { Database, DatabasePlace } from './database.ts';

/** Longest wait for a server, in ms: above a slow fsync, below the patience of a caller. */
const TIMEOUT_MS = 10_000;
/** Of the tables on a server that others may use too. */
const SCHEMA = 'sidereal_orders';

export type DatabaseOptions = Pick<DatabasePlace, 'chainId'> &
  (
    | { readonly type: 'in-memory' }
    | {
        readonly type: 'psql';
        readonly url: string;
        readonly schema?: string;
        readonly timeoutMs?: number;
      }
  );

/**
 * Opens, and brings the tables up to date.
 * @throws {CodedError} `AUTO_BATCH_DATABASE_DRIVER_MISSING`, `_UNREACHABLE`, `_REFUSED`, `_NOT_DURABLE`, `_VERSION`, `_OTHER_CHAIN`.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { chainId } = options;
  if (options.type === 'in-memory') {
    const { InMemoryDatabase } = await import('./inMemoryDatabase.ts');
    return InMemoryDatabase.open({ schema: SCHEMA, chainId });
  }
  const { PsqlDatabase } = await import('./psqlDatabase.ts');
  const { url, schema = SCHEMA, timeoutMs = TIMEOUT_MS } = options;
  return PsqlDatabase.open({ url, schema, chainId, timeoutMs });
}
