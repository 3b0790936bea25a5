/** PostgreSQL within the process (PGlite): nothing to set up, and empty again after a restart. One connection, so transactions queue up. */
import { autoBatchError } from '../codes.ts';
import type { Database, DatabasePlace, Session } from './database.ts';
import { databaseError } from './databaseError.ts';
import { migrate } from './migrate.ts';

/** The part of the package that is used here. */
interface Embedded {
  query<Row>(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly Row[] }>;
  transaction<Value>(work: (transaction: Pick<Embedded, 'query'>) => Promise<Value>): Promise<Value>;
  close(): Promise<void>;
}

interface EmbeddedPackage {
  readonly PGlite: { create(): Promise<Embedded> };
}

const PLACE = 'the in-memory database';

export class InMemoryDatabase implements Database {
  readonly #embedded: Embedded;

  private constructor(embedded: Embedded) {
    this.#embedded = embedded;
  }

  /**
   * @param load - Another in a test.
   * @throws {CodedError} `AUTO_BATCH_DATABASE_DRIVER_MISSING`.
   */
  static async open(
    { schema, chainId }: DatabasePlace,
    load: () => Promise<unknown> = () => import('@electric-sql/pglite' as string),
  ): Promise<InMemoryDatabase> {
    const { PGlite } = (await load().catch((cause: unknown) => {
      const fix = 'npm install @electric-sql/pglite, or set the database to psql';
      const message = `the in-memory database is a package that is not installed: ${fix}`;
      throw autoBatchError('AUTO_BATCH_DATABASE_DRIVER_MISSING', message, {}, cause);
    })) as EmbeddedPackage;
    const embedded = await PGlite.create();
    const database = new InMemoryDatabase(embedded);
    await embedded.query(`SET search_path TO "${schema}"`);
    await database.transaction((session) => migrate(session, schema, chainId));
    return database;
  }

  async transaction<Value>(work: (session: Session) => Promise<Value>): Promise<Value> {
    return this.#embedded.transaction((transaction) =>
      work({
        query: async <Row>(text: string, values: readonly unknown[] = []) => {
          try {
            return (await transaction.query<Row>(text, values)).rows;
          } catch (cause) {
            throw databaseError(PLACE, cause);
          }
        },
      }),
    );
  }

  async close(): Promise<void> {
    await this.#embedded.close();
  }
}
