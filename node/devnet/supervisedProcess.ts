/**
 * One child process of a local network: started, watched, started again after it died, stopped. It is told apart by its
 * name; what it says to standard output and error goes into its log file.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import type { NodeOrder, ProcessReport } from './control.ts';

/** Waiting time before a process that died is started again: at first, and at most, in ms. */
const RESTART_MIN_MS = 1000;
const RESTART_MAX_MS = 30_000;
/** A process that lived this long begins again with the shortest wait, in ms. */
const STABLE_MS = 60_000;
/** Time to stop by itself, in ms; then it is killed. */
const STOP_TIMEOUT_MS = 10_000;

export type ProcessState = 'stopped' | 'starting' | 'running' | 'paused' | 'exited';

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it said before it ended, if it could. */
  readonly failure: { readonly code: string; readonly message: string } | undefined;
}

export interface SupervisedProcessOptions {
  readonly name: string;
  /** Command line of `sidereal`. */
  readonly args: readonly string[];
  readonly logFile: string;
  /** A process that dies is started again, after a while. */
  readonly restarts: boolean;
}

export interface SupervisedProcessHandlers {
  readonly report: (report: ProcessReport) => void;
  /** It ended without being told to. @param restartInMs - When it is started again; undefined: it is not. */
  readonly crashed: (exit: ProcessExit, restartInMs: number | undefined) => void;
  /** It serves again after it had ended. */
  readonly restarted: () => void;
}

export class SupervisedProcess {
  readonly #options: SupervisedProcessOptions;
  readonly #handlers: SupervisedProcessHandlers;
  #child: ChildProcess | undefined;
  #state: ProcessState = 'stopped';
  #failure: ProcessExit['failure'];
  #restartTimer: NodeJS.Timeout | undefined;
  #failures = 0;
  #startedAtMs = 0;
  #wasUp = false;
  #exited: Promise<void> = Promise.resolve();

  constructor(options: SupervisedProcessOptions, handlers: SupervisedProcessHandlers) {
    this.#options = options;
    this.#handlers = handlers;
  }

  get name(): string {
    return this.#options.name;
  }

  get state(): ProcessState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Starts it. @returns When it serves.
   * @throws {CodedError} With what it said when it could not start, or `PROCESS_DIED`.
   */
  async start(): Promise<void> {
    clearTimeout(this.#restartTimer);
    if (this.#child !== undefined) return;
    const child = this.#spawn();
    await new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        child.off('message', onMessage);
        child.off('exit', onExit);
      };
      const onMessage = (message: unknown): void => {
        if ((message as ProcessReport).type !== 'ready') return;
        settle();
        resolve();
      };
      const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
        settle();
        reject(this.#deathOf({ code, signal, failure: this.#failure }));
      };
      child.on('message', onMessage);
      child.on('exit', onExit);
    });
  }

  /** Takes it out of the world at once, as a power failure would. @returns When it is gone. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  /** It stands still, and loses nothing. */
  pause(): void {
    if (this.#state !== 'running') return;
    this.#child?.kill('SIGSTOP');
    this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#child?.kill('SIGCONT');
    this.#state = 'running';
  }

  /** Tells it something; what does not run hears nothing. */
  send(order: NodeOrder): boolean {
    const child = this.#child;
    if (child === undefined || !child.connected) return false;
    child.send(order, () => undefined);
    return true;
  }

  /** Asks it to stop, and insists after a while. @returns When it is gone. */
  async stop(): Promise<void> {
    clearTimeout(this.#restartTimer);
    const child = this.#child;
    if (child === undefined) {
      this.#state = 'stopped';
      return;
    }
    if (this.#state === 'paused') child.kill('SIGCONT');
    this.#state = 'stopped';
    child.kill('SIGTERM');
    const insist = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(insist);
  }

  #spawn(): ChildProcess {
    const { args, logFile } = this.#options;
    const log = openSync(logFile, 'a');
    const child = fork(programFile(), args, {
      stdio: ['ignore', log, log, 'ipc'],
      serialization: 'advanced',
      execArgv: [],
    });
    closeSync(log);
    this.#child = child;
    this.#state = 'starting';
    this.#failure = undefined;
    this.#startedAtMs = performance.now();
    child.on('message', (message) => this.#heard(message as ProcessReport));
    this.#exited = new Promise((resolve) => {
      const gone = (code: number | null, signal: NodeJS.Signals | null): void => {
        resolve();
        this.#ended({ code, signal, failure: this.#failure });
      };
      child.once('exit', gone);
      // It could not even be made.
      child.once('error', () => {
        if (child.pid === undefined) gone(null, null);
      });
    });
    return child;
  }

  #heard(report: ProcessReport): void {
    if (report.type === 'failed') this.#failure = { code: report.code, message: report.message };
    if (report.type === 'ready' && this.#state === 'starting') {
      this.#state = 'running';
      if (this.#wasUp) this.#handlers.restarted();
      this.#wasUp = true;
    }
    this.#handlers.report(report);
  }

  #ended(exit: ProcessExit): void {
    this.#child = undefined;
    if (this.#state === 'stopped') return;
    this.#state = 'exited';
    // One that never served tells its starter instead.
    if (!this.#wasUp) return;
    let restartInMs: number | undefined;
    if (this.#options.restarts) {
      if (performance.now() - this.#startedAtMs > STABLE_MS) this.#failures = 0;
      restartInMs = Math.min(RESTART_MIN_MS * 2 ** this.#failures, RESTART_MAX_MS);
      this.#failures = Math.min(this.#failures + 1, 16);
      this.#restartTimer = setTimeout(() => {
        // Its end is handled as every other.
        this.start().catch(() => undefined);
      }, restartInMs);
    }
    this.#handlers.crashed(exit, restartInMs);
  }

  #deathOf({ code, signal, failure }: ProcessExit): CodedError {
    const { name, logFile } = this.#options;
    if (failure !== undefined) return new CodedError(failure.code, `${name}: ${failure.message}`, { name });
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    return new CodedError('PROCESS_DIED', `${name} ended ${how} before it served: see ${logFile}`, { name });
  }
}

/** `bin/sidereal.js`, two folders up in source and three in `dist`. */
function programFile(): string {
  const found = ['../../bin/sidereal.js', '../../../bin/sidereal.js']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path));
  if (found === undefined) throw new CodedError('PROCESS_DIED', 'the program itself cannot be found');
  return found;
}
