/** A plot of lines with marks and intervals: what most figures of a page are. */
import { type ChartOption, drawChart, FONT_PIXELS, type Layout } from '../chart.ts';
import type { Html } from '../html.ts';
import { type ColorName, colorOf, type SeriesStyle } from '../palette.ts';

export interface Axis {
  /** With its unit. */
  readonly name: string;
  readonly show: (value: number) => string;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** Only whole numbers are ticks, at round distances. */
  readonly isWhole?: boolean | undefined;
  /** Names of places 0, 1, 2, … in place of numbers. */
  readonly names?: readonly string[] | undefined;
}

export interface PlotLine {
  readonly name: string;
  readonly style: SeriesStyle;
  readonly points: readonly (readonly [x: number, y: number | null])[];
  /** Lower and upper end at each point. */
  readonly intervals?: readonly (readonly [number, number] | null)[] | undefined;
  readonly hasMarks: boolean;
  /** Marks alone. */
  readonly isUnjoined?: boolean | undefined;
  readonly width?: number | undefined;
  readonly isOnTop?: boolean | undefined;
  /** Rings around the marks of another line. */
  readonly isRinged?: boolean | undefined;
  /** The value holds until the next point. */
  readonly isStepped?: boolean | undefined;
}

export interface PlotMark {
  readonly value: number;
  readonly name: string;
  readonly color: ColorName;
}

export interface LinePlot {
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly PlotLine[];
  /** Upright lines at places of the x axis, and level ones. */
  readonly marksX?: readonly PlotMark[] | undefined;
  readonly marksY?: readonly PlotMark[] | undefined;
}

/** Size of a mark, in pixels. */
const MARK_PIXELS = 8;
/** Of a ring around a mark. */
const RING_PIXELS = 15;
/** Half the width of the cap of an interval, in pixels. */
const CAP_PIXELS = 4;

export const margins = { left: 58, right: 18, top: 44, bottom: 46 } as const;

export function drawLinePlot(plot: LinePlot, layout: Layout, id: string): Html {
  return drawChart(linePlotOption(plot, layout), layout, id);
}

function linePlotOption({ x, y, lines, marksX = [], marksY = [] }: LinePlot, layout: Layout): ChartOption {
  return {
    grid: margins,
    xAxis: axisOption(x, 'x', layout),
    yAxis: axisOption(y, 'y', layout),
    series: [
      ...lines.flatMap((line, index) => [
        ...(line.intervals === undefined ? [] : [intervalSeries(line)]),
        lineSeries(line, index),
      ]),
      ...marksX.map((mark) => markSeries(mark, 'xAxis')),
      ...marksY.map((mark) => markSeries(mark, 'yAxis')),
    ],
  };
}

export function axisOption(axis: Axis, side: 'x' | 'y', { isNarrow }: Layout): object {
  const isX = side === 'x';
  const common = {
    name: axis.name,
    nameTextStyle: {
      color: colorOf('muted'),
      fontSize: FONT_PIXELS,
      ...(isX ? {} : { align: 'left', padding: [0, 0, 0, -margins.left + 8] }),
    },
    nameLocation: isX ? 'middle' : 'end',
    nameGap: isX ? 30 : 25,
    axisLine: { show: isX, onZero: false, lineStyle: { color: colorOf('line') } },
    axisTick: { show: isX, lineStyle: { color: colorOf('line') } },
    splitLine: { show: !isX, lineStyle: { color: colorOf('grid') } },
    splitNumber: isX && isNarrow ? 4 : 5,
  };
  const label = { color: colorOf('muted'), fontSize: FONT_PIXELS, hideOverlap: true };
  const { names } = axis;
  if (names !== undefined)
    return { ...common, type: 'category', data: [...names], axisLabel: { ...label, interval: 0 } };
  return {
    ...common,
    type: 'value',
    ...(axis.min === undefined ? {} : { min: axis.min }),
    ...(axis.max === undefined ? {} : { max: axis.max }),
    ...(axis.isWhole === true ? wholeTicks(axis, isX && isNarrow) : {}),
    axisLabel: {
      ...label,
      formatter: (value: number) => axis.show(value),
      // The end of a run is seldom a round number.
      ...(axis.max === undefined || Number.isInteger(axis.max) ? {} : { showMaxLabel: false }),
    },
  };
}

/** Distances of ticks that are whole and round; the library's own are not. */
function wholeTicks({ min = 0, max }: Axis, isNarrow: boolean): object {
  if (max === undefined) return { minInterval: 1 };
  const wanted = (max - min) / (isNarrow ? 6 : 24);
  const power = 10 ** Math.max(0, Math.ceil(Math.log10(Math.max(wanted, 1))) - 1);
  const interval = [1, 2, 5, 10].map((step) => step * power).find((step) => step >= wanted) ?? 10 * power;
  return { interval };
}

function lineSeries(line: PlotLine, index: number): object {
  const { style, points } = line;
  const color = colorOf(style.color);
  return {
    type: 'line',
    silent: true,
    clip: true,
    z: line.isOnTop === true ? 12 : 10 - Math.min(index, 7),
    data: points.map(([x, y]) => [x, y]),
    symbol: line.hasMarks ? style.symbol : 'none',
    symbolSize: line.isRinged === true ? RING_PIXELS : MARK_PIXELS,
    showAllSymbol: true,
    color,
    itemStyle:
      line.isRinged === true ? { color: 'transparent', borderColor: color, borderWidth: 1.2 } : { color },
    lineStyle: {
      color,
      width: line.isUnjoined === true ? 0 : (line.width ?? 2),
      type: style.dash === 'solid' ? 'solid' : [...style.dash],
    },
    ...(line.isStepped === true ? { step: 'end' } : {}),
  };
}

/** Upright lines with caps, behind the marks. */
function intervalSeries({ style, points, intervals = [] }: PlotLine): object {
  const data = points.flatMap(([x], index) => {
    const interval = intervals[index];
    return interval === undefined || interval === null ? [] : [[x, interval[0], interval[1]]];
  });
  return {
    type: 'custom',
    silent: true,
    z: 2,
    data,
    encode: { x: 0, y: [1, 2] },
    renderItem: (_: unknown, api: PlaceApi) => {
      const [x, low] = api.coord([api.value(0), api.value(1)]);
      const [, high] = api.coord([api.value(0), api.value(2)]);
      if (x === undefined || low === undefined || high === undefined) return undefined;
      const path =
        `M${x} ${low}L${x} ${high}M${x - CAP_PIXELS} ${low}L${x + CAP_PIXELS} ${low}` +
        `M${x - CAP_PIXELS} ${high}L${x + CAP_PIXELS} ${high}`;
      return {
        type: 'path',
        shape: { pathData: path },
        style: { stroke: colorOf(style.color), fill: 'none', lineWidth: 1.5 },
      };
    },
  };
}

/** What the library hands to whoever draws by himself. */
export interface PlaceApi {
  value(dimension: number): number;
  coord(place: readonly number[]): number[];
}

function markSeries({ value, name, color }: PlotMark, axis: 'xAxis' | 'yAxis'): object {
  return {
    type: 'line',
    silent: true,
    data: [],
    markLine: {
      silent: true,
      symbol: 'none',
      animation: false,
      precision: 12,
      lineStyle: { color: colorOf(color), type: [5, 4], width: 1.5 },
      label: {
        formatter: () => name,
        position: axis === 'xAxis' ? 'end' : 'insideEndTop',
        color: colorOf(color),
        fontSize: FONT_PIXELS,
        fontWeight: 'bold',
        distance: axis === 'xAxis' ? 4 : 2,
      },
      data: [{ [axis]: value }],
    },
  };
}
