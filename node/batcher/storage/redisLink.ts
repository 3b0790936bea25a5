/** A connection to Redis that is made when it is needed, checked each time it is made, and dropped when it fails. */
import type { Redis } from 'ioredis';
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import { checkAddress, type ServerStorageOptions, serverError } from './serverAddress.ts';
import { storageError } from './storageError.ts';

type Driver = Pick<typeof import('ioredis'), 'Redis'>;

/** What the server must say of itself, so that it never forgets what it answered. */
const NEEDED_SETTINGS = {
  appendonly: 'yes',
  appendfsync: 'always',
  'maxmemory-policy': 'noeviction',
} as const;
const REFUSALS = /WRONGPASS|NOAUTH|NOPERM|invalid password|DB index is out of range|ERR unknown command/;

/**
 * @param load - Another in a test.
 * @throws {CodedError} `INPUT_STORAGE_DRIVER_MISSING`.
 */
export async function loadRedis(load: () => Promise<Driver> = () => import('ioredis')): Promise<Driver> {
  try {
    return await load();
  } catch (cause) {
    throw storageError(
      'INPUT_STORAGE_DRIVER_MISSING',
      'the storage redis needs a package that is not installed: npm install ioredis',
      {},
      cause,
    );
  }
}

export class RedisLink {
  readonly #driver: Driver;
  readonly #options: ServerStorageOptions;
  readonly #address: ReturnType<typeof checkAddress>;
  #client: Promise<Redis> | undefined;

  constructor(driver: Driver, options: ServerStorageOptions) {
    this.#driver = driver;
    this.#options = options;
    this.#address = checkAddress(options, ['redis:', 'rediss:']);
  }

  /** @throws {CodedError} `INPUT_STORAGE_UNREACHABLE`, `INPUT_STORAGE_REFUSED`, `INPUT_STORAGE_NOT_DURABLE`. */
  async run<Value>(work: (client: Redis) => Promise<Value>): Promise<Value> {
    this.#client ??= this.#connect();
    const connecting = this.#client;
    let client: Redis | undefined;
    try {
      client = await connecting;
      return await work(client);
    } catch (cause) {
      if (this.#client === connecting) this.#client = undefined;
      client?.disconnect();
      throw this.#explain(cause);
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    client?.disconnect();
  }

  async #connect(): Promise<Redis> {
    const { url, timeoutMs } = this.#options;
    const client = new this.#driver.Redis(url, {
      lazyConnect: true,
      connectTimeout: timeoutMs,
      commandTimeout: timeoutMs,
      // A lost connection is an answer: the next call makes another one, and checks it.
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
    });
    let lastError: unknown;
    client.on('error', (error) => {
      lastError = error;
    });
    try {
      await client.connect();
      await this.#checkDurable(client);
      client.on('close', () => {
        this.#client = undefined;
      });
      return client;
    } catch (cause) {
      client.disconnect();
      throw cause instanceof CodedError ? cause : (lastError ?? cause);
    }
  }

  async #checkDurable(client: Redis): Promise<void> {
    for (const [name, needed] of Object.entries(NEEDED_SETTINGS)) {
      // A server that hides its settings cannot be trusted with an acknowledgement.
      const answer = await client.config('GET', name).catch((cause) => {
        if (/NOPERM|unknown command/i.test(String(cause))) return [];
        throw cause;
      });
      const setting = Array.isArray(answer) ? answer[1] : undefined;
      if (setting === needed) continue;
      throw serverError(
        'INPUT_STORAGE_NOT_DURABLE',
        this.#address,
        new Error(`${name} is ${setting ?? 'hidden'}, so an acknowledged input could be lost`),
        `start the server with --${name} ${needed}`,
      );
    }
  }

  #explain(cause: unknown): CodedError {
    if (cause instanceof CodedError) return cause;
    if (REFUSALS.test(String(cause)))
      return serverError('INPUT_STORAGE_REFUSED', this.#address, cause, 'correct user, password or database');
    return serverError(
      'INPUT_STORAGE_UNREACHABLE',
      this.#address,
      cause,
      'see to the server; the same call may be made again',
    );
  }
}
