/**
 * A PostgreSQL server, which several engines may share. A connection is made when it is needed, checked when it is made, and
 * dropped when anything fails on it: with it the server ends whatever had begun.
 */
import { autoBatchError } from '../codes.ts';
import type { Database, DatabasePlace, Session } from './database.ts';
import { databaseError } from './databaseError.ts';
import { migrate } from './migrate.ts';

/** The part of the driver that is used here. */
interface Client {
  query<Row>(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly Row[] }>;
  release(error?: boolean): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

interface Pool {
  connect(): Promise<Client>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'connect', listener: (client: Client) => void): unknown;
}

interface Driver {
  readonly Pool: new (options: Readonly<Record<string, unknown>>) => Pool;
}

export interface PsqlOptions extends DatabasePlace {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Longest wait for a connection, for an answer and for a lock, in ms. */
  readonly timeoutMs: number;
}

/** Three loops, those who add orders, those who look. */
const CONNECTIONS_MAX = 6;
const NEEDED_SETTINGS = ['fsync', 'synchronous_commit'] as const;
const schemaPattern = /^[a-z][a-z0-9_]{0,39}$/;

export class PsqlDatabase implements Database {
  readonly #pool: Pool;
  readonly #options: PsqlOptions;
  readonly #place: string;
  readonly #secrets: readonly string[];
  readonly #checked = new WeakSet<Client>();

  private constructor(driver: Driver, options: PsqlOptions, url: URL) {
    this.#options = options;
    this.#place = `${url.protocol}//${url.host}${url.pathname}`;
    this.#secrets = url.password === '' ? [] : [url.password, decodeSafely(url.password)];
    this.#pool = new driver.Pool({
      connectionString: options.url,
      max: CONNECTIONS_MAX,
      connectionTimeoutMillis: options.timeoutMs,
      query_timeout: options.timeoutMs,
    });
    // A connection that breaks says so in its next query, and one that nobody uses is not missed.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /**
   * @param load - Another in a test.
   * @throws {CodedError} `AUTO_BATCH_DATABASE_DRIVER_MISSING`, `_UNREACHABLE`, `_REFUSED`, `_NOT_DURABLE`, `_VERSION`, `_OTHER_CHAIN`.
   */
  static async open(
    options: PsqlOptions,
    load: () => Promise<unknown> = () => import('pg' as string),
  ): Promise<PsqlDatabase> {
    const { url, schema, chainId } = options;
    const parsed = parseAddress(url);
    if (!schemaPattern.test(schema)) {
      const expected = 'up to 40 lower-case letters, digits and _, a letter first';
      throw refused(`the schema of the database: expected ${expected}, got "${schema}"`);
    }
    const driver = (await load().catch((cause: unknown) => {
      const message = 'the database psql needs a package that is not installed: npm install pg';
      throw autoBatchError('AUTO_BATCH_DATABASE_DRIVER_MISSING', message, {}, cause);
    })) as { readonly default: Driver };
    const database = new PsqlDatabase(driver.default, options, parsed);
    try {
      await database.transaction((session) => migrate(session, schema, chainId));
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  async transaction<Value>(work: (session: Session) => Promise<Value>): Promise<Value> {
    const client = await this.#explained(() => this.#pool.connect());
    let isDone = false;
    try {
      if (!this.#checked.has(client)) await this.#explained(() => this.#prepare(client));
      const query = async <Row>(text: string, values: readonly unknown[] = []) =>
        (await this.#explained(() => client.query<Row>(text, values))).rows;
      await query('BEGIN');
      const value = await work({ query });
      await query('COMMIT');
      isDone = true;
      return value;
    } finally {
      client.release(!isDone);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #explained<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (cause) {
      throw databaseError(this.#place, cause, this.#secrets);
    }
  }

  async #prepare(client: Client): Promise<void> {
    for (const name of NEEDED_SETTINGS) {
      const { rows } = await client.query<{ readonly setting: string }>(
        'SELECT setting FROM pg_settings WHERE name = $1',
        [name],
      );
      const setting = rows[0]?.setting ?? '';
      if (setting === 'on' || (name === 'synchronous_commit' && setting === 'remote_apply')) continue;
      throw autoBatchError(
        'AUTO_BATCH_DATABASE_NOT_DURABLE',
        `${this.#place}: ${name} is ${setting}, so an acknowledged order could be lost: set ${name} = on for this server, database and user`,
        { server: this.#place },
      );
    }
    const { schema, timeoutMs } = this.#options;
    await client.query(`SET search_path TO "${schema}"`);
    // A process that hangs within a transaction must not keep others from its rows.
    await client.query(`SET idle_in_transaction_session_timeout TO ${timeoutMs}`);
    await client.query(`SET lock_timeout TO ${timeoutMs}`);
    this.#checked.add(client);
  }
}

function parseAddress(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && /^postgres(?:ql)?:$/.test(parsed.protocol) && parsed.hostname !== '')
    return parsed;
  throw refused('the address of the database: expected postgres://user:password@host:port/database');
}

function refused(message: string) {
  return autoBatchError('AUTO_BATCH_DATABASE_REFUSED', message);
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
