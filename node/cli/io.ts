/** The command line's way to the world, so that tests can stand in its place. */
import pc from 'picocolors';
import { onInterrupt } from './interrupt.ts';

export interface CliIo {
  /** Standard output: results. */
  readonly out: (text: string) => void;
  /** Standard error: messages and progress. */
  readonly err: (text: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isOutTerminal: boolean;
  readonly isErrTerminal: boolean;
  /** Width of the terminal now, in characters. */
  readonly columns: number;
  /** Its height, where it says so. */
  readonly rows?: number | undefined;
  /** Host time in ms, for progress and `wall_ms` alone. */
  readonly clock: () => number;
  /** Calls back once, when the user wants no more; gives what stops that. Without it nobody interrupts. */
  readonly onInterrupt?: (listener: () => void) => () => void;
}

export type Colors = ReturnType<typeof pc.createColors>;

/** Width of anything that is no terminal, in characters. */
const COLUMNS_DEFAULT = 80;

export function processIo(): CliIo {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    environment: process.env,
    isOutTerminal: process.stdout.isTTY === true,
    isErrTerminal: process.stderr.isTTY === true,
    get columns() {
      return process.stdout.columns || COLUMNS_DEFAULT;
    },
    get rows() {
      return process.stdout.rows || undefined;
    },
    clock: () => performance.now(),
    onInterrupt,
  };
}

/** Colours on a terminal, unless `NO_COLOR` says no (no-color.org: present and not empty). */
export function colorsOf(io: CliIo): Colors {
  const isOff = (io.environment.NO_COLOR ?? '') !== '' || io.environment.TERM === 'dumb';
  return pc.createColors(io.isOutTerminal && !isOff);
}
