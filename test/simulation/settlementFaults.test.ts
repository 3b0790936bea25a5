import { describe, expect, it } from 'vitest';
import { runScenario, type ScenarioRun, type TraceEvent, violationsOf } from '../helpers/runScenario.ts';

function scenario(duration: string, settlement = 'batch_size: 5', seed = 42): string {
  return `
name: settlement faults
seed: ${seed}
duration: ${duration}
config: { settlement: { ${settlement} }, simulation: { crypto: modelled } }
workload: { uniform: { transactions_per_block: 2 } }
`;
}

/** A settlement-chain fault as a line of a timeline; without `forS` it is an instant, or lasts to the end. */
function chain(atS: number, forS: number | undefined, fault: string): string {
  const lasting = forS === undefined ? '' : `, for: ${forS}s`;
  return `{ at: { time: ${Math.round(atS * 1000)}ms }, settlement_chain: { ${fault} }${lasting} }`;
}

function runFaults(text: string, faults: readonly string[], expectations = ''): ScenarioRun {
  const head = text.includes('timeline:') || faults.length === 0 ? text : `${text}timeline:\n`;
  return runScenario(`${head}${faults.map((fault) => `  - ${fault}\n`).join('')}${expectations}`);
}

function ofType(events: readonly TraceEvent[], type: string): TraceEvent[] {
  return events.filter((event) => event.type === type);
}

/** Batches that had the time to settle, but did not. */
function unsettled(run: ScenarioRun, beforeMs: number): unknown[] {
  return run.result.batches.filter((batch) => batch.sealed_at_ms < beforeMs && batch.state !== 'confirmed');
}

describe('settlement_chain reorg', () => {
  it('4 nodes, reorgs of depth 1 and 2 within origin_confirmations 2: followed, all settles, nobody slashed (seed 42)', () => {
    const run = runFaults(scenario('240s', 'batch_size: 5, origin_confirmations: 2'), [
      chain(31, undefined, 'reorg: { depth: 1 }'),
      chain(47, undefined, 'reorg: { depth: 2 }'),
      chain(75.03, undefined, 'reorg: { depth: 2 }'),
      chain(101, undefined, 'reorg: { depth: 1 }'),
    ]);
    expect(violationsOf(run.result)).toEqual([]);
    expect(run.result.errors).toEqual([]);
    expect(run.result.slashes).toEqual([]);
    expect(unsettled(run, 180_000)).toEqual([]);
    expect(ofType(run.events, 'settlement_reorg')).toMatchObject([
      { t: 31_000, node: null, height: 5, depth: 1 },
      { t: 47_000, height: 6, depth: 2 },
      { t: 75_030, depth: 2 },
      { t: 101_000, depth: 1 },
    ]);
    const heights = ofType(run.events, 'settlement_block').map(({ height }) => Number(height));
    for (const [index, height] of heights.entries()) {
      expect(height).toBeLessThanOrEqual((heights[index - 1] ?? 0) + 1);
    }
    expect(new Set(heights).size).toBe(Math.max(...heights));
  });

  it('4 nodes, a reorg that takes a settlement back: included again, settled once (seed 42)', () => {
    const text = scenario('120s', 'batch_size: 5, origin_confirmations: 2');
    const calm = runFaults(text, []);
    const includedMs = calm.result.batches[1]?.included_at_ms ?? 0;
    const run = runFaults(text, [chain(includedMs / 1000 + 1, undefined, 'reorg: { depth: 1 }')]);
    expect(violationsOf(run.result)).toEqual([]);
    expect(run.result.slashes).toEqual([]);
    expect(run.result.batches[1]).toMatchObject({ state: 'confirmed', included_at_ms: includedMs + 5000 });
    const confirmed = ofType(run.events, 'batch_confirmed').filter(({ batch }) => batch === 2);
    expect(confirmed).toHaveLength(1);
    const included = ofType(run.events, 'batch_included').filter(({ batch }) => batch === 2);
    expect(included.map(({ t }) => Math.floor(t / 5000) * 5000)).toEqual([includedMs, includedMs + 5000]);
  });

  it('4 nodes, a reorg deeper than origin_confirmations: every node halts, says so once, and forks nothing (seed 42)', () => {
    const run = runFaults(
      scenario('120s'),
      [chain(41, undefined, 'reorg: { depth: 3 }')],
      'expect: [{ final: { halted: true } }, { final: { halted: node-3 } }, { final: { halted: false } }]',
    );
    expect(violationsOf(run.result)).toEqual([]);
    expect(run.result.expectations.map(({ ok }) => ok)).toEqual([true, true, false]);
    const warnings = ofType(run.events, 'warning').filter(
      ({ code }) => code === 'SETTLEMENT_REORG_BELOW_ORIGIN',
    );
    expect(warnings.map(({ node }) => node).sort()).toEqual(['node-0', 'node-1', 'node-2', 'node-3']);
    expect(String(warnings[0]?.message)).toContain('origin_confirmations');
    const haltedMs = Math.max(...warnings.map(({ t }) => t));
    expect(ofType(run.events, 'block_finalized').filter(({ t }) => t > haltedMs + 1000)).toEqual([]);
  });

  it('4 nodes, one restarts after all halted: halted still, its data kept (seed 42)', () => {
    const run = runFaults(
      scenario('180s'),
      [
        chain(41, undefined, 'reorg: { depth: 3 }'),
        '{ at: { time: 100s }, crash: { node: node-1, lose: unsynced }, for: 10s }',
      ],
      'expect: [{ eventually: { halted: true } }]',
    );
    expect(violationsOf(run.result)).toEqual([]);
    const own = run.events.filter(({ node }) => node === 'node-1');
    const warnings = ofType(own, 'warning').filter(({ code }) => code === 'SETTLEMENT_REORG_BELOW_ORIGIN');
    expect(warnings.map(({ t }) => t > 110_000)).toEqual([false, true]);
    const finalized = ofType(own, 'block_finalized').map(({ height }) => Number(height));
    expect(finalized).toEqual(finalized.map((_, index) => index + 1));
  });
});

describe('settlement_chain censor, slow, slippage, base_fee, transfer_timeout', () => {
  it('4 nodes, a holder censored for its whole duty: slashed once, settled by the next (seed 42)', () => {
    const run = runFaults(scenario('180s'), [chain(1, 90, 'censor: node-0')]);
    expect(violationsOf(run.result)).toEqual([]);
    const first = run.result.slashes.filter(({ batch }) => batch === 1);
    expect(first).toMatchObject([{ validator: 'node-0', attempt: 1, reason: 'missed_settlement' }]);
    expect(run.result.batches[0]).toMatchObject({
      state: 'confirmed',
      attempts: [{ outcome: 'missed' }, { outcome: 'confirmed' }],
    });
  });

  it('4 nodes, blocks four times slower for a minute: late, nobody slashed (seed 42)', () => {
    const run = runFaults(scenario('200s'), [chain(12, 60, 'slow: { factor: 4 }')]);
    expect(violationsOf(run.result)).toEqual([]);
    expect(run.result.slashes).toEqual([]);
    const times = ofType(run.events, 'settlement_block').map(({ t }) => t);
    expect(times.slice(0, 6)).toEqual([5000, 10_000, 30_000, 50_000, 70_000, 75_000]);
    expect(unsettled(run, 150_000)).toEqual([]);
  });

  it('4 nodes, the price jumps between quote and block: SLIPPAGE_EXCEEDED, then a fresh quote settles (seed 42)', () => {
    const text = `${scenario('90s')}
timeline:
  - { at: { block: 2 }, borrow: { asset: UM, amount: 1000000 } }
`.replace('workload: { uniform: { transactions_per_block: 2 } }', '');
    const run = runFaults(text, [chain(9, 40, 'slippage: { asset: UM, bps: 900 }')]);
    expect(violationsOf(run.result)).toEqual([]);
    expect(run.result.slashes).toEqual([]);
    expect(ofType(run.events, 'batch_reverted')).toMatchObject([{ batch: 1, code: 'SLIPPAGE_EXCEEDED' }]);
    expect(run.result.batches[0]).toMatchObject({
      state: 'confirmed',
      attempts: [{ outcome: 'reverted' }, { outcome: 'confirmed' }],
    });
  });

  it('4 nodes, the base fee times 20 and times 5000: bumped or waited out, nobody slashed (seed 42)', () => {
    for (const factor of [20, 5000]) {
      const run = runFaults(scenario('400s'), [chain(14, undefined, `base_fee: { factor: ${factor} }`)]);
      expect(violationsOf(run.result)).toEqual([]);
      expect(run.result.slashes).toEqual([]);
      expect(unsettled(run, 200_000)).toEqual([]);
    }
  });

  it('4 nodes, transfers time out for 50 s: passed on unslashed, settled once they work again (seed 42)', () => {
    const text = `${scenario('160s')}
timeline:
  - { at: { block: 2 }, repay: { asset: UM, amount: 1000 } }
`.replace('workload: { uniform: { transactions_per_block: 2 } }', '');
    const run = runFaults(text, [chain(1, 50, 'transfer_timeout: true')]);
    expect(violationsOf(run.result)).toEqual([]);
    expect(run.result.slashes).toEqual([]);
    expect(ofType(run.events, 'batch_reverted').map(({ code }) => code)).toContain('TRANSFER_TIMEOUT');
    expect(run.result.batches[0]?.state).toBe('confirmed');
  });
});

describe('settlement_chain lose_receipts, rpc_errors, rpc_timeouts, duplicate_delivery', () => {
  /** Distinct transactions that nodes signed for each (batch, attempt). */
  function signedPerAttempt(events: readonly TraceEvent[]): Map<string, number> {
    const signed = new Map<string, Set<unknown>>();
    for (const { node, batch, attempt, transaction_hash: hash } of ofType(events, 'batch_submitted')) {
      const key = `${node}/${batch}/${attempt}`;
      signed.set(key, (signed.get(key) ?? new Set()).add(hash));
    }
    return new Map([...signed].map(([key, hashes]) => [key, hashes.size]));
  }

  it('4 nodes, every receipt lost: accepted all the same, each batch signed and settled once (seed 42)', () => {
    const run = runFaults(scenario('180s'), [chain(0, 120, 'lose_receipts: 1')]);
    expect(violationsOf(run.result)).toEqual([]);
    expect(run.result.errors).toEqual([]);
    expect(run.result.slashes).toEqual([]);
    expect(unsettled(run, 120_000)).toEqual([]);
    expect(new Set(signedPerAttempt(run.events).values())).toEqual(new Set([1]));
    expect(run.result.batches.every(({ attempts }) => attempts.length === 1)).toBe(true);
  });

  it.each([
    ['rpc_errors', 42],
    ['rpc_errors', 43],
    ['rpc_timeouts', 42],
    ['rpc_timeouts', 43],
  ])(
    '4 nodes, two of three calls fail by %s for two minutes: settles on, nobody slashed (seed %i)',
    (kind, seed) => {
      const run = runFaults(scenario('200s', 'batch_size: 5', seed), [chain(0, 120, `${kind}: 0.66`)]);
      expect(violationsOf(run.result)).toEqual([]);
      expect(run.result.errors).toEqual([]);
      expect(run.result.slashes).toEqual([]);
      expect(unsettled(run, 150_000)).toEqual([]);
    },
  );

  it('4 nodes, no call gets through for 25 s: nothing waits any longer than a block afterwards (seed 42)', () => {
    const run = runFaults(scenario('120s'), [chain(20, 25, 'rpc_errors: 1')]);
    expect(violationsOf(run.result)).toEqual([]);
    expect(run.result.slashes).toEqual([]);
    const sealed = run.result.batches.filter(({ sealed_at_ms: at }) => at > 20_000 && at < 45_000);
    expect(sealed.length).toBeGreaterThan(1);
    for (const batch of sealed) expect(batch.included_at_ms).toBeLessThanOrEqual(50_000);
    const warnings = ofType(run.events, 'warning').filter(({ code }) => code === 'SETTLEMENT_UNREACHABLE');
    expect(warnings.length).toBeGreaterThan(0);
  });

  it('4 nodes, every block and submission comes twice, with reorgs between: as if once (seed 42)', () => {
    const run = runFaults(scenario('200s', 'batch_size: 5, origin_confirmations: 2'), [
      chain(0, 150, 'duplicate_delivery: 1'),
      chain(41, undefined, 'reorg: { depth: 2 }'),
      chain(77, undefined, 'reorg: { depth: 1 }'),
    ]);
    expect(violationsOf(run.result)).toEqual([]);
    expect(run.result.errors).toEqual([]);
    expect(run.result.slashes).toEqual([]);
    expect(unsettled(run, 140_000)).toEqual([]);
    expect(ofType(run.events, 'warning').filter(({ node }) => node !== null)).toEqual([]);
  });

  it('4 nodes, the holder crashes after its transaction was accepted: one transaction, settled once (seed 42)', () => {
    for (const lose of ['none', 'unsynced']) {
      const run = runFaults(scenario('120s'), [
        chain(0, 40, 'lose_receipts: 1'),
        `{ at: { time: 9s }, crash: { node: node-0, lose: ${lose} }, for: 4s }`,
      ]);
      expect(violationsOf(run.result)).toEqual([]);
      expect(run.result.slashes).toEqual([]);
      expect(run.result.batches[0]).toMatchObject({
        state: 'confirmed',
        included_at_ms: 10_000,
        attempts: [{ proposer: 'node-0', outcome: 'confirmed' }],
      });
      expect(signedPerAttempt(run.events).get('node-0/1/1')).toBe(1);
    }
  });

  it('4 nodes, a chain without room for five minutes: outboxes stay bounded, then all settles in order (seed 42)', () => {
    const run = runFaults(scenario('500s', 'batch_size: 2'), [chain(6, 300, 'full: true')]);
    expect(violationsOf(run.result)).toEqual([]);
    expect(run.result.errors).toEqual([]);
    expect(run.result.slashes).toEqual([]);
    expect(unsettled(run, 440_000)).toEqual([]);
    const confirmed = ofType(run.events, 'batch_confirmed').map(({ batch }) => batch);
    expect(confirmed).toEqual(confirmed.map((_, index) => index + 1));
  });
});
