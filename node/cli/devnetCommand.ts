/** `sidereal devnet`: a settlement chain and n nodes as processes of this machine, shown as they run, until told to stop. */
import { resolve } from 'node:path';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { type Checked, formatProblems } from '../config/problem.ts';
import { type OpenedNetwork, openNetwork, type WorkloadChoice } from '../devnet/openNetwork.ts';
import { type ExitCode, exitCodes } from './codes.ts';
import { Devnet } from './devnet/devnet.ts';
import { StopRequest } from './devnet/stopRequest.ts';
import type { CliIo } from './io.ts';
import { readSources } from './sources.ts';

export interface DevnetOptions {
  readonly validators?: number | undefined;
  readonly config?: string | undefined;
  readonly set?: readonly string[] | undefined;
  readonly dataDir: string;
  readonly port?: number | undefined;
  /** Ends by itself after this time, in ms. */
  readonly duration?: number | undefined;
  readonly workload: string;
  readonly settlement: string;
  readonly fresh?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Genesis of a new network comes as soon as its processes are ready, and after this long at the latest, in ms. */
const GENESIS_MS_MAX = 60_000;

/** @returns The exit code, when everything has stopped. */
export async function runDevnet(options: DevnetOptions, io: CliIo): Promise<ExitCode> {
  if (options.settlement !== 'mock') {
    const message = '--settlement anvil needs settlement on an EVM chain, which this version does not have';
    throw new CodedError('NOT_AVAILABLE_YET', message);
  }
  const startedMs = performance.now();
  // From here on, so that a network is made whole or not at all.
  const stop = new StopRequest();
  try {
    const opened = await openRequested(options, io);
    if (!opened.ok) {
      io.err(`${formatProblems(opened.problems)}\n`);
      return exitCodes.usage;
    }
    const { duration: durationMs, json = false, workload } = options;
    const run = { opened: opened.value, durationMs, isJson: json, workload, startedMs };
    return await new Devnet(run, stop, io).run();
  } finally {
    stop.close();
  }
}

async function openRequested(options: DevnetOptions, io: CliIo): Promise<Checked<OpenedNetwork>> {
  const { validators, port, set = [] } = options;
  const settings = [...set];
  if (validators !== undefined) settings.push(`validators={ count: ${validators}, stake: 1000 }`);
  if (port !== undefined) settings.push(`api.port=${port}`);
  const sources = readSources(io, { config: options.config, set: settings });
  if (!sources.ok) return sources;
  return openNetwork({
    ...sources.value,
    dataDir: resolve(options.dataDir),
    isFresh: options.fresh === true,
    workload: workloadOf(options.workload),
    genesisMs: () => Date.now() + GENESIS_MS_MAX,
  });
}

function workloadOf(text: string): WorkloadChoice {
  return text === 'demo' || text === 'none' ? { type: text } : { type: 'file', file: text };
}
