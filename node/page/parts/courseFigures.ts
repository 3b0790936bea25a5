/** Figures of the course of a run: what was unsettled, and what the settlement chain did. */
import type { Series } from '../../experiment/cell.ts';
import { digits, showFee, showShare, showUsd } from '../../experiment/words.ts';
import { drawLinePlot, type PlotLine } from '../charts/linePlot.ts';
import { drawSettlementPlot } from '../charts/settlementPlot.ts';
import { type KeyEntry, renderFigure } from '../figure.ts';
import type { Html } from '../html.ts';
import { type SeriesStyle, styleOf } from '../palette.ts';
import { axisOf, feeScaleOf, maxOf, timeScaleOf, usdScaleOf } from '../scales.ts';
import { renderTable } from '../table.ts';

/** The course of one run under the name that it has in a key. */
export interface NamedSeries {
  readonly name: string;
  readonly series: Series;
}

/** Rows of the tables behind these figures: a course has hundreds of spans. */
const TABLE_ROWS_MAX = 60;
const SETTLEMENT_HEIGHTS = { wide: 440, narrow: 440 } as const;

export interface ExposureOptions {
  /** The first one also with its largest values. */
  readonly courses: readonly NamedSeries[];
  /** What the largest values of the first one are called. */
  readonly peakName: string;
  readonly caption: string;
}

export function exposureFigure({ courses, peakName, caption }: ExposureOptions): Html {
  const [main] = courses;
  const spans = maxOf(courses.map(({ series }) => series.exposure_usd.length));
  const mostMs = maxOf(courses.map(({ series }) => series.step_ms * series.exposure_usd.length));
  const time = timeScaleOf(mostMs);
  const usd = usdScaleOf(maxOf(courses.flatMap(({ series }) => [...series.exposure_usd_max])));
  const pointsOf = (series: Series, values: readonly number[]): (readonly [number, number])[] =>
    values.map((value, index) => [(index * series.step_ms) / time.perUnit, value / usd.perUnit]);
  const peak: SeriesStyle = { color: 'line', symbol: 'circle', dash: 'solid' };
  const lines: PlotLine[] = courses.map(({ name, series }, index) => ({
    name,
    style: styleOf(index),
    points: pointsOf(series, series.exposure_usd),
    hasMarks: false,
    isStepped: true,
    width: index === 0 ? 2 : 1.5,
  }));
  if (main !== undefined)
    lines.push({
      name: peakName,
      style: peak,
      points: pointsOf(main.series, main.series.exposure_usd_max),
      hasMarks: false,
      isStepped: true,
      width: 1,
    });
  const means = courses.map(
    ({ name, series }) => `${name}: ${showUsd(meanOf(series.exposure_usd))} on average`,
  );
  return renderFigure({
    id: 'exposure-over-time',
    title: 'Exposure over time',
    caption,
    alternative: `Unsettled net value in US dollars over the run. ${means.join('; ')}.`,
    key: lines.map(({ name, style }): KeyEntry => ({ name, style, as: 'line' })),
    draw: (layout, id) =>
      drawLinePlot(
        {
          x: axisOf('', time, { min: 0, max: mostMs / time.perUnit }),
          y: axisOf('unsettled net', usd, { min: 0 }),
          lines,
        },
        layout,
        id,
      ),
    data: renderTable({
      caption: 'Unsettled net, mean of each span',
      columns: [{ name: time.unit }, ...courses.map(({ name }) => ({ name }))],
      rows: sampled(spans).map((index) => ({
        cells: [
          digits((index * (main?.series.step_ms ?? 0)) / time.perUnit),
          ...courses.map(({ series }) => showUsd(series.exposure_usd[index] ?? 0)),
        ],
      })),
    }),
  });
}

/** Spans that a table shows: evenly over all of them, the first and the last included. */
function sampled(count: number): number[] {
  if (count <= TABLE_ROWS_MAX) return Array.from({ length: count }, (_, index) => index);
  return Array.from({ length: TABLE_ROWS_MAX }, (_, row) =>
    Math.round((row * (count - 1)) / (TABLE_ROWS_MAX - 1)),
  );
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function settlementFigure({ series }: NamedSeries, caption: string): Html {
  const { step_ms: stepMs, base_fee: baseFee, gas_share: gasShare, settled } = series;
  const time = timeScaleOf(stepMs * settled.length);
  const fee = feeScaleOf(maxOf(baseFee));
  const [low, high] = rangeOf(baseFee);
  const batches = settled.reduce((sum, count) => sum + count, 0);
  return renderFigure({
    id: 'settlement-chain',
    title: 'The settlement chain: base fee, gas, inclusion',
    caption,
    alternative:
      `Base fee from ${showFee(low)} to ${showFee(high)} fee units per gas, blocks filled to ` +
      `${showShare(meanOf(gasShare.filter((share) => share !== null)))} on average, ${batches} batches settled over the run.`,
    key: [],
    heights: SETTLEMENT_HEIGHTS,
    draw: (layout, id) =>
      drawSettlementPlot(
        {
          stepMs,
          baseFee,
          gasShare,
          settled,
          timeAxis: axisOf('', time, { min: 0, max: (stepMs * settled.length) / time.perUnit }),
          feeAxis: axisOf('base fee', { ...fee, unit: `${fee.unit} per gas` }, { min: 0 }),
          msPerUnit: time.perUnit,
          feePerUnit: fee.perUnit,
        },
        layout,
        id,
      ),
    data: renderTable({
      caption: 'The settlement chain over time',
      columns: [
        { name: time.unit },
        { name: 'base fee' },
        { name: 'gas used' },
        { name: 'batches settled so far' },
      ],
      rows: sampled(settled.length).map((index) => ({
        cells: [
          digits((index * stepMs) / time.perUnit),
          showOr(baseFee[index], showFee),
          showOr(gasShare[index], showShare),
          String(settled.slice(0, index + 1).reduce((sum, count) => sum + count, 0)),
        ],
      })),
    }),
  });
}

function showOr(value: number | null | undefined, show: (value: number) => string): string {
  return value === null || value === undefined ? 'no block' : show(value);
}

function rangeOf(values: readonly (number | null)[]): [number, number] {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? [0, 0] : [Math.min(...known), Math.max(...known)];
}
