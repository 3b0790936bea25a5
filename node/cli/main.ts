/** Entry of the command line: shims first, then the command, then the exit code. */
import '../shims.ts';
import { processIo } from './io.ts';
import { runCli } from './program.ts';

// A reader that closes early (`| head`) ends the program quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = runCli(process.argv.slice(2), processIo());
