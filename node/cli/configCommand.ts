/** `sidereal config`: the effective configuration, or the JSON Schemas of configuration and scenario. */
import { withoutDatabasePassword } from '../config/autoBatchConfig.ts';
import { withoutPassword } from '../config/batcherConfig.ts';
import { formatProblems } from '../config/problem.ts';
import { renderConfig } from '../config/render.ts';
import { configJsonSchema } from '../config/schema.ts';
import { scenarioJsonSchema } from '../scenario/jsonSchema.ts';
import { type ExitCode, exitCodes } from './codes.ts';
import type { CliIo } from './io.ts';
import { readEffectiveConfig, type SourceOptions } from './sources.ts';

export interface ConfigCommandOptions extends SourceOptions {
  readonly schema?: boolean | undefined;
  readonly print?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Prints the effective configuration as commented YAML (or JSON), or the schemas. @returns The exit code. */
export function showConfig(options: ConfigCommandOptions, io: CliIo): ExitCode {
  if (options.schema === true) {
    io.out(
      `${JSON.stringify({ config: configJsonSchema(), scenario: scenarioJsonSchema() }, undefined, 2)}\n`,
    );
    return exitCodes.ok;
  }
  const config = readEffectiveConfig(io, options);
  if (!config.ok) {
    if (options.json === true)
      io.out(`${JSON.stringify({ ok: false, problems: config.problems }, undefined, 2)}\n`);
    else io.err(`${formatProblems(config.problems)}\n`);
    return exitCodes.usage;
  }
  const { batcher, auto_batch: autoBatch } = config.value.file;
  const file = {
    ...config.value.file,
    batcher: withoutPassword(batcher),
    auto_batch: withoutDatabasePassword(autoBatch),
  };
  io.out(options.json === true ? `${JSON.stringify(file, undefined, 2)}\n` : renderConfig(file));
  return exitCodes.ok;
}
