/**
 * One thing that is wrong in a file, a variable or an option, with its place. Checks gather problems instead of
 * stopping at the first, so that one run names everything there is to mend.
 */
import { distance } from 'fastest-levenshtein';

/** Where a value stands. `line` and `column` count from 1; undefined for values that are not in a file. */
export interface Position {
  readonly file: string;
  readonly line: number | undefined;
  readonly column: number | undefined;
}

export interface Problem extends Position {
  /** Keys and indexes from the root, joined by dots; empty for the whole document. */
  readonly path: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

/** A checked value, or everything that is wrong with it. */
export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Problems shown for one input; a file of rubbish must not flood the terminal. */
export const PROBLEMS_SHOWN_MAX = 50;

/** Problems kept of one file; the rest is only counted. */
export const PROBLEMS_KEPT_MAX = 1000;
/** Unknown words of one file for which the nearest known one is looked up: each look-up compares it with all. */
export const SUGGESTIONS_MAX = 20;

/** Takes the problems of one file, at most `PROBLEMS_KEPT_MAX` of them and one that counts the rest. */
export function addProblems(problems: Problem[], more: readonly Problem[]): void {
  for (const problem of limitProblems(more)) problems.push(problem);
}

/** The first `PROBLEMS_KEPT_MAX`, and one that counts the rest. */
export function limitProblems(problems: readonly Problem[]): readonly Problem[] {
  if (problems.length <= PROBLEMS_KEPT_MAX + 1) return problems;
  const kept = problems.slice(0, PROBLEMS_KEPT_MAX);
  const [first] = kept;
  const message = `and ${problems.length - PROBLEMS_KEPT_MAX} more problems in this file`;
  kept.push({
    file: first?.file ?? '',
    line: undefined,
    column: undefined,
    path: '',
    code: 'PROBLEMS_OMITTED',
    message,
    hint: undefined,
  });
  return kept;
}

/** One line: `file:line:column: path: message; hint [CODE]`. */
export function formatProblem(problem: Problem): string {
  const place =
    problem.line === undefined ? problem.file : `${problem.file}:${problem.line}:${problem.column ?? 1}`;
  const path = problem.path === '' ? '' : `${problem.path}: `;
  const hint = problem.hint === undefined ? '' : `; ${problem.hint}`;
  return `${place}: ${path}${problem.message}${hint} [${problem.code}]`;
}

/** All problems, one a line, at most `PROBLEMS_SHOWN_MAX` of them. */
export function formatProblems(problems: readonly Problem[]): string {
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX);
  const lines = shown.map(formatProblem);
  const rest = problems.slice(PROBLEMS_SHOWN_MAX);
  const counts = rest.filter(({ code }) => code === 'PROBLEMS_OMITTED');
  if (rest.length > counts.length) lines.push(`… and ${rest.length - counts.length} more problems`);
  for (const count of counts) lines.push(formatProblem(count));
  return lines.join('\n');
}

/** In file order, so that a reader mends from top to bottom. Stable for problems of one place. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const order = (problem: Problem): number => problem.line ?? 0;
  return [...problems].sort((a, b) => order(a) - order(b) || (a.column ?? 0) - (b.column ?? 0));
}

/**
 * The known word nearest to `word` by edit distance, if it is near enough to be what was meant.
 * @returns Undefined when more than a third of the letters (at least 2) would have to change.
 */
export function findNearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > 100) return undefined;
  let nearest: string | undefined;
  let nearestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const candidateDistance = distance(word.toLowerCase(), candidate.toLowerCase());
    if (candidateDistance < nearestDistance && candidateDistance < candidate.length) {
      nearest = candidate;
      nearestDistance = candidateDistance;
    }
  }
  return nearest;
}

/** The hint for an unknown word: the nearest known one, or the list when it is short. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const nearest = findNearest(word, known);
  if (nearest !== undefined) return `did you mean \`${nearest}\`?`;
  return known.length > 0 && known.length <= 24 ? `known here: ${known.join(', ')}` : undefined;
}

/** A value as a message shows it: short, and with its type plain to see. */
export function showValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'a map';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** A rule over several keys that does not hold. */
export interface BrokenRule {
  /** Keys in the file's spelling; the first that stands in a source is the one the message points to. */
  readonly paths: readonly (readonly (string | number)[])[];
  readonly message: string;
  readonly hint?: string;
}
