/** report.html of sweeps and of runs, as the command line writes it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Settings } from '../../../../node/experiment/plan.ts';
import { PAGE_BYTES_MAX } from '../../../../node/page/document.ts';
import { htmlFacts } from '../../../helpers/htmlFacts.ts';
import { runCommand } from '../../../helpers/runCommand.ts';
import { sweepPageOf } from '../../../helpers/sweepPage.ts';

const NASTY = `"><script>alert('x')</script><img src=x onerror=y>&amp;`;
const allowedTags = [
  'a b body br caption circle clippath code dd defs details div dl dt ellipse figcaption figure footer g h1 h2 h3 head',
  'header html li line main meta nav p path polygon polyline pre rect section small span strong style summary svg table',
  'tbody td text th thead title tr tspan ul',
].flatMap((line) => line.split(' '));

const traffic = 'workload: { uniform: { transactions_per_block: 2 } }\n';
const plain = `name: plain sweep\nduration: 2m\n${traffic}`;
const nasty = `# </code></pre><script>alert(1)</script>\nname: ${JSON.stringify(NASTY)}\nduration: 30s\n${traffic}`;

const sizesOf = (...sizes: readonly string[]): Settings[] =>
  sizes.map((value) => [{ key: 'settlement.batch_size', value }]);

let dir = '';
const at = (...names: readonly string[]): string => join(dir, ...names);
const read = (...names: readonly string[]): string => readFileSync(at(...names), 'utf8');

const run = async (...args: readonly string[]): Promise<number> => (await runCommand(args)).code;
const bench = (file: string, out: string, ...more: readonly string[]): Promise<number> =>
  run('bench', at(file), '--seeds', '2', '--workers', '1', '--out', at(out), ...more);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sidereal-page-'));
  writeFileSync(at('plain.yaml'), plain);
  writeFileSync(at('nasty.yaml'), nasty);
  writeFileSync(
    at('faulty.yaml'),
    `name: faulty\nseed: 7\nduration: 120s\n${traffic}timeline:\n  - { at: { block: 1 }, withhold_settlement: { node: node-0 } }\n` +
      'expect:\n  - { never: { slashed: anybody } }\n',
  );
  await bench('plain.yaml', 'sweep', '--batch-sizes', '1-4');
  await run('run', at('faulty.yaml'), '--record', 'none', '--out', at('run'));
}, 120_000);
afterAll(() => rmSync(dir, { recursive: true }));

/** What holds of every page. */
function expectSound(text: string): void {
  const { tags, attributes, ids, links } = htmlFacts(text);
  expect([...tags].filter((tag) => !allowedTags.includes(tag))).toEqual([]);
  expect([...attributes].filter((name) => /^on|^src|^srcset|^action/.test(name))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(links.length).toBeGreaterThan(3);
  for (const link of links) expect(ids).toContain(link.replace(/^#/, ''));
  expect(text).not.toMatch(/url\((?!#)|@import/);
  expect(text).not.toContain(dir);
  expect(Buffer.byteLength(text)).toBeLessThan(PAGE_BYTES_MAX);
  for (const [, id = ''] of text.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
  for (const figure of text.match(/<figure [\s\S]*?<\/figure>/g) ?? []) {
    expect(figure).toMatch(/role="img" aria-label="[^"]{20,}"/);
    expect(figure).toMatch(/<figcaption>.{20,}/);
    expect(figure).toMatch(/<details>[\s\S]*<table>/);
    expect(figure.match(/<svg viewBox="0 0 \d+ \d+" aria-hidden="true"/g)).toHaveLength(2);
  }
}

describe('report.html of a sweep', () => {
  it('recommends in words, with interval, runner-up and how sure it is', () => {
    const text = read('sweep', 'report.html');
    const { recommended } = JSON.parse(read('sweep', 'results.json')) as {
      recommended: { batch_size: number; why: string; runner_up: { why: string } };
    };
    expect(text).toContain(`Take N = ${recommended.batch_size}`);
    expect(text).toContain(recommended.why);
    expect(text).toContain(recommended.runner_up.why);
    expect(text).toContain('The 2 seeds are drawn anew 2000 times');
  });

  it('has every plot, beside its figures', () => {
    const text = read('sweep', 'report.html');
    expectSound(text);
    for (const id of [
      'latency',
      'fee',
      'exposure',
      'front',
      'latency-distribution',
      'exposure-over-time',
      'settlement-chain',
      'space-time',
    ])
      expect(text).toContain(`<figure id="${id}"`);
    expect(text).toContain('closed form, N = ');
    expect(text).toMatch(/<th scope="col">p99, closed form<\/th>/);
    expect(text).toContain('All points, 2 seeds each');
  });

  it('says how to write it again: command, version, seeds, configuration, scenario, every trace hash', () => {
    const text = read('sweep', 'report.html');
    expect(text).toContain('npx sidereal bench plain.yaml --batch-sizes 1-4 --seeds 2');
    expect(text).toContain('<dt>Seeds</dt><dd>1 to 2</dd>');
    expect(text).toContain('npx sidereal run plain.yaml --seed SEED --set settlement.batch_size=BATCH_SIZE');
    expect(text).toContain('transactions_per_block: 2');
    expect(text).toMatch(/phase_ms: \d+/);
    const { runs } = JSON.parse(read('sweep', 'results.json')) as { runs: { trace_hash: string }[] };
    for (const { trace_hash: hash } of runs) expect(text).toContain(hash);
  });

  it('names the nearest miss where no point keeps the limits', async () => {
    const limits = ['--max-latency-p99', '10ms', '--max-fee-per-block', '5', '--max-exposure', 'UM=1'];
    expect(await bench('plain.yaml', 'sweep', '--batch-sizes', '1-4', ...limits)).toBe(1);
    const text = read('sweep', 'report.html');
    expectSound(text);
    expect(text).toContain('No point keeps the limits');
    expect(text).toMatch(/N = \d comes nearest: /);
    expect(text.match(/✕ missed/g)?.length).toBeGreaterThan(1);
    expect(text).toContain(
      '--batch-sizes 1-4 --seeds 2 --max-latency-p99 10ms --max-fee-per-block 5 --max-exposure UM=1',
    );
  });

  it('draws what is swept besides N, and other keys alone, each under its name', () => {
    const points = (sizes: readonly string[]): Settings[] =>
      sizes.flatMap((size) =>
        ['1', '1000000000'].map((tip) => [
          { key: 'settlement.batch_size', value: size },
          { key: 'settlement.tip', value: tip },
        ]),
      );
    const both = sweepPageOf(plain, points(['2', '4']), 2);
    expectSound(both);
    expect(both).toContain('p99, tip = 1000000000');
    const alone = sweepPageOf(plain, points(['3']), 2);
    expectSound(alone);
    expect(alone).toMatch(/<text [^>]*>1000000000<\/text>/);
  });

  it('says so where there is no interval, since there is one seed', () => {
    const text = sweepPageOf(plain, sizesOf('2', '3'), 1);
    expectSound(text);
    expect(text).toContain('One seed, so there are no intervals.');
    expect(text).not.toContain('drawn anew 2000 times');
  });

  it('shows texts of the user as text', () => {
    const text = sweepPageOf(nasty, sizesOf('1', '2'), 1);
    expectSound(text);
    expect(text).toContain('Choosing N: &quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;');
    expect(text).toContain('# &lt;/code&gt;&lt;/pre&gt;&lt;script&gt;');
  });

  it('is there where nothing was settled at all', () => {
    const text = sweepPageOf('name: idle\nduration: 20s\n', sizesOf('2'), 1);
    expectSound(text);
    expect(text).toContain('Nothing was settled at any point.');
  });
});

describe('report.html of a run', () => {
  it('says what failed, who was slashed and whether rightly, and lists every batch', () => {
    const text = read('run', 'report.html');
    expectSound(text);
    expect(text).toMatch(/class="answer failed">Failed</);
    expect(text).toContain('never anybody is slashed');
    expect(text).toContain('withhold_settlement { node: node-0 }');
    expect(text).toContain('✓ just');
    const { batches } = JSON.parse(read('run', 'result.json')) as {
      batches: { from_height: number; to_height: number }[];
    };
    for (const { from_height: from, to_height: to } of batches) expect(text).toContain(`${from}–${to}`);
    for (const id of ['latency-distribution', 'space-time', 'exposure-over-time', 'settlement-chain'])
      expect(text).toContain(`<figure id="${id}"`);
    expect(text).toContain('around the first trouble (fault started)');
    expect(text).toContain('No closed form is drawn: the timeline has a fault.');
    expect(text).toContain('npx sidereal run faulty.yaml --seed 7 --out DIR');
  });

  it('is the same again, and draws the closed form where it holds', async () => {
    for (const out of ['one', 'two'])
      await run('run', at('plain.yaml'), '--record', 'none', '--out', at(out));
    const text = read('one', 'report.html');
    expect(read('two', 'report.html')).toBe(text);
    expectSound(text);
    expect(text).toContain('the closed form of a fault-free run at this phase');
    expect(text).toMatch(/class="answer ok">All held</);
  });

  it('shows texts of the user as text', async () => {
    await run('run', at('nasty.yaml'), '--record', 'none', '--out', at('nasty-run'));
    expectSound(read('nasty-run', 'report.html'));
    expect(read('nasty-run', 'report.html')).toContain('<h1>&quot;&gt;&lt;script&gt;');
  });
});
