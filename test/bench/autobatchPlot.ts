/** The comparison drawn: a page with its plots and tables, and the first plot as a drawing of its own. Both load nothing. */
import type { Layout } from '../../node/page/chart.ts';
import { drawLinePlot, type LinePlot, type PlotLine } from '../../node/page/charts/linePlot.ts';
import { renderCode, renderPage } from '../../node/page/document.ts';
import { type KeyEntry, renderFigure } from '../../node/page/figure.ts';
import { type Html, html } from '../../node/page/html.ts';
import { colorNames, colorOf, dark, light, type Palette, styleOf } from '../../node/page/palette.ts';
import { renderTable } from '../../node/page/table.ts';
import type { Summary } from './autobatchFigures.ts';

export interface Comparison {
  readonly version: string;
  /** How it was measured, in sentences. */
  readonly lead: string;
  readonly command: string;
  readonly single: Summary;
  readonly transfers: Summary | undefined;
  readonly sizes: readonly Summary[];
  /** Heads of the table, and a line for each variant. */
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Of the drawing of its own. */
const WIDTH = 880;
const HEIGHT = 420;
const KEY_HEIGHT = 34;

export function renderComparisonPage(comparison: Comparison): string {
  const { version, lead, command, heads, rows } = comparison;
  const table = renderTable({
    caption: 'All variants, the middle of their runs',
    columns: heads.map((name, index) => ({ name, isText: index === 0 })),
    rows: rows.map((cells) => ({ cells })),
  });
  return renderPage({
    title: 'Orders in batches, and one by one',
    kind: 'Sidereal benchmark',
    lead,
    version,
    sections: [
      {
        id: 'throughput',
        title: 'Throughput',
        body: html`${renderFigure({
          id: 'rate',
          title: 'Orders confirmed a second',
          caption:
            'Level lines have no size: every order is a transaction of its own. Solid: from the first POST to the last confirmation; dashed: by blocks, without the way in and out. Bars: the lowest and the highest of several runs.',
          alternative: alternativeOf(comparison),
          key: keyOf(comparison),
          draw: (layout, id) => drawThroughput(comparison, layout, id),
          data: table,
        })}`,
      },
      {
        id: 'waiting',
        title: 'Waiting',
        body: html`${renderFigure({
          id: 'latency',
          title: 'From POST to confirmed',
          caption:
            'With everything sent at once, most of it is time in the queue: what is confirmed slower waits longer.',
          alternative: `Time from POST to confirmed at each size, in seconds, p50 and p99: ${comparison.sizes
            .map(
              ({ name, confirmedMs }) =>
                `${name}: ${seconds(confirmedMs.p50)} and ${seconds(confirmedMs.p99)}`,
            )
            .join('; ')}.`,
          key: [
            { name: 'p50', style: styleOf(0), as: 'line-mark' },
            { name: 'p99', style: styleOf(1), as: 'line-mark' },
          ],
          draw: (layout, id) => drawWaiting(comparison, layout, id),
          data: table,
        })}`,
      },
      { id: 'table', title: 'All figures', body: table },
      { id: 'repeat', title: 'How to repeat this', body: renderCode(command, 'Command') },
    ],
  });
}

/** The first plot, in light or dark as the reader's machine has it, with a text in its place for those who do not see it. */
export function renderThroughputSvg(comparison: Comparison): string {
  const layout: Layout = { isNarrow: false, width: WIDTH, height: HEIGHT };
  const key = keyOf(comparison);
  const step = WIDTH / key.length;
  return `${
    html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT + KEY_HEIGHT}" role="img" aria-labelledby="title description" font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="12">
<title id="title">Orders confirmed a second, by AUTO_BATCH_MAX_SIZE</title>
<desc id="description">${alternativeOf(comparison)}</desc>
<style>:root{${variables(light)}}@media (prefers-color-scheme:dark){:root{${variables(dark)}}}text{font-variant-numeric:tabular-nums}</style>
<rect width="${WIDTH}" height="${HEIGHT + KEY_HEIGHT}" rx="6" fill="${colorOf('page')}"/>
${key.map(
  ({ name, style }, index) =>
    html`<g transform="translate(${Math.round(index * step) + 12} 20)"><path d="M0 0H28" fill="none" stroke="${colorOf(style.color)}" stroke-width="2" stroke-dasharray="${style.dash === 'solid' ? 'none' : style.dash.map(String).join(' ')}"/><text x="34" y="4" fill="${colorOf('text')}">${name}</text></g>
`,
)}<svg y="${KEY_HEIGHT}" width="${WIDTH}" height="${HEIGHT}">${drawThroughput(comparison, layout, 'rate')}</svg>
</svg>`.text
  }\n`;
}

function variables(palette: Palette): Html {
  return html`${colorNames.map((name) => html`--${name}:${palette[name]};`)}`;
}

function alternativeOf({ single, transfers, sizes }: Comparison): string {
  const bySize = sizes.map(
    ({ name, perSecond, ratio }) => `${name}: ${rate(perSecond)}, ${ratio.toFixed(2)} times`,
  );
  const plain = transfers === undefined ? '' : ` Plain transfers by nonce: ${rate(transfers.perSecond)}.`;
  return `Orders confirmed a second, and how many times as many as with one transaction an order (${rate(single.perSecond)}), by AUTO_BATCH_MAX_SIZE. ${bySize.join('; ')}.${plain}`;
}

function keyOf({ transfers }: Comparison): readonly KeyEntry[] {
  return [
    { name: 'engine, whole run', style: styleOf(0), as: 'line-mark' },
    { name: 'engine, by blocks', style: { ...styleOf(0), dash: [3, 3] }, as: 'line' },
    { name: 'one transaction an order', style: styleOf(1), as: 'line' },
    ...(transfers === undefined
      ? []
      : [{ name: 'plain transfers by nonce', style: styleOf(2), as: 'line' } as const]),
  ];
}

function drawThroughput({ single, transfers, sizes }: Comparison, layout: Layout, id: string): Html {
  const level = (name: string, value: number, index: number): PlotLine => ({
    name,
    style: styleOf(index),
    points: sizes.map((_, place) => [place, value]),
    hasMarks: false,
  });
  const steady = sizes.map(({ steadyPerSecond }, place): [number, number | null] => [place, steadyPerSecond]);
  const lines: PlotLine[] = [
    {
      name: 'engine',
      style: styleOf(0),
      points: sizes.map(({ perSecond }, place) => [place, perSecond]),
      intervals: sizes.map(({ runs }) => rangeOf(runs.map(({ perSecond }) => perSecond))),
      hasMarks: true,
    },
    { name: 'by blocks', style: { ...styleOf(0), dash: [3, 3] }, points: steady, hasMarks: false },
    level('single', single.perSecond, 1),
    ...(transfers === undefined ? [] : [level('transfers', transfers.perSecond, 2)]),
  ];
  return drawLinePlot({ ...axesOf(sizes, 'orders a second'), lines }, layout, id);
}

function drawWaiting({ sizes }: Comparison, layout: Layout, id: string): Html {
  const line = (name: 'p50' | 'p99', index: number): PlotLine => ({
    name,
    style: styleOf(index),
    points: sizes.map(({ confirmedMs }, place) => [place, confirmedMs[name] / 1000]),
    hasMarks: true,
  });
  return drawLinePlot({ ...axesOf(sizes, 'seconds'), lines: [line('p50', 0), line('p99', 1)] }, layout, id);
}

function axesOf(sizes: readonly Summary[], name: string): Pick<LinePlot, 'x' | 'y'> {
  const show = (value: number): string => String(value);
  return {
    x: { name: 'AUTO_BATCH_MAX_SIZE, orders', show, names: sizes.map(({ maxSize }) => String(maxSize)) },
    y: { name, show, min: 0 },
  };
}

/** Between the lowest and the highest of several runs. */
function rangeOf(figures: readonly number[]): readonly [number, number] | null {
  return figures.length < 2 ? null : [Math.min(...figures), Math.max(...figures)];
}

function rate(perSecond: number): string {
  return `${perSecond.toFixed(perSecond < 100 ? 1 : 0)} a second`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
