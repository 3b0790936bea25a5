import { describe, expect, it } from 'vitest';
import { runScenario, violationsOf } from '../helpers/runScenario.ts';

const text = `
name: atomic batches
seed: 7
duration: 50s
config: { ledger: { flush_interval_blocks: 6 } }
timeline:
  - { at: { block: 1 }, borrow: { asset: UM, amount: 1000 } }
  - at: { block: 3 }
    atomic_batch:
      id: sale
      requests:
        - { id: to-seller, from: buyer, to: seller, asset: TNZO, amount: "850000000000000000" }
        - { id: to-market, from: buyer, to: market, asset: TNZO, amount: "100000000000000000" }
        - { id: to-arbiter, from: seller, to: arbiter, asset: TNZO, amount: "50000000000000000" }
  - at: { block: 4 }
    atomic_batch: { id: again, requests: [{ id: to-seller, from: buyer, to: seller, asset: TNZO, amount: 3 }] }
  - at: { block: 5 }
    atomic_batch: { id: sale, requests: [{ id: other, from: buyer, to: seller, asset: TNZO, amount: 3 }] }
  - at: { time: 13s }
    atomic_batch: { id: tip, account: market, requests: [{ id: tip, from: buyer, to: seller, asset: TNZO, amount: 77 }] }
  - { at: { time: 15s }, crash: { node: node-2, lose: unsynced }, for: 6s }
  - at: { block: 10 }
    atomic_batch:
      id: late
      expires_after_blocks: -1
      requests: [{ id: late, from: buyer, to: seller, asset: TNZO, amount: 77 }]
expect:
  - { eventually: { converged: true } }
`;

describe('atomic batches in a simulation', () => {
  it('4 nodes, one crashes: each batch once, fees to the treasury, all laws hold (seed 7)', () => {
    const { result, events } = runScenario(text);
    expect(violationsOf(result)).toEqual([]);
    expect(result.ok).toBe(true);
    const told = events.filter(({ type }) => /^atomic_batch_(?:completed|failed)|^treasury/.test(type));
    expect(told.map(({ t: _, node: __, batch_id: ___, ...event }) => event)).toEqual([
      { type: 'atomic_batch_completed', height: 3, requests: 3, fees: { TNZO: '5000000000000000' } },
      {
        type: 'atomic_batch_failed',
        height: 4,
        code: 'SETTLEMENT_ALREADY_SETTLED',
        failed_at: 0,
        completed: 0,
      },
      { type: 'treasury_flushed', height: 6, fees: { TNZO: '5000000000000000' } },
      expect.objectContaining({ type: 'atomic_batch_completed', requests: 1, fees: { TNZO: '1' } }),
      { type: 'atomic_batch_failed', height: 10, code: 'BATCH_TIMEOUT', failed_at: 0, completed: 0 },
      { type: 'treasury_flushed', height: 12, fees: { TNZO: '1' } },
    ]);
    const results = events.filter(({ operation }) => operation === 'atomic_batch');
    expect(results.map(({ result: outcome }) => outcome)).toEqual([
      'ok',
      'SETTLEMENT_ALREADY_SETTLED',
      'BATCH_ID_TAKEN',
      'ok',
      'BATCH_TIMEOUT',
    ]);
    const published = events.filter(({ type }) => type === 'atomic_batch_published');
    const leaders = events.filter(({ type }) => type === 'block_proposed');
    expect(published.map(({ height, batches }) => [height, batches])).toEqual(
      [3, 4, 8, 10].map((at) => [at, 1]),
    );
    for (const { node, height } of published)
      expect(leaders).toContainEqual(expect.objectContaining({ node, height }));
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'the leader of a batch crashes somewhere in what its block leads to, without what was not synced: told once it is back (seed %i)',
    (seed) => {
      const crashing = `
name: crash around an atomic batch
seed: ${seed}
duration: 40s
config: { simulation: { crash_points: within_outputs } }
timeline:
  - at: { block: 3 }
    atomic_batch: { id: rent, requests: [{ id: rent, from: buyer, to: seller, asset: TNZO, amount: 77 }] }
  - { at: { block: 3 }, crash: { node: node-2, lose: unsynced }, for: 6s }
expect:
  - { eventually: { converged: true } }
`;
      const { result, events } = runScenario(crashing);
      expect(violationsOf(result)).toEqual([]);
      expect(result.ok).toBe(true);
      const of = (name: string) => events.filter(({ type }) => type === name).map(({ height }) => height);
      expect(of('atomic_batch_completed')).toEqual([3]);
      expect([...new Set(of('atomic_batch_published'))]).toEqual([3]);
    },
  );

  it('is the same chain under every crypto policy, and when each node executes for itself (seed 7)', () => {
    const modelled = runScenario(text).result.trace_hash;
    expect(runScenario(text, { crypto: 'full' }).result.trace_hash).toBe(modelled);
    expect(runScenario(text, { sharedExecution: false }).result.trace_hash).toBe(modelled);
  });
});

describe('escrows in a simulation', () => {
  const sale = `
name: escrow
seed: 7
duration: 40s
timeline:
  - at: { block: 2 }
    account: buyer
    escrow_open:
      { id: deal, asset: TNZO, amount: "1000000000000000000", parties: [arbiter, seller], expires_after_blocks: 4 }
  - at: { block: 4 }
    account: seller
    atomic_batch:
      id: release
      signers: [arbiter]
      requests: [{ id: part, escrow: deal, to: seller, asset: TNZO, amount: "850000000000000000" }]
  - at: { block: 5 }
    account: seller
    atomic_batch:
      id: alone
      requests: [{ id: rest, escrow: deal, to: seller, asset: TNZO, amount: 1 }]
  - { at: { block: 6 }, account: arbiter, escrow_refund: { id: deal } }
  - { at: { block: 7 }, account: arbiter, escrow_refund: { id: deal } }
expect:
  - { eventually: { converged: true } }
`;

  it('4 nodes: released by two parties, the rest refunded after its time, all laws hold (seed 7)', () => {
    const { result, events } = runScenario(sale);
    expect(violationsOf(result)).toEqual([]);
    expect(result.ok).toBe(true);
    const told = events.filter(({ type }) => type.startsWith('escrow_'));
    expect(told.map(({ type, height, amount, left }) => [type, height, amount, left])).toEqual([
      ['escrow_opened', 2, '1000000000000000000', undefined],
      ['escrow_released', 4, '850000000000000000', '150000000000000000'],
      ['escrow_refunded', 7, '150000000000000000', undefined],
    ]);
    const results = events.filter(({ type }) => type === 'transaction_executed');
    expect(results.map(({ result: outcome }) => outcome)).toEqual([
      'ok',
      'ok',
      'PROOF_VERIFICATION_FAILED',
      'ESCROW_NOT_EXPIRED',
      'ok',
    ]);
    expect(runScenario(sale, { crypto: 'full' }).result.trace_hash).toBe(result.trace_hash);
  });
});
