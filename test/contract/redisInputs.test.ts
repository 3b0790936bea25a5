import { afterEach, describe, expect, it } from 'vitest';
import type { InputStorage } from '../../node/batcher/storage/inputStorage.ts';
import { openInputStorage } from '../../node/batcher/storage/openInputStorage.ts';
import { acceptedInput, requestIdOf } from '../helpers/acceptedInput.ts';
import { durableSettings, RedisServer } from '../helpers/redisServer.ts';
import { testInputStorage } from './inputStorageSuite.ts';

const type = 'redis';
let server: RedisServer | undefined;
let namespaces = 0;

testInputStorage(type, {
  start: async () => {
    server = await RedisServer.start();
  },
  place: () => {
    namespaces += 1;
    return { type, url: server?.url ?? '', namespace: `inputs${namespaces}` };
  },
  end: async () => server?.end(),
  isShared: true,
});

describe('input storage: redis, its server', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  const startServer = async (settings?: readonly string[]): Promise<RedisServer> => {
    const started = await RedisServer.start(settings);
    closers.push(() => started.end());
    return started;
  };
  const open = async (url: string, namespace = 'inputs'): Promise<InputStorage> => {
    const storage = await openInputStorage({ type, url, namespace, timeoutMs: 5_000 });
    closers.push(() => storage.close());
    return storage;
  };

  it.each([
    ['keeps no log', ['--appendonly', 'no']],
    ['syncs its log every second', ['--appendonly', 'yes', '--appendfsync', 'everysec']],
    ['forgets keys when it is full', [...durableSettings, '--maxmemory-policy', 'allkeys-lru']],
  ])('refuses to start on a server that %s', async (_, settings) => {
    const { url } = await startServer(settings);
    await expect(open(url)).rejects.toMatchObject({
      code: 'INPUT_STORAGE_NOT_DURABLE',
      message: expect.stringContaining('start the server with --'),
    });
  });

  it('says what is wrong with an address, a password and a server that is not there', async () => {
    const { url } = await startServer([...durableSettings, '--requirepass', 'right']);
    await expect(open('http://127.0.0.1')).rejects.toMatchObject({ code: 'INPUT_STORAGE_REFUSED' });
    const error = await open(url.replace('//', '//:wr0ng@')).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'INPUT_STORAGE_REFUSED' });
    expect(String(error)).not.toContain('wr0ng');
    await expect(open(url)).rejects.toMatchObject({ code: 'INPUT_STORAGE_REFUSED' });
    await open(url.replace('//', '//:right@'));
    await expect(open('redis://127.0.0.1:1')).rejects.toMatchObject({ code: 'INPUT_STORAGE_UNREACHABLE' });
  });

  it('keeps what it acknowledged when the server is killed, and goes on when it is back', async () => {
    const redis = await startServer();
    const storage = await open(redis.url);
    const acknowledged: number[] = [];
    const adds = Array.from({ length: 300 }, async (_, number) => {
      const verdict = await storage.add(acceptedInput(number));
      if (verdict.ok) acknowledged.push(number);
      if (acknowledged.length === 1) await redis.kill();
    });
    for (const result of await Promise.allSettled(adds))
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ code: 'INPUT_STORAGE_UNREACHABLE' });
    await expect(storage.get(requestIdOf(0))).rejects.toMatchObject({ code: 'INPUT_STORAGE_UNREACHABLE' });
    await redis.start();
    expect(acknowledged.length).toBeGreaterThan(0);
    for (const number of acknowledged)
      expect(await storage.get(requestIdOf(number))).toMatchObject({ state: 'queued' });
    for (let number = 0; number < 300; number += 1) await storage.add(acceptedInput(number));
    expect(await storage.tallies()).toEqual([{ target: 'sidechain', state: 'queued', rows: 300 }]);
  });

  it('looks again at a server that came back with other settings', async () => {
    const redis = await startServer();
    const storage = await open(redis.url);
    await storage.add(acceptedInput(1));
    await redis.kill();
    await redis.start(['--appendonly', 'yes', '--appendfsync', 'no']);
    const error = await storage
      .add(acceptedInput(2))
      .catch(() => storage.add(acceptedInput(2)).catch((e) => e));
    expect(error).toMatchObject({ code: 'INPUT_STORAGE_NOT_DURABLE' });
  });

  it('leaves keys of a newer version alone', async () => {
    const { url } = await startServer();
    await open(url);
    const { Redis } = await import('ioredis');
    const client = new Redis(url);
    closers.push(() => client.quit());
    await client.set('{inputs}:version', '999');
    await expect(open(url)).rejects.toMatchObject({ code: 'INPUT_STORAGE_VERSION' });
  });
});
