/** The command line within a test: what it prints is kept, no terminal, no environment. */
import type { CliIo } from '../../node/cli/io.ts';
import { runCli } from '../../node/cli/program.ts';

export interface CommandOutcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What a command prints is appended to `text`. */
export function keepingIo(text: { out: string; err: string }, overrides: Partial<CliIo> = {}): CliIo {
  return {
    out: (more) => {
      text.out += more;
    },
    err: (more) => {
      text.err += more;
    },
    environment: {},
    isOutTerminal: false,
    isErrTerminal: false,
    columns: 80,
    clock: () => 0,
    ...overrides,
  };
}

export async function runCommand(
  args: readonly string[],
  overrides: Partial<CliIo> = {},
): Promise<CommandOutcome> {
  const text = { out: '', err: '' };
  const code = await runCli(args, keepingIo(text, overrides));
  return { code, ...text };
}
