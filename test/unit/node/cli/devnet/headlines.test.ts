import { describe, expect, it } from 'vitest';
import { autoBatchEventLine } from '../../../../../node/api/autoBatchEvents.ts';
import { inputEventLine } from '../../../../../node/api/inputEvents.ts';
import { headlineOf } from '../../../../../node/cli/devnet/headlines.ts';
import { eventLines } from '../../../../../node/core/eventFields.ts';
import { isNews } from '../../../../../node/devnet/watch/networkPicture.ts';
import { autoBatchEvents, inputEvents, nodeEvents } from '../../../../../scripts/docs/samples.ts';
import { lineOf } from '../../../../helpers/networkAnswers.ts';

const names = { nameOf: (index: number) => `node-${index}`, labelOf: () => undefined };
const samples = Object.values(nodeEvents).flatMap((event) => eventLines(0, 1, event, names));
const ofInputs = Object.values(inputEvents).map((event) => inputEventLine(0, 'node-1', event));
const ofOrders = Object.values(autoBatchEvents).map((event) => autoBatchEventLine(0, 'node-1', event));
const ofLauncher = [
  lineOf('node_crashed', { node: 'node-1', exit_code: null, signal: 'SIGKILL' }),
  lineOf('node_crashed', { node: 'node-1', exit_code: 3, signal: null }),
  lineOf('node_restarted', { node: 'node-1' }),
  lineOf('settlement_reorg', { height: 3, depth: 2 }),
  lineOf('empty_window', { from_height: 6, to_height: 10, index: 1 }),
  lineOf('batch_assigned', { batch: 2, proposer: 'node-1', attempt: 2 }),
];

describe('headlineOf', () => {
  it('has whole words for all news', () => {
    const news = [...samples, ...ofLauncher, ...ofInputs, ...ofOrders].filter(isNews);
    expect(news.map((line) => headlineOf(line).text)).toMatchInlineSnapshot(`
      [
        "batch 1 sealed: blocks 1-5, zero; node-0 holds the duty",
        "batch 1 confirmed, settled by node-0",
        "batch 1 reverted: SLIPPAGE_EXCEEDED, node-0, attempt 1",
        "batch 1 missed by node-0, attempt 1",
        "node-0 slashed 10: missed settlement",
        "node-0 jailed until block 155",
        "node-0 is out of jail",
        "node-0 will never hold a duty again",
        "batch 1 submitted by node-1, attempt 1",
        "batch 1 included in settlement block 2",
        "node-0 contradicts itself, says node-1",
        "node-1 warns: text [CODE]",
        "node-1 is gone (SIGKILL)",
        "node-1 is gone (exit code 3)",
        "node-1 is back",
        "the settlement chain took 2 blocks back, down to 3",
        "blocks 6-10 net to zero: nothing to settle",
        "batch 2 passes to node-1, attempt 2",
        "inputs for sidechain wait at node-1: text [CODE]",
        "inputs for sidechain go on at node-1",
        "node-1 cannot reach its storage of inputs [CODE]",
        "node-1 has its storage of inputs back",
        "orders wait at node-1: batching: text",
      ]
    `);
  });

  it('leaves figures to the table', () => {
    const others = samples.filter((line) => !isNews(line)).map(({ type }) => type);
    expect(others).toEqual([
      'block_proposed',
      'block_notarized',
      'view_nullified',
      'block_finalized',
      'transaction_executed',
      'window_closed',
      'batch_assigned',
      'atomic_batch_completed',
      'atomic_batch_failed',
      'escrow_opened',
      'escrow_released',
      'escrow_refunded',
      'channel_opened',
      'channel_closing',
      'channel_disputed',
      'channel_closed',
      'treasury_flushed',
      'treasury_withdrawal_proposed',
      'treasury_withdrawal_approved',
      'treasury_withdrawn',
      'treasury_withdrawal_expired',
      'proposal_opened',
      'proposal_voted',
      'proposal_passed',
      'proposal_rejected',
      'proposal_activated',
      'cross_chain_opened',
      'cross_chain_decided',
      'cross_chain_closed',
      'input_posted',
      'posted_input_executed',
      'posted_input_refused',
      'completion_gossiped',
      'atomic_batch_published',
    ]);
  });
});
