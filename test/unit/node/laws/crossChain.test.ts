import { beforeEach, describe, expect, it } from 'vitest';
import { CrossChainRule } from '../../../../node/laws/crossChain.ts';
import { Law } from '../../../../node/laws/law.ts';
import type { CrossChainFact, CrossChainOutcome } from '../../../../settlement/bridge/types.ts';
import type { SettlementBlock } from '../../../../settlement/net/settlement.ts';

const transferId = `0x${'ab'.repeat(32)}`;
const direction = 'outbound';

function decided(outcome: CrossChainOutcome): CrossChainFact {
  const moved = { asset: 'UM', amount: 5n, fee: 0n, bridged: 0n, reason: undefined };
  return { type: 'cross_chain_decided', transferId, direction, outcome, ...moved };
}

function closed(outcome: CrossChainOutcome): CrossChainFact {
  return { type: 'cross_chain_closed', transferId, direction, outcome };
}

function ended(height: number, type: 'cross_chain_completed' | 'cross_chain_refunded'): SettlementBlock {
  return { height, events: [{ type, transferId }] } as unknown as SettlementBlock;
}

describe('CrossChainRule', () => {
  let law: Law;
  let rule: CrossChainRule;

  beforeEach(() => {
    law = new Law('exactly_once');
    rule = new CrossChainRule(law);
  });

  it('lets a transfer complete or refund on both sides, whichever side is seen first', () => {
    rule.finalized(3, [decided('complete')]);
    rule.settlementBlock(ended(4, 'cross_chain_completed'));
    rule.finalized(9, [closed('complete')]);
    rule.settlementBlock(ended(5, 'cross_chain_refunded'));
    rule.finalized(10, [decided('refund'), closed('refund')]);
    expect(law.result().violations).toEqual([]);
    expect(law.result().checks).toBeGreaterThan(5);
  });

  it.each([
    ['completed here and refunded there', 'complete', 'cross_chain_refunded'],
    ['refunded here and completed there', 'refund', 'cross_chain_completed'],
  ] as const)('finds one %s', (_, outcome, type) => {
    rule.finalized(3, [decided(outcome)]);
    rule.settlementBlock(ended(4, type));
    expect(law.result().violations).toHaveLength(1);
    expect(law.result().violations[0]).toContain(transferId);
  });

  it('finds one that is decided or ended twice, or closed as it was not decided', () => {
    rule.finalized(3, [decided('complete'), decided('complete')]);
    rule.settlementBlock(ended(4, 'cross_chain_completed'));
    rule.settlementBlock(ended(5, 'cross_chain_completed'));
    rule.finalized(6, [closed('refund')]);
    expect(law.result().violations).toHaveLength(3);
  });

  it('forgets an end that the settlement chain took back, and no other', () => {
    rule.finalized(3, [decided('complete')]);
    rule.settlementBlock(ended(4, 'cross_chain_completed'));
    rule.settlementReorganised(3);
    rule.settlementBlock(ended(4, 'cross_chain_completed'));
    expect(law.isBroken).toBe(false);
    rule.settlementReorganised(4);
    rule.settlementBlock(ended(5, 'cross_chain_completed'));
    expect(law.isBroken).toBe(true);
  });
});
