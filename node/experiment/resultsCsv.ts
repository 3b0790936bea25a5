/** results.csv: one line a point, the figures of results.json without its distributions and series. */
import type { ResultRow, Results } from './results.ts';

type Value = string | number | null;

/** Columns by name; what was swept besides the batch size comes right after it. */
function columnsOf(row: ResultRow): readonly (readonly [string, Value])[] {
  const { latency_ms: latency, front_running_ms: front, ci95 } = row;
  const range = (name: string, interval: readonly Value[] | null): readonly (readonly [string, Value])[] => [
    [`${name}_low`, interval?.[0] ?? null],
    [`${name}_high`, interval?.[1] ?? null],
  ];
  return [
    ['runs', row.runs],
    ['blocks', row.blocks],
    ['settled_blocks', row.settled_blocks],
    ['censored', row.censored],
    ['latency_mean_ms', latency.mean],
    ...range('latency_mean_ms', latency.ci95.mean),
    ['latency_p50_ms', latency.p50],
    ...range('latency_p50_ms', latency.ci95.p50),
    ['latency_p90_ms', latency.p90],
    ...range('latency_p90_ms', latency.ci95.p90),
    ['latency_p99_ms', latency.p99],
    ...range('latency_p99_ms', latency.ci95.p99),
    ['latency_max_ms', latency.max],
    ['fee_per_block', row.fee_per_block.mean],
    ...range('fee_per_block', row.fee_per_block.ci95),
    ['fee_per_transaction', row.fee_per_transaction.mean],
    ...range('fee_per_transaction', row.fee_per_transaction.ci95),
    ['transactions_per_hour', row.transactions_per_hour],
    ['gas_per_hour', row.gas_per_hour],
    ['settlement_chain_share', row.settlement_chain_share],
    ['netting_ratio', row.netting_ratio],
    ...range('netting_ratio', ci95.netting_ratio),
    ['exposure_usd_mean', row.exposure_usd.mean],
    ...range('exposure_usd_mean', ci95.exposure_usd_mean),
    ['exposure_usd_max', row.exposure_usd.max],
    ['exposure_time_usd_s', row.exposure_time],
    ['front_running_p50_ms', front.p50],
    ['front_running_p99_ms', front.p99],
    ['missed', row.missed],
    ['slashed', row.slashed],
    ['reverted', row.reverted],
    ['resent', row.resent],
  ];
}

export function renderCsv({ rows }: Results): string {
  const keys = [...new Set(rows.flatMap(({ settings }) => Object.keys(settings)))].filter(
    (key) => key !== 'settlement.batch_size',
  );
  const lines = rows.map((row) => {
    const swept = keys.map((key) => [key, row.settings[key] ?? null] as const);
    return [['batch_size', row.batch_size] as const, ...swept, ...columnsOf(row)];
  });
  const head = (lines[0] ?? []).map(([name]) => cellText(name));
  return [head, ...lines.map((line) => line.map(([, value]) => cellText(value)))]
    .map((cells) => `${cells.join(',')}\n`)
    .join('');
}

/** Quoted where it must be (RFC 4180); nothing where there is no value. */
function cellText(value: Value): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
