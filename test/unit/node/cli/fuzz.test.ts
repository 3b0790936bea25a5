import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CliIo } from '../../../../node/cli/io.ts';
import { runWorkerPool } from '../../../../node/cli/workerPool.ts';
import { type CommandOutcome, runCommand } from '../../../helpers/runCommand.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sidereal-fuzz-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const run = (args: readonly string[], overrides: Partial<CliIo> = {}): Promise<CommandOutcome> =>
  runCommand(args, { clock: () => performance.now(), ...overrides });

describe('sidereal fuzz', () => {
  it('speaks of one seed and one thread', async () => {
    const { out } = await run(['fuzz', '--seeds', '1', '--workers', '9', '--out', dir]);
    expect(out).toMatch(/^Fuzzing from seed 1: 1 seed on 1 thread\.\n1 seed with /);
  });

  it('runs seeds on threads and ends with a count', async () => {
    const { code, out } = await run(['fuzz', '--seeds', '3', '--from', '5', '--workers', '2', '--out', dir]);
    expect(code).toBe(0);
    expect(out).toMatch(/^Fuzzing from seed 5: 3 seeds on 2 threads\.\n/);
    expect(out).toMatch(/\n3 passed, 0 failed\n$/);
  });

  it('prints NDJSON and nothing else when asked', async () => {
    const { code, out } = await run(['fuzz', '--seeds', '2', '--validators', '3', '--json', '--out', dir]);
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    expect(code).toBe(0);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      type: 'fuzz_finished',
      seeds: 2,
      failed: 0,
      ok: true,
    });
  });

  it.each([true, false])(
    'counts what was done when interrupted, and exits with 130 (json: %s)',
    async (json) => {
      let interrupt = (): void => undefined;
      let seedsTold = 0;
      const args = ['fuzz', '--seeds', '1000000', '--workers', '2', '--from', '3', '--out', dir];
      const { code, out } = await run(json ? [...args, '--json'] : args, {
        onInterrupt: (listener) => {
          interrupt = listener;
          return () => undefined;
        },
        // Asked once a seed that is done, for the progress.
        clock: () => {
          seedsTold += 1;
          if (seedsTold === 4) interrupt();
          return 0;
        },
      });
      expect(code).toBe(130);
      if (json) {
        const last = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '');
        expect(last).toMatchObject({ type: 'fuzz_finished', interrupted: true, failed: 0, ok: false });
        expect(last.seeds).toBe(last.passed);
        expect(last.seeds).toBeGreaterThan(0);
      } else {
        expect(out).toMatch(
          /\ninterrupted: [12] seeds? given up; go on with --from [0-9]+\n[1-9][0-9]* passed, 0 failed\n$/,
        );
      }
    },
  );

  it('finds out before the first seed that nothing can be written', async () => {
    writeFileSync(join(dir, 'file'), '');
    const { code, out, err } = await run(['fuzz', '--seeds', '1', '--out', join(dir, 'file', 'below')]);
    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(/^--out .*file is not a folder \[OUT_DIR_UNWRITABLE\]\n$/);
    expect(existsSync(join(dir, 'never'))).toBe(false);
  });

  it.each([
    [['--seeds', '0']],
    [['--seeds', '5', '--time', '3s']],
    [['--time', 'soon']],
    [['--validators', '7-4']],
    [['--validators', '1']],
    [['--from', '-1']],
    [['--workers', 'all']],
  ])('refuses %j', async (args) => {
    const { code, err } = await run(['fuzz', ...args]);
    expect([code, err]).toEqual([2, expect.stringContaining('[CLI_USAGE]')]);
  });
});

/** A worker that doubles numbers, and does what some of them say instead. */
const workerText = `
import { parentPort } from 'node:worker_threads';
parentPort.on('message', (task) => {
  if (task === 'throw') throw new RangeError('thrown in the thread');
  if (task === 'exit') process.exit(7);
  if (task !== 'hang') parentPort.postMessage({ type: 'done', outcome: task * 2 });
});
`;

describe('runWorkerPool', () => {
  it('reports a task whose thread dies or hangs, and goes on with the others', async () => {
    const path = join(dir, 'worker.mjs');
    writeFileSync(path, workerText);
    const tasks = [1, 'throw', 2, 'exit', 3, 'hang', 4];
    const done: number[] = [];
    const lost: (readonly [unknown, string])[] = [];
    await runWorkerPool<number | string, number>({
      module: pathToFileURL(path),
      workerCount: 2,
      next: () => tasks.shift(),
      done: (outcome) => done.push(outcome),
      lost: (task, reason) => lost.push([task, reason]),
      silenceMsMax: 2000,
    });
    expect(done.sort()).toEqual([2, 4, 6, 8]);
    expect(new Map(lost)).toEqual(
      new Map([
        ['throw', expect.stringMatching(/RangeError: thrown in the thread\n\s+at /)],
        ['exit', 'the thread ended with code 7'],
        ['hang', 'no sign of life for 2 s'],
      ]),
    );
  });

  it('ends a thread that cannot even start', async () => {
    const tasks = [1];
    const lost: string[] = [];
    await runWorkerPool<number, number>({
      module: pathToFileURL(join(dir, 'nowhere.mjs')),
      workerCount: 1,
      next: () => tasks.shift(),
      done: () => expect.unreachable(),
      lost: (_, reason) => lost.push(reason),
      silenceMsMax: 20_000,
    });
    expect(lost).toEqual([expect.stringMatching(/nowhere\.mjs/)]);
  });
});
