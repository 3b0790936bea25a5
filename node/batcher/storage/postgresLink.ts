/** A connection to PostgreSQL that is made when it is needed, checked each time it is made, and dropped when it fails. */
import type { CodedError } from '../../../consensus/primitives/codedError.ts';
import { checkAddress, type ServerStorageOptions, serverError } from './serverAddress.ts';
import { storageError } from './storageError.ts';

/** The part of the driver that is used here. */
export interface PostgresClient {
  connect(): Promise<void>;
  query<Row = Readonly<Record<string, unknown>>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: readonly Row[] }>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  readonly connection: { readonly stream: { destroy(): unknown } };
}

export interface PostgresDriver {
  readonly Client: new (options: Readonly<Record<string, unknown>>) => PostgresClient;
}

const NEEDED_SETTINGS = ['fsync', 'synchronous_commit'] as const;
/** Codes of SQLSTATE classes that another try does not better: authorisation, catalogue, rights, syntax, data. */
const REFUSALS = /^(?:28|3D|3F|42|22|23|0A)/;

/**
 * @param load - Another in a test.
 * @throws {CodedError} `INPUT_STORAGE_DRIVER_MISSING`.
 */
export async function loadPostgres(
  load: () => Promise<unknown> = () => import('pg' as string),
): Promise<PostgresDriver> {
  try {
    return ((await load()) as { readonly default: PostgresDriver }).default;
  } catch (cause) {
    throw storageError(
      'INPUT_STORAGE_DRIVER_MISSING',
      'the storage postgres needs a package that is not installed: npm install pg',
      {},
      cause,
    );
  }
}

export class PostgresLink {
  readonly #driver: PostgresDriver;
  readonly #options: ServerStorageOptions;
  readonly #address: ReturnType<typeof checkAddress>;
  #client: Promise<PostgresClient> | undefined;
  /** Work on a connection, one after the other: what is read never sees a change that is half made. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(driver: PostgresDriver, options: ServerStorageOptions) {
    this.#driver = driver;
    this.#options = options;
    this.#address = checkAddress(options, ['postgres:', 'postgresql:']);
  }

  /** @throws {CodedError} `INPUT_STORAGE_UNREACHABLE`, `INPUT_STORAGE_REFUSED`, `INPUT_STORAGE_NOT_DURABLE`. */
  run<Value>(work: (client: PostgresClient) => Promise<Value>): Promise<Value> {
    const done = this.#last.then(() => this.#run(work));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** All of the work or nothing of it. */
  transaction<Value>(work: (client: PostgresClient) => Promise<Value>): Promise<Value> {
    return this.run(async (client) => {
      await client.query('BEGIN');
      const value = await work(client);
      await client.query('COMMIT');
      return value;
    });
  }

  async close(): Promise<void> {
    await this.#last;
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    await client?.end();
  }

  async #run<Value>(work: (client: PostgresClient) => Promise<Value>): Promise<Value> {
    this.#client ??= this.#connect();
    const connecting = this.#client;
    let client: PostgresClient | undefined;
    try {
      client = await connecting;
      return await work(client);
    } catch (cause) {
      // With its connection the server ends whatever the work had begun.
      if (this.#client === connecting) this.#client = undefined;
      client?.connection.stream.destroy();
      throw this.#explain(cause);
    }
  }

  async #connect(): Promise<PostgresClient> {
    const { url, namespace, timeoutMs } = this.#options;
    const client = new this.#driver.Client({
      connectionString: url,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
    });
    let connected: PostgresClient | undefined;
    client.on('error', () => {
      if (connected === client) this.#client = undefined;
    });
    try {
      await client.connect();
      await this.#checkDurable(client);
      await client.query(`SET search_path TO "${namespace}"`);
      connected = client;
      return client;
    } catch (cause) {
      client.connection.stream.destroy();
      throw cause;
    }
  }

  async #checkDurable(client: PostgresClient): Promise<void> {
    for (const name of NEEDED_SETTINGS) {
      const { rows } = await client.query<{ readonly setting: string }>(
        'SELECT setting FROM pg_settings WHERE name = $1',
        [name],
      );
      const setting = rows[0]?.setting ?? '';
      if (setting === 'on' || (name === 'synchronous_commit' && setting === 'remote_apply')) continue;
      throw serverError(
        'INPUT_STORAGE_NOT_DURABLE',
        this.#address,
        new Error(`${name} is ${setting}, so an acknowledged input could be lost`),
        `set ${name} = on for this server, database and user`,
      );
    }
  }

  #explain(cause: unknown): CodedError {
    if (isCoded(cause)) return cause;
    const code =
      cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
    if (code.length === 5 && REFUSALS.test(code))
      return serverError(
        'INPUT_STORAGE_REFUSED',
        this.#address,
        cause,
        'correct user, password, database or rights; the user needs the right to make a schema',
      );
    return serverError(
      'INPUT_STORAGE_UNREACHABLE',
      this.#address,
      cause,
      'see to the server; the same call may be made again',
    );
  }
}

function isCoded(cause: unknown): cause is CodedError {
  return cause instanceof Error && 'code' in cause && String(cause.code).startsWith('INPUT_STORAGE_');
}
