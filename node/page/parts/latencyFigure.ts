/** The distribution of block-to-settled latency, with the closed form beside it. */
import type { LatencyForecast } from '../../experiment/forecast.ts';
import { showMs, showShare } from '../../experiment/words.ts';
import { drawLinePlot, type PlotLine } from '../charts/linePlot.ts';
import { type KeyEntry, renderFigure } from '../figure.ts';
import type { Html } from '../html.ts';
import type { SeriesStyle } from '../palette.ts';
import { axisOf, maxOf, timeScaleOf } from '../scales.ts';
import { renderTable } from '../table.ts';

export interface Distribution {
  readonly name: string;
  readonly style: SeriesStyle;
  /** ms, and the share that is settled by then. */
  readonly steps: readonly (readonly [number, number])[];
  /** Stands out. */
  readonly isMain: boolean;
}

export interface LatencyOptions {
  readonly distributions: readonly Distribution[];
  /** Of the main one. */
  readonly forecast: LatencyForecast | undefined;
  readonly forecastName: string;
  readonly caption: string;
}

/** Thin, over the thick line that it describes. */
const forecastStyle: SeriesStyle = { color: 'ink', symbol: 'circle', dash: [2, 5] };
/** Shares of the table. */
const SHARES = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1] as const;

export function latencyFigure({ distributions, forecast, forecastName, caption }: LatencyOptions): Html {
  const scale = timeScaleOf(maxOf(distributions.flatMap(({ steps }) => steps.map(([ms]) => ms))));
  const pointsOf = (steps: Distribution['steps']): (readonly [number, number])[] => {
    const [first] = steps;
    const points = steps.map(([ms, share]) => [ms / scale.perUnit, share * 100] as const);
    return first === undefined ? [] : [[first[0] / scale.perUnit, 0], ...points];
  };
  const lines: PlotLine[] = distributions.map(({ name, style, steps, isMain }) => ({
    name,
    style,
    points: pointsOf(steps),
    hasMarks: false,
    isStepped: true,
    width: isMain ? 4 : 1.75,
  }));
  if (forecast !== undefined)
    lines.push({
      name: forecastName,
      style: forecastStyle,
      points: forecast.cdf.map(([ms, share]) => [ms / scale.perUnit, share * 100]),
      hasMarks: false,
      isOnTop: true,
      width: 2,
    });
  const medians = distributions.map(({ name, steps }) => `${name}: half within ${atShare(steps, 0.5)}`);
  return renderFigure({
    id: 'latency-distribution',
    title: 'Share of blocks settled within a time',
    caption,
    alternative: `Distribution of the latency from a block to its settlement. ${medians.join('; ')}.`,
    key: lines.map(({ name, style }): KeyEntry => ({ name, style, as: 'line' })),
    draw: (layout, id) =>
      drawLinePlot(
        {
          x: axisOf('latency', scale, { min: 0 }),
          y: { name: 'settled, % of all blocks', show: String, min: 0, max: 100 },
          lines,
        },
        layout,
        id,
      ),
    data: renderTable({
      caption: 'Time within which a share of the blocks is settled',
      columns: [{ name: 'share' }, ...distributions.map(({ name }) => ({ name }))],
      rows: SHARES.map((share) => ({
        cells: [showShare(share), ...distributions.map(({ steps }) => atShare(steps, share))],
      })),
    }),
  });
}

function atShare(steps: Distribution['steps'], share: number): string {
  const step = steps.find(([, own]) => own >= share - 1e-9);
  return step === undefined ? 'not reached' : showMs(step[0]);
}
