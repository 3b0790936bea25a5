/**
 * What may end a devnet: Ctrl-C, SIGTERM, the end of its terminal or of whoever reads its output, or its time. The first asks
 * for a stop in good order; a second signal ends the process at once.
 */
import { exitCodes } from '../codes.ts';

/** Signals closer together than this are one, in ms: npm passes on a Ctrl-C that the terminal has sent to all already. */
const SAME_SIGNAL_MS = 200;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class StopRequest {
  readonly #controller = new AbortController();
  #abandon: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #firstSignalMs: number | undefined;

  constructor() {
    for (const signal of signals) process.on(signal, this.#interrupt);
    process.stdout.on('error', this.#end);
  }

  /** Aborted when it is time to stop. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @param abandon - Lets go of everything without waiting; the process ends when it returns. */
  onSecond(abandon: () => void): void {
    this.#abandon = abandon;
  }

  /** Asks for a stop after a while. */
  after(ms: number): void {
    this.#timer = setTimeout(this.#end, ms);
  }

  /** Everything has stopped. */
  close(): void {
    clearTimeout(this.#timer);
    for (const signal of signals) process.off(signal, this.#interrupt);
    process.stdout.off('error', this.#end);
  }

  readonly #end = (): void => this.#controller.abort();

  readonly #interrupt = (): void => {
    const now = performance.now();
    this.#firstSignalMs ??= now;
    this.#end();
    if (now - this.#firstSignalMs < SAME_SIGNAL_MS) return;
    this.#abandon();
    process.exit(exitCodes.unable);
  };
}
