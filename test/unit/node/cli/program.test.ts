import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Progress } from '../../../../node/cli/progress.ts';
import { runResultSchema } from '../../../../node/report/result.ts';
import { keepingIo, runCommand } from '../../../helpers/runCommand.ts';

const SEED = 'scripts/scenarios/seed-timeline.yaml';
let dir = '';
const at = (name: string): string => join(dir, name);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sidereal-cli-'));
  writeFileSync(
    at('fails.yaml'),
    'name: fails\nduration: 12s\ntimeline: [{ at: { block: 1 }, borrow: { asset: UM, amount: 5 } }]\nexpect: [{ batch: 1, net: { UM: 6 } }]\n',
  );
  writeFileSync(at('bad.yaml'), 'name: bad\ntimelin: []\nexpect: [{ final: { pending_batch: 0 } }]\n');
});

afterAll(() => rmSync(dir, { recursive: true }));

describe('sidereal', () => {
  it.each([
    [['--version'], 0],
    [['--help'], 0],
    [['run', '--help'], 0],
    [[], 2],
    [['rnu'], 2],
    [['run'], 2],
    [['run', SEED, '--sede', '3'], 2],
    [['run', SEED, '--seed', '-3'], 2],
    [['run', SEED, '--engine', 'cloud'], 2],
    [['run', 'nowhere.yaml'], 2],
    [['run', SEED, '--set', 'settlement.batch_size=0'], 2],
    [['validate', SEED, 'config.yaml'], 0],
    [['config', '--print'], 0],
  ] as const)('%j exits with %d', async (args, code) => {
    expect((await runCommand(args)).code).toBe(code);
  });

  it('gives every command help with an example', async () => {
    for (const command of [
      'run',
      'validate',
      'config',
      'keys',
      'devnet',
      'bench',
      'fuzz',
      'inspect',
      'node',
      'chain',
      'record',
      'worker',
      'fit',
      'send',
      'status',
      'logs',
    ]) {
      expect((await runCommand([command, '--help'])).out, command).toMatch(
        new RegExp(`Example:\\n  npx sidereal ${command}`),
      );
    }
    expect((await runCommand(['--help'])).out).toMatch(/Example:\n {2}npx sidereal run/);
    expect((await runCommand(['--version'])).out).toBe(
      `${JSON.parse(readFileSync('package.json', 'utf8')).version}\n`,
    );
  });

  it('runs a scenario for as long as it is told to', async () => {
    const { out } = await runCommand(['run', SEED, '--duration', '55s', '--json']);
    expect(JSON.parse(out)).toMatchObject({ virtual_ms: 55_000 });
    expect((await runCommand(['run', SEED, '--duration', 'long'])).err).toMatch(/Expected a duration/);
  });

  it('suggests the nearest command and option', async () => {
    expect((await runCommand(['vaildate'])).err).toMatch(/Did you mean validate/);
    expect((await runCommand(['run', SEED, '--jsn'])).err).toMatch(/Did you mean.*--json/);
  });

  it('refuses to settle a devnet elsewhere until that is there', async () => {
    const { code, err } = await runCommand(['devnet', '--settlement', 'anvil']);
    expect([code, err]).toEqual([2, expect.stringContaining('[NOT_AVAILABLE_YET]')]);
  });

  it('refuses what the devnet cannot play before anything starts, in JSON when asked', async () => {
    const files = ['clock-skew', 'torn-disk'].map((name) => `scripts/scenarios/${name}.yaml`);
    const { code, out, err } = await runCommand(['run', ...files, '--engine', 'devnet', '--json']);
    expect([code, err]).toEqual([2, '']);
    const { ok, problems } = JSON.parse(out) as {
      readonly ok: boolean;
      readonly problems: readonly { readonly file: string; readonly code: string; readonly line: number }[];
    };
    expect(ok).toBe(false);
    expect(new Set(problems.map((problem) => problem.code))).toEqual(new Set(['SCENARIO_FAULT_NOT_REAL']));
    expect(new Set(problems.map(({ file }) => file))).toEqual(new Set(files));
    expect(problems.every(({ line }) => line > 0)).toBe(true);
  });
});

describe('sidereal run', () => {
  it('prints a timeline, laws, verdicts and what to do next within 80 columns, without colour', async () => {
    const { code, out, err } = await runCommand(['run', SEED]);
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n')[0]).toMatch(/^Sidereal: /);
    for (const text of [
      'UM +1700',
      'swap 1700 UM',
      'UM -1200',
      'return 1200 UM',
      'node-1',
      'Nobody was slashed.',
      'conservation',
      'All held.',
      'Trace hash 0x',
      'sidereal run',
    ])
      expect(out).toContain(text);
    expect(out).not.toContain('FAIL');
    expect(out).not.toContain('\u001b');
    const report = out.slice(0, out.indexOf('\nNext\n')).split('\n');
    expect(Math.max(...report.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('tells of each other deadline how many duties it would have slashed, and how many are undecided', async () => {
    const file = 'scripts/scenarios/withheld-settlement.yaml';
    const { verdicts } = runResultSchema.parse(JSON.parse((await runCommand(['run', file, '--json'])).out));
    const parts = verdicts.deadlines.map(
      ({ blocks, slashed, undecided }) => `${blocks}:${slashed}${undecided > 0 ? `+${undecided}?` : ''}`,
    );
    expect(parts.join(' ')).toMatch(/\+[1-9][0-9]*\?/);
    const text = (await runCommand(['run', file])).out.replaceAll(/\s+/g, ' ');
    expect(text).toContain(`undecided, as a slash came first): ${parts.join(' ')}`);
  });

  it('colours a terminal unless NO_COLOR is set', async () => {
    expect((await runCommand(['run', SEED], { isOutTerminal: true })).out).toContain('\u001b[');
    expect(
      (await runCommand(['run', SEED], { isOutTerminal: true, environment: { NO_COLOR: '1' } })).out,
    ).not.toContain('\u001b');
  });

  it('gives one JSON object that fits the schema, and nothing else', async () => {
    const { code, out, err } = await runCommand([
      'run',
      SEED,
      '--json',
      '--seed',
      '9',
      '--set',
      'settlement.batch_size=10',
    ]);
    expect([code, err]).toEqual([1, '']);
    const result = runResultSchema.parse(JSON.parse(out));
    expect(result).toMatchObject({ scenario: 'seed timeline', seed: 9, ok: false });
    expect(result.batches[0]).toMatchObject({ to_height: 10, net: { UM: '500' } });
  });

  it('takes settings from the environment below those of --set', async () => {
    const environment = { SIDEREAL_SETTLEMENT__BATCH_SIZE: '10', SIDEREAL_SIMULATION__CRYPTO: 'cached' };
    const tell = async (args: readonly string[]): Promise<unknown> =>
      JSON.parse((await runCommand(['run', SEED, '--json', ...args], { environment })).out).batches[0]
        .to_height;
    expect(await tell([])).toBe(10);
    expect(await tell(['--set', 'settlement.batch_size=2'])).toBe(2);
  });

  it('exits with 1 and says which expectation failed', async () => {
    const { code, out } = await runCommand(['run', at('fails.yaml'), SEED]);
    expect(code).toBe(1);
    expect(out).toMatch(/FAIL batch 1: net UM \+6\n {7}expected net/);
    expect(out).toContain('1 of 2 scenarios failed: fails');
  });

  it('runs nothing and writes nothing when any file is bad', async () => {
    const { code, out, err } = await runCommand([
      'run',
      SEED,
      at('bad.yaml'),
      '--out',
      at('none'),
      '--junit',
      at('none.xml'),
    ]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(`${at('bad.yaml')}:2:1: timelin: unknown key`);
    expect(err).toContain(`${at('bad.yaml')}:3:21: expect.0.final.pending_batch: unknown key`);
    expect(existsSync(at('none')) || existsSync(at('none.xml'))).toBe(false);
    const json = await runCommand(['run', at('bad.yaml'), '--json']);
    expect(json.err).toBe('');
    expect(JSON.parse(json.out)).toMatchObject({
      ok: false,
      problems: [{ line: 2, code: 'SCENARIO_KEY_UNKNOWN' }, { line: 3 }],
    });
  });

  it('writes result and events, the same bytes each time, and keeps other runs', async () => {
    const out = at('out');
    expect((await runCommand(['run', SEED, '--out', out], { clock: () => performance.now() })).code).toBe(0);
    expect(readdirSync(out).sort()).toEqual(['events.ndjson', 'inputs.log', 'report.html', 'result.json']);
    const read = (): string[] => readdirSync(out).map((name) => readFileSync(join(out, name), 'utf8'));
    const first = read();
    const events = readFileSync(join(out, 'events.ndjson'), 'utf8').trimEnd().split('\n');
    expect(events.map((line) => JSON.parse(line).type)).toContain('batch_confirmed');
    expect((await runCommand(['run', SEED, '--out', out], { clock: () => performance.now() })).code).toBe(0);
    expect(read()).toEqual(first);
    const other = await runCommand(['run', SEED, '--seed', '8', '--out', out]);
    expect(other.code).toBe(2);
    expect(other.err).toContain('holds the run of "seed timeline" with seed 7');
    expect(read()).toEqual(first);
    mkdirSync(at('foreign'));
    writeFileSync(at('foreign/thesis.txt'), 'x');
    expect((await runCommand(['run', SEED, '--out', at('foreign')])).err).toContain(
      'holds other files (thesis.txt)',
    );
    expect((await runCommand(['run', SEED, at('fails.yaml'), '--out', at('many')])).code).toBe(1);
    expect(readdirSync(at('many')).sort()).toEqual(['fails', 'seed-timeline']);
  });

  it('says that it was interrupted, and leaves what the next run of the same scenario overwrites', async () => {
    const out = at('interrupted');
    writeFileSync(at('long.yaml'), 'name: long\nduration: 10m\nconfig: { simulation: { crypto: cached } }\n');
    let interrupt = (): void => undefined;
    const onInterrupt = (listener: () => void) => {
      interrupt = listener;
      return () => undefined;
    };
    // The first look at the clock after the start is that of the progress.
    const interruptAfter = (looks: number) => {
      let left = looks;
      const clock = (): number => {
        left -= 1;
        if (left === 0) interrupt();
        return 0;
      };
      return { onInterrupt, clock };
    };
    const { code, err } = await runCommand(['run', at('long.yaml'), '--out', out], interruptAfter(3));
    expect(code).toBe(130);
    expect(err).toMatch(
      /^interrupted: "long" at [0-9.]+ s of 600 s of virtual time; .* holds an unfinished run/,
    );
    expect(readdirSync(out)).toContain('unfinished.json');
    const other = await runCommand(['run', at('long.yaml'), '--seed', '8', '--out', out]);
    expect([other.code, other.err]).toEqual([
      2,
      expect.stringContaining(`${out} holds an unfinished run of "long" with seed 1`),
    ]);
    expect((await runCommand(['run', at('long.yaml'), '--out', out])).code).toBe(0);
    expect(readdirSync(out).sort()).toEqual(['events.ndjson', 'inputs.log', 'report.html', 'result.json']);
    const json = await runCommand(['run', at('long.yaml'), '--json'], interruptAfter(3));
    expect(JSON.parse(json.out)).toEqual({ results: [], interrupted: true, ok: false });
    const early = await runCommand(['run', SEED], {
      onInterrupt: (listener) => {
        listener();
        return () => undefined;
      },
    });
    expect([early.code, early.err]).toEqual([130, 'interrupted before "seed timeline"\n']);
  });

  it('exits with 3 when the disk says no', async () => {
    writeFileSync(at('file'), '');
    const { code, err } = await runCommand(['run', SEED, '--junit', join(at('file'), 'x.xml')]);
    expect(code).toBe(3);
    expect(err).toContain('[OUT_DIR_UNWRITABLE]');
  });

  it('writes JUnit XML with a case for each expectation and law', async () => {
    await runCommand(['run', at('fails.yaml'), '--junit', at('junit.xml')]);
    const xml = readFileSync(at('junit.xml'), 'utf8');
    expect(xml).toContain('<testsuite name="fails"');
    expect(xml).toMatch(
      /<testcase name="batch 1: net UM \+6" classname="fails.expectations">\n {6}<failure message="expected net/,
    );
    expect(xml.match(/classname="fails.laws"\/>/g)?.length).toBeGreaterThanOrEqual(6);
    expect(xml).toContain('failures="1"');
  });

  it('takes the JUnit file of an earlier run in its folder for its own', async () => {
    const out = at('with-junit');
    const args = ['run', SEED, '--out', out, '--junit', join(out, 'junit.xml')];
    expect([(await runCommand(args)).code, (await runCommand(args)).code]).toEqual([0, 0]);
    expect(existsSync(join(out, 'junit.xml'))).toBe(true);
  });

  it('prints the result before a file that cannot be written ends it', async () => {
    const out = at('blocked');
    let isBlocked = false;
    const text = await runCommand(
      ['run', SEED, '--json', '--out', out, '--junit', join(out, 'result.json', 'x')],
      {
        clock: () => {
          isBlocked = true;
          return 0;
        },
      },
    );
    expect(isBlocked).toBe(true);
    expect(text.code).toBe(3);
    expect(JSON.parse(text.out)).toMatchObject({ ok: true });
    expect(text.err).toContain('[OUT_DIR_UNWRITABLE]');
  });

  it('makes output folders without hanging where none can be made', async () => {
    expect((await runCommand(['run', SEED, '--out', '/proc/sidereal-x'])).code).toBe(3);
  });

  it('names events that never happened, counts failed transactions, and says when nothing settled', async () => {
    writeFileSync(
      at('late.yaml'),
      'name: late\nduration: 6s\ntimeline:\n  - { at: { batch: 9, state: sealed }, crash: { node: node-1 } }\n  - { at: { block: 1 }, borrow: { asset: UM, amount: 5 } }\n',
    );
    const { out } = await runCommand(['run', at('late.yaml')]);
    expect(out).toContain('warning the event of line 4 (batch 9 is sealed) never happened');
    expect(out).toContain('nothing settled yet');
    expect(out).toMatch(/Transactions: 1 executed/);
    const result = runResultSchema.parse(JSON.parse((await runCommand(['run', SEED, '--json'])).out));
    expect(result.transactions.failed).toEqual({});
    expect(result.batches.map(({ settler }) => settler)).toEqual(['node-0', 'node-1']);
  });

  it('suggests commands that hold', async () => {
    const { out } = await runCommand(['run', SEED]);
    expect(out).toContain('  npx sidereal run scripts/scenarios/seed-timeline-n10.yaml\n');
    expect(out).toContain(`  npx sidereal run ${SEED} --seed 8\n`);
    expect(out.slice(out.indexOf('\nNext\n'))).not.toContain('--set');
    expect((await runCommand(['run', 'scripts/scenarios/seed-timeline-n10.yaml'])).code).toBe(0);
    expect((await runCommand(['run', SEED, '--seed', '8'])).code).toBe(0);
  });

  it('logs events on standard error as the configuration says', async () => {
    expect((await runCommand(['run', SEED, '--json'])).err).toBe('');
    const debug = (
      await runCommand(['run', SEED, '--json', '--set', 'log.level=debug', '--set', 'log.format=json'])
    ).err;
    expect(JSON.parse(debug.split('\n')[0] ?? '')).toHaveProperty('type');
    expect((await runCommand(['run', SEED, '--json', '--set', 'log.level=debug'])).err).toMatch(
      / s .*block_proposed/,
    );
  });
});

describe('Progress', () => {
  it('says nothing at first, then a line every few seconds', () => {
    let nowMs = 0;
    const text = { out: '', err: '' };
    const io = keepingIo(text, { clock: () => nowMs });
    const progress = new Progress({ name: 'long', totalMs: 100_000 }, { io });
    const texts = [500, 4000, 5000, 6000, 9999, 10_000].map((wallMs) => {
      nowMs = wallMs;
      text.err = '';
      progress.update(wallMs * 10);
      return text.err;
    });
    progress.stop();
    expect(texts).toEqual(['', '', 'long: 50 s of 100 s (50 %)\n', '', '', 'long: 100 s of 100 s (100 %)\n']);
  });
});

describe('sidereal config, validate and keys', () => {
  it('lists a bounded number of problems of a file and counts the rest', async () => {
    const keys = Array.from({ length: 15_000 }, (_, index) => `k${index}: 1`).join('\n');
    writeFileSync(at('many.yaml'), `name: many\n${keys}\n`);
    const { code, out } = await runCommand(['validate', at('many.yaml'), '--json']);
    const { problems } = JSON.parse(out) as { problems: { code: string; message: string }[] };
    expect([code, problems.length]).toEqual([2, 1001]);
    expect(problems.at(-1)).toMatchObject({
      code: 'PROBLEMS_OMITTED',
      message: expect.stringContaining('14000'),
    });
  });

  it('stops reading a trace after many bad rows, and refuses a column that stands twice', async () => {
    const header = 'timestamp,wallet,action,asset,amount';
    writeFileSync(at('bad.csv'), `${header}\n${'x,y,z,w,q\n'.repeat(40_000)}`);
    const { code, err } = await runCommand(['validate', at('bad.csv')]);
    expect(code).toBe(2);
    expect(err).toContain('not read');
    writeFileSync(at('twice.csv'), `${header},asset\n1,a,deposit,UM,5,UM\n`);
    expect((await runCommand(['validate', at('twice.csv')])).err).toContain('`asset` twice');
    writeFileSync(at('good.csv'), `${header}\n1,a,deposit,UM,5\n`);
    expect((await runCommand(['validate', at('good.csv')])).out).toContain('valid trace');
  });

  it.each([
    ['name: "a\\e[31m"\nblocks: 5\n', 'control characters'],
    ['name: !!str a\nblocks: 5\n', 'YAML_TAG_UNSUPPORTED'],
    ['blocks: 5\nworkload: { uniform: { transactions_per_block: 100000 } }\n', 'SCENARIO_BLOCK_OVERFULL'],
    [
      'timeline: [{ at: { block: 1000000001 }, borrow: { asset: UM, amount: 5 } }]\n',
      'SCENARIO_BLOCK_INVALID',
    ],
  ])('refuses %j', async (text, message) => {
    writeFileSync(at('refused.yaml'), text);
    const { code, err } = await runCommand(['validate', at('refused.yaml')]);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it('refuses more than one value in a setting, labels nothing derives, and --out beside a label', async () => {
    expect((await runCommand(['run', SEED, '--set', 'settlement.batch_size=5\nfoo: 1'])).code).toBe(2);
    expect((await runCommand(['keys', '--label', 'node-0'])).code).toBe(2);
    expect((await runCommand(['keys', '--label', 'oracle', '--out', at('derived.key')])).code).toBe(2);
    expect(existsSync(at('derived.key'))).toBe(false);
  });

  it('prints no password of a storage', async () => {
    const set =
      'batcher.storage={ type: postgres, url: "postgres://me:hidden@127.0.0.1/db?password=hidden" }';
    for (const form of ['--print', '--json']) {
      const { code, out } = await runCommand(['config', form, '--set', set]);
      expect([code, out]).toEqual([0, expect.stringContaining('postgres://me:***@127.0.0.1/db')]);
      expect(out).not.toContain('hidden');
    }
  });

  it('prints the effective configuration as YAML that is valid again', async () => {
    const { out } = await runCommand(['config', '--print', '--set', 'settlement.batch_size=12']);
    writeFileSync(at('config.yaml'), out);
    expect(await runCommand(['validate', at('config.yaml')])).toMatchObject({
      code: 0,
      out: `${at('config.yaml')}: valid configuration\n`,
    });
    expect(
      JSON.parse((await runCommand(['config', '--json', '--config', at('config.yaml')])).out).settlement
        .batch_size,
    ).toBe(12);
    expect((await runCommand(['config', '--print'])).out).toBe(readFileSync('config.yaml', 'utf8'));
  });

  it('prints both JSON Schemas', async () => {
    const schemas = JSON.parse((await runCommand(['config', '--schema'])).out);
    expect(schemas.config.properties.settlement.properties.batch_size.default).toBe(5);
    expect(schemas.scenario.properties.timeline.items.properties.borrow.required).toEqual([
      'asset',
      'amount',
    ]);
  });

  it('lists the problems of all files', async () => {
    const { code, out, err } = await runCommand(['validate', SEED, at('bad.yaml'), 'nowhere.yaml']);
    expect([code, out]).toEqual([2, `${SEED}: valid scenario\n`]);
    expect(err.trim().split('\n')).toHaveLength(3);
    const json = JSON.parse((await runCommand(['validate', SEED, at('bad.yaml'), '--json'])).out);
    expect(json.files).toEqual([
      { file: SEED, kind: 'scenario', ok: true },
      { file: at('bad.yaml'), kind: 'scenario', ok: false },
    ]);
  });

  it('derives the keys of a scenario and makes fresh ones that only a file holds', async () => {
    const derived = JSON.parse(
      (await runCommand(['keys', '--seed', '7', '--label', 'validator/node-0', '--json'])).out,
    );
    expect(derived).toEqual(
      JSON.parse((await runCommand(['keys', '--seed', '7', '--label', 'validator/node-0', '--json'])).out),
    );
    expect(derived.public_key).toMatch(/^0x[0-9a-f]{64}$/);
    const made = await runCommand(['keys', '--out', at('a.key')]);
    const secret = readFileSync(at('a.key'), 'utf8').trim();
    expect(made.out).not.toContain(secret);
    expect(statSync(at('a.key')).mode & 0o777).toBe(0o600);
    const again = await runCommand(['keys', '--out', at('a.key')]);
    expect(again).toMatchObject({ code: 3 });
    expect(again.err).toContain('[KEY_FILE_EXISTS]');
    expect(readFileSync(at('a.key'), 'utf8').trim()).toBe(secret);
  });
});
