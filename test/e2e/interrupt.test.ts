/** Real signals to real processes: what a user sees who presses Ctrl-C, or whose process is killed. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../helpers/waitUntil.ts';

let directory = '';
const at = (name: string): string => join(directory, name);
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sidereal-interrupt-'));
  const text = (duration: string): string =>
    `name: long\nduration: ${duration}\nconfig: { simulation: { crypto: cached } }\n`;
  writeFileSync(at('long.yaml'), text('720h'));
  writeFileSync(at('short.yaml'), text('10s'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

class Program {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  out = '';
  err = '';

  constructor(...args: readonly string[]) {
    const env = { ...process.env, NO_COLOR: '1' };
    this.process = spawn(process.execPath, ['bin/sidereal.js', ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout.on('data', (chunk) => {
      this.out += String(chunk);
    });
    this.process.stderr.on('data', (chunk) => {
      this.err += String(chunk);
    });
  }

  /** @returns The exit code, or the signal that ended it. */
  async ended(): Promise<unknown> {
    const [code, signal] = await once(this.process, 'close');
    return code ?? signal;
  }
}

describe('sidereal run', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 130],
    ['SIGKILL', 'SIGKILL'],
  ] as const)('%s leaves a folder that the next run of the scenario overwrites', async (signal, end) => {
    const out = at(signal);
    const program = new Program('run', at('long.yaml'), '--out', out);
    await waitUntil(() => existsSync(join(out, 'inputs.log')));
    program.process.kill(signal);
    expect(await program.ended()).toBe(end);
    if (end === 130) expect(program.err).toMatch(/interrupted: "long" at .* holds an unfinished run/);
    const again = new Program('run', at('short.yaml'), '--out', out);
    expect([await again.ended(), again.err]).toEqual([0, '']);
    expect(readdirSync(out).sort()).toEqual(['events.ndjson', 'inputs.log', 'report.html', 'result.json']);
  });
});

describe('sidereal fuzz', () => {
  it('ends its threads and tells what was done', async () => {
    const args = ['fuzz', '--seeds', '100000', '--workers', '2', '--json', '--out', at('fuzz')];
    const program = new Program(...args);
    await waitUntil(() => program.err.includes('fuzz: '));
    program.process.kill('SIGINT');
    expect(await program.ended()).toBe(130);
    const last = JSON.parse(program.out.trimEnd().split('\n').at(-1) ?? '');
    expect(last).toMatchObject({ type: 'fuzz_finished', interrupted: true, ok: false });
    expect(last.seeds).toBeGreaterThan(0);
  });
});
