/** Commands, options and exit codes of `sidereal`; what each command does is in its own file. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { findNearest } from '../config/problem.ts';
import { reportLevels } from '../devnet/control.ts';
import { DEVNET_DIR_DEFAULT } from '../devnet/folders.ts';
import { parseDuration } from '../scenario/reader.ts';
import type { DrawOptions } from '../simulation/fuzz/draw.ts';
import type { BenchOptions } from './benchCommand.ts';
import { addClientCommands } from './clientCommands.ts';
import { type ExitCode, exitCodes } from './codes.ts';
import type { ConfigCommandOptions } from './configCommand.ts';
import type { DevnetOptions } from './devnetCommand.ts';
import type { FitOptions } from './fitCommand.ts';
import type { FuzzOptions } from './fuzzCommand.ts';
import type { InspectOptions } from './inspectCommand.ts';
import type { CliIo } from './io.ts';
import type { KeysOptions } from './keysCommand.ts';
import type { NodeCommandOptions } from './nodeCommand.ts';
import type { ProcessConfigOptions } from './processConfig.ts';
import type { RunCommandOptions } from './runCommand.ts';
import type { ValidateOptions } from './validateCommand.ts';
import { readVersion } from './version.ts';
import type { WorkerOptions } from './workerCommand.ts';

/**
 * Runs one command line.
 * @param args - Without interpreter and script.
 * @returns The exit code: 0 all held, 1 an expectation or law failed, 2 bad usage or file, 3 could not run.
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<ExitCode> {
  const outcome: { exitCode: ExitCode | Promise<ExitCode> } = { exitCode: exitCodes.ok };
  const program = createProgram(io, (exitCode) => {
    outcome.exitCode = exitCode;
  });
  try {
    program.parse([...args], { from: 'user' });
    return await outcome.exitCode;
  } catch (cause) {
    return explain(cause, args, program, io);
  }
}

/** The commands with their options, as commander knows them. */
export function createProgram(io: CliIo, finish: Finish): Command {
  const program = new Command('sidereal')
    .description(
      'A sidechain that nets per asset and settles every N blocks, and its deterministic simulator.',
    )
    .version(readVersion(), '--version', 'print the version')
    .helpOption('--help', 'show help')
    .showSuggestionAfterError(true)
    .addHelpText('after', '\nExample:\n  npx sidereal run scripts/scenarios/seed-timeline.yaml\n');
  addRun(program, io, finish);
  program
    .command('validate')
    .argument('<file...>', 'scenarios, configurations or traces (.csv)')
    .description('check files without running them')
    .option('--config <file>', 'configuration below the scenarios')
    .option('--set <key=value>', 'set a key of the configuration', collect)
    .option('--json', 'print JSON only')
    .addHelpText('after', '\nExample:\n  npx sidereal validate scripts/scenarios/*.yaml config.yaml\n')
    .action((files: string[], options: ValidateOptions) =>
      finish(import('./validateCommand.ts').then((command) => command.validateFiles(files, options, io))),
    );
  program
    .command('config')
    .description('print the effective configuration, or the JSON Schemas of configuration and scenario')
    .addOption(new Option('--schema', 'print JSON Schemas').conflicts('print'))
    .option('--print', 'print the effective configuration (the default)')
    .option('--config <file>', 'configuration file')
    .option('--set <key=value>', 'set a key of the configuration', collect)
    .option('--json', 'print JSON instead of YAML')
    .addHelpText('after', '\nExample:\n  npx sidereal config --print --set settlement.batch_size=10\n')
    .action((options: ConfigCommandOptions) =>
      finish(import('./configCommand.ts').then((command) => command.showConfig(options, io))),
    );
  program
    .command('keys')
    .description('make a key file, or derive the key of a scenario label')
    .option('--seed <n>', 'seed of the scenario to derive from', parseSeed)
    .option('--label <label>', 'what to derive: account/<label>, validator/<name>, oracle or operator')
    .option('--out <file>', 'where a fresh secret key goes')
    .option('--json', 'print JSON only')
    .addHelpText('after', '\nExample:\n  npx sidereal keys --seed 7 --label validator/node-0\n')
    .action((options: KeysOptions) =>
      finish(import('./keysCommand.ts').then((command) => command.makeKeys(options, io))),
    );
  addBench(program, io, finish);
  addWorker(program, io, finish);
  addFuzz(program, io, finish);
  addInspect(program, io, finish);
  addFit(program, io, finish);
  addDevnet(program, io, finish);
  addProcesses(program, io, finish);
  addClientCommands(program, io, finish);
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeOut: io.out, writeErr: () => undefined });
    if (command !== program) command.helpOption('--help', 'show help');
  }
  return program;
}

/** Takes what a command ends with. Each is loaded when it is called for: nobody waits for what the others need. */
type Finish = (exitCode: Promise<ExitCode>) => void;

/** Coded errors that a different command line or file would avoid. */
const usageCodes: readonly string[] = [
  'NOT_AVAILABLE_YET',
  'CLI_USAGE',
  'BATCH_FILE_INVALID',
  'OPERATION_FILE_INVALID',
  'EXPERIMENT_EMPTY',
  'EXPERIMENT_LIMIT_UNKNOWN',
  'EXPERIMENT_TOO_LARGE',
  'OUT_DIR_TAKEN',
  'CONFIG_KEY_NEEDED',
  'DEVNET_CONFIG_OTHER',
  'DEVNET_GENESIS_TOO_LARGE',
  'DEVNET_WORKLOAD_INVALID',
  'DEVNET_WORKLOAD_OTHER',
  'KEY_FILE_INVALID',
  'NODE_KEY_OTHER',
  'NODE_NOT_VALIDATOR',
  'P2P_ADDRESS_INVALID',
  'QUEUE_ADDRESS_INVALID',
  'TREASURY_KEEPER_UNKNOWN',
  'VALIDATOR_KEY_MISSING',
  'INPUT_LOG_MISSING',
  'INPUT_LOG_DAMAGED',
  'INPUT_LOG_NODE_UNKNOWN',
];

function addRun(program: Command, io: CliIo, finish: Finish): void {
  program
    .command('run')
    .argument('<scenario...>', 'scenario files')
    .description('replay scenarios and judge what they expect')
    .addOption(
      new Option('--engine <engine>', 'where to run').choices(['simulation', 'devnet']).default('simulation'),
    )
    .option('--seed <n>', 'replaces the seed of the scenarios', parseSeed)
    .option('--duration <time>', 'replaces the duration of the scenarios, such as 10m', parseTime)
    .option('--config <file>', 'configuration below the scenarios')
    .option('--set <key=value>', 'set a key of the configuration; may be repeated', collect)
    .option('--out <dir>', 'write result.json, report.html, events.ndjson and inputs.log')
    .option('--record <nodes>', 'nodes whose inputs --out records: all, none, or node-0,node-1', parseNodes)
    .option('--junit <file>', 'write JUnit XML')
    .option('--json', 'print the result as JSON and nothing else')
    .addHelpText(
      'after',
      '\nExample:\n  npx sidereal run scripts/scenarios/seed-timeline.yaml --seed 8 --out runs/1\n',
    )
    .action((files: string[], options: RunCommandOptions) => {
      finish(import('./runCommand.ts').then((command) => command.runScenarios(files, options, io)));
    });
}

function addBench(program: Command, io: CliIo, finish: Finish): void {
  program
    .command('bench')
    .argument('[scenario]', 'scenario file (default: plain traffic for one hour)')
    .description('sweep batch sizes over many seeds and recommend one')
    .option('--batch-sizes <sizes>', 'such as 1-20 (the default) or 1,5,10')
    .option('--sweep <key=a,b,c>', 'sweep another key of the configuration; may be repeated', collect)
    .option('--seeds <n>', 'seeds at every point', parseCount, 30)
    .option('--from <seed>', 'first seed', parseSeed, 1)
    .option('--duration <time>', 'length of each run, such as 10m; replaces that of the scenario', parseTime)
    .option('--max-latency-p99 <time>', 'limit: p99 from a block to its settlement, such as 30s', parseTime)
    .option('--max-fee-per-block <fee>', 'limit: fee units a settled block', parseAmount)
    .option(
      '--max-exposure <asset=amount>',
      'limit: most unsettled net at any time; may be repeated',
      collect,
    )
    .option('--workers <n>', 'threads (default: one for each core; none with --queue)', parseThreads)
    .option(
      '--out <dir>',
      'results, report, and finished runs to go on from (default: one below .sidereal/bench)',
    )
    .option('--queue <url>', 'leave the runs to `sidereal worker` on any machine: redis://… or postgres://…')
    .option('--config <file>', 'configuration below the scenario')
    .option('--set <key=value>', 'set a key of the configuration; may be repeated', collect)
    .option('--json', 'print results.json and nothing else')
    .addHelpText(
      'after',
      '\nExample:\n  npx sidereal bench scripts/scenarios/aave-flows.yaml --batch-sizes 1-10 --max-latency-p99 30s\n',
    )
    .action((scenario: string | undefined, options: BenchOptions) =>
      finish(import('./benchCommand.ts').then((command) => command.bench(scenario, options, io))),
    );
}

function addWorker(program: Command, io: CliIo, finish: Finish): void {
  program
    .command('worker')
    .description('take runs of queued sweeps, until it is told to stop')
    .requiredOption('--queue <url>', 'where they wait: redis://…, rediss://… or postgres://…')
    .option('--concurrency <n>', 'runs at a time (default: one for each core)', parseCount)
    .option('--lost-after <time>', 'silence after which others take its runs (default 10s)', parseTime)
    .addHelpText('after', '\nExample:\n  npx sidereal worker --queue redis://10.0.0.9:6379 --concurrency 4\n')
    .action((options: WorkerOptions) =>
      finish(import('./workerCommand.ts').then((command) => command.serveQueue(options, io))),
    );
}

function addFuzz(program: Command, io: CliIo, finish: Finish): void {
  program
    .command('fuzz')
    .description('random networks with random faults against all laws')
    .option('--seeds <n>', 'how many seeds (default 100)', parseCount)
    .addOption(
      new Option('--time <duration>', 'start seeds for this long, such as 10m')
        .argParser(parseTime)
        .conflicts('seeds'),
    )
    .option('--from <seed>', 'first seed', parseSeed, 1)
    .option('--workers <n>', 'threads (default: one for each core)', parseCount)
    .option('--validators <a-b>', 'how many nodes a network has (default 4-7)', parseRange)
    .option('--out <dir>', 'where scenarios that fail are written', '.sidereal/fuzz')
    .option('--json', 'print NDJSON: a line for each failure, and one at the end')
    .addHelpText('after', '\nExample:\n  npx sidereal fuzz --seeds 200 --workers 2\n')
    .action((options: FuzzOptions) =>
      finish(import('./fuzzCommand.ts').then((command) => command.fuzz(options, io))),
    );
}

function addInspect(program: Command, io: CliIo, finish: Finish): void {
  program
    .command('inspect')
    .argument(
      '<dir>',
      'folder of `sidereal run --out`, data directory of a devnet, or one node’s folder in it',
    )
    .description('replay what a node took in, and show what it did and which of its rows changed')
    .option('--node <node>', 'name or index (default: the first)')
    .option('--until <time>', 'last instant to show, such as 40s', parseTime)
    .option('--step', 'wait for you after every step')
    .option('--summary', 'no steps: lives, heights and whether all was as recorded')
    .option('--json', 'print NDJSON: a line for each step, and one at the end')
    .addHelpText('after', '\nExample:\n  npx sidereal inspect runs/1 --node node-1 --until 20s\n')
    .action((dir: string, options: InspectOptions) =>
      finish(import('./inspectCommand.ts').then((command) => command.inspect(dir, options, io))),
    );
}

function addFit(program: Command, io: CliIo, finish: Finish): void {
  program
    .command('fit')
    .argument('<trace>', 'CSV of lending flows, as a workload takes it')
    .description('fit a workload model to a trace, and say how near it comes')
    .addOption(
      new Option('--transactions-per-block <n>', 'pace: so many in the mean, whatever time they took')
        .argParser(parsePace)
        .conflicts('timeScale'),
    )
    .option('--time-scale <f>', 'pace: chain time over trace time (default 1)', parsePace)
    .option('--config <file>', 'configuration that says how long a block is')
    .option('--set <key=value>', 'set a key of the configuration; may be repeated', collect)
    .option('--out <file>', 'write a scenario with the model')
    .option('--json', 'print JSON only')
    .addHelpText(
      'after',
      '\nExample:\n  npx sidereal fit flows.csv --transactions-per-block 5 --out model.yaml\n',
    )
    .action((trace: string, options: FitOptions) =>
      finish(import('./fitCommand.ts').then((command) => command.fitTrace(trace, options, io))),
    );
}

function addDevnet(program: Command, io: CliIo, finish: Finish): void {
  program
    .command('devnet')
    .description('start a local network of real processes and show what it does, until Ctrl-C')
    .option('--validators <n>', 'how many nodes a new network has (default 4)', parseCount)
    .option('--config <file>', 'configuration of a new network')
    .option('--set <key=value>', 'set a key of the configuration; may be repeated', collect)
    .option('--data-dir <dir>', 'where it keeps its data; continued when it is there', DEVNET_DIR_DEFAULT)
    .option('--fresh', 'delete the network that is there and start over')
    .option('--port <p>', 'HTTP of node-0, and the base of all other ports (default 4400)', parseCount)
    .option('--duration <time>', 'stop by itself after this time, such as 90s', parseTime)
    .option('--workload <what>', 'demo, none, a trace (.csv), or YAML with a workload', 'demo')
    .addOption(
      new Option('--settlement <chain>', 'where it settles').choices(['mock', 'anvil']).default('mock'),
    )
    .option('--json', 'print NDJSON: where everything is, then every event')
    .addHelpText('after', '\nExample:\n  npx sidereal devnet --validators 7 --data-dir /tmp/devnet --fresh\n')
    .action((options: DevnetOptions) =>
      finish(import('./devnetCommand.ts').then((command) => command.runDevnet(options, io))),
    );
}

const CONFIG_WORDS = 'its configuration (docs/machines.md); may be repeated, later over earlier';

function addProcesses(program: Command, io: CliIo, finish: Finish): void {
  program
    .command('node')
    .description('run one node of a network, until it is told to stop')
    .requiredOption('--config <file>', CONFIG_WORDS, collect)
    .option('--set <key=value>', 'set a key of the configuration; may be repeated', collect)
    .addOption(new Option('--report <level>').choices(reportLevels).default('none').hideHelp())
    .addHelpText('after', '\nExample:\n  npx sidereal node --config network.yaml --config node-0.yaml\n')
    .action((options: NodeCommandOptions) =>
      finish(import('./nodeCommand.ts').then((command) => command.runNode(options, io))),
    );
  program
    .command('chain')
    .description('run the settlement chain of a network, until it is told to stop')
    .requiredOption('--config <file>', CONFIG_WORDS, collect)
    .option('--set <key=value>', 'set a key of the configuration; may be repeated', collect)
    .addHelpText('after', '\nExample:\n  npx sidereal chain --config network.yaml --config chain.yaml\n')
    .action((options: ProcessConfigOptions) =>
      finish(import('./chainCommand.ts').then((command) => command.runChain(options, io))),
    );
}

/** `all` is undefined, as when nothing is said. */
function parseNodes(text: string): readonly string[] | undefined {
  if (text === 'all') return undefined;
  return text === 'none' ? [] : text.split(',').map((name) => name.trim());
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^[0-9]{1,9}$/.test(text) || count < 1) throw new InvalidArgumentError('Expected an integer >= 1.');
  return count;
}

function parseThreads(text: string): number {
  return text === '0' ? 0 : parseCount(text);
}

/** A positive number, such as a pace. */
function parsePace(text: string): number {
  const value = Number(text);
  if (!/^[0-9.eE+-]{1,24}$/.test(text) || !(value > 0) || value > 1_000_000)
    throw new InvalidArgumentError('Expected a number above 0, up to 1,000,000.');
  return value;
}

function parseTime(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 1) throw new InvalidArgumentError('Expected a duration such as 90s or 10m.');
  return ms;
}

/** Smallest units. */
function parseAmount(text: string): bigint {
  if (!/^[0-9]{1,40}$/.test(text))
    throw new InvalidArgumentError('Expected whole smallest units, such as 1000000.');
  return BigInt(text);
}

function parseRange(text: string): DrawOptions {
  const [, low = '', high = low] = /^([0-9]{1,2})(?:-([0-9]{1,2}))?$/.exec(text) ?? [];
  const range = { validatorsMin: Number(low), validatorsMax: Number(high) };
  if (low === '' || range.validatorsMin < 2 || range.validatorsMax < range.validatorsMin) {
    throw new InvalidArgumentError('Expected two counts from 2 to 99, such as 4-7.');
  }
  return range;
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(seed))
    throw new InvalidArgumentError('Expected an integer >= 0.');
  return seed;
}

/** Turns what ended a command into words and an exit code. */
function explain(cause: unknown, args: readonly string[], program: Command, io: CliIo): ExitCode {
  const isJson = args.includes('--json');
  const fail = (code: string, message: string, details: Readonly<Record<string, unknown>> = {}): void => {
    if (isJson) io.out(`${JSON.stringify({ ok: false, error: { code, message, details } }, undefined, 2)}\n`);
    else io.err(`${message} [${code}]\n`);
  };
  if (cause instanceof CommanderError) {
    if (cause.exitCode === 0) return exitCodes.ok;
    if (cause.code === 'commander.help') {
      io.err(program.helpInformation());
      return exitCodes.usage;
    }
    fail(
      'CLI_USAGE',
      `${cause.message.replace(/^error: /, '').trimEnd()}${suggestWord(cause.message, args, program)}`,
    );
    return exitCodes.usage;
  }
  if (cause instanceof CodedError) {
    fail(cause.code, cause.message, cause.details);
    return usageCodes.includes(cause.code) ? exitCodes.usage : exitCodes.unable;
  }
  fail('INTERNAL', cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
  return exitCodes.unable;
}

/** The nearest option or command where commander itself found none. */
function suggestWord(message: string, args: readonly string[], program: Command): string {
  if (message.includes('Did you mean')) return '';
  const unknown = /unknown (?:option|command) '([^']+)'/.exec(message)?.[1];
  if (unknown === undefined) return '';
  const command = program.commands.find((candidate) => candidate.name() === args[0]) ?? program;
  const known = unknown.startsWith('-')
    ? command.options.map(({ long }) => long ?? '')
    : program.commands.map((candidate) => candidate.name());
  const nearest = findNearest(unknown, known);
  return nearest === undefined ? `; known: ${known.join(', ')}` : `; did you mean ${nearest}?`;
}
