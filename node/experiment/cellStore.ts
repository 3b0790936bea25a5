/**
 * The folder of a sweep: experiment.json says whose cells these are, cells.ndjson holds each finished cell as a line, and
 * the results stand beside them. A folder that holds anything else is refused before anything is written, so cells are
 * only ever taken over by the very same experiment, run by the very same program.
 */
import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { makeFolders } from '../folders.ts';
import { type Cell, cellSchema } from './cell.ts';

const IDENTITY_FILE = 'experiment.json';
const CELLS_FILE = 'cells.ndjson';
const fileNames = [IDENTITY_FILE, CELLS_FILE, 'results.json', 'results.csv', 'report.html'] as const;
/** Before a file takes the place of an older one. */
const DRAFT_SUFFIX = '.draft';

export interface ExperimentIdentity {
  /** Plan and version. */
  readonly experiment: string;
  /** Fingerprint of the program. */
  readonly program: string;
  /** For people: what was swept. */
  readonly scenario: string;
  readonly version: string;
}

/** Says why a folder cannot take this experiment, or nothing when it can. Changes nothing. */
export function findFolderProblem(dir: string, identity: ExperimentIdentity): string | undefined {
  if (!existsSync(dir)) return undefined;
  let entries: string[];
  try {
    entries = readdirSync(dir);
  } catch {
    return `${dir} is not a folder`;
  }
  if (entries.length === 0) return undefined;
  const known: readonly string[] = [...fileNames, ...fileNames.map((name) => `${name}${DRAFT_SUFFIX}`)];
  const foreign = entries.filter((entry) => !known.includes(entry));
  if (foreign.length > 0) return `${dir} holds other files (${foreign.slice(0, 3).join(', ')})`;
  const earlier = readIdentity(dir);
  if (earlier === undefined) return `${dir} holds files of a sweep that has no ${IDENTITY_FILE}`;
  if (earlier.experiment !== identity.experiment) {
    const name = String(earlier.scenario ?? 'a scenario');
    return `${dir} holds another experiment: a sweep of "${name}" with other points, seeds, settings or files`;
  }
  if (earlier.program === identity.program) return undefined;
  return `${dir} holds this experiment as another build of the program ran it`;
}

function readIdentity(dir: string): Partial<ExperimentIdentity> | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, IDENTITY_FILE), 'utf8')) ?? undefined;
  } catch {
    return undefined;
  }
}

export class CellStore {
  readonly #dir: string;
  /** By index. */
  readonly #cells = new Map<number, Cell>();

  /**
   * Opens or makes the folder, and reads the cells that are there.
   * @throws {CodedError} `OUT_DIR_TAKEN`, `OUT_DIR_UNWRITABLE`.
   */
  constructor(dir: string, identity: ExperimentIdentity, cellCount: number) {
    this.#dir = dir;
    const problem = findFolderProblem(dir, identity);
    if (problem !== undefined)
      throw new CodedError('OUT_DIR_TAKEN', `--out: ${problem}: choose another folder or empty this one`, {
        dir,
      });
    this.#guard(() => {
      makeFolders(dir);
      if (!existsSync(join(dir, IDENTITY_FILE)))
        this.#replace(IDENTITY_FILE, `${JSON.stringify(identity)}\n`);
      this.#read(cellCount);
    });
  }

  get cells(): ReadonlyMap<number, Cell> {
    return this.#cells;
  }

  /** Keeps a cell; it is on disk when this returns, as far as the system's cache is. */
  add(cell: Cell): void {
    this.#guard(() => appendFileSync(join(this.#dir, CELLS_FILE), `${JSON.stringify(cell)}\n`));
    this.#cells.set(cell.index, cell);
  }

  /** Writes a file of results as a whole. */
  write(name: 'results.json' | 'results.csv' | 'report.html', text: string): void {
    this.#guard(() => this.#replace(name, text));
  }

  /** Lines that are no cell of this sweep, such as one that was being written when the power failed, are run again. */
  #read(cellCount: number): void {
    const path = join(this.#dir, CELLS_FILE);
    if (!existsSync(path)) return;
    const text = readFileSync(path, 'utf8');
    for (const line of text.split('\n')) {
      const cell = parseCell(line);
      if (cell !== undefined && cell.index < cellCount) this.#cells.set(cell.index, cell);
    }
    if (text !== '' && !text.endsWith('\n')) appendFileSync(path, '\n');
  }

  #replace(name: string, text: string): void {
    const draft = join(this.#dir, `${name}${DRAFT_SUFFIX}`);
    writeFileSync(draft, text);
    renameSync(draft, join(this.#dir, name));
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (cause) {
      if (cause instanceof CodedError) throw cause;
      throw new CodedError('OUT_DIR_UNWRITABLE', `${this.#dir}: ${(cause as Error).message}`, {}, { cause });
    }
  }
}

function parseCell(line: string): Cell | undefined {
  if (line === '') return undefined;
  try {
    const parsed = cellSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
