/** The two engines of `sidereal run` behind one face: virtual time in this process, or real time on processes of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { LocalControl } from '../devnet/engine/localControl.ts';
import { runOnDevnet } from '../devnet/engine/run.ts';
import type { InputSink } from '../replay/inputLog.ts';
import type { BatchResult, RunResult, WindowResult } from '../report/result.ts';
import type { RunProbe } from '../report/runProbe.ts';
import type { Engine, Scenario } from '../scenario/types.ts';
import { runInSlices } from '../simulation/run.ts';
import { tuneForSimulation } from './collector.ts';
import { counted } from './format.ts';
import { DEVNET_FOLDER } from './outputDir.ts';

export interface EngineHooks {
  readonly onEvent: ((line: string) => void) | undefined;
  readonly onRecord: ((record: BatchResult | WindowResult) => void) | undefined;
  /** Measures along. */
  readonly probe: RunProbe | undefined;
  /** Takes what the nodes of a simulation take in. Those of a devnet write it down themselves. */
  readonly inputs: InputSink | undefined;
  /** @param note - What there is to say besides the time. */
  readonly progress: (reachedMs: number, note?: string) => void;
  readonly signal: AbortSignal;
  /** Folder of the run's files, if any. */
  readonly outDir: string | undefined;
  readonly clock: () => number;
}

/** A run that came to its end, or how far it got before its user wanted no more. */
export type EngineRun =
  | { readonly result: RunResult }
  | { readonly result: undefined; readonly reachedMs: number; readonly note: string };

export function runOn(engine: Engine, scenario: Scenario, hooks: EngineHooks): Promise<EngineRun> {
  return engine === 'simulation' ? simulate(scenario, hooks) : runForReal(scenario, hooks);
}

async function simulate(scenario: Scenario, hooks: EngineHooks): Promise<EngineRun> {
  const { onEvent, onRecord, probe, inputs, progress, signal, clock } = hooks;
  tuneForSimulation();
  const slices = runInSlices(scenario, {
    clock,
    ...(onEvent === undefined ? {} : { onEvent }),
    ...(onRecord === undefined ? {} : { onRecord }),
    ...(probe === undefined ? {} : { probe }),
    ...(inputs === undefined ? {} : { inputs }),
  });
  let slice = slices.next();
  for (; slice.done !== true; slice = slices.next()) {
    progress(slice.value);
    await setImmediate();
    if (signal.aborted) return { result: undefined, reachedMs: slice.value, note: 'of virtual time' };
  }
  return { result: slice.value.result };
}

async function runForReal(scenario: Scenario, hooks: EngineHooks): Promise<EngineRun> {
  const { onEvent, onRecord, probe, inputs, progress, signal, outDir } = hooks;
  const scratch = outDir === undefined ? mkdtempSync(join(tmpdir(), 'sidereal-run-')) : undefined;
  const dataDir = scratch ?? join(outDir ?? '', DEVNET_FOLDER);
  try {
    const result = await runOnDevnet(scenario, {
      control: new LocalControl({
        scenario,
        dataDir,
        recordInputs: inputs === undefined ? false : (inputs.nodes ?? true),
      }),
      onEvent,
      onRecord,
      probe,
      onProgress: ({ nowMs, height, confirmedBatches, pendingBatches }) =>
        progress(
          Math.max(0, nowMs),
          `block ${height} final, ${counted(confirmedBatches, 'batch', 'batches')} confirmed, ${pendingBatches} pending`,
        ),
      signal,
    });
    if (!signal.aborted) return { result };
    const { virtual_ms: reachedMs, finalized_height: height, batches } = result;
    const note = `of real time, block ${height} final, ${counted(batches.length, 'batch', 'batches')} sealed`;
    return { result: undefined, reachedMs, note };
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
}
