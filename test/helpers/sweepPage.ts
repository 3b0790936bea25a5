/** The page of a small sweep, run in this thread: the command line's own way starts threads, which takes seconds each. */
import { analyse } from '../../node/experiment/analyse.ts';
import { runCell } from '../../node/experiment/cell.ts';
import { forecastSweep } from '../../node/experiment/forecast.ts';
import { planSweep, type Settings } from '../../node/experiment/plan.ts';
import { sampleRun } from '../../node/experiment/sampleRun.ts';
import { renderSweepPage } from '../../node/page/sweep/sweepPage.ts';

/** @param text - Of the scenario. */
export function sweepPageOf(text: string, points: readonly Settings[], seedCount: number): string {
  const planned = planSweep({
    text,
    file: 'sweep.yaml',
    points,
    firstSeed: 1,
    seedCount,
    durationMs: undefined,
    below: [],
    above: [],
    isPhaseFixed: false,
    version: '0.0.0',
  });
  if (!planned.ok) throw new Error(JSON.stringify(planned.problems));
  const plan = planned.value;
  const cells = Array.from({ length: plan.cellCount }, (_, index) => runCell(plan.task(index)));
  const results = analyse(
    plan,
    cells,
    { latencyP99Ms: undefined, feePerBlock: undefined, exposure: new Map() },
    'rerun',
  );
  const point = results.recommended?.point ?? 0;
  const { scenario } = plan.task(point * seedCount);
  return renderSweepPage({
    results,
    forecasts: forecastSweep(plan),
    forecastSeeds: 1,
    sample: {
      point,
      seed: scenario.seed,
      nodes: scenario.config.validators.map(({ name }) => name),
      excerpt: sampleRun(scenario),
    },
    source: { command: 'npx sidereal bench sweep.yaml', config: {}, scenario: text },
  });
}
