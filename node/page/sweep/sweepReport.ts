/** What the page of a sweep is made of. */
import type { Forecast } from '../../experiment/forecast.ts';
import type { ResultPoint, ResultRow, Results } from '../../experiment/results.ts';
import type { RunExcerpt } from '../../report/excerpt.ts';
import type { Source } from '../parts/reproduce.ts';

export interface SweepReport {
  readonly results: Results;
  /** Of each point, in the order of the rows. */
  readonly forecasts: readonly Forecast[];
  /** How many seeds' traffic the forecasts stand for. */
  readonly forecastSeeds: number;
  /** A part of one run: of which point, and with which seed. */
  readonly sample: {
    readonly point: number;
    readonly seed: number;
    readonly nodes: readonly string[];
    readonly excerpt: RunExcerpt;
  };
  readonly source: Source;
}

const BATCH_SIZE_KEY = 'settlement.batch_size';

/** The point that the page is about: the recommended one, else the nearest miss, else the first. */
export function chosenPoint({ recommended, nearest_miss: miss }: Results): number {
  return recommended?.point ?? miss?.point ?? 0;
}

/** `N = 5`, with what else was swept. */
export function nameOf({ batch_size: size, settings }: ResultRow | ResultPoint): string {
  const others = othersOf(settings);
  return others === '' ? `N = ${size}` : `N = ${size}, ${others}`;
}

/** What was swept besides the batch size. */
export function othersOf(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .filter(([key]) => key !== BATCH_SIZE_KEY)
    .map(([key, value]) => `${key.split('.').at(-1) ?? key} = ${value}`)
    .join(', ');
}

/** Points that differ by their batch size alone. */
export interface Group {
  readonly name: string;
  /** Places in `rows`, by batch size. */
  readonly points: readonly number[];
}

/** Groups in the order of the sweep; each batch size comes once in a group. */
export function groupsOf({ rows }: Results): readonly Group[] {
  const groups = new Map<string, number[]>();
  for (const [point, { settings }] of rows.entries()) {
    const name = othersOf(settings);
    const points = groups.get(name) ?? [];
    points.push(point);
    groups.set(name, points);
  }
  return [...groups].map(([name, points]) => ({
    name,
    points: points.sort((one, other) => (rows[one]?.batch_size ?? 0) - (rows[other]?.batch_size ?? 0)),
  }));
}
