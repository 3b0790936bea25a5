import { describe, expect, it } from 'vitest';
import { drawLinePlot, type LinePlot } from '../../../../node/page/charts/linePlot.ts';
import { styleOf } from '../../../../node/page/palette.ts';

const layout = { isNarrow: false, width: 400, height: 200 };
const plot: LinePlot = {
  x: { name: 'N', show: String, isWhole: true, min: 0, max: 4 },
  y: { name: 'seconds', show: (value) => `${value} s` },
  lines: [
    {
      name: 'p99',
      style: styleOf(1),
      points: [
        [1, 2],
        [2, 3],
        [3, null],
      ],
      intervals: [[1, 3], null, null],
      hasMarks: true,
    },
  ],
  marksX: [{ value: 2, name: 'N = 2', color: 'vermillion' }],
};

describe('drawLinePlot', () => {
  it('draws the same bytes again, whatever was drawn between', () => {
    const first = drawLinePlot(plot, layout, 'one').text;
    const other = drawLinePlot({ ...plot, lines: [] }, layout, 'two').text;
    expect(drawLinePlot(plot, layout, 'one').text).toBe(first);
    expect(other).not.toBe(first);
  });

  it('draws a line, a mark for each value, the interval, the axes and what is marked', () => {
    const svg = drawLinePlot(plot, layout, 'one').text;
    expect(svg.match(/fill="var\(--vermillion\)"[^>]*><\/path>/g)).toHaveLength(2);
    expect(svg).toContain('stroke-dasharray="7,3"');
    expect(svg).toMatch(/<path d="M[\d.]+ [\d.]+L[\d.]+ [\d.]+M[^"]*"[^>]*stroke="var\(--vermillion\)"/);
    for (const text of ['N', 'seconds', '3 s', 'N = 2']) expect(svg).toContain(`>${text}</text>`);
  });

  it('has ids of its own, no style, no script, no size, and nothing to fetch', () => {
    const svg = drawLinePlot(plot, layout, 'one').text;
    expect(svg).toMatch(/^<svg viewBox="0 0 400 200" aria-hidden="true" focusable="false">/);
    expect(svg).toMatch(/id="one-/);
    expect(svg).not.toMatch(/zr\d|<style|<script|href=|ecmeta|class=|https?:/);
  });
});
