/** Runs one scenario on a real network, from its start to its result: the face of the devnet engine. */

import { CodedError } from '../../../consensus/primitives/codedError.ts';
import { createCrypto } from '../../../consensus/primitives/cryptoPolicy.ts';
import type { TimeMs } from '../../../consensus/primitives/flavor.ts';
import type { BatchResult, RunResult, WindowResult } from '../../report/result.ts';
import { buildResult } from '../../report/watchers.ts';
import { createGenesis } from '../../scenario/genesis.ts';
import type { Scenario } from '../../scenario/types.ts';
import type { DevnetCode } from '../codes.ts';
import type { DevnetControl } from './control.ts';
import { DevnetRun } from './devnetRun.ts';

/**
 * From the order to start until the genesis instant, in ms: at first, for each node on top, and how often twice as long is
 * tried. A node that starts after genesis has to take itself for one that lost its disk.
 */
const HEAD_START_MS = 3000;
const HEAD_START_MS_PER_NODE = 500;
const STARTS_MAX = 3;

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
  /** Makes a network for this scenario whose genesis instant lies that far ahead of its start. */
  readonly createControl: (headStartMs: number) => DevnetControl;
  readonly onEvent?: ((line: string) => void) | undefined;
  readonly onRecord?: ((record: BatchResult | WindowResult) => void) | undefined;
  readonly onProgress?: ((progress: DevnetRunProgress) => void) | undefined;
  /** Ends the run before its time; the result is that of what was reached. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a scenario whose faults are all real ones. No process is left when it returns, however it ends.
 * @returns The result, with `wall_ms` from the order to start to the last process.
 * @throws {CodedError} `DEVNET_START_LATE`, and what keeps a process from starting.
 */
export async function runOnDevnet(scenario: Scenario, options: DevnetEngineOptions): Promise<RunResult> {
  const startedMs = performance.now();
  const { onEvent, onRecord, onProgress, signal } = options;
  const genesis = createGenesis(scenario);
  let headStartMs = HEAD_START_MS + HEAD_START_MS_PER_NODE * genesis.validators.length;
  for (let starts = 0; starts < STARTS_MAX; starts += 1) {
    const control = options.createControl(headStartMs);
    try {
      const run = new DevnetRun(
        scenario,
        { genesis, crypto: createCrypto('full'), control },
        {
          onEvent,
          onRecord,
          signal,
          onProgress:
            onProgress === undefined
              ? undefined
              : (nowMs, { finalizedHeight }) => {
                  const { confirmedBatchCount, pendingBatchCount } = run.watchers.chronicle;
                  onProgress({
                    nowMs,
                    height: finalizedHeight,
                    confirmedBatches: confirmedBatchCount,
                    pendingBatches: pendingBatchCount,
                  });
                },
        },
      );
      if (await run.run()) {
        const { watchers, genesisState } = run;
        const result = buildResult({
          scenario,
          engine: 'devnet',
          network: run,
          watchers,
          genesisState,
          unchecked,
        });
        await control.stop();
        return { ...result, wall_ms: Math.round(performance.now() - startedMs) };
      }
    } finally {
      await control.stop();
    }
    headStartMs *= 2;
  }
  const code: DevnetCode = 'DEVNET_START_LATE';
  throw new CodedError(
    code,
    `${genesis.validators.length} nodes did not start within ${headStartMs / 2000} s: ask less of this machine, or name fewer validators`,
    { headStartMs: headStartMs / 2 },
  );
}
