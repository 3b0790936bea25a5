/**
 * `sidereal fuzz`: many seeds on worker threads, against all laws. Prints one line that reproduces each failure and writes
 * the shrunk scenario as a file for `sidereal run`.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { findWriteProblem, makeFolders } from '../folders.ts';
import { addCoverage, findMissed, NIGHTLY_SEEDS } from '../simulation/fuzz/coverage.ts';
import { type DrawOptions, defaultDrawOptions } from '../simulation/fuzz/draw.ts';
import type { SeedOutcome, SeedTask } from '../simulation/fuzz/seedRun.ts';
import { type CliCode, type ExitCode, exitCodes } from './codes.ts';
import { counted } from './format.ts';
import { type CliIo, colorsOf } from './io.ts';
import { Progress } from './progress.ts';
import { runWorkerPool } from './workerPool.ts';

export interface FuzzOptions {
  readonly seeds?: number | undefined;
  /** Host time after which no further seed starts, in ms. */
  readonly time?: number | undefined;
  readonly from: number;
  readonly workers?: number | undefined;
  readonly validators?: DrawOptions | undefined;
  readonly out: string;
  readonly json?: boolean | undefined;
}

const SEEDS_DEFAULT = 100;
/** Most runs to shrink one failure, and failures that are shrunk: the later ones are mostly the first again. */
const SHRINK_ATTEMPTS_MAX = 300;
const SHRUNK_MAX = 5;
/** Silence after which a thread counts as stuck, in ms: a hundred times the longest seed. */
const SILENCE_MS_MAX = 300_000;

/**
 * Runs the seeds.
 * @returns The exit code: 1 for a broken law or, in a large run, for something that was never hit; 130 when interrupted.
 * @throws {CodedError} `OUT_DIR_UNWRITABLE`, before the first seed where that can be known.
 */
export async function fuzz(options: FuzzOptions, io: CliIo): Promise<ExitCode> {
  const problem = findWriteProblem(join(options.out, OUT_FILE));
  if (problem !== undefined) throw unwritable(`--out ${options.out}: ${problem}`);
  const session = new FuzzSession(options, io);
  const stopListening = io.onInterrupt?.(() => session.interrupt());
  await session.run();
  stopListening?.();
  return session.finish();
}

/** Any name in the folder of `--out`, to see whether files can be written there. */
const OUT_FILE = 'fuzz.yaml';

class FuzzSession {
  readonly #options: FuzzOptions;
  readonly #io: CliIo;
  readonly #startedMs: number;
  readonly #progress: Progress;
  readonly #coverage: Record<string, number> = {};
  readonly #failedSeeds: number[] = [];
  readonly #running = new Set<number>();
  readonly #interruption = new AbortController();
  #started = 0;
  #passed = 0;
  #writeProblem: string | undefined;

  constructor(options: FuzzOptions, io: CliIo) {
    this.#options = options;
    this.#io = io;
    this.#startedMs = io.clock();
    const { time, seeds = SEEDS_DEFAULT } = options;
    const progress =
      time === undefined
        ? { totalMs: seeds, show: (count: number) => counted(count, 'seed') }
        : { totalMs: time };
    this.#progress = new Progress({ name: 'fuzz', ...progress }, { io });
  }

  async run(): Promise<void> {
    const { from, seeds = SEEDS_DEFAULT, time, workers = availableParallelism(), json } = this.#options;
    const draw = this.#options.validators ?? defaultDrawOptions;
    const what = time === undefined ? counted(seeds, 'seed') : `${Math.round(time / 1000)} s`;
    const workerCount = time === undefined ? Math.min(workers, seeds) : workers;
    if (json !== true) {
      this.#io.out(`Fuzzing from seed ${from}: ${what} on ${counted(workerCount, 'thread')}.\n`);
    }
    await runWorkerPool<SeedTask, SeedOutcome>({
      module: new URL(
        `../simulation/fuzz/worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`,
        import.meta.url,
      ),
      workerCount,
      silenceMsMax: SILENCE_MS_MAX,
      signal: this.#interruption.signal,
      next: () => {
        const isOver =
          this.#interruption.signal.aborted ||
          (time === undefined ? this.#started >= seeds : this.#io.clock() - this.#startedMs >= time);
        if (isOver) return undefined;
        this.#started += 1;
        const shrinkAttemptsMax = this.#failedSeeds.length < SHRUNK_MAX ? SHRINK_ATTEMPTS_MAX : 0;
        const seed = from + this.#started - 1;
        this.#running.add(seed);
        return { seed, draw, shrinkAttemptsMax };
      },
      done: (outcome) => this.#done(outcome),
      lost: ({ seed }, reason) =>
        this.#done({ seed, failures: [{ law: 'worker', text: reason }], coverage: {}, shrunk: undefined }),
    });
    this.#progress.stop();
  }

  /** Ends the seeds that are under way and starts no more. */
  interrupt(): void {
    this.#interruption.abort();
  }

  #done(outcome: SeedOutcome): void {
    this.#running.delete(outcome.seed);
    addCoverage(this.#coverage, outcome.coverage);
    if (outcome.failures.length === 0) this.#passed += 1;
    else this.#failed(outcome);
    const { time } = this.#options;
    const done = this.#passed + this.#failedSeeds.length;
    this.#progress.update(time === undefined ? done : Math.min(time, this.#io.clock() - this.#startedMs));
  }

  #failed({ seed, failures, shrunk }: SeedOutcome): void {
    this.#failedSeeds.push(seed);
    const file = shrunk === undefined ? undefined : this.#write(`fuzz-${seed}.yaml`, shrunk.yaml);
    const reproduce = this.#reproduction(seed);
    if (this.#options.json === true) {
      const { yaml: _, ...facts } = shrunk ?? { yaml: '' };
      this.#line({ type: 'fuzz_failure', seed, failures, reproduce, file: file ?? null, ...facts });
      return;
    }
    const colors = colorsOf(this.#io);
    const [first] = failures;
    const more = failures.length > 1 ? ` (and ${failures.length - 1} more)` : '';
    this.#io.out(
      `${colors.red('FAIL')} seed ${seed}: ${first?.law}: ${first?.text}${more}\n  ${reproduce}\n`,
    );
    if (shrunk !== undefined && file !== undefined) {
      this.#io.out(
        `  shrunk to ${counted(shrunk.eventCount, 'event')} and ${counted(shrunk.nodeCount, 'node')} in ${counted(shrunk.attempts, 'run')}: ` +
          `npx sidereal run ${file}\n`,
      );
    }
  }

  #reproduction(seed: number): string {
    const { validators } = this.#options;
    const range =
      validators === undefined ? '' : ` --validators ${validators.validatorsMin}-${validators.validatorsMax}`;
    return `npx sidereal fuzz --from ${seed} --seeds 1${range}`;
  }

  /** A file that cannot be written costs no result: it has been printed, and the run ends with code 3. */
  #write(name: string, text: string): string | undefined {
    const path = join(this.#options.out, name);
    try {
      makeFolders(this.#options.out);
      writeFileSync(path, text);
      return path;
    } catch (cause) {
      this.#writeProblem ??= `${path}: ${(cause as Error).message}`;
      return undefined;
    }
  }

  finish(): ExitCode {
    const failed = this.#failedSeeds.length;
    const seeds = this.#passed + failed;
    const isInterrupted = this.#interruption.signal.aborted;
    const missed = seeds >= NIGHTLY_SEEDS ? findMissed(this.#coverage) : [];
    const isOk = failed === 0 && missed.length === 0 && !isInterrupted;
    if (this.#options.json === true) {
      const { from } = this.#options;
      const coverage = Object.fromEntries(Object.entries(this.#coverage).sort(byName));
      this.#line({
        type: 'fuzz_finished',
        from,
        seeds,
        passed: this.#passed,
        failed,
        coverage,
        missed,
        interrupted: isInterrupted,
        ok: isOk,
      });
    } else this.#report(seeds, missed);
    if (this.#writeProblem !== undefined) throw unwritable(this.#writeProblem);
    if (isInterrupted) return exitCodes.interrupted;
    return isOk ? exitCodes.ok : exitCodes.failed;
  }

  #report(seeds: number, missed: readonly string[]): void {
    const { out } = this.#io;
    const kinds = Object.entries(this.#coverage).filter(([name]) => name.startsWith('fault.'));
    const faults = kinds.reduce((sum, [, count]) => sum + count, 0);
    const perSeedMs = (this.#io.clock() - this.#startedMs) / Math.max(1, seeds);
    out(
      `${counted(seeds, 'seed')} with ${counted(faults, 'fault')} of ${counted(kinds.length, 'kind')}, ${Math.round(perSeedMs)} ms a seed.\n`,
    );
    if (this.#interruption.signal.aborted) {
      const next = Math.min(...this.#running, this.#options.from + this.#started);
      out(`interrupted: ${counted(this.#running.size, 'seed')} given up; go on with --from ${next}\n`);
    }
    for (const name of missed) out(`never hit in ${counted(seeds, 'seed')}: ${name}\n`);
    out(`${this.#passed} passed, ${this.#failedSeeds.length} failed\n`);
  }

  #line(object: Readonly<Record<string, unknown>>): void {
    this.#io.out(`${JSON.stringify(object)}\n`);
  }
}

function unwritable(message: string): CodedError {
  const code: CliCode = 'OUT_DIR_UNWRITABLE';
  return new CodedError(code, message);
}

function byName([one]: readonly [string, number], [other]: readonly [string, number]): number {
  return one < other ? -1 : 1;
}
