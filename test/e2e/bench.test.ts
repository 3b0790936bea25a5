/** A sweep whose process is killed, as users have it: what it had finished counts, and the results are those of one that was not. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
});
