/**
 * What joining orders brings (docs/performance.md, orders): orders confirmed a second with the engine, for several
 * AUTO_BATCH_MAX_SIZE, beside one transaction an order on the same devnet. Each run has four node processes, a new folder, a new
 * database on a PostgreSQL server (SIDEREAL_TEST_POSTGRES_URL, else 127.0.0.1:5432) and the same load; rounds of all variants
 * alternate, and the middle of each counts.
 *
 *   npm run bench:autobatch                               a table
 *   npm run bench:autobatch -- --out folder               and results.json, throughput.svg and report.html
 *   npm run bench:autobatch -- --sizes 1,100 --orders 2000 --parties 20 --repeat 1 --limit 60 --db in-memory
 *   npm run bench:autobatch -- --json                     one JSON object
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readVersion } from '../../node/cli/version.ts';
import { type Summary, summarise } from './autobatchFigures.ts';
import { type Comparison, renderComparisonPage, renderThroughputSvg } from './autobatchPlot.ts';
import { databaseTypes, type Load, type RunReport, runVariant, type Variant } from './autobatchRun.ts';
import { median } from './batcherFigures.ts';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1,10,100,1000' },
    orders: { type: 'string', default: '10000' },
    parties: { type: 'string', default: '50' },
    repeat: { type: 'string', default: '3' },
    /** In s. */
    limit: { type: 'string', default: '120' },
    db: { type: 'string', default: 'psql' },
    'no-transfers': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const database = databaseTypes.find((type) => type === values.db);
if (database === undefined) throw new RangeError(`--db: expected psql or in-memory, got ${values.db}`);
const load: Load = {
  orders: numberOf('orders'),
  parties: numberOf('parties', 2),
  limitMs: 1000 * numberOf('limit'),
  database,
};
const sizes = values.sizes.split(',').map((text) => wholeNumber('sizes', text, 1));
const repeat = numberOf('repeat');
const single: Variant = { kind: 'single' };
const variants: readonly Variant[] = [
  single,
  ...(values['no-transfers'] ? [] : [{ kind: 'transfers' } as const]),
  ...sizes.map((maxSize): Variant => ({ kind: 'engine', maxSize })),
];

const heads = [
  'variant',
  'orders/s',
  'ratio',
  'by blocks/s',
  'POSTs/s',
  'confirmed',
  'submissions',
  'saved',
  'orders each',
  'p50 s',
  'p99 s',
  'POST p99 ms',
  'node CPU ms/order',
  'gas of a block',
  'machine busy',
];

// Ctrl-C ends the run's own process, whose failure ends this one: in order, without leaving its database behind.
process.on('SIGINT', () => undefined);
const loads: number[] = [];
const reports = new Map<Variant, RunReport[]>(variants.map((variant) => [variant, []]));
for (let round = 1; round <= repeat; round += 1) {
  await runRound(round);
  // What has been measured is there, whatever becomes of the next round.
  if (values.out !== undefined) write(values.out, compare());
}
const comparison = compare();
if (values.json) console.log(JSON.stringify(resultsOf(comparison)));
else print(comparison);

/** All variants in turns: what else the machine does strikes all of them. */
async function runRound(round: number): Promise<void> {
  for (const variant of variants) {
    loads.push(loadavg()[0] ?? 0);
    const report = await runVariant(variant, load);
    reports.get(variant)?.push(report);
    const { perSecond, confirmed, taken } = report;
    console.error(
      `round ${round}, ${nameOf(variant)}: ${perSecond.toFixed(1)} a second, ${confirmed} of ${taken} confirmed`,
    );
  }
}

function compare(): Comparison {
  const runsOf = (variant: Variant): readonly RunReport[] => reports.get(variant) ?? [];
  const baseline = median(runsOf(single).map(({ perSecond }) => perSecond));
  const all = variants.map((variant) => {
    const maxSize = variant.kind === 'engine' ? variant.maxSize : undefined;
    return summarise(nameOf(variant), maxSize, runsOf(variant), baseline);
  });
  const [first, ...others] = all;
  if (first === undefined) throw new RangeError('nothing was measured');
  const { orders, parties, limitMs } = load;
  return {
    version: readVersion(),
    lead:
      `${orders} orders of ${parties} parties, sent as fast as they are taken, to a devnet of four node processes; at most ` +
      `${limitMs / 1000} s. Orders are kept in ${database}. Runs of each variant, in turns: ${runsOf(single).length}; the middle of each ` +
      `figure. Load of the machine before the runs: ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}.`,
    command: commandLine(),
    single: first,
    transfers: others.find(({ maxSize }) => maxSize === undefined),
    sizes: others.filter(({ maxSize }) => maxSize !== undefined),
    heads,
    rows: all.map(rowOf),
  };
}

function nameOf(variant: Variant): string {
  if (variant.kind === 'engine') return `AUTO_BATCH_MAX_SIZE=${variant.maxSize}`;
  return variant.kind === 'single' ? 'engine off: one transaction an order' : 'plain transfers by nonce';
}

function rowOf(summary: Summary): readonly string[] {
  const { maxSize, name, confirmedMs, answerMs, nodeCpuMsPerOrder, gasShare } = summary;
  const isTransfer = maxSize === undefined && gasShare === null;
  return [
    name,
    summary.perSecond.toFixed(1),
    summary.ratio.toFixed(2),
    summary.steadyPerSecond?.toFixed(1) ?? '',
    summary.takenPerSecond.toFixed(0),
    `${summary.confirmed}${summary.isCut ? ' (time was up)' : ''}`,
    String(summary.submissions),
    isTransfer ? '' : String(summary.saved),
    isTransfer ? '' : Math.max(1, summary.confirmed / summary.submissions).toFixed(1),
    (confirmedMs.p50 / 1000).toFixed(1),
    (confirmedMs.p99 / 1000).toFixed(1),
    answerMs.p99.toFixed(0),
    nodeCpuMsPerOrder?.toFixed(1) ?? '',
    gasShare === null ? '' : percent(gasShare),
    percent(summary.busyShare),
  ];
}

function print({ lead, rows }: Comparison): void {
  const lines = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? '').length)));
  console.log(lead);
  for (const cells of lines) {
    const padded = cells.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    console.log(padded.join('  '));
  }
}

function resultsOf({ lead, command, single: baseline, transfers, sizes: bySize }: Comparison) {
  return { lead, command, load, repeat, loads, baseline, transfers, sizes: bySize };
}

function write(folder: string, result: Comparison): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(resultsOf(result), undefined, 2)}\n`);
  writeFileSync(join(folder, 'throughput.svg'), renderThroughputSvg(result));
  writeFileSync(join(folder, 'report.html'), renderComparisonPage(result));
}

function commandLine(): string {
  const { orders, parties, limitMs } = load;
  const words = [
    `--sizes ${sizes.join(',')}`,
    `--orders ${orders}`,
    `--parties ${parties}`,
    `--repeat ${repeat}`,
  ];
  words.push(`--limit ${limitMs / 1000}`, `--db ${database}`);
  if (values['no-transfers']) words.push('--no-transfers');
  return `npm run bench:autobatch -- ${words.join(' ')}`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function numberOf(option: 'orders' | 'parties' | 'repeat' | 'limit', least = 1): number {
  return wholeNumber(option, values[option], least);
}

function wholeNumber(option: string, text: string, least: number): number {
  if (/^[0-9]{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  throw new RangeError(`--${option}: expected a whole number of at least ${least}, got ${text}`);
}
