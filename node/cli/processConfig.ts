/** The configuration of one process: its file, with the paths in it resolved from where the file stands. */
import { dirname, resolve } from 'node:path';
import { formatProblems } from '../config/problem.ts';
import type { Config } from '../config/types.ts';
import type { CliIo } from './io.ts';
import { readEffectiveConfig, type SourceOptions } from './sources.ts';

export interface ProcessConfigOptions extends SourceOptions {
  readonly config: string;
}

/** @returns Undefined when the file is not right; what is wrong has been said. */
export function readProcessConfig(options: ProcessConfigOptions, io: CliIo): Config | undefined {
  const parsed = readEffectiveConfig(io, options);
  if (!parsed.ok) {
    io.err(`${formatProblems(parsed.problems)}\n`);
    return undefined;
  }
  const { config } = parsed.value;
  const folder = dirname(options.config);
  const from = (path: string): string => (path === '' ? '' : resolve(folder, path));
  return {
    ...config,
    node: {
      ...config.node,
      keyFile: from(config.node.keyFile),
      operatorKeyFile: from(config.node.operatorKeyFile),
    },
    storage: { ...config.storage, path: from(config.storage.path) },
    log: { ...config.log, file: from(config.log.file) },
  };
}
