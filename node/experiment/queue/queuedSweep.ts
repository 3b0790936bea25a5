/**
 * A sweep whose cells other processes run: puts them into a queue, a window of them at a time, and takes in what comes
 * back. What ought to be in the queue is looked up every few seconds and put there again if it is not, so nothing depends
 * on news that were missed, on a server that forgot, or on another sweep that tidied up.
 */
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import { type Cell, cellSchema } from '../cell.ts';
import type { ExperimentCode } from '../codes.ts';
import type { Plan } from '../plan.ts';
import type { CellEnd, CellQueue, QueueTimings } from './cellQueue.ts';
import { experimentIdOf, packExperiment } from './experimentPackage.ts';
import { type ExperimentNotice, PART_CHARS_MAX, partIdOf, writeNotice } from './notice.ts';
import { Bell, Stopwatch, within } from './pace.ts';

/** Cells of a sweep that are in the queue at a time: enough for some hundred cores, few enough for any server. */
export const WINDOW_MAX = 1000;
/** Pause for each cell that is looked up, in ms: a small part of a server's time. */
const LOOK_MS_EACH = 10;
/** Questions to the server at a time. */
const QUESTIONS_MAX = 32;

export interface QueuedSweepOptions {
  readonly plan: Plan;
  /** Files that the plan read, by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly queue: CellQueue;
  readonly build: string;
  readonly timings: QueueTimings;
  /** Cells that are to be run. */
  readonly indexes: readonly number[];
  /** Aborted when the sweep is wanted no more. */
  readonly signal: AbortSignal;
  /** Takes a cell; each comes once. */
  readonly done: (cell: Cell) => void;
  /** Now and then: how many processes take cells of this build. */
  readonly heard: (workerCount: number) => void;
  /** The command that repeats a cell. */
  readonly rerunOf: (index: number) => string;
}

/**
 * Runs until all cells are there, or the sweep is wanted no more; either way nothing of it stays in the queue but cells
 * that are being worked on, which go when they are finished.
 * @throws {CodedError} `EXPERIMENT_CELL_LOST`, `EXPERIMENT_TOO_LARGE`, `QUEUE_LOST`; what `done` throws.
 */
export async function runQueuedSweep(options: QueuedSweepOptions): Promise<void> {
  const sweep = new QueuedSweep(options);
  const ring = (): void => sweep.bell.ring();
  const { signal, timings } = options;
  signal.addEventListener('abort', ring);
  let patienceMs = timings.lostMs;
  try {
    await sweep.run();
  } catch (cause) {
    if (isLost(cause)) patienceMs = timings.farewellMs;
    throw cause;
  } finally {
    signal.removeEventListener('abort', ring);
    await within(patienceMs, sweep.tidy()).catch(() => undefined);
  }
}

class QueuedSweep {
  readonly bell = new Bell();
  readonly #options: QueuedSweepOptions;
  readonly #notice: ExperimentNotice;
  readonly #parts: readonly string[];
  /** Not yet in the queue, the next one last. */
  readonly #open: number[];
  /** In the queue, by id. */
  readonly #waiting = new Map<string, number>();
  /** Put in again: it may be in the queue though its cell is there. */
  readonly #again = new Set<string>();
  /** What was heard of cells that are waited for. */
  readonly #heard = new Map<string, CellEnd>();
  #stopListening: (() => Promise<void>) | undefined;

  constructor(options: QueuedSweepOptions) {
    const { plan, files, build, indexes } = options;
    this.#options = options;
    this.#open = [...indexes].reverse();
    this.#parts = split(Buffer.from(packExperiment(plan, files)).toString('base64'));
    this.#notice = {
      id: experimentIdOf(plan.hash, build),
      plan: plan.hash,
      build,
      version: plan.options.version,
      scenario: plan.scenario.name,
      runs: plan.cellCount,
      parts: this.#parts.length,
    };
  }

  async run(): Promise<void> {
    const { queue, signal } = this.#options;
    await queue.expire();
    this.#stopListening = await queue.cells.listen((id, end) => {
      if (!this.#waiting.has(id)) return;
      this.#heard.set(id, end);
      this.bell.ring();
    });
    const sinceLook = new Stopwatch();
    let isFirst = true;
    while (!signal.aborted && this.#open.length + this.#waiting.size > 0) {
      if (isFirst || sinceLook.elapsedMs >= this.#lookMs) {
        await this.#publish();
        await this.#look();
        sinceLook.restart();
        isFirst = false;
      }
      await this.#fill();
      await this.#takeIn();
      if (this.#heard.size === 0 && this.#waiting.size > 0) await this.bell.wait(this.#lookMs);
    }
  }

  /** Few cells are looked up more often than many: it costs a question each. */
  get #lookMs(): number {
    const { lookMs } = this.#options.timings;
    return Math.min(lookMs, Math.max(lookMs / 5, this.#waiting.size * LOOK_MS_EACH));
  }

  /** Takes this sweep out of the queue, as far as the server still answers. */
  async tidy(): Promise<void> {
    const { queue, timings } = this.#options;
    await this.#stopListening?.();
    // The notice first: what is finished from here on is wanted by nobody, and whoever finishes it removes it.
    await queue.experiments.remove(this.#notice.id);
    const ids = [...new Set([...this.#waiting.keys(), ...this.#again])];
    await this.#forEach(ids, (id) => queue.cells.remove(id));
    const busy: string[] = [];
    await this.#forEach(ids, async (id) => {
      if ((await queue.cells.look(id)) !== 'missing') busy.push(id);
    });
    // Somebody may just have seen the notice, and have finished one meanwhile.
    if (busy.length > 0) await new Bell().wait(timings.retryMs);
    await this.#forEach(busy, (id) => queue.cells.remove(id));
    for (const index of this.#parts.keys()) await queue.parts.remove(partIdOf(this.#notice.id, index));
  }

  /** The package first: who sees the notice finds it. */
  async #publish(): Promise<void> {
    const { experiments, parts } = this.#options.queue;
    for (const [index, text] of this.#parts.entries()) {
      const id = partIdOf(this.#notice.id, index);
      if (!(await parts.has(id))) await parts.put(id, text);
    }
    await experiments.put(this.#notice.id, writeNotice(this.#notice));
  }

  async #fill(): Promise<void> {
    const jobs: { readonly id: string; readonly job: { experiment: string; index: number } }[] = [];
    while (this.#waiting.size < WINDOW_MAX) {
      const index = this.#open.pop();
      if (index === undefined) break;
      const id = `${this.#notice.id}-${index}`;
      this.#waiting.set(id, index);
      jobs.push({ id, job: { experiment: this.#notice.id, index } });
    }
    if (jobs.length > 0) await this.#options.queue.cells.add(jobs);
  }

  /** Looks up what is waited for, and adds again what is gone. */
  async #look(): Promise<void> {
    const { cells } = this.#options.queue;
    this.#options.heard(await cells.countWorkers());
    await this.#forEach([...this.#waiting], async ([id, index]) => {
      const end = await cells.look(id);
      if (end === 'missing' && this.#waiting.has(id) && !this.#heard.has(id)) {
        this.#again.add(id);
        await cells.add([{ id, job: { experiment: this.#notice.id, index } }]);
      } else if (end !== 'open' && end !== 'missing') this.#heard.set(id, end);
    });
  }

  async #takeIn(): Promise<void> {
    const ended = [...this.#heard];
    this.#heard.clear();
    const { queue, done } = this.#options;
    await this.#forEach(ended, async ([id, news]) => {
      // A cell is the same whenever it was made. A failure may be of an earlier sweep: the queue knows.
      const end = news.type === 'done' ? news : await queue.cells.look(id);
      const index = this.#waiting.get(id);
      if (index === undefined || end === 'open' || end === 'missing') return;
      this.#waiting.delete(id);
      try {
        // It is kept here before the queue forgets it.
        if (end.type === 'done') done(this.#read(end.text, index));
      } finally {
        await queue.cells.remove(id);
      }
      if (end.type === 'failed') throw this.#lost(index, end.reason);
    });
  }

  #read(text: string, index: number): Cell {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      value = undefined;
    }
    const cell = cellSchema.safeParse(value);
    const isOurs =
      cell.success && cell.data.index === index && cell.data.seed === this.#options.plan.seedOf(index);
    if (!isOurs) throw this.#lost(index, 'what came back is not the result of this run');
    return cell.data;
  }

  #lost(index: number, reason: string): CodedError {
    const code: ExperimentCode = 'EXPERIMENT_CELL_LOST';
    const message = `no result of run ${index} from the queue: ${reason}\n${this.#options.rerunOf(index)}`;
    return new CodedError(code, message, { index });
  }

  async #forEach<Item>(items: readonly Item[], action: (item: Item) => Promise<unknown>): Promise<void> {
    for (let start = 0; start < items.length; start += QUESTIONS_MAX)
      await Promise.all(items.slice(start, start + QUESTIONS_MAX).map(action));
  }
}

function isLost(cause: unknown): boolean {
  return cause instanceof CodedError && cause.code === ('QUEUE_LOST' satisfies ExperimentCode);
}

function split(text: string): readonly string[] {
  const count = Math.ceil(text.length / PART_CHARS_MAX);
  return Array.from({ length: count }, (_, index) =>
    text.slice(index * PART_CHARS_MAX, (index + 1) * PART_CHARS_MAX),
  );
}
