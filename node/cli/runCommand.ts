/** `sidereal run`: loads all scenarios first, runs them one after the other, and writes nothing if any file is bad. */
import { existsSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { readTextFile } from '../config/configSources.ts';
import { YAML_BYTES_MAX } from '../config/located.ts';
import { addProblems, formatProblems, type Problem } from '../config/problem.ts';
import { reportedConfigOf } from '../config/reportedConfig.ts';
import { RunObserver } from '../experiment/runObserver.ts';
import { findWriteProblem, makeFolders } from '../folders.ts';
import type { RunResult } from '../report/result.ts';
import { loadScenario } from '../scenario/loadScenario.ts';
import type { Engine, Scenario } from '../scenario/types.ts';
import { type CliCode, type ExitCode, exitCodes } from './codes.ts';
import { environmentPrefix, portablePath, quoted, sourceArguments } from './commandText.ts';
import { runOn } from './engines.ts';
import { describeFaults } from './faultLines.ts';
import { seconds } from './format.ts';
import { type CliIo, colorsOf } from './io.ts';
import { renderJunit } from './junit.ts';
import { logLine } from './log.ts';
import { findOutDirProblem, OutputDir } from './outputDir.ts';
import { Progress } from './progress.ts';
import { BANNERS, renderIntroduction, renderReport } from './report.ts';
import { readSources, type SourceOptions } from './sources.ts';
import { readVersion } from './version.ts';

export interface RunCommandOptions extends SourceOptions {
  readonly engine: Engine;
  readonly seed?: number | undefined;
  /** In ms. */
  readonly duration?: number | undefined;
  readonly out?: string | undefined;
  /** Nodes whose inputs `--out` records: names, or nobody; undefined: all. */
  readonly record?: readonly string[] | undefined;
  readonly json?: boolean | undefined;
  readonly junit?: string | undefined;
}

interface Job {
  readonly scenario: Scenario;
  readonly outDir: string | undefined;
}

/** Runs scenario files. @returns The exit code; a promise of it once something runs. */
export function runScenarios(
  files: readonly string[],
  options: RunCommandOptions,
  io: CliIo,
): ExitCode | Promise<ExitCode> {
  const jobs: Job[] = [];
  const problems: Problem[] = [];
  const sources = readSources(io, options);
  if (!sources.ok) addProblems(problems, sources.problems);
  for (const file of files) {
    const loaded = loadScenario(file, {
      ...(sources.ok ? sources.value : {}),
      seed: options.seed,
      durationMs: options.duration,
      engine: options.engine,
    });
    if (!loaded.ok) addProblems(problems, loaded.problems);
    else {
      if (loaded.value.warnings.length > 0) io.err(`${formatProblems(loaded.value.warnings)}\n`);
      jobs.push({ scenario: loaded.value.scenario, outDir: outDirOf(options.out, files, file) });
    }
  }
  addProblems(problems, findOutDirProblems(jobs, options.junit));
  if (problems.length > 0) return refuseAll(problems, options, io);
  checkRecorded(options, jobs);
  const junitProblem = options.junit === undefined ? undefined : findWriteProblem(options.junit);
  if (junitProblem !== undefined) throw unwritable(`--junit ${options.junit}: ${junitProblem}`);

  return runJobs(jobs, options, io);
}

async function runJobs(jobs: readonly Job[], options: RunCommandOptions, io: CliIo): Promise<ExitCode> {
  if (options.json !== true) io.out(`${BANNERS[options.engine]}\n`);
  const failures: CodedError[] = [];
  const results: RunResult[] = [];
  const interruption = new AbortController();
  const stopListening = io.onInterrupt?.(() => interruption.abort());
  for (const job of jobs) {
    await setImmediate();
    if (interruption.signal.aborted) {
      io.err(`interrupted before "${job.scenario.name}"\n`);
      break;
    }
    const result = await runJob(job, options, io, { failures, signal: interruption.signal });
    if (result === undefined) break;
    results.push(result);
  }
  stopListening?.();
  if (results.length < jobs.length) {
    if (options.json === true)
      io.out(`${JSON.stringify({ results, interrupted: true, ok: false }, undefined, 2)}\n`);
    return exitCodes.interrupted;
  }
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
  // Files that fail now cost no result: it has been printed.
  const { junit } = options;
  if (junit !== undefined) attempt(failures, () => writeJunit(junit, results));
  for (const { message, code } of failures) io.err(`${message} [${code}]\n`);
  if (failures.length > 0) return exitCodes.unable;
  return isOk ? exitCodes.ok : exitCodes.failed;
}

/** @throws {CodedError} `CLI_USAGE`: what is to be recorded is not there. */
function checkRecorded({ record, out }: RunCommandOptions, jobs: readonly Job[]): void {
  if (record === undefined) return;
  const code: CliCode = 'CLI_USAGE';
  if (out === undefined) throw new CodedError(code, '--record needs --out, the folder to record in');
  for (const { scenario } of jobs) {
    const names = scenario.config.validators.map(({ name }) => name);
    const unknown = record.find((name) => !names.includes(name));
    if (unknown === undefined) continue;
    throw new CodedError(
      code,
      `--record: ${scenario.name} has no node \`${unknown}\`; known: ${names.join(', ')}`,
    );
  }
}

/** Does something with files; what the disk refuses is kept for later. */
function attempt(failures: CodedError[], action: () => void): void {
  try {
    action();
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    failures.push(cause);
  }
}

function unwritable(message: string, cause?: unknown): CodedError {
  const code: CliCode = 'OUT_DIR_UNWRITABLE';
  return new CodedError(code, message, {}, { cause });
}

/** Several scenarios each get a folder of their own below `--out`. */
function outDirOf(out: string | undefined, files: readonly string[], file: string): string | undefined {
  if (out === undefined || files.length === 1) return out;
  return join(out, basename(file).replace(/\.ya?ml$/, ''));
}

function findOutDirProblems(jobs: readonly Job[], junit: string | undefined): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const code: CliCode = 'OUT_DIR_TAKEN';
  for (const { scenario, outDir } of jobs) {
    if (outDir === undefined) continue;
    const message = seen.has(outDir)
      ? `two scenarios would write to ${outDir}`
      : findOutDirProblem(outDir, scenario, junit);
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

/** @returns The result; undefined when the user wanted it no more. */
async function runJob(
  { scenario, outDir }: Job,
  options: RunCommandOptions,
  io: CliIo,
  { failures, signal }: { readonly failures: CodedError[]; readonly signal: AbortSignal },
): Promise<RunResult | undefined> {
  const colors = colorsOf(io);
  const { config, durationMs, name, seed, file } = scenario;
  const batchSize = config.settlement.batchSize;
  if (options.json !== true) {
    io.out(
      `${renderIntroduction({ engine: options.engine, name, seed, durationMs, batchSize, validatorCount: config.validators.length }, colors)}\n`,
    );
  }
  const output = outDir === undefined ? undefined : new OutputDir(outDir, scenario);
  const progress = new Progress({ name, totalMs: durationMs }, { io });
  const ownFailures: CodedError[] = [];
  const write = (action: () => void): void => {
    if (ownFailures.length === 0) attempt(ownFailures, action);
  };
  const log = logLine(config.log, io);
  const observer = output === undefined ? undefined : new RunObserver(scenario);
  const hasListener = output !== undefined || log !== undefined;
  const onEvent = (line: string): void => {
    if (output !== undefined) write(() => output.event(line));
    observer?.event(line);
    log?.(line);
  };
  const run = await runOn(options.engine, scenario, {
    clock: io.clock,
    signal,
    outDir,
    onEvent: hasListener ? onEvent : undefined,
    probe: observer?.probe,
    onRecord: output && ((record) => write(() => output.record(record))),
    inputs:
      output === undefined || options.record?.length === 0
        ? undefined
        : { nodes: options.record, write: (bytes) => write(() => output.inputs(bytes)) },
    progress: (reachedMs, note) => progress.update(reachedMs, note),
  }).finally(() => progress.stop());
  if (run.result === undefined) {
    if (output !== undefined) write(() => output.abandon());
    io.err(`${describeInterruption(run, scenario, outDir)}\n`);
    return undefined;
  }
  const { result } = run;
  if (output !== undefined && observer !== undefined) {
    const page = await renderPage({ result, scenario, observer }, options, io);
    write(() => output.finish(result, page));
  }
  failures.push(...ownFailures);
  if (options.json !== true) {
    const next = nextFileOf(file);
    io.out(
      renderReport(result, {
        colors,
        faults: describeFaults(scenario.timeline),
        file,
        next,
        outDir,
        columns: io.columns,
      }),
    );
  }
  return result;
}

/** What plots need is loaded here, and by nobody else. */
async function renderPage(
  run: { readonly result: RunResult; readonly scenario: Scenario; readonly observer: RunObserver },
  options: RunCommandOptions,
  io: CliIo,
): Promise<string> {
  const { result, scenario, observer } = run;
  const { renderRunPage } = await import('../page/run/runPage.ts');
  const text = scenario.file === undefined ? undefined : readTextFile(scenario.file, YAML_BYTES_MAX);
  return renderRunPage({
    result,
    observation: observer.finish(result.virtual_ms),
    batchSize: scenario.config.settlement.batchSize,
    faults: describeFaults(scenario.timeline),
    version: readVersion(),
    source: {
      command: runCommandText(scenario, options, io),
      config: reportedConfigOf(scenario.config),
      scenario: text?.ok === true ? text.value : undefined,
    },
  });
}

/** The command of one run, whatever folder its user chose. */
function runCommandText({ file, seed, name }: Scenario, options: RunCommandOptions, io: CliIo): string {
  return (
    environmentPrefix(io.environment) +
    [
      'npx sidereal run',
      quoted(file === undefined ? `${name}.yaml` : portablePath(file)),
      ...(options.engine === 'devnet' ? ['--engine devnet'] : []),
      `--seed ${seed}`,
      ...(options.duration === undefined ? [] : [`--duration ${options.duration}ms`]),
      ...sourceArguments(options),
      '--out DIR',
    ].join(' ')
  );
}

function describeInterruption(
  { reachedMs, note }: { readonly reachedMs: number; readonly note: string },
  { name, durationMs }: Scenario,
  outDir: string | undefined,
): string {
  const where = `interrupted: "${name}" at ${seconds(reachedMs)} of ${seconds(durationMs)} ${note}`;
  return outDir === undefined
    ? where
    : `${where}; ${outDir} holds an unfinished run, which the next run of this scenario overwrites`;
}

function writeJunit(path: string, results: readonly RunResult[]): void {
  try {
    makeFolders(dirname(path));
    writeFileSync(path, renderJunit(results));
  } catch (cause) {
    throw unwritable(`${path}: ${(cause as Error).message}`, cause);
  }
}

/** The same scenario with another batch size and expectations to match, where there is one beside it. */
function nextFileOf(file: string | undefined): string | undefined {
  const next = file?.replace(/\.ya?ml$/, '-n10.yaml');
  return next !== undefined && next !== file && existsSync(next) ? next : undefined;
}
