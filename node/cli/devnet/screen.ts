/**
 * Draws lines at the bottom of a terminal, again and again in the same place. What stood above stays and scrolls as
 * usual. The cursor is hidden meanwhile; `close` brings it back and leaves the last lines standing.
 */
import { stripVTControlCharacters } from 'node:util';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const ERASE_LINE_END = '\u001b[K';
const ERASE_BELOW = '\u001b[J';
/** Terminals that know them show a frame at once, others ignore them. */
const FRAME_START = '\u001b[?2026h';
const FRAME_END = '\u001b[?2026l';

export class Screen {
  readonly #write: (text: string) => void;
  readonly #columns: () => number;
  /** Widths of the lines that stand there. */
  #widths: readonly number[] = [];
  #isOpen = false;

  /** @param columns - Width of the terminal now. */
  constructor(write: (text: string) => void, columns: () => number) {
    this.#write = write;
    this.#columns = columns;
  }

  /** @param lines - Fewer than the terminal has rows, none as long as it is wide. */
  draw(lines: readonly string[]): void {
    const start = this.#isOpen ? '' : HIDE_CURSOR;
    this.#isOpen = true;
    const body = lines.map((line) => `${line}${ERASE_LINE_END}\n`).join('');
    this.#write(`${FRAME_START}${start}${this.#toTop()}${body}${ERASE_BELOW}${FRAME_END}`);
    this.#widths = lines.map((line) => stripVTControlCharacters(line).length);
  }

  close(): void {
    if (this.#isOpen) this.#write(SHOW_CURSOR);
    this.#isOpen = false;
    this.#widths = [];
  }

  /** A terminal that has become narrower has broken the old lines: they take more rows now. */
  #toTop(): string {
    const columns = Math.max(1, this.#columns());
    const rows = this.#widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return rows === 0 ? '\r' : `\r\u001b[${rows}A`;
  }
}
