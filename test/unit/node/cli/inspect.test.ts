import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InspectSession, walk } from '../../../../node/cli/inspectCommand.ts';
import { readInputLog } from '../../../../node/replay/inputLog.ts';
import { replayNode } from '../../../../node/replay/replay.ts';
import { recordNode } from '../../../helpers/recordedNode.ts';
import { keepingIo, runCommand } from '../../../helpers/runCommand.ts';

const SEED = 'scripts/scenarios/seed-timeline.yaml';
let dir = '';
const at = (name: string): string => join(dir, name);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sidereal-inspect-'));
  expect((await runCommand(['run', SEED, '--out', at('run')])).code).toBe(0);
});

afterAll(() => rmSync(dir, { recursive: true }));

describe('sidereal inspect', () => {
  it('shows inputs, outputs and rows from what to what, and that all was as recorded', async () => {
    const { code, out } = await runCommand(['inspect', at('run'), '--node', 'node-1', '--until', '13s']);
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
    expect(out).toMatch(/\nnode-1: \d+ inputs until 1[23](\.\d+)? s, all outputs as recorded\.\n/);
    expect(out).toMatch(/node-1: 7 heights, every root equal; height 7 has state root 0x[0-9a-f]{64}\.\n$/);
  });

  it('prints NDJSON and nothing else when asked', async () => {
    const { code, out, err } = await runCommand(['inspect', at('run'), '--node', '2', '--json']);
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
    expect((await runCommand(['run', SEED, '--out', at('short')])).code).toBe(0);
    truncateSync(at('short/inputs.log'), 5000);
    const short = await runCommand(['inspect', at('short')]);
    expect([short.code, short.err]).toEqual([
      2,
      expect.stringMatching(/at byte \d+: .*\[INPUT_LOG_DAMAGED\]/),
    ]);
    writeFileSync(at('short/inputs.log'), 'something else');
    expect((await runCommand(['inspect', at('short')])).err).toContain('not a log of inputs');
    const missing = await runCommand(['inspect', at('nowhere')]);
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('[INPUT_LOG_MISSING]')]);
  });

  it('suggests the nearest node', async () => {
    const { code, err } = await runCommand(['inspect', at('run'), '--node', 'nod-3']);
    expect([code, err]).toEqual([
      2,
      expect.stringContaining('did you mean node-3? [INPUT_LOG_NODE_UNKNOWN]'),
    ]);
    expect((await runCommand(['inspect', at('run'), '--node', '4'])).code).toBe(2);
  });

  it('records the nodes it is told to', async () => {
    expect((await runCommand(['run', SEED, '--out', at('one'), '--record', 'node-3'])).code).toBe(0);
    expect((await runCommand(['inspect', at('one'), '--node', '3'])).out).toMatch(/all outputs as recorded/);
    expect((await runCommand(['inspect', at('one'), '--node', '0'])).out).toBe(
      'node-0: no inputs were recorded.\n',
    );
    expect((await runCommand(['run', SEED, '--out', at('none'), '--record', 'none'])).code).toBe(0);
    expect((await runCommand(['inspect', at('none')])).code).toBe(2);
    expect((await runCommand(['run', SEED, '--out', at('bad'), '--record', 'node-9'])).err).toMatch(
      /no node `node-9`/,
    );
    expect((await runCommand(['run', SEED, '--record', 'node-1'])).err).toMatch(/--record needs --out/);
  });

  it('steps as the user says: next, jump, quit', async () => {
    const log = readInputLog(readFileSync(at('run/inputs.log')));
    const names = { nodes: log.scenario.config.validators.map(({ name }) => name) };
    const output = { out: '', err: '' };
    const session = new InspectSession({ name: 'node-0', names, options: {} }, keepingIo(output));
    const answers = ['', 'j 8s', '', 'q'];
    expect(await walk(replayNode(log, 0), session, async () => answers.shift())).toBe(0);
    const shown = output.out.split('\n').filter((line) => line.startsWith('#'));
    expect(shown.slice(0, 2)).toEqual([expect.stringMatching(/^#1 -2 s/), expect.stringMatching(/^#2 -2 s/)]);
    expect(shown.slice(2)).toEqual([expect.stringMatching(/ 8 s {2}/), expect.stringMatching(/ 8 s {2}/)]);
    expect(answers).toEqual([]);
  });
});

describe('sidereal inspect of real nodes', () => {
  beforeAll(async () => {
    await recordNode(0, { directory: at('devnet/node-0/inputs') });
    await recordNode(1, { directory: at('devnet/node-1/inputs'), isStopped: false });
    truncateSync(at('devnet/node-1/inputs/2.log'), statSync(at('devnet/node-1/inputs/2.log')).size - 5);
  });

  it('replays every life of a node, and says how each ended and that every root is equal', async () => {
    const { code, out, err } = await runCommand(['inspect', at('devnet'), '--node', 'node-1', '--summary']);
    expect([code, err]).toEqual([0, '']);
    const [first, second, inputs, heights] = out.split('\n');
    expect(first).toMatch(/^node-1: life 1 until [0-9.]+ s, height \d+; stopped\.$/);
    expect(second).toMatch(
      /^node-1: life 2 until [0-9.]+ s, height \d+; the process was killed: the last \d+ bytes are no whole frame\.$/,
    );
    expect(inputs).toMatch(/^node-1: \d+ inputs until [0-9.]+ s, all outputs as recorded\.$/);
    const [, count, height] =
      /^node-1: (\d+) heights, every root equal; height (\d+) has state root 0x[0-9a-f]{64}\.$/.exec(
        heights ?? '',
      ) ?? [];
    expect(count).toBe(height);
    expect(Number(height)).toBeGreaterThan(10);
    // The folder of the node itself does as well.
    expect((await runCommand(['inspect', at('devnet/node-1'), '--summary'])).out).toBe(out);
    expect((await runCommand(['inspect', at('devnet'), '--node', '1', '--summary'])).out).toBe(out);
  });

  it('shows steps with the names of the nodes, and lives in NDJSON', async () => {
    const { out } = await runCommand(['inspect', at('devnet'), '--until', '3s']);
    expect(out).toContain('message from node-1: finalize of node-1 in view 2');
    const lines = (await runCommand(['inspect', at('devnet/node-1'), '--summary', '--json'])).out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ type, life, end }) => [type, life, end])).toEqual([
      ['life_finished', 1, 'stopped'],
      ['life_finished', 2, 'torn'],
      ['replay_finished', undefined, undefined],
    ]);
    expect(lines.at(-1)).toMatchObject({ lives: 2, unrecorded: [], differs_at: null, cut: false, ok: true });
  });

  it('names the life that is damaged, heights that no log holds, and nodes that are not there', async () => {
    rmSync(at('devnet/node-1/inputs/1.log'));
    const { code, out } = await runCommand(['inspect', at('devnet/node-1'), '--summary']);
    expect(code).toBe(0);
    expect(out).toMatch(/node-1: heights 1 to \d+ are in no log: recording had ended\./);
    const path = at('devnet/node-1/inputs/2.log');
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const damaged = await runCommand(['inspect', at('devnet/node-1'), '--summary']);
    expect([damaged.code, damaged.err]).toEqual([
      2,
      expect.stringMatching(/inputs\/2\.log: .* damaged at byte \d+: .*\[INPUT_LOG_DAMAGED\]/),
    ]);
    expect((await runCommand(['inspect', at('devnet'), '--node', 'node-7'])).err).toContain(
      '[INPUT_LOG_NODE_UNKNOWN]',
    );
  });
});
