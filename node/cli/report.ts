/** What `sidereal run` prints of one result: the timeline per batch, slashes, laws, expectations, and what to do next. */
import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import type { BatchResult, RunResult } from '../report/result.ts';
import type { Engine } from '../scenario/types.ts';
import { grouped, seconds, shortAmount, signedAmount } from './format.ts';
import type { Colors } from './io.ts';

/** Batches shown; of more, the first and last half of this. */
const BATCHES_SHOWN_MAX = 24;
/** Violations and errors shown of each kind. */
const LINES_SHOWN_MAX = 5;

const columnNames = ['batch', 'blocks', 'net', 'action', 'by', 'times'] as const;
/** Blank columns behind a cell. */
const CELL_GAP = 1;

export interface ReportOptions {
  /** What was broken on purpose, a line each (faultLines.ts). */
  readonly faults?: readonly string[];
  readonly colors: Colors;
  /** File the scenario came from. */
  readonly file: string | undefined;
  /** A scenario to try after this one. */
  readonly next: string | undefined;
  /** Width of the terminal, in characters. */
  readonly columns: number;
  /** Folder that holds the result, if any. */
  readonly outDir: string | undefined;
}

/** The lines before a run: what Sidereal is, and what is about to happen. */
export function renderIntroduction(
  scenario: {
    readonly engine: Engine;
    readonly name: string;
    readonly seed: number;
    readonly validatorCount: number;
    readonly batchSize: number;
    readonly durationMs: number;
  },
  colors: Colors,
): string {
  const { engine, name, seed, validatorCount, batchSize, durationMs } = scenario;
  return [
    colors.bold(`Running "${name}"`) +
      `: ${validatorCount} nodes, a batch every ${batchSize} blocks, ${seconds(durationMs)} of ${engine === 'simulation' ? 'virtual' : 'real'}`,
    `time, seed ${seed}.`,
    '',
  ].join('\n');
}

/** What is about to happen, by engine. */
export const BANNERS: Readonly<Record<Engine, string>> = {
  simulation: [
    'Sidereal: a sidechain that nets borrowing and repayment per asset and settles',
    'every N blocks. This simulates its nodes, its network and its settlement chain.',
    '',
  ].join('\n'),
  devnet: [
    'Sidereal: a sidechain that nets borrowing and repayment per asset and settles',
    'every N blocks. This runs its nodes and its settlement chain as processes here.',
    '',
  ].join('\n'),
};

/** Everything after a run, ready to print; no line is wider than the terminal but for words of the user. */
export function renderReport(result: RunResult, options: ReportOptions): string {
  const { colors } = options;
  const parts = [
    renderBatches(result, options),
    renderFaults(options),
    renderSlashes(result, colors),
    renderVerdicts(result, options),
    renderErrors(result, colors),
    renderWarnings(result, options),
    renderLaws(result, colors),
    renderExpectations(result, options),
    renderSummary(result, colors),
    renderNext(result, options),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function renderBatches(
  { batches, windows, truncated }: RunResult,
  { colors, columns }: ReportOptions,
): string {
  const emptyCount = windows.filter(({ empty }) => empty).length;
  const emptyText =
    emptyCount === 0
      ? ''
      : `${emptyCount} window${emptyCount === 1 ? '' : 's'} with net zero sealed nothing.`;
  if (batches.length === 0) return ['No net batch was sealed.', emptyText].filter(Boolean).join(' ');
  const half = BATCHES_SHOWN_MAX / 2;
  const isLong = batches.length > BATCHES_SHOWN_MAX;
  const shown = isLong ? [...batches.slice(0, half), ...batches.slice(-half)] : batches;
  const rows: string[][] = [];
  for (const [index, batch] of shown.entries()) {
    if (isLong && index === half)
      rows.push(['…', `${batches.length - BATCHES_SHOWN_MAX} more`, '', '', '', '']);
    rows.push(batchCells(batch, colors));
  }
  const widths = columnWidths(rows, columns);
  const table = new Table({
    head: [...columnNames],
    colWidths: widths.map((width) => width + CELL_GAP),
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '',
    },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 1 },
  });
  for (const row of rows) {
    table.push(row.map((cell, index) => (isBreakable(index) ? wrapCell(cell, widths[index] ?? 0) : cell)));
  }
  const notes = [
    truncated === true ? 'Only the last batches are kept here; batches.ndjson has all.' : '',
    emptyText,
  ].filter(Boolean);
  return [
    table
      .toString()
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n'),
    ...notes,
  ].join('\n');
}

/** Net and actions may go on in the next line; names and times are kept whole. */
function isBreakable(column: number): boolean {
  return columnNames[column] === 'net' || columnNames[column] === 'action';
}

/** As wide as the longest line; where that is wider than the terminal, the breakable columns give way down to a word. */
function columnWidths(rows: readonly (readonly string[])[], columns: number): number[] {
  const longest = (index: number, separator: RegExp): number =>
    Math.max(
      columnNames[index]?.length ?? 0,
      ...rows
        .flatMap((row) => stripVTControlCharacters(row[index] ?? '').split(separator))
        .map((part) => part.length),
    );
  const widths = columnNames.map((_, index) => longest(index, /\n/));
  const least = columnNames.map((_, index) =>
    isBreakable(index) ? longest(index, /\s/) : (widths[index] ?? 0),
  );
  let excess = widths.reduce((sum, width) => sum + width + CELL_GAP, 0) - columns;
  for (let index = columnNames.length - 1; index >= 0 && excess > 0; index -= 1) {
    const given = Math.min(excess, (widths[index] ?? 0) - (least[index] ?? 0));
    widths[index] = (widths[index] ?? 0) - given;
    excess -= given;
  }
  return widths;
}

function wrapCell(cell: string, width: number): string {
  return cell
    .split('\n')
    .flatMap((line) => breakLines(line, width))
    .join('\n');
}

function batchCells(batch: BatchResult, colors: Colors): string[] {
  const net = Object.entries(batch.net).map(([asset, amount]) => `${asset} ${signedAmount(amount)}`);
  const actions = batch.actions.map(
    ({ type, asset, amount }) => `${actionWord(type)} ${shortAmount(amount)} ${asset}`,
  );
  const attempts = batch.attempts.map(({ proposer, outcome }) => {
    if (outcome === 'missed' || outcome === 'reverted') return `${proposer}\n${colors.red(` ${outcome}`)}`;
    const { settler } = batch;
    return outcome === 'superseded' && settler !== undefined && settler !== proposer
      ? `${proposer} → ${settler}`
      : proposer;
  });
  const times = [`sealed ${seconds(batch.sealed_at_ms)}`];
  if (batch.included_at_ms !== undefined) times.push(`incl. ${seconds(batch.included_at_ms)}`);
  if (batch.settlement_height !== undefined) times.push(`settl. block ${batch.settlement_height}`);
  if (batch.confirmed_at_height !== undefined)
    times.push(colors.green(`conf. block ${batch.confirmed_at_height}`));
  else times.push(colors.yellow(batch.state));
  if (batch.fee !== undefined) times.push(`fee ${shortAmount(batch.fee)}`);
  return [
    String(batch.seq),
    `${batch.from_height}-${batch.to_height}`,
    net.join('\n'),
    actions.join('\n'),
    attempts.join('\n'),
    times.join('\n'),
  ];
}

function actionWord(type: string): string {
  return type === 'ibc_transfer' ? 'return' : type;
}

function renderSlashes({ slashes, validators }: RunResult, colors: Colors): string {
  if (slashes.length === 0) return 'Nobody was slashed.';
  const lines = slashes.map(({ validator, reason, batch, attempt, height, amount }) => {
    const about =
      batch === undefined ? '' : ` of batch ${batch}${attempt === undefined ? '' : ` (attempt ${attempt})`}`;
    return `  ${colors.red(validator)} lost ${shortAmount(amount)} for ${reason.replace('_', ' ')}${about} at block ${height}`;
  });
  const jailed = validators.filter((validator) => validator.jailed).map(({ name }) => name);
  if (jailed.length > 0) lines.push(`  in jail at the end: ${jailed.join(', ')}`);
  return ['Slashes', ...lines].join('\n');
}

function renderFaults({ faults = [], columns }: ReportOptions): string {
  if (faults.length === 0) return '';
  return ['Faults', ...faults.map((fault) => wrap('  ', fault, columns))].join('\n');
}

/** What the simulator knows of the duties, where there was a slash or an absence to speak of. */
function renderVerdicts({ slashes, verdicts }: RunResult, { colors, columns }: ReportOptions): string {
  const { attendance, wrongful_slashes: wrongful, unpunished_absences: unpunished, deadlines } = verdicts;
  const { present, disturbed, absent } = attendance;
  if (slashes.length + disturbed + absent === 0) return '';
  const proven = verdicts.slashes.filter(({ proof }) => proof !== undefined).length;
  const judged = (count: number, text: string): string =>
    `  ${count === 0 ? colors.green('none') : colors.red(String(count))} ${text}`;
  const isUndecided = deadlines.some(({ undecided }) => undecided > 0);
  const ladder = deadlines
    .map(({ blocks, slashed, undecided }) => `${blocks}:${slashed}${undecided > 0 ? `+${undecided}?` : ''}`)
    .join(' ');
  const legend = isUndecided ? '; +n?: undecided, as a slash came first' : '';
  return [
    'Verdicts',
    `  duties: ${present} with their holder present, ${disturbed} disturbed, ${absent} absent`,
    `  ${proven} of ${verdicts.slashes.length} slashes with a proof in the result`,
    judged(wrongful, 'of them wrongful'),
    judged(unpunished, 'of the absences unpunished'),
    wrap('  ', `slashed by other deadlines (blocks:duties${legend}): ${ladder}`, columns),
  ].join('\n');
}

function renderErrors({ errors }: RunResult, colors: Colors): string {
  if (errors.length === 0) return '';
  return [
    'Errors of the run',
    ...errors.slice(0, LINES_SHOWN_MAX).map((error) => `  ${colors.red(error)}`),
  ].join('\n');
}

function renderWarnings({ warnings }: RunResult, { colors, columns }: ReportOptions): string {
  return warnings.map((warning) => wrap(`${colors.yellow('warning')} `, warning, columns)).join('\n');
}

function renderLaws({ laws }: RunResult, colors: Colors): string {
  const lines = laws.map(({ name, checks, violations, unchecked = [] }) => {
    const verdict = violations.length === 0 ? colors.green('ok  ') : colors.red('FAIL');
    const details = violations.slice(0, LINES_SHOWN_MAX).map((violation) => `\n         ${violation}`);
    const unseen = unchecked.map((what) => `\n         not checked: ${what}`);
    return `  ${verdict} ${name.padEnd(14)} ${grouped(checks).padStart(9)} checks${[...details, ...unseen].join('')}`;
  });
  return ['Laws', ...lines].join('\n');
}

function renderExpectations({ expectations }: RunResult, { colors, columns }: ReportOptions): string {
  if (expectations.length === 0) return 'The scenario expects nothing.';
  const lines = expectations.map(({ text, ok, detail }) => {
    const verdict = ok ? colors.green('ok  ') : colors.red('FAIL');
    return `${wrap(`  ${verdict} `, text, columns)}${ok || detail === '' ? '' : `\n${wrap('       ', detail, columns)}`}`;
  });
  return ['Expectations', ...lines].join('\n');
}

/** Breaks a text at blanks so that it fits the terminal behind a lead of seven or eight. */
function wrap(lead: string, text: string, columns: number): string {
  return lead + breakLines(text, Math.max(20, columns - 8)).join('\n       ');
}

/** Lines of at most `width` characters, broken at blanks alone. */
function breakLines(text: string, width: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.length - 1;
    const line = lines[last] ?? '';
    if (line !== '' && line.length + word.length + 1 > width) lines.push(word);
    else lines[last] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

function renderSummary(result: RunResult, colors: Colors): string {
  const { engine, virtual_ms: virtualMs, wall_ms: wallMs, metrics } = result;
  const speed =
    wallMs > 0 && engine === 'simulation' ? `, ${grouped(virtualMs / wallMs)} times real time` : '';
  const verdict = result.ok ? colors.green('All held.') : colors.red('FAILED.');
  const latency =
    metrics.average_batch_size === 0
      ? 'nothing settled yet'
      : `mean ${seconds(metrics.settlement_latency_ms.mean)}, longest ${seconds(metrics.settlement_latency_ms.max)}`;
  return [
    `${verdict} ${seconds(virtualMs)} in ${seconds(wallMs)}${speed}; block ${result.finalized_height} final, settlement block ${result.settlement_height}.`,
    `Settlement latency: ${latency}; pending batches: ${metrics.pending_batches}.`,
    transactionsText(result),
    ...(engine === 'simulation' ? [`Trace hash ${result.trace_hash}`] : []),
  ].join('\n');
}

function transactionsText({ transactions: { executed, failed } }: RunResult): string {
  const codes = Object.entries(failed).map(([code, count]) => `${count} failed with ${code}`);
  return `Transactions: ${[`${grouped(executed)} executed`, ...codes].join(', ')}.`;
}

function renderNext(result: RunResult, { file, next, outDir }: ReportOptions): string {
  if (file === undefined) return '';
  const run = `  npx sidereal run${result.engine === 'devnet' ? ' --engine devnet' : ''}`;
  // Expectations often pin the batch size; only a scenario without any may be run with another.
  const lines = next === undefined ? [] : [`${run} ${next}`];
  if (result.expectations.length === 0) {
    const [batch] = result.batches;
    const other = batch !== undefined && batch.to_height - batch.from_height === 9 ? 5 : 10;
    lines.push(`${run} ${file} --set settlement.batch_size=${other}`);
  }
  lines.push(`${run} ${file} --seed ${result.seed + 1}`);
  if (outDir === undefined)
    lines.push(`${run} ${file} --out runs/1     # report.html, result.json, every event`);
  else lines.push(`Report, result and events: ${outDir}`);
  return ['Next', ...lines].join('\n');
}
