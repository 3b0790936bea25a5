import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { signInputWithKey } from '../../node/batcher/input/inputSignature.ts';
import { startBatcher } from '../../node/batcher/pipeline/startBatcher.ts';
import { openInputStorage } from '../../node/batcher/storage/openInputStorage.ts';
import { Folders } from '../helpers/folders.ts';
import { createLineAdapter } from '../helpers/lineAdapter.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const folders = new Folders();
afterAll(() => folders.remove());

it('docs/input-pipeline.md shows the adapter that is tested here', () => {
  const code = read('test/helpers/lineAdapter.ts').replace(/'\.\.\/\.\.\/(node\/.*)\.ts'/g, "'sidereal/$1'");
  expect(read('docs/input-pipeline.md')).toContain(`\`\`\`ts\n${code}\`\`\`\n`);
});

it('an adapter of one file carries signed inputs through the library, also over a restart', async () => {
  const path = folders.next();
  const directory = folders.next();
  const start = async () =>
    startBatcher(
      {
        adapters: { lines: createLineAdapter(path) },
        defaultTarget: 'lines',
        batchingCriteria: { lines: { criteriaType: 'size', maxBatchSize: 2 } },
        pollingIntervalMs: 5,
      },
      { storage: await openInputStorage({ type: 'level', directory }) },
    );
  const key = new Uint8Array(32).fill(7);
  const sign = (input: string) => ({
    data: signInputWithKey({ input, target: undefined, timestamp: `${Date.now()}` }, key),
  });
  const first = await start();
  await expect(first.send({ ...sign('move|1'), confirmationLevel: 'no-wait' }, 'me')).resolves.toMatchObject({
    ok: true,
    value: { level: 'no-wait' },
  });
  await first.stop();
  const second = await start();
  await expect(second.send(sign('move|2'), 'me')).resolves.toMatchObject({
    ok: true,
    value: { level: 'wait-receipt', isTimedOut: false },
  });
  await second.stop();
  expect(readFileSync(path, 'utf8')).toMatch(/^0x[0-9a-f]{64} \["move\|1","move\|2"\]\n$/);
});
