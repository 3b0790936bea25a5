import { describe, expect, it } from 'vitest';
import { createBlock } from '../../../../consensus/block.ts';
import { createDoubleVote } from '../../../../consensus/evidence.ts';
import { ZERO_HASH } from '../../../../consensus/primitives/flavor.ts';
import { JusticeLaw } from '../../../../node/laws/justice.ts';
import { encodeEvidence } from '../../../../settlement/execution/evidence.ts';
import type { SettlementBlock } from '../../../../settlement/net/settlement.ts';
import type { NetFact } from '../../../../settlement/net/types.ts';
import { CHAIN_ID, crypto, signVote, validators } from '../../../helpers/loneSimplex.ts';
import { hashOf } from '../../../helpers/signatory.ts';
import { batchOf, blockAt, confirmedFact, netRules, settlementBlockAt } from './fixtures.ts';

const missed: NetFact = { type: 'batch_missed', seq: 1, proposer: 0, attempt: 1, clockCount: 3 };
const slashed: NetFact = {
  type: 'slashed',
  validator: 0,
  reason: 'missed_settlement',
  batch: 1,
  attempt: 1,
  amount: 10n,
};
const assigned: NetFact = { type: 'batch_assigned', seq: 1, proposer: 1, attempt: 2 };

/** Batch 1 is sealed at height 5, by node 0; each height from 6 names one more settlement block. */
function createLaw(blockOf: (height: number) => SettlementBlock = settlementBlockAt): {
  law: JusticeLaw;
  follow: (height: number, ...facts: NetFact[]) => void;
} {
  const genesis = { net: netRules, chainId: CHAIN_ID, validators };
  const law = new JusticeLaw({ genesis, verifier: crypto, settlementBlockAt: blockOf });
  const follow = (height: number, ...facts: NetFact[]): void =>
    law.finalized(blockAt(height, height - 5), facts);
  follow(5, { type: 'batch_sealed', batch: batchOf(1) });
  follow(6);
  return { law, follow };
}

describe('JusticeLaw', () => {
  it('accepts a miss of the holder after the deadline, counted from the block after the seal', () => {
    const { law, follow } = createLaw();
    follow(7);
    follow(8);
    follow(9, missed, slashed, assigned);
    expect(law.law.result().violations).toEqual([]);
    expect(law.law.result().checks).toBeGreaterThan(0);
  });

  it('refuses a miss before the clock ran out', () => {
    const { law, follow } = createLaw();
    follow(7);
    follow(8, missed, slashed, assigned);
    expect(law.law.result().violations).toEqual([
      'height 8: batch 1 missed after 2 counting headers and 0 reverts',
    ]);
  });

  it('does not count full or overpriced settlement blocks', () => {
    for (const fields of [{ gasUsed: 9_500_000 }, { baseFee: 1001n }]) {
      const { law, follow } = createLaw((height) => settlementBlockAt(height, height === 3 ? fields : {}));
      follow(7);
      follow(8);
      follow(9, missed, slashed, assigned);
      expect(law.law.isBroken).toBe(true);
    }
  });

  it('refuses a slash of somebody else, without a miss, or twice', () => {
    const wrongOnes: NetFact[][] = [
      [missed, { ...slashed, validator: 1 }],
      [slashed],
      [missed, slashed, slashed],
      [
        { ...missed, proposer: 1 },
        { ...slashed, validator: 1 },
      ],
    ];
    for (const facts of wrongOnes) {
      const { law, follow } = createLaw();
      follow(7);
      follow(8);
      follow(9, ...facts);
      expect(law.law.isBroken).toBe(true);
    }
  });

  it('refuses a miss of a settled batch', () => {
    const { law, follow } = createLaw();
    follow(7);
    follow(8, confirmedFact(batchOf(1)));
    follow(9, missed, slashed);
    expect(law.law.isBroken).toBe(true);
  });

  it('starts the clock anew for the next holder', () => {
    const { law, follow } = createLaw();
    follow(7);
    follow(8);
    follow(9, missed, slashed, assigned);
    follow(10);
    follow(11);
    const second: NetFact = { ...missed, proposer: 1, attempt: 2 };
    follow(12, second, { ...slashed, validator: 1, attempt: 2 }, { ...assigned, proposer: 2, attempt: 3 });
    expect(law.law.result().violations).toEqual([]);
  });

  it('accepts a miss by too many reverts, and restarts the clock where the chain was at fault', () => {
    const revert = (attempt: number, code: 'BAD_QUOTE' | 'SLIPPAGE_EXCEEDED'): NetFact => ({
      type: 'batch_reverted',
      seq: 1,
      proposer: 0,
      attempt,
      code,
      settlementHeight: 1,
      transactionHash: ZERO_HASH,
      fee: 1n,
      counted: true,
    });
    const own = createLaw();
    own.follow(7, revert(1, 'BAD_QUOTE'));
    own.follow(8, revert(2, 'BAD_QUOTE'));
    own.follow(
      9,
      revert(3, 'BAD_QUOTE'),
      { ...missed, attempt: 3 },
      { ...slashed, attempt: 3 },
      {
        ...assigned,
        attempt: 4,
      },
    );
    expect(own.law.law.result().violations).toEqual([]);
    const chain = createLaw();
    chain.follow(7);
    chain.follow(8, revert(1, 'SLIPPAGE_EXCEEDED'));
    chain.follow(9, { ...missed, attempt: 2 }, { ...slashed, attempt: 2 });
    expect(chain.law.law.isBroken).toBe(true);
  });

  describe('equivocation', () => {
    const votesOf = (voter: number, signer = voter) =>
      ['aa', 'bb'].map((byte) => ({
        ...signVote(signer, { kind: 'notarize', view: 1, blockHash: hashOf(byte) }),
        voter,
      }));
    const evidenceOf = (voter: number, signer = voter): Uint8Array => {
      const [first, second] = votesOf(voter, signer);
      if (first === undefined || second === undefined) throw new RangeError('two votes');
      return encodeEvidence({ type: 'votes', votes: createDoubleVote(first, second) });
    };
    const punished: NetFact = { ...slashed, reason: 'equivocation', batch: undefined, attempt: undefined };
    const judge = (...blocks: (readonly Uint8Array[])[]): readonly string[] => {
      const { law } = createLaw();
      for (const [index, evidence] of blocks.entries()) {
        const { header } = blockAt(7 + index, 2);
        law.finalized(createBlock(header, { transactions: [], evidence }), [punished]);
      }
      return law.law.result().violations;
    };

    it('accepts a slash whose block holds two contradicting votes of the slashed', () => {
      expect(judge([evidenceOf(2), evidenceOf(0)])).toEqual([]);
    });

    it.each([
      ['no evidence', []],
      ['evidence against another', [evidenceOf(1)]],
      ['votes that the accused did not sign', [evidenceOf(0, 1)]],
      ['bytes that are no evidence', [new Uint8Array(40)]],
    ])('refuses a slash in a block with %s', (_, evidence) => {
      expect(judge(evidence)[0]).toContain('without evidence');
    });

    it('refuses a second slash of the same validator', () => {
      expect(judge([evidenceOf(0)], [evidenceOf(0)])[0]).toContain('again');
    });
  });
});
