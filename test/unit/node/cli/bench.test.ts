import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBatchSizes, readPoints, showBatchSizes } from '../../../../node/cli/bench/sweepOptions.ts';
import { type Results, resultsSchema } from '../../../../node/experiment/results.ts';
import { runCommand } from '../../../helpers/runCommand.ts';

let dir = '';
let scenario = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sidereal-bench-'));
  scenario = join(dir, 'small.yaml');
  writeFileSync(
    scenario,
    'name: small sweep\nduration: 2m\nworkload: { uniform: { transactions_per_block: 2 } }\n',
  );
});
afterAll(() => rmSync(dir, { recursive: true }));

const small = ['--batch-sizes', '1,3', '--seeds', '3'];
const bench = (out: string, ...more: readonly string[]): readonly string[] => [
  'bench',
  scenario,
  ...(more.includes('--batch-sizes') ? [] : small),
  '--workers',
  '1',
  '--out',
  join(dir, out),
  ...more,
];

function read(out: string, file: string): string {
  return readFileSync(join(dir, out, file), 'utf8');
}

function resultsOf(out: string): Results {
  return resultsSchema.parse(JSON.parse(read(out, 'results.json')));
}

describe('sidereal bench', () => {
  it('sweeps, recommends, and writes what it found', async () => {
    const { code, out } = await runCommand(bench('whole'));
    expect(code).toBe(0);
    expect(out).toMatch(
      /^Sweeping "small sweep": 2 points by 3 seeds, 6 runs of 2 min of virtual time, on\n1 thread\.\n/,
    );
    expect(out).toMatch(/\nRecommended: N = [13]\n/);
    expect(out.split('\n').every((line) => line.length <= 80 || line.includes(dir))).toBe(true);
    const results = resultsOf('whole');
    expect(results.rows.map(({ batch_size }) => batch_size)).toEqual([1, 3]);
    expect(results.runs).toHaveLength(6);
    expect(results.recommended?.why).toMatch(/N = [13]/);
    const [one, three] = results.rows;
    expect(one?.latency_ms.p99).toBeLessThan(three?.latency_ms.p99 ?? 0);
    expect(Number(one?.fee_per_block.mean)).toBeGreaterThan(Number(three?.fee_per_block.mean));
    expect(one?.series?.exposure_usd.length).toBe(120);
    const [head, ...lines] = read('whole', 'results.csv').trimEnd().split('\n');
    expect(head).toMatch(/^batch_size,runs,blocks,/);
    expect(lines.map((line) => line.split(',')[0])).toEqual(['1', '3']);
    expect(lines.every((line) => line.split(',').length === head?.split(',').length)).toBe(true);
  });

  it('gives the same bytes whatever the number of threads, and when it takes finished runs over', async () => {
    await runCommand(bench('two', '--workers', '2'));
    expect(read('two', 'results.json')).toBe(read('whole', 'results.json'));
    expect(read('two', 'results.csv')).toBe(read('whole', 'results.csv'));
    expect(read('two', 'report.html')).toBe(read('whole', 'report.html'));
    const cells = read('two', 'cells.ndjson').split('\n');
    writeFileSync(join(dir, 'two', 'cells.ndjson'), `${cells[1]}\n${cells[4]}\n${cells[2]?.slice(0, 99)}`);
    rmSync(join(dir, 'two', 'results.json'));
    rmSync(join(dir, 'two', 'report.html'));
    const { out } = await runCommand(bench('two'));
    expect(out).toMatch(/\n2 of them are in .*two already\.\n/);
    expect(out).toMatch(/\nReport: .*two\/report\.html\n/);
    expect(read('two', 'results.json')).toBe(read('whole', 'results.json'));
    expect(read('two', 'report.html')).toBe(read('whole', 'report.html'));
  });

  it('runs nothing again that is there, and judges it by new limits', async () => {
    const before = read('whole', 'cells.ndjson');
    const { code, out } = await runCommand(bench('whole', '--max-latency-p99', '1h', '--json'));
    expect(code).toBe(0);
    expect(read('whole', 'cells.ndjson')).toBe(before);
    const results = resultsSchema.parse(JSON.parse(out));
    expect(results.recommended).toMatchObject({ batch_size: 3, by: 'limits' });
    expect(results.recommended?.limits).toMatchObject([
      { limit: 'latency_p99_ms', allowed: 3_600_000, met: true },
    ]);
    expect(out).toBe(read('whole', 'results.json'));
  });

  it('fails with the nearest miss when no point keeps the limits', async () => {
    const { code, out } = await runCommand(
      bench('whole', '--max-latency-p99', '10ms', '--max-exposure', 'UM=1'),
    );
    expect(code).toBe(1);
    expect(out).toMatch(
      /No batch size keeps the limits\. N = 1 comes nearest: p99 latency\s+is [\d.]+ s where\s+10 ms is\s+allowed/,
    );
    const results = resultsOf('whole');
    expect(results.recommended).toBeNull();
    expect(results.nearest_miss).toMatchObject({ batch_size: 1 });
    expect(results.nearest_miss?.limits.map(({ limit, met }) => [limit, met])).toEqual([
      ['latency_p99_ms', false],
      ['exposure.UM', false],
    ]);
  });

  it('names a command that repeats a run with the same trace', async () => {
    const { out } = await runCommand(bench('whole'));
    const line = /One of its runs again: npx sidereal (.*)\n/.exec(out)?.[1] ?? '';
    const { code, out: report } = await runCommand([...line.split(' '), '--json']);
    expect(code).toBe(0);
    const { trace_hash: hash, seed } = JSON.parse(report) as { trace_hash: string; seed: number };
    const { runs, recommended } = resultsOf('whole');
    const same = runs.find((each) => each.point === recommended?.point && each.seed === seed);
    expect(hash).toBe(same?.trace_hash);
  });

  it('sweeps other keys beside the batch size, over a duration of its own', async () => {
    const sweep = ['--batch-sizes', '2', '--sweep', 'validators={ count: 4 },{ count: 5, stake: 10 }'];
    const { code } = await runCommand([...bench('keys', ...sweep), '--seeds', '1', '--duration', '30s']);
    expect(code).toBe(0);
    const results = resultsOf('keys');
    expect(results.duration_ms).toBe(30_000);
    expect(results.rows.map(({ settings }) => settings)).toEqual([
      { 'settlement.batch_size': '2', validators: '{ count: 4 }' },
      { 'settlement.batch_size': '2', validators: '{ count: 5, stake: 10 }' },
    ]);
    expect(results.rerun).toMatch(
      /--duration 30000ms --set settlement\.batch_size=BATCH_SIZE --set validators=VALIDATORS/,
    );
    expect(results.rows[0]?.latency_ms.ci95.p99).toBeNull();
  });

  it('keeps what is finished when it is interrupted', async () => {
    let interrupt = (): void => undefined;
    const many = ['--batch-sizes', '1-4', '--seeds', '5'];
    const file = join(dir, 'stopped', 'cells.ndjson');
    const watch = setInterval(() => {
      if (existsSync(file)) interrupt();
    }, 5);
    const stopped = await runCommand(bench('stopped', ...many), {
      onInterrupt: (listener) => {
        interrupt = listener;
        return () => undefined;
      },
    });
    clearInterval(watch);
    expect(stopped.code).toBe(130);
    expect(stopped.err).toMatch(
      /^interrupted: \d+ of 20 runs are kept in .*; the same command goes on from there\n$/,
    );
    expect(readdirSync(join(dir, 'stopped')).sort()).toEqual(['cells.ndjson', 'experiment.json']);
    expect((await runCommand(bench('stopped', ...many))).code).toBe(0);
    await runCommand(bench('undisturbed', ...many));
    expect(read('stopped', 'results.json')).toBe(read('undisturbed', 'results.json'));
  });

  it('fails when a run breaks a law, and says which', async () => {
    const unsafe = join(dir, 'unsafe.yaml');
    writeFileSync(
      unsafe,
      'duration: 60s\nallow_unsafe: true\nworkload: { uniform: { transactions_per_block: 3 } }\ntimeline:\n' +
        '  - { at: { time: 1s }, equivocate: { node: node-0 } }\n  - { at: { time: 1s }, equivocate: { node: node-1 } }\n',
    );
    const { code, out } = await runCommand([
      'bench',
      unsafe,
      '--batch-sizes',
      '2',
      '--seeds',
      '4',
      '--out',
      join(dir, 'unsafe'),
    ]);
    const broken = resultsOf('unsafe').runs.filter(({ problems }) => problems !== undefined);
    expect(broken.length).toBeGreaterThan(0);
    expect(broken[0]?.problems?.join()).toMatch(/agreement/);
    expect(code).toBe(1);
    expect(out).toMatch(
      /\d runs? broke a law or went wrong, so nothing here can be relied on:\n {2}N = 2, seed \d: /,
    );
  });
});

describe('what sidereal bench refuses', () => {
  it.each([
    [['--batch-sizes', ''], /--batch-sizes: expected sizes such as 1-20 or 1,5,10, got ``/],
    [['--batch-sizes', '0'], /expected sizes from 1 on, got 0: a batch holds at least one block/],
    [['--batch-sizes', '0-5'], /expected sizes from 1 on, got 0/],
    [['--batch-sizes', '9-3'], /expected a range from low to high, got 9-3/],
    [['--batch-sizes', '1-5000'], /expected at most 1000 sizes/],
    [['--batch-sizes', '500'], /--batch-sizes 500: settlement\.batch_size/],
    [['--sweep', 'settlement.tip'], /--sweep: expected key=a,b,c/],
    [['--sweep', 'settlement.tip=1,,2'], /--sweep: expected key=a,b,c/],
    [['--sweep', 'settlement.typ=1'], /--sweep settlement\.typ=1: settlement\.typ: .*tip/],
    [['--sweep', 'settlement.tip=1,2', '--sweep', 'settlement.tip=3'], /names settlement\.tip twice/],
    [['--sweep', 'settlement.batch_size=1', '--batch-sizes', '2'], /got both/],
    [['--set', 'settlement.batch_size=4'], /--batch-sizes gives this key its values/],
    [['--seeds', '0'], /Expected an integer >= 1/],
    [['--max-exposure', 'USDC'], /--max-exposure: expected ASSET=amount/],
    [['--max-exposure', 'GOLD=5'], /there is no asset `GOLD`; known: UM, .*\[EXPERIMENT_LIMIT_UNKNOWN\]/],
    [['--max-latency-p99', 'soon'], /Expected a duration/],
    [['--max-fee-per-block', '-1'], /Expected whole smallest units/],
    [['--queue', 'http://127.0.0.1'], /--queue: expected redis:.*, got http:… \[QUEUE_ADDRESS_INVALID\]/],
    [['--queue', 'redis://127.0.0.1/first'], /expected the number of a database.*\[QUEUE_ADDRESS_INVALID\]/],
    [
      ['--queue', 'redis://h?namespace=Big'],
      /namespace: expected up to 40 lower-case.*\[QUEUE_ADDRESS_INVALID\]/,
    ],
    [['--workers', '0'], /--workers 0 needs --queue.*\[CLI_USAGE\]/],
    [['--duration', '1ms'], /has no block.*\[EXPERIMENT_EMPTY\]/],
  ])('%j', async (args, message) => {
    const { code, out, err } = await runCommand(['bench', scenario, '--out', join(dir, 'refused'), ...args]);
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(existsSync(join(dir, 'refused'))).toBe(false);
  });

  it('a folder of another experiment, and overwrites nothing', async () => {
    const before = read('keys', 'results.json');
    const { code, err } = await runCommand(bench('keys'));
    expect({ code, err }).toEqual({
      code: 2,
      err: expect.stringMatching(
        /holds another experiment: .*choose another folder or empty this one \[OUT_DIR_TAKEN\]/,
      ),
    });
    expect(read('keys', 'results.json')).toBe(before);
  });

  it('a scenario that is not there', async () => {
    const { code, err } = await runCommand(['bench', join(dir, 'absent.yaml')]);
    expect(code).toBe(2);
    expect(err).toMatch(/no such file/);
  });
});

describe('readBatchSizes', () => {
  it('takes ranges and lists, each size once', () => {
    expect(readBatchSizes('1-3,10, 2')).toEqual([1, 2, 3, 10]);
  });
});

describe('showBatchSizes', () => {
  it('is read as the same sizes', () => {
    expect(showBatchSizes([1, 2, 3, 4, 10, 12, 13, 15, 16, 17])).toBe('1-4,10,12,13,15-17');
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 60 }),
        (sizes) => {
          expect(readBatchSizes(showBatchSizes(sizes))).toEqual([...sizes].sort((one, other) => one - other));
        },
      ),
    );
  });
});

describe('readPoints', () => {
  it('combines batch sizes with everything else that is swept', () => {
    const points = readPoints({ batchSizes: '1,2', sweep: ['settlement.tip=5,6', 'chain.id="a,b"'] });
    expect(points.map((point) => point.map(({ value }) => value))).toEqual([
      ['1', '5', '"a,b"'],
      ['1', '6', '"a,b"'],
      ['2', '5', '"a,b"'],
      ['2', '6', '"a,b"'],
    ]);
    expect(readPoints({})).toHaveLength(20);
    expect(readPoints({ sweep: ['settlement.batch_size=4,2'] })).toEqual([
      [{ key: 'settlement.batch_size', value: '2' }],
      [{ key: 'settlement.batch_size', value: '4' }],
    ]);
  });
});
