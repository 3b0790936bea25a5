import { describe, expect, it } from 'vitest';
import { type ExcerptOptions, ExcerptRecorder } from '../../../../node/report/excerpt.ts';
import { runSimulation } from '../../../../node/simulation/run.ts';
import { scenarioOf } from '../../../helpers/runScenario.ts';

const options: ExcerptOptions = {
  batchSize: 5,
  blockTimeMs: 2000,
  settlementBlockTimeMs: 5000,
  submissionDeadlineBlocks: 6,
  expectsTrouble: false,
};

function record(text: string, more: Partial<ExcerptOptions> = {}): ExcerptRecorder {
  const recorder = new ExcerptRecorder({ ...options, ...more });
  runSimulation(scenarioOf(text), { onEvent: (line) => recorder.event(line) });
  return recorder;
}

const traffic = 'workload: { uniform: { transactions_per_block: 3 } }\n';

describe('ExcerptRecorder', () => {
  it('shows the beginning of a run in which nothing goes wrong: three windows, their settlements and confirmations', () => {
    const recorder = record(`seed: 1\nduration: 120s\n${traffic}`);
    expect(recorder.isComplete).toBe(true);
    const excerpt = recorder.finish();
    expect(excerpt).toMatchObject({ fromMs: 0, toMs: 40_000, trouble: undefined, faults: [], failures: [] });
    expect(excerpt.blocks.slice(0, 2)).toMatchObject([
      { height: 1, proposedAtMs: 0 },
      { height: 2, proposedAtMs: 2000 },
    ]);
    expect(excerpt.blocks.at(-1)?.proposedAtMs).toBeLessThanOrEqual(40_000);
    expect(
      excerpt.batches.slice(0, 3).map(({ seq, fromHeight, toHeight }) => [seq, fromHeight, toHeight]),
    ).toEqual([
      [1, 1, 5],
      [2, 6, 10],
      [3, 11, 15],
    ]);
    expect(
      excerpt.settlements.map(({ seq, confirmedAtHeight }) => [seq, confirmedAtHeight !== undefined]),
    ).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ]);
    expect(new Set(excerpt.finals.map(({ node }) => node)).size).toBe(4);
    expect(excerpt.submissions.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(excerpt.settlementBlocks.map(({ height }) => height)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('begins a window before the first trouble, however late it comes, and shows what becomes of it', () => {
    const text = `seed: 1\nduration: 10m\n${traffic}timeline:\n  - { at: { time: 400s }, crash: { node: node-1 }, for: 30s }\n`;
    const recorder = record(text, { expectsTrouble: true });
    expect(recorder.isComplete).toBe(true);
    const excerpt = recorder.finish();
    expect(excerpt).toMatchObject({ fromMs: 390_000, trouble: 'fault_started' });
    expect(excerpt.faults).toEqual([{ name: 'crash', node: 'node-1', fromMs: 400_000, toMs: 430_000 }]);
    expect(excerpt.blocks[0]?.proposedAtMs).toBeGreaterThanOrEqual(390_000);
    expect(excerpt.blocks.at(-1)?.proposedAtMs).toBeLessThanOrEqual(excerpt.toMs);
  });

  it('shows the beginning where trouble was expected and never came', () => {
    const recorder = record(`seed: 1\nduration: 60s\n${traffic}`, { expectsTrouble: true });
    expect(recorder.isComplete).toBe(false);
    expect(recorder.finish()).toMatchObject({ fromMs: 0, toMs: 40_000, trouble: undefined });
  });

  it('names who missed a duty and who was slashed', () => {
    const text = `seed: 7\nduration: 120s\n${traffic}timeline:\n  - { at: { block: 1 }, withhold_settlement: { node: node-0 } }\n`;
    const excerpt = record(text, { expectsTrouble: true }).finish();
    expect(excerpt.failures.slice(0, 2)).toMatchObject([
      { node: 'node-0', what: 'missed' },
      { node: 'node-0', what: 'slashed' },
    ]);
  });

  it('keeps no more than it shows of a run without end', () => {
    const recorder = new ExcerptRecorder({ ...options, expectsTrouble: true });
    const line = (t: number): string =>
      `{"t":${t},"node":null,"type":"settlement_block","height":${t},"hash":"0x","base_fee":"1","gas_used":0,"events":0}`;
    for (let t = 0; t < 300_000; t += 1) recorder.event(line(t));
    recorder.event('{"t":300000,"node":"node-0","type":"fault_started","fault":"pause"}');
    const excerpt = recorder.finish();
    expect(excerpt.fromMs).toBe(290_000);
    expect(excerpt.settlementBlocks.length).toBeLessThanOrEqual(10_000);
    expect(excerpt.settlementBlocks.at(-1)?.height).toBe(299_999);
  });
});
