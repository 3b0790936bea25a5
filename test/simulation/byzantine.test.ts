import { describe, expect, it } from 'vitest';
import type { ByzantineBehaviour } from '../../node/scenario/types.ts';
import { type DishonestRun, runDishonest } from '../helpers/dishonestRun.ts';
import { violationsOf } from '../helpers/runScenario.ts';

const behaviours: readonly ByzantineBehaviour[] = [
  'withhold_settlement',
  'withhold_votes',
  'withhold_gossip',
  'equivocate',
  'forge_completion',
  'lie_about_net',
  'garbage',
  'twin',
];
const networks = [
  { validators: 4, dishonest: ['node-1'] },
  { validators: 7, dishonest: ['node-1', 'node-4'] },
] as const;

const mixtures: readonly (readonly ByzantineBehaviour[])[] = [
  ['equivocate', 'garbage', 'withhold_settlement'],
  ['twin', 'lie_about_net', 'forge_completion'],
  ['withhold_votes', 'equivocate', 'twin'],
];

const SEED = 42;
const DURATION_MS = 120_000;
/** Blocks of two minutes when every block comes in its time. */
const BLOCKS = 60;

function isGuilty({ result }: DishonestRun, dishonest: readonly string[]): boolean {
  return result.slashes.every(({ validator }) => dishonest.includes(validator));
}

describe.each(networks)('$validators validators, dishonest: $dishonest', ({ validators, dishonest }) => {
  const runWith = (types: readonly ByzantineBehaviour[], simulation = {}): DishonestRun =>
    runDishonest({
      validators,
      seed: SEED,
      behaviours: Object.fromEntries(dishonest.map((node) => [node, types])),
      durationMs: DURATION_MS,
      simulation,
    });

  it.each(behaviours)(`%s: laws hold, the chain lives, no honest node is slashed (seed ${SEED})`, (type) => {
    const run = runWith([type]);
    expect(violationsOf(run.result)).toEqual([]);
    expect(run.result.errors).toEqual([]);
    expect(run.result.finalized_height).toBeGreaterThan(BLOCKS * 0.9);
    expect(run.result.batches.filter(({ state }) => state === 'confirmed').length).toBeGreaterThan(8);
    expect(isGuilty(run, dishonest)).toBe(true);
  });

  it.each(mixtures)(`%s with %s and %s: the same (seed ${SEED})`, (...types) => {
    const run = runWith(types);
    expect(violationsOf(run.result)).toEqual([]);
    expect(run.result.errors).toEqual([]);
    expect(run.result.finalized_height).toBeGreaterThan(BLOCKS * 0.9);
    expect(isGuilty(run, dishonest)).toBe(true);
  });

  it(`everything at once is one and the same run under any crypto and sharing (seed ${SEED})`, () => {
    const one = runWith(behaviours, { crypto: 'modelled', sharedExecution: true });
    const other = runWith(behaviours, { crypto: 'cached', sharedExecution: false });
    expect(other.result.trace_hash).toBe(one.result.trace_hash);
    expect(violationsOf(one.result)).toEqual([]);
  });

  it.each(['equivocate', 'twin'] as const)(
    `%s: slashed once for it and tombstoned, whoever it tells what (seed ${SEED})`,
    (type) => {
      const { result, events } = runWith([type]);
      const punished = result.slashes.filter(({ reason }) => reason === 'equivocation');
      expect(punished.map(({ validator }) => validator).sort()).toEqual([...dishonest]);
      for (const { amount } of punished) expect(amount).toBe('50');
      expect(events.filter((event) => event.type === 'tombstoned')).toHaveLength(dishonest.length);
    },
  );
});

describe('behaviours', () => {
  const runOne = (type: ByzantineBehaviour, untilMs?: number): DishonestRun =>
    runDishonest({
      validators: 4,
      seed: SEED,
      behaviours: { 'node-1': [type] },
      durationMs: DURATION_MS,
      ...(untilMs === undefined ? {} : { untilMs }),
    });

  it(`withhold_gossip: its views end without a block, until it speaks again (seed ${SEED})`, () => {
    const run = runOne('withhold_gossip', 60_000);
    const nullified = run.events.filter(({ type }) => type === 'view_nullified').map(({ t }) => t);
    expect(nullified.filter((t) => t < 60_000).length).toBeGreaterThan(0);
    expect(nullified.filter((t) => t > 70_000)).toEqual([]);
    expect(run.result.validators[1]?.blocks_led).toBeGreaterThan(5);
  });

  it(`lie_about_net: its settlements revert, it loses the duty, another settles (seed ${SEED})`, () => {
    const { result, events } = runOne('lie_about_net');
    const reverts = events.filter(({ type }) => type === 'batch_reverted');
    expect(new Set(reverts.map(({ proposer }) => proposer))).toEqual(new Set(['node-1']));
    const lied = result.batches.find(({ attempts }) => attempts.length > 1);
    expect(lied?.attempts.map(({ outcome }) => outcome)).toEqual([
      'reverted',
      'reverted',
      'missed',
      'confirmed',
    ]);
  });

  it(`more than a third equivocates: the law of agreement says so, and the run ends there (seed ${SEED})`, () => {
    const broken = [1, 2, 4, 7].map((seed) =>
      runDishonest({
        validators: 4,
        seed,
        behaviours: { 'node-0': ['equivocate'], 'node-1': ['equivocate'] },
        durationMs: 60_000,
        allowUnsafe: true,
      }),
    );
    for (const { result } of broken) {
      expect(violationsOf(result).filter((text) => text.startsWith('agreement: '))).not.toEqual([]);
      expect(result.ok).toBe(false);
      expect(result.virtual_ms).toBeLessThan(60_000);
    }
  });
});
