import { describe, expect, it } from 'vitest';
import { runScenario, violationsOf } from '../helpers/runScenario.ts';

/** Blocks of an hour: a dispute window of 24 h of chain time is 24 of them. */
const hours = `
name: channels
seed: 7
duration: 34h
config:
  chain: { block_time_ms: 3600000 }
  ledger: { flush_interval_blocks: 1000 }
  atomic_batches: { channel_dispute_ms: 86400000 }
timeline:
  - { at: { block: 1 }, account: guest, channel_open: { id: tab, to: cafe, asset: TNZO, amount: 5000 } }
  - { at: { block: 1 }, account: guest, channel_open: { id: hall, to: owner, asset: TNZO, amount: 900, expires_after_blocks: 3 } }
  - { at: { block: 2 }, account: guest, channel_unilateral_close: { id: tab, voucher: { payer: guest, amount: 100, nonce: 1 } } }
  - { at: { block: 3 }, account: cafe, channel_unilateral_close: { id: tab, voucher: { payer: guest, amount: 800, nonce: 8 } } }
  - { at: { block: 4 }, account: cafe, channel_dispute: { id: tab, voucher: { payer: guest, amount: 800, nonce: 8 } } }
  - { at: { block: 5 }, account: guest, channel_dispute: { id: tab, voucher: { payer: guest, amount: 300, nonce: 99 } } }
  - { at: { block: 5 }, account: owner, channel_settle: { id: hall } }
  - { at: { block: 6 }, account: cafe, channel_dispute: { id: tab, voucher: { payer: cafe, amount: 4000, nonce: 100 } } }
  - { at: { block: 25 }, account: watcher, channel_dispute: { id: tab, voucher: { payer: guest, amount: 2000, nonce: 20 } } }
  - { at: { block: 25 }, account: cafe, channel_settle: { id: tab } }
  - { at: { block: 26 }, account: cafe, channel_dispute: { id: tab, voucher: { payer: guest, amount: 3000, nonce: 30 } } }
  - { at: { block: 26 }, account: watcher, channel_settle: { id: tab } }
  - { at: { block: 27 }, account: cafe, channel_settle: { id: tab } }
expect:
  - { eventually: { converged: true } }
`;

describe('channels in a simulation', () => {
  it('4 nodes, 24 h of disputes: the best voucher in time is paid, all laws hold (seed 7)', () => {
    const { result, events } = runScenario(hours);
    expect(violationsOf(result)).toEqual([]);
    expect(result.ok).toBe(true);
    const told = events.filter(({ type }) => type.startsWith('channel_'));
    expect(
      told.map(({ type, height, amount, nonce, returned }) => [type, height, amount, nonce ?? returned]),
    ).toEqual([
      ['channel_opened', 1, '5000', undefined],
      ['channel_opened', 1, '900', undefined],
      ['channel_closing', 2, '100', 1],
      ['channel_disputed', 4, '800', 8],
      ['channel_closed', 5, '0', '900'],
      ['channel_disputed', 25, '2000', 20],
      ['channel_closed', 26, '2000', '3000'],
    ]);
    const results = events.filter(({ type }) => type === 'transaction_executed');
    expect(results.map(({ result: outcome }) => outcome)).toEqual([
      ...['ok', 'ok', 'ok'],
      'CHANNEL_ALREADY_CLOSING',
      'ok',
      'CHANNEL_AMOUNT_FALLS',
      'ok',
      'CHANNEL_SIGNER_OTHER',
      'ok',
      'CHANNEL_DISPUTE_OPEN',
      'CHANNEL_DISPUTE_OVER',
      'ok',
      'CHANNEL_CLOSED',
    ]);
  });

  it('is the same chain again, under every crypto policy, and when each node executes for itself (seed 7)', () => {
    const { trace_hash: modelled } = runScenario(hours).result;
    expect(runScenario(hours).result.trace_hash).toBe(modelled);
    expect(runScenario(hours, { crypto: 'full' }).result.trace_hash).toBe(modelled);
    expect(runScenario(hours, { sharedExecution: false }).result.trace_hash).toBe(modelled);
  });

  it('4 nodes, one crashes: payment, release and close in one batch, whole or not at all (seed 9)', () => {
    const { result, events } = runScenario(`
name: three kinds
seed: 9
duration: 40s
timeline:
  - { at: { block: 1 }, account: guest, channel_open: { id: tab, to: cafe, asset: TNZO, amount: 5000 } }
  - { at: { block: 1 }, account: guest, channel_open: { id: own, to: cafe, asset: TNZO, amount: 70 } }
  - { at: { block: 1 }, account: guest, escrow_open: { id: deal, asset: TNZO, amount: 600, expires_after_blocks: 30 } }
  - at: { block: 3 }
    atomic_batch:
      id: fails
      signers: [cafe]
      requests:
        - { id: a, from: guest, to: cafe, asset: TNZO, amount: 1000 }
        - { id: b, escrow: deal, to: owner, asset: TNZO, amount: 600 }
        - { id: c, channel: tab, to: cafe, asset: TNZO, amount: 4000 }
        - { id: d, channel: tab, to: cafe, asset: TNZO, amount: 1000 }
  - at: { block: 5 }
    atomic_batch:
      id: works
      signers: [cafe]
      requests:
        - { id: a, from: guest, to: cafe, asset: TNZO, amount: 1000 }
        - { id: b, escrow: deal, to: owner, asset: TNZO, amount: 600 }
        - { id: c, channel: tab, to: cafe, asset: TNZO, amount: 4000 }
  - { at: { block: 6 }, channel_close: { id: own, amount: 0, signers: [guest, cafe] } }
  - { at: { time: 9s }, crash: { node: node-2, lose: unsynced }, for: 6s }
expect:
  - { eventually: { converged: true } }
`);
    expect(violationsOf(result)).toEqual([]);
    expect(result.ok).toBe(true);
    const told = events.filter(({ type }) =>
      /^atomic_batch_(?:failed|completed)|^channel_closed|^escrow_released/.test(type),
    );
    expect(told.map(({ type, height, amount, code }) => [type, height, amount ?? code])).toEqual([
      ['atomic_batch_failed', 3, 'CHANNEL_CLOSED'],
      ['atomic_batch_completed', 5, undefined],
      ['escrow_released', 5, '600'],
      ['channel_closed', 5, '4000'],
      ['channel_closed', 6, '0'],
    ]);
  });
});
