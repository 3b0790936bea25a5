import { describe, expect, it } from 'vitest';
import {
  limitsOfClosedForm,
  predictLatency,
  quorumCount,
  type TimingModel,
  timingModelOf,
} from '../../../../node/experiment/closedForm.ts';
import { behindCountsOf, gasOf, netsOf, planBatches } from '../../../../node/experiment/settlementCost.ts';
import { scenarioOf } from '../../../helpers/runScenario.ts';

const plain: TimingModel = {
  batchSize: 5,
  blockTimeMs: 2000,
  settlementBlockTimeMs: 5000,
  phaseMs: undefined,
  latencyMs: 50,
  jitterMs: 0,
  validatorCount: 4,
  originDelayMs: 1000,
  originConfirmations: 0,
  submissionDeadlineBlocks: 6,
};

describe('predictLatency', () => {
  it('adds the parts up: half the window, three hops, one more, half a settlement block', () => {
    const form = predictLatency(plain);
    expect(form).toMatchObject({
      inBatchWaitMs: 4000,
      finalityMs: 150,
      submissionMs: 50,
      inclusionWaitMs: 2500,
      confirmationMs: 1000 + 1000 + 150,
      inclusionMaxMs: 5200,
      missMinMs: 2000 - 1000 + 30_000,
    });
    expect(form.latency).toMatchObject({ meanMs: 6700, minMs: 200, maxMs: 13_200 });
  });

  it('is phase-locked where the window is a multiple of the settlement block time', () => {
    // Sealed at 8 s, there at 8.2 s: in the block at 10 s, every time.
    const locked = predictLatency({ ...plain, phaseMs: 0 });
    expect(locked.waitCount).toBe(1);
    expect([locked.inclusionWaitMs, locked.latency.meanMs, locked.latency.maxMs]).toEqual([
      1800, 6000, 10_000,
    ]);
    // A phase just behind the arrival, and one at it: at the instant it is too late.
    expect(predictLatency({ ...plain, phaseMs: 3201 }).inclusionWaitMs).toBeCloseTo(1, 9);
    expect(predictLatency({ ...plain, phaseMs: 3200 }).inclusionWaitMs).toBeCloseTo(5000, 9);
  });

  it('goes through as many waits as the two periods allow', () => {
    for (const [batchSize, count] of [
      [1, 5],
      [2, 5],
      [5, 1],
      [7, 5],
      [10, 1],
    ] as const) {
      expect(predictLatency({ ...plain, batchSize, phaseMs: 700 }).waitCount).toBe(count);
    }
  });

  it('is, at a random phase, the mean over all phases', () => {
    for (const batchSize of [1, 3, 5, 10]) {
      const even = predictLatency({ ...plain, batchSize });
      const phases = Array.from({ length: 5000 }, (_, index) => index + 0.5);
      const locked = phases.map((phaseMs) => predictLatency({ ...plain, batchSize, phaseMs }).latency);
      const mean = locked.reduce((sum, { meanMs }) => sum + meanMs, 0) / locked.length;
      expect(mean).toBeCloseTo(even.latency.meanMs, 3);
      for (const ms of [500, 3000, 7000]) {
        const share = locked.reduce((sum, law) => sum + law.shareWithin(ms), 0) / locked.length;
        expect(share).toBeCloseTo(even.latency.shareWithin(ms), 3);
      }
    }
  });

  it('has quantiles that undo its shares, within its bounds', () => {
    for (const phaseMs of [undefined, 0, 1234]) {
      const { latency } = predictLatency({ ...plain, batchSize: 7, phaseMs });
      let before = 0;
      for (const share of [0.01, 0.1, 0.5, 0.9, 0.99, 1]) {
        const ms = latency.quantileMs(share);
        expect(ms).toBeGreaterThanOrEqual(Math.max(before, latency.minMs));
        expect(latency.shareWithin(ms + 1e-6)).toBeGreaterThanOrEqual(share - 1e-9);
        expect(latency.shareWithin(ms - 1e-3)).toBeLessThan(share);
        before = ms;
      }
      expect(latency.quantileMs(1)).toBeCloseTo(latency.maxMs, 6);
      expect([latency.shareWithin(latency.minMs - 1), latency.shareWithin(latency.maxMs)]).toEqual([
        0,
        expect.closeTo(1, 9),
      ]);
    }
  });

  it('knows quorums, and that a lone validator waits for nobody', () => {
    expect([1, 3, 4, 6, 7, 100].map(quorumCount)).toEqual([1, 3, 3, 5, 5, 67]);
    expect(predictLatency({ ...plain, validatorCount: 1 }).finalityMs).toBe(0);
  });

  it('counts blocks of windows that net to zero where they are sealed', () => {
    const scenario = scenarioOf(
      [
        'duration: 8s',
        'config: { settlement: { batch_size: 2 } }',
        'timeline:',
        '  - { at: { block: 1 }, borrow: { asset: UM, amount: 5 } }',
        '  - { at: { block: 2 }, repay: { asset: UM, amount: 5 } }',
        '  - { at: { block: 4 }, borrow: { asset: UM, amount: 5 } }',
      ].join('\n'),
    );
    const batches = planBatches(netsOf(scenario), scenario.config);
    expect(batches.map(({ fromHeight, toHeight, net }) => [fromHeight, toHeight, net])).toEqual([
      [1, 4, [{ asset: 'UM', amount: 5n }]],
    ]);
    expect(behindCountsOf(batches)).toEqual([1, 1, 1, 1]);
    const form = predictLatency({ ...plain, batchSize: 2, behindCounts: behindCountsOf(batches) });
    expect(form.inBatchWaitMs).toBe(3000);
  });
});

describe('gasOf', () => {
  it('is what the README’s two settlements pay: a swap, and a transfer', () => {
    expect(gasOf([{ asset: 'UM', amount: 1700n }], 'USDC', 3)).toBe(160_712);
    expect(gasOf([{ asset: 'UM', amount: -1200n }], 'USDC', 3)).toBe(180_456);
  });

  it('draws the base asset, and grows with signers and assets', () => {
    const one = gasOf([{ asset: 'USDC', amount: 1n }], 'USDC', 3);
    expect(gasOf([{ asset: 'USDC', amount: 1n }], 'USDC', 4) - one).toBe(3000 + 16 * 64);
    expect(gasOf([{ asset: 'USDC', amount: 1n }], 'DAIX', 3) - one).toBe(40_000 + 16 * 16);
  });
});

describe('limitsOfClosedForm', () => {
  it('has nothing to say of a plain scenario', () => {
    expect(limitsOfClosedForm(scenarioOf('name: x'))).toEqual([]);
    expect(timingModelOf(scenarioOf('name: x'), 'random')).toEqual({ ...plain, jitterMs: 10 });
  });

  it.each([
    ['timeline: [{ at: { block: 1 }, pause: { node: node-1 }, for: 3s }]', 'the timeline has a fault'],
    ['network: { loss: 0.1 }', 'links lose or reorder messages'],
    ['config: { settlement: { adaptive: seed003 } }', 'N follows the policy seed003'],
    [
      'config: { validators: [{ name: a, stake: 1 }, { name: b, stake: 2 }, { name: c, stake: 1 }] }',
      'validators have unequal power',
    ],
    ['network: { latency_ms: 5, jitter_ms: 6 }', 'delays are cut off below 1 ms'],
    ['network: { latency_ms: 600 }', 'messages take longer than consensus.delta_ms'],
    ['config: { chain: { block_time_ms: 100 } }', 'finality takes longer than a block'],
    [
      'config: { settlement: { submission_deadline_blocks: 1, origin_delay_ms: 2000 } }',
      'a duty can be missed without a fault',
    ],
  ])('says of %s that it leaves its ground', (text, limit) => {
    expect(limitsOfClosedForm(scenarioOf(`name: x\n${text}`))).toContain(limit);
  });
});
