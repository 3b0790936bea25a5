import { describe, expect, it } from 'vitest';
import { loadScenario } from '../../node/scenario/loadScenario.ts';
import { runSimulation } from '../../node/simulation/run.ts';
import { runScenario, scenarioOf, violationsOf } from '../helpers/runScenario.ts';

/** Sealing blocks reach the settlement chain in time, and at most a block time and the lead before its next block. */
const KNOWN_MS_MAX = 2000 + 500;

function scenario(phaseMs: number, lines = ''): string {
  return `
name: aligned windows
seed: 5
duration: 400s
config:
  settlement: { adaptive: aligned, batch_size: 4, congested_base_fee: 1000000000000 }
  settlement_chain: { phase_ms: ${phaseMs} }
workload: { uniform: { transactions_per_block: 3 } }
${lines}`;
}

function sizesOf({ batches }: ReturnType<typeof runScenario>['result']): number[] {
  return batches.map(({ from_height: from, to_height: to }) => to - from + 1);
}

describe('the policy aligned', () => {
  it.each([0, 700, 1900, 2500, 3333, 4999])(
    '4 nodes, settlement chain %d ms late: each window ends just before a settlement block of its own (seed 5)',
    (phaseMs) => {
      const { result } = runScenario(scenario(phaseMs));
      expect(violationsOf(result)).toEqual([]);
      const settled = result.batches.filter(({ included_at_ms: at }) => at !== undefined);
      expect(settled.length).toBeGreaterThan(35);
      // The first window is there before anything is known of the settlement chain.
      for (const { sealed_at_ms: sealedMs, included_at_ms: includedMs } of settled.slice(1)) {
        expect((includedMs ?? 0) - sealedMs).toBeLessThanOrEqual(KNOWN_MS_MAX);
      }
      expect(new Set(settled.map(({ settlement_height: height }) => height)).size).toBe(settled.length);
      const latest = Math.max(
        ...settled.slice(1).map((batch) => (batch.included_at_ms ?? 0) - (batch.from_height - 1) * 2000),
      );
      expect(latest).toBeLessThanOrEqual(3 * 2000 + 500 + 5000);
    },
  );

  it('costs less than windows of 4 blocks, and no block waits longer (seed 5)', () => {
    const aligned = runScenario(scenario(1200)).result.metrics;
    const fixed = runScenario(scenario(1200).replace('adaptive: aligned', 'adaptive: fixed')).result.metrics;
    expect(BigInt(aligned.fee_per_block ?? 0) * 100n).toBeLessThan(BigInt(fixed.fee_per_block ?? 0) * 85n);
    expect(aligned.settlement_latency_ms.max ?? 0).toBeLessThanOrEqual(
      (fixed.settlement_latency_ms.max ?? 0) + 500,
    );
  });

  it('gives every node the same N, whether they share execution or not, through a crash and a stall (seed 5)', () => {
    const text = scenario(
      1200,
      `
timeline:
  - { at: { time: 60s }, for: 40s, crash: { node: node-1, lose: unsynced } }
  - { at: { time: 150s }, for: 90s, settlement_chain: { stall: true } }
`,
    );
    const alone = runScenario(text, { sharedExecution: false }).result;
    expect(violationsOf(alone)).toEqual([]);
    expect(alone.trace_hash).toBe(runScenario(text).result.trace_hash);
    const sizes = sizesOf(alone);
    // Batches that cannot settle grow with their number, and are what they were when the chain is back.
    expect(Math.max(...sizes)).toBeGreaterThan(7);
    expect(Math.max(...sizes.slice(-8, -1))).toBeLessThanOrEqual(6);
  });

  it('shortens windows while more than exposure_max flows, and no more than settlement blocks allow (seed 11)', () => {
    const loaded = loadScenario('scripts/scenarios/bursty-real-fees.yaml');
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const whole = { ...loaded.value.scenario, durationMs: 600_000, expectations: [] };
    const run = (exposureMax: Readonly<Record<string, bigint>>) => {
      const settlement = { ...whole.config.settlement, batchSize: 20, exposureMax };
      return runSimulation({ ...whole, config: { ...whole.config, settlement } });
    };
    const free = run({});
    const bounded = run({ USDC: 20_000_000_000n });
    const largest = (result: typeof free): bigint =>
      result.batches.reduce((most, { net }) => {
        const amount = BigInt(net.USDC ?? 0);
        const size = amount < 0n ? -amount : amount;
        return size > most ? size : most;
      }, 0n);
    expect(bounded.batches.length).toBeGreaterThan(free.batches.length);
    expect(largest(bounded)).toBeLessThan(largest(free));
    expect(Math.min(...sizesOf(bounded).slice(1))).toBeGreaterThanOrEqual(2);
  });

  it('is refused nothing that fixed sizes may do: an operator’s size lasts one window (seed 5)', () => {
    const text = scenario(0, 'timeline:\n  - { at: { block: 7 }, set_batch_size: 12 }\n');
    expect(scenarioOf(text).config.settlement.adaptive).toBe('aligned');
    const { result } = runScenario(text);
    expect(violationsOf(result)).toEqual([]);
    expect(Math.max(...sizesOf(result).slice(3))).toBeLessThanOrEqual(6);
  });
});
