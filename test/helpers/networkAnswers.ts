/** Answers of a node's HTTP API and lines of its event stream, as whoever watches a network gets them. */
import type { BatchesAnswer } from '../../node/api/batchRoutes.ts';
import type { SettlementAnswer } from '../../node/api/ledgerRoutes.ts';
import type { StatusAnswer } from '../../node/api/statusRoutes.ts';
import type { EventLine } from '../../node/core/eventFields.ts';
import type { NetworkAnswer } from '../../node/devnet/watch/nodePoll.ts';
import { hashOf } from './signatory.ts';

export function statusOf(name: string, changes: Partial<StatusAnswer> = {}): StatusAnswer {
  return {
    name,
    chain_id: hashOf('aa'),
    version: '0.1.0',
    now_ms: 24_100,
    height: 13,
    finalized_height: 12,
    state_root: hashOf('12'),
    view: 14,
    leader: 'node-1',
    settlement_height: 4,
    pending_batches: 1,
    peers: 3,
    mempool_transactions: 0,
    settlement_paused: false,
    halted: null,
    batcher: null,
    auto_batch: null,
    ...changes,
  };
}

export const settlementAnswer: SettlementAnswer = {
  chain: {
    height: 4,
    hash: hashOf('04'),
    timestamp_ms: 20_000,
    base_fee: '875000000',
    gas_used: 0,
    gas_limit: 10_000_000,
    last_settled_seq: 1,
  },
  origin_height: 4,
  paused: false,
  batch_size: 5,
  window: {
    index: 2,
    from_height: 11,
    to_height: 15,
    blocks: 2,
    batch_size: 5,
    borrowed: { UM: '170' },
    repaid: { USDT: '90' },
    net: { UM: '170', USDT: '-90' },
    liquidations: 0,
  },
  pending: [
    {
      seq: 2,
      from_height: 6,
      to_height: 10,
      state: 'sealed',
      net: { UM: '-1200' },
      proposer: 'node-2',
      attempt: 1,
      clock_count: 1,
      deadline: 6,
    },
  ],
  unsettled: { UM: '-1030', USDT: '-90' },
};

export const batchesAnswer: BatchesAnswer = {
  batches: [
    {
      seq: 1,
      from_height: 1,
      to_height: 5,
      state: 'confirmed',
      borrowed: { UM: '1900' },
      repaid: { UM: '200' },
      net: { UM: '1700' },
      fees: {},
      liquidations: 0,
      commitment: hashOf('b1'),
      actions: [{ type: 'swap', asset: 'UM', amount: '1700', amount_in_max: '1723', amount_in: '1706' }],
      attempts: [{ attempt: 1, proposer: 'node-0', assigned_at_height: 5, outcome: 'confirmed' }],
      settler: 'node-0',
      settlement_height: 2,
    },
  ],
};

export function networkAnswer(names: readonly string[], changes: Partial<NetworkAnswer> = {}): NetworkAnswer {
  return {
    settlement: settlementAnswer,
    batches: batchesAnswer,
    validators: {
      validators: names.map((name) => ({
        name,
        public_key: hashOf('c0'),
        power: 1000,
        stake: '1000',
        jailed: false,
        jailed_until_height: null,
        tombstoned: false,
        recent_duties: 1,
        recent_misses: 0,
      })),
    },
    ...changes,
  };
}

export function lineOf(type: string, fields: Readonly<Record<string, unknown>> = {}): EventLine {
  return { t: 12_000, node: null, type, ...fields };
}

export function finalizedLine(node: string, height: number, root = hashOf('12')): EventLine {
  return lineOf('block_finalized', { node, height, state_root: root });
}
