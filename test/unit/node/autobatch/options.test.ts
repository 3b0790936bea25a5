import { describe, expect, it } from 'vitest';
import { listAutoBatchKeys, readAutoBatchOptions } from '../../../../node/autobatch/options.ts';
import { configSchema } from '../../../../node/config/schema.ts';

const group = configSchema.parse({}).auto_batch;
const defaults = {
  isEnabled: false,
  maxSize: 100,
  maxAttempts: 5,
  node: 'node-0',
  databaseUrl: undefined,
  batchIntervalMs: 1000,
  monitorIntervalMs: 1000,
  retryIntervalMs: 5000,
  recoveryIntervalMs: 1000,
};

function problemsOf(environment: Readonly<Record<string, string>>, changed = {}) {
  const read = readAutoBatchOptions({ ...group, ...changed }, environment);
  return read.ok ? [] : read.problems;
}

describe('readAutoBatchOptions', () => {
  it('is off and in memory where nothing is set', () => {
    expect(readAutoBatchOptions(group, { PATH: '/bin' })).toEqual({ ok: true, value: defaults });
  });

  it('takes every key from the environment, over what the file says', () => {
    const environment = {
      AUTO_BATCH_SWITCH: 'true',
      AUTO_BATCH_MAX_SIZE: '7',
      AUTO_BATCH_MAX_ATTEMPTS: '2',
      AUTO_BATCH_NODE: 'node-3',
      AUTO_BATCH_DB_TYPE: 'psql',
      AUTO_BATCH_DB_URL: 'postgres://127.0.0.1/orders',
      AUTO_BATCH_BATCH_INTERVAL_MS: '11',
      AUTO_BATCH_MONITOR_INTERVAL_MS: '12',
      AUTO_BATCH_RETRY_INTERVAL_MS: '13',
      AUTO_BATCH_RECOVERY_INTERVAL_MS: '14',
    };
    const variables = listAutoBatchKeys().map(({ variable }) => variable);
    expect(variables.sort()).toEqual(Object.keys(environment).sort());
    const read = readAutoBatchOptions({ ...group, enabled: false, max_size: 50 }, environment);
    expect(read).toEqual({
      ok: true,
      value: {
        isEnabled: true,
        maxSize: 7,
        maxAttempts: 2,
        node: 'node-3',
        databaseUrl: 'postgres://127.0.0.1/orders',
        batchIntervalMs: 11,
        monitorIntervalMs: 12,
        retryIntervalMs: 13,
        recoveryIntervalMs: 14,
      },
    });
    const off = readAutoBatchOptions(
      { ...group, enabled: true, max_size: 50 },
      { AUTO_BATCH_SWITCH: 'false' },
    );
    expect(off).toEqual({ ok: true, value: { ...defaults, maxSize: 50 } });
  });

  it.each([
    ['AUTO_BATCH_SWITCH', 'yes'],
    ['AUTO_BATCH_MAX_SIZE', '0'],
    ['AUTO_BATCH_MAX_SIZE', '1e3'],
    ['AUTO_BATCH_MAX_ATTEMPTS', ''],
    ['AUTO_BATCH_DB_TYPE', 'h2'],
  ])('refuses %s=%s where it stands', (variable, text) => {
    expect(problemsOf({ [variable]: text })).toMatchObject([
      { file: `environment ${variable}`, code: 'CONFIG_VALUE_INVALID' },
    ]);
  });

  it('names all that is wrong at once, and the nearest variable', () => {
    expect(problemsOf({ AUTO_BATCH_MAX_SICE: '5', AUTO_BATCH_SWITCH: 'on' })).toMatchObject([
      { code: 'CONFIG_KEY_UNKNOWN', hint: 'did you mean `AUTO_BATCH_MAX_SIZE`?' },
      { code: 'CONFIG_VALUE_INVALID' },
    ]);
  });

  it('wants the address of a server', () => {
    expect(problemsOf({ AUTO_BATCH_DB_TYPE: 'psql' })).toMatchObject([
      { code: 'CONFIG_RULE_BROKEN', path: 'auto_batch.db_url' },
    ]);
    expect(problemsOf({ AUTO_BATCH_DB_TYPE: 'psql' }, { db_url: 'postgres://127.0.0.1/a' })).toEqual([]);
  });
});
