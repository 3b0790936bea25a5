/**
 * `sidereal inspect`: replays what a node took in, from the log that `sidereal run --out` leaves or from those in the data
 * directory of a devnet's node, and shows step by step what it did and how its rows changed. A replay that gives anything
 * else than the recorded run did ends with code 1.
 */
import { createInterface, type Interface } from 'node:readline';
import type { ReportedRoot } from '../replay/inputLog.ts';
import type { ReplayStep } from '../replay/replay.ts';
import { parseDuration } from '../scenario/reader.ts';
import { type ExitCode, exitCodes } from './codes.ts';
import { counted, seconds } from './format.ts';
import { type EndedLife, openTarget } from './inspectTarget.ts';
import { type InspectNames, plainOf, renderStep } from './inspectView.ts';
import type { CliIo } from './io.ts';

export interface InspectOptions {
  /** A node's name or its index. */
  readonly node?: string | undefined;
  /** Last instant to show, in ms of the node's clock. */
  readonly until?: number | undefined;
  readonly step?: boolean | undefined;
  /** No steps, only how it ended. */
  readonly summary?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Reads a line from the user; undefined: there is nobody any more. */
export type AskLine = (prompt: string) => Promise<string | undefined>;

const STEP_PROMPT = 'enter: next   j 40s: jump to   q: quit > ';

/** Replays one node. @returns The exit code; a promise of it when the user steps. */
export function inspect(dir: string, options: InspectOptions, io: CliIo): ExitCode | Promise<ExitCode> {
  const target = openTarget(dir, options.node);
  const session = new InspectSession({ name: target.name, names: target.names, options }, io);
  const steps = target.replay((life) => session.endLife(life));
  if (options.step !== true) {
    for (const step of steps) if (!session.show(step)) break;
    return session.finish();
  }
  const lines = createInterface({ input: process.stdin, terminal: false });
  return walk(steps, session, askOn(lines)).finally(() => lines.close());
}

/** Shows one step whenever the user asks for it. */
export async function walk(
  steps: Iterable<ReplayStep>,
  session: InspectSession,
  ask: AskLine,
): Promise<ExitCode> {
  let untilMs = Number.NEGATIVE_INFINITY;
  for (const step of steps) {
    const isSkipped = step.recorded.input.nowMs < untilMs;
    if (!(isSkipped ? session.skip(step) : session.show(step))) break;
    if (isSkipped) continue;
    const answer = (await ask(STEP_PROMPT))?.trim();
    if (answer === undefined || answer === 'q') break;
    const [, target = ''] = /^j\s+(\S+)$/.exec(answer) ?? [];
    untilMs = parseDuration(target) ?? Number.NEGATIVE_INFINITY;
  }
  return session.finish();
}

/** The prompt goes to standard error, where it is in nobody's way. */
function askOn(lines: Interface): AskLine {
  const iterator = lines[Symbol.asyncIterator]();
  return async (prompt) => {
    process.stderr.write(prompt);
    const { value, done } = await iterator.next();
    return done === true ? undefined : value;
  };
}

export interface InspectSessionOptions {
  /** The node's. */
  readonly name: string;
  readonly names: InspectNames;
  readonly options: InspectOptions;
}

/** Shows steps and keeps count. */
export class InspectSession {
  readonly #options: InspectSessionOptions;
  readonly #io: CliIo;
  #stepCount = 0;
  #lastMs = 0;
  #lifeCount = 0;
  #isCut = false;
  /** The newest block that became final, with its root; and how many did. */
  #reached: ReportedRoot | undefined;
  #heightCount = 0;
  /** A process that was killed between a block and its write makes that block final again. */
  #highest = 0;
  /** Ranges of heights that no log holds, because recording had ended. */
  readonly #gaps: { readonly from: number; readonly to: number }[] = [];
  #differing: ReplayStep | undefined;

  constructor(options: InspectSessionOptions, io: CliIo) {
    this.#options = options;
    this.#io = io;
  }

  /** @returns False when there is no more to show. */
  show(step: ReplayStep): boolean {
    if (!this.skip(step)) return false;
    const { names, options } = this.#options;
    if (options.summary === true) return true;
    this.#io.out(`${options.json === true ? JSON.stringify(stepLine(step)) : renderStep(step, names)}\n`);
    return true;
  }

  /** Counts a step without showing it. @returns False when there is no more to show. */
  skip(step: ReplayStep): boolean {
    const { nowMs } = step.recorded.input;
    if (nowMs > (this.#options.options.until ?? Number.POSITIVE_INFINITY)) return false;
    this.#stepCount += 1;
    this.#lastMs = nowMs;
    const isContinuation = step.started === undefined || this.#follow(step.started);
    if (!step.isAsRecorded || !isContinuation) this.#differing ??= step;
    for (const root of step.roots) {
      if (root.height > this.#highest) this.#heightCount += 1;
      this.#highest = Math.max(this.#highest, root.height);
      this.#reached = root;
    }
    return true;
  }

  /** The process ended there. */
  endLife(life: EndedLife): void {
    this.#lifeCount += 1;
    if (life.isCut) this.#isCut = true;
    // A simulation has its own word for what a node went through.
    if (life.number === undefined) return;
    const { name, options } = this.#options;
    const { height = null } = this.#reached ?? {};
    if (options.json === true) {
      const line = { type: 'life_finished', node: name, life: life.number, steps: this.#stepCount, height };
      this.#io.out(`${JSON.stringify({ ...line, end: life.end, torn_bytes: life.tornBytes })}\n`);
      return;
    }
    const reached = height === null ? 'no block' : `height ${height}`;
    this.#io.out(
      `${name}: life ${life.number} until ${seconds(this.#lastMs)}, ${reached}; ${describeEnd(life)}.\n`,
    );
  }

  finish(): ExitCode {
    const { name, options } = this.#options;
    const isOk = this.#differing === undefined;
    if (options.json === true) {
      const line = {
        type: 'replay_finished',
        node: name,
        steps: this.#stepCount,
        lives: this.#lifeCount,
        heights: this.#heightCount,
        height: this.#reached?.height ?? null,
        state_root: this.#reached?.stateRoot ?? null,
        unrecorded: this.#gaps,
        differs_at: this.#differing?.number ?? null,
        cut: this.#isCut,
      };
      this.#io.out(`${JSON.stringify({ ...line, ok: isOk })}\n`);
    } else if (this.#stepCount === 0) this.#io.out(`${name}: no inputs were recorded.\n`);
    else this.#conclude(name);
    return isOk ? exitCodes.ok : exitCodes.failed;
  }

  #conclude(name: string): void {
    const differing = this.#differing;
    const verdict =
      differing === undefined
        ? 'all outputs as recorded'
        : `outputs differ from the recorded ones, first at #${differing.number}`;
    this.#io.out(
      `${name}: ${counted(this.#stepCount, 'input')} until ${seconds(this.#lastMs)}, ${verdict}.\n`,
    );
    for (const { from, to } of this.#gaps) {
      this.#io.out(`${name}: heights ${from} to ${to} are in no log: recording had ended.\n`);
    }
    if (this.#reached === undefined) return;
    const { height, stateRoot } = this.#reached;
    const equal = differing === undefined ? 'every root equal' : 'not all as recorded';
    const heights = `${this.#heightCount} height${this.#heightCount === 1 ? '' : 's'}`;
    this.#io.out(`${name}: ${heights}, ${equal}; height ${height} has state root ${stateRoot}.\n`);
  }

  /** A process starts on what the one before it left. @returns False when the store held another root than was replayed. */
  #follow(started: ReportedRoot): boolean {
    const before = this.#reached;
    if (before === undefined) {
      if (started.height > 0) this.#skipHeights(1, started);
      return true;
    }
    if (started.height > before.height) this.#skipHeights(before.height + 1, started);
    return started.height !== before.height || started.stateRoot === before.stateRoot;
  }

  #skipHeights(from: number, started: ReportedRoot): void {
    this.#gaps.push({ from, to: started.height });
    this.#reached = started;
    this.#highest = started.height;
  }
}

function describeEnd({ end, tornBytes }: EndedLife): string {
  switch (end) {
    case 'stopped':
      return 'stopped';
    case 'full':
      return 'recording ended there, the log was full';
    case 'torn':
      return tornBytes > 0
        ? `the process was killed: the last ${counted(tornBytes, 'byte')} are no whole frame`
        : 'the process was killed, or still runs';
  }
}

function stepLine({ number, recorded, outputs, thrown, changes, isAsRecorded }: ReplayStep): object {
  const { input, life, offset } = recorded;
  return {
    type: 'step',
    number,
    t: input.nowMs,
    life,
    offset,
    input: plainOf(input),
    outputs: plainOf(outputs),
    ...(thrown === undefined ? {} : { thrown }),
    changes: changes.map(({ name, before, after }) => ({
      row: name,
      before: plainOf(before) ?? null,
      after: plainOf(after) ?? null,
    })),
    as_recorded: isAsRecorded,
  };
}
