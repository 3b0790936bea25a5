/**
 * A PostgreSQL server of a test's own, with a cluster in a folder of its own, so that it can be ended as a power failure would without
 * harm to anybody else's. It syncs, as servers do unless told otherwise.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findCommand, requirements } from '../requirements.ts';
import { freePort } from './freePort.ts';
import { waitUntil } from './waitUntil.ts';

/** The system's account of the server: it refuses to run as root. */
const SERVER_ACCOUNT = 'postgres';
/** Longest time for recovery and the first answer, in ms. */
const START_MS_MAX = 60_000;

interface Client {
  connect(): Promise<void>;
  query<Row>(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly Row[] }>;
  end(): Promise<void>;
  on(event: 'error', listener: () => void): unknown;
}

export class PostgresCluster {
  readonly url: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #programs: string;
  /** As whom its processes run; nothing: as this one. */
  readonly #account: { readonly uid: number; readonly gid: number } | undefined;
  #process: ChildProcess | undefined;

  private constructor(port: number) {
    const requirement = requirements.find(({ name }) => name === 'postgres-server');
    const program = requirement && findCommand(requirement, process.env);
    if (program === undefined) throw new Error('no PostgreSQL server is installed');
    this.#programs = dirname(realpathSync(program));
    this.#port = port;
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    this.#folder = mkdtempSync(join(tmpdir(), 'sidereal-postgres-'));
    this.#account = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : undefined;
    if (this.#account !== undefined) chownSync(this.#folder, this.#account.uid, this.#account.gid);
  }

  static async start(): Promise<PostgresCluster> {
    const cluster = new PostgresCluster(await freePort());
    const make = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
    execFileSync(join(cluster.#programs, 'initdb'), ['-D', cluster.#data, ...make], {
      ...cluster.#account,
      cwd: cluster.#folder,
      stdio: 'ignore',
    });
    await cluster.start();
    return cluster;
  }

  /** @returns When it answers, recovered. */
  async start(): Promise<void> {
    const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
    this.#process = spawn(
      join(this.#programs, 'postgres'),
      ['-D', this.#data, '-p', String(this.#port), ...settings],
      { ...this.#account, cwd: this.#folder, stdio: 'ignore' },
    );
    await waitUntil(async () => (await this.query('SELECT 1').catch(() => [])).length === 1, START_MS_MAX);
  }

  /** An immediate shutdown: all of its processes end at once, nothing is written, and the next start recovers. */
  async crash(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    const gone = once(child, 'exit');
    child.kill('SIGQUIT');
    await gone;
  }

  /** One statement over a connection of its own. */
  async query<Row>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const { Client: Driver } = createRequire(import.meta.url)('pg') as {
      Client: new (url: string) => Client;
    };
    const client = new Driver(this.url);
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  async end(): Promise<void> {
    await this.crash();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }
}

function idOf(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, SERVER_ACCOUNT], { encoding: 'utf8' }));
}
