/**
 * Colours of a page in light and in dark, and what tells the lines of a plot apart besides colour. The hues are those of
 * Okabe and Ito (2008), which people with any colour vision tell apart; each is darkened or lightened until it has the
 * contrast that WCAG 2.2 asks for on its background (1.4.3 for text, 1.4.11 for marks), which a test checks.
 */

/** Names of the colours, as CSS variables. */
export const colorNames = [
  'page',
  'panel',
  'text',
  'muted',
  'line',
  'grid',
  'link',
  'good',
  'bad',
  'blue',
  'orange',
  'green',
  'purple',
  'sky',
  'vermillion',
  'ink',
  'shade',
] as const;
export type ColorName = (typeof colorNames)[number];
export type Palette = Readonly<Record<ColorName, string>>;

export const light: Palette = {
  page: '#ffffff',
  panel: '#f6f8fa',
  text: '#1b1f24',
  muted: '#57606a',
  line: '#8c959f',
  grid: '#dfe3e8',
  link: '#0a5ca8',
  good: '#116329',
  bad: '#b3261e',
  blue: '#0072b2',
  orange: '#b26b00',
  green: '#00805c',
  purple: '#a8487f',
  sky: '#2a7fb8',
  vermillion: '#c24e00',
  ink: '#1b1f24',
  shade: '#e3eefa',
};

export const dark: Palette = {
  page: '#0e1116',
  panel: '#171c23',
  text: '#e8edf2',
  muted: '#a5b0bc',
  line: '#6e7987',
  grid: '#2a323c',
  link: '#7cc0ff',
  good: '#57c785',
  bad: '#ff8f80',
  blue: '#4aa8e8',
  orange: '#f0ab1f',
  green: '#1fc795',
  purple: '#e08bbb',
  sky: '#8accf2',
  vermillion: '#ff7f3f',
  ink: '#e8edf2',
  shade: '#16273a',
};

/** A colour as a plot names it: the page says what it is. */
export function colorOf(name: ColorName): string {
  return `var(--${name})`;
}

export type Dash = 'solid' | readonly number[];

/** How one line of a plot looks. */
export interface SeriesStyle {
  readonly color: ColorName;
  /** In the words of the plotting library. */
  readonly symbol: 'circle' | 'rect' | 'triangle' | 'diamond' | 'pin' | 'arrow' | 'roundRect';
  readonly dash: Dash;
}

/** In the order in which they are given out: no two have the same colour, the same symbol or the same dashes. */
export const seriesStyles: readonly SeriesStyle[] = [
  { color: 'blue', symbol: 'circle', dash: 'solid' },
  { color: 'vermillion', symbol: 'rect', dash: [7, 3] },
  { color: 'green', symbol: 'triangle', dash: [2, 3] },
  { color: 'purple', symbol: 'diamond', dash: [9, 3, 2, 3] },
  { color: 'orange', symbol: 'arrow', dash: [4, 2] },
  { color: 'ink', symbol: 'roundRect', dash: [1, 2, 6, 2] },
  { color: 'sky', symbol: 'pin', dash: [12, 4] },
];

/** Of the closed form, around the marks of what was measured. */
export const forecastStyle: SeriesStyle = { color: 'muted', symbol: 'circle', dash: [3, 3] };

export function styleOf(index: number): SeriesStyle {
  return seriesStyles[index % seriesStyles.length] ?? forecastStyle;
}
