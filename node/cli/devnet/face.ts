/** How a devnet shows itself: a table that is drawn again and again on a terminal, a line of news elsewhere, or NDJSON. */
import type { EventLine } from '../../core/eventFields.ts';
import { isNews, type NetworkPicture } from '../../devnet/watch/networkPicture.ts';
import { type CliIo, colorsOf } from '../io.ts';
import { newsSpans, renderLiveTable } from './liveTable.ts';
import { Screen } from './screen.ts';
import { renderLine } from './spans.ts';

/** Pause between two pictures, in ms. */
const FRAME_MS = 250;
/** A terminal that does not say how tall it is. */
const ROWS_DEFAULT = 24;

export interface FaceOptions {
  readonly isJson: boolean;
  /** When the command began, in ms of this process. */
  readonly startedMs: number;
  /** The genesis instant, in ms since 1970. */
  readonly genesisMs: () => number;
}

export class DevnetFace {
  readonly #options: FaceOptions;
  readonly #io: CliIo;
  readonly #screen: Screen | undefined;
  readonly #timeOf: (t: number) => string;

  constructor(options: FaceOptions, io: CliIo) {
    this.#options = options;
    this.#io = io;
    const isLive = !options.isJson && io.isOutTerminal && io.environment.TERM !== 'dumb';
    this.#screen = isLive ? new Screen(io.out, () => io.columns) : undefined;
    this.#timeOf = (t) => clockTime(new Date(options.genesisMs() + t));
  }

  /** @param line - Of the merged stream. */
  tell(line: EventLine): void {
    if (this.#options.isJson) this.#io.out(`${JSON.stringify(line)}\n`);
    else if (this.#screen === undefined && isNews(line)) {
      const text = renderLine(newsSpans(line, this.#timeOf), Number.MAX_SAFE_INTEGER, colorsOf(this.#io));
      this.#io.out(`${text}\n`);
    }
  }

  /** Shows the picture as it changes. @returns When `signal` is aborted, with the last picture left standing. */
  async show(picture: () => NetworkPicture, signal: AbortSignal): Promise<void> {
    const draw = (): void => this.#draw(picture());
    const timer = this.#screen === undefined ? undefined : setInterval(draw, FRAME_MS);
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    }
    clearInterval(timer);
    if (this.#screen !== undefined) draw();
    this.close();
  }

  /** Gives the terminal back. */
  close(): void {
    this.#screen?.close();
  }

  #draw(picture: NetworkPicture): void {
    const { columns, rows = ROWS_DEFAULT } = this.#io;
    const lines = renderLiveTable(picture, {
      // Neither the last column nor the last row: a terminal scrolls when they are filled.
      columns: columns - 1,
      rows: rows - 1,
      colors: colorsOf(this.#io),
      nowMs: performance.now(),
      startedMs: this.#options.startedMs,
      timeOf: this.#timeOf,
    });
    this.#screen?.draw(lines);
  }
}

/** `14:03:59`, where this machine stands. */
function clockTime(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}
