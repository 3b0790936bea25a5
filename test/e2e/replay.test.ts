import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runResultSchema } from '../../node/report/result.ts';

const SCENARIOS = 'scripts/scenarios';
/** A day: too long to run whole in a test. */
const LONG = 'day-with-faults.yaml';

interface Exit {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program as a user would, in a process of its own. */
function sidereal(...args: readonly string[]): Promise<Exit> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, NO_COLOR: '1' }, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, ['bin/sidereal.js', ...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

async function replay(name: string, ...args: readonly string[]) {
  const exit = await sidereal('run', join(SCENARIOS, `${name}.yaml`), '--json', ...args);
  expect(exit.stderr).toBe('');
  return { code: exit.code, result: runResultSchema.parse(JSON.parse(exit.stdout)) };
}

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sidereal-e2e-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The seed document's ten blocks, as signed flows by height. */
const seedFlows = [1000n, 500n, -200n, 300n, 100n, -800n, 200n, -500n, 50n, -150n];

/** Windows of N blocks over the seed's flows, as the window rule of docs/protocol.md makes them. */
function expectedBatches(batchSize: number) {
  const batches: { fromHeight: number; toHeight: number; net: bigint }[] = [];
  let fromHeight = 1;
  for (let toHeight = batchSize; toHeight <= seedFlows.length; toHeight += batchSize) {
    const net = seedFlows.slice(fromHeight - 1, toHeight).reduce((sum, flow) => sum + flow, 0n);
    if (net === 0n) continue;
    batches.push({ fromHeight, toHeight, net });
    fromHeight = toHeight + 1;
  }
  const rest = seedFlows.slice(fromHeight - 1).reduce((sum, flow) => sum + flow, 0n);
  const toHeight = Math.ceil(seedFlows.length / batchSize) * batchSize;
  if (rest !== 0n) batches.push({ fromHeight, toHeight, net: rest });
  return batches;
}

describe('sidereal run', () => {
  it('settles the seed timeline as the seed document draws it', async () => {
    const { code, result } = await replay('seed-timeline');
    expect(code).toBe(0);
    expect(result.slashes).toEqual([]);
    const [first, second] = result.batches;
    expect(result.batches).toHaveLength(2);
    expect(first).toMatchObject({
      from_height: 1,
      to_height: 5,
      net: { UM: '1700' },
      settlement_height: 2,
      included_at_ms: 10_000,
      attempts: [{ proposer: 'node-0', outcome: 'confirmed' }],
    });
    expect(first?.actions).toMatchObject([{ type: 'swap', asset: 'UM', amount: '1700' }]);
    expect(second).toMatchObject({
      from_height: 6,
      to_height: 10,
      net: { UM: '-1200' },
      settlement_height: 4,
      included_at_ms: 20_000,
      attempts: [{ proposer: 'node-1', outcome: 'confirmed' }],
    });
    expect(second?.actions).toMatchObject([{ type: 'ibc_transfer', asset: 'UM', amount: '1200' }]);
  });

  it.each([1, 3, 10])('follows the window rule for N = %i', async (batchSize) => {
    const { code, result } = await replay(`seed-timeline-n${batchSize}`);
    expect(code).toBe(0);
    expect(result.slashes).toEqual([]);
    const batches = result.batches.map(({ from_height, to_height, net }) => ({
      fromHeight: from_height,
      toHeight: to_height,
      net: BigInt(net.UM ?? '0'),
    }));
    expect(batches).toEqual(expectedBatches(batchSize));
    const proposers = result.batches.map(({ attempts }) => attempts[0]?.proposer);
    expect(proposers).toEqual(batches.map((_, index) => `node-${index % 4}`));
  });

  it('holds every expectation of every shipped scenario', async () => {
    const names = readdirSync(SCENARIOS).filter((file) => file.endsWith('.yaml') && file !== LONG);
    const exit = await sidereal('run', ...names.map((name) => join(SCENARIOS, name)), '--json');
    const results = runResultSchema.array().parse(JSON.parse(exit.stdout).results);
    expect(results).toHaveLength(names.length);
    for (const { scenario, expectations } of results) {
      expect({ scenario, failed: expectations.filter(({ ok }) => !ok) }).toEqual({ scenario, failed: [] });
      expect(expectations.length).toBeGreaterThan(0);
    }
    expect(exit.code).toBe(0);
  });

  it('repeats bit for bit in processes of their own, whatever the crypto, shared or not', async () => {
    const variants = [
      [],
      ['--set', 'simulation.crypto=full'],
      ['--set', 'simulation.crypto=cached', '--set', 'simulation.shared_execution=false'],
    ];
    for (const name of ['crashed-proposer', 'withheld-settlement']) {
      const hashes = new Set<string>();
      for (const variant of variants) hashes.add((await replay(name, ...variant)).result.trace_hash);
      expect(hashes.size).toBe(1);
      const other = await replay(name, '--seed', '12345');
      expect(hashes).not.toContain(other.result.trace_hash);
    }
  });

  it('writes the result, every event and a JUnit report, and says so', async () => {
    const out = join(directory, 'run');
    const junit = join(directory, 'junit.xml');
    const file = join(SCENARIOS, 'seed-timeline.yaml');
    const exit = await sidereal('run', file, '--out', out, '--junit', junit);
    expect(exit.code).toBe(0);
    expect(exit.stdout).toContain('UM +1700');
    expect(exit.stdout).toContain('Next');
    const result = runResultSchema.parse(JSON.parse(readFileSync(join(out, 'result.json'), 'utf8')));
    const events = readFileSync(join(out, 'events.ndjson'), 'utf8').trim().split('\n');
    for (const line of events) expect(JSON.parse(line)).toHaveProperty('type');
    expect(events.length).toBeGreaterThan(result.height * 4);
    // One case more: that the run as such went without errors.
    expect(readFileSync(junit, 'utf8').match(/<testcase /g)).toHaveLength(
      result.expectations.length + result.laws.length + 1,
    );
  });
});

describe('bad input', () => {
  it('lists every problem of a scenario with file, line and nearest key, exits 2 and writes nothing', async () => {
    const file = join(directory, 'bad.yaml');
    const out = join(directory, 'bad-out');
    writeFileSync(
      file,
      [
        'name: bad',
        'config: { settlement: { batch_size: 0 } }',
        'timelin: []',
        'timeline:',
        '  - { at: { block: 0 }, borrow: { asset: UM, amount: 10 } }',
        '  - { at: { block: 1 }, borrow: { asset: UM, amount: -5 } }',
        '  - { at: { block: 1 }, borrow: { asset: UM, amount: 1.5 } }',
        '  - { at: { block: 1 }, borrow: { asset: UM, amount: "340282366920938463463374607431768211456" } }',
        '  - { at: { block: 2 }, crash: { node: node-9 } }',
        '',
      ].join('\n'),
    );
    const exit = await sidereal('run', file, '--out', out);
    expect(exit.code).toBe(2);
    expect(exit.stdout).toBe('');
    for (const line of [2, 3, 5, 6, 7, 8, 9]) expect(exit.stderr).toContain(`${file}:${line}:`);
    expect(exit.stderr).toContain('timeline');
    expect(existsSync(out)).toBe(false);
  });

  it('refuses a malformed trace by line, and unknown commands and options by the nearest one', async () => {
    const trace = join(directory, 'trace.csv');
    const file = join(directory, 'traced.yaml');
    writeFileSync(trace, 'timestamp,wallet,action,asset,amount\n1,0xaa,borow,UM,5\n2,0xaa,borrow,UM,-5\n');
    writeFileSync(file, 'name: traced\nworkload: { trace: trace.csv }\n');
    const exit = await sidereal('validate', file);
    expect(exit.code).toBe(2);
    expect(exit.stderr).toContain(`${trace}:2`);
    expect(exit.stderr).toContain(`${trace}:3`);
    expect(exit.stderr).toContain('borrow');
    const command = await sidereal('rnu');
    expect(command.code).toBe(2);
    expect(command.stderr).toContain('run');
    const option = await sidereal('run', file, '--jsn');
    expect(option.code).toBe(2);
    expect(option.stderr).toContain('--json');
  });

  it('refuses what is not there yet, with its code', async () => {
    const exit = await sidereal('devnet', '--settlement', 'anvil');
    expect(exit.code).toBe(2);
    expect(exit.stderr).toContain('NOT_AVAILABLE_YET');
  });
});
