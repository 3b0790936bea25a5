import { describe, expect, it } from 'vitest';
import { autoBatchVariableOf, withoutDatabasePassword } from '../../../../node/config/autoBatchConfig.ts';
import { readEnvironment } from '../../../../node/config/configSources.ts';
import { locatePlain } from '../../../../node/config/located.ts';
import { parseConfigSources } from '../../../../node/config/parseConfig.ts';
import { listGroups } from '../../../../node/config/schema.ts';

const at = { file: 'config.yaml', line: undefined, column: undefined };
const url = 'postgres://user:secret@127.0.0.1/orders';

/** The group, or what is wrong, with this in the file and these variables. */
function read(environment: Readonly<Record<string, string>>, group: object = {}) {
  const variables = readEnvironment(environment);
  if (!variables.ok) return variables;
  return parseConfigSources([locatePlain({ auto_batch: group }, at), ...variables.value]);
}

function groupOf(environment: Readonly<Record<string, string>>, group: object = {}) {
  const parsed = read(environment, group);
  return parsed.ok ? parsed.value.config.autoBatch : parsed.problems;
}

describe('auto_batch in the configuration', () => {
  it('is off and in memory where nothing is set', () => {
    expect(groupOf({ PATH: '/bin' })).toMatchObject({
      enabled: false,
      maxSize: 100,
      maxAttempts: 5,
      node: 'node-0',
      dbType: 'in-memory',
      dbUrl: '',
    });
  });

  it('takes every key from its variable, over what the file says', () => {
    const values: Readonly<Record<string, string>> = {
      enabled: 'true',
      db_type: 'psql',
      db_url: url,
      node: 'node-3',
      node_api: 'http://127.0.0.1:4',
    };
    const keys = listGroups()
      .filter(({ key }) => key === 'auto_batch')
      .flatMap(({ fields }) => fields.map(({ path }) => path[1] ?? ''));
    const numbers = new Map(
      keys.filter((key) => values[key] === undefined).map((key, index) => [key, index + 9]),
    );
    const environment = Object.fromEntries(
      keys.map((key) => [autoBatchVariableOf(key), values[key] ?? String(numbers.get(key))]),
    );
    const parsed = read(environment, { enabled: false, max_size: 50 });
    expect(parsed.ok && parsed.value.file.auto_batch).toEqual(
      Object.fromEntries(
        keys.map((key) => [key, key === 'enabled' ? true : (values[key] ?? numbers.get(key))]),
      ),
    );
    expect(groupOf({ AUTO_BATCH_SWITCH: 'false' }, { enabled: true, max_size: 50 })).toMatchObject({
      enabled: false,
      maxSize: 50,
    });
  });

  it.each([
    ['AUTO_BATCH_SWITCH', 'yes'],
    ['AUTO_BATCH_MAX_SIZE', '0'],
    ['AUTO_BATCH_MAX_SIZE', '1.5'],
    ['AUTO_BATCH_MAX_ATTEMPTS', 'many'],
    ['AUTO_BATCH_DB_TYPE', 'h2'],
  ])('refuses %s=%s where it stands', (variable, text) => {
    expect(groupOf({ [variable]: text })).toMatchObject([
      { file: `environment ${variable}`, code: 'CONFIG_VALUE_INVALID' },
    ]);
  });

  it('names all that is wrong at once, and the nearest key', () => {
    expect(groupOf({ AUTO_BATCH_MAX_SICE: '5', AUTO_BATCH_SWITCH: 'on' })).toMatchObject([
      { file: 'environment AUTO_BATCH_SWITCH', code: 'CONFIG_VALUE_INVALID' },
      {
        file: 'environment AUTO_BATCH_MAX_SICE',
        code: 'CONFIG_KEY_UNKNOWN',
        hint: 'did you mean `max_size`?',
      },
    ]);
  });

  it('wants the address of a server, a node that exists and a URL', () => {
    expect(groupOf({ AUTO_BATCH_DB_TYPE: 'psql' })).toMatchObject([
      { code: 'CONFIG_RULE_BROKEN', path: 'auto_batch.db_type', file: 'environment AUTO_BATCH_DB_TYPE' },
    ]);
    expect(groupOf({ AUTO_BATCH_DB_TYPE: 'psql' }, { db_url: url })).toMatchObject({ dbUrl: url });
    expect(groupOf({ AUTO_BATCH_SWITCH: 'true', AUTO_BATCH_NODE: 'node-9' })).toMatchObject([
      { code: 'CONFIG_RULE_BROKEN', path: 'auto_batch.node' },
    ]);
    expect(groupOf({ AUTO_BATCH_NODE_API: 'node-0' })).toMatchObject([
      { code: 'CONFIG_RULE_BROKEN', path: 'auto_batch.node_api' },
    ]);
  });

  it('is printed without the password', () => {
    const parsed = read({ AUTO_BATCH_DB_URL: url });
    const shown = parsed.ok ? JSON.stringify(withoutDatabasePassword(parsed.value.file.auto_batch)) : url;
    expect(shown).not.toContain('secret');
    expect(shown).toContain('127.0.0.1');
  });
});
