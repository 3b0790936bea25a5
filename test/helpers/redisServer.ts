/** A Redis server of a test's own, with the settings it wants; ended by its process id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './freePort.ts';
import { waitUntil } from './waitUntil.ts';

export const durableSettings = ['--appendonly', 'yes', '--appendfsync', 'always'] as const;

export class RedisServer {
  readonly port: number;
  readonly #folder: string;
  readonly #settings: readonly string[];
  readonly #isTls: boolean;
  #process: ChildProcess | undefined;

  private constructor(port: number, settings: readonly string[], isTls: boolean) {
    this.port = port;
    this.#settings = settings;
    this.#isTls = isTls;
    this.#folder = mkdtempSync(join(tmpdir(), 'sidereal-redis-'));
  }

  /** @param tls - Options of a server that speaks nothing else. */
  static async start(
    settings: readonly string[] = durableSettings,
    tls: readonly string[] = [],
  ): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), [...settings, ...tls], tls.length > 0);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** @param settings - Others than it was made with. */
  async start(settings = this.#settings): Promise<void> {
    const port = this.#isTls ? ['--port', '0', '--tls-port'] : ['--port'];
    const where = ['--bind', '127.0.0.1', ...port, String(this.port), '--dir', this.#folder, '--save', ''];
    this.#process = spawn(
      process.env.SIDEREAL_TEST_REDIS_SERVER_PATH || 'redis-server',
      [...where, ...settings],
      { stdio: 'ignore' },
    );
    await waitUntil(() => answers(this.port));
  }

  /** As a machine that loses power does, but for what the system had not written. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
