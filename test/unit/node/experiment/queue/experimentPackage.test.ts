import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Plan, planSweep } from '../../../../../node/experiment/plan.ts';
import { openBullQueue } from '../../../../../node/experiment/queue/bullQueue.ts';
import { queueTimings } from '../../../../../node/experiment/queue/cellQueue.ts';
import {
  PACKAGE_BYTES_MAX,
  packExperiment,
  unpackExperiment,
} from '../../../../../node/experiment/queue/experimentPackage.ts';
import { parseQueueAddress } from '../../../../../node/experiment/queue/queueAddress.ts';

const text = 'name: packed\nduration: 5m\nworkload: { uniform: { transactions_per_block: 3 } }\n';

function planOf(firstSeed = 1): Plan {
  const planned = planSweep({
    text,
    file: 'packed.yaml',
    points: [[{ key: 'settlement.batch_size', value: '4' }]],
    firstSeed,
    seedCount: 2,
    durationMs: undefined,
    below: [],
    above: [],
    isPhaseFixed: false,
    version: '1.0.0',
  });
  if (!planned.ok) throw new Error('the plan has problems');
  return planned.value;
}

const damaged = expect.objectContaining({ code: 'EXPERIMENT_PACKAGE_DAMAGED' });

describe('the package of an experiment', () => {
  it('holds the same cells', () => {
    const plan = planOf();
    const unpacked = unpackExperiment(packExperiment(plan, new Map()), plan.hash);
    expect(unpacked.task(1)).toEqual(plan.task(1));
  });

  it('is refused as damaged when it is none, was changed, or is that of another experiment', () => {
    const plan = planOf();
    const bytes = packExperiment(plan, new Map());
    const cut = bytes.subarray(0, bytes.length - 9);
    const other = packExperiment(planOf(7), new Map());
    for (const wrong of [new Uint8Array(), cut, gzipSync('{}'), gzipSync('no JSON'), other])
      expect(() => unpackExperiment(wrong, plan.hash)).toThrow(damaged);
  });

  it('is refused with its size, and what to do, when it is larger than a queue takes', () => {
    const files = new Map([['trace.csv', '7'.repeat(PACKAGE_BYTES_MAX)]]);
    expect(() => packExperiment(planOf(), files)).toThrow(
      expect.objectContaining({
        code: 'EXPERIMENT_TOO_LARGE',
        message: expect.stringMatching(/at most 134217728 bytes .* got 134\d+: run it without --queue/),
      }),
    );
  });
});

describe('a queue', () => {
  it('whose packages are not installed is refused with the command that installs them', async () => {
    const cause = new Error("Cannot find package 'bullmq'");
    const opening = openBullQueue({
      address: parseQueueAddress('redis://127.0.0.1:6379'),
      build: 'build',
      timings: queueTimings,
      load: () => Promise.reject(cause),
    });
    await expect(opening).rejects.toMatchObject({
      code: 'QUEUE_DRIVER_MISSING',
      message: expect.stringContaining('npm install bullmq ioredis pg'),
      cause,
    });
  });
});
