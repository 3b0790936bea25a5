import { describe, expect, it } from 'vitest';
import { noFlows } from '../../../../settlement/net/flows.ts';
import { MetricsFold } from '../../../../settlement/net/metrics.ts';
import { currentDuty } from '../../../../settlement/net/netState.ts';
import { type BlockInput, move, NetWorld, settlementBlock } from './netFixture.ts';

/** A world whose blocks are folded as they are executed, two seconds apart. */
class MeasuredWorld extends NetWorld {
  readonly metrics = new MetricsFold();

  override execute(input: BlockInput = {}): ReturnType<NetWorld['execute']> {
    const facts = super.execute(input);
    const timestampMs = (this.height - 1) * 2000;
    this.metrics.fold({ height: this.height, timestampMs, flows: input.flows ?? noFlows, facts });
    return facts;
  }
}

describe('MetricsFold', () => {
  it('measures the seed timeline', () => {
    const world = new MeasuredWorld();
    for (const amount of [1000n, 500n, -200n, 300n, 100n]) world.execute({ flows: move('UM', amount) });
    expect(world.metrics.summarize(20_000)).toMatchObject({
      confirmedBatches: 0,
      pendingBatches: 1,
      oldestPendingAgeMs: 12_000,
      censoredBlocks: 5,
      censoredBatches: 1,
      successRate: 1,
      averageBatchSize: 0,
      feePerBlock: 0n,
    });
    world.execute({ flows: move('UM', -800n) });
    world.execute({ blocks: [settlementBlock(2, [world.settled(1, 0)])], flows: move('UM', 200n) });
    const metrics = world.metrics.summarize(12_000);
    // Blocks at 0, 2, 4, 6 and 8 s, included at 10 s.
    expect(metrics.blockLatencyMs).toEqual({
      count: 5,
      mean: 6000,
      p50: 6000,
      p90: 10_000,
      p99: 10_000,
      max: 10_000,
      errorMax: 0,
    });
    expect(metrics.batchLatencyMs).toMatchObject({ count: 1, mean: 2000 });
    expect(metrics).toMatchObject({
      averageBatchSize: 5,
      confirmedBatches: 1,
      pendingBatches: 0,
      oldestPendingAgeMs: 0,
      censoredBlocks: 2,
      totalFee: 1_500_000n,
      feePerBlock: 300_000n,
      maxExposure: [{ asset: 'UM', amount: 1700n }],
      windowsClosed: 1,
    });
  });

  it('counts attempts, misses and reverts, and what reverts cost', () => {
    const world = new MeasuredWorld({ batchSize: 2, submissionDeadlineBlocks: 1 });
    world.execute({ flows: move('UM', 5n) });
    world.execute();
    world.execute({ blocks: [settlementBlock(1, [world.reverted(1, 0, { code: 'OUT_OF_GAS' })])] });
    world.execute({ blocks: [settlementBlock(2)] });
    world.execute({ blocks: [settlementBlock(3)] });
    const duty = currentDuty(world.state, 1);
    expect(duty).toMatchObject({ attempt: 3, proposer: 1 });
    // Nothing is confirmed, and two attempts ended: that is no success.
    expect(world.metrics.summarize(0)).toMatchObject({ successRate: 0, pendingBatches: 1 });
    world.execute({ blocks: [settlementBlock(4, [world.settled(1, 1, 3)])] });
    expect(world.metrics.summarize(0)).toMatchObject({
      successRate: 1 / 3,
      missed: 1,
      reverted: 1,
      totalFee: 2_500_000n,
      feePerBlock: 1_250_000n,
      emptyWindows: 2,
    });
  });

  it('takes a superseded settlement for settled but not for a success of the duty', () => {
    const world = new MeasuredWorld({ batchSize: 1 });
    world.execute({ flows: move('UM', 5n) });
    world.execute({ blocks: [settlementBlock(1, [world.settled(1, 2)])] });
    expect(world.metrics.summarize(0)).toMatchObject({
      successRate: 0,
      confirmedBatches: 1,
      censoredBlocks: 1,
    });
  });

  it('takes exposure over batches and window together, per asset, of either sign', () => {
    const world = new MeasuredWorld({ batchSize: 2 });
    for (const amount of [-3n, -4n, 2n, -9n]) world.execute({ flows: move('UM', amount) });
    world.execute({ blocks: [settlementBlock(1, [world.settled(1, 0)])], flows: move('DAI', 6n) });
    expect(world.metrics.summarize(0).maxExposure).toEqual([
      { asset: 'DAI', amount: 6n },
      { asset: 'UM', amount: 14n },
    ]);
  });

  it('crashes when a block is left out', () => {
    const metrics = new MetricsFold();
    expect(() => metrics.fold({ height: 2, timestampMs: 0, flows: noFlows, facts: [] })).toThrow('skip');
  });
});
