/**
 * The configuration of one process: its files, later over earlier, with the paths in them resolved from where the file
 * stands that says them; those of a variable or an option, from the last file.
 */
import { dirname, resolve } from 'node:path';
import { readBaseFeeTrace } from '../config/baseFeeTrace.ts';
import { type Located, valueAt } from '../config/located.ts';
import { parseConfigSources } from '../config/parseConfig.ts';
import { type Checked, formatProblems } from '../config/problem.ts';
import type { Config } from '../config/types.ts';
import type { CliIo } from './io.ts';
import { type ConfigSources, readSources, type SourceOptions } from './sources.ts';

export interface ProcessConfigOptions extends SourceOptions {
  readonly config: readonly string[];
}

/** @returns Undefined when the files are not right; what is wrong has been said. */
export function readProcessConfig(options: ProcessConfigOptions, io: CliIo): Config | undefined {
  const refuse = ({ problems }: Extract<Checked<unknown>, { ok: false }>): undefined => {
    io.err(`${formatProblems(problems)}\n`);
    return undefined;
  };
  const sources = readSources(io, options);
  if (!sources.ok) return refuse(sources);
  const { below, above } = sources.value;
  const last = options.config.at(-1) ?? '';
  const parsed = parseConfigSources([...below, ...above], {
    readBaseFees: readBaseFeeTrace,
    resolvePath: (path, file) => resolve(dirname(file ?? last), path),
  });
  if (!parsed.ok) return refuse(parsed);
  const { config } = parsed.value;
  const from = (path: string, group: string, key: string): string =>
    path === '' ? '' : resolve(dirname(fileOf(sources.value, [group, key]) ?? last), path);
  return {
    ...config,
    node: {
      ...config.node,
      keyFile: from(config.node.keyFile, 'node', 'key_file'),
      operatorKeyFile: from(config.node.operatorKeyFile, 'node', 'operator_key_file'),
    },
    storage: { ...config.storage, path: from(config.storage.path, 'storage', 'path') },
    log: { ...config.log, file: from(config.log.file, 'log', 'file') },
  };
}

/** The file whose word counts for a key; undefined where none says it, or something else overrules it. */
function fileOf({ below, above }: ConfigSources, path: readonly string[]): string | undefined {
  const saying = (source: Located): boolean => valueAt(source, path) !== undefined;
  if (above.some(saying)) return undefined;
  const source = below.findLast(saying);
  return source === undefined ? undefined : valueAt(source, path)?.at.file;
}
