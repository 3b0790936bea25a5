/** Sweeps over several processes, as users have them: workers and the sweep itself are killed, and nothing of it shows in the results. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../consensus/primitives/random.ts';
import { CliProcess } from '../helpers/cliProcess.ts';
import { QueueNamespace } from '../helpers/queueServers.ts';
import { RedisServer } from '../helpers/redisServer.ts';
import { TcpProxy } from '../helpers/tcpProxy.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

/** A machine that does much else at the same time still gets there. */
const LIMIT_MS = 240_000;
const RUNS = 24;
const files = ['results.json', 'results.csv'] as const;

let directory = '';
const at = (...names: readonly string[]): string => join(directory, ...names);
const processes: CliProcess[] = [];
const namespaces: QueueNamespace[] = [];

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): CliProcess {
  const process = new CliProcess(args, { env });
  processes.push(process);
  return process;
}

function bench(out: string, ...more: readonly string[]): CliProcess {
  const sweep = ['--batch-sizes', '1-4', '--seeds', '6'];
  return start(['bench', at('sweep.yaml'), ...sweep, '--out', at(out), ...more]);
}

function newNamespace(server: 'redis' | 'postgres'): QueueNamespace {
  const namespace = new QueueNamespace(server);
  namespaces.push(namespace);
  return namespace;
}

async function worker(url: string): Promise<CliProcess> {
  const process = start(['worker', '--queue', url, '--concurrency', '1', '--lost-after', '2s']);
  await waitUntil(() => process.err.includes('is up') || process.hasEnded, LIMIT_MS);
  return process;
}

const countCells = (out: string): number =>
  existsSync(at(out, 'cells.ndjson'))
    ? readFileSync(at(out, 'cells.ndjson'), 'utf8').split('\n').length - 1
    : 0;

function expectSame(out: string): void {
  for (const file of files)
    expect(readFileSync(at(out, file), 'utf8')).toBe(readFileSync(at('local', file), 'utf8'));
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sidereal-queued-'));
  writeFileSync(at('fees.csv'), 'base_fee_gwei\n10\n20\n15\n');
  writeFileSync(
    at('sweep.yaml'),
    'name: queued\nduration: 2m\nworkload: { uniform: { transactions_per_block: 3 } }\n' +
      'config: { settlement_chain: { background: { type: trace, file: fees.csv } } }\n',
  );
  expect((await bench('local').ended).code).toBe(0);
}, LIMIT_MS);

afterEach(async () => {
  for (const process of processes.splice(0)) await process.stop('SIGKILL');
});

afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  for (const namespace of namespaces) await namespace.clear();
});

describe.each(['redis', 'postgres'] as const)('a sweep on %s', (server) => {
  it(
    'gives the bytes of a local one though workers are killed all the time (seed 11)',
    async () => {
      const namespace = newNamespace(server);
      const random = new Random(`${server}/11`);
      const sweep = bench(server, '--queue', namespace.url());
      const workers = [await worker(namespace.url()), await worker(namespace.url())];
      // After so many more cells one of the two goes, in the middle of whatever it does, and another comes.
      for (let kills = 0; kills < 4; kills += 1) {
        const target = Math.min(RUNS - 1, countCells(server) + 1 + random.below(3));
        await waitUntil(() => countCells(server) >= target || sweep.hasEnded, LIMIT_MS);
        const victim = random.below(2);
        await workers[victim]?.stop('SIGKILL');
        workers[victim] = await worker(namespace.url());
      }
      expect(await sweep.ended).toMatchObject({ code: 0 });
      expect(sweep.out.replace(/\s+/g, ' ')).toContain(`by whoever takes them from ${server}://`);
      expectSame(server);
      expect(countCells(server)).toBe(RUNS);
      for (const each of workers) {
        expect(await each.stop('SIGTERM')).toEqual({ code: 0, signal: null });
        expect(each.err).toMatch(/stopped: \d+ runs? done/);
      }
      await waitUntil(async () => (await namespace.dump()) === '', LIMIT_MS);
    },
    LIMIT_MS,
  );

  it(
    'that is killed goes on with the same command',
    async () => {
      const namespace = newNamespace(server);
      const out = `${server}-killed`;
      await worker(namespace.url());
      const first = bench(out, '--queue', namespace.url());
      await waitUntil(() => countCells(out) >= 3, LIMIT_MS);
      await first.stop('SIGKILL');
      expect(existsSync(at(out, 'results.json'))).toBe(false);
      const second = bench(out, '--queue', namespace.url());
      expect(await second.ended).toMatchObject({ code: 0 });
      expectSame(out);
      expect(await namespace.dump()).toBe('');
    },
    LIMIT_MS,
  );
});

describe('a queue', () => {
  it(
    'is left clean by Ctrl-C on the sweep, and the runs of a worker come back at once',
    async () => {
      const namespace = newNamespace('redis');
      const helper = await worker(namespace.url());
      const sweep = bench('interrupted', '--queue', namespace.url());
      await waitUntil(() => countCells('interrupted') >= 2, LIMIT_MS);
      expect(await sweep.stop('SIGINT')).toEqual({ code: 130, signal: null });
      expect(sweep.err).toMatch(
        /interrupted: \d+ of 24 runs are kept in .*; the same command goes on from there/,
      );
      await waitUntil(async () => (await namespace.dump()) === '', LIMIT_MS);
      expect(await helper.stop('SIGINT')).toEqual({ code: 0, signal: null });
      // The process of the sweep alone, beside nobody.
      const own = bench('interrupted', '--queue', namespace.url(), '--workers', '1');
      expect(await own.ended).toMatchObject({ code: 0 });
      expectSame('interrupted');
    },
    LIMIT_MS,
  );

  it(
    'that is not there refuses sweep and worker, and nothing is written',
    async () => {
      const proxy = await TcpProxy.open(new URL('redis://127.0.0.1'));
      const { port } = proxy;
      await proxy.close();
      for (const scheme of ['redis', 'postgres']) {
        const url = `${scheme}://me:hidden@127.0.0.1:${port}/0`;
        for (const process of [bench('refused', '--queue', url), start(['worker', '--queue', url])]) {
          expect(await process.ended).toMatchObject({ code: 3 });
          expect(process.err).toMatch(/^[^\n]+ cannot be reached: [^\n]+ \[QUEUE_UNREACHABLE\]\n$/);
          expect(process.err).toContain(`${scheme}://127.0.0.1:${port}/0`);
          expect(process.err + process.out).not.toContain('hidden');
        }
        expect(existsSync(at('refused'))).toBe(false);
      }
    },
    LIMIT_MS,
  );
});

describe('a sweep on Redis behind TLS', () => {
  const certificate = fileURLToPath(new URL('../fixtures/tls/certificate.pem', import.meta.url));
  const key = fileURLToPath(new URL('../fixtures/tls/key.pem', import.meta.url));

  it.each(['127.0.0.1', 'localhost'])(
    'gives the bytes of a local one at %s, to those who trust its certificate',
    async (host) => {
      const tls = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-auth-clients', 'no'];
      const server = await RedisServer.start([], tls);
      try {
        const url = `rediss://${host}:${server.port}`;
        const out = `tls ${host}`;
        const trusting = { NODE_EXTRA_CA_CERTS: certificate };
        const sweep = [
          '--batch-sizes',
          '1-4',
          '--seeds',
          '6',
          '--out',
          at(out),
          '--queue',
          url,
          '--workers',
          '1',
        ];
        const trusted = start(['bench', at('sweep.yaml'), ...sweep], trusting);
        expect(await trusted.ended).toMatchObject({ code: 0 });
        expect(trusted.err).not.toContain('Warning');
        expectSame(out);
        const doubting = bench('doubting', '--queue', url);
        expect(await doubting.ended).toMatchObject({ code: 3 });
        expect(doubting.err).toMatch(/self-signed certificate.*\[QUEUE_UNREACHABLE\]/s);
      } finally {
        await server.end();
      }
    },
    LIMIT_MS,
  );
});
