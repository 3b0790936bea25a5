/** The frame of a plot: what it shows in words, its key, the drawing for wide and for narrow screens, and its figures as a table. */
import type { Layout } from './chart.ts';
import { type Html, html } from './html.ts';
import { type ColorName, colorOf, type SeriesStyle } from './palette.ts';

export interface KeyEntry {
  readonly name: string;
  readonly style: SeriesStyle;
  /** What stands for it: a line with its mark, a line alone, a mark alone, or a filled box. */
  readonly as: 'line-mark' | 'line' | 'line-ring' | 'mark' | 'box';
  readonly isHollow?: boolean | undefined;
}

export interface Figure {
  /** Unique within the page; an anchor. */
  readonly id: string;
  /** What it is, in a few words. */
  readonly title: string;
  /** What to see in it, in sentences. */
  readonly caption: string | Html;
  /** In place of the picture, for those who do not see it. */
  readonly alternative: string;
  readonly key: readonly KeyEntry[];
  readonly draw: (layout: Layout, id: string) => Html;
  /** Heights of the drawings, in pixels. */
  readonly heights?: { readonly wide: number; readonly narrow: number } | undefined;
  /** The figures behind it. */
  readonly data: Html;
}

const WIDE_PIXELS = 880;
const NARROW_PIXELS = 344;
const HEIGHTS = { wide: 360, narrow: 320 } as const;

export function renderFigure(figure: Figure): Html {
  const { id, title, caption, alternative, key, draw, heights = HEIGHTS, data } = figure;
  const wide = draw({ isNarrow: false, width: WIDE_PIXELS, height: heights.wide }, `${id}-w`);
  const narrow = draw({ isNarrow: true, width: NARROW_PIXELS, height: heights.narrow }, `${id}-n`);
  return html`<figure id="${id}" aria-labelledby="${id}-title">
<h3 id="${id}-title">${title}</h3>
${key.length === 0 ? undefined : html`<ul class="key" aria-hidden="true">${key.map(renderKeyEntry)}</ul>`}
<div class="plot" role="img" aria-label="${alternative}">
<div class="wide">${wide}</div>
<div class="narrow">${narrow}</div>
</div>
<figcaption>${caption}</figcaption>
<details><summary>Figures of this plot</summary>
${data}
</details>
</figure>
`;
}

function renderKeyEntry({ name, style, as, isHollow }: KeyEntry): Html {
  const color = colorOf(style.color);
  const dashes =
    style.dash === 'solid' ? undefined : html` stroke-dasharray="${style.dash.map(String).join(' ')}"`;
  const line =
    as === 'line' || as === 'line-mark' || as === 'line-ring'
      ? html`<path d="M1 7H31" fill="none" stroke="${color}" stroke-width="2"${dashes}/>`
      : undefined;
  const mark = as === 'line-mark' || as === 'mark' ? markOf(style.symbol, style.color, isHollow) : undefined;
  const ring =
    as === 'line-ring' ? html`<circle cx="16" cy="7" r="5.5" fill="none" stroke="${color}"/>` : undefined;
  const box =
    as === 'box' ? html`<rect x="6" y="2" width="20" height="10" rx="2" fill="${color}"/>` : undefined;
  return html`<li><svg width="32" height="14" viewBox="0 0 32 14" aria-hidden="true" focusable="false">${line}${mark}${ring}${box}</svg>${name}</li>`;
}

/** The library's symbols, at the place of a key. */
const markPaths: Readonly<Record<SeriesStyle['symbol'], string>> = {
  circle: 'M16 3a4 4 0 1 1 0 8a4 4 0 1 1 0-8z',
  rect: 'M12 3h8v8h-8z',
  roundRect: 'M13 3h6l1 1v6l-1 1h-6l-1-1v-6z',
  triangle: 'M16 3l4 8h-8z',
  diamond: 'M16 2.5l4.5 4.5-4.5 4.5-4.5-4.5z',
  arrow: 'M16 3l4 8-4-2-4 2z',
  pin: 'M16 12c-5-5-4-9 0-9s5 4 0 9z',
};

function markOf(symbol: SeriesStyle['symbol'], color: ColorName, isHollow = false): Html {
  const fill = isHollow ? colorOf('page') : colorOf(color);
  return html`<path d="${markPaths[symbol]}" fill="${fill}" stroke="${colorOf(color)}"/>`;
}
