import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { InputStorage } from '../../node/batcher/storage/inputStorage.ts';
import { openInputStorage } from '../../node/batcher/storage/openInputStorage.ts';
import { acceptedInput, requestIdOf } from '../helpers/acceptedInput.ts';
import { serverUrl, withPostgres } from '../helpers/queueServers.ts';
import { TcpProxy } from '../helpers/tcpProxy.ts';
import { testInputStorage } from './inputStorageSuite.ts';

const type = 'postgres';
const namespaces: string[] = [];

function newNamespace(): string {
  const namespace = `sidereal_test_${randomBytes(6).toString('hex')}`;
  namespaces.push(namespace);
  return namespace;
}

async function dropAll(): Promise<void> {
  await withPostgres(async (client) => {
    for (const namespace of namespaces.splice(0))
      await client.query(`DROP SCHEMA IF EXISTS "${namespace}" CASCADE`);
  });
}

testInputStorage(type, {
  place: () => ({ type, url: serverUrl('postgres'), namespace: newNamespace() }),
  end: dropAll,
  isShared: true,
});

describe('input storage: postgres, its server', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  afterAll(dropAll);

  const open = async (url: string, namespace = newNamespace()): Promise<InputStorage> => {
    const storage = await openInputStorage({ type, url, namespace, timeoutMs: 5_000 });
    closers.push(() => storage.close());
    return storage;
  };

  it('refuses to start where a commit does not wait for the disk', async () => {
    const url = new URL(serverUrl('postgres'));
    url.searchParams.set('options', '-c synchronous_commit=off');
    await expect(open(url.href)).rejects.toMatchObject({
      code: 'INPUT_STORAGE_NOT_DURABLE',
      message: expect.stringContaining('set synchronous_commit = on'),
    });
  });

  it('brings its tables up to date once, whoever starts at the same moment, and leaves newer ones alone', async () => {
    const namespace = newNamespace();
    await Promise.all([1, 2, 3, 4].map(() => open(serverUrl('postgres'), namespace)));
    await withPostgres((client) => client.query(`INSERT INTO "${namespace}".migrations VALUES (999)`));
    await expect(open(serverUrl('postgres'), namespace)).rejects.toMatchObject({
      code: 'INPUT_STORAGE_VERSION',
    });
  });

  it('says what is wrong with an address, a user and a server that is not there, without the password', async () => {
    await expect(open('mysql://127.0.0.1/test')).rejects.toMatchObject({ code: 'INPUT_STORAGE_REFUSED' });
    await expect(open(serverUrl('postgres'), 'No Schema')).rejects.toMatchObject({
      code: 'INPUT_STORAGE_REFUSED',
    });
    const elsewhere = new URL(serverUrl('postgres'));
    elsewhere.pathname = '/no_such_database';
    await expect(open(elsewhere.href)).rejects.toMatchObject({ code: 'INPUT_STORAGE_REFUSED' });
    const error = await open('postgres://user:s3cret@127.0.0.1:1/test').catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'INPUT_STORAGE_UNREACHABLE' });
    expect(String(error)).not.toContain('s3cret');
  });

  it('tells of a lost connection, half does nothing, and goes on when the server is back', async () => {
    const proxy = await TcpProxy.open(new URL(serverUrl('postgres')));
    closers.push(() => proxy.close());
    const url = new URL(serverUrl('postgres'));
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    const storage = await open(url.href);
    await storage.add(acceptedInput(0));
    const adds = Array.from({ length: 40 }, (_, index) => storage.add(acceptedInput(index + 1)));
    proxy.cut();
    const settled = await Promise.allSettled(adds);
    for (const result of settled)
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ code: 'INPUT_STORAGE_UNREACHABLE' });
    await expect(storage.get(requestIdOf(0))).rejects.toMatchObject({ code: 'INPUT_STORAGE_UNREACHABLE' });
    proxy.mend();
    const again = await Promise.all(
      Array.from({ length: 41 }, (_, index) => storage.add(acceptedInput(index))),
    );
    expect(again.every(({ ok }) => ok)).toBe(true);
    expect(await storage.tallies()).toEqual([{ target: 'sidechain', state: 'queued', rows: 41 }]);
  });
});
