/**
 * Plots as SVG, drawn without a browser: the one place that knows the plotting library. Equal plots are equal bytes, whatever
 * was drawn before in this process; nothing in them is interactive, animated or loaded from elsewhere.
 */
import { CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { SVGRenderer } from 'echarts/renderers';
import { Html } from './html.ts';
import { colorOf } from './palette.ts';

export type ChartOption = EChartsCoreOption;

/** The room that a plot has. */
export interface Layout {
  /** For a phone: taller than wide, fewer ticks. */
  readonly isNarrow: boolean;
  /** In CSS pixels, as the plot's own coordinates. */
  readonly width: number;
  readonly height: number;
}

export const FONT_PIXELS = 12;

use([CustomChart, LineChart, ScatterChart, GridComponent, MarkLineComponent, LabelLayout, SVGRenderer]);

/**
 * Draws a plot.
 * @param id - Unique within its page: prefix of the ids in the drawing.
 */
export function drawChart(option: ChartOption, { width, height }: Layout, id: string): Html {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: 'inherit', fontSize: FONT_PIXELS, color: colorOf('text') },
      ...option,
    });
    return new Html(plain(chart.renderToSVGString({ useViewBox: true }), width, height, id));
  } finally {
    chart.dispose();
  }
}

/**
 * Without what only a script or a pointer could use, and with ids of its own: the library numbers its drawings over the
 * life of the process.
 */
function plain(svg: string, width: number, height: number, id: string): string {
  return svg
    .replace(/<style\s*>[\s\S]*?<\/style>/g, '')
    .replace(/^<svg [^>]*>/, `<svg viewBox="0 0 ${width} ${height}" aria-hidden="true" focusable="false">`)
    .replace(/<rect [^>]*fill="(?:none|transparent)"[^>]*><\/rect>\n?/, '')
    .replace(/ (?:class="zr[^"]*"|ecmeta_[a-z_]+="[^"]*"|pointer-events="[^"]*")/g, '')
    .replace(/\bzr\d+-/g, `${id}-`)
    .replace(/<defs\s*>\s*<\/defs>/g, '')
    .replace(/\n+/g, '\n')
    .trim();
}
