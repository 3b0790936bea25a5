/** A valid action of a scenario for every kind of atomic settlement: what the fuzz of requests starts from. */
import type { Json } from './mutateJson.ts';

/** A scenario of a few blocks that holds one action of each kind, at the places where they succeed. */
export const scenarioSeed: Json = {
  name: 'requests',
  seed: 3,
  duration: '13s',
  config: {
    settlement: { batch_size: 3 },
    ledger: {
      flush_interval_blocks: 4,
      treasury_keepers: ['ann', 'ben'],
      treasury_threshold: 2,
      fee_voting_period_ms: 2000,
      fee_activation_delay_ms: 0,
    },
    atomic_batches: { channel_dispute_ms: 5000 },
  },
  timeline: [
    { at: { block: 1 }, account: 'buyer', borrow: { asset: 'UM', amount: 1000 } },
    {
      at: { block: 2 },
      account: 'buyer',
      escrow_open: {
        id: 'deal',
        asset: 'TNZO',
        amount: '1000000000000000000',
        parties: ['arbiter', 'seller'],
        threshold: 2,
        expires_after_blocks: 3,
      },
    },
    {
      at: { block: 3 },
      atomic_batch: {
        id: 'sale',
        expires_after_blocks: 4,
        account: 'buyer',
        signers: ['arbiter', 'seller'],
        requests: [
          {
            id: 'rent',
            from: 'buyer',
            to: 'seller',
            asset: 'TNZO',
            amount: '850000000000000000',
            metadata: 'May',
          },
          { id: 'part', escrow: 'deal', to: 'market', asset: 'TNZO', amount: '150000000000000000' },
          { id: `0x${'5e'.repeat(32)}`, from: 'seller', to: 'arbiter', asset: 'TNZO', amount: 199 },
        ],
      },
    },
    {
      at: { time: '7s' },
      atomic_batch: {
        id: 'tip',
        account: 'arbiter',
        requests: [
          {
            id: 'tip',
            from: 'buyer',
            to: 'seller',
            asset: 'UM',
            amount: 7,
            proof: { kind: 'cryptographic', signer: 'buyer' },
          },
          {
            id: 'share',
            from: 'arbiter',
            to: 'seller',
            asset: 'TNZO',
            amount: 900,
            proof: { kind: 'multi_party', signers: ['seller', 'market', 'buyer'], threshold: 2 },
          },
        ],
      },
    },
    { at: { block: 6 }, account: 'arbiter', escrow_refund: { id: 'deal' } },
    {
      at: { block: 3 },
      account: 'ann',
      treasury_propose: { id: 'grant', asset: 'TNZO', amount: 7, to: 'market', expires_after_blocks: 9 },
    },
    {
      at: { block: 5 },
      account: 'ben',
      treasury_approve: { id: 'grant', asset: 'TNZO', amount: 7, to: 'market' },
    },
    { at: { block: 2 }, fee_propose: { node: 'node-1', id: 'cheaper', network_fee_bps: 30 } },
    { at: { block: 2 }, fee_vote: { node: 'node-0', id: 'cheaper', network_fee_bps: 30, vote: 'yes' } },
    {
      at: { block: 1 },
      account: 'buyer',
      channel_open: { id: 'tab', to: 'seller', asset: 'TNZO', amount: 5000, expires_after_blocks: 4 },
    },
    {
      at: { block: 1 },
      account: 'buyer',
      channel_open: { id: 'odd', to: 'market', asset: 'UM', amount: 70 },
    },
    {
      at: { block: 2 },
      account: 'buyer',
      channel_unilateral_close: { id: 'tab', voucher: { payer: 'buyer', amount: 10, nonce: 1 } },
    },
    {
      at: { block: 3 },
      account: 'market',
      channel_dispute: { id: 'tab', voucher: { payer: 'buyer', amount: 3000, nonce: 30 } },
    },
    { at: { block: 4 }, channel_close: { id: 'odd', amount: 30, signers: ['buyer', 'market'] } },
    { at: { block: 5 }, account: 'arbiter', channel_settle: { id: 'tab' } },
  ],
};
