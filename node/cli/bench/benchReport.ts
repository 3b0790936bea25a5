/** What `sidereal bench` prints of a finished sweep: a line a point, the recommendation, and what to do next. */
import type { ResultRow, Results } from '../../experiment/results.ts';
import { digits, showFee, showMs, showShare, showUsd } from '../../experiment/words.ts';
import { counted } from '../format.ts';
import type { Colors } from '../io.ts';

const BATCH_SIZE_KEY = 'settlement.batch_size';
/** Problems shown; more are counted. */
const PROBLEMS_SHOWN_MAX = 5;

export interface BenchReportOptions {
  readonly colors: Colors;
  readonly columns: number;
  /** Folder of the results. */
  readonly dir: string;
  /** Command that repeats one cell. */
  readonly rerun: string | undefined;
}

export function renderBench(results: Results, options: BenchReportOptions): string {
  const parts = [
    renderTable(results, options.colors),
    renderLegend(results, options),
    renderAdvice(results, options),
    renderProblems(results, options.colors),
    renderNext(options),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function renderTable(results: Results, colors: Colors): string {
  const { rows, pareto_points: front, recommended } = results;
  const swept = [...new Set(rows.flatMap(({ settings }) => Object.keys(settings)))].filter(
    (key) => key !== BATCH_SIZE_KEY,
  );
  const hasMisses = rows.some(({ missed, slashed, reverted }) => missed + slashed + reverted > 0);
  const head = [
    '',
    'N',
    ...swept.map((key) => key.split('.').at(-1) ?? key),
    'p50',
    'p99',
    '±',
    'fee a block',
    '±',
    'of chain',
    'netting',
    'exposure',
    'known for',
    ...(hasMisses ? ['missed', 'slashed', 'reverted'] : []),
  ];
  const lines = rows.map((row, index) => [
    index === recommended?.point ? '>' : front.includes(index) ? '*' : '',
    String(row.batch_size),
    ...swept.map((key) => row.settings[key] ?? ''),
    showValue(row.latency_ms.p50, showMs),
    showValue(row.latency_ms.p99, showMs),
    halfWidth(row.latency_ms.ci95.p99, (width) => digits(width / 1000)),
    showValue(numberOf(row.fee_per_block.mean), showFee),
    feeWidth(row),
    showShare(row.settlement_chain_share),
    showValue(row.netting_ratio, digits),
    showUsd(row.exposure_usd.mean),
    showValue(row.front_running_ms.p50, showMs),
    ...(hasMisses ? [row.missed, row.slashed, row.reverted].map(String) : []),
  ]);
  const widths = head.map((title, column) =>
    Math.max(...[head, ...lines].map((line) => (line[column] ?? '').length), title.length),
  );
  const show = (line: readonly string[]): string =>
    line
      .map((text, column) => text.padStart(widths[column] ?? 0))
      .join(' ')
      .trimEnd();
  return [
    colors.bold(show(head)),
    ...lines.map((line, index) => (index === recommended?.point ? colors.green(show(line)) : show(line))),
  ].join('\n');
}

function numberOf(amount: string | null): number | null {
  return amount === null ? null : Number(amount);
}

function showValue(value: number | null, show: (value: number) => string): string {
  return value === null ? '-' : show(value);
}

function halfWidth(interval: readonly [number, number] | null, show: (width: number) => string): string {
  return interval === null ? '-' : show((interval[1] - interval[0]) / 2);
}

function feeWidth({ fee_per_block: { mean, ci95 } }: ResultRow): string {
  if (ci95 === null || mean === null || Number(mean) === 0) return '-';
  return `${digits(((Number(ci95[1]) - Number(ci95[0])) / 2 / Number(mean)) * 100)}%`;
}

function renderLegend({ rows, seeds, recommended }: Results, { columns }: BenchReportOptions): string {
  const censored = rows.map((row) => row.censored / row.runs);
  const [least, most] = [Math.min(...censored), Math.max(...censored)];
  const text = [
    `${recommended === null ? '' : '> recommended; '}* on the Pareto front of p99 latency, fee and exposure.`,
    'p50, p99: latency from a block to its settlement. ±: half of the 95 % interval',
    `over ${counted(seeds, 'seed')}.`,
    'Of chain: share of the gas of the settlement chain. Netting: gross over net. Exposure: unsettled net, averaged over time, at genesis prices.',
    'Known for: how long a batch is known before it settles.',
    `Blocks still unsettled at the end of a run: ${digits(least)} to ${digits(most)}, counted as still waiting.`,
  ].join(' ');
  return wrap(text, columns);
}

function renderAdvice(
  { recommended, nearest_miss: miss }: Results,
  { colors, columns }: BenchReportOptions,
): string {
  if (recommended === null) {
    const nearest = miss === null ? '' : ` ${miss.why}.`;
    return wrap(`${colors.red('No batch size keeps the limits.')}${nearest}`, columns);
  }
  const { why, runner_up: second } = recommended;
  const title = `Recommended: N = ${recommended.batch_size}${othersOf(recommended.settings)}`;
  const next = second === null ? [] : [wrap(`Runner-up: ${second.why}.`, columns)];
  return [colors.bold(colors.green(title)), wrap(why, columns), ...next].join('\n');
}

function othersOf(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .filter(([key]) => key !== BATCH_SIZE_KEY)
    .map(([key, value]) => `, ${key}=${value}`)
    .join('');
}

function renderProblems({ runs, rows }: Results, colors: Colors): string {
  const broken = runs.filter(({ problems }) => problems !== undefined);
  if (broken.length === 0) return '';
  const lines = broken.slice(0, PROBLEMS_SHOWN_MAX).map(({ point, seed, problems = [] }) => {
    const size = rows[point]?.batch_size ?? 0;
    return `  N = ${size}, seed ${seed}: ${problems[0] ?? ''}`;
  });
  const more = broken.length - lines.length;
  return [
    colors.red(
      `${counted(broken.length, 'run')} broke a law or went wrong, so nothing here can be relied on:`,
    ),
    ...lines,
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join('\n');
}

function renderNext({ dir, rerun }: BenchReportOptions): string {
  const lines = [`Report: ${dir}/report.html`, `Results: ${dir}/results.json, ${dir}/results.csv`];
  if (rerun !== undefined) lines.push(`One of its runs again: ${rerun}`);
  return lines.join('\n');
}

/** Words in lines no longer than the terminal is wide. */
export function wrap(text: string, columns: number): string {
  const width = Math.max(40, columns);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
