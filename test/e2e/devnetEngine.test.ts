/** `sidereal run --engine devnet` as its user has it: files, exit codes, refusals, and nothing left behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runResultSchema } from '../../node/report/result.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

const LIMIT_MS = 120_000;
const config = [
  'config:',
  '  chain: { block_time_ms: 400 }',
  '  consensus: { delta_ms: 300 }',
  '  settlement: { batch_size: 3 }',
  '  settlement_chain: { block_time_ms: 1000 }',
];
const text = (name: string, ...lines: readonly string[]): string =>
  [`name: ${name}`, 'seed: 5', ...config, 'network: { latency_ms: 5, jitter_ms: 1 }', ...lines].join('\n');

let directory = '';
const at = (name: string): string => join(directory, name);
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sidereal-engine-'));
  const events = [
    'timeline:',
    '  - { at: { block: 2 }, borrow: { asset: UM, amount: 700 } }',
    '  - { at: { time: 1s }, borrow: { asset: UM, amount: 50 } }',
    '  - { at: { settlement_block: 1 }, crash: { node: node-3 }, for: 1s }',
    '  - { at: { batch: 9, state: confirmed }, crash: { node: node-3 }, for: 1s }',
    'expect:',
    '  - { batch: 1, from_height: 1, to_height: 3, net: { UM: 700 }, proposer: node-0, state: confirmed }',
    '  - { within: { settlement_blocks: 3 }, after: { batch: 1, state: sealed }, batch: 1, state: confirmed }',
    '  - { always: { pending_batches: "<= 2" } }',
  ];
  writeFileSync(at('short.yaml'), text('short', 'duration: 9s', ...events));
  writeFileSync(
    at('wrong.yaml'),
    text('wrong', 'duration: 3s', 'expect: [{ eventually: { slashed: node-1 } }]'),
  );
  writeFileSync(at('long.yaml'), text('long', 'duration: 1h'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const devnet = ['run', '--engine', 'devnet'];

class Program {
  readonly process: ChildProcess;
  out = '';
  err = '';

  constructor(...args: readonly string[]) {
    this.process = spawn(process.execPath, ['bin/sidereal.js', ...args], {
      // Folders for data that nobody asked to keep are made here, so that what is left of them is found.
      env: { ...process.env, NO_COLOR: '1', TMPDIR: directory },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout?.on('data', (chunk) => {
      this.out += String(chunk);
    });
    this.process.stderr?.on('data', (chunk) => {
      this.err += String(chunk);
    });
  }

  async ended(): Promise<unknown> {
    const [code, signal] = await once(this.process, 'close');
    return code ?? signal;
  }

  /** Processes that it started. */
  get children(): readonly number[] {
    const { pid } = this.process;
    const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return listed.split(' ').filter(Boolean).map(Number);
  }
}

const temporary = (): readonly string[] =>
  readdirSync(directory).filter((name) => name.startsWith('sidereal-run-'));

describe('sidereal run --engine devnet', () => {
  it(
    'gives the result, the events and the data of every node',
    async () => {
      const out = at('out');
      const program = new Program(
        ...devnet,
        at('short.yaml'),
        '--json',
        '--out',
        out,
        '--junit',
        join(out, 'junit.xml'),
      );
      const code = await program.ended();
      expect(program.err).not.toContain(' at ');
      const result = runResultSchema.parse(JSON.parse(program.out));
      expect(result.errors).toEqual([]);
      expect(result.expectations.filter(({ ok }) => !ok)).toEqual([]);
      expect([code, result.ok, result.engine]).toEqual([0, true, 'devnet']);
      expect(result.laws.map(({ name }) => name)).toContain('agreement');
      expect(result.laws.every(({ checks }) => checks > 0)).toBe(true);
      expect(result.laws.filter(({ unchecked }) => unchecked !== undefined).map(({ name }) => name)).toEqual([
        'exactly_once',
        'durability',
      ]);
      expect(result.warnings).toEqual([
        'the event of line 14 (batch 9 is confirmed) never happened',
        expect.stringContaining('a process that is killed loses nothing'),
      ]);
      const events = readFileSync(join(out, 'events.ndjson'), 'utf8')
        .trim()
        .split('\n')
        .map(
          (line) => JSON.parse(line) as { readonly t: number; readonly type: string; readonly node: string },
        );
      expect(events.map(({ t }) => t)).toEqual(events.map(({ t }) => t).sort((a, b) => a - b));
      const types = new Set(events.map(({ type }) => type));
      for (const type of ['block_finalized', 'transaction_executed', 'node_crashed', 'node_restarted']) {
        expect(types).toContain(type);
      }
      expect(events.filter(({ type }) => type === 'batch_sealed')).toHaveLength(result.batches.length);
      expect(readdirSync(join(out, 'devnet'))).toEqual(
        expect.arrayContaining(['node-0', 'node-0.log', 'node-3', 'settlement', 'settlement.log']),
      );
      const inspected = new Program(
        'inspect',
        join(out, 'devnet'),
        '--node',
        'node-3',
        '--summary',
        '--json',
      );
      expect(await inspected.ended()).toBe(0);
      expect(JSON.parse(inspected.out.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
        ok: true,
        lives: 2,
      });
      expect(readFileSync(join(out, 'junit.xml'), 'utf8')).toContain('<testsuite');
    },
    LIMIT_MS,
  );

  it(
    'exits with 1 and says which expectation failed, and leaves no data that nobody asked for',
    async () => {
      const program = new Program(...devnet, at('wrong.yaml'));
      expect(await program.ended()).toBe(1);
      expect(program.out).toContain('FAIL eventually node-1 is slashed');
      expect(program.out).toContain('of real\ntime');
      expect(program.out).toContain('npx sidereal run --engine devnet');
      expect(temporary()).toEqual([]);
    },
    LIMIT_MS,
  );

  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s stops every process and says how far the run came',
    async (signal) => {
      const program = new Program(...devnet, at('long.yaml'));
      await waitUntil(() => program.err.includes('final'), LIMIT_MS);
      const { children } = program;
      expect(children).toHaveLength(5);
      program.process.kill(signal);
      expect(await program.ended()).toBe(130);
      expect(program.err).toMatch(/interrupted: "long" at .* of 3600 s of real time, block [0-9]+ final/);
      for (const pid of children) expect(() => process.kill(pid, 0)).toThrow();
      expect(temporary()).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'is a failed run when a process ends by itself',
    async () => {
      const program = new Program(...devnet, at('long.yaml'), '--json');
      await waitUntil(() => program.err.includes('final'), LIMIT_MS);
      const [, node = 0] = program.children;
      process.kill(node, 'SIGKILL');
      expect(await program.ended()).toBe(1);
      const { ok, errors } = runResultSchema.parse(JSON.parse(program.out));
      expect(ok).toBe(false);
      expect(errors).toEqual([expect.stringMatching(/node-[0-3] has ended by itself: by SIGKILL/)]);
    },
    LIMIT_MS,
  );
});
