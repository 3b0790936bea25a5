/** Reads a CSV trace of base fees: row i drives settlement block i. Fees are in gwei with at most nine decimals. */
import { parse } from 'csv-parse/sync';
import { readTextFile, resolveBeside, type TextReader } from './configSources.ts';
import { type Checked, PROBLEMS_KEPT_MAX, type Problem, showValue, suggest } from './problem.ts';

export const BASE_FEE_TRACE_BYTES_MAX = 16 * 1024 * 1024;
const GWEI_DECIMALS = 9;
const gweiPattern = /^[0-9]{1,20}(?:\.[0-9]{1,9})?$/;

/**
 * @param path - As the configuration names it, relative to the file `from`.
 * @param readText - Where files come from; the disk by default.
 * @returns Base fees in 10^-9 gwei, one a settlement block.
 */
export function readBaseFeeTrace(
  path: string,
  from: string,
  readText: TextReader = readTextFile,
): Checked<readonly bigint[]> {
  const file = resolveBeside(from, path);
  const text = readText(file, BASE_FEE_TRACE_BYTES_MAX);
  if (!text.ok) return text;
  const problems: Problem[] = [];
  const report = (line: number, message: string, hint?: string): void => {
    problems.push({ file, line, column: 1, path: '', code: 'CONFIG_VALUE_INVALID', message, hint });
  };
  let rows: string[][];
  try {
    rows = parse(text.value, { bom: true, skip_empty_lines: true, trim: true, relax_column_count: true });
  } catch (cause) {
    report(1, `not CSV: ${(cause as Error).message}`);
    return { ok: false, problems };
  }
  const header = rows[0] ?? [];
  const column = header.indexOf('base_fee_gwei');
  if (column < 0) {
    report(1, 'expected a column base_fee_gwei', suggest('base_fee_gwei', header.slice(0, 20)));
    return { ok: false, problems };
  }
  const fees: bigint[] = [];
  for (const [index, row] of rows.entries()) {
    if (index === 0) continue;
    const cell = row[column];
    if (cell === undefined || !gweiPattern.test(cell))
      report(index + 1, `expected a base fee in gwei, got ${showValue(cell)}`);
    else fees.push(parseGwei(cell));
    if (problems.length >= PROBLEMS_KEPT_MAX) break;
  }
  if (fees.length === 0 && problems.length === 0) report(1, 'expected at least one row');
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: fees };
}

function parseGwei(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(GWEI_DECIMALS, '0'));
}
