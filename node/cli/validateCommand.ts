/** `sidereal validate`: checks scenarios, configurations and traces without running them. */
import { basename } from 'node:path';
import { readBaseFeeTrace } from '../config/baseFeeTrace.ts';
import { readTextFile, readYamlFile } from '../config/configSources.ts';
import { parseConfigSources } from '../config/parseConfig.ts';
import { addProblems, type Checked, formatProblems, type Problem } from '../config/problem.ts';
import { listGroups } from '../config/schema.ts';
import { loadScenario } from '../scenario/loadScenario.ts';
import { readTrace, TRACE_BYTES_MAX } from '../scenario/trace.ts';
import { type ExitCode, exitCodes } from './codes.ts';
import type { CliIo } from './io.ts';
import { type ConfigSources, readSources, type SourceOptions } from './sources.ts';

export interface ValidateOptions extends SourceOptions {
  readonly json?: boolean | undefined;
}

type FileKind = 'scenario' | 'configuration' | 'trace' | 'base-fee trace';

/** Of the first line, what is looked at to tell traces apart, in characters. */
const HEADER_CHARACTERS_MAX = 1000;

/** Checks files and says what each is. @returns The exit code. */
export function validateFiles(files: readonly string[], options: ValidateOptions, io: CliIo): ExitCode {
  const problems: Problem[] = [];
  const kinds: { readonly file: string; readonly kind: FileKind; readonly ok: boolean }[] = [];
  const sources = readSources(io, options);
  if (!sources.ok) addProblems(problems, sources.problems);
  for (const file of files) {
    const kind = kindOf(file);
    const checked = checkFile(file, kind, sources.ok ? sources.value : {});
    if (!checked.ok) addProblems(problems, checked.problems);
    kinds.push({ file, kind, ok: checked.ok });
  }
  if (options.json === true) {
    io.out(`${JSON.stringify({ ok: problems.length === 0, files: kinds, problems }, undefined, 2)}\n`);
  } else {
    for (const { file, kind, ok } of kinds) if (ok) io.out(`${file}: valid ${kind}\n`);
    if (problems.length > 0) io.err(`${formatProblems(problems)}\n`);
  }
  return problems.length === 0 ? exitCodes.ok : exitCodes.usage;
}

function checkFile(file: string, kind: FileKind, sources: Partial<ConfigSources>): Checked<unknown> {
  switch (kind) {
    case 'configuration':
      return checkConfig(file);
    case 'trace':
      return readTrace(file);
    case 'base-fee trace':
      return readBaseFeeTrace(basename(file), file);
    case 'scenario':
      return loadScenario(file, sources);
  }
}

/** A CSV file is a trace, of base fees when it has their column. A file is a configuration when it has one of its groups at the root, which no scenario has. */
function kindOf(file: string): FileKind {
  if (file.toLowerCase().endsWith('.csv')) {
    const text = readTextFile(file, TRACE_BYTES_MAX);
    const header = text.ok ? text.value.slice(0, HEADER_CHARACTERS_MAX).split('\n')[0] : '';
    return header?.includes('base_fee_gwei') === true ? 'base-fee trace' : 'trace';
  }
  const parsed = readYamlFile(file);
  if (!parsed.ok) return 'scenario';
  return listGroups().some(({ key }) => parsed.value.entries.has(key)) ? 'configuration' : 'scenario';
}

function checkConfig(file: string): Checked<unknown> {
  const parsed = readYamlFile(file);
  return parsed.ok ? parseConfigSources([parsed.value], { readBaseFees: readBaseFeeTrace }) : parsed;
}
