import { describe, expect, it } from 'vitest';
import { type ColorName, dark, light, type Palette, seriesStyles } from '../../../../node/page/palette.ts';

/** Relative luminance (WCAG 2.2). */
function luminanceOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrastOf(one: string, other: string): number {
  const [low = 0, high = 0] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const texts: readonly ColorName[] = ['text', 'muted', 'link', 'good', 'bad'];
const marks: readonly ColorName[] = ['line', 'blue', 'orange', 'green', 'purple', 'sky', 'vermillion', 'ink'];

describe.each<[string, Palette]>([
  ['light', light],
  ['dark', dark],
])('the %s palette', (_, palette) => {
  it('has text that can be read on every ground', () => {
    for (const ground of ['page', 'panel', 'shade'] as const)
      for (const text of texts)
        expect(contrastOf(palette[text], palette[ground]), `${text} on ${ground}`).toBeGreaterThanOrEqual(
          4.5,
        );
  });

  it('has marks that stand out from the page, and numbers that stand out from filled marks', () => {
    for (const mark of marks) expect(contrastOf(palette[mark], palette.page), mark).toBeGreaterThanOrEqual(3);
    for (const mark of ['blue', 'green', 'vermillion'] as const)
      expect(contrastOf(palette.page, palette[mark]), `number on ${mark}`).toBeGreaterThanOrEqual(4.5);
  });
});

describe('seriesStyles', () => {
  it('tells lines apart without colour: by their marks and by their dashes', () => {
    for (const take of ['color', 'symbol', 'dash'] as const)
      expect(new Set(seriesStyles.map((style) => String(style[take]))).size).toBe(seriesStyles.length);
  });
});
