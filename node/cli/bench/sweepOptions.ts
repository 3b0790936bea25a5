/** From the options of `sidereal bench` to the points of a sweep and the limits of its user. */
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import type { Limits } from '../../experiment/advice.ts';
import { BATCH_SIZE_KEY, PHASE_KEY, POINTS_MAX, type Setting, type Settings } from '../../experiment/plan.ts';
import type { CliCode } from '../codes.ts';

/** Batch sizes of a sweep that names none. */
const BATCH_SIZES_DEFAULT = '1-20';
const BATCH_SIZE_MAX = 1_000_000;

export interface SweepOptions {
  readonly batchSizes?: string | undefined;
  /** `key=a,b,c`. */
  readonly sweep?: readonly string[] | undefined;
  readonly set?: readonly string[] | undefined;
}

/**
 * Every combination of batch sizes and other swept keys; batch sizes vary slowest.
 * @throws {CodedError} `CLI_USAGE`.
 */
export function readPoints(options: SweepOptions): Settings[] {
  const axes: { readonly key: string; readonly values: readonly string[] }[] = [];
  for (const text of options.sweep ?? []) {
    const { key, values } = readAxis(text);
    if (axes.some((axis) => axis.key === key)) throw usage(`--sweep names ${key} twice`);
    axes.push({ key, values });
  }
  const ownSizes = axes.findIndex(({ key }) => key === BATCH_SIZE_KEY);
  if (ownSizes >= 0 && options.batchSizes !== undefined)
    throw usage(`expected --batch-sizes or --sweep ${BATCH_SIZE_KEY}=…, got both`);
  const [sizes] = ownSizes >= 0 ? axes.splice(ownSizes, 1) : [];
  const batchSizes = readBatchSizes(sizes?.values.join(',') ?? options.batchSizes ?? BATCH_SIZES_DEFAULT);
  axes.unshift({ key: BATCH_SIZE_KEY, values: batchSizes.map(String) });
  for (const { key } of axes) checkNotSet(key, options.set ?? []);
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > POINTS_MAX)
    throw usage(`expected at most ${POINTS_MAX} points, got ${count}: sweep fewer values`);
  return axes.reduce<Setting[][]>(
    (points, { key, values }) => points.flatMap((point) => values.map((value) => [...point, { key, value }])),
    [[]],
  );
}

/** Whether the phase is the user's, rather than drawn from the seed. */
export function isPhaseFixed({ sweep = [], set = [] }: SweepOptions): boolean {
  return [...sweep, ...set].some((text) => keyOf(text) === PHASE_KEY);
}

/** Whether `--sweep` names the batch sizes. */
export function isBatchSizeAxis(text: string): boolean {
  return keyOf(text) === BATCH_SIZE_KEY;
}

/** `1-20`, `1,5,10` or `1-5,10`, ascending, each once. */
export function readBatchSizes(text: string): number[] {
  const sizes = new Set<number>();
  for (const part of text.split(',')) {
    const [, low = '', high = low] = /^\s*([0-9]{1,7})(?:-([0-9]{1,7}))?\s*$/.exec(part) ?? [];
    const [from, to] = [Number(low), Number(high)];
    if (low === '') throw usage(`--batch-sizes: expected sizes such as 1-20 or 1,5,10, got \`${text}\``);
    if (from === 0)
      throw usage('--batch-sizes: expected sizes from 1 on, got 0: a batch holds at least one block');
    if (to < from) throw usage(`--batch-sizes: expected a range from low to high, got ${low}-${high}`);
    if (to > BATCH_SIZE_MAX || to - from >= POINTS_MAX)
      throw usage(
        `--batch-sizes: expected at most ${POINTS_MAX} sizes up to ${BATCH_SIZE_MAX}, got ${low}-${high}`,
      );
    for (let size = from; size <= to; size += 1) sizes.add(size);
  }
  return [...sizes].sort((one, other) => one - other);
}

/** The shortest text that `readBatchSizes` reads as these sizes: `1-5,10`. */
export function showBatchSizes(sizes: readonly number[]): string {
  const parts: { readonly from: number; to: number }[] = [];
  for (const size of [...new Set(sizes)].sort((one, other) => one - other)) {
    const last = parts.at(-1);
    if (last !== undefined && size === last.to + 1) last.to = size;
    else parts.push({ from: size, to: size });
  }
  return parts
    .map(({ from, to }) => (from === to ? String(from) : to === from + 1 ? `${from},${to}` : `${from}-${to}`))
    .join(',');
}

function readAxis(text: string): { readonly key: string; readonly values: readonly string[] } {
  const key = keyOf(text);
  const values = text.includes('=') ? [...new Set(splitValues(text.slice(text.indexOf('=') + 1)))] : [];
  if (key === '' || values.length === 0 || values.some((value) => value === ''))
    throw usage(`--sweep: expected key=a,b,c, such as settlement.tip=1,1000000000, got \`${text}\``);
  return { key, values };
}

function keyOf(text: string): string {
  return (text.split('=')[0] ?? '').trim();
}

/** At commas outside brackets and quotes: a value may be a list or a map. */
function splitValues(text: string): string[] {
  const values: string[] = [];
  let depth = 0;
  let quote = '';
  let value = '';
  for (const character of text) {
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if ('[{'.includes(character)) depth += 1;
    else if (']}'.includes(character)) depth -= 1;
    if (character === ',' && depth === 0 && quote === '') {
      values.push(value.trim());
      value = '';
    } else value += character;
  }
  return [...values, value.trim()];
}

function checkNotSet(key: string, set: readonly string[]): void {
  if (!set.some((text) => keyOf(text) === key)) return;
  const option = key === BATCH_SIZE_KEY ? '--batch-sizes' : '--sweep';
  throw usage(`--set ${key}: ${option} gives this key its values; leave one of them out`);
}

export interface LimitOptions {
  readonly maxLatencyP99?: number | undefined;
  readonly maxFeePerBlock?: bigint | undefined;
  /** `ASSET=amount`. */
  readonly maxExposure?: readonly string[] | undefined;
}

/** @throws {CodedError} `CLI_USAGE`, `EXPERIMENT_LIMIT_UNKNOWN`. */
export function readLimits(options: LimitOptions, assets: readonly string[]): Limits {
  const exposure = new Map<string, bigint>();
  for (const text of options.maxExposure ?? []) {
    const [, asset = '', most = ''] = /^([^=]+)=([0-9]{1,40})$/.exec(text) ?? [];
    if (asset === '')
      throw usage(
        `--max-exposure: expected ASSET=amount in smallest units, such as USDC=1000000, got \`${text}\``,
      );
    if (!assets.includes(asset)) {
      const message = `--max-exposure: there is no asset \`${asset}\`; known: ${assets.join(', ')}`;
      throw new CodedError('EXPERIMENT_LIMIT_UNKNOWN', message, { asset });
    }
    exposure.set(asset, BigInt(most));
  }
  return { latencyP99Ms: options.maxLatencyP99, feePerBlock: options.maxFeePerBlock, exposure };
}

function usage(message: string): CodedError {
  const code: CliCode = 'CLI_USAGE';
  return new CodedError(code, message);
}
