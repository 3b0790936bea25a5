/** `sidereal validate`: checks scenarios and configurations without running them. */
import { readBaseFeeTrace } from '../config/baseFeeTrace.ts';
import { readYamlFile } from '../config/configSources.ts';
import { parseConfigSources } from '../config/parseConfig.ts';
import { type Checked, formatProblems, type Problem } from '../config/problem.ts';
import { listGroups } from '../config/schema.ts';
import { loadScenario } from '../scenario/loadScenario.ts';
import { type ExitCode, exitCodes } from './codes.ts';
import type { CliIo } from './io.ts';
import { readSources, type SourceOptions } from './sources.ts';

export interface ValidateOptions extends SourceOptions {
  readonly json?: boolean | undefined;
}

type FileKind = 'scenario' | 'configuration';

/** Checks files and says what each is. @returns The exit code. */
export function validateFiles(files: readonly string[], options: ValidateOptions, io: CliIo): ExitCode {
  const problems: Problem[] = [];
  const kinds: { readonly file: string; readonly kind: FileKind; readonly ok: boolean }[] = [];
  const sources = readSources(io, options);
  if (!sources.ok) problems.push(...sources.problems);
  for (const file of files) {
    const kind = kindOf(file);
    const checked: Checked<unknown> =
      kind === 'configuration' ? checkConfig(file) : loadScenario(file, sources.ok ? sources.value : {});
    if (!checked.ok) problems.push(...checked.problems);
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

/** A file is a configuration when it has one of its groups at the root, which no scenario has. */
function kindOf(file: string): FileKind {
  const parsed = readYamlFile(file);
  if (!parsed.ok) return 'scenario';
  return listGroups().some(({ key }) => parsed.value.entries.has(key)) ? 'configuration' : 'scenario';
}

function checkConfig(file: string): Checked<unknown> {
  const parsed = readYamlFile(file);
  return parsed.ok ? parseConfigSources([parsed.value], { readBaseFees: readBaseFeeTrace }) : parsed;
}
