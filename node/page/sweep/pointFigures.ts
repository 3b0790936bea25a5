/** Figures with a place for every point of a sweep: what N costs, and the front. */
import type { ResultRow, Results } from '../../experiment/results.ts';
import { digits, showFee, showMs, showShare, showUsd } from '../../experiment/words.ts';
import type { FrontPoint } from '../charts/frontPlot.ts';
import { drawFrontPlot } from '../charts/frontPlot.ts';
import { type Axis, drawLinePlot, type PlotLine, type PlotMark } from '../charts/linePlot.ts';
import { type KeyEntry, renderFigure } from '../figure.ts';
import type { Html } from '../html.ts';
import { forecastStyle, type SeriesStyle, styleOf } from '../palette.ts';
import { axisOf, feeScaleOf, maxOf, type Scale, timeScaleOf, usdScaleOf } from '../scales.ts';
import { renderTable } from '../table.ts';
import { chosenPoint, type Group, groupsOf, nameOf, type SweepReport } from './sweepReport.ts';

/** Lines of one plot; the groups beyond are in the tables. */
const GROUPS_MAX = 7;
/** Names below an axis that a phone has room for. */
const NAMES_MAX = 6;

type Interval = readonly [number, number] | null;

/** One measure of a point: its value, its interval, and what the closed form says. */
interface Measured {
  readonly value: number | null;
  readonly interval: Interval;
  readonly forecast: number | undefined;
}

/** A measure that is drawn against N. */
interface Measure {
  /** Of the lines, where there are several groups of points: before the group's name. */
  readonly name: string;
  readonly of: (row: ResultRow, point: number) => Measured;
}

interface AgainstN {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly what: string;
  readonly scale: (most: number) => Scale;
  readonly show: (value: number) => string;
  readonly measures: readonly Measure[];
  readonly limit: number | undefined;
}

export function latencyAgainstN(report: SweepReport): Html {
  const { forecasts, results } = report;
  return againstN(report, {
    id: 'latency',
    title: 'Latency against N',
    caption: `From a block to the settlement block that settles it: half of the blocks are quicker than p50, one in a hundred is slower than p99. ${howDrawn(report)}`,
    what: 'latency',
    scale: timeScaleOf,
    show: showMs,
    limit: results.limits.latency_p99_ms,
    measures: [
      {
        name: 'p99',
        of: ({ latency_ms: latency }, point) => ({
          value: latency.p99,
          interval: latency.ci95.p99,
          forecast: forecasts[point]?.latency?.p99Ms,
        }),
      },
      {
        name: 'p50',
        of: ({ latency_ms: latency }, point) => ({
          value: latency.p50,
          interval: latency.ci95.p50,
          forecast: forecasts[point]?.latency?.p50Ms,
        }),
      },
    ],
  });
}

export function feeAgainstN(report: SweepReport): Html {
  const { forecasts, results } = report;
  const { fee_per_block: limit } = results.limits;
  return againstN(report, {
    id: 'fee',
    title: 'Fee a block against N',
    caption: `Everything that settlements paid, over the blocks they settled. ${howDrawn(report)}`,
    what: 'fee a block',
    scale: feeScaleOf,
    show: showFee,
    limit: limit === undefined ? undefined : Number(limit),
    measures: [
      {
        name: '',
        of: ({ fee_per_block: fee }, point) => ({
          value: fee.mean === null ? null : Number(fee.mean),
          interval: fee.ci95 === null ? null : [Number(fee.ci95[0]), Number(fee.ci95[1])],
          forecast: forecasts[point]?.feePerBlock,
        }),
      },
    ],
  });
}

export function exposureAgainstN(report: SweepReport): Html {
  return againstN(report, {
    id: 'exposure',
    title: 'Exposure against N',
    caption: `The unsettled net value of all assets at genesis prices, averaged over time. ${howDrawn(report, false)}`,
    what: 'mean unsettled net',
    scale: usdScaleOf,
    show: showUsd,
    limit: undefined,
    measures: [
      {
        name: '',
        of: ({ exposure_usd: exposure, ci95 }) => ({
          value: exposure.mean,
          interval: ci95.exposure_usd_mean,
          forecast: undefined,
        }),
      },
    ],
  });
}

function howDrawn({ results, forecasts, forecastSeeds }: SweepReport, hasForecast = true): string {
  const intervals =
    results.seeds > 1
      ? `Bars: 95 % intervals over ${results.seeds} seeds.`
      : 'One seed, so there are no intervals.';
  if (!hasForecast) return intervals;
  const limits = [...new Set(forecasts.flatMap((forecast) => forecast.limits))];
  if (limits.length > 0 && forecasts.every(({ latency }) => latency === undefined))
    return `${intervals} There is no closed form here: ${limits.join('; ')}.`;
  const holds = limits.length > 0 ? ` where it holds (not: ${limits.join('; ')})` : '';
  const traffic =
    forecastSeeds < results.seeds ? `, with the traffic of the first ${forecastSeeds} seeds` : '';
  return `${intervals} Rings: the closed form of a fault-free run${holds}${traffic}.`;
}

function againstN(report: SweepReport, plot: AgainstN): Html {
  const { results } = report;
  const { id, title, caption, what, show, measures, limit } = plot;
  const groups = groupsOf(results).slice(0, GROUPS_MAX);
  const all = measures.flatMap((measure) => results.rows.map((row, point) => measure.of(row, point)));
  const scale = plot.scale(
    maxOf(all.flatMap(({ value, interval, forecast }) => [value, interval?.[1], forecast, limit])),
  );
  const places = placesOf(results, groups);
  const lines = groups.flatMap((group, groupIndex) =>
    measures.flatMap((measure, measureIndex) =>
      linesOf(results, {
        group,
        measure,
        style: styleOf(groupIndex * measures.length + measureIndex),
        name: [measure.name, group.name].filter((part) => part !== '').join(', ') || 'measured',
        places,
        scale,
      }),
    ),
  );
  const chosen = results.rows[chosenPoint(results)];
  const alternative = alternativeOf(results, plot);
  const hasForecast = lines.some(({ style }) => style === forecastStyle);
  const marksX: PlotMark[] =
    chosen === undefined || places.axis.names !== undefined
      ? []
      : [{ value: chosen.batch_size, name: `N = ${chosen.batch_size}`, color: 'vermillion' }];
  return renderFigure({
    id,
    title,
    caption,
    alternative,
    key: [
      ...lines
        .filter(({ style }) => style !== forecastStyle)
        .map(({ name, style }): KeyEntry => ({ name, style, as: places.isJoined ? 'line-mark' : 'mark' })),
      ...(hasForecast ? [{ name: 'closed form', style: forecastStyle, as: 'line-ring' } as const] : []),
    ],
    draw: (layout, drawingId) =>
      drawLinePlot(
        {
          x: places.axis,
          y: axisOf(what, scale, { min: 0 }),
          lines,
          marksX,
          marksY:
            limit === undefined
              ? []
              : [{ value: limit / scale.perUnit, name: `limit ${show(limit)}`, color: 'bad' }],
        },
        layout,
        drawingId,
      ),
    data: renderTable({
      caption: `${title}: figures`,
      columns: [
        { name: 'point', isText: true },
        ...measures.flatMap(({ name }) => [
          { name: [name, 'measured'].filter(Boolean).join(', ') },
          { name: '95 % interval' },
          ...(hasForecast ? [{ name: [name, 'closed form'].filter(Boolean).join(', ') }] : []),
        ]),
      ],
      rows: results.rows.map((row, point) => ({
        isMarked: point === chosenPoint(results),
        cells: [
          nameOf(row),
          ...measures.flatMap((measure) => {
            const { value, interval, forecast } = measure.of(row, point);
            return [
              value === null ? 'not reached' : show(value),
              interval === null ? '–' : `${show(interval[0])} to ${show(interval[1])}`,
              ...(hasForecast ? [forecast === undefined ? '–' : show(forecast)] : []),
            ];
          }),
        ],
      })),
    }),
  });
}

interface Places {
  readonly axis: Axis;
  /** Neighbouring points belong together. */
  readonly isJoined: boolean;
  readonly of: (point: number) => number;
}

/** Along N, or, where every point has the same N, one place for each point. */
function placesOf({ rows }: Results, groups: readonly Group[]): Places {
  const sizes = new Set(rows.map(({ batch_size: size }) => size));
  if (sizes.size > 1 || rows.length === 1) {
    const all = [...sizes];
    const [least, most] = [Math.min(...all), Math.max(...all)];
    const margin = Math.max(1, Math.round((most - least) / 20));
    return {
      axis: {
        name: 'N, blocks a batch',
        show: (value) => (Number.isInteger(value) && value > 0 && value <= most ? String(value) : ''),
        isWhole: true,
        min: Math.max(0, least - margin),
        max: most + margin,
      },
      isJoined: true,
      of: (point) => rows[point]?.batch_size ?? 0,
    };
  }
  const order = groups.flatMap(({ points }) => points);
  const names = groups.map(({ name }, index) =>
    groups.length > NAMES_MAX ? String(index + 1) : shortName(name),
  );
  return {
    axis: { name: '', show: String, names },
    isJoined: false,
    of: (point) => order.indexOf(point),
  };
}

/** Below an axis: the value alone. */
function shortName(name: string): string {
  const value = name.split(' = ').at(-1) ?? name;
  return value.length > 14 ? `${value.slice(0, 13)}…` : value;
}

function linesOf(
  { rows }: Results,
  options: {
    readonly group: Group;
    readonly measure: Measure;
    readonly style: SeriesStyle;
    readonly name: string;
    readonly places: Places;
    readonly scale: Scale;
  },
): PlotLine[] {
  const { group, measure, style, name, places, scale } = options;
  const found = group.points.flatMap((point) => {
    const row = rows[point];
    return row === undefined ? [] : [{ x: places.of(point), ...measure.of(row, point) }];
  });
  const scaled = (value: number): number => value / scale.perUnit;
  const line: PlotLine = {
    name,
    style,
    points: found.map(({ x, value }) => [x, value === null ? null : scaled(value)]),
    intervals: found.map(({ interval }) =>
      interval === null ? null : [scaled(interval[0]), scaled(interval[1])],
    ),
    hasMarks: true,
    isUnjoined: !places.isJoined,
  };
  const forecasts = found.flatMap(({ x, forecast }) =>
    forecast === undefined ? [] : [[x, scaled(forecast)] as const],
  );
  if (forecasts.length === 0) return [line];
  const expected: PlotLine = {
    name: 'closed form',
    style: forecastStyle,
    points: forecasts,
    hasMarks: true,
    isRinged: true,
    isUnjoined: !places.isJoined,
    width: 1.5,
  };
  return [expected, line];
}

function alternativeOf(results: Results, { what, show, measures }: AgainstN): string {
  const { rows } = results;
  const ends = [rows[0], rows[chosenPoint(results)], rows.at(-1)].filter((row) => row !== undefined);
  const parts = [...new Set(ends)].map((row) => {
    const values = measures.map(({ name, of }) => {
      const { value } = of(row, rows.indexOf(row));
      return `${name === '' ? '' : `${name} `}${value === null ? 'not reached' : show(value)}`;
    });
    return `${nameOf(row)}: ${values.join(', ')}`;
  });
  return `${what} of ${rows.length} points. ${parts.join('; ')}.`;
}

/** Fee against latency, with exposure as size. */
export function frontFigure({ results }: SweepReport): Html | undefined {
  const { rows, pareto_points: front, recommended, nearest_miss: miss, limits } = results;
  const settled = rows.flatMap((row, point) => {
    const { fee_per_block: fee, latency_ms: latency } = row;
    return fee.mean === null || latency.p99 === null
      ? []
      : [{ row, point, fee: Number(fee.mean), latency: latency.p99 }];
  });
  if (settled.length === 0) return undefined;
  const feeLimit = limits.fee_per_block === undefined ? undefined : Number(limits.fee_per_block);
  const feeScale = feeScaleOf(maxOf([...settled.map(({ fee }) => fee), feeLimit]));
  const timeScale = timeScaleOf(maxOf([...settled.map(({ latency }) => latency), limits.latency_p99_ms]));
  const roleOf = (point: number): FrontPoint['role'] => {
    if (point === recommended?.point) return 'recommended';
    if (point === miss?.point) return 'nearest';
    if (point === recommended?.runner_up?.point) return 'runner-up';
    return front.includes(point) ? 'front' : 'beaten';
  };
  const chosenWord =
    recommended === null ? 'nearest to the limits' : recommended.by === 'knee' ? 'the knee' : 'recommended';
  const points: FrontPoint[] = settled.map(({ row, point, fee, latency }) => {
    const role = roleOf(point);
    const isChosen = role === 'recommended' || role === 'nearest';
    return {
      name: isChosen ? `${nameOf(row)}: ${chosenWord}` : String(row.batch_size),
      fee: fee / feeScale.perUnit,
      latency: latency / timeScale.perUnit,
      exposure: row.exposure_usd.mean,
      role,
    };
  });
  const beaten = points.filter(({ role }) => role === 'beaten').length;
  const pointStyle: SeriesStyle = { color: 'blue', symbol: 'circle', dash: [4, 3] };
  return renderFigure({
    id: 'front',
    title: 'What a block costs and how long it waits: the Pareto front',
    caption: `Left is cheaper, lower is faster, smaller is less exposed; the numbers are N. A point on the front is one that no other is at least as good as in all three and better in one.${beaten > 0 ? ` ${beaten} of ${points.length} points are beaten by another.` : ' No point here beats another.'}`,
    alternative: `${points.length} points by fee a block and p99 latency, ${front.length} of them on the Pareto front. ${chosenSentence(points)}`,
    key: [
      { name: 'on the front', style: pointStyle, as: 'mark' },
      { name: 'none is both cheaper and faster', style: pointStyle, as: 'line' },
      ...(beaten > 0
        ? [
            {
              name: 'beaten by another',
              style: { ...pointStyle, color: 'line' } as const,
              as: 'mark',
              isHollow: true,
            } as const,
          ]
        : []),
      {
        name: chosenWord,
        style: { color: 'vermillion', symbol: 'diamond', dash: 'solid' },
        as: 'mark',
      },
    ],
    heights: { wide: 420, narrow: 360 },
    draw: (layout, id) =>
      drawFrontPlot(
        {
          x: axisOf('fee a block', feeScale),
          y: axisOf('p99 latency', timeScale),
          points,
          marksX:
            feeLimit === undefined
              ? []
              : [{ value: feeLimit / feeScale.perUnit, name: 'limit', color: 'bad' }],
          marksY:
            limits.latency_p99_ms === undefined
              ? []
              : [{ value: limits.latency_p99_ms / timeScale.perUnit, name: 'limit', color: 'bad' }],
        },
        layout,
        id,
      ),
    data: renderTable({
      caption: 'Points by fee, latency and exposure',
      columns: [
        { name: 'point', isText: true },
        { name: 'fee a block' },
        { name: 'p99 latency' },
        { name: 'mean exposure' },
        { name: 'on the front', isText: true },
      ],
      rows: settled.map(({ row, point, fee, latency }) => ({
        isMarked: point === chosenPoint(results),
        cells: [
          nameOf(row),
          showFee(fee),
          showMs(latency),
          showUsd(row.exposure_usd.mean),
          front.includes(point) ? 'yes' : 'no',
        ],
      })),
    }),
  });
}

function chosenSentence(points: readonly FrontPoint[]): string {
  const chosen = points.find(({ role }) => role === 'recommended' || role === 'nearest');
  return chosen === undefined ? '' : `${chosen.name}.`;
}

/** All measures of all points. */
export function resultsTable({ results }: SweepReport): Html {
  const { rows, pareto_points: front, recommended } = results;
  const orDash = (value: number | null, show: (value: number) => string): string =>
    value === null ? '–' : show(value);
  return renderTable({
    caption: `All points, ${results.seeds} ${results.seeds === 1 ? 'seed' : 'seeds'} each`,
    columns: [
      { name: 'point', isText: true },
      ...['p50', 'p90', 'p99', 'max'].map((name) => ({ name })),
      { name: 'fee a block' },
      { name: 'fee a transaction' },
      { name: 'settlements an hour' },
      { name: 'gas an hour' },
      { name: 'of the chain' },
      { name: 'netting' },
      { name: 'mean exposure' },
      { name: 'largest exposure' },
      { name: 'known for' },
      { name: 'unsettled at the end' },
      { name: 'missed' },
      { name: 'slashed' },
      { name: 'reverted' },
      { name: 'resent' },
      { name: 'front', isText: true },
    ],
    rows: rows.map((row, point) => ({
      isMarked: point === recommended?.point,
      cells: [
        nameOf(row),
        orDash(row.latency_ms.p50, showMs),
        orDash(row.latency_ms.p90, showMs),
        orDash(row.latency_ms.p99, showMs),
        orDash(row.latency_ms.max, showMs),
        row.fee_per_block.mean === null ? '–' : showFee(Number(row.fee_per_block.mean)),
        row.fee_per_transaction.mean === null ? '–' : showFee(Number(row.fee_per_transaction.mean)),
        digits(row.transactions_per_hour),
        showFee(row.gas_per_hour),
        showShare(row.settlement_chain_share),
        orDash(row.netting_ratio, digits),
        showUsd(row.exposure_usd.mean),
        showUsd(row.exposure_usd.max),
        orDash(row.front_running_ms.p50, showMs),
        String(row.censored),
        String(row.missed),
        String(row.slashed),
        String(row.reverted),
        String(row.resent),
        point === recommended?.point ? 'recommended' : front.includes(point) ? 'on it' : '',
      ],
    })),
    note:
      'Latency from a block to its settlement, blocks that still waited at the end counted as waiting. Of the chain: share of the gas limits. ' +
      'Netting: gross over net. Known for: how long a batch is known before it settles.',
  });
}
