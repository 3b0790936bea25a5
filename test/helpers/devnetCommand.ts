/** `sidereal devnet` as a user runs it: the built program as a process of its own, its output gathered. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EventLine } from '../../node/core/eventFields.ts';
import { type DevnetDescription, readDescription } from '../../node/devnet/description.ts';
import { findTakenPort, portsFrom } from '../../node/devnet/ports.ts';

const program = fileURLToPath(new URL('../../bin/sidereal.js', import.meta.url));
/** Where bases are looked for, below the ports that the system hands out by itself. */
const BASE_MIN = 12_000;
const BASE_MAX = 28_000;

/** Quick blocks, for tests of anything but time. */
export const quick = [
  'chain.block_time_ms=200',
  'consensus.delta_ms=300',
  'settlement_chain.block_time_ms=500',
].flatMap((setting) => ['--set', setting]);

/** A `--port` whose ports nobody listens on now. */
export async function findFreeBase(nodeCount = 4): Promise<number> {
  for (;;) {
    const base = BASE_MIN + Math.floor(Math.random() * (BASE_MAX - BASE_MIN));
    if ((await findTakenPort('127.0.0.1', portsFrom(base, nodeCount))) === undefined) return base;
  }
}

export class DevnetCommand {
  readonly #child: ChildProcess;
  readonly #dataDir: string;
  readonly #closed: Promise<unknown>;
  out = '';
  err = '';
  /** Null while it runs, and of one that a signal ended. */
  code: number | null = null;
  hasEnded = false;
  /** When it was started, in ms of this process. */
  readonly startedMs = performance.now();

  /** @param args - Behind `devnet --data-dir …`. */
  constructor(dataDir: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#dataDir = dataDir;
    this.#child = spawn(process.execPath, [program, 'devnet', '--data-dir', dataDir, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.#child.stdout?.on('data', (data: Buffer) => {
      this.out += data.toString();
    });
    this.#child.stderr?.on('data', (data: Buffer) => {
      this.err += data.toString();
    });
    this.#closed = once(this.#child, 'close').then(([code]) => {
      this.code = code as number | null;
      this.hasEnded = true;
    });
  }

  /** Of `--json`: every whole line so far. */
  get lines(): readonly EventLine[] {
    return this.out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as EventLine);
  }

  of(type: string): readonly EventLine[] {
    return this.lines.filter((line) => line.type === type);
  }

  get isUp(): boolean {
    return existsSync(join(this.#dataDir, 'devnet.json'));
  }

  get description(): DevnetDescription {
    return readDescription(this.#dataDir);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** @returns Its exit code, when it has ended by itself. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.code;
  }

  async close(): Promise<void> {
    if (!this.hasEnded) this.signal('SIGTERM');
    await this.#closed;
  }
}

/** What a stopped network must not leave in its directory. */
export function leftovers(dataDir: string): readonly string[] {
  return readdirSync(dataDir).filter((name) => name === 'devnet.json' || name === 'network.lock');
}

/** Processes of this machine whose command line names the directory. */
export function processesOf(dataDir: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dataDir);
      } catch {
        return false;
      }
    })
    .map(Number);
}
