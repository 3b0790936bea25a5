import { describe, expect, it } from 'vitest';
import { Screen } from '../../../../../node/cli/devnet/screen.ts';

/** As much of a terminal as the screen uses: it wraps at its width, and breaks lines anew when that changes. */
class Terminal {
  columns: number;
  isCursorShown = true;
  #lines: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  get text(): string {
    return this.#lines.join('\n').trimEnd();
  }

  resize(columns: number): void {
    this.columns = columns;
    const broken = this.#lines.flatMap((line) => {
      const parts = [];
      for (let at = 0; at === 0 || at < line.length; at += columns) parts.push(line.slice(at, at + columns));
      return parts;
    });
    this.#row += broken.length - this.#lines.length;
    this.#lines = broken;
  }

  readonly write = (text: string): void => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal reads
    for (const [token, parameter = '', final] of text.matchAll(/\u001b\[(\??[0-9]*)([A-Za-z])|./gs)) {
      if (final !== undefined) this.#control(parameter, final);
      else if (token === '\n') this.#feed();
      else if (token === '\r') this.#column = 0;
      else this.#put(token);
    }
  };

  #put(token: string): void {
    if (this.#column === this.columns) this.#feed();
    const line = this.#lines[this.#row] ?? '';
    this.#lines[this.#row] = line.slice(0, this.#column) + token + line.slice(this.#column + 1);
    this.#column += 1;
  }

  #feed(): void {
    this.#row += 1;
    this.#column = 0;
    this.#lines[this.#row] ??= '';
  }

  #control(parameter: string, final: string): void {
    if (final === 'A') this.#row -= Number(parameter);
    if (final === 'K') this.#lines[this.#row] = (this.#lines[this.#row] ?? '').slice(0, this.#column);
    if (final === 'J') {
      this.#lines[this.#row] = (this.#lines[this.#row] ?? '').slice(0, this.#column);
      this.#lines.length = this.#row + 1;
    }
    if (parameter === '?25') this.isCursorShown = final === 'h';
    expect(this.#row).toBeGreaterThanOrEqual(0);
  }
}

function open(columns: number): { readonly terminal: Terminal; readonly screen: Screen } {
  const terminal = new Terminal(columns);
  terminal.write('above\n');
  return { terminal, screen: new Screen(terminal.write, () => terminal.columns) };
}

describe('Screen', () => {
  it('draws in the same place, however many lines there were, and leaves alone what is above', () => {
    const { terminal, screen } = open(20);
    screen.draw(['first line', 'second', 'third']);
    expect(terminal.text).toBe('above\nfirst line\nsecond\nthird');
    screen.draw(['short']);
    expect(terminal.text).toBe('above\nshort');
    screen.draw(['a', 'b']);
    expect(terminal.text).toBe('above\na\nb');
  });

  it('hides the cursor while it draws, and brings it back once', () => {
    const { terminal, screen } = open(20);
    screen.draw(['a']);
    expect(terminal.isCursorShown).toBe(false);
    screen.close();
    expect(terminal.isCursorShown).toBe(true);
    expect(terminal.text).toBe('above\na');
    terminal.write('below');
    expect(terminal.text).toBe('above\na\nbelow');
  });

  it('finds its place again in a terminal that became narrower, and in one that became wider', () => {
    const { terminal, screen } = open(20);
    screen.draw(['\u001b[1mtwelve chars\u001b[22m', 'x']);
    terminal.resize(8);
    screen.draw(['twelve…', 'y']);
    expect(terminal.text).toBe('above\ntwelve…\ny');
    terminal.resize(30);
    screen.draw(['twelve chars', 'z']);
    expect(terminal.text).toBe('above\ntwelve chars\nz');
  });

  it('needs no cursor brought back when nothing was drawn', () => {
    const { terminal, screen } = open(20);
    terminal.isCursorShown = false;
    screen.close();
    expect(terminal.isCursorShown).toBe(false);
  });
});
