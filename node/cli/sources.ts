/** Gathers the configuration sources that the command line adds to a scenario. */
import { readBaseFeeTrace } from '../config/baseFeeTrace.ts';
import { readEnvironment, readSettings, readYamlFile } from '../config/configSources.ts';
import type { Located } from '../config/located.ts';
import { type ParsedConfig, parseConfigSources } from '../config/parseConfig.ts';
import { addProblems, type Checked, type Problem } from '../config/problem.ts';
import type { CliIo } from './io.ts';

export interface SourceOptions {
  /** One file, or several: later over earlier. */
  readonly config?: string | readonly string[] | undefined;
  readonly set?: readonly string[] | undefined;
}

export interface ConfigSources {
  /** Under the scenario: the files of `--config`. */
  readonly below: readonly Located[];
  /** Over it: environment, then `--set`. */
  readonly above: readonly Located[];
}

export function readSources(io: CliIo, options: SourceOptions): Checked<ConfigSources> {
  const problems: Problem[] = [];
  const take = <Value>(checked: Checked<Value>, fallback: Value): Value => {
    if (checked.ok) return checked.value;
    addProblems(problems, checked.problems);
    return fallback;
  };
  const below: Located[] = [];
  for (const path of [options.config ?? []].flat()) {
    const file = readYamlFile(path);
    if (file.ok) below.push(file.value);
    else addProblems(problems, file.problems);
  }
  const above = [...take(readEnvironment(io.environment), []), ...take(readSettings(options.set ?? []), [])];
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: { below, above } };
}

/** The effective configuration without a scenario. */
export function readEffectiveConfig(io: CliIo, options: SourceOptions): Checked<ParsedConfig> {
  const sources = readSources(io, options);
  if (!sources.ok) return sources;
  return parseConfigSources([...sources.value.below, ...sources.value.above], {
    readBaseFees: readBaseFeeTrace,
  });
}
