/** Brings a database up to date, at every start. */
import type { Hash } from '../../../consensus/primitives/flavor.ts';
import { autoBatchError } from '../codes.ts';
import type { Session } from './database.ts';
import { migrations } from './migrations.ts';

/**
 * Applies what is missing; whoever starts at the same moment waits.
 * @param schema - Made when it is not there; the session's `search_path` names it.
 * @param chainId - The one whose orders the database holds, from its first start on.
 * @throws {CodedError} `AUTO_BATCH_DATABASE_VERSION`, `AUTO_BATCH_DATABASE_OTHER_CHAIN`.
 */
export async function migrate(session: Session, schema: string, chainId: Hash): Promise<void> {
  await session.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`sidereal orders ${schema}`]);
  await session.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
  await session.query('CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY)');
  const [newest] = await session.query<{ readonly version: number }>(
    'SELECT coalesce(max(version), 0) AS version FROM migrations',
  );
  const version = newest?.version ?? 0;
  if (version > migrations.length)
    throw autoBatchError(
      'AUTO_BATCH_DATABASE_VERSION',
      `schema ${schema} has version ${version}, this program writes ${migrations.length}: use the version that wrote it, or another database`,
      { version },
    );
  for (const [index, statements] of migrations.entries()) {
    if (index < version) continue;
    for (const statement of statements) await session.query(statement);
    await session.query('INSERT INTO migrations VALUES ($1)', [index + 1]);
  }
  await session.query('INSERT INTO chain (chain_id) VALUES ($1) ON CONFLICT DO NOTHING', [chainId]);
  const [chain] = await session.query<{ readonly chain_id: string }>('SELECT chain_id FROM chain');
  if (chain?.chain_id !== chainId)
    throw autoBatchError(
      'AUTO_BATCH_DATABASE_OTHER_CHAIN',
      `schema ${schema} holds orders of chain ${chain?.chain_id}, this node runs ${chainId}: use another database`,
      { chainId: chain?.chain_id },
    );
}
