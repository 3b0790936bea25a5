/**
 * Does the fuzzer find what it is there for? Every bug of bugs.ts is planted in a copy of the program and must break the
 * law it is listed with, within a bounded number of seeds that the program as it is passes; what is left after shrinking
 * is small enough to read.
 */
import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../../node/scenario/types.ts';
import { drawScenario } from '../../../node/simulation/fuzz/draw.ts';
import * as honest from '../../../node/simulation/fuzz/judge.ts';
import { shrink } from '../../../node/simulation/fuzz/shrink.ts';
import { bugs, type PlantedBug } from './bugs.ts';
import { replaceOnce } from './plantBugs.ts';

const EVENTS_MAX = 10;
/** Runs spent on shrinking here; the fuzzer itself spends more. */
const SHRINK_ATTEMPTS_MAX = 24;

/** Every node executes for itself: a bug in one of them is not to hide behind the result of another. */
function drawFor({ kinds }: PlantedBug, seed: number): Scenario {
  const scenario = drawScenario(seed, { validatorsMin: 4, validatorsMax: 5, kinds });
  return honest.withEngine(scenario, { crypto: 'modelled', sharedExecution: false });
}

function breaks(judge: honest.Judge, scenario: Scenario, law: string): boolean {
  return judge(scenario).failures.some((failure) => failure.law === law);
}

describe('planted bugs', () => {
  it('are many, each with a name of its own', () => {
    expect(bugs.length).toBeGreaterThanOrEqual(14);
    expect(new Set(bugs.map(({ name }) => name)).size).toBe(bugs.length);
  });

  it.each(bugs.map((bug) => [bug.name, bug.law, bug] as const))('%s breaks %s', async (name, law, bug) => {
    const module = `node/simulation/fuzz/judge.ts?bug=${name}`;
    const planted = (await import(/* @vite-ignore */ module)) as typeof honest;
    let killer: Scenario | undefined;
    for (let seed = 1; seed <= bug.seedsMax && killer === undefined; seed += 1) {
      const scenario = drawFor(bug, seed);
      if (breaks(planted.judgeScenario, scenario, law)) killer = scenario;
      // Seeds that kill nothing are passed by the copy; the honest program is asked about the one that does.
    }
    expect(killer, `no seed up to ${bug.seedsMax} breaks ${law}`).toBeDefined();
    if (killer === undefined) return;
    expect(honest.judgeScenario(killer).failures).toEqual([]);

    const shrunk = shrink(killer, law, planted.judgeScenario, { attemptsMax: SHRINK_ATTEMPTS_MAX });
    expect(shrunk.scenario.timeline.length).toBeLessThanOrEqual(EVENTS_MAX);
    expect(breaks(planted.judgeScenario, shrunk.scenario, law)).toBe(true);
    expect(honest.judgeScenario(shrunk.scenario).failures).toEqual([]);
  });

  it('cannot be planted where the honest lines are gone, or not alone', () => {
    expect(replaceOnce('a b c', 'b', 'x', 'file.ts')).toBe('a x c');
    expect(() => replaceOnce('a b c', 'd', 'x', 'file.ts')).toThrow('file.ts holds 0 times: d');
    expect(() => replaceOnce('b b', 'b', 'x', 'file.ts')).toThrow('file.ts holds 2 times: b');
  });
});
