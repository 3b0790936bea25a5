/** Missed duties with their window, jail, the way out of it, and the bound on how much stake may sit there. */
import { describe, expect, it } from 'vitest';
import { runScenario, type TraceEvent, violationsOf } from '../helpers/runScenario.ts';

const SEED = 42;

function scenario(validators: number, minutes: number, timeline: readonly string[]): string {
  return `
name: jail
seed: ${SEED}
duration: ${minutes * 60}s
config:
  validators: { count: ${validators} }
  settlement: { batch_size: 2, jail_after_misses: 2, jail_window: 4, jail_blocks: 20, submission_deadline_blocks: 2 }
workload: { uniform: { transactions_per_block: 1 } }
timeline:
${timeline.map((event) => `  - ${event}`).join('\n')}
`;
}

function ofType(events: readonly TraceEvent[], type: string): readonly TraceEvent[] {
  return events.filter((event) => event.type === type);
}

describe('jail', () => {
  it(`4 nodes, one withholds two duties: jailed, given none, free again by its own transaction (seed ${SEED})`, () => {
    const { result, events } = runScenario(
      scenario(4, 6, [
        '{ at: { time: 1s }, withhold_settlement: { node: node-1 }, for: 120s }',
        '{ at: { time: 240s }, transactions: [{ unjail: { node: node-1 } }] }',
      ]),
    );
    expect(violationsOf(result)).toEqual([]);
    const missed = ofType(events, 'batch_missed').filter(({ proposer }) => proposer === 'node-1');
    const [jailed, ...further] = ofType(events, 'jailed');
    expect(missed.length).toBeGreaterThanOrEqual(2);
    expect(jailed).toMatchObject({ validator: 'node-1' });
    expect(jailed?.t).toBe(missed[1]?.t);
    expect(further).toEqual([]);
    const [unjailed] = ofType(events, 'unjailed');
    expect(unjailed).toMatchObject({ validator: 'node-1' });
    const jailedMs = jailed?.t ?? 0;
    const freeMs = unjailed?.t ?? 0;
    expect(freeMs).toBeGreaterThan(jailedMs);
    const assigned = ofType(events, 'batch_assigned').filter(({ proposer }) => proposer === 'node-1');
    expect(assigned.filter(({ t }) => t > jailedMs && t < freeMs)).toEqual([]);
    expect(assigned.filter(({ t }) => t > freeMs).length).toBeGreaterThan(0);
    expect(result.validators[1]).toMatchObject({ jailed: false, tombstoned: false });
  });

  it(`4 nodes, all withhold: never more than a third of the stake in jail, and all settles afterwards (seed ${SEED})`, () => {
    const { result, events } = runScenario(
      scenario(
        4,
        8,
        [0, 1, 2, 3].map(
          (node) => `{ at: { time: 1s }, withhold_settlement: { node: node-${node} }, for: 200s }`,
        ),
      ),
    );
    expect(violationsOf(result)).toEqual([]);
    const inJail = new Set<unknown>();
    let most = 0;
    for (const { type, validator } of events) {
      if (type === 'jailed') inJail.add(validator);
      else if (type === 'unjailed') inJail.delete(validator);
      most = Math.max(most, inJail.size);
    }
    expect(most).toBe(1);
    expect(ofType(events, 'tombstoned')).toEqual([]);
    expect(result.batches.filter(({ state }) => state === 'confirmed').length).toBeGreaterThan(50);
    expect(result.verdicts.wrongful_slashes).toBe(0);
  });

  it.each(['stall', 'full'])(
    `4 nodes, the settlement chain is in the state of %s for minutes: nobody is slashed or jailed (seed ${SEED})`,
    (kind) => {
      const { result, events } = runScenario(
        scenario(4, 6, [`{ at: { time: 20s }, settlement_chain: { ${kind}: true }, for: 180s }`]),
      );
      expect(violationsOf(result)).toEqual([]);
      expect(result.slashes).toEqual([]);
      expect(ofType(events, 'jailed')).toEqual([]);
      expect(ofType(events, 'batch_missed')).toEqual([]);
    },
  );

  it(`7 nodes, the sidechain itself stands still for minutes: nobody is slashed for the time (seed ${SEED})`, () => {
    const { result } = runScenario(
      scenario(
        7,
        6,
        [4, 5, 6].map(
          (node) => `{ at: { time: 40s }, crash: { node: node-${node}, lose: unsynced }, for: 120s }`,
        ),
      ),
    );
    expect(violationsOf(result)).toEqual([]);
    expect(result.verdicts.wrongful_slashes).toBe(0);
    expect(
      result.slashes.filter(({ validator }) => !['node-4', 'node-5', 'node-6'].includes(validator)),
    ).toEqual([]);
  });
});
