/** One scenario in both engines, and what of their results must be equal. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalControl } from '../../node/devnet/engine/localControl.ts';
import { runOnDevnet } from '../../node/devnet/engine/run.ts';
import type { RunResult } from '../../node/report/result.ts';
import { isLedgerCondition } from '../../node/scenario/ledgerConditions.ts';
import { loadScenario } from '../../node/scenario/loadScenario.ts';
import type { Scenario } from '../../node/scenario/types.ts';
import { runSimulation } from '../../node/simulation/run.ts';

/** A final block as some node told of it. */
interface FinalBlock {
  readonly view: number;
  readonly timestampMs: number;
  readonly stateRoot: string;
  readonly originHeight: number;
}

/** What a call to the settlement chain may take on a busy machine, in ms. */
const CALL_MS = 50;

export interface EngineOutcome {
  readonly result: RunResult;
  readonly blocks: ReadonlyMap<number, FinalBlock>;
  /** When each attempt was handed over, by batch and attempt. */
  readonly submittedAtMs: ReadonlyMap<string, number>;
}

/** @throws {Error} With every problem of the file. */
export function loadForDevnet(file: string): Scenario {
  const loaded = loadScenario(file, { engine: 'devnet' });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.value.scenario;
}

/** The same scenario, ended at that time where it would run longer. */
export function until(scenario: Scenario, endMs: number): Scenario {
  return { ...scenario, durationMs: Math.min(scenario.durationMs, endMs) };
}

/**
 * The same scenario in a world that is so many times as quick. The bound of message delays stays: the machine is not
 * quicker, and without faults nothing depends on it.
 * @param settlementTimes - Those of the settlement chain, after that.
 */
export function quicker(
  scenario: Scenario,
  factor: number,
  settlementTimes: { readonly blockTimeMs: number; readonly phaseMs: number },
): Scenario {
  const { config, network, durationMs, expectations } = scenario;
  const { atomicBatches, chain, ledger, settlement, settlementChain } = config;
  return {
    ...scenario,
    durationMs: durationMs / factor,
    // What is expected at a certain time comes earlier; what the ledger holds is no matter of time.
    expectations: expectations.filter(
      (expectation) => 'condition' in expectation && isLedgerCondition(expectation.condition),
    ),
    network: { ...network, latencyMs: network.latencyMs / factor, jitterMs: network.jitterMs / factor },
    config: {
      ...config,
      chain: { ...chain, blockTimeMs: chain.blockTimeMs / factor },
      settlement: { ...settlement, originDelayMs: settlement.originDelayMs / factor },
      settlementChain: { ...settlementChain, ...settlementTimes },
      atomicBatches: { ...atomicBatches, channelDisputeMs: atomicBatches.channelDisputeMs / factor },
      ledger: {
        ...ledger,
        feeVotingPeriodMs: ledger.feeVotingPeriodMs / factor,
        feeActivationDelayMs: ledger.feeActivationDelayMs / factor,
      },
    },
  };
}

export function simulate(scenario: Scenario): EngineOutcome {
  const lines: string[] = [];
  const result = runSimulation(scenario, { onEvent: (line) => lines.push(line) });
  return { result, ...readLines(lines) };
}

export async function runForReal(scenario: Scenario): Promise<EngineOutcome> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sidereal-conformance-'));
  const lines: string[] = [];
  try {
    const control = new LocalControl({ scenario, dataDir, recordInputs: false });
    const result = await runOnDevnet(scenario, { control, onEvent: (line) => lines.push(line) });
    return { result, ...readLines(lines) };
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function readLines(lines: readonly string[]): Pick<EngineOutcome, 'blocks' | 'submittedAtMs'> {
  const blocks = new Map<number, FinalBlock>();
  const submittedAtMs = new Map<string, number>();
  for (const line of lines) {
    const event = JSON.parse(line) as Readonly<Record<string, number & string>>;
    if (event.type === 'batch_submitted') {
      const key = `${event.batch}/${event.attempt}`;
      if (!submittedAtMs.has(key)) submittedAtMs.set(key, Number(event.t));
    }
    if (event.type !== 'block_finalized') continue;
    const { height = 0, view = 0, timestamp_ms: timestampMs = 0, state_root: stateRoot = '' } = event;
    const { origin_height: originHeight = 0 } = event;
    if (!blocks.has(height)) blocks.set(height, { view, timestampMs, stateRoot, originHeight });
  }
  return { blocks, submittedAtMs };
}

/** Everything of a batch that does not depend on when something happened. */
export function timelessBatches({ batches }: RunResult) {
  return batches.map(({ seq, from_height, to_height, net, borrowed, repaid, actions, state, attempts }) => ({
    seq,
    from_height,
    to_height,
    net,
    borrowed,
    repaid,
    actions: actions.map(({ type, asset, amount }) => ({ type, asset, amount })),
    state,
    attempts,
  }));
}

export function timelessSlashes({ slashes }: RunResult) {
  return slashes.map(({ validator, reason, batch, attempt, amount }) => ({
    validator,
    reason,
    batch,
    attempt,
    amount,
  }));
}

export function rootsOf({ blocks }: EngineOutcome, toHeight: number): readonly (string | undefined)[] {
  return Array.from({ length: toHeight }, (_, index) => blocks.get(index + 1)?.stateRoot);
}

/**
 * Where the machine gave the processes too little time for a run without faults to be what it is: a view that ended
 * without its block, a block that is a whole block time late, a header that names an older settlement block than its leader
 * should have known, or a settlement that was handed over when the settlement block it belongs into was as good as made.
 * Such a run says nothing about the engines: what follows from it is right, and not what follows without it.
 */
export function findDisturbance(
  { blocks, result: { batches }, submittedAtMs }: EngineOutcome,
  { config: { chain, settlement, settlementChain } }: Scenario,
): string | undefined {
  const { blockTimeMs: intervalMs, phaseMs } = settlementChain;
  /** Height of the newest settlement block that is no younger than that. */
  const settlementHeightAt = (timeMs: number): number =>
    Math.max(0, Math.floor((timeMs - phaseMs) / intervalMs));
  for (const [height, { view, timestampMs, originHeight }] of blocks) {
    if (view !== height || timestampMs !== (height - 1) * chain.blockTimeMs)
      return `block ${height} is of view ${view} and of ${timestampMs} ms`;
    const newest = settlementHeightAt(timestampMs - settlement.originDelayMs);
    if (originHeight !== newest)
      return `block ${height} names settlement block ${originHeight}, not ${newest}`;
  }
  for (const { seq, to_height: height } of batches) {
    const sealedAtMs = (height - 1) * chain.blockTimeMs;
    const dueMs = phaseMs + (settlementHeightAt(sealedAtMs) + 1) * intervalMs;
    const handedAtMs = submittedAtMs.get(`${seq}/1`);
    if (handedAtMs === undefined || dueMs - handedAtMs < CALL_MS)
      return `batch ${seq} was handed over at ${handedAtMs} ms, for settlement block at ${dueMs} ms`;
  }
  return undefined;
}
