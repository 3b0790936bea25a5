import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Database } from '../../node/autobatch/database/database.ts';
import { openDatabase } from '../../node/autobatch/database/openDatabase.ts';
import { PsqlDatabase } from '../../node/autobatch/database/psqlDatabase.ts';
import { BatchStore } from '../../node/autobatch/store/batchStore.ts';
import { OrderStore } from '../../node/autobatch/store/orderStore.ts';
import { partyOf, run, testChainId, testId, testOrder } from '../helpers/autoBatchDatabase.ts';
import { serverUrl, withPostgres } from '../helpers/queueServers.ts';
import { TcpProxy } from '../helpers/tcpProxy.ts';
import { testAutoBatchDatabase } from './autoBatchDatabaseSuite.ts';
import { testAutoBatchEngine } from './autoBatchEngineSuite.ts';

testAutoBatchDatabase('psql');
testAutoBatchEngine('psql');

describe('orders and batches: the server of psql', () => {
  const schemas: string[] = [];
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    await withPostgres(async (client) => {
      for (const schema of schemas.splice(0)) await client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
    });
  });

  const newSchema = (): string => {
    const schema = `sidereal_test_${randomBytes(6).toString('hex')}`;
    schemas.push(schema);
    return schema;
  };
  const open = async (
    url: string,
    schema = newSchema(),
    chainId = testChainId,
    timeoutMs = 10_000,
  ): Promise<Database> => {
    const database = await openDatabase({ type: 'psql', url, schema, chainId, timeoutMs });
    closers.push(() => database.close());
    return database;
  };

  it('refuses to start where a commit does not wait for the disk', async () => {
    const url = new URL(serverUrl('postgres'));
    url.searchParams.set('options', '-c synchronous_commit=off');
    await expect(open(url.href)).rejects.toMatchObject({
      code: 'AUTO_BATCH_DATABASE_NOT_DURABLE',
      message: expect.stringContaining('set synchronous_commit = on'),
    });
  });

  it('applies its migrations at every start, once, whoever starts at the same moment; leaves newer tables and other chains alone', async () => {
    const [url, schema] = [serverUrl('postgres'), newSchema()];
    const [first] = await Promise.all([1, 2, 3, 4].map(() => open(url, schema)));
    const orders = new OrderStore(first as Database);
    await orders.add([testOrder('anna', 'kept')], 10);
    const again = new OrderStore(await open(url, schema));
    expect(await again.getByReference(partyOf('anna'), 'kept')).toMatchObject({ status: 'Queued' });
    await expect(open(url, schema, testId('another chain'))).rejects.toMatchObject({
      code: 'AUTO_BATCH_DATABASE_OTHER_CHAIN',
    });
    await run(first as Database, 'INSERT INTO migrations VALUES (999)');
    await expect(open(url, schema)).rejects.toMatchObject({ code: 'AUTO_BATCH_DATABASE_VERSION' });
  });

  it('says what is wrong with an address, a schema, a driver and a server that is not there, without the password', async () => {
    const refused = { code: 'AUTO_BATCH_DATABASE_REFUSED' };
    await expect(open('mysql://127.0.0.1/test')).rejects.toMatchObject(refused);
    await expect(open(serverUrl('postgres'), 'No Schema')).rejects.toMatchObject(refused);
    const elsewhere = new URL(serverUrl('postgres'));
    elsewhere.pathname = '/no_such_database';
    await expect(open(elsewhere.href)).rejects.toMatchObject(refused);
    const error = await open('postgres://user:s3cret@127.0.0.1:1/test').catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'AUTO_BATCH_DATABASE_UNREACHABLE' });
    expect(String(error)).not.toContain('s3cret');
    const place = { url: serverUrl('postgres'), schema: newSchema(), chainId: testChainId, timeoutMs: 1000 };
    await expect(
      PsqlDatabase.open(place, () => Promise.reject(new Error('not installed'))),
    ).rejects.toMatchObject({ code: 'AUTO_BATCH_DATABASE_DRIVER_MISSING' });
  });

  it('takes what nobody else is changing at the moment, and waits for none of the rest', async () => {
    const [url, schema] = [serverUrl('postgres'), newSchema()];
    // One that waited for a lock would be refused after this long.
    const [one, two] = await Promise.all([10_000, 1000].map((ms) => open(url, schema, testChainId, ms)));
    assert(one !== undefined && two !== undefined, 'both are open');
    const names = ['anna', 'bert'];
    await new OrderStore(one).add(
      names.flatMap((name) => [testOrder(name, 'r0'), testOrder(name, 'r1')]),
      1000,
    );
    const options = { engine: 'one', leaseMs: 0 };
    const batchOf = (name: string) => ({ batchId: testId(name), party: partyOf(name), attemptsMax: 5 });
    for (const name of names) await new BatchStore(one, options).prepare({ ...batchOf(name), sizeMax: 1 });
    const claimed = await one.transaction(async (session) => {
      await session.query('SELECT FROM batches WHERE batch_id = $1 FOR UPDATE', [testId('anna')]);
      return new BatchStore(two, options).claim({ statuses: ['Prepared'], quietMs: 0 }, 9);
    });
    expect(claimed.map(({ batchId }) => batchId)).toEqual([testId('bert')]);
    await new OrderStore(one).add([testOrder('carl', 'r0'), testOrder('carl', 'r1')], 1000);
    await one.transaction(async (session) => {
      await session.query(`SELECT FROM orders WHERE party = $1 AND reference = 'r0' FOR UPDATE`, [
        partyOf('carl'),
      ]);
      const made = await new BatchStore(two, options).prepare({ ...batchOf('carl'), sizeMax: 9 });
      expect(made).toMatchObject({ size: 1 });
    });
  });

  it('tells of a lost connection, half does nothing, and goes on when the server is back', async () => {
    const proxy = await TcpProxy.open(new URL(serverUrl('postgres')));
    closers.push(() => proxy.close());
    const url = new URL(serverUrl('postgres'));
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    const orders = new OrderStore(await open(url.href));
    await orders.add([testOrder('anna', 'r')], 1000);
    const adds = Array.from({ length: 40 }, (_, index) =>
      orders.add([testOrder('anna', `${index}-a`), testOrder('anna', `${index}-b`)], 1000),
    );
    proxy.cut();
    for (const result of await Promise.allSettled(adds))
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ code: 'AUTO_BATCH_DATABASE_UNREACHABLE' });
    proxy.mend();
    for (let index = 0; index < 40; index += 1) {
      const [a, b] = await Promise.all(
        ['a', 'b'].map((letter) => orders.getByReference(partyOf('anna'), `${index}-${letter}`)),
      );
      expect(a === undefined).toBe(b === undefined);
    }
  });

  it('lets a bug through as it is, and undoes what it had begun', async () => {
    const database = await open(serverUrl('postgres'));
    const bug = new Error('a bug');
    const work = database.transaction(async (session) => {
      await session.query(`UPDATE tallies SET value = 5 WHERE name = 'queued'`);
      throw bug;
    });
    await expect(work).rejects.toBe(bug);
    const rows = await database.transaction((session) =>
      session.query(`SELECT value::text AS value FROM tallies WHERE name = 'queued'`),
    );
    expect(rows).toEqual([{ value: '0' }]);
  });
});
