import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { getJson } from '../../node/devnet/apiClient.ts';
import { DevnetCommand, findFreeBase, leftovers, processesOf, quick } from '../helpers/devnetCommand.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

const LIMIT_MS = 90_000;
const program = fileURLToPath(new URL('../../bin/sidereal.js', import.meta.url));

let dataDir = '';
let port = '';
let running: DevnetCommand[] = [];

beforeEach(async () => {
  dataDir = join(mkdtempSync(join(tmpdir(), 'sidereal-devnet-')), 'net');
  port = String(await findFreeBase());
});

afterEach(async () => {
  for (const devnet of running) await devnet.close();
  running = [];
  rmSync(join(dataDir, '..'), { recursive: true, force: true });
});

function devnet(...args: string[]): DevnetCommand {
  const command = new DevnetCommand(dataDir, ['--port', port, ...args]);
  running.push(command);
  return command;
}

function sidereal(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args, '--data-dir', dataDir], {
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

describe('sidereal devnet', () => {
  it('makes blocks and settles as it stands out of the box, and stops without a trace', async () => {
    const first = devnet('--json');
    const seenMs = new Map<string, number>();
    const see = (type: string): boolean => {
      if (!seenMs.has(type) && first.of(type).length > 0)
        seenMs.set(type, performance.now() - first.startedMs);
      return seenMs.has(type);
    };
    for (const type of ['devnet_started', 'block_finalized', 'batch_sealed', 'batch_confirmed']) {
      await waitUntil(() => see(type), LIMIT_MS);
    }
    const report = [...seenMs].map(([type, ms]) => `${type} ${(ms / 1000).toFixed(1)} s`);
    process.stdout.write(
      `report: devnet out of the box, from the start of the command: ${report.join(', ')}\n`,
    );
    const [started] = first.lines;
    expect(started).toMatchObject({
      type: 'devnet_started',
      nodes: [0, 1, 2, 3].map((index) => ({
        name: `node-${index}`,
        api: `http://127.0.0.1:${Number(port) + index}`,
      })),
      settlement_chain: { rpc: `http://127.0.0.1:${Number(port) + 1000}` },
      data_dir: dataDir,
    });
    expect(started?.accounts).toHaveLength(10);
    expect(first.of('batch_sealed')[0]?.net).not.toEqual({});
    expect(sidereal('status').code).toBe(0);
    first.signal('SIGINT');
    expect(await first.ended()).toBe(0);
    expect(leftovers(dataDir)).toEqual([]);
    expect(processesOf(dataDir)).toEqual([]);
    const facts = first.lines.filter(({ node, type }) => node === null && type !== 'settlement_block');
    const contents = facts.map(({ t: _t, ...rest }) => JSON.stringify(rest));
    expect(new Set(contents).size).toBe(contents.length);
  });

  it('goes on where it was, says so, and ends by itself after its time', async () => {
    const first = devnet(...quick, '--json');
    await waitUntil(() => first.of('batch_confirmed').length > 0, LIMIT_MS);
    first.signal('SIGTERM');
    expect(await first.ended()).toBe(0);
    const reached = Math.max(...first.of('block_finalized').map(({ height }) => Number(height)));
    const second = devnet('--duration', '3s');
    expect(await second.ended()).toBe(0);
    const continued = Number(/continued at height ([0-9]+)/.exec(second.out)?.[1]);
    expect(continued).toBeGreaterThanOrEqual(reached);
    expect(second.out).toContain('Everybody knows these keys.');
    expect(second.out).toMatch(/\nStopped after [0-9]+ s: block [0-9]+ final, [0-9]+ batch(es)? settled\. /);
    const final = Number(/block ([0-9]+) final/.exec(second.out)?.[1]);
    expect(final).toBeGreaterThan(continued);
    expect(second.out).not.toContain('\u001b');
    expect(leftovers(dataDir)).toEqual([]);
  });

  it('tells of a process that died, starts it again, and restarts one by command', async () => {
    const network = devnet(...quick, '--json');
    await waitUntil(() => network.of('block_finalized').length > 0, LIMIT_MS);
    const pidOf = (index: number): number => network.description.nodes[index]?.pid ?? 0;
    const [killed, restarted] = [pidOf(2), pidOf(1)];
    process.kill(killed, 'SIGKILL');
    await waitUntil(() => network.of('node_restarted').some(({ node }) => node === 'node-2'), LIMIT_MS);
    expect(network.of('node_crashed')).toMatchObject([
      { node: 'node-2', signal: 'SIGKILL', restart_in_ms: 1000 },
    ]);
    await waitUntil(() => pidOf(2) !== killed);
    const restart = sidereal('restart', 'node-1', '--json');
    expect(restart).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(restart.out)).toMatchObject({ ok: true, name: 'node-1', pid: pidOf(1) });
    expect(pidOf(1)).not.toBe(restarted);
    expect(network.of('node_crashed')).toHaveLength(1);
    const heightOf = (name: string): number =>
      Math.max(
        ...network
          .of('block_finalized')
          .filter(({ node }) => node === name)
          .map(({ height }) => Number(height)),
      );
    const head = heightOf('node-0');
    await waitUntil(() => heightOf('node-1') > head + 3 && heightOf('node-2') > head + 3, LIMIT_MS);
    expect(sidereal('restart', 'node-9').err).toContain('[NODE_UNKNOWN]');
  });

  it('replays a trace, whole, over its own restart', async () => {
    const rows = Array.from({ length: 30 }, (_, index) => {
      const action = index % 3 === 2 ? 'repay' : 'borrow';
      return `${index / 5},wallet-${index % 3},${action},UM,${100 + index}`;
    });
    const trace = join(dataDir, '..', 'flows.csv');
    writeFileSync(trace, `timestamp,wallet,action,asset,amount\n${rows.join('\n')}\n`);
    const first = devnet(...quick, '--json', '--workload', trace);
    await waitUntil(() => first.of('transaction_executed').length >= 5, LIMIT_MS);
    first.signal('SIGTERM');
    expect(await first.ended()).toBe(0);
    const second = devnet('--json', '--workload', trace);
    const executed = () => [...first.of('transaction_executed'), ...second.of('transaction_executed')];
    await waitUntil(() => new Set(executed().map(({ id }) => id)).size >= rows.length, LIMIT_MS);
    expect(new Set(executed().map(({ id }) => id)).size).toBe(rows.length);
    expect(executed().filter(({ result }) => result !== 'ok')).toEqual([]);
  });

  it('takes its processes with it when it is killed', async () => {
    const network = devnet(...quick, '--json', '--workload', 'none');
    await waitUntil(() => network.isUp, LIMIT_MS);
    expect(processesOf(dataDir).length).toBe(6);
    network.signal('SIGKILL');
    await network.ended();
    await waitUntil(() => processesOf(dataDir).length === 0, LIMIT_MS);
    const again = devnet('--json', '--workload', 'none', '--duration', '1s');
    expect(await again.ended()).toBe(0);
  });

  it('stops while it starts, and at once when told twice', async () => {
    const early = devnet(...quick);
    await waitUntil(() => early.err.includes('Starting'), LIMIT_MS);
    early.signal('SIGINT');
    expect(await early.ended()).toBe(0);
    expect(processesOf(dataDir)).toEqual([]);
    const hasty = devnet();
    await waitUntil(() => hasty.isUp, LIMIT_MS);
    await waitUntil(() => {
      hasty.signal('SIGINT');
      return hasty.hasEnded;
    }, LIMIT_MS);
    await waitUntil(() => processesOf(dataDir).length === 0, LIMIT_MS);
    expect(leftovers(dataDir)).toEqual([]);
  });

  it('refuses what it cannot do in one line with the fix, and changes nothing', async () => {
    const squatter = createServer().listen(Number(port) + 2001, '127.0.0.1');
    const blocked = devnet();
    expect(await blocked.ended()).toBe(3);
    expect(blocked.err).toMatch(/^port [0-9]+ on 127\.0\.0\.1 is taken: .* \[PORT_TAKEN\]\n$/);
    squatter.close();
    const folder = join(dataDir, '..');
    expect(readdirSync(folder)).toEqual([]);
    const first = devnet(...quick, '--json');
    await waitUntil(() => first.isUp, LIMIT_MS);
    for (const args of [[], ['--fresh']]) {
      const second = new DevnetCommand(dataDir, ['--port', String(await findFreeBase()), ...args]);
      expect(await second.ended()).toBe(3);
      expect(second.err).toMatch(/is in use by process [0-9]+: .* \[DEVNET_RUNNING\]\n$/);
    }
    expect(await getJson(`http://127.0.0.1:${port}`, '/health/live')).toEqual({ status: 'ok' });
    first.signal('SIGTERM');
    await first.ended();
    const other = devnet('--set', 'settlement.batch_size=9');
    expect(await other.ended()).toBe(2);
    expect(other.err).toMatch(
      /has settlement\.batch_size 5, and you ask for 9: .* \[DEVNET_CONFIG_OTHER\]\n$/,
    );
    const trace = join(folder, 'flows.csv');
    writeFileSync(trace, 'timestamp,wallet,action,asset,amount\n1,stranger,borrow,UM,10\n');
    const unfunded = devnet('--workload', trace);
    expect(await unfunded.ended()).toBe(2);
    expect(unfunded.err).toContain('[DEVNET_WORKLOAD_OTHER]');
    const many = Array.from({ length: 3000 }, (_, index) => `${index},wallet-${index},borrow,UM,1`);
    writeFileSync(trace, `timestamp,wallet,action,asset,amount\n${many.join('\n')}\n`);
    const crowded = devnet('--fresh', '--workload', trace);
    expect(await crowded.ended()).toBe(2);
    expect(crowded.err).toMatch(/^genesis takes .* \[DEVNET_GENESIS_TOO_LARGE\]\n$/);
    expect(readdirSync(dataDir)).toContain('network.yaml');
    writeFileSync(
      join(folder, 'whole.yaml'),
      'timeline:\n  - { at: { block: 1 }, borrow: { asset: UM, amount: 1 } }\n',
    );
    const whole = devnet('--workload', join(folder, 'whole.yaml'));
    expect(await whole.ended()).toBe(2);
    expect(whole.err).toContain('[DEVNET_WORKLOAD_INVALID]');
  });
});
