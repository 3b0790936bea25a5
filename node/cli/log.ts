/** `log.level` and `log.format` of a run: which events reach standard error, and in which form. */
import type { Config } from '../config/types.ts';
import { seconds } from './format.ts';
import type { CliIo } from './io.ts';

interface EventLine {
  readonly t: number;
  readonly node: string | null;
  readonly type: string;
}

/**
 * @returns What to do with each line of the event stream; undefined when no line can matter, which spares the run the
 *   work of handing them over. `debug` shows every event, `info` and `warn` those of type `warning`, `error` none.
 */
export function logLine({ level, format }: Config['log'], io: CliIo): ((line: string) => void) | undefined {
  if (level === 'error') return undefined;
  return (line) => {
    if (level !== 'debug' && !line.includes('"type":"warning"')) return;
    if (format === 'json') io.err(`${line}\n`);
    else {
      const { t, node, type, ...rest } = JSON.parse(line) as EventLine;
      io.err(`${seconds(t).padStart(10)} ${(node ?? 'network').padEnd(8)} ${type} ${JSON.stringify(rest)}\n`);
    }
  };
}
