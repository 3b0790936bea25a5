import { describe, expect, it } from 'vitest';
import { predictLatency, timingModelOf } from '../../node/experiment/closedForm.ts';
import { behindCountsOf, netsOf, planBatches, predictCost } from '../../node/experiment/settlementCost.ts';
import type { Scenario } from '../../node/scenario/types.ts';
import { runSimulation } from '../../node/simulation/run.ts';
import { scenarioOf } from '../helpers/runScenario.ts';

interface Case {
  readonly batchSize: number;
  readonly blockTimeMs: number;
  readonly settlementBlockTimeMs: number;
  readonly traffic: string;
  readonly background?: string;
}

const steady = '{ uniform: { transactions_per_block: 3 } }';
/** A third of the blocks is empty, and so are windows of one block. */
const sparse = '{ model: { arrivals: { transactions_per_block: 1 } } }';
/** Below half the gas limit by what settlements use: the base fee stays in reach of a forecast. */
const demand = '{ type: constant, gas: 4900000 }';

function scenario(one: Case, phaseMs: number): Scenario {
  const { batchSize, blockTimeMs, settlementBlockTimeMs, traffic, background = 'none' } = one;
  return scenarioOf(`
seed: 3
duration: ${60 * blockTimeMs + 2 * settlementBlockTimeMs}ms
config:
  chain: { block_time_ms: ${blockTimeMs} }
  settlement: { batch_size: ${batchSize} }
  settlement_chain: { block_time_ms: ${settlementBlockTimeMs}, phase_ms: ${phaseMs}, background: ${background} }
  simulation: { crypto: modelled }
workload: ${traffic}
`);
}

/** Phases in even steps; a prime, so that every step between arrivals meets as many. */
const PHASES = 23;

/** Means over random phases: every phase is one run. */
function simulate(one: Case): { readonly latencyMs: number; readonly gas: number; readonly fee: number } {
  let [latencyMs, blocks, gas, batches, fee] = [0, 0, 0, 0, 0];
  for (let index = 0; index < PHASES; index += 1) {
    const phaseMs = Math.round(((index + 0.5) / PHASES) * one.settlementBlockTimeMs);
    const run = scenario(one, phaseMs);
    const result = runSimulation(run);
    expect(result.ok).toBe(true);
    fee += Number(result.metrics.fee_per_block) / PHASES;
    for (const batch of result.batches) {
      if (typeof batch.gas_used !== 'number' || typeof batch.included_at_ms !== 'number') continue;
      gas += batch.gas_used;
      batches += 1;
      // The first may be ready before the settlement chain's first block, and of the last those in time are the quick ones.
      const isEdge =
        batch.sealed_at_ms < one.settlementBlockTimeMs ||
        batch.sealed_at_ms > run.durationMs - 2 * one.settlementBlockTimeMs;
      if (isEdge) continue;
      for (let height = batch.from_height; height <= batch.to_height; height += 1) {
        latencyMs += batch.included_at_ms - (height - 1) * one.blockTimeMs;
        blocks += 1;
      }
    }
  }
  return { latencyMs: latencyMs / blocks, gas: gas / batches, fee };
}

function expectWithin(share: number, found: number, expected: number): void {
  expect(Math.abs(found / expected - 1), `${found} against ${expected}`).toBeLessThan(share);
}

describe('the closed form and the simulation', () => {
  it.each<Case>([
    { batchSize: 1, blockTimeMs: 2000, settlementBlockTimeMs: 5000, traffic: steady },
    { batchSize: 3, blockTimeMs: 2000, settlementBlockTimeMs: 5000, traffic: steady, background: demand },
    { batchSize: 10, blockTimeMs: 2000, settlementBlockTimeMs: 5000, traffic: steady },
    { batchSize: 4, blockTimeMs: 1000, settlementBlockTimeMs: 7000, traffic: steady, background: demand },
    { batchSize: 2, blockTimeMs: 3000, settlementBlockTimeMs: 12_000, traffic: steady },
    { batchSize: 1, blockTimeMs: 2000, settlementBlockTimeMs: 5000, traffic: sparse },
  ])(
    'agree within 1 % at random phases: N = $batchSize, blocks of $blockTimeMs and $settlementBlockTimeMs ms, $traffic',
    (one) => {
      const plain = scenario(one, 0);
      const batches = planBatches(netsOf(plain), plain.config);
      const behindCounts = behindCountsOf(batches);
      const form = predictLatency({ ...timingModelOf(plain, 'random'), behindCounts });
      const cost = predictCost(plain, batches, 'random');
      const found = simulate(one);
      expectWithin(0.01, found.latencyMs, form.latency.meanMs);
      expectWithin(0.01, found.gas, cost.gasPerBatch);
      expectWithin(0.01, found.fee, cost.feePerBlock ?? 0);
    },
  );

  it.each([
    [5, 0],
    [5, 1500],
    [10, 4000],
    [2, 700],
  ])('agree at a fixed phase, in mean, median and longest: N = %d, phase %d ms', (batchSize, phaseMs) => {
    const one = { batchSize, blockTimeMs: 2000, settlementBlockTimeMs: 5000, traffic: steady };
    const plain = scenario(one, phaseMs);
    const { latency } = predictLatency(timingModelOf(plain));
    const found = runSimulation(plain).metrics.settlement_latency_ms;
    expectWithin(0.01, found.mean, latency.meanMs);
    expectWithin(0.01, found.max, latency.maxMs);
  });
});
