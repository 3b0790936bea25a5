/**
 * The group `auto_batch` of config.yaml: how one node serves orders, and nothing of the chain. Each key has an environment
 * variable of its own besides the usual one, by the name that operators of such engines know.
 */
import { hidePassword } from './batcherConfig.ts';
import type { BrokenRule } from './problem.ts';
import type { ConfigFile } from './schema.ts';

export interface AutoBatchConfig {
  readonly enabled: boolean;
  /** In orders. */
  readonly maxSize: number;
  readonly maxAttempts: number;
  /** Name of the node that runs the engine where the database is in-memory. */
  readonly node: string;
  /** URL of its HTTP API; empty: nobody said. */
  readonly nodeApi: string;
  readonly dbType: ConfigFile['auto_batch']['db_type'];
  readonly dbUrl: string;
  readonly batchIntervalMs: number;
  readonly monitorIntervalMs: number;
  readonly retryIntervalMs: number;
  readonly recoveryIntervalMs: number;
  readonly retentionMs: number;
  /** In orders. */
  readonly keptOrdersMax: number;
}

export const AUTO_BATCH_GROUP = 'auto_batch';
const PREFIX = 'AUTO_BATCH_';
/** Of the key `enabled`; all others have the name of their key. */
const SWITCH = `${PREFIX}SWITCH`;

/** The variable of a key. */
export function autoBatchVariableOf(key: string): string {
  return key === 'enabled' ? SWITCH : `${PREFIX}${key.toUpperCase()}`;
}

/** The key of a variable, whether it exists or not; undefined: the variable is none of these. */
export function autoBatchKeyOf(variable: string): string | undefined {
  if (variable === SWITCH) return 'enabled';
  return variable.startsWith(PREFIX) ? variable.slice(PREFIX.length).toLowerCase() : undefined;
}

export function toAutoBatchConfig(file: ConfigFile['auto_batch']): AutoBatchConfig {
  return {
    enabled: file.enabled,
    maxSize: file.max_size,
    maxAttempts: file.max_attempts,
    node: file.node,
    nodeApi: file.node_api,
    dbType: file.db_type,
    dbUrl: file.db_url,
    batchIntervalMs: file.batch_interval_ms,
    monitorIntervalMs: file.monitor_interval_ms,
    retryIntervalMs: file.retry_interval_ms,
    recoveryIntervalMs: file.recovery_interval_ms,
    retentionMs: file.retention_ms,
    keptOrdersMax: file.kept_orders_max,
  };
}

/** What single keys cannot know. The address may hold a password, so it is not shown. */
export function checkAutoBatch(
  { enabled, dbType, dbUrl, node, nodeApi }: AutoBatchConfig,
  validators: readonly { readonly name: string }[],
): BrokenRule[] {
  const broken: BrokenRule[] = [];
  if (dbType === 'psql' && dbUrl === '') {
    broken.push({
      paths: [[AUTO_BATCH_GROUP, 'db_type']],
      message: 'expected auto_batch.db_url too, the address of the server',
      hint: 'set AUTO_BATCH_DB_URL=postgres://user:password@host:5432/database',
    });
  }
  if (nodeApi !== '' && !/^https?:$/.test(URL.canParse(nodeApi) ? new URL(nodeApi).protocol : '')) {
    broken.push({
      paths: [[AUTO_BATCH_GROUP, 'node_api']],
      message: 'expected a URL such as http://127.0.0.1:4000',
    });
  }
  if (enabled && dbType === 'in-memory' && !validators.some(({ name }) => name === node)) {
    broken.push({
      paths: [[AUTO_BATCH_GROUP, 'node']],
      message: `expected the name of a validator, since the database is in-memory, got \`${node}\``,
    });
  }
  return broken;
}

/** The group without the password of its address: for whoever prints a configuration. */
export function withoutDatabasePassword(file: ConfigFile['auto_batch']): ConfigFile['auto_batch'] {
  return { ...file, db_url: hidePassword(file.db_url) };
}
