/** One seed from draw to verdict: drawn, judged and, if it fails, shrunk. What a worker thread does with its message. */
import type { Scenario } from '../../scenario/types.ts';
import type { Coverage } from './coverage.ts';
import { type DrawOptions, drawScenario } from './draw.ts';
import { type Failure, judgeRepeated, judgeScenario } from './judge.ts';
import { shrink } from './shrink.ts';
import { writeScenario } from './writeScenario.ts';

export interface SeedTask {
  readonly seed: number;
  readonly draw: DrawOptions;
  /** Most runs to shrink a failure; 0 leaves it as it was drawn. */
  readonly shrinkAttemptsMax: number;
}

export interface SeedOutcome {
  readonly seed: number;
  /** Empty when everything held. */
  readonly failures: readonly Failure[];
  readonly coverage: Coverage;
  readonly shrunk: ShrunkSeed | undefined;
}

/** The smallest scenario found that breaks the same law, for `sidereal run`. */
export interface ShrunkSeed {
  readonly law: string;
  readonly yaml: string;
  readonly attempts: number;
  readonly eventCount: number;
  readonly nodeCount: number;
}

/** @param onAttempt - Called before every run of a shrinking scenario: the seed is alive. */
export function runSeed(
  { seed, draw, shrinkAttemptsMax }: SeedTask,
  onAttempt: () => void = () => undefined,
): SeedOutcome {
  const scenario = drawScenario(seed, draw);
  const { failures, coverage } = judgeRepeated(scenario);
  const law = failures[0]?.law;
  const shrunk =
    law === undefined || shrinkAttemptsMax === 0
      ? undefined
      : shrinkSeed(scenario, law, { attemptsMax: shrinkAttemptsMax, onAttempt });
  return { seed, failures, coverage, shrunk };
}

function shrinkSeed(
  scenario: Scenario,
  law: string,
  options: { readonly attemptsMax: number; readonly onAttempt: () => void },
): ShrunkSeed {
  // Only a second run shows that two runs differ.
  const judge = law === 'determinism' ? judgeRepeated : judgeScenario;
  const { scenario: smallest, attempts } = shrink(scenario, law, judge, options);
  const named = { ...smallest, name: `fuzz ${scenario.seed} shrunk` };
  const violation = judge(smallest).failures.find((failure) => failure.law === law);
  const comments = [
    `Found by sidereal fuzz --from ${scenario.seed} --seeds 1, and shrunk: breaks ${law}.`,
    ...(violation === undefined ? [] : [violation.text.split('\n')[0] ?? '']),
  ];
  return {
    law,
    yaml: writeScenario(named, comments),
    attempts,
    eventCount: smallest.timeline.length,
    nodeCount: smallest.config.validators.length,
  };
}
