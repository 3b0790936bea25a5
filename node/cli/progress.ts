/** Progress of a long run on standard error: a bar on a terminal, else a line every few seconds, nothing for short runs. */
import { Presets, SingleBar } from 'cli-progress';
import { seconds } from './format.ts';
import type { CliIo } from './io.ts';

/** Runs shorter than this show no progress, in ms of the host. */
const QUIET_MS = 1000;
/** Pause between two lines where there is no terminal, in ms of the host. */
const LINE_INTERVAL_MS = 5000;

export class Progress {
  readonly #io: CliIo;
  readonly #name: string;
  readonly #totalMs: number;
  readonly #startedMs: number;
  readonly #show: (amount: number) => string;
  #lastLineMs: number;
  #bar: SingleBar | undefined;

  constructor(
    options: {
      readonly name: string;
      /** All there is to do: ms of virtual time, unless `show` says what else. */
      readonly totalMs: number;
      readonly show?: (amount: number) => string;
    },
    dependencies: { readonly io: CliIo },
  ) {
    this.#io = dependencies.io;
    this.#name = options.name;
    this.#totalMs = options.totalMs;
    this.#show = options.show ?? seconds;
    this.#startedMs = this.#io.clock();
    this.#lastLineMs = this.#startedMs;
  }

  /**
   * @param note - What there is to say besides the amount, where there is no bar.
   * @param aside - What there is to say in any case.
   */
  update(virtualMs: number, note?: string, aside?: string): void {
    const nowMs = this.#io.clock();
    if (nowMs - this.#startedMs < QUIET_MS) return;
    const shareDone = Math.max(0, Math.min(1, virtualMs / Math.max(1, this.#totalMs)));
    if (this.#io.isErrTerminal) {
      if (this.#bar === undefined) {
        this.#bar = new SingleBar(
          {
            format: `  {bar} {percentage}% of ${this.#show(this.#totalMs)} | {eta_formatted}{aside}`,
            barsize: 30,
            clearOnComplete: true,
            hideCursor: false,
            linewrap: true,
          },
          Presets.shades_classic,
        );
        this.#bar.start(1000, 0, { aside: '' });
      }
      this.#bar.update(Math.round(shareDone * 1000), { aside: aside === undefined ? '' : ` | ${aside}` });
    } else if (nowMs - this.#lastLineMs >= LINE_INTERVAL_MS) {
      this.#lastLineMs = nowMs;
      const more = [note, aside].filter((part) => part !== undefined).join(', ');
      this.#io.err(
        `${this.#name}: ${this.#show(virtualMs)} of ${this.#show(this.#totalMs)} (${Math.floor(shareDone * 100)} %)${more === '' ? '' : `: ${more}`}\n`,
      );
    }
  }

  stop(): void {
    this.#bar?.stop();
  }
}
