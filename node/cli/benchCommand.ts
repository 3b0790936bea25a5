/**
 * `sidereal bench`: a sweep over batch sizes and seeds on worker threads, its table, its recommendation and its files.
 * Finished cells are kept as they come, so a sweep that was ended goes on where it was.
 */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { readTextFile } from '../config/configSources.ts';
import { YAML_BYTES_MAX } from '../config/located.ts';
import { type Checked, formatProblems } from '../config/problem.ts';
import { reportedConfigOf } from '../config/reportedConfig.ts';
import type { Limits } from '../experiment/advice.ts';
import { analyse } from '../experiment/analyse.ts';
import type { Cell, CellTask } from '../experiment/cell.ts';
import { CellStore, type ExperimentIdentity, findFolderProblem } from '../experiment/cellStore.ts';
import type { ExperimentCode } from '../experiment/codes.ts';
import { FORECAST_SEEDS_MAX, forecastSweep } from '../experiment/forecast.ts';
import { type Plan, planSweep, type Settings } from '../experiment/plan.ts';
import { fingerprintProgram } from '../experiment/programFingerprint.ts';
import { FileRecorder } from '../experiment/queue/experimentPackage.ts';
import { parseQueueAddress, type QueueAddress } from '../experiment/queue/queueAddress.ts';
import type { Results } from '../experiment/results.ts';
import { renderCsv } from '../experiment/resultsCsv.ts';
import { sampleRun } from '../experiment/sampleRun.ts';
import { findWriteProblem } from '../folders.ts';
import type { SweepReport } from '../page/sweep/sweepReport.ts';
import { showDuration } from '../scenario/reader.ts';
import { renderBench, wrap } from './bench/benchReport.ts';
import { CELL_ATTEMPTS_MAX, SILENCE_MS_MAX } from './bench/cellLimits.ts';
import { OpenCells } from './bench/openCells.ts';
import type { QueuedCells } from './bench/queuedCells.ts';
import {
  isBatchSizeAxis,
  isPhaseFixed,
  type LimitOptions,
  readLimits,
  readPoints,
  type SweepOptions,
  showBatchSizes,
} from './bench/sweepOptions.ts';
import { type CliCode, type ExitCode, exitCodes } from './codes.ts';
import { environmentPrefix, portablePath, quoted, sourceArguments } from './commandText.ts';
import { counted, grouped } from './format.ts';
import { type CliIo, colorsOf } from './io.ts';
import { findPackageFile } from './packageFile.ts';
import { Progress } from './progress.ts';
import { readSources, type SourceOptions } from './sources.ts';
import { readVersion } from './version.ts';
import { runWorkerPool } from './workerPool.ts';

export interface BenchOptions extends SourceOptions, SweepOptions, LimitOptions {
  readonly set?: readonly string[] | undefined;
  readonly seeds: number;
  readonly from: number;
  /** In ms. */
  readonly duration?: number | undefined;
  readonly workers?: number | undefined;
  readonly queue?: string | undefined;
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
}

/** What is swept when no scenario is named. */
const SCENARIO_DEFAULT = 'scripts/scenarios/choosing-n.yaml';
/** Where sweeps go that name no folder, each into one of its own. */
const OUT_DEFAULT = '.sidereal/bench';

/**
 * Runs a sweep.
 * @returns 1 when a run broke a law or no point keeps the limits; 130 when interrupted.
 * @throws {CodedError} What refuses the command line, the folder or the sweep.
 */
export async function bench(
  scenarioFile: string | undefined,
  options: BenchOptions,
  io: CliIo,
): Promise<ExitCode> {
  const queue = options.queue === undefined ? undefined : parseQueueAddress(options.queue);
  if (queue === undefined && options.workers === 0)
    throw new CodedError(
      'CLI_USAGE' satisfies CliCode,
      '--workers 0 needs --queue: who else would run anything?',
    );
  const files = new FileRecorder(readTextFile);
  const file = scenarioFile ?? ownPath(findPackageFile(SCENARIO_DEFAULT));
  const planned = planOf(file, options, io, files);
  if (planned.ok) return new Sweep(planned.value, { file, files: files.files, queue }, options, io).run();
  if (options.json === true)
    io.out(`${JSON.stringify({ ok: false, problems: planned.problems }, undefined, 2)}\n`);
  else io.err(`${formatProblems(planned.problems)}\n`);
  return exitCodes.usage;
}

/** Relative where it lies below the current folder, so that results do not name this machine's folders. */
function ownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') || isAbsolute(short) ? path : short;
}

function planOf(file: string, options: BenchOptions, io: CliIo, files: FileRecorder): Checked<Plan> {
  const points = readPoints(options);
  const text = readTextFile(file, YAML_BYTES_MAX);
  if (!text.ok) return text;
  const sources = readSources(io, options);
  if (!sources.ok) return sources;
  return planSweep({
    text: text.value,
    file,
    points,
    firstSeed: options.from,
    seedCount: options.seeds,
    durationMs: options.duration,
    ...sources.value,
    isPhaseFixed: isPhaseFixed(options),
    version: readVersion(),
    readText: files.read,
  });
}

/** Where a sweep comes from, and where its cells go. */
interface SweepPlaces {
  readonly file: string;
  /** Files that the plan read, by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly queue: QueueAddress | undefined;
}

class Sweep {
  readonly #plan: Plan;
  readonly #places: SweepPlaces;
  readonly #options: BenchOptions;
  readonly #io: CliIo;
  readonly #limits: Limits;
  readonly #dir: string;
  readonly #identity: ExperimentIdentity;
  readonly #interruption = new AbortController();
  /** Threads that a cell has cost. */
  readonly #losses = new Map<number, number>();
  #failure: unknown;
  #isInterrupted = false;

  constructor(plan: Plan, places: SweepPlaces, options: BenchOptions, io: CliIo) {
    this.#plan = plan;
    this.#places = places;
    this.#options = options;
    this.#io = io;
    this.#limits = readLimits(
      options,
      plan.scenario.config.ledger.assets.map(({ symbol }) => symbol),
    );
    this.#identity = {
      experiment: plan.hash,
      program: fingerprintProgram(),
      scenario: plan.scenario.name,
      version: plan.options.version,
    };
    this.#dir = options.out ?? join(OUT_DEFAULT, folderNameOf(this.#identity));
  }

  async run(): Promise<ExitCode> {
    const isFolderFit = findFolderProblem(this.#dir, this.#identity) === undefined;
    const problem = findWriteProblem(join(this.#dir, 'results.json'));
    if (isFolderFit && problem !== undefined)
      throw new CodedError('OUT_DIR_UNWRITABLE' satisfies CliCode, `--out ${this.#dir}: ${problem}`);
    // A queue that is not there is found before anything is written.
    const queue = isFolderFit ? await this.#openQueue() : undefined;
    try {
      return await this.#sweep(queue);
    } finally {
      await queue?.close();
    }
  }

  /** The packages behind a queue are loaded here, where somebody asked for one. */
  async #openQueue(): Promise<QueuedCells | undefined> {
    const { queue } = this.#places;
    if (queue === undefined) return undefined;
    const { openQueuedCells } = await import('./bench/queuedCells.ts');
    return openQueuedCells(queue, this.#plan, this.#identity.program);
  }

  async #sweep(queue: QueuedCells | undefined): Promise<ExitCode> {
    const { warnings } = this.#plan;
    const store = new CellStore(this.#dir, this.#identity, this.#plan.cellCount);
    if (warnings.length > 0) this.#io.err(`${formatProblems(warnings)}\n`);
    this.#introduce(store);
    const stopListening = this.#io.onInterrupt?.(() => {
      this.#isInterrupted = true;
      this.#interruption.abort();
    });
    await this.#runCells(store, queue);
    stopListening?.();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isInterrupted) return this.#sayInterrupted(store);
    this.#plan.assertUnchanged();
    return this.#finish(store);
  }

  #introduce(store: CellStore): void {
    if (this.#options.json === true) return;
    const { points, seedCount, cellCount, scenario } = this.#plan;
    const colors = colorsOf(this.#io);
    const done = store.cells.size;
    const what =
      `${counted(points.length, 'point')} by ${counted(seedCount, 'seed')}, ${counted(cellCount, 'run')} of ` +
      `${showDuration(scenario.durationMs)} of virtual time`;
    const { queue } = this.#places;
    const count = this.#workerCount(cellCount - done);
    const threads = count === 0 ? [] : [`on ${counted(count, 'thread')}`];
    const others = queue === undefined ? [] : [`by whoever takes them from ${queue.shown}`];
    const text = `Sweeping "${scenario.name}": ${what}, ${[...threads, ...others].join(' and ')}.`;
    const kept = done === 0 ? '' : `${grouped(done)} of them are in ${this.#dir} already.\n`;
    this.#io.out(`${colors.bold(wrap(text, this.#io.columns))}\n${kept}\n`);
  }

  /** Threads of this process; none unless asked for where there is a queue. */
  #workerCount(openCount: number): number {
    if (this.#places.queue !== undefined) return Math.min(this.#options.workers ?? 0, openCount);
    return Math.max(1, Math.min(this.#options.workers ?? availableParallelism(), openCount));
  }

  async #runCells(store: CellStore, queue: QueuedCells | undefined): Promise<void> {
    const { cellCount } = this.#plan;
    const open = this.#plan.order().filter((index) => !store.cells.has(index));
    if (open.length === 0) return;
    const openCount = open.length;
    const startedMs = this.#io.clock();
    const before = store.cells.size;
    const progress = new Progress(
      { name: 'bench', totalMs: cellCount, show: (count) => counted(count, 'run') },
      { io: this.#io },
    );
    let workers: string | undefined;
    const show = (): void => {
      const doneCount = store.cells.size - before;
      const leftMs = ((this.#io.clock() - startedMs) / doneCount) * (openCount - doneCount);
      const left = doneCount === 0 ? undefined : `about ${Math.ceil(leftMs / 1000)} s left`;
      progress.update(store.cells.size, left, workers);
    };
    const done = (cell: Cell): void => {
      store.add(cell);
      show();
    };
    if (queue === undefined) await this.#runThreads(open, done);
    else
      await this.#runQueued(queue, open, done, (workerCount) => {
        workers = counted(workerCount, 'worker');
        show();
      });
    progress.stop();
  }

  async #runThreads(indexes: readonly number[], done: (cell: Cell) => void): Promise<void> {
    const open = new OpenCells(indexes, this.#plan.seedCount);
    await runWorkerPool<CellTask, Cell>({
      module: new URL(
        `../experiment/worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`,
        import.meta.url,
      ),
      workerCount: this.#workerCount(indexes.length),
      silenceMsMax: SILENCE_MS_MAX,
      signal: this.#interruption.signal,
      next: (lane) => this.#attempt(() => this.#nextTask(open, lane)),
      done: (cell) => this.#attempt(() => done(cell)),
      lost: ({ index }, reason) => this.#attempt(() => this.#lost(index, reason, open)),
    });
  }

  async #runQueued(
    queue: QueuedCells,
    open: readonly number[],
    done: (cell: Cell) => void,
    heard: (workerCount: number) => void,
  ): Promise<void> {
    try {
      await queue.run({
        files: this.#places.files,
        indexes: open,
        workerCount: this.#workerCount(open.length),
        signal: this.#interruption.signal,
        done,
        heard,
        rerunOf: (index) => this.#rerunOf(index),
      });
    } catch (cause) {
      this.#failure ??= cause;
    }
  }

  #nextTask(open: OpenCells, lane: number): CellTask | undefined {
    const index = this.#interruption.signal.aborted ? undefined : open.take(lane);
    return index === undefined ? undefined : this.#plan.task(index);
  }

  /** Another thread tries again; a cell that ends every thread ends the sweep. */
  #lost(index: number, reason: string, open: OpenCells): void {
    const losses = (this.#losses.get(index) ?? 0) + 1;
    this.#losses.set(index, losses);
    if (losses < CELL_ATTEMPTS_MAX) {
      open.giveBack(index);
      return;
    }
    const code: ExperimentCode = 'EXPERIMENT_CELL_LOST';
    throw new CodedError(code, `no result after ${losses} tries: ${reason}\n${this.#rerunOf(index)}`, {
      index,
    });
  }

  /** The pool calls back from the threads' events, where an error would have nobody to catch it: it ends the sweep. */
  #attempt<Value>(action: () => Value): Value | undefined {
    try {
      return action();
    } catch (cause) {
      this.#failure ??= cause;
      this.#interruption.abort();
      return undefined;
    }
  }

  #sayInterrupted(store: CellStore): ExitCode {
    const { cellCount } = this.#plan;
    if (this.#options.json === true) {
      const facts = {
        interrupted: true,
        ok: false,
        finished: store.cells.size,
        runs: cellCount,
        out: this.#dir,
      };
      this.#io.out(`${JSON.stringify(facts, undefined, 2)}\n`);
    }
    this.#io.err(
      `interrupted: ${grouped(store.cells.size)} of ${counted(cellCount, 'run')} are kept in ${this.#dir}; the same command goes on from there\n`,
    );
    return exitCodes.interrupted;
  }

  async #finish(store: CellStore): Promise<ExitCode> {
    const cells = Array.from({ length: this.#plan.cellCount }, (_, index) => {
      const cell = store.cells.get(index);
      if (cell === undefined)
        throw new CodedError('EXPERIMENT_CELL_LOST', `cell ${index} has no result`, { index });
      return cell;
    });
    const results: Results = analyse(this.#plan, cells, this.#limits, this.#rerunTemplate());
    const text = `${JSON.stringify(results)}\n`;
    store.write('results.json', text);
    store.write('results.csv', renderCsv(results));
    store.write('report.html', await this.#renderReport(results));
    const { recommended, nearest_miss: miss } = results;
    if (this.#options.json === true) this.#io.out(text);
    else {
      const point = recommended?.point ?? miss?.point ?? 0;
      this.#io.out(
        renderBench(results, {
          colors: colorsOf(this.#io),
          columns: this.#io.columns,
          dir: this.#dir,
          rerun: this.#rerunOf(point * this.#plan.seedCount),
        }),
      );
    }
    const isSound = cells.every(({ problems }) => problems.length === 0);
    return isSound && recommended !== null ? exitCodes.ok : exitCodes.failed;
  }

  /** The command that repeats one cell. */
  #rerunOf(index: number): string {
    return this.#runCommand(String(this.#plan.seedOf(index)), this.#plan.settingsOf(index));
  }

  /** The same for any cell: what differs from cell to cell stands in capitals. */
  #rerunTemplate(path?: (file: string) => string): string {
    const keys = this.#plan.settingsOf(0).map(({ key }) => key);
    const settings = keys.map((key) => ({ key, value: key.split('.').at(-1)?.toUpperCase() ?? '' }));
    return this.#runCommand('SEED', settings, path);
  }

  #runCommand(seed: string, settings: Settings, path = (file: string): string => file): string {
    const { config, set = [], duration } = this.#options;
    const all = [...set, ...settings.map(({ key, value }) => `${key}=${value}`)];
    return [
      'npx sidereal run',
      quoted(path(this.#places.file)),
      `--seed ${seed}`,
      ...(duration === undefined ? [] : [`--duration ${duration}ms`]),
      ...sourceArguments({ config, set: all }, path),
    ].join(' ');
  }

  /** What plots need is loaded here, and by nobody else. */
  async #renderReport(results: Results): Promise<string> {
    const { renderSweepPage } = await import('../page/sweep/sweepPage.ts');
    return renderSweepPage(this.#reportOf(results));
  }

  #reportOf(results: Results): SweepReport {
    const plan = this.#plan;
    const point = results.recommended?.point ?? results.nearest_miss?.point ?? 0;
    const { scenario } = plan.task(point * plan.seedCount);
    return {
      results: { ...results, rerun: this.#rerunTemplate(portablePath) },
      forecasts: forecastSweep(plan),
      forecastSeeds: Math.min(FORECAST_SEEDS_MAX, plan.seedCount),
      sample: {
        point,
        seed: scenario.seed,
        nodes: scenario.config.validators.map(({ name }) => name),
        excerpt: sampleRun(scenario),
      },
      source: {
        command: this.#benchCommand(),
        config: reportedConfigOf(scenario.config),
        scenario: plan.options.text,
      },
    };
  }

  /** The command of this sweep, whatever way its user spelled it. */
  #benchCommand(): string {
    const {
      seeds,
      from,
      duration,
      sweep = [],
      maxLatencyP99,
      maxFeePerBlock,
      maxExposure = [],
    } = this.#options;
    const sizes = this.#plan.points.map(({ batchSize }) => batchSize);
    return (
      environmentPrefix(this.#io.environment) +
      [
        'npx sidereal bench',
        quoted(portablePath(this.#places.file)),
        `--batch-sizes ${showBatchSizes(sizes)}`,
        ...sweep.filter((text) => !isBatchSizeAxis(text)).map((text) => `--sweep ${quoted(text)}`),
        `--seeds ${seeds}`,
        ...(from === 1 ? [] : [`--from ${from}`]),
        ...(duration === undefined ? [] : [`--duration ${duration}ms`]),
        ...(maxLatencyP99 === undefined ? [] : [`--max-latency-p99 ${maxLatencyP99}ms`]),
        ...(maxFeePerBlock === undefined ? [] : [`--max-fee-per-block ${maxFeePerBlock}`]),
        ...maxExposure.map((text) => `--max-exposure ${quoted(text)}`),
        ...sourceArguments(this.#options),
      ].join(' ')
    );
  }
}

/** One for each experiment and build, so that no sweep ever stands in the way of another. */
function folderNameOf({ experiment, program }: ExperimentIdentity): string {
  return createHash('sha256').update(`${experiment}${program}`).digest('hex').slice(0, 12);
}
