/** A part of one run of a sweep, for drawing: the cell is run once more, as far as the picture goes. */
import { type ExcerptOptions, ExcerptRecorder, type RunExcerpt } from '../report/excerpt.ts';
import type { Scenario } from '../scenario/types.ts';
import { runInSlices } from '../simulation/run.ts';

/** Events between two looks at whether the part is whole: a few blocks, since most parts are no more than forty. */
const SLICE_EVENTS = 512;

/** How a part of this scenario's run is chosen. */
export function excerptOptionsOf({ config, timeline }: Scenario): ExcerptOptions {
  const { chain, settlement, settlementChain } = config;
  return {
    batchSize: settlement.batchSize,
    blockTimeMs: chain.blockTimeMs,
    settlementBlockTimeMs: settlementChain.blockTimeMs,
    submissionDeadlineBlocks: settlement.submissionDeadlineBlocks,
    expectsTrouble: timeline.some(({ faults }) => faults.length > 0),
  };
}

/** Runs a scenario until its excerpt is whole. */
export function sampleRun(scenario: Scenario): RunExcerpt {
  const recorder = new ExcerptRecorder(excerptOptionsOf(scenario));
  const slices = runInSlices(scenario, {
    onEvent: (line) => recorder.event(line),
    sliceEvents: SLICE_EVENTS,
  });
  for (const _ of slices) if (recorder.isComplete) break;
  return recorder.finish();
}
