/** Options of the commands that talk to a devnet: `send`, `record`, `status`, `restart`, `logs`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEVNET_DIR_DEFAULT } from '../devnet/folders.ts';
import { parseDuration } from '../scenario/reader.ts';
import type { ExitCode } from './codes.ts';
import type { SendOptions } from './devnetTarget.ts';
import type { CliIo } from './io.ts';
import type { LogsOptions } from './logsCommand.ts';
import type { RecordOptions } from './recordCommand.ts';
import type { RestartOptions } from './restartCommand.ts';
import type { StatusOptions } from './statusCommand.ts';

const WAIT_TIMEOUT_MS = 60_000;

export function addClientCommands(
  program: Command,
  io: CliIo,
  finish: (exitCode: Promise<ExitCode>) => void,
): void {
  const dataDir = (): Option =>
    new Option('--data-dir <dir>', 'data directory of the devnet').default(DEVNET_DIR_DEFAULT);
  program
    .command('send')
    .argument(
      '<operation...>',
      'borrow|repay|deposit|withdraw ASSET AMOUNT, transfer TO ASSET AMOUNT, order TO ASSET AMOUNT REFERENCE, atomic_batch FILE, or operation FILE',
    )
    .description('sign a transaction with a funded account of the running devnet and send it')
    .option('--account <i>', 'which funded account signs', parseIndex, 0)
    .addOption(
      new Option('--wait <state>', 'when to come back')
        .choices(['accepted', 'included', 'final'])
        .default('accepted'),
    )
    .option('--timeout <duration>', 'longest wait, such as 60s', parseWait, WAIT_TIMEOUT_MS)
    .option('--node <name>', 'node to send to (default: the first that answers)')
    .option('--last-height <n>', 'of an order: no block above it may pay it', parseHeight)
    .addOption(dataDir())
    .option('--json', 'print JSON only')
    .addHelpText(
      'after',
      '\nExample:\n  npx sidereal send borrow UM 1000 --account 0 --wait final\n  npx sidereal send order 1 UM 5 rent-7 --wait final\n  npx sidereal send atomic_batch docs/examples/atomic-batch.json --wait final\n  npx sidereal send operation docs/examples/escrow.json --wait final\n',
    )
    .action((words: string[], options: SendOptions) =>
      finish(import('./sendCommand.ts').then((command) => command.send(words, options, io))),
    );
  program
    .command('record')
    .description('turn what a devnet did into a scenario that gives the same batches')
    .option('--devnet <dir>', 'data directory of the devnet, running or not', DEVNET_DIR_DEFAULT)
    .requiredOption('--out <file>', 'the scenario file')
    .option('--to-height <n>', 'last block to take (default: the newest final one)', parseHeight)
    .option('--json', 'print JSON only')
    .addHelpText('after', '\nExample:\n  npx sidereal record --devnet .sidereal/devnet --out live.yaml\n')
    .action((options: RecordOptions) =>
      finish(import('./recordCommand.ts').then((command) => command.record(options, io))),
    );
  program
    .command('status')
    .description('show the nodes of the running devnet')
    .addOption(dataDir())
    .option('--json', 'print JSON only')
    .addHelpText('after', '\nExample:\n  npx sidereal status\n')
    .action((options: StatusOptions) =>
      finish(import('./statusCommand.ts').then((command) => command.showStatus(options, io))),
    );
  program
    .command('restart')
    .argument('<node>', 'name of a node, such as node-1')
    .description('stop a node of the running devnet in order and start it again')
    .addOption(dataDir())
    .option('--json', 'print JSON only')
    .addHelpText('after', '\nExample:\n  npx sidereal restart node-1\n')
    .action((name: string, options: RestartOptions) =>
      finish(import('./restartCommand.ts').then((command) => command.restartNode(name, options, io))),
    );
  program
    .command('logs')
    .argument('<node>', 'name of a node, such as node-1')
    .description('show the newest lines of a node’s log')
    .option('--lines <n>', 'how many', parseIndex, 50)
    .option('--follow', 'go on with what comes, until Ctrl-C')
    .addOption(dataDir())
    .option('--json', 'print the lines as they stand, one JSON object each')
    .addHelpText('after', '\nExample:\n  npx sidereal logs node-1 --follow\n')
    .action((name: string, options: LogsOptions) =>
      finish(
        untilInterrupted((stop) =>
          import('./logsCommand.ts').then((command) => command.showLogs(name, options, io, stop)),
        ),
      ),
    );
}

/** Ctrl-C ends what follows a log, with its own exit code. */
async function untilInterrupted(run: (stop: AbortSignal) => Promise<ExitCode>): Promise<ExitCode> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt);
  try {
    return await run(stop.signal);
  } finally {
    process.off('SIGINT', interrupt);
  }
}

function parseIndex(text: string): number {
  if (!/^[0-9]{1,6}$/.test(text)) throw new InvalidArgumentError('Expected an integer >= 0.');
  return Number(text);
}

function parseHeight(text: string): number {
  const height = Number(text);
  if (!/^[0-9]{1,9}$/.test(text) || height < 1) throw new InvalidArgumentError('Expected an integer >= 1.');
  return height;
}

function parseWait(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 1) throw new InvalidArgumentError('Expected a duration such as 60s.');
  return ms;
}
