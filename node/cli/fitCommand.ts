/** `sidereal fit`: fits a workload model to a trace, prints measured against fitted figures, and writes a scenario with it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { stringify } from 'yaml';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { texts } from '../config/plainConfig.ts';
import { formatProblems, type Problem } from '../config/problem.ts';
import type { AmountFit } from '../experiment/fit/fitAmounts.ts';
import { FIT_FLOWS_MIN, fitModel, type Pace, type WorkloadFit } from '../experiment/fit/fitModel.ts';
import { flowsOf, type TraceFlows } from '../experiment/fit/flows.ts';
import type { ScenarioCode } from '../scenario/codes.ts';
import { plainModelOf } from '../scenario/model/plainModel.ts';
import { showDuration } from '../scenario/reader.ts';
import { readTrace } from '../scenario/trace.ts';
import { type CliCode, type ExitCode, exitCodes } from './codes.ts';
import { counted, grouped, shortAmount } from './format.ts';
import type { CliIo } from './io.ts';
import { readEffectiveConfig, type SourceOptions } from './sources.ts';

export interface FitOptions extends SourceOptions {
  readonly transactionsPerBlock?: number | undefined;
  readonly timeScale?: number | undefined;
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
}

/** First line of what this command writes: such a file it may replace, no other. */
const MARK = '# Fitted by `sidereal fit`.';
const HOUR_MS = 3_600_000;

/** Fits a model to a trace. @returns The exit code. */
export function fitTrace(file: string, options: FitOptions, io: CliIo): ExitCode {
  const config = readEffectiveConfig(io, options);
  if (!config.ok) return refuse(config.problems, options, io);
  const rows = readTrace(file);
  if (!rows.ok) return refuse(rows.problems, options, io);
  const trace = flowsOf(rows.value);
  if (trace.flows.length < FIT_FLOWS_MIN || trace.spanMs === 0) {
    const code: ScenarioCode = 'TRACE_TOO_SHORT';
    const message = `expected at least ${FIT_FLOWS_MIN} borrowings and repayments over some time, got ${trace.flows.length} over ${showDuration(trace.spanMs)}`;
    return refuse(
      [{ file, line: undefined, column: undefined, path: '', code, message, hint: undefined }],
      options,
      io,
    );
  }
  const { blockTimeMs } = config.value.config.chain;
  const pace: Pace =
    options.transactionsPerBlock === undefined
      ? { timeScale: options.timeScale ?? 1 }
      : { perBlock: options.transactionsPerBlock };
  const fit = fitModel(trace, pace, blockTimeMs);
  const text = scenarioText(file, fit, blockTimeMs);
  if (options.out !== undefined) write(options.out, text);
  io.out(
    options.json === true
      ? `${JSON.stringify(texts(jsonOf(file, trace, fit)), undefined, 2)}\n`
      : describe(file, trace, fit, options.out),
  );
  return exitCodes.ok;
}

function refuse(problems: readonly Problem[], { json }: FitOptions, io: CliIo): ExitCode {
  if (json === true) io.out(`${JSON.stringify({ ok: false, problems }, undefined, 2)}\n`);
  else io.err(`${formatProblems(problems)}\n`);
  return exitCodes.usage;
}

function scenarioText(file: string, fit: WorkloadFit, blockTimeMs: number): string {
  const scenario = {
    name: `like ${basename(file).replace(/[^A-Za-z0-9_. -]/g, '_')}`.slice(0, 200),
    duration: '1h',
    config: { chain: { block_time_ms: blockTimeMs } },
    workload: { model: plainModelOf(fit.model) },
  };
  const lines = [MARK, ...fit.notCaptured.map((one) => `# Not in the model: ${one}.`)];
  return `${lines.join('\n')}\n${stringify(texts(scenario), { lineWidth: 0 })}`;
}

function write(path: string, text: string): void {
  try {
    if (existsSync(path) && !readFileSync(path, 'utf8').startsWith(MARK)) {
      const taken: CliCode = 'OUT_DIR_TAKEN';
      throw new CodedError(taken, `${path} is there and was not written by fit; name another file`);
    }
    writeFileSync(path, text);
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    const code: CliCode = 'OUT_DIR_UNWRITABLE';
    throw new CodedError(code, `${path} cannot be written: ${(cause as Error).message}`, { cause });
  }
}

function jsonOf(
  file: string,
  { flows, spanMs, ignoredCount, liquidationCount }: TraceFlows,
  fit: WorkloadFit,
) {
  const { arrivals } = fit;
  return {
    ok: true,
    trace: file,
    flows: flows.length,
    span_ms: Math.round(spanMs),
    ignored: ignoredCount,
    liquidations: liquidationCount,
    accounts: fit.accountCount,
    time_scale: fit.timeScale,
    arrivals: {
      flows_per_hour: ((flows.length - 1) * HOUR_MS) / spanMs,
      dispersion: arrivals.dispersions.map(({ windowMs, measured, fitted }) => ({
        window_ms: Math.round(windowMs),
        measured,
        fitted,
      })),
      gap_distance: arrivals.gapDistance,
      gap_distance_steady: arrivals.steadyGapDistance,
      daily_cycle_chance: arrivals.cycleChance,
    },
    assets: fit.assets.map(({ symbol, flowCount, repayShare, correlation, amounts }) => ({
      asset: symbol,
      flows: flowCount,
      repay_share: repayShare,
      correlation,
      distance: amounts.distance,
      distance_max: amounts.distanceMax,
    })),
    not_captured: fit.notCaptured,
    workload: { model: plainModelOf(fit.model) },
  };
}

function describe(file: string, trace: TraceFlows, fit: WorkloadFit, out: string | undefined): string {
  const { arrivals, assets, model } = fit;
  const { bursts, daily } = arrivals.model;
  const perHour = ((trace.flows.length - 1) * HOUR_MS) / trace.spanMs;
  const lines = [
    `${basename(file)}: ${counted(trace.flows.length, 'borrowing or repayment', 'borrowings and repayments')} of ${counted(fit.accountCount, 'account')} in ${counted(assets.length, 'asset')}, ${span(trace.spanMs)}`,
    '',
    'Arrivals, in the time of the trace',
    `  rate       ${figure(perHour)} an hour`,
    bursts === undefined
      ? '  bursts     none found: one rate explains the trace as well'
      : `  bursts     ${figure(bursts.factor)} times the rate for ${span(bursts.busyMs)}, then ${span(bursts.quietMs)} of quiet, in the mean`,
    cycleLine(daily, arrivals.cycleChance),
    `  gaps       distance ${figure(arrivals.gapDistance)} from the model’s, ${figure(arrivals.steadyGapDistance)} from those of a steady rate (0: equal, 1: apart)`,
    '',
    row(['Dispersion of counts', 'measured', 'fitted', 'steady']),
    ...arrivals.dispersions.map(({ windowMs, measured, fitted }) =>
      row([`  in ${span(windowMs)}`, figure(measured), figure(fitted), '1']),
    ),
    '',
    `${'Asset'.padEnd(10)}${'flows'.padStart(6)}${'repaid'.padStart(8)}${'persists'.padStart(10)}  amounts`,
    ...assets.map(
      ({ symbol, flowCount, repayShare, model: own, amounts }) =>
        `  ${symbol.padEnd(8)}${grouped(flowCount).padStart(6)}${`${Math.round(100 * repayShare)} %`.padStart(8)}${figure(own.persistence).padStart(10)}  ${describeAmounts(amounts)}`,
    ),
    '',
    'Not in the model',
    ...fit.notCaptured.map((one) => `  * ${one}`),
    '',
    paceLine(fit),
  ];
  if (out === undefined)
    lines.push(
      '',
      stringify(texts({ workload: { model: plainModelOf(model) } }), { lineWidth: 0 }).trimEnd(),
    );
  else lines.push('', 'Next', `  npx sidereal run ${out}`);
  return `${lines.join('\n')}\n`;
}

function describeAmounts({ model, distance = 0, distanceMax = 0 }: AmountFit): string {
  if (model.type === 'constant') return `always ${shortAmount(String(model.value))}`;
  const shape =
    model.type === 'log_normal'
      ? `log-normal, median ${shortAmount(String(model.median))}, sigma ${model.sigma}`
      : model.type === 'pareto'
        ? `Pareto from ${shortAmount(String(model.min))}, alpha ${model.alpha}`
        : 'no known shape: a table of quantiles';
  if (model.type === 'quantiles') return `${shape}; KS ${figure(distance)}`;
  const verdict = distance <= distanceMax ? 'fits' : 'does not fit';
  return `${shape}; KS ${figure(distance)}, ${verdict} (5 %: ${figure(distanceMax)})`;
}

function cycleLine(daily: WorkloadFit['arrivals']['model']['daily'], chance: number | undefined): string {
  if (chance === undefined) return '  daily      not looked for: less than three days';
  const how = `chance ${figure(chance)}`;
  return daily === undefined
    ? `  daily      none found (${how})`
    : `  daily      swing ${figure(daily.swing)}, peak ${span(daily.peakMs)} after the first flow (${how})`;
}

function paceLine({ model, timeScale }: WorkloadFit): string {
  const { rate } = model.arrivals;
  const words =
    'perBlock' in rate
      ? `${figure(rate.perBlock)} transactions a block`
      : `${figure(rate.perHour)} transactions an hour`;
  const hint = timeScale === 1 ? ' (--transactions-per-block sets another pace)' : '';
  return `Pace: trace time is taken ${figure(timeScale)} times, ${words}${hint}`;
}

function row(cells: readonly string[]): string {
  return cells.map((cell, index) => (index === 0 ? cell.padEnd(24) : cell.padStart(10))).join('');
}

/** Three digits. */
function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function span(ms: number): string {
  const units = [
    ['days', 24 * HOUR_MS],
    ['h', HOUR_MS],
    ['min', 60_000],
    ['s', 1000],
  ] as const;
  for (const [unit, size] of units) if (ms >= size) return `${Number((ms / size).toFixed(1))} ${unit}`;
  return `${Math.round(ms)} ms`;
}
