/** Points by fee and latency, sized by exposure: the Pareto front with the recommended point on it. */
import { type ChartOption, drawChart, FONT_PIXELS, type Layout } from '../chart.ts';
import type { Html } from '../html.ts';
import { colorOf } from '../palette.ts';
import { type Axis, axisOption, margins, type PlotMark } from './linePlot.ts';

export interface FrontPoint {
  readonly name: string;
  readonly fee: number;
  readonly latency: number;
  readonly exposure: number;
  readonly role: 'recommended' | 'nearest' | 'runner-up' | 'front' | 'beaten';
}

export interface FrontPlot {
  readonly x: Axis;
  readonly y: Axis;
  readonly points: readonly FrontPoint[];
  /** Limits on the fee and on the latency. */
  readonly marksX: readonly PlotMark[];
  readonly marksY: readonly PlotMark[];
}

/** Diameters of the smallest and the largest exposure, in pixels. */
const SIZES = { least: 9, most: 26 } as const;

export function drawFrontPlot(plot: FrontPlot, layout: Layout, id: string): Html {
  return drawChart(frontOption(plot, layout), layout, id);
}

function frontOption({ x, y, points, marksX, marksY }: FrontPlot, layout: Layout): ChartOption {
  const exposures = points.map(({ exposure }) => exposure);
  const most = Math.max(...exposures);
  // The area says how much, as the eye reads it.
  const sizeOf = ({ exposure }: FrontPoint): number =>
    Math.max(SIZES.least, SIZES.most * Math.sqrt(most === 0 ? 0 : exposure / most));
  // With exposure aside: where no other point is both as cheap and as fast.
  const front = points
    .filter((own) =>
      points.every(
        (other) =>
          other.fee > own.fee ||
          other.latency > own.latency ||
          (other.fee === own.fee && other.latency === own.latency),
      ),
    )
    .sort((one, other) => one.fee - other.fee);
  return {
    grid: margins,
    xAxis: axisOption(x, 'x', layout),
    yAxis: axisOption(y, 'y', layout),
    series: [
      {
        type: 'line',
        silent: true,
        z: 1,
        symbol: 'none',
        data: front.map(({ fee, latency }) => [fee, latency]),
        lineStyle: { color: colorOf('blue'), width: 1.5, type: [4, 3] },
        color: colorOf('blue'),
      },
      ...points.map((point) => pointSeries(point, sizeOf(point))),
      ...limitSeries(marksX, 'xAxis'),
      ...limitSeries(marksY, 'yAxis'),
    ],
  };
}

function pointSeries(point: FrontPoint, size: number): object {
  const { name, fee, latency, role } = point;
  const isChosen = role === 'recommended' || role === 'nearest';
  const color = isChosen ? 'vermillion' : role === 'beaten' ? 'line' : 'blue';
  return {
    type: 'scatter',
    silent: true,
    z: isChosen ? 6 : role === 'beaten' ? 2 : 4,
    data: [[fee, latency]],
    symbol: isChosen ? 'diamond' : 'circle',
    symbolSize: isChosen ? size + 6 : size,
    itemStyle: {
      color: role === 'beaten' ? colorOf('page') : colorOf(color),
      borderColor: role === 'beaten' ? colorOf('line') : colorOf('page'),
      borderWidth: role === 'beaten' ? 1.5 : 1,
      opacity: 1,
    },
    label: {
      show: true,
      formatter: () => name,
      position: 'right',
      // The front bends towards the origin: above it, on the right, is room.
      distance: isChosen ? 6 : 3,
      offset: [0, isChosen ? -9 : -7],
      color: colorOf(isChosen ? 'vermillion' : role === 'beaten' ? 'muted' : 'text'),
      fontSize: isChosen ? FONT_PIXELS + 2 : FONT_PIXELS - 1,
      fontWeight: isChosen ? 'bold' : 'normal',
    },
    labelLayout: { hideOverlap: true },
  };
}

function limitSeries(marks: readonly PlotMark[], axis: 'xAxis' | 'yAxis'): object[] {
  return marks.map(({ value, name, color }) => ({
    type: 'line',
    silent: true,
    data: [],
    markLine: {
      silent: true,
      symbol: 'none',
      lineStyle: { color: colorOf(color), type: [5, 4], width: 1.5 },
      label: {
        formatter: () => name,
        position: axis === 'xAxis' ? 'end' : 'insideEndTop',
        color: colorOf(color),
        fontSize: FONT_PIXELS,
      },
      data: [{ [axis]: value }],
    },
  }));
}
