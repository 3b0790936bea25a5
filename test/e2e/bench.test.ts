/**
 * A sweep whose process is killed, as users have it: what it had finished counts, and the results are those of one that
 * was not. And one whose threads die of a cell, each time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../helpers/waitUntil.ts';

let directory = '';
const at = (...names: readonly string[]): string => join(directory, ...names);
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sidereal-bench-'));
  writeFileSync(
    at('sweep.yaml'),
    'name: killed\nduration: 3m\nworkload: { uniform: { transactions_per_block: 3 } }\n',
  );
  writeFileSync(
    at('heavy.yaml'),
    'name: heavy\nduration: 6h\nworkload: { uniform: { transactions_per_block: 1000 } }\n',
  );
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function bench(out: string, workers: number): ChildProcess {
  const args = [
    'bench',
    at('sweep.yaml'),
    '--batch-sizes',
    '1-4',
    '--seeds',
    '6',
    '--workers',
    String(workers),
  ];
  return spawn(process.execPath, ['bin/sidereal.js', ...args, '--out', at(out)], { stdio: 'ignore' });
}

async function codeOf(program: ChildProcess): Promise<unknown> {
  const [code, signal] = await once(program, 'close');
  return code ?? signal;
}

function countCells(out: string): number {
  const file = at(out, 'cells.ndjson');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
}

describe('sidereal bench', () => {
  it('killed twice, gives byte for byte what an undisturbed sweep gives', async () => {
    for (const finished of [3, 6]) {
      const program = bench('killed', 2);
      const ended = codeOf(program);
      await waitUntil(() => countCells('killed') >= finished);
      program.kill('SIGKILL');
      expect(await ended).toBe('SIGKILL');
      expect(existsSync(at('killed', 'results.json'))).toBe(false);
    }
    expect(await codeOf(bench('killed', 2))).toBe(0);
    expect(await codeOf(bench('undisturbed', 1))).toBe(0);
    for (const file of ['results.json', 'results.csv'])
      expect(readFileSync(at('killed', file), 'utf8')).toBe(readFileSync(at('undisturbed', file), 'utf8'));
  });

  it('ends with the cell, the reason and the way to run it alone when one cell costs thread after thread', async () => {
    const args = ['bench', at('heavy.yaml'), '--batch-sizes', '5', '--seeds', '1', '--out', at('heavy')];
    const program = spawn(process.execPath, ['bin/sidereal.js', ...args], {
      // Far less than this run needs, and enough for the process around its threads.
      env: { ...process.env, NODE_OPTIONS: '--max-old-space-size=80' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said = text(program.stderr);
    expect(await codeOf(program)).toBe(3);
    expect(await said).toMatch(/no result after 3 tries: .*ERR_WORKER_OUT_OF_MEMORY/);
    expect(await said).toMatch(/npx sidereal run \S+heavy\.yaml --seed 1 .*\[EXPERIMENT_CELL_LOST\]/);
    expect(existsSync(at('heavy', 'results.json'))).toBe(false);
  });
});
