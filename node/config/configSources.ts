/** The configuration's sources outside the scenario: a file, the environment, `--set` options. */
import { readFileSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { AUTO_BATCH_GROUP, autoBatchKeyOf } from './autoBatchConfig.ts';
import { type Located, type LocatedMap, locatePlain, parseYaml, YAML_BYTES_MAX } from './located.ts';
import type { Checked, Position, Problem } from './problem.ts';
import { knownKeys } from './schema.ts';

const ENVIRONMENT_PREFIX = 'SIDEREAL_';

/** Gives the text of a file, of at most so many bytes. */
export type TextReader = (path: string, byteCountMax: number) => Checked<string>;

/** Reads a text file of bounded size from the disk. */
export function readTextFile(path: string, byteCountMax: number): Checked<string> {
  const at: Position = { file: path, line: undefined, column: undefined };
  const fail = (code: 'FILE_UNREADABLE' | 'FILE_TOO_LARGE', message: string): Checked<string> => ({
    ok: false,
    problems: [{ ...at, path: '', code, message, hint: undefined }],
  });
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return fail('FILE_UNREADABLE', 'expected a file, got something else');
    if (stats.size > byteCountMax)
      return fail('FILE_TOO_LARGE', `expected at most ${byteCountMax} bytes, got ${stats.size}`);
    return { ok: true, value: readFileSync(path, 'utf8') };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    return fail(
      'FILE_UNREADABLE',
      code === 'ENOENT' ? 'no such file' : `cannot be read (${code ?? String(cause)})`,
    );
  }
}

/** A YAML file as a source. */
export function readYamlFile(path: string): Checked<LocatedMap> {
  const text = readTextFile(path, YAML_BYTES_MAX);
  return text.ok ? parseYaml(text.value, path) : text;
}

/** A variable that sets a key. */
export interface SettingVariable {
  readonly variable: string;
  readonly path: readonly string[];
  readonly text: string;
}

/**
 * Environment variables `SIDEREAL_A__B=c`, by name: lower-cased, two underscores between levels. A variable without
 * two underscores is a key only when it names a whole group; others of the prefix belong to somebody else (test runs).
 * Those of the order engine, `AUTO_BATCH_…`, come first, so that the others overrule them.
 */
export function settingVariables(
  environment: Readonly<Record<string, string | undefined>>,
): readonly SettingVariable[] {
  const settings: SettingVariable[] = [];
  for (const variable of Object.keys(environment).sort()) {
    const text = environment[variable];
    if (text === undefined) continue;
    const ordersKey = autoBatchKeyOf(variable);
    if (ordersKey !== undefined) settings.push({ variable, path: [AUTO_BATCH_GROUP, ordersKey], text });
    if (!variable.startsWith(ENVIRONMENT_PREFIX)) continue;
    const path = variable.slice(ENVIRONMENT_PREFIX.length).toLowerCase().split('__');
    if (path.length === 1 && !knownKeys([]).includes(path[0] ?? '')) continue;
    settings.push({ variable, path, text });
  }
  return settings;
}

/** Environment variables `SIDEREAL_A__B=c` as `a.b: c`, and those of the order engine. */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Checked<Located[]> {
  return readAssignments(
    settingVariables(environment).map(({ variable, path, text }) => ({
      label: `environment ${variable}`,
      path,
      text,
    })),
  );
}

/** `--set a.b=c` options in order. */
export function readSettings(settings: readonly string[]): Checked<Located[]> {
  const problems: Problem[] = [];
  const assignments: Assignment[] = [];
  for (const setting of settings) {
    const split = setting.indexOf('=');
    const label = `--set ${setting}`;
    if (split <= 0) {
      const message = 'expected key=value, such as settlement.batch_size=10';
      problems.push({
        file: label,
        line: undefined,
        column: undefined,
        path: '',
        code: 'CONFIG_VALUE_INVALID',
        message,
        hint: undefined,
      });
    } else
      assignments.push({
        label,
        path: setting.slice(0, split).trim().split('.'),
        text: setting.slice(split + 1),
      });
  }
  const read = readAssignments(assignments);
  if (read.ok && problems.length === 0) return read;
  return { ok: false, problems: [...problems, ...(read.ok ? [] : read.problems)] };
}

interface Assignment {
  readonly label: string;
  readonly path: readonly string[];
  readonly text: string;
}

/** Values are read as YAML, so numbers, booleans and `[lists]` need no quotes of their own. */
function readAssignments(assignments: readonly Assignment[]): Checked<Located[]> {
  const problems: Problem[] = [];
  const sources: Located[] = [];
  for (const { label, path, text } of assignments) {
    const parsed = parseYaml(`value: ${text}\n`, label);
    if (parsed.ok && parsed.value.entries.size !== 1) {
      const message = 'expected one value, got more keys behind a line break';
      const place = { file: label.split('\n')[0] ?? label, line: undefined, column: undefined };
      problems.push({ ...place, path: '', code: 'CONFIG_VALUE_INVALID', message, hint: undefined });
      continue;
    }
    if (!parsed.ok) {
      problems.push(
        ...parsed.problems.map((problem) => ({ ...problem, line: undefined, column: undefined })),
      );
      continue;
    }
    const at: Position = { file: label, line: undefined, column: undefined };
    const value = parsed.value.entries.get('value')?.value;
    let located: Located = value === undefined ? locatePlain(null, at) : relocate(value, at);
    for (const key of [...path].reverse()) {
      located = { kind: 'map', at, entries: new Map([[key, { keyAt: at, value: located }]]) };
    }
    sources.push(located);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: sources };
}

/** A whole number beyond 2^53 becomes text, the way amounts want it: there are no quotes to add on a command line. */
function relocate(located: Located, at: Position): Located {
  if (located.kind === 'scalar') {
    return {
      kind: 'scalar',
      at,
      value: typeof located.value === 'bigint' ? String(located.value) : located.value,
    };
  }
  if (located.kind === 'list')
    return { kind: 'list', at, items: located.items.map((item) => relocate(item, at)) };
  const entries = [...located.entries].map(
    ([key, entry]) => [key, { keyAt: at, value: relocate(entry.value, at) }] as const,
  );
  return { kind: 'map', at, entries: new Map(entries) };
}

/** The directory part of a file's name and a path within it, in POSIX spelling. */
export function resolveBeside(from: string, path: string): string {
  return posix.isAbsolute(path) ? path : posix.join(posix.dirname(from), path);
}
