/**
 * Runs a process that serves until it is told to stop: by SIGTERM, by Ctrl-C or the end of its terminal where nobody
 * started it, by the loss of whoever did, or by a failure of its own.
 */

import type { NodeOrder } from '../devnet/control.ts';
import { ParentLink } from '../devnet/parentLink.ts';
import { describeFailure } from '../runtime/nodeRuntime.ts';
import { type ExitCode, exitCodes } from './codes.ts';

const terminalSignals = ['SIGINT', 'SIGHUP'] as const;

export interface Service {
  /** URL at which it answers. */
  readonly url: string;
  /** libp2p address; empty where there is none. */
  readonly p2p: string;
  stop(): Promise<void>;
}

export interface ServiceHooks {
  /** Undefined where nobody started this process. */
  readonly parent: ParentLink | undefined;
  /** The service has ended by itself, and let go of everything. */
  readonly failed: (error: unknown) => void;
}

export interface UntilStoppedOptions<Running extends Service> {
  readonly start: (hooks: ServiceHooks) => Promise<Running>;
  readonly started: (service: Running) => void;
  readonly order?: (service: Running, order: NodeOrder) => void;
}

/** @throws What `start` throws, or what ended the service. */
export async function untilStopped<Running extends Service>(
  options: UntilStoppedOptions<Running>,
): Promise<ExitCode> {
  const parent = ParentLink.of(process);
  const stop = new AbortController();
  const failure: { error?: unknown; isSet: boolean } = { isSet: false };
  const end = (): void => stop.abort();
  // What a terminal sends reaches the whole group of processes; who was started is stopped by who started it.
  const ignore = (): void => undefined;
  const onTerminal = parent === undefined ? end : ignore;
  for (const signal of terminalSignals) process.on(signal, onTerminal);
  process.on('SIGTERM', end);
  let running: Running | undefined;
  parent?.listen({
    order: (order) => {
      if (running !== undefined) options.order?.(running, order);
    },
    lost: end,
  });
  try {
    running = await options.start({
      parent,
      failed: (error) => {
        failure.error = error;
        failure.isSet = true;
        end();
      },
    });
    parent?.report({ type: 'ready', url: running.url, p2p: running.p2p });
    if (parent === undefined) options.started(running);
    await aborted(stop.signal);
    if (failure.isSet) throw failure.error;
    await running.stop();
    return exitCodes.ok;
  } catch (error) {
    parent?.report({ type: 'failed', ...describeFailure(error) });
    throw error;
  } finally {
    for (const signal of terminalSignals) process.off(signal, onTerminal);
    process.off('SIGTERM', end);
    parent?.close();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
