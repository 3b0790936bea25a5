import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../../../../node/config/problem.ts';
import { parseScenario } from '../../../../../node/scenario/loadScenario.ts';
import type { Scenario } from '../../../../../node/scenario/types.ts';
import { findBoundProblem, QUIET_MS } from '../../../../../node/simulation/fuzz/bounds.ts';
import { defaultDrawOptions, drawScenario } from '../../../../../node/simulation/fuzz/draw.ts';
import { faultKinds, kindOf } from '../../../../../node/simulation/fuzz/faultKinds.ts';
import { writeScenario } from '../../../../../node/simulation/fuzz/writeScenario.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

/** Without what only says where something stands in a file. */
function withoutPlaces(scenario: Scenario): object {
  return {
    ...scenario,
    file: undefined,
    timeline: scenario.timeline.map((event) => ({ ...event, line: 0 })),
    expectations: scenario.expectations.map((expectation) => ({ ...expectation, line: 0 })),
  };
}

function readBack(text: string): Scenario {
  const parsed = parseScenario(text, 'fuzz.yaml');
  if (!parsed.ok) throw new Error(`${parsed.problems.map(formatProblem).join('\n')}\n${text}`);
  return parsed.value.scenario;
}

describe('drawScenario', () => {
  it('gives equal scenarios for equal seeds, and others for others', () => {
    expect(drawScenario(7)).toEqual(drawScenario(7));
    expect(drawScenario(7)).not.toEqual(drawScenario(8));
  });

  it('stays within the stated bound', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(findBoundProblem(drawScenario(seed))).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('draws as many nodes as it is told', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 2, max: 9 }), fc.nat(3), (seed, low, more) => {
        const { config } = drawScenario(seed, { validatorsMin: low, validatorsMax: low + more });
        expect(config.validators.length).toBeGreaterThanOrEqual(low);
        expect(config.validators.length).toBeLessThanOrEqual(low + more);
      }),
      { numRuns: 50 },
    );
  });

  it('draws every kind of fault within a few hundred seeds', () => {
    const drawn = new Set<string>();
    for (let seed = 1; seed <= 400; seed += 1) {
      for (const { faults } of drawScenario(seed, defaultDrawOptions).timeline)
        for (const fault of faults) drawn.add(kindOf(fault));
    }
    expect([...drawn].sort()).toEqual(faultKinds.map(({ name }) => name).sort());
  });
});

describe('findBoundProblem', () => {
  const base = { ...drawScenario(1), timeline: [] };
  const healedMs = base.durationMs - QUIET_MS;
  const withEvents = (...timeline: readonly Partial<Scenario['timeline'][number]>[]): Scenario => ({
    ...base,
    config: {
      ...base.config,
      validators: [0, 1, 2, 3].map((index) => ({ name: `node-${index}`, stake: 1000 })),
    },
    timeline: timeline.map((event) => ({
      at: { timeMs: 1000 },
      forMs: 1000,
      transactions: [],
      faults: [],
      line: 1,
      ...event,
    })),
  });

  it('counts lost disks and dishonest nodes together against a third of the power', () => {
    const wipe = { faults: [{ type: 'crash', node: 'node-0', lose: 'all' }] } as const;
    expect(findBoundProblem(withEvents(wipe))).toBeUndefined();
    expect(
      findBoundProblem(withEvents(wipe, { faults: [{ type: 'garbage', node: 'node-0' }] })),
    ).toBeUndefined();
    expect(findBoundProblem(withEvents(wipe, { faults: [{ type: 'garbage', node: 'node-1' }] }))).toMatch(
      /third/,
    );
    expect(
      findBoundProblem(withEvents(wipe, { faults: [{ type: 'disk', node: 'node-1', fault: 'torn' }] })),
    ).toMatch(/third/);
  });

  it('lets only dishonest nodes go on to the end', () => {
    const pause = { type: 'pause', node: 'node-1' } as const;
    expect(findBoundProblem(withEvents({ faults: [pause], forMs: healedMs - 1000 }))).toBeUndefined();
    expect(findBoundProblem(withEvents({ faults: [pause], forMs: healedMs - 999 }))).toMatch(/outlasts/);
    expect(findBoundProblem(withEvents({ faults: [pause], forMs: undefined }))).toMatch(/outlasts/);
    expect(
      findBoundProblem(withEvents({ faults: [{ type: 'equivocate', node: 'node-1' }], forMs: undefined })),
    ).toBeUndefined();
  });

  it('wants clocks set back and reorgs above the origin', () => {
    const step = { type: 'clock_step', node: 'node-1', ms: 500 } as const;
    expect(findBoundProblem(withEvents({ faults: [step] }))).toMatch(/clock/);
    expect(
      findBoundProblem(withEvents({ faults: [step] }, { faults: [{ ...step, ms: -500 }] })),
    ).toBeUndefined();
    const depth = base.config.settlement.originConfirmations + 1;
    expect(
      findBoundProblem(withEvents({ faults: [{ type: 'settlement_chain', kind: 'reorg', depth }] })),
    ).toMatch(/reorg/);
  });
});

describe('writeScenario', () => {
  it('writes what reads back as the same scenario', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const scenario = drawScenario(seed);
        expect(withoutPlaces(readBack(writeScenario(scenario)))).toEqual(withoutPlaces(scenario));
      }),
      { numRuns: 150 },
    );
  });

  it('says above the scenario what it is', () => {
    expect(writeScenario(drawScenario(1), ['Found by hand.'])).toMatch(/^# Found by hand\.\nname: fuzz 1\n/);
  });
});
