import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../node/config/parseConfig.ts';
import { InputService } from '../../../../node/devnet/inputService.ts';
import { createGenesis } from '../../../../node/scenario/genesis.ts';
import { scenarioOf } from '../../../helpers/coreNetwork.ts';

const folder = mkdtempSync(join(tmpdir(), 'sidereal-service-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { genesis } = createGenesis(scenarioOf('duration: 10s'));

function optionsOf(batcher: object, self = 0, path = join(folder, 'node')) {
  const parsed = parseConfig({ batcher, storage: { path } });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { config: parsed.value.config, genesis, self };
}

describe('InputService', () => {
  it('is not there when the configuration has it off', async () => {
    expect(await InputService.open(optionsOf({ enabled: false }))).toBeUndefined();
  });

  it('does not start on a storage that another process holds, and lets go of its own when it stops', async () => {
    const first = await InputService.open(optionsOf({}));
    await expect(InputService.open(optionsOf({}))).rejects.toMatchObject({
      code: 'INPUT_STORAGE_LOCKED',
      message: expect.stringMatching(/^batcher\.storage: .*choose another folder/),
    });
    await first?.stop();
    await (await InputService.open(optionsOf({})))?.stop();
  });

  it('keeps nodes that are told the same path apart', async () => {
    const storage = { path: join(folder, 'shared') };
    const services = [0, 1].map((self) => InputService.open(optionsOf({ storage }, self)));
    for (const service of await Promise.all(services)) await service?.stop();
  });

  it('names the server that does not answer, without its password', async () => {
    const url = 'redis://me:hidden@127.0.0.1:1';
    const storage = { type: 'redis', url, timeout_ms: 300 };
    const error: Error = await InputService.open(optionsOf({ storage })).then(
      () => new Error('it opened'),
      (cause: Error) => cause,
    );
    expect(error).toMatchObject({ code: 'INPUT_STORAGE_UNREACHABLE' });
    expect(error.message).toContain('127.0.0.1:1');
    expect(JSON.stringify([error.message, (error as { readonly details?: unknown }).details])).not.toContain(
      'hidden',
    );
  });

  it('loads criteria before it opens anything', async () => {
    const path = join(folder, 'untouched');
    const module = join(folder, 'ready.mjs#isReady');
    writeFileSync(join(folder, 'ready.mjs'), 'export const other = 1;');
    const batching_criteria = { sidechain: { criteria_type: 'custom', module } };
    const options = optionsOf({ batching_criteria }, 0, path);
    await expect(InputService.open(options)).rejects.toMatchObject({ code: 'CRITERIA_EXPORT_UNKNOWN' });
    await (await InputService.open(optionsOf({}, 0, path)))?.stop();
  });
});
