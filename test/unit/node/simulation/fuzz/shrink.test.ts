import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../../../../node/scenario/types.ts';
import { findBoundProblem } from '../../../../../node/simulation/fuzz/bounds.ts';
import { drawScenario } from '../../../../../node/simulation/fuzz/draw.ts';
import { type Judge, judgeRepeated, judgeScenario } from '../../../../../node/simulation/fuzz/judge.ts';
import { shrink } from '../../../../../node/simulation/fuzz/shrink.ts';

/** A seed with enough in it to cut away. */
function richScenario(): Scenario {
  for (let seed = 1; ; seed += 1) {
    const scenario = drawScenario(seed, { validatorsMin: 6, validatorsMax: 7 });
    const isRich =
      scenario.timeline.length >= 6 && hasCrash(scenario) && scenario.workload.type === 'uniform';
    if (isRich) return scenario;
  }
}

function hasCrash({ timeline }: Scenario): boolean {
  return timeline.some(({ faults }) => faults.some(({ type }) => type === 'crash'));
}

/** Pretends that a law breaks whenever `isBroken` says so. */
function judgeBy(isBroken: (scenario: Scenario) => boolean, law = 'agreement'): Judge {
  return (scenario) => ({
    failures: isBroken(scenario) ? [{ law, text: 'broken' }] : [],
    coverage: {},
    result: undefined,
  });
}

describe('shrink', () => {
  it('keeps the one event that matters, and nothing else', () => {
    const shrunk = shrink(richScenario(), 'agreement', judgeBy(hasCrash), { attemptsMax: 1000 });
    expect(shrunk.scenario.timeline).toHaveLength(1);
    expect(hasCrash(shrunk.scenario)).toBe(true);
    expect(shrunk.scenario.config.validators.length).toBeLessThanOrEqual(4);
    expect(shrunk.scenario.workload).toEqual({ type: 'none' });
    expect(shrunk.scenario.config.settlement.batchSize).toBe(5);
    expect(findBoundProblem(shrunk.scenario)).toBeUndefined();
  });

  it('shortens what can be shorter', () => {
    const scenario = richScenario();
    const shrunk = shrink(
      scenario,
      'agreement',
      judgeBy(({ durationMs }) => durationMs >= 80_000),
      {
        attemptsMax: 1000,
      },
    );
    expect(shrunk.scenario.durationMs).toBeGreaterThanOrEqual(80_000);
    expect(shrunk.scenario.durationMs).toBeLessThan(90_000);
    expect(shrunk.scenario.timeline).toHaveLength(0);
  });

  it('does not settle for another law', () => {
    const scenario = richScenario();
    const other = judgeBy(() => true, 'ledger');
    expect(shrink(scenario, 'agreement', other, { attemptsMax: 50 }).scenario).toBe(scenario);
  });

  it('stops after the attempts it is given', () => {
    let runs = 0;
    const judge: Judge = (scenario) => {
      runs += 1;
      return judgeBy(() => true)(scenario);
    };
    const { attempts } = shrink(richScenario(), 'agreement', judge, { attemptsMax: 7 });
    expect([attempts, runs]).toEqual([7, 7]);
  });
});

describe('judgeScenario', () => {
  it('finds nothing wrong with an honest network under faults, and counts what happened to it', () => {
    const { failures, coverage } = judgeRepeated(richScenario());
    expect(failures).toEqual([]);
    expect(coverage['fault.crash']).toBeGreaterThan(0);
    expect(coverage.batch_sealed).toBeGreaterThan(0);
  });

  it('reports what a run throws as a failure of the scenario', () => {
    const scenario = drawScenario(1);
    const broken = {
      ...scenario,
      timeline: [{ ...noEvent, faults: [{ type: 'restart', node: 'nobody' } as const] }],
    };
    const [failure] = judgeScenario(broken).failures;
    expect(failure?.law).toBe('exception');
    expect(failure?.text).toMatch(/no node is called nobody/);
  });

  it('reports an expectation that does not hold', () => {
    const scenario = drawScenario(1);
    const condition = { type: 'height_at_least', height: 100_000 } as const;
    const hopeful = {
      ...scenario,
      expectations: [{ type: 'final', condition, text: 'high', line: 1 } as const],
    };
    expect(judgeScenario(hopeful).failures).toMatchObject([{ law: 'expectation' }]);
  });
});

const noEvent = { at: { timeMs: 0 }, forMs: undefined, transactions: [], faults: [], line: 1 } as const;
