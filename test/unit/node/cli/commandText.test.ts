import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  environmentPrefix,
  portablePath,
  quoted,
  sourceArguments,
} from '../../../../node/cli/commandText.ts';
import { parseConfig } from '../../../../node/config/parseConfig.ts';
import { reportedConfigOf } from '../../../../node/config/reportedConfig.ts';

describe('commands as text', () => {
  it('quote what a shell would take apart', () => {
    expect(quoted('a.b=[1, 2]')).toBe("'a.b=[1, 2]'");
    expect(quoted("it's")).toBe("'it'\\''s'");
    expect(quoted('scripts/scenarios/x.yaml')).toBe('scripts/scenarios/x.yaml');
  });

  it('name no folder of this machine', () => {
    expect(portablePath(join(process.cwd(), 'flows', 'x.yaml'))).toBe('flows/x.yaml');
    expect(portablePath('/somewhere/else/x.yaml')).toBe('x.yaml');
    expect(portablePath('../x.yaml')).toBe('../x.yaml');
    expect(
      sourceArguments({ config: ['/etc/a b.yaml'], set: ['batcher.storage.url=secret', 'x.y=1'] }),
    ).toEqual(["--config 'a b.yaml'", '--set x.y=1']);
  });

  it('tell of a configuration what a run reads of it', () => {
    const parsed = parseConfig({
      batcher: { namespace: 'mine', storage: { type: 'redis', url: 'redis://secret' } },
      api: { admin_token: 'secret' },
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const reported = reportedConfigOf(parsed.value.config);
    expect(reported.batcher).toEqual({ namespace: 'mine' });
    expect(JSON.stringify(reported)).not.toContain('secret');
  });

  it('repeat the variables that set what a run reads, and none that holds a secret or belongs to others', () => {
    const environment = {
      SIDEREAL_SETTLEMENT__BATCH_SIZE: '7',
      SIDEREAL_CHAIN__ID: 'my chain',
      SIDEREAL_API__ADMIN_TOKEN: 'secret',
      SIDEREAL_BATCHER__STORAGE: '{ url: secret }',
      SIDEREAL_BATCHER__NAMESPACE: 'mine',
      SIDEREAL_TEST_SEED: '3',
      HOME: '/root',
    };
    expect(environmentPrefix(environment)).toBe(
      "SIDEREAL_BATCHER__NAMESPACE=mine SIDEREAL_CHAIN__ID='my chain' SIDEREAL_SETTLEMENT__BATCH_SIZE=7 ",
    );
  });
});
