/** What `sidereal run` prints of one result: the timeline per batch, slashes, laws, expectations, and what to do next. */
import Table from 'cli-table3';
import type { BatchResult, RunResult } from '../simulation/result.ts';
import { grouped, seconds, shortAmount, signedAmount } from './format.ts';
import type { Colors } from './io.ts';

/** Batches shown; of more, the first and last half of this. */
const BATCHES_SHOWN_MAX = 24;
/** Violations and errors shown of each kind. */
const LINES_SHOWN_MAX = 5;

const columns = [
  { name: 'batch', width: 7 },
  { name: 'blocks', width: 9 },
  { name: 'net', width: 17 },
  { name: 'action', width: 20 },
  { name: 'by', width: 10 },
  { name: 'times', width: 17 },
] as const;

export interface ReportOptions {
  readonly colors: Colors;
  /** File the scenario came from. */
  readonly file: string | undefined;
  readonly batchSize: number;
  /** Folder that holds the result, if any. */
  readonly outDir: string | undefined;
}

/** The lines before a run: what Sidereal is, and what is about to happen. */
export function renderIntroduction(
  scenario: {
    readonly name: string;
    readonly seed: number;
    readonly validatorCount: number;
    readonly batchSize: number;
    readonly durationMs: number;
  },
  colors: Colors,
): string {
  const { name, seed, validatorCount, batchSize, durationMs } = scenario;
  return [
    colors.bold(`Running "${name}"`) +
      `: ${validatorCount} nodes, a batch every ${batchSize} blocks, ${seconds(durationMs)} of virtual`,
    `time, seed ${seed}.`,
    '',
  ].join('\n');
}

export const BANNER = [
  'Sidereal: a sidechain that nets borrowing and repayment per asset and settles',
  'every N blocks. This simulates its nodes, its network and its settlement chain.',
  '',
].join('\n');

/** Everything after a run, ready to print; no line is wider than 80 characters but for texts of the user. */
export function renderReport(result: RunResult, options: ReportOptions): string {
  const { colors } = options;
  const parts = [
    renderBatches(result, colors),
    renderSlashes(result, colors),
    renderErrors(result, colors),
    renderLaws(result, colors),
    renderExpectations(result, colors),
    renderSummary(result, colors),
    renderNext(result, options),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function renderBatches({ batches, windows, truncated }: RunResult, colors: Colors): string {
  const emptyCount = windows.filter(({ empty }) => empty).length;
  const emptyText =
    emptyCount === 0
      ? ''
      : `${emptyCount} window${emptyCount === 1 ? '' : 's'} with net zero sealed nothing.`;
  if (batches.length === 0) return ['No batch was sealed.', emptyText].filter(Boolean).join(' ');
  const half = BATCHES_SHOWN_MAX / 2;
  const isLong = batches.length > BATCHES_SHOWN_MAX;
  const shown = isLong ? [...batches.slice(0, half), ...batches.slice(-half)] : batches;
  const table = new Table({
    head: columns.map(({ name }) => name),
    colWidths: columns.map(({ width }) => width),
    wordWrap: true,
    wrapOnWordBoundary: false,
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
  for (const [index, batch] of shown.entries()) {
    if (isLong && index === half)
      table.push(['…', `${batches.length - BATCHES_SHOWN_MAX} more`, '', '', '', '']);
    table.push(batchCells(batch, colors));
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

function batchCells(batch: BatchResult, colors: Colors): string[] {
  const net = Object.entries(batch.net).map(([asset, amount]) => `${asset} ${signedAmount(amount)}`);
  const actions = batch.actions.map(
    ({ type, asset, amount }) => `${actionWord(type)} ${shortAmount(amount)} ${asset}`,
  );
  const attempts = batch.attempts.map(({ proposer, outcome }) =>
    outcome === 'missed' || outcome === 'reverted' ? `${proposer}\n${colors.red(` ${outcome}`)}` : proposer,
  );
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

function renderErrors({ errors }: RunResult, colors: Colors): string {
  if (errors.length === 0) return '';
  return [
    'Errors of the run',
    ...errors.slice(0, LINES_SHOWN_MAX).map((error) => `  ${colors.red(error)}`),
  ].join('\n');
}

function renderLaws({ laws }: RunResult, colors: Colors): string {
  const lines = laws.map(({ name, checks, violations }) => {
    const verdict = violations.length === 0 ? colors.green('ok  ') : colors.red('FAIL');
    const details = violations.slice(0, LINES_SHOWN_MAX).map((violation) => `\n         ${violation}`);
    return `  ${verdict} ${name.padEnd(14)} ${grouped(checks).padStart(9)} checks${details.join('')}`;
  });
  return ['Laws', ...lines].join('\n');
}

function renderExpectations({ expectations }: RunResult, colors: Colors): string {
  if (expectations.length === 0) return 'The scenario expects nothing.';
  const lines = expectations.map(({ text, ok, detail }) => {
    const verdict = ok ? colors.green('ok  ') : colors.red('FAIL');
    return `${wrap(`  ${verdict} `, text)}${ok || detail === '' ? '' : `\n${wrap('       ', detail)}`}`;
  });
  return ['Expectations', ...lines].join('\n');
}

/** Breaks a text at blanks so that it fits 80 columns behind a lead of seven. */
function wrap(lead: string, text: string): string {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.length - 1;
    const line = lines[last] ?? '';
    if (line !== '' && line.length + word.length + 1 > 72) lines.push(word);
    else lines[last] = line === '' ? word : `${line} ${word}`;
  }
  return lead + lines.join('\n       ');
}

function renderSummary(result: RunResult, colors: Colors): string {
  const { virtual_ms: virtualMs, wall_ms: wallMs, metrics } = result;
  const speed = wallMs > 0 ? `, ${grouped(virtualMs / wallMs)} times real time` : '';
  const verdict = result.ok ? colors.green('All held.') : colors.red('FAILED.');
  return [
    `${verdict} ${seconds(virtualMs)} in ${seconds(wallMs)}${speed}; block ${result.finalized_height} final, settlement block ${result.settlement_height}.`,
    `Settlement latency: mean ${seconds(metrics.settlement_latency_ms.mean)}, longest ${seconds(metrics.settlement_latency_ms.max)}; pending batches: ${metrics.pending_batches}.`,
    `Trace hash ${result.trace_hash}`,
  ].join('\n');
}

function renderNext(result: RunResult, { file, batchSize, outDir }: ReportOptions): string {
  if (file === undefined) return '';
  const other = batchSize === 10 ? 5 : 10;
  const lines = [
    `  sidereal run ${file} --set settlement.batch_size=${other}`,
    `  sidereal run ${file} --seed ${result.seed + 1}`,
  ];
  if (outDir === undefined)
    lines.push(`  sidereal run ${file} --out runs/1     # result.json and every event`);
  else lines.push(`Result and events: ${outDir}`);
  return ['Next', ...lines].join('\n');
}
