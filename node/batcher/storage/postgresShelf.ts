/**
 * Rows in PostgreSQL, which several processes may share. A group is one transaction: the rows it touches are locked, those
 * that another process has locked are left to it, and new ones are inserted where nobody else did.
 */
import {
  type BatchRow,
  decodeBatch,
  decodeRow,
  encodeBatch,
  encodeRow,
  type InputRow,
  type InputState,
  isEnded,
  isWaiting,
} from './inputRow.ts';
import type { InputStorageLimits, Tally } from './inputStorage.ts';
import { loadPostgres, type PostgresClient, PostgresLink } from './postgresLink.ts';
import { postgresMigrations } from './postgresMigrations.ts';
import type { ServerStorageOptions } from './serverAddress.ts';
import {
  type ChangeResult,
  type ChangeSet,
  doneSets,
  type Exchange,
  judgeGroup,
  type Shelf,
} from './shelf.ts';
import { storageError } from './storageError.ts';

export interface PostgresShelfOptions extends ServerStorageOptions {
  readonly limits: InputStorageLimits;
}

interface Body {
  readonly body: string;
}

export class PostgresShelf implements Shelf {
  readonly #limits: InputStorageLimits;
  readonly #writer: PostgresLink;
  readonly #reader: PostgresLink;

  private constructor(limits: InputStorageLimits, writer: PostgresLink, reader: PostgresLink) {
    this.#limits = limits;
    this.#writer = writer;
    this.#reader = reader;
  }

  /** @throws {CodedError} `INPUT_STORAGE_DRIVER_MISSING`, `_UNREACHABLE`, `_REFUSED`, `_NOT_DURABLE`, `_VERSION`. */
  static async open(options: PostgresShelfOptions): Promise<PostgresShelf> {
    const driver = await loadPostgres();
    const writer = new PostgresLink(driver, options);
    try {
      await writer.transaction((client) => migrate(client, options.namespace));
    } catch (error) {
      await writer.close();
      throw error;
    }
    return new PostgresShelf(options.limits, writer, new PostgresLink(driver, options));
  }

  async rows(requestIds: readonly string[]): Promise<readonly (InputRow | undefined)[]> {
    const rows = await this.#readRows('SELECT body FROM inputs WHERE request_id = ANY($1)', [requestIds]);
    const byId = new Map(rows.map((row) => [row.requestId, row]));
    return requestIds.map((id) => byId.get(id));
  }

  async batch(batchId: string): Promise<BatchRow | undefined> {
    const [found] = await this.#read<Body>('SELECT body FROM batches WHERE batch_id = $1', [batchId]);
    return found === undefined ? undefined : decodeBatch(found.body);
  }

  async batches(): Promise<readonly BatchRow[]> {
    const found = await this.#read<Body>('SELECT body FROM batches', []);
    return found.map(({ body }) => decodeBatch(body));
  }

  waiting(target: string, rowsMax: number): Promise<readonly InputRow[]> {
    return this.#readRows(
      'SELECT body FROM inputs WHERE is_waiting AND target = $1 ORDER BY received_at_ms, request_id LIMIT $2',
      [target, rowsMax],
    );
  }

  endedBefore(endedBeforeMs: number, rowsMax: number): Promise<readonly InputRow[]> {
    return this.#readRows(
      'SELECT body FROM inputs WHERE ended_at_ms < $1 ORDER BY ended_at_ms, request_id LIMIT $2',
      [endedBeforeMs, rowsMax],
    );
  }

  tallies(): Promise<readonly Tally[]> {
    return this.#reader.run(readTallies);
  }

  commit(sets: readonly ChangeSet[]): Promise<readonly ChangeResult[]> {
    return this.#writer.transaction(async (client) => {
      const results = judgeGroup(sets, await lockStored(client, sets), this.#limits);
      const hopeful = doneSets(sets, results);
      const inserted = new Set([
        ...(await insertRows(client, hopeful.rows)),
        ...(await insertBatches(client, hopeful.batches)),
      ]);
      sets.forEach(({ rows, batches }, index) => {
        // Another process was first. A set inserts rows or a batch, never both, so nothing of it is written yet.
        const isLost = [...rows, ...batches].some(
          ({ id, before }) => before === undefined && !inserted.has(id),
        );
        if (results[index] === 'done' && isLost) results[index] = 'conflict';
      });
      const done = doneSets(sets, results);
      await writeRows(client, done.rows);
      await writeBatches(client, done.batches);
      await writeTallies(client, done.rows);
      return results;
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer.close(), this.#reader.close()]);
  }

  async #readRows(text: string, values: readonly unknown[]): Promise<readonly InputRow[]> {
    return (await this.#read<Body>(text, values)).map(({ body }) => decodeRow(body));
  }

  #read<Row>(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    return this.#reader.run(async (client) => (await client.query<Row>(text, values)).rows);
  }
}

async function migrate(client: PostgresClient, namespace: string): Promise<void> {
  // Others that start at the same moment wait here.
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `sidereal inputs ${namespace}`,
  ]);
  await client.query(`CREATE SCHEMA IF NOT EXISTS "${namespace}"`);
  await client.query('CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY)');
  const { rows } = await client.query<{ readonly version: number }>(
    'SELECT coalesce(max(version), 0) AS version FROM migrations',
  );
  const version = rows[0]?.version ?? 0;
  if (version > postgresMigrations.length)
    throw storageError(
      'INPUT_STORAGE_VERSION',
      `schema ${namespace} has version ${version}, this program writes ${postgresMigrations.length}: use the version that wrote it, or another namespace`,
      { version },
    );
  for (const [index, migration] of postgresMigrations.entries()) {
    if (index < version) continue;
    await client.query(migration);
    await client.query('INSERT INTO migrations VALUES ($1)', [index + 1]);
  }
}

async function lockStored(client: PostgresClient, sets: readonly ChangeSet[]) {
  const rowIds = changedIds(sets.flatMap(({ rows }) => rows));
  const batchIds = changedIds(sets.flatMap(({ batches }) => batches));
  const rows = await lockBodies(client, 'inputs', 'request_id', rowIds);
  const batches = await lockBodies(client, 'batches', 'batch_id', batchIds);
  const byRowId = new Map(rows.map(decodeRow).map((row) => [row.requestId, row]));
  const byBatchId = new Map(batches.map(decodeBatch).map((batch) => [batch.batchId, batch]));
  // New rows are few among many: they are counted before, and others that add at this moment are not.
  const tallies = await readTallies(client);
  const count = (isCounted: (tally: Tally) => boolean) =>
    tallies.reduce((total, tally) => total + (isCounted(tally) ? tally.rows : 0), 0);
  return {
    row: (id: string) => byRowId.get(id),
    batch: (id: string) => byBatchId.get(id),
    liveRows: count((tally) => !isEnded(tally)),
    keptRows: count(() => true),
    heldBytes: 0,
  };
}

/** Ids of what exists. A new one cannot be locked; inserting it finds out. */
function changedIds(exchanges: readonly Exchange<unknown>[]): readonly string[] {
  return exchanges.filter(({ before }) => before !== undefined).map(({ id }) => id);
}

/** Rows that another transaction holds do not come, and so count as changed. */
async function lockBodies(
  client: PostgresClient,
  table: 'inputs' | 'batches',
  key: 'request_id' | 'batch_id',
  ids: readonly string[],
): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const { rows } = await client.query<Body>(
    `SELECT body FROM ${table} WHERE ${key} = ANY($1) ORDER BY ${key} FOR UPDATE SKIP LOCKED`,
    [ids],
  );
  return rows.map(({ body }) => body);
}

async function insertRows(
  client: PostgresClient,
  exchanges: readonly Exchange<InputRow>[],
): Promise<readonly string[]> {
  const rows = exchanges.filter(({ before }) => before === undefined).map(({ after }) => after);
  const added = rows.filter((row) => row !== undefined).sort((a, b) => (a.requestId < b.requestId ? -1 : 1));
  if (added.length === 0) return [];
  const { rows: inserted } = await client.query<{ readonly request_id: string }>(
    `INSERT INTO inputs SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::bigint[], $7::text[])
     ON CONFLICT DO NOTHING RETURNING request_id`,
    columns(added),
  );
  return inserted.map(({ request_id }) => request_id);
}

async function insertBatches(
  client: PostgresClient,
  exchanges: readonly Exchange<BatchRow>[],
): Promise<readonly string[]> {
  const batches = exchanges.filter(({ before }) => before === undefined).map(({ after }) => after);
  const added = batches
    .filter((batch) => batch !== undefined)
    .sort((a, b) => (a.batchId < b.batchId ? -1 : 1));
  if (added.length === 0) return [];
  const { rows: inserted } = await client.query<{ readonly batch_id: string }>(
    `INSERT INTO batches SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING RETURNING batch_id`,
    [added.map(({ batchId }) => batchId), added.map(encodeBatch)],
  );
  return inserted.map(({ batch_id }) => batch_id);
}

async function writeRows(client: PostgresClient, exchanges: readonly Exchange<InputRow>[]): Promise<void> {
  const known = exchanges.filter(({ before }) => before !== undefined);
  const changed = known.map(({ after }) => after).filter((row) => row !== undefined);
  const gone = known.filter(({ after }) => after === undefined).map(({ id }) => id);
  if (changed.length > 0)
    await client.query(
      `UPDATE inputs SET state = changed.state, is_waiting = changed.is_waiting, ended_at_ms = changed.ended_at_ms, body = changed.body
       FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::bigint[], $7::text[])
         AS changed (request_id, target, state, received_at_ms, is_waiting, ended_at_ms, body)
       WHERE inputs.request_id = changed.request_id`,
      columns(changed),
    );
  if (gone.length > 0) await client.query('DELETE FROM inputs WHERE request_id = ANY($1)', [gone]);
}

function columns(rows: readonly InputRow[]): readonly (readonly unknown[])[] {
  return [
    rows.map(({ requestId }) => requestId),
    rows.map(({ target }) => target),
    rows.map(({ state }) => state),
    rows.map(({ receivedAtMs }) => receivedAtMs),
    rows.map(isWaiting),
    rows.map(({ endedAtMs }) => endedAtMs ?? null),
    rows.map(encodeRow),
  ];
}

async function writeBatches(client: PostgresClient, exchanges: readonly Exchange<BatchRow>[]): Promise<void> {
  for (const { id, before, after } of exchanges) {
    if (after === undefined) await client.query('DELETE FROM batches WHERE batch_id = $1', [id]);
    else if (before !== undefined)
      await client.query('UPDATE batches SET body = $2 WHERE batch_id = $1', [id, encodeBatch(after)]);
  }
}

/** Last in a transaction and in one order, so that those who wait for each other here never do so in a circle. */
async function writeTallies(client: PostgresClient, exchanges: readonly Exchange<InputRow>[]): Promise<void> {
  const changes = new Map<string, number>();
  const count = (row: InputRow | undefined, change: number) => {
    if (row === undefined) return;
    const key = `${row.target} ${row.state}`;
    changes.set(key, (changes.get(key) ?? 0) + change);
  };
  for (const { before, after } of exchanges) {
    count(before, -1);
    count(after, 1);
  }
  const sorted = [...changes].filter(([, change]) => change !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, change] of sorted)
    await client.query(
      `INSERT INTO tallies VALUES ($1, $2, $3)
       ON CONFLICT (target, state) DO UPDATE SET rows = tallies.rows + excluded.rows`,
      [...key.split(' '), change],
    );
}

async function readTallies(client: PostgresClient): Promise<readonly Tally[]> {
  const { rows } = await client.query<{
    readonly target: string;
    readonly state: InputState;
    readonly rows: string;
  }>('SELECT target, state, rows FROM tallies');
  return rows.map(({ target, state, rows: count }) => ({ target, state, rows: Number(count) }));
}
