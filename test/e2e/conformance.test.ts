/**
 * Conformance: the same scenario gives the same in both engines. Without faults batches, slashes and the state root at
 * every height are equal; with faults everything of batches and slashes that is no matter of time.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type EngineOutcome,
  findDisturbance,
  loadForDevnet,
  quicker,
  rootsOf,
  runForReal,
  simulate,
  timelessBatches,
  timelessSlashes,
  until,
} from '../helpers/conformance.ts';

const SCENARIOS = 'scripts/scenarios';
/** Those without faults and without a long workload. */
const faultless = [
  'seed-timeline',
  'seed-timeline-n1',
  'seed-timeline-n3',
  'seed-timeline-n10',
  'net-zero',
  'empty-window',
];
/** The same, with no net to settle. */
const atomic = [
  'atomic-marketplace-escrow',
  'atomic-multi-model-inference',
  'atomic-epoch-rewards',
  'atomic-agent-swarm',
  'treasury-and-fee-vote',
];
const FAULTY = 'test/e2e/conformance';

/** Blocks of 400 ms. */
const FACTOR = 5;
/**
 * A settlement block every three blocks, always 300 ms after one: what a block causes has that long to arrive, and the
 * settlement block in its turn 500 ms before a header has to name it (`origin_delay_ms` is 200). So which settlement block
 * holds a settlement, and which header names it first, follows from the rules alone unless the machine stands still for
 * longer than that; and nothing else in a state root is a matter of time.
 */
const SETTLEMENT = { blockTimeMs: 1200, phaseMs: 300 };
/** How often a run that the machine disturbed is repeated. */
const RUNS_MAX = 4;
const LIMIT_MS = 240_000;
/** Of the file’s own time, in ms: all batches are confirmed by then, and what comes after is empty windows. */
const END_MS = 32_000;

describe('conformance of the engines without faults', () => {
  it.each([...faultless, ...atomic])(
    '%s: equal batches, expectations, slashes and state root at every height',
    async (name) => {
      const scenario = quicker(
        until(loadForDevnet(join(SCENARIOS, `${name}.yaml`)), END_MS),
        FACTOR,
        SETTLEMENT,
      );
      const simulated = simulate(scenario);
      expect(findDisturbance(simulated, scenario)).toBeUndefined();
      let real: EngineOutcome | undefined;
      let disturbance: string | undefined = 'never run';
      for (let runs = 0; disturbance !== undefined && runs < RUNS_MAX; runs += 1) {
        real = await runForReal(scenario);
        disturbance = findDisturbance(real, scenario);
      }
      expect(disturbance, 'this machine is too busy for real time').toBeUndefined();
      if (real === undefined) return;
      expect(real.result.errors).toEqual([]);
      expect(real.result.laws.flatMap(({ violations }) => violations)).toEqual([]);
      expect(timelessBatches(real.result)).toEqual(timelessBatches(simulated.result));
      expect(simulated.result.metrics.pending_batches).toBe(0);
      expect(real.result.batches.length + real.result.expectations.length).toBeGreaterThan(0);
      expect(real.result.expectations.filter(({ ok }) => !ok)).toEqual([]);
      expect(simulated.result.expectations.filter(({ ok }) => !ok)).toEqual([]);
      expect(timelessSlashes(real.result)).toEqual(timelessSlashes(simulated.result));
      // The last block may come right at the end.
      const toHeight = simulated.result.finalized_height - 1;
      expect(real.result.finalized_height).toBeGreaterThanOrEqual(toHeight);
      expect(rootsOf(real, toHeight)).toEqual(rootsOf(simulated, toHeight));
    },
    LIMIT_MS,
  );
});

describe('conformance of the engines with faults', () => {
  it.each(readdirSync(FAULTY).sort())(
    '%s: equal batches and slashes, whatever their heights',
    async (file) => {
      const scenario = loadForDevnet(join(FAULTY, file));
      const simulated = simulate(scenario);
      expect(simulated.result.batches.map(({ state }) => state)).toEqual(['confirmed', 'confirmed']);
      const real = await runForReal(scenario);
      expect(real.result.errors).toEqual([]);
      expect(real.result.laws.flatMap(({ violations }) => violations)).toEqual([]);
      expect(timelessBatches(real.result)).toEqual(timelessBatches(simulated.result));
      expect(timelessSlashes(real.result)).toEqual(timelessSlashes(simulated.result));
    },
    LIMIT_MS,
  );
});
