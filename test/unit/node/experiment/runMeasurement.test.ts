import { describe, expect, it } from 'vitest';
import type { Block } from '../../../../consensus/block.ts';
import { type Cell, runCell } from '../../../../node/experiment/cell.ts';
import { middleOf } from '../../../../node/experiment/latencyHistogram.ts';
import type { RunProbe } from '../../../../node/report/runProbe.ts';
import { parseScenario } from '../../../../node/scenario/loadScenario.ts';
import type { Scenario } from '../../../../node/scenario/types.ts';
import { runSimulation } from '../../../../node/simulation/run.ts';
import type { ExecutionResult } from '../../../../settlement/execution/result.ts';
import type { SettlementBlock, SettlementEvent } from '../../../../settlement/net/settlement.ts';

function scenarioOf(text: string): Scenario {
  const parsed = parseScenario(text, 'measured');
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('; '));
  return parsed.value.scenario;
}

const faultFree = `
seed: 3
duration: 5m
config: { settlement: { batch_size: 4 }, settlement_chain: { phase_ms: 1700 } }
workload: { uniform: { transactions_per_block: 3 } }
`;

const broken = `
seed: 9
duration: 8m
config: { settlement: { batch_size: 3, origin_confirmations: 2 }, settlement_chain: { phase_ms: 2100 } }
workload: { uniform: { transactions_per_block: 2 } }
timeline:
  - { at: { time: 40s }, settlement_chain: { stall: true }, for: 60s }
  - { at: { time: 150s }, settlement_chain: { slippage: { asset: UM, bps: 900 } }, for: 40s }
  - { at: { time: 240s }, settlement_chain: { reorg: { depth: 2 } } }
  - { at: { time: 300s }, withhold_settlement: { node: node-1 }, for: 60s }
`;

/** Everything there is to know of a run, kept whole: the slow way to the same figures. */
class Recorder implements RunProbe {
  readonly blocks: { readonly header: Block['header']; readonly result: ExecutionResult }[] = [];
  #chain: SettlementBlock[] = [];

  finalized({ header }: Block, result: ExecutionResult): void {
    this.blocks.push({ header, result });
  }

  settlementBlock(block: SettlementBlock): void {
    this.#chain.push(block);
  }

  settlementReorganised(height: number): void {
    this.#chain = this.#chain.filter((block) => block.height <= height);
  }

  submitted(): void {}

  get chain(): readonly SettlementBlock[] {
    return this.#chain;
  }

  /** Settlements in the order of the chain, with their instant. */
  events(): { readonly atMs: number; readonly event: SettlementEvent }[] {
    return this.#chain.flatMap((block) => block.events.map((event) => ({ atMs: block.timestampMs, event })));
  }
}

function settledLatencies(recorder: Recorder): number[] {
  return recorder.events().flatMap(({ atMs, event }) => {
    if (event.type !== 'batch_settled') return [];
    return recorder.blocks
      .filter(({ header }) => header.height >= event.fromHeight && header.height <= event.toHeight)
      .map(({ header }) => atMs - header.timestampMs);
  });
}

/** Unsettled net of one asset, instant by instant. */
function exposureOf(recorder: Recorder, asset: string, endMs: number): { integral: bigint; max: bigint } {
  const steps: { atMs: number; amount: bigint }[] = [];
  const amountIn = (list: readonly { asset: string; amount: bigint }[]): bigint =>
    list.find((each) => each.asset === asset)?.amount ?? 0n;
  for (const { header, result } of recorder.blocks) {
    const { borrowed, repaid } = result.flows;
    steps.push({ atMs: header.timestampMs, amount: amountIn(borrowed) - amountIn(repaid) });
  }
  for (const { atMs, event } of recorder.events())
    if (event.type === 'batch_settled') steps.push({ atMs, amount: -amountIn(event.net) });
  const instants = [...new Set(steps.map(({ atMs }) => atMs))].sort((one, other) => one - other);
  let [integral, max] = [0n, 0n];
  for (const [place, atMs] of instants.entries()) {
    const amount = steps.filter((step) => step.atMs <= atMs).reduce((sum, step) => sum + step.amount, 0n);
    const size = amount < 0n ? -amount : amount;
    const lengthMs = (instants[place + 1] ?? endMs) - atMs;
    integral += size * BigInt(lengthMs);
    if (lengthMs > 0 && size > max) max = size;
  }
  return { integral, max };
}

function measured(text: string): { readonly cell: Cell; readonly recorder: Recorder } {
  const recorder = new Recorder();
  runSimulation(scenarioOf(text), { probe: recorder });
  return { cell: runCell({ index: 0, scenario: scenarioOf(text), withSeries: true }), recorder };
}

describe.each([
  ['without a fault', faultFree],
  ['with a stall, reverts, a reorganisation and a holder that keeps quiet', broken],
])('a run %s', (_name, text) => {
  const { cell, recorder } = measured(text);

  it('has the trace hash that it has unmeasured', () => {
    expect(cell.trace_hash).toBe(runSimulation(scenarioOf(text)).trace_hash);
    expect(cell.problems).toEqual([]);
  });

  it('has the latency of every settled block, and every other block as still waiting', () => {
    const latencies = settledLatencies(recorder);
    expect(cell.settled_blocks).toBe(latencies.length);
    expect(cell.latency.sumMs).toBe(latencies.reduce((sum, value) => sum + value, 0));
    expect(cell.latency.maxMs).toBe(Math.max(...latencies));
    const count = (pairs: Cell['latency']['ended']): number => pairs.reduce((sum, [, each]) => sum + each, 0);
    expect(count(cell.latency.ended)).toBe(latencies.length);
    expect(count(cell.latency.censored)).toBe(cell.blocks - latencies.length);
    const oldest = recorder.blocks[latencies.length];
    if (oldest !== undefined) {
      const age = cell.virtual_ms - oldest.header.timestampMs;
      expect(middleOf(cell.latency.censored.at(-1)?.[0] ?? 0)).toBeCloseTo(age, -2);
    }
  });

  it('has the exposure that a sum over all instants gives', () => {
    expect(Object.keys(cell.exposure)).toEqual(['UM', 'USDC', 'USDT']);
    for (const [asset, { integral, max }] of Object.entries(cell.exposure)) {
      const slow = exposureOf(recorder, asset, cell.virtual_ms);
      expect({ asset, integral, max }).toEqual({
        asset,
        integral: String(slow.integral),
        max: String(slow.max),
      });
    }
  });

  it('has what settlements cost, reverted ones included, and their share of the chain', () => {
    const paid = recorder.events().flatMap(({ event }) => ('gasUsed' in event ? [event] : []));
    expect(cell.settlement_transactions).toBe(paid.length);
    expect(cell.reverted).toBe(paid.filter(({ type }) => type === 'batch_reverted').length);
    expect(cell.fee).toBe(String(paid.reduce((sum, { fee }) => sum + fee, 0n)));
    expect(cell.settlement_gas).toBe(paid.reduce((sum, { gasUsed }) => sum + gasUsed, 0));
    // Block 0 is part of genesis.
    const blocks = recorder.chain.filter(({ height }) => height > 0);
    expect(cell.settlement_blocks).toBe(blocks.length);
    expect(cell.gas_capacity).toBe(blocks.reduce((sum, { gasLimit }) => sum + gasLimit, 0));
  });

  it('nets what was borrowed and repaid in settled batches', () => {
    const settled = recorder.events().flatMap(({ event }) => (event.type === 'batch_settled' ? [event] : []));
    const last = settled.at(-1)?.toHeight ?? 0;
    let gross = 0n;
    for (const { header, result } of recorder.blocks) {
      if (header.height > last) continue;
      for (const { asset, amount } of [...result.flows.borrowed, ...result.flows.repaid])
        if (asset === 'UM') gross += amount;
    }
    const net = settled
      .flatMap((event) => event.net)
      .filter(({ asset }) => asset === 'UM')
      .reduce((sum, { amount }) => sum + (amount < 0n ? -amount : amount), 0n);
    expect(cell.flows.UM).toEqual({ gross: String(gross), net: String(net) });
  });

  it('has a course whose mean is that of the run', () => {
    const { exposure_usd: usd = [], step_ms: stepMs = 1 } = cell.series ?? {};
    const lengthOf = (span: number): number => Math.min(stepMs, cell.virtual_ms - span * stepMs);
    const integral = usd.reduce((sum, mean, span) => sum + mean * lengthOf(span), 0);
    expect(integral / cell.exposure_usd.integral).toBeCloseTo(1, 4);
  });
});

describe('what the faults did', () => {
  const { cell } = measured(broken);

  it('is counted', () => {
    expect(cell.reverted).toBeGreaterThan(0);
    expect(cell.missed).toBeGreaterThan(0);
    expect(cell.slashed).toBeGreaterThan(0);
    expect(cell.front_running.ended.length).toBeGreaterThan(0);
  });
});
