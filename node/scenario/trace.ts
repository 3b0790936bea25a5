/**
 * Reads a CSV trace of lending flows and places its rows into blocks (docs/scenarios.md, workload). Every bad row is
 * listed with its line; a trace with one is refused whole. Liquidations stay single transactions here; the oracle's
 * price moves around them are added in liquidations.ts, once positions are known.
 */
import { parse } from 'csv-parse/sync';
import { AMOUNT_MAX } from '../../consensus/primitives/flavor.ts';
import { readTextFile, type TextReader } from '../config/configSources.ts';
import { namePattern, symbolPattern } from '../config/fields.ts';
import {
  type Checked,
  PROBLEMS_KEPT_MAX,
  type Problem,
  SUGGESTIONS_MAX,
  showValue,
  suggest,
} from '../config/problem.ts';
import type { ScenarioCode } from './codes.ts';
import { ORACLE_ACCOUNT } from './transactions.ts';
import type { ScenarioTransaction } from './types.ts';

/** Largest trace file, in bytes: it is read whole. */
export const TRACE_BYTES_MAX = 64 * 1024 * 1024;
/** Most rows of a trace: all of them stay in memory for the run. */
export const TRACE_ROWS_MAX = 500_000;

const columns = ['timestamp', 'wallet', 'action', 'asset', 'amount'] as const;
const liquidationColumns = ['collateral_asset', 'collateral_amount'] as const;
const actions = ['deposit', 'withdraw', 'borrow', 'repay', 'liquidate'] as const;
type Column = (typeof columns)[number] | (typeof liquidationColumns)[number];

const timestampPattern = /^[0-9]{1,10}(?:\.[0-9]{1,6})?$/;
const amountPattern = /^[0-9]{1,39}$/;

export interface TraceRow {
  /** Line in the file, from 1. */
  readonly line: number;
  /** Microseconds; whole, so that placement does not depend on rounding. */
  readonly timestampUs: number;
  readonly transaction: ScenarioTransaction;
}

/** Where rows go: by rank over `blocks` blocks, or by scaled time. */
export type TracePlacement = { readonly blocks: number } | { readonly timeScale: number };

/**
 * Reads a trace.
 * @param readText - Where files come from; the disk by default.
 * @returns Rows by timestamp, then file order; or every problem.
 */
export function readTrace(file: string, readText: TextReader = readTextFile): Checked<readonly TraceRow[]> {
  const text = readText(file, TRACE_BYTES_MAX);
  return text.ok ? parseTrace(text.value, file) : text;
}

export function parseTrace(text: string, file: string): Checked<readonly TraceRow[]> {
  const problems: Problem[] = [];
  const report = (
    line: number,
    code: ScenarioCode | 'PROBLEMS_OMITTED',
    message: string,
    hint?: string,
  ): void => {
    problems.push({ file, line, column: 1, path: '', code, message, hint });
  };
  let records: readonly CsvRecord[];
  try {
    records = parse(text, {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      to: TRACE_ROWS_MAX + 2,
    }) as unknown as readonly CsvRecord[];
  } catch (cause) {
    const line = (cause as { lines?: number }).lines;
    report(line ?? 1, 'TRACE_ROW_INVALID', `not CSV: ${(cause as Error).message}`);
    return { ok: false, problems };
  }
  const header = records[0]?.record ?? [];
  const positions = new Map<string, number>(header.map((name, index) => [name, index]));
  const known: readonly string[] = [...columns, ...liquidationColumns];
  for (const [index, name] of header.entries()) {
    if (known.includes(name) && header.indexOf(name) < index)
      report(1, 'TRACE_HEADER_INVALID', `expected each column once, got \`${name}\` twice`);
  }
  const hasLiquidations = records.some(({ record }) => record[positions.get('action') ?? -1] === 'liquidate');
  for (const column of hasLiquidations ? [...columns, ...liquidationColumns] : columns) {
    if (positions.has(column)) continue;
    const unused = header.filter((name) => !known.includes(name)).slice(0, SUGGESTIONS_MAX);
    report(
      1,
      'TRACE_HEADER_INVALID',
      `expected a column \`${column}\`, got ${header.join(', ') || 'nothing'}`,
      suggest(column, unused),
    );
  }
  if (problems.length > 0) return { ok: false, problems };
  if (records.length - 1 > TRACE_ROWS_MAX)
    report(TRACE_ROWS_MAX + 2, 'TRACE_TOO_LONG', `expected at most ${TRACE_ROWS_MAX} rows`);
  const rows: TraceRow[] = [];
  for (const { record, info } of records.slice(1, TRACE_ROWS_MAX + 1)) {
    const cell = (column: Column): string => record[positions.get(column) ?? -1] ?? '';
    const row = readRow(cell, info.lines, (message, hint) =>
      report(info.lines, 'TRACE_ROW_INVALID', message, problems.length < SUGGESTIONS_MAX ? hint : undefined),
    );
    if (row !== undefined) rows.push(row);
    if (problems.length < PROBLEMS_KEPT_MAX) continue;
    problems.length = PROBLEMS_KEPT_MAX;
    report(info.lines, 'PROBLEMS_OMITTED', 'the rows after this one were not read: too many are bad');
    break;
  }
  if (rows.length === 0 && problems.length === 0)
    report(1, 'TRACE_EMPTY', 'expected at least one row, got none');
  if (problems.length > 0) return { ok: false, problems };
  // The sort is stable: rows of one instant keep their order in the file.
  return { ok: true, value: rows.sort((a, b) => a.timestampUs - b.timestampUs) };
}

interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

function readRow(
  cell: (column: Column) => string,
  line: number,
  report: (message: string, hint?: string) => void,
): TraceRow | undefined {
  let isWhole = true;
  const fail = (column: Column, expected: string, hint?: string): void => {
    report(`${column}: expected ${expected}, got ${showValue(cell(column))}`, hint);
    isWhole = false;
  };
  const readAmount = (column: Column): bigint => {
    const text = cell(column);
    const amount = amountPattern.test(text) ? BigInt(text) : 0n;
    if (amount === 0n || amount > AMOUNT_MAX) fail(column, 'whole smallest units from 1 to 2^128-1');
    return amount;
  };
  if (!timestampPattern.test(cell('timestamp'))) fail('timestamp', 'seconds');
  if (!namePattern.test(cell('wallet'))) fail('wallet', 'a name of at most 64 letters and digits');
  if (!symbolPattern.test(cell('asset'))) fail('asset', 'an asset symbol');
  const action = actions.find((candidate) => candidate === cell('action'));
  if (action === undefined) fail('action', `one of ${actions.join(', ')}`, suggest(cell('action'), actions));
  const amount = readAmount('amount');
  let collateralAmount = 0n;
  if (action === 'liquidate') {
    if (!symbolPattern.test(cell('collateral_asset'))) fail('collateral_asset', 'an asset symbol');
    collateralAmount = readAmount('collateral_amount');
  }
  if (!isWhole || action === undefined) return undefined;
  const timestampUs = Math.round(Number(cell('timestamp')) * 1_000_000);
  if (action !== 'liquidate') {
    const operation = { type: action, asset: cell('asset'), amount };
    return { line, timestampUs, transaction: { account: cell('wallet'), operation } };
  }
  const operation = {
    type: action,
    borrower: cell('wallet'),
    debtAsset: cell('asset'),
    amount,
    collateralAsset: cell('collateral_asset'),
    collateralAmount,
  };
  return { line, timestampUs, transaction: { account: ORACLE_ACCOUNT, operation } };
}

/**
 * The block of each row: `1 + floor(i * blocks / R)` by rank, or the first whose fault-free timestamp is at or after
 * `(T - T0) * timeScale` seconds.
 * @param rows - As `readTrace` gives them.
 */
export function placeRows(
  rows: readonly TraceRow[],
  placement: TracePlacement,
  blockTimeMs: number,
): number[] {
  const startUs = rows[0]?.timestampUs ?? 0;
  return rows.map((row, index) => {
    if ('blocks' in placement) return 1 + Math.floor((index * placement.blocks) / rows.length);
    const offsetUs = Math.round((row.timestampUs - startUs) * placement.timeScale);
    return 1 + Math.ceil(offsetUs / (blockTimeMs * 1000));
  });
}

/** Assets that rows name, for registration. */
export function assetsOf(rows: readonly TraceRow[]): Set<string> {
  const assets = new Set<string>();
  for (const { transaction } of rows) {
    const { operation } = transaction;
    if (operation.type === 'liquidate') assets.add(operation.debtAsset).add(operation.collateralAsset);
    else if ('asset' in operation) assets.add(operation.asset);
  }
  return assets;
}
