/** Databases of the order engine for tests: one in the process, one on a server, both emptied between tests, with a clock that stands still. */
import { randomBytes } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { toHex, utf8 } from '../../consensus/primitives/bytes.ts';
import type { Database } from '../../node/autobatch/database/database.ts';
import { type DatabaseOptions, openDatabase } from '../../node/autobatch/database/openDatabase.ts';
import type { SignedOrder } from '../../node/autobatch/store/order.ts';
import { serverUrl, withPostgres } from './queueServers.ts';

export const testChainId = toHex(sha256(utf8('a chain of tests')));

export interface TestDatabase {
  readonly database: Database;
  /** The same tables over connections of its own; in the process there is one connection, so it is the same. */
  another(): Promise<Database>;
  /** Takes all rows away, and sets the clock to `START_MS`. */
  clear(): Promise<void>;
  /** Lets so many ms pass. */
  pass(ms: number): Promise<void>;
  end(): Promise<void>;
}

export type TestDatabaseType = DatabaseOptions['type'];

export const START_MS = 1_700_000_000_000;

export async function openTestDatabase(type: TestDatabaseType): Promise<TestDatabase> {
  const schema = `sidereal_test_${randomBytes(6).toString('hex')}`;
  const options: DatabaseOptions =
    type === 'in-memory'
      ? { type, chainId: testChainId }
      : { type, chainId: testChainId, url: serverUrl('postgres'), schema, timeoutMs: 20_000 };
  const opened: Database[] = [];
  const open = async () => {
    const database = await openDatabase(options);
    opened.push(database);
    return database;
  };
  const database = await open();
  await run(database, 'CREATE TABLE test_clock (now_ms float8 NOT NULL)');
  await run(
    database,
    `CREATE OR REPLACE FUNCTION engine_now() RETURNS timestamptz LANGUAGE sql VOLATILE
     AS 'SELECT to_timestamp(now_ms / 1000) FROM test_clock'`,
  );
  return {
    database,
    another: async () => (type === 'in-memory' ? database : open()),
    clear: async () => {
      await run(database, 'TRUNCATE orders, batches, test_clock RESTART IDENTITY');
      await run(database, 'ALTER SEQUENCE queue_positions RESTART');
      await run(database, 'UPDATE tallies SET value = 0');
      await run(database, 'INSERT INTO test_clock VALUES ($1)', [START_MS]);
    },
    pass: (ms) => run(database, 'UPDATE test_clock SET now_ms = now_ms + $1', [ms]),
    end: async () => {
      for (const one of opened) await one.close();
      if (type === 'psql')
        await withPostgres((client) => client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`));
    },
  };
}

/** One statement in a transaction of its own. */
export async function run(database: Database, text: string, values: readonly unknown[] = []): Promise<void> {
  await database.transaction((session) => session.query(text, values));
}

export function partyOf(name: string): string {
  return toHex(sha256(utf8(`party ${name}`)));
}

/** An order whose signature nobody checks. */
export function testOrder(party: string, reference: string, amount = 10n, lastHeight?: number): SignedOrder {
  return {
    orderId: toHex(sha256(utf8(`${party} ${reference} ${amount} ${lastHeight}`))),
    from: partyOf(party),
    to: partyOf('payee'),
    asset: 'UM',
    amount,
    reference,
    lastHeight,
    signature: new Uint8Array(64).fill(7),
  };
}

export function testOrders(party: string, count: number): readonly SignedOrder[] {
  return Array.from({ length: count }, (_, index) => testOrder(party, `r${index}`));
}

export function testId(name: string | number): string {
  return toHex(sha256(utf8(`id ${name}`)));
}
