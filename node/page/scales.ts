/** Units in which the numbers of an axis are short. */
import { digits } from '../experiment/words.ts';
import type { Axis } from './charts/linePlot.ts';

/** One unit of an axis in the unit of the values, and what it is called. */
export interface Scale {
  readonly perUnit: number;
  readonly unit: string;
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const MS_PER_SECOND = 1000;
const MS_PER_MINUTE = 60 * MS_PER_SECOND;
const MS_PER_HOUR = 60 * MS_PER_MINUTE;

/** The largest power of a thousand that is not above the value, as an exponent of ten. */
function thousandsOf(most: number): number {
  if (!(most >= 1000) || !Number.isFinite(most)) return 0;
  const exponent = Number(most.toExponential().split('e')[1] ?? 0);
  return Math.floor(exponent / 3) * 3;
}

/** Fee units, by powers of a thousand. */
export function feeScaleOf(most: number): Scale {
  const exponent = thousandsOf(most);
  if (exponent === 0) return { perUnit: 1, unit: 'fee units' };
  const power = [...String(exponent)].map((digit) => superscripts[Number(digit)] ?? '').join('');
  return { perUnit: 10 ** exponent, unit: `10${power} fee units` };
}

/** USD, in words. */
export function usdScaleOf(most: number): Scale {
  if (most >= 1e9) return { perUnit: 1e9, unit: 'billion USD' };
  if (most >= 1e6) return { perUnit: 1e6, unit: 'million USD' };
  if (most >= 1e3) return { perUnit: 1e3, unit: 'thousand USD' };
  return { perUnit: 1, unit: 'USD' };
}

/** Virtual time. */
export function timeScaleOf(mostMs: number): Scale {
  if (mostMs > 3 * MS_PER_HOUR) return { perUnit: MS_PER_HOUR, unit: 'hours' };
  if (mostMs > 3 * MS_PER_MINUTE) return { perUnit: MS_PER_MINUTE, unit: 'minutes' };
  return { perUnit: MS_PER_SECOND, unit: 'seconds' };
}

/** An axis of a scale; what is smaller than its digits is no tick. */
export function axisOf(what: string, { unit }: Scale, more: Partial<Axis> = {}): Axis {
  return { name: what === '' ? unit : `${what}, ${unit}`, show: showTick, ...more };
}

/** Ticks are round: no more digits than it takes to tell them apart. */
export function showTick(value: number): string {
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(4)));
}

export function maxOf(values: readonly (number | null | undefined)[]): number {
  return values.reduce<number>(
    (most, value) => (typeof value === 'number' && value > most ? value : most),
    0,
  );
}

/** A number of a table in the unit of its column. */
export function inUnits(value: number | null | undefined, { perUnit }: Scale): string {
  return value === null || value === undefined ? '–' : digits(value / perUnit);
}
