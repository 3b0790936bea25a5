/** Lines of styled text with a known width: cut to fit first, coloured last, so that no colour is ever cut in half. */
import type { Colors } from '../io.ts';

export type Style = 'plain' | 'strong' | 'dim' | 'good' | 'bad' | 'warn';

export interface Span {
  readonly text: string;
  readonly style: Style;
}

export function span(text: string, style: Style = 'plain'): Span {
  return { text: printable(text), style };
}

/** Characters that would move the cursor or change colours become visible marks; messages may quote strangers. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\u00b7');
}

/** A line of at most `columns` characters; what does not fit gives way to an ellipsis. */
export function renderLine(spans: readonly Span[], columns: number, colors: Colors): string {
  const width = spans.reduce((sum, { text }) => sum + text.length, 0);
  let left = width <= columns ? width : Math.max(0, columns - 1);
  let line = '';
  for (const { text, style } of spans) {
    const part = text.slice(0, left);
    left -= part.length;
    if (part !== '') line += paint(part, style, colors);
  }
  return width <= columns || columns < 1 ? line : `${line}…`;
}

function paint(text: string, style: Style, colors: Colors): string {
  switch (style) {
    case 'strong':
      return colors.bold(text);
    case 'dim':
      return colors.dim(text);
    case 'good':
      return colors.green(text);
    case 'bad':
      return colors.red(text);
    case 'warn':
      return colors.yellow(text);
    case 'plain':
      return text;
  }
}
