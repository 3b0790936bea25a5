/** `sidereal worker`: takes cells of queued sweeps until it is told to stop; then gives back those it works on. */
import { availableParallelism } from 'node:os';
import { fingerprintProgram } from '../experiment/programFingerprint.ts';
import { openBullQueue } from '../experiment/queue/bullQueue.ts';
import { LOCK_MS_DEFAULT, queueTimings } from '../experiment/queue/cellQueue.ts';
import { type CellWorkerTotals, serveCells } from '../experiment/queue/cellWorker.ts';
import { buildIdOf } from '../experiment/queue/experimentPackage.ts';
import type { ExperimentNotice } from '../experiment/queue/notice.ts';
import { parseQueueAddress } from '../experiment/queue/queueAddress.ts';
import { SILENCE_MS_MAX } from './bench/cellLimits.ts';
import { CellThreads } from './cellThreads.ts';
import { type ExitCode, exitCodes } from './codes.ts';
import { counted } from './format.ts';
import type { CliIo } from './io.ts';
import { readVersion } from './version.ts';

export interface WorkerOptions {
  readonly queue: string;
  /** Cells at a time. */
  readonly concurrency?: number | undefined;
  /** In ms. */
  readonly lostAfter?: number | undefined;
}

/**
 * Serves until Ctrl-C or SIGTERM.
 * @returns 0: it was told to stop.
 * @throws {CodedError} `QUEUE_ADDRESS_INVALID`, `QUEUE_DRIVER_MISSING`, `QUEUE_UNREACHABLE`, `QUEUE_REFUSED`, `QUEUE_LOST`.
 */
export async function serveQueue(options: WorkerOptions, io: CliIo): Promise<ExitCode> {
  const address = parseQueueAddress(options.queue);
  const concurrency = options.concurrency ?? availableParallelism();
  const version = readVersion();
  const build = buildIdOf(version, fingerprintProgram());
  const ending = new AbortController();
  const stopListening = io.onInterrupt?.(() => ending.abort());
  const threads = new CellThreads(SILENCE_MS_MAX);
  const queue = await openBullQueue({ address, build, timings: queueTimings });
  try {
    io.err(
      `worker of sidereal ${version}, build ${build}, is up: takes runs from ${queue.shown}, ${counted(concurrency, 'run')} at a time; Ctrl-C stops it\n`,
    );
    const totals = await serveCells({
      queue,
      build,
      concurrency,
      lockMs: options.lostAfter ?? LOCK_MS_DEFAULT,
      timings: queueTimings,
      run: (cell, signal) => threads.run(cell, signal),
      signal: ending.signal,
      refused: (notice) => io.err(`${describeRefusal(notice, version, build)}\n`),
    });
    io.err(`${describeTotals(totals)}\n`);
    return exitCodes.ok;
  } finally {
    stopListening?.();
    await threads.close();
    await queue.close();
  }
}

function describeRefusal(notice: ExperimentNotice, version: string, build: string): string {
  return (
    `"${notice.scenario}" (${counted(notice.runs, 'run')}) belongs to sidereal ${notice.version}, build ${notice.build}, and this is ` +
    `sidereal ${version}, build ${build}: its runs are left to workers of that build`
  );
}

function describeTotals({ finished, returned }: CellWorkerTotals): string {
  const back = returned === 0 ? '' : `, ${counted(returned, 'run')} given back`;
  return `stopped: ${counted(finished, 'run')} done${back}`;
}
