import { describe, expect, it } from 'vitest';
import { runScenario, violationsOf } from '../helpers/runScenario.ts';

/** Fees of 5 * 10^15 reach the treasury at block 4; three of five keepers let a part of it go. */
const grants = `
name: treasury
seed: 7
duration: 44s
config:
  ledger:
    flush_interval_blocks: 4
    treasury_keepers: [ann, ben, cem, dora, ed]
timeline:
  - at: { block: 2 }
    atomic_batch:
      { id: sale, requests: [{ id: sale, from: buyer, to: seller, asset: TNZO, amount: "1000000000000000000" }] }
  - at: { block: 3 }
    account: ann
    treasury_propose: { id: grant, asset: TNZO, amount: "2000000000000000", to: builder, expires_after_blocks: 12 }
  - { at: { block: 5 }, account: ben, treasury_approve: { id: grant, asset: TNZO, amount: "2000000000000000", to: builder } }
  - { at: { block: 5 }, account: ben, treasury_approve: { id: grant, asset: TNZO, amount: "2000000000000000", to: builder } }
  - { at: { block: 6 }, account: cem, treasury_approve: { id: grant, asset: TNZO, amount: "2000000000000000", to: ben } }
  - { at: { block: 6 }, account: thief, treasury_approve: { id: grant, asset: TNZO, amount: "2000000000000000", to: builder } }
  - { at: { time: 13s }, crash: { node: node-2, lose: unsynced }, for: 6s }
  - { at: { block: 8 }, account: dora, treasury_approve: { id: grant, asset: TNZO, amount: "2000000000000000", to: builder } }
  - { at: { block: 9 }, account: ed, treasury_approve: { id: grant, asset: TNZO, amount: "2000000000000000", to: builder } }
  - at: { block: 9 }
    account: ann
    treasury_propose: { id: too-much, asset: TNZO, amount: "3000000000000001", to: builder, expires_after_blocks: 4 }
  - { at: { block: 10 }, account: ben, treasury_approve: { id: too-much, asset: TNZO, amount: "3000000000000001", to: builder } }
  - { at: { block: 10 }, account: ed, treasury_approve: { id: too-much, asset: TNZO, amount: "3000000000000001", to: builder } }
  - { at: { block: 11 }, account: builder, transfer: { to: mason, asset: TNZO, amount: "2000000000000000" } }
expect:
  - { eventually: { converged: true } }
`;

/** Votes for 4 s, then 6 s until the fee is in force: from 18 s on. Blocks come every 2 s. */
function feeChange(votes: string, more = ''): string {
  const payments = [9, 10, 11, 12].map(
    (block) =>
      `  - { at: { block: ${block} }, atomic_batch: { id: b${block}, requests: [{ id: p${block}, from: buyer, to: seller, asset: TNZO, amount: 10000 }] } }`,
  );
  return `
name: fee
seed: 7
duration: 40s
config:
  ledger: { fee_voting_period_ms: 4000, fee_activation_delay_ms: 6000 }
timeline:
  - { at: { block: 5 }, fee_propose: { node: node-1, id: cheaper, network_fee_bps: 30 } }
${votes}
${more}
${payments.join('\n')}
expect:
  - { eventually: { converged: true } }
`;
}

function vote(node: string, given: string, block = 5): string {
  return `  - { at: { block: ${block} }, fee_vote: { node: ${node}, id: cheaper, network_fee_bps: 30, vote: ${given} } }`;
}

function outcomes(events: readonly Record<string, unknown>[], operation: RegExp): unknown[] {
  return events
    .filter((event) => event.type === 'transaction_executed' && operation.test(String(event.operation)))
    .map(({ result }) => result);
}

describe('treasury withdrawals in a simulation', () => {
  it('4 nodes, one crashes: paid once with the third keeper, refused otherwise, all laws hold (seed 7)', () => {
    const { result, events } = runScenario(grants);
    expect(violationsOf(result)).toEqual([]);
    expect(result.ok).toBe(true);
    const told = events.filter(({ type }) => /^treasury_/.test(String(type)));
    expect(told.map(({ type, height, amount }) => [type, height, amount])).toEqual([
      ['treasury_withdrawal_proposed', 3, '2000000000000000'],
      ['treasury_flushed', 4, undefined],
      ['treasury_withdrawal_approved', 5, undefined],
      ['treasury_withdrawal_approved', 8, undefined],
      ['treasury_withdrawn', 8, '2000000000000000'],
      ['treasury_withdrawal_proposed', 9, '3000000000000001'],
      ['treasury_withdrawal_approved', 10, undefined],
      ['treasury_withdrawal_approved', 10, undefined],
      ['treasury_withdrawal_expired', 13, '3000000000000001'],
    ]);
    expect(outcomes(events, /^treasury_approve/)).toEqual([
      'ok',
      'TREASURY_APPROVED_ALREADY',
      'TREASURY_WITHDRAWAL_OTHER',
      'TREASURY_KEEPER_ONLY',
      'ok',
      'TREASURY_WITHDRAWAL_PAID',
      'ok',
      'ok',
    ]);
  });

  it('is the same chain under every crypto policy, and when each node executes for itself (seed 7)', () => {
    const modelled = runScenario(grants).result.trace_hash;
    expect(runScenario(grants, { crypto: 'full' }).result.trace_hash).toBe(modelled);
    expect(runScenario(grants, { sharedExecution: false }).result.trace_hash).toBe(modelled);
  });
});

describe('governance of the network fee in a simulation', () => {
  const passing = feeChange(['node-0', 'node-1', 'node-3'].map((node) => vote(node, 'yes')).join('\n'));

  it('4 nodes: the first block at or after its time withholds the new fee, every block before the old one (seed 7)', () => {
    const { result, events } = runScenario(passing);
    expect(violationsOf(result)).toEqual([]);
    const told = events.filter(({ type }) => /^proposal_/.test(String(type)));
    const opened = told.find(({ type }) => type === 'proposal_opened');
    const activated = told.find(({ type }) => type === 'proposal_activated');
    const times = new Map(
      events
        .filter(({ type }) => type === 'block_finalized')
        .map(({ height, timestamp_ms }) => [Number(height), Number(timestamp_ms)]),
    );
    const activatesAtMs = Number(opened?.activates_at_ms);
    expect(activatesAtMs).toBe((times.get(5) ?? 0) + 10_000);
    const first = Math.min(...[...times].flatMap(([height, ms]) => (ms >= activatesAtMs ? [height] : [])));
    expect(activated).toMatchObject({ height: first, network_fee_bps: 30 });
    const fees = events
      .filter(({ type }) => type === 'atomic_batch_completed')
      .map(({ height, fees: withheld }) => [height, (withheld as { TNZO: string }).TNZO]);
    expect(fees).toEqual([9, 10, 11, 12].map((height) => [height, height < first ? '50' : '30']));
    expect(first).toBe(10);
    expect(told.find(({ type }) => type === 'proposal_passed')).toMatchObject({
      yes: '3000',
      no: '0',
      bonded: '4000',
    });
  });

  it.each([
    ['two of four vote', [vote('node-0', 'yes'), vote('node-1', 'yes')], 'quorum'],
    [
      'a third changes its mind',
      [
        vote('node-0', 'yes'),
        vote('node-1', 'yes'),
        vote('node-2', 'yes'),
        vote('node-2', 'no', 6),
        vote('node-3', 'no'),
      ],
      'majority',
    ],
  ])('4 nodes, %s: rejected, and the fee stays (seed 7)', (_, votes, reason) => {
    const { result, events } = runScenario(feeChange(votes.join('\n'), vote('node-3', 'no', 9)));
    expect(violationsOf(result)).toEqual([]);
    expect(events.find(({ type }) => type === 'proposal_rejected')).toMatchObject({ reason });
    expect(events.some(({ type }) => type === 'proposal_activated')).toBe(false);
    const fees = events
      .filter(({ type }) => type === 'atomic_batch_completed')
      .map(({ fees: withheld }) => withheld);
    expect(fees).toEqual(Array.from({ length: 4 }, () => ({ TNZO: '50' })));
    expect(outcomes(events, /^fee_vote/).at(-1)).toBe('FEE_PROPOSAL_ENDED');
  });

  it('is the same chain under every crypto policy, and when each node executes for itself (seed 7)', () => {
    const modelled = runScenario(passing).result.trace_hash;
    expect(runScenario(passing, { crypto: 'full' }).result.trace_hash).toBe(modelled);
    expect(runScenario(passing, { sharedExecution: false }).result.trace_hash).toBe(modelled);
  });
});
