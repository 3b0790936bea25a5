/** Options of the order engine: the group `auto_batch` of config.yaml under its environment variables, which win. */
import { type Checked, type Problem, showValue, suggest } from '../config/problem.ts';
import { type ConfigField, type ConfigFile, configSchema, listGroups } from '../config/schema.ts';

const GROUP = 'auto_batch';
const PREFIX = 'AUTO_BATCH_';
const schema = configSchema.shape.auto_batch;

export interface AutoBatchOptions {
  readonly isEnabled: boolean;
  readonly maxSize: number;
  readonly maxAttempts: number;
  /** Node that runs the engine where the database is in-memory. */
  readonly node: string;
  /** Address of the server of `psql`; undefined: the database is in-memory. */
  readonly databaseUrl: string | undefined;
  readonly batchIntervalMs: number;
  readonly monitorIntervalMs: number;
  readonly retryIntervalMs: number;
  readonly recoveryIntervalMs: number;
}

/** A key of the group with the variable that sets it too. */
export interface AutoBatchKey extends ConfigField {
  readonly key: string;
  readonly variable: string;
}

/** All of them, in the order of config.yaml. */
export function listAutoBatchKeys(): readonly AutoBatchKey[] {
  const fields = listGroups().find(({ key }) => key === GROUP)?.fields ?? [];
  return fields.map((field) => {
    const key = field.path[1] ?? '';
    // The one whose name is older than the key.
    return { ...field, key, variable: `${PREFIX}${key === 'enabled' ? 'SWITCH' : key.toUpperCase()}` };
  });
}

/**
 * @param group - As config.yaml has it, defaults filled in.
 * @returns The options, or every variable that is unknown or has a wrong value, and what does not go together.
 */
export function readAutoBatchOptions(
  group: ConfigFile['auto_batch'],
  environment: Readonly<Record<string, string | undefined>>,
): Checked<AutoBatchOptions> {
  const keys = listAutoBatchKeys();
  const problems: Problem[] = [];
  const given: Record<string, unknown> = {};
  for (const variable of Object.keys(environment).sort()) {
    const text = environment[variable];
    if (!variable.startsWith(PREFIX) || text === undefined) continue;
    const known = keys.find((one) => one.variable === variable);
    if (known !== undefined) given[known.key] = readValue(text, known.defaultValue);
    else {
      const names = keys.map((one) => one.variable);
      problems.push(problemOf(variable, 'CONFIG_KEY_UNKNOWN', 'unknown variable', suggest(variable, names)));
    }
  }
  const parsed = schema.safeParse({ ...group, ...given });
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      const key = String(path[0]);
      const found = keys.find((one) => one.key === key);
      const place = Object.hasOwn(given, key) ? (found?.variable ?? key) : `${GROUP}.${key}`;
      problems.push(
        problemOf(place, 'CONFIG_VALUE_INVALID', `expected ${message}, got ${showValue(given[key])}`),
      );
    }
    return { ok: false, problems };
  }
  const { db_type: type, db_url: url } = parsed.data;
  if (type === 'psql' && url === '') {
    const [place, hint] = [
      `${GROUP}.db_url`,
      `set ${PREFIX}DB_URL=postgres://user:password@host:5432/database`,
    ];
    problems.push(problemOf(place, 'CONFIG_RULE_BROKEN', 'the database psql needs an address', hint));
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: toOptions(parsed.data) };
}

function toOptions(data: ConfigFile['auto_batch']): AutoBatchOptions {
  return {
    isEnabled: data.enabled,
    maxSize: data.max_size,
    maxAttempts: data.max_attempts,
    node: data.node,
    databaseUrl: data.db_type === 'psql' ? data.db_url : undefined,
    batchIntervalMs: data.batch_interval_ms,
    monitorIntervalMs: data.monitor_interval_ms,
    retryIntervalMs: data.retry_interval_ms,
    recoveryIntervalMs: data.recovery_interval_ms,
  };
}

/** Text as the kind of value its key takes; what is none of that kind stays text, which the schema refuses. */
function readValue(text: string, defaultValue: unknown): unknown {
  if (typeof defaultValue === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (typeof defaultValue === 'number') return /^[0-9]{1,15}$/.test(text) ? Number(text) : text;
  return text;
}

function problemOf(place: string, code: string, message: string, hint?: string): Problem {
  const isVariable = place.startsWith(PREFIX);
  const file = isVariable ? `environment ${place}` : 'config';
  return { file, line: undefined, column: undefined, path: isVariable ? '' : place, code, message, hint };
}
