/** The servers that tests of job queues talk to, and a namespace of a test's own on them. */
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { requirements } from '../requirements.ts';

export type ServerName = 'redis' | 'postgres';

/** Where a server is expected unless its variable says otherwise. */
const defaults: Readonly<Record<ServerName, string>> = {
  redis: 'redis://127.0.0.1:6379',
  postgres: 'postgres://postgres@127.0.0.1:5432/test',
};

export function serverUrl(name: ServerName): string {
  const variable = requirements.find((requirement) => requirement.name === name)?.variable ?? '';
  const given = process.env[variable] ?? '';
  return given === '' ? defaults[name] : given;
}

export class QueueNamespace {
  readonly server: ServerName;
  readonly name = `sidereal_test_${randomBytes(6).toString('hex')}`;

  constructor(server: ServerName) {
    this.server = server;
  }

  /** @param port - Another way to the same server. */
  url(port?: number): string {
    const url = new URL(serverUrl(this.server));
    url.searchParams.set('namespace', this.name);
    if (port !== undefined) {
      url.hostname = '127.0.0.1';
      url.port = String(port);
    }
    return url.href;
  }

  /** Everything the server holds of this namespace, as one text. */
  async dump(): Promise<string> {
    return this.server === 'redis' ? this.#dumpRedis() : this.#dumpPostgres();
  }

  /** Deletes all of it. */
  async clear(): Promise<void> {
    if (this.server === 'redis')
      await withRedis(async (redis) => {
        const keys = await redis.keys(`${this.name}:*`);
        if (keys.length > 0) await redis.del(...keys);
      });
    else await withPostgres((client) => client.query(`DROP SCHEMA IF EXISTS "${this.name}" CASCADE`));
  }

  /** Forgets every job, as a server does that keeps nothing on disk and starts again. */
  async forget(): Promise<void> {
    if (this.server === 'redis') await this.clear();
    else await withPostgres((client) => client.query(`DELETE FROM "${this.name}".job`));
  }

  #dumpRedis(): Promise<string> {
    return withRedis(async (redis) => {
      const keys = (await redis.keys(`${this.name}:*`)).sort();
      return keys.filter((key) => !/:(?:meta|id|marker|events|stalled-check|stalled)$/.test(key)).join('\n');
    });
  }

  #dumpPostgres(): Promise<string> {
    return withPostgres(async (client) => {
      const { rows } = await client.query(
        `SELECT queue || '/' || id || ' ' || state AS line FROM "${this.name}".job ORDER BY 1`,
      );
      return rows.map(({ line }) => line).join('\n');
    });
  }
}

interface Redis {
  keys(pattern: string): Promise<string[]>;
  del(...keys: readonly string[]): Promise<unknown>;
  quit(): Promise<unknown>;
}

async function withRedis<Value>(work: (redis: Redis) => Promise<Value>): Promise<Value> {
  const { Redis: Client } = createRequire(import.meta.url)('ioredis') as {
    Redis: new (url: string) => Redis;
  };
  const redis = new Client(serverUrl('redis'));
  try {
    return await work(redis);
  } finally {
    await redis.quit();
  }
}

interface PostgresClient {
  connect(): Promise<void>;
  query(text: string): Promise<{ readonly rows: readonly { readonly line: string }[] }>;
  end(): Promise<void>;
}

export async function withPostgres<Value>(work: (client: PostgresClient) => Promise<Value>): Promise<Value> {
  const { Client } = createRequire(import.meta.url)('pg') as {
    Client: new (url: string) => PostgresClient;
  };
  const client = new Client(serverUrl('postgres'));
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
