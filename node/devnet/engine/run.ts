/** Runs one scenario on a real network, from its start to its result: the face of the devnet engine. */

import { createCrypto } from '../../../consensus/primitives/cryptoPolicy.ts';
import type { TimeMs } from '../../../consensus/primitives/flavor.ts';
import type { BatchResult, RunResult, WindowResult } from '../../report/result.ts';
import type { RunProbe } from '../../report/runProbe.ts';
import { buildResult } from '../../report/watchers.ts';
import { createGenesis } from '../../scenario/genesis.ts';
import type { Scenario } from '../../scenario/types.ts';
import type { DevnetControl } from './control.ts';
import { DevnetRun } from './devnetRun.ts';

/** What happens where nobody looks: said with the result, so that no law claims more than it saw. */
const unchecked: Readonly<Record<string, readonly string[]>> = {
  exactly_once: ['what nodes accept as news of a settlement'],
  durability: ['whether a settlement stood in its outbox before it was sent'],
};

export interface DevnetRunProgress {
  readonly nowMs: TimeMs;
  readonly height: number;
  readonly confirmedBatches: number;
  readonly pendingBatches: number;
}

export interface DevnetEngineOptions {
  /** A network for this scenario that has not been started. */
  readonly control: DevnetControl;
  readonly onEvent?: ((line: string) => void) | undefined;
  readonly onRecord?: ((record: BatchResult | WindowResult) => void) | undefined;
  /** Measures along. */
  readonly probe?: RunProbe | undefined;
  readonly onProgress?: ((progress: DevnetRunProgress) => void) | undefined;
  /** Ends the run before its time; the result is that of what was reached. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a scenario whose faults are all real ones. No process is left when it returns, however it ends.
 * @returns The result, with `wall_ms` from the order to start to the end of the last process.
 * @throws {CodedError} What keeps a process from starting.
 */
export async function runOnDevnet(scenario: Scenario, options: DevnetEngineOptions): Promise<RunResult> {
  const startedMs = performance.now();
  const { control, onEvent, onRecord, probe, onProgress, signal } = options;
  const genesis = createGenesis(scenario);
  const run = new DevnetRun(
    scenario,
    { genesis, crypto: createCrypto('full'), control },
    {
      onEvent,
      onRecord,
      probe,
      signal,
      onProgress: onProgress && ((nowMs) => onProgress(progressOf(run, nowMs))),
    },
  );
  let result: RunResult;
  try {
    await run.run();
    const { watchers, genesisState } = run;
    result = buildResult({ scenario, engine: 'devnet', network: run, watchers, genesisState, unchecked });
  } finally {
    await control.stop();
  }
  return { ...result, wall_ms: Math.round(performance.now() - startedMs) };
}

function progressOf({ finalizedHeight, watchers }: DevnetRun, nowMs: TimeMs): DevnetRunProgress {
  const { confirmedBatchCount, pendingBatchCount } = watchers.chronicle;
  return {
    nowMs,
    height: finalizedHeight,
    confirmedBatches: confirmedBatchCount,
    pendingBatches: pendingBatchCount,
  };
}
