/** What the settlement chain did over a run: base fee, how full its blocks were, and how many batches it settled. */
import { type ChartOption, drawChart, FONT_PIXELS, type Layout } from '../chart.ts';
import type { Html } from '../html.ts';
import { colorOf } from '../palette.ts';
import { showTick } from '../scales.ts';
import { type Axis, axisOption, margins, type PlaceApi } from './linePlot.ts';

export interface SettlementCourse {
  readonly stepMs: number;
  readonly baseFee: readonly (number | null)[];
  readonly gasShare: readonly (number | null)[];
  readonly settled: readonly number[];
  readonly timeAxis: Axis;
  readonly feeAxis: Axis;
  /** One unit of the axes, in ms and in fee units. */
  readonly msPerUnit: number;
  readonly feePerUnit: number;
}

/** Room between two strips, and above the first. */
const GAP_PIXELS = 52;

export function drawSettlementPlot(course: SettlementCourse, layout: Layout, id: string): Html {
  return drawChart(settlementOption(course, layout), layout, id);
}

function settlementOption(course: SettlementCourse, layout: Layout): ChartOption {
  const { stepMs, baseFee, gasShare, settled, timeAxis, feeAxis, msPerUnit, feePerUnit } = course;
  const height = (layout.height - margins.top - margins.bottom - 2 * GAP_PIXELS) / 3;
  const strips = [0, 1, 2].map((index) => ({
    left: margins.left,
    right: margins.right,
    top: margins.top + index * (height + GAP_PIXELS),
    height,
  }));
  const at = (index: number): number => (index * stepMs) / msPerUnit;
  const axes: readonly Axis[] = [
    feeAxis,
    { name: 'gas used, % of the limit', show: showTick, min: 0 },
    { name: 'batches settled', show: showTick, min: 0, isWhole: true },
  ];
  const line = (
    strip: number,
    color: 'blue' | 'green',
    data: readonly (readonly [number, number | null])[],
  ) => ({
    type: 'line',
    silent: true,
    xAxisIndex: strip,
    yAxisIndex: strip,
    data,
    symbol: 'none',
    step: 'end',
    connectNulls: true,
    lineStyle: { color: colorOf(color), width: 1.5, type: 'solid' },
    color: colorOf(color),
  });
  const barWidth = Math.max(
    1,
    ((layout.width - margins.left - margins.right) / Math.max(1, settled.length)) * 0.8,
  );
  return {
    grid: strips,
    xAxis: strips.map((_, index) => {
      const option = axisOption(timeAxis, 'x', layout);
      const isLast = index === strips.length - 1;
      return {
        ...option,
        gridIndex: index,
        ...(isLast ? {} : { name: '', axisLabel: { show: false } }),
      };
    }),
    yAxis: axes.map((axis, index) => ({
      ...axisOption(axis, 'y', layout),
      gridIndex: index,
      splitNumber: 3,
    })),
    series: [
      line(
        0,
        'blue',
        baseFee.map((fee, index) => [at(index), fee === null ? null : fee / feePerUnit]),
      ),
      line(
        1,
        'green',
        gasShare.map((share, index) => [at(index), share === null ? null : share * 100]),
      ),
      {
        type: 'custom',
        silent: true,
        xAxisIndex: 2,
        yAxisIndex: 2,
        data: settled.flatMap((count, index) => (count === 0 ? [] : [[at(index + 0.5), count]])),
        encode: { x: 0, y: 1 },
        renderItem: (_: unknown, api: PlaceApi) => {
          const [x = 0, top = 0] = api.coord([api.value(0), api.value(1)]);
          const [, bottom = 0] = api.coord([api.value(0), 0]);
          return {
            type: 'rect',
            shape: { x: x - barWidth / 2, y: top, width: barWidth, height: bottom - top },
            style: { fill: colorOf('vermillion') },
          };
        },
      },
    ],
    textStyle: { fontFamily: 'inherit', fontSize: FONT_PIXELS },
  };
}
