/** The log of a process of a network: a file, or standard output, as its configuration says. */
import { logUnwritable } from '../api/logFile.ts';
import { NodeLogger } from '../api/logger.ts';
import type { Config } from '../config/types.ts';
import { findWriteProblem } from '../folders.ts';
import type { Store } from '../runtime/store.ts';

/**
 * Looks whether the log can be written, and changes nothing.
 * @throws {CodedError} `LOG_UNWRITABLE`.
 */
export function checkLog({ file }: Config['log']): void {
  const problem = file === '' ? undefined : findWriteProblem(file);
  if (problem !== undefined) throw logUnwritable(file, problem);
}

/**
 * Opens the log. When it cannot be had after all, the store that was opened before it is given free.
 * @param name - Of the process.
 * @throws {CodedError} `LOG_UNWRITABLE`.
 */
export async function openLog(
  { level, file }: Config['log'],
  name: string,
  store: Store,
): Promise<NodeLogger> {
  try {
    return new NodeLogger({
      node: name,
      level,
      out: file === '' ? process.stdout : file,
      onLost: (reason) =>
        process.stderr.write(`${name} goes on without its log, which cannot be written: ${reason}\n`),
    });
  } catch (error) {
    await store.close();
    throw error;
  }
}
