import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InspectSession, walk } from '../../../../node/cli/inspectCommand.ts';
import type { CliIo } from '../../../../node/cli/io.ts';
import { runCli } from '../../../../node/cli/program.ts';
import { readInputLog } from '../../../../node/simulation/replay/inputLog.ts';
import { replayNode } from '../../../../node/simulation/replay/replay.ts';

const SEED = 'scripts/scenarios/seed-timeline.yaml';
let dir = '';
const at = (name: string): string => join(dir, name);

interface Output {
  out: string;
  err: string;
}

function ioOf(output: Output): CliIo {
  return {
    out: async (text) => {
      output.out += text;
    },
    err: (text) => {
      output.err += text;
    },
    environment: {},
    isOutTerminal: false,
    isErrTerminal: false,
    columns: 80,
    clock: () => 0,
  };
}

async function run(args: readonly string[]): Promise<Output & { readonly code: unknown }> {
  const output = { out: '', err: '' };
  return { code: await runCli(args, ioOf(output)), ...output };
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sidereal-inspect-'));
  expect((await run(['run', SEED, '--out', at('run')])).code).toBe(0);
});

afterAll(() => rmSync(dir, { recursive: true }));

describe('sidereal inspect', () => {
  it('shows inputs, outputs and rows from what to what, and that all was as recorded', async () => {
    const { code, out } = await run(['inspect', at('run'), '--node', 'node-1', '--until', '13s']);
    expect(code).toBe(0);
    for (const text of [
      '#1 -2 s  started on 0 rows',
      'message from node-0: block 1 proposed in view 1',
      'publish notarize of node-1 in view 1',
      '  ~ head.height: 4 -> 5',
      '~ pools/UM.cash: "2150" -> "1150"',
      '+ block/1: ',
    ])
      expect(out).toContain(text);
    expect(out).toMatch(/\nnode-1: \d+ inputs until 1[23](\.\d+)? s, all outputs as recorded\.\n$/);
  });

  it('prints NDJSON and nothing else when asked', async () => {
    const { code, out, err } = await run(['inspect', at('run'), '--node', '2', '--json']);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect([code, err]).toEqual([0, '']);
    expect(lines[0]).toMatchObject({ type: 'step', number: 1, t: -2000, input: { type: 'started' } });
    expect(lines.at(-1)).toMatchObject({ type: 'replay_finished', node: 'node-2', ok: true, cut: false });
    expect(lines).toHaveLength(Number(lines.at(-1)?.steps) + 1);
  });

  it('says where a log is damaged, and what to do without one', async () => {
    expect((await run(['run', SEED, '--out', at('short')])).code).toBe(0);
    truncateSync(at('short/inputs.log'), 5000);
    const short = await run(['inspect', at('short')]);
    expect([short.code, short.err]).toEqual([
      2,
      expect.stringMatching(/at byte \d+: .*\[INPUT_LOG_DAMAGED\]/),
    ]);
    writeFileSync(at('short/inputs.log'), 'something else');
    expect((await run(['inspect', at('short')])).err).toContain('not a log of inputs');
    const missing = await run(['inspect', at('nowhere')]);
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('[INPUT_LOG_MISSING]')]);
  });

  it('suggests the nearest node', async () => {
    const { code, err } = await run(['inspect', at('run'), '--node', 'nod-3']);
    expect([code, err]).toEqual([
      2,
      expect.stringContaining('did you mean node-3? [INPUT_LOG_NODE_UNKNOWN]'),
    ]);
    expect((await run(['inspect', at('run'), '--node', '4'])).code).toBe(2);
  });

  it('records the nodes it is told to', async () => {
    expect((await run(['run', SEED, '--out', at('one'), '--record', 'node-3'])).code).toBe(0);
    expect((await run(['inspect', at('one'), '--node', '3'])).out).toMatch(/all outputs as recorded/);
    expect((await run(['inspect', at('one'), '--node', '0'])).out).toBe('node-0: no inputs were recorded.\n');
    expect((await run(['run', SEED, '--out', at('none'), '--record', 'none'])).code).toBe(0);
    expect((await run(['inspect', at('none')])).code).toBe(2);
    expect((await run(['run', SEED, '--out', at('bad'), '--record', 'node-9'])).err).toMatch(
      /no node `node-9`/,
    );
    expect((await run(['run', SEED, '--record', 'node-1'])).err).toMatch(/--record needs --out/);
  });

  it('steps as the user says: next, jump, quit', async () => {
    const log = readInputLog(readFileSync(at('run/inputs.log')));
    const names = { nodes: log.scenario.config.validators.map(({ name }) => name) };
    const output = { out: '', err: '' };
    const session = new InspectSession({ name: 'node-0', names, options: {}, log }, ioOf(output));
    const answers = ['', 'j 8s', '', 'q'];
    expect(await walk(replayNode(log, 0), session, async () => answers.shift())).toBe(0);
    const shown = output.out.split('\n').filter((line) => line.startsWith('#'));
    expect(shown.slice(0, 2)).toEqual([expect.stringMatching(/^#1 -2 s/), expect.stringMatching(/^#2 -2 s/)]);
    expect(shown.slice(2)).toEqual([expect.stringMatching(/ 8 s {2}/), expect.stringMatching(/ 8 s {2}/)]);
    expect(answers).toEqual([]);
  });
});
