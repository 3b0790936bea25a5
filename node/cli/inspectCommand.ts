/**
 * `sidereal inspect`: replays what a node took in, from the log that `sidereal run --out` leaves, and shows step by step
 * what it did and how its rows changed. A replay that gives anything else than the recorded run did ends with code 1.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { findNearest } from '../config/problem.ts';
import { parseDuration } from '../scenario/reader.ts';
import { type InputLog, readInputLog } from '../simulation/replay/inputLog.ts';
import { type ReplayStep, replayNode } from '../simulation/replay/replay.ts';
import { type CliCode, type ExitCode, exitCodes } from './codes.ts';
import { counted, seconds } from './format.ts';
import { type InspectNames, plainOf, renderStep } from './inspectView.ts';
import type { CliIo } from './io.ts';
import { INPUT_LOG_FILE } from './outputDir.ts';

export interface InspectOptions {
  /** A node's name or its index. */
  readonly node?: string | undefined;
  /** Last instant to show, in ms of the node's clock. */
  readonly until?: number | undefined;
  readonly step?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Reads a line from the user; undefined: there is nobody any more. */
export type AskLine = (prompt: string) => Promise<string | undefined>;

const STEP_PROMPT = 'enter: next   j 40s: jump to   q: quit > ';

/** Replays one node of a run. @returns The exit code; a promise of it when the user steps. */
export function inspect(dir: string, options: InspectOptions, io: CliIo): ExitCode | Promise<ExitCode> {
  const log = openLog(dir);
  const names = { nodes: log.scenario.config.validators.map(({ name }) => name) };
  const node = findNode(options.node, names);
  const steps = replayNode(log, node);
  const session = new InspectSession({ name: names.nodes[node] ?? '', names, options, log }, io);
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
  readonly log: Pick<InputLog, 'isCut'>;
}

/** Shows steps and keeps count. */
export class InspectSession {
  readonly #options: InspectSessionOptions;
  readonly #io: CliIo;
  #stepCount = 0;
  #lastMs = 0;
  #differing: ReplayStep | undefined;

  constructor(options: InspectSessionOptions, io: CliIo) {
    this.#options = options;
    this.#io = io;
  }

  /** @returns False when there is no more to show. */
  show(step: ReplayStep): boolean {
    if (!this.skip(step)) return false;
    const { names, options } = this.#options;
    this.#io.out(`${options.json === true ? JSON.stringify(stepLine(step)) : renderStep(step, names)}\n`);
    return true;
  }

  /** Counts a step without showing it. @returns False when there is no more to show. */
  skip(step: ReplayStep): boolean {
    const { nowMs } = step.recorded.input;
    if (nowMs > (this.#options.options.until ?? Number.POSITIVE_INFINITY)) return false;
    this.#stepCount += 1;
    this.#lastMs = nowMs;
    if (!step.isAsRecorded) this.#differing ??= step;
    return true;
  }

  finish(): ExitCode {
    const { name, options, log } = this.#options;
    const differing = this.#differing;
    if (options.json === true) {
      const at = differing?.number ?? null;
      const line = {
        type: 'replay_finished',
        node: name,
        steps: this.#stepCount,
        differs_at: at,
        cut: log.isCut,
      };
      this.#io.out(`${JSON.stringify({ ...line, ok: differing === undefined })}\n`);
    } else if (this.#stepCount === 0) this.#io.out(`${name}: no inputs were recorded.\n`);
    else {
      const verdict =
        differing === undefined
          ? 'all outputs as recorded'
          : `outputs differ from the recorded ones, first at #${differing.number}`;
      this.#io.out(
        `${name}: ${counted(this.#stepCount, 'input')} until ${seconds(this.#lastMs)}, ${verdict}.\n`,
      );
    }
    return differing === undefined ? exitCodes.ok : exitCodes.failed;
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

function openLog(dir: string): InputLog {
  const path = join(dir, INPUT_LOG_FILE);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const code: CliCode = 'INPUT_LOG_MISSING';
    const message = `${path} cannot be read: ${(cause as Error).message}; sidereal run --out DIR records one`;
    throw new CodedError(code, message, { path }, { cause });
  }
  return readInputLog(bytes);
}

function findNode(wanted: string | undefined, { nodes }: InspectNames): number {
  if (wanted === undefined) return 0;
  const index = nodes.indexOf(wanted);
  if (index >= 0) return index;
  if (/^[0-9]{1,6}$/.test(wanted) && Number(wanted) < nodes.length) return Number(wanted);
  const code: CliCode = 'INPUT_LOG_NODE_UNKNOWN';
  const nearest = findNearest(wanted, nodes);
  const hint = nearest === undefined ? `known: ${nodes.join(', ')}` : `did you mean ${nearest}?`;
  throw new CodedError(code, `the run has no node \`${wanted}\`; ${hint}`, { node: wanted });
}
