import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type InputKillRunOptions, runInputKills } from '../helpers/inputKillRun.ts';
import { serverUrl, withPostgres } from '../helpers/queueServers.ts';
import { RedisServer } from '../helpers/redisServer.ts';
import { TcpProxy } from '../helpers/tcpProxy.ts';

/** Kills of nodes, for each storage; the campaign asks for more. */
const kills = Number(process.env.SIDEREAL_INPUT_KILLS ?? 2);
/** How often a storage that is a server is cut off besides. */
const troubles = Math.ceil(kills / 2);
const seed = Number(process.env.SIDEREAL_KILL_SEED ?? 1);

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function check(options: Pick<InputKillRunOptions, 'storage' | 'trouble' | 'troubles'>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sidereal-input-kills-'));
  closers.unshift(() => rmSync(dataDir, { recursive: true, force: true }));
  const result = await runInputKills({ dataDir, seed, kills, ...options });
  const { acknowledged, givenUp, givenUpAndKept, confirmed } = result;
  process.stdout.write(
    `input kills: ${String(options.storage.type)}, ${kills} nodes killed, storage troubled ${options.troubles} times; ` +
      `${acknowledged} inputs acknowledged, ${givenUpAndKept} of ${givenUp} unanswered ones kept, ${confirmed} confirmed\n`,
  );
  expect(result.lost).toEqual([]);
  expect(result.misplaced).toEqual([]);
  for (const { expected, found } of result.balances) expect(found).toBe(expected);
  expect(result.disagreements).toEqual([]);
  expect(confirmed).toBe(acknowledged + givenUpAndKept);
  expect(acknowledged).toBeGreaterThan(kills * 10);
}

describe(`4 nodes take inputs under load, ${kills} are killed: what was acknowledged is executed once (seed ${seed})`, () => {
  for (const type of ['level', 'file'] as const) {
    it(type, () => check({ storage: { type }, troubles: 0 }), 1_800_000);
  }

  it('postgres, whose connections break too', async () => {
    // A database of its own: each node takes a schema of its name there.
    const database = `sidereal_test_${randomBytes(6).toString('hex')}`;
    await withPostgres((client) => client.query(`CREATE DATABASE ${database}`));
    closers.push(() => withPostgres((client) => client.query(`DROP DATABASE ${database} WITH (FORCE)`)));
    const url = new URL(serverUrl('postgres'));
    const proxy = await TcpProxy.open(url);
    closers.push(() => proxy.close());
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    url.pathname = `/${database}`;
    const trouble = { begin: () => proxy.cut(), end: () => proxy.mend() };
    await check({ storage: { type: 'postgres', url: url.href, timeout_ms: 3000 }, trouble, troubles });
  }, 1_800_000);

  it('redis, which is killed too', async () => {
    const server = await RedisServer.start();
    closers.push(() => server.end());
    const trouble = { begin: () => server.kill(), end: () => server.start() };
    await check({ storage: { type: 'redis', url: server.url, timeout_ms: 3000 }, trouble, troubles });
  }, 1_800_000);
});
