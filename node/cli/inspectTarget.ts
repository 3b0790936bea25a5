/**
 * What `sidereal inspect` can look into: the folder of a simulated run, with one log of all its nodes; the data directory
 * of a devnet, with a folder a node; or one such folder, with a log a life of the process.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { findNearest } from '../config/problem.ts';
import { FileSource } from '../replay/frames.ts';
import { INPUT_FOLDER, type LifeFile, listLives } from '../replay/inputFolder.ts';
import { readInputLog } from '../replay/inputLog.ts';
import { type LifeEnd, readNodeLog } from '../replay/nodeLog.ts';
import { type ReplayStep, replayLife, replayNode } from '../replay/replay.ts';
import type { CliCode } from './codes.ts';
import type { InspectNames } from './inspectView.ts';
import { INPUT_LOG_FILE } from './outputDir.ts';

/** A process whose log is replayed to its end. */
export interface EndedLife {
  /** Undefined: a simulated run, whose lives have no files. */
  readonly number: number | undefined;
  readonly end: LifeEnd;
  readonly tornBytes: number;
  /** The log had no room for all of it. */
  readonly isCut: boolean;
}

export interface InspectTarget {
  /** The node's. */
  readonly name: string;
  readonly names: InspectNames;
  replay(onEnd: (life: EndedLife) => void): Iterable<ReplayStep>;
}

/** @throws {CodedError} `INPUT_LOG_MISSING`, `INPUT_LOG_NODE_UNKNOWN`, `INPUT_LOG_DAMAGED`. */
export function openTarget(dir: string, node: string | undefined): InspectTarget {
  if (existsSync(join(dir, INPUT_LOG_FILE))) return openRun(join(dir, INPUT_LOG_FILE), node);
  if (existsSync(join(dir, INPUT_FOLDER))) {
    const own = basename(resolve(dir));
    if (node !== undefined && node !== own) throw unknownNode(node, [own]);
    return openNode(own, join(dir, INPUT_FOLDER));
  }
  const nodes = listRecordedNodes(dir);
  const name = node === undefined ? nodes[0] : nodes[findNode(node, nodes)];
  if (name !== undefined) return openNode(name, join(dir, name, INPUT_FOLDER));
  const code: CliCode = 'INPUT_LOG_MISSING';
  const message = `${dir} holds no log of inputs: \`sidereal run --out DIR\` leaves one, and so does \`sidereal devnet --set storage.record_inputs=true\``;
  throw new CodedError(code, message, { path: dir });
}

/** Folders of a data directory that have logs, `node-2` before `node-10`. */
function listRecordedNodes(dir: string): readonly string[] {
  let names: readonly string[];
  try {
    names = readdirSync(dir);
  } catch {
    return [];
  }
  return names
    .filter((name) => existsSync(join(dir, name, INPUT_FOLDER)))
    .sort((one, other) => one.length - other.length || (one < other ? -1 : 1));
}

function openRun(path: string, wanted: string | undefined): InspectTarget {
  const source = openFile(path);
  const log = readInputLog(source);
  const nodes = log.scenario.config.validators.map(({ name }) => name);
  const index = wanted === undefined ? 0 : findNode(wanted, nodes);
  return {
    name: nodes[index] ?? '',
    names: { nodes },
    *replay(onEnd) {
      try {
        yield* replayNode(log, index);
      } finally {
        source.close();
      }
      onEnd({ number: undefined, end: log.isCut ? 'full' : 'stopped', tornBytes: 0, isCut: log.isCut });
    },
  };
}

function openNode(name: string, folder: string): InspectTarget {
  const lives = listLives(folder);
  const nodes: string[] = [];
  return {
    name,
    names: { nodes },
    replay: (onEnd) => replayLives(lives, nodes, onEnd),
  };
}

/** @param nodes - Filled with the names of the network's nodes, which stand in the logs. */
function* replayLives(
  lives: readonly LifeFile[],
  nodes: string[],
  onEnd: (life: EndedLife) => void,
): Generator<ReplayStep> {
  let number = 0;
  for (const { life, path } of lives) {
    const source = openFile(path);
    try {
      const log = readNodeLog(source);
      if (log === undefined) {
        onEnd({ number: life, end: 'torn', tornBytes: source.byteCount, isCut: false });
        continue;
      }
      nodes.splice(0, nodes.length, ...log.options.genesis.validators.validators.map((each) => each.name));
      for (const step of replayLife(log, number)) {
        number = step.number;
        yield step;
      }
      onEnd({ number: life, end: log.end, tornBytes: log.tornBytes, isCut: log.end === 'full' });
    } catch (cause) {
      if (!(cause instanceof CodedError)) throw cause;
      throw new CodedError(cause.code, `${path}: ${cause.message}`, { ...cause.details, path }, { cause });
    } finally {
      source.close();
    }
  }
}

function openFile(path: string): FileSource {
  try {
    return new FileSource(path);
  } catch (cause) {
    const code: CliCode = 'INPUT_LOG_MISSING';
    throw new CodedError(code, `${path} cannot be read: ${(cause as Error).message}`, { path }, { cause });
  }
}

function findNode(wanted: string, nodes: readonly string[]): number {
  const index = nodes.indexOf(wanted);
  if (index >= 0) return index;
  if (/^[0-9]{1,6}$/.test(wanted) && Number(wanted) < nodes.length) return Number(wanted);
  throw unknownNode(wanted, nodes);
}

function unknownNode(wanted: string, nodes: readonly string[]): CodedError {
  const code: CliCode = 'INPUT_LOG_NODE_UNKNOWN';
  const nearest = findNearest(wanted, nodes);
  const hint = nearest === undefined ? `known: ${nodes.join(', ') || 'none'}` : `did you mean ${nearest}?`;
  return new CodedError(code, `no log of a node \`${wanted}\`; ${hint}`, { node: wanted });
}
