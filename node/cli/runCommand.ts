/** `sidereal run`: loads all scenarios first, runs them one after the other, and writes nothing if any file is bad. */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { formatProblems, type Problem } from '../config/problem.ts';
import { loadScenario } from '../scenario/loadScenario.ts';
import type { Scenario } from '../scenario/types.ts';
import type { RunResult } from '../simulation/result.ts';
import { runSimulation } from '../simulation/run.ts';
import { type CliCode, type ExitCode, exitCodes } from './codes.ts';
import { type CliIo, colorsOf } from './io.ts';
import { renderJunit } from './junit.ts';
import { logLine } from './log.ts';
import { findOutDirProblem, OutputDir } from './outputDir.ts';
import { Progress } from './progress.ts';
import { BANNER, renderIntroduction, renderReport } from './report.ts';
import { readSources, type SourceOptions } from './sources.ts';

export interface RunCommandOptions extends SourceOptions {
  readonly seed?: number | undefined;
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
  readonly junit?: string | undefined;
}

interface Job {
  readonly scenario: Scenario;
  readonly outDir: string | undefined;
}

/** Runs scenario files. @returns The exit code. */
export function runScenarios(files: readonly string[], options: RunCommandOptions, io: CliIo): ExitCode {
  const jobs: Job[] = [];
  const problems: Problem[] = [];
  const sources = readSources(io, options);
  if (!sources.ok) problems.push(...sources.problems);
  for (const file of files) {
    const loaded = loadScenario(file, { ...(sources.ok ? sources.value : {}), seed: options.seed });
    if (!loaded.ok) problems.push(...loaded.problems);
    else {
      if (loaded.value.warnings.length > 0) io.err(`${formatProblems(loaded.value.warnings)}\n`);
      jobs.push({ scenario: loaded.value.scenario, outDir: outDirOf(options.out, files, file) });
    }
  }
  problems.push(...findOutDirProblems(jobs));
  if (problems.length > 0) return refuseAll(problems, options, io);

  if (options.json !== true) io.out(`${BANNER}\n`);
  const results = jobs.map((job) => runJob(job, options, io));
  if (options.junit !== undefined) writeJunit(options.junit, results);
  const isOk = results.every(({ ok }) => ok);
  if (options.json === true) {
    io.out(`${JSON.stringify(results.length === 1 ? results[0] : { results, ok: isOk }, undefined, 2)}\n`);
  } else if (results.length > 1) {
    const failed = results.filter(({ ok }) => !ok).map(({ scenario }) => scenario);
    io.out(
      isOk
        ? `\n${results.length} scenarios, all held.\n`
        : `\n${failed.length} of ${results.length} scenarios failed: ${failed.join(', ')}\n`,
    );
  }
  return isOk ? exitCodes.ok : exitCodes.failed;
}

/** Several scenarios each get a folder of their own below `--out`. */
function outDirOf(out: string | undefined, files: readonly string[], file: string): string | undefined {
  if (out === undefined || files.length === 1) return out;
  return join(out, basename(file).replace(/\.ya?ml$/, ''));
}

function findOutDirProblems(jobs: readonly Job[]): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const code: CliCode = 'OUT_DIR_TAKEN';
  for (const { scenario, outDir } of jobs) {
    if (outDir === undefined) continue;
    const message = seen.has(outDir)
      ? `two scenarios would write to ${outDir}`
      : findOutDirProblem(outDir, scenario);
    seen.add(outDir);
    if (message === undefined) continue;
    problems.push({
      file: '--out',
      line: undefined,
      column: undefined,
      path: '',
      code,
      message,
      hint: 'choose another folder or empty this one',
    });
  }
  return problems;
}

function refuseAll(problems: readonly Problem[], options: RunCommandOptions, io: CliIo): ExitCode {
  if (options.json === true) io.out(`${JSON.stringify({ ok: false, problems }, undefined, 2)}\n`);
  else io.err(`${formatProblems(problems)}\n`);
  return exitCodes.usage;
}

function runJob({ scenario, outDir }: Job, options: RunCommandOptions, io: CliIo): RunResult {
  const colors = colorsOf(io);
  const { config, durationMs, name, seed, file } = scenario;
  const batchSize = config.settlement.batchSize;
  if (options.json !== true) {
    io.out(
      `${renderIntroduction({ name, seed, durationMs, batchSize, validatorCount: config.validators.length }, colors)}\n`,
    );
  }
  const output = outDir === undefined ? undefined : new OutputDir(outDir);
  const progress = new Progress({ name, totalMs: durationMs }, { io });
  const log = logLine(config.log, io);
  const hasListener = output !== undefined || log !== undefined;
  const result = runSimulation(scenario, {
    clock: io.clock,
    onProgress: (virtualMs) => progress.update(virtualMs),
    ...(hasListener
      ? {
          onEvent: (line: string) => {
            output?.event(line);
            log?.(line);
          },
        }
      : {}),
    ...(output === undefined ? {} : { onRecord: (record: unknown) => output.record(record) }),
  });
  progress.stop();
  output?.finish(result);
  if (options.json !== true) io.out(renderReport(result, { colors, file, batchSize, outDir }));
  return result;
}

function writeJunit(path: string, results: readonly RunResult[]): void {
  try {
    writeFileSync(path, renderJunit(results));
  } catch (cause) {
    const code: CliCode = 'OUT_DIR_UNWRITABLE';
    throw new CodedError(code, `${path}: ${(cause as Error).message}`, { path }, { cause });
  }
}
