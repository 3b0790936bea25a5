import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isQueueDue } from '../../../../../node/batcher/criteria/criteria.ts';
import { loadCriteria } from '../../../../../node/batcher/criteria/loadCriteria.ts';

const folder = mkdtempSync(join(tmpdir(), 'sidereal-criteria-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(
  join(folder, 'ready.mjs'),
  'export const isReady = (inputs) => inputs.length >= 2; export const worth = () => 5n; export const three = 3;',
);
writeFileSync(join(folder, 'bad.mjs'), 'throw new Error("it rains");');

const custom = (module: string) =>
  loadCriteria<string>(['sidechain'], {
    sidechain: { criteriaType: 'custom', module: join(folder, module) },
  });

describe('loadCriteria', () => {
  it('asks the function that a module exports', async () => {
    const { sidechain } = await custom('ready.mjs#isReady');
    if (sidechain === undefined) throw new Error('no criteria');
    const due = (inputs: readonly string[]) =>
      isQueueDue(sidechain, { count: inputs.length, oldestAgeMs: 0, value: 0n }, () => inputs);
    expect([await due(['a']), await due(['a', 'b'])]).toEqual([false, true]);
  });

  it('takes what an input is worth from a module', async () => {
    const { sidechain } = await loadCriteria<string>(['sidechain'], {
      sidechain: { criteriaType: 'value', targetValue: 9n, module: join(folder, 'ready.mjs#worth') },
    });
    if (sidechain?.criteriaType !== 'value') throw new Error('no value criteria');
    expect([sidechain.targetValue, sidechain.valueAccumulatorFn?.('a')]).toEqual([9n, 5n]);
  });

  it('gives a target that names none a second or 500 inputs', async () => {
    expect(await loadCriteria(['sidechain'], {})).toEqual({
      sidechain: { criteriaType: 'hybrid', timeWindowMs: 1000, maxBatchSize: 500 },
    });
  });

  it.each([
    ['gone.mjs#isReady', 'CRITERIA_MODULE_UNREADABLE', 'there is no file'],
    ['bad.mjs#isReady', 'CRITERIA_MODULE_UNREADABLE', 'it rains'],
    ['ready.mjs#isRedy', 'CRITERIA_EXPORT_UNKNOWN', 'exports isReady, three, worth, and no isRedy'],
    ['ready.mjs#three', 'CRITERIA_EXPORT_INVALID', 'got number'],
  ])('refuses %s with %s', async (module, code, words) => {
    await expect(custom(module)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  });
});
