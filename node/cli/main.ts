/** Entry of the command line: shims first, then the command, then the exit code. */
import '../shims.ts';
import { exitCodes } from './codes.ts';
import { processIo } from './io.ts';
import { runCli } from './program.ts';

let hasFailed = false;
// A reader that closes early (`| head`) takes nothing from the verdict; a full disk does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' || hasFailed) return;
  hasFailed = true;
  process.stderr.write(`standard output cannot be written: ${error.message} [OUT_DIR_UNWRITABLE]\n`);
  process.exitCode = exitCodes.unable;
});
process.stderr.on('error', () => undefined);

const exitCode = await runCli(process.argv.slice(2), processIo());
if (!hasFailed) process.exitCode = exitCode;
