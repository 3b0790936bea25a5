import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../../../node/config/problem.ts';
import { chainFaultKeys, faultKeys } from '../../../../node/scenario/faultKinds.ts';
import {
  type AmountBound,
  isLedgerCondition,
  type LedgerCondition,
} from '../../../../node/scenario/ledgerConditions.ts';
import { loadScenario } from '../../../../node/scenario/loadScenario.ts';
import type { Expectation, Scenario } from '../../../../node/scenario/types.ts';
import { runSimulation } from '../../../../node/simulation/run.ts';

const dir = 'scripts/scenarios';
const files = readdirSync(dir).filter((name) => name.endsWith('.yaml'));
/** Too long to run whole in a test; `npm run campaign` leaves it out too. */
const LONG = 'day-with-faults.yaml';

describe('scripts/scenarios', () => {
  it('ships the documented ones', () => {
    expect(files.sort()).toEqual([
      'aave-flows.yaml',
      'all-nodes-restart.yaml',
      'atomic-agent-swarm.yaml',
      'atomic-epoch-rewards.yaml',
      'atomic-marketplace-escrow.yaml',
      'atomic-multi-model-inference.yaml',
      'base-fee-trace.yaml',
      'bursty-flows.yaml',
      'bursty-real-fees.yaml',
      'censored-proposer.yaml',
      'choosing-n-aave.yaml',
      'choosing-n.yaml',
      'clock-skew.yaml',
      'crash-lose-disk.yaml',
      'crashed-proposer.yaml',
      'cross-chain-settlement.yaml',
      'day-with-faults.yaml',
      'empty-window.yaml',
      'equivocation.yaml',
      'garbage.yaml',
      'isolated-proposer.yaml',
      'jail-and-unjail.yaml',
      'lying-proposer.yaml',
      'net-zero.yaml',
      'one-way-link.yaml',
      'partition-heals.yaml',
      'paused-node.yaml',
      'rpc-errors.yaml',
      'seed-timeline-n1.yaml',
      'seed-timeline-n10.yaml',
      'seed-timeline-n3.yaml',
      'seed-timeline.yaml',
      'settlement-chain-full.yaml',
      'settlement-chain-reorg.yaml',
      'settlement-reorg-halts.yaml',
      'slippage-revert.yaml',
      'slow-links-and-loss.yaml',
      'torn-disk.yaml',
      'treasury-and-fee-vote.yaml',
      'twin.yaml',
      'withheld-settlement.yaml',
      'withheld-votes.yaml',
    ]);
  });

  const load = (file: string): Scenario => {
    const loaded = loadScenario(`${dir}/${file}`);
    if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
    expect(loaded.value.warnings).toEqual([]);
    return loaded.value.scenario;
  };

  it.each(files)('%s says what it shows and expects something', (file) => {
    expect(readFileSync(`${dir}/${file}`, 'utf8')).toMatch(/^# .{40}/);
    expect(load(file).expectations.length).toBeGreaterThan(3);
  });

  it('covers every kind of fault', () => {
    const faults = files.flatMap((file) => load(file).timeline.flatMap((event) => event.faults));
    const found = new Set(faults.map((fault) => ('kind' in fault ? fault.kind : fault.type)));
    const kinds = [...faultKeys.filter((key) => key !== 'settlement_chain'), ...chainFaultKeys];
    expect([...found].sort()).toEqual([...kinds].sort());
  });

  it(`${LONG}: the first 70 minutes keep every law`, () => {
    const scenario = load(LONG);
    const result = runSimulation({ ...scenario, durationMs: 70 * 60_000, expectations: [] });
    expect(result.laws.flatMap(({ violations }) => violations)).toEqual([]);
    expect(result.errors).toEqual([]);
    expect(result.finalized_height).toBeGreaterThan(1900);
  });

  it.each(files.filter((file) => file !== LONG))('%s holds', (file) => {
    const result = runSimulation(load(file));
    expect(result.expectations.filter(({ ok }) => !ok)).toEqual([]);
    expect(result.laws.flatMap(({ violations }) => violations)).toEqual([]);
    expect(result.errors).toEqual([]);
    expect(result.ok).toBe(true);
  });

  it.each(files.filter((file) => /^(?:atomic|cross|treasury)-/.test(file)))(
    '%s: an amount off by one, another request, code or ending fails each expectation on the ledger',
    (file) => {
      const scenario = load(file);
      const off = scenario.expectations.flatMap(offByOne);
      expect(off.length).toBeGreaterThan(3);
      const { expectations } = runSimulation({ ...scenario, expectations: off });
      expect(expectations.filter(({ ok }) => ok)).toEqual([]);
      expect(expectations.filter(({ detail }) => !/^expected .+, seen /.test(detail))).toEqual([]);
    },
  );
});

/** The expectation with each of its numbers and words changed in turn. */
function offByOne(expectation: Expectation): Expectation[] {
  if (expectation.type !== 'final' && expectation.type !== 'eventually') return [];
  const { condition } = expectation;
  if (!isLedgerCondition(condition)) return [];
  return wrongOnes(condition).map((wrong) => ({ ...expectation, condition: wrong }));
}

function wrongOnes(condition: LedgerCondition): LedgerCondition[] {
  switch (condition.type) {
    case 'network_fee_bps':
      return [{ ...condition, bps: condition.bps + 1 }];
    case 'receipt':
      return (['gross', 'net', 'fee'] as const)
        .filter((fact) => condition.facts[fact] !== undefined)
        .map((fact) => ({
          ...condition,
          facts: { ...condition.facts, [fact]: (condition.facts[fact] ?? 0n) + 1n },
        }));
    case 'atomic_batch': {
      const { outcome } = condition;
      if (outcome.status === 'completed')
        return [{ ...condition, outcome: { status: 'failed', error: undefined, failedAt: undefined } }];
      return [
        { ...condition, outcome: { status: 'completed' } },
        { ...condition, outcome: { ...outcome, error: 'BATCH_TIMEOUT' } },
        { ...condition, outcome: { ...outcome, failedAt: (outcome.failedAt ?? 0) + 1 } },
      ];
    }
    default:
      return [1n, -1n].map((by) => ({ ...condition, bound: moved(condition.bound, by) }));
  }
}

function moved(bound: AmountBound, by: bigint): AmountBound {
  if (bound.equals === undefined) throw new Error('an exact amount');
  return { equals: bound.equals + by };
}
