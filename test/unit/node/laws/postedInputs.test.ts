import { beforeEach, describe, expect, it } from 'vitest';
import { Law } from '../../../../node/laws/law.ts';
import { PostedInputRule } from '../../../../node/laws/postedInputs.ts';
import { encodePost, type PostedFact } from '../../../../settlement/execution/postedInputs.ts';
import { postedInputHash } from '../../../../settlement/net/postedInput.ts';
import type { SettlementEvent } from '../../../../settlement/net/settlement.ts';
import { settlementBlock } from '../../settlement/net/netFixture.ts';
import { blockAt } from './fixtures.ts';

const bytes = encodePost([Uint8Array.of(1), Uint8Array.of(2)]);
const post: SettlementEvent = { type: 'input_posted', transactionHash: postedInputHash(bytes), bytes };
const noise = Uint8Array.of(9);
const wrong: SettlementEvent = {
  type: 'input_posted',
  transactionHash: postedInputHash(noise),
  bytes: noise,
};

function told({ transactionHash }: { readonly transactionHash: string }, inputCount = 2): PostedFact {
  return { type: 'input_posted', transactionHash, settlementHeight: 1, inputCount };
}

function executed(index: number): PostedFact {
  const { transactionHash } = post as { readonly transactionHash: string };
  return {
    type: 'posted_input_executed',
    transactionHash,
    index,
    transactionId: transactionHash,
    result: 'ok',
  };
}

function refused(event: SettlementEvent, index: number | undefined, code: string): PostedFact {
  const { transactionHash } = event as { readonly transactionHash: string };
  return { type: 'posted_input_refused', transactionHash, index, code };
}

describe('PostedInputRule', () => {
  let law: Law;
  let rule: PostedInputRule;
  const finalize = (height: number, originHeight: number, ...facts: PostedFact[]): void =>
    rule.finalized(blockAt(height, originHeight).header, facts);
  const isBroken = (): boolean => law.result().violations.length > 0;

  beforeEach(() => {
    law = new Law('exactly_once');
    rule = new PostedInputRule(law);
    rule.settlementBlock(settlementBlock(1, [post]));
  });

  it('holds where each input has its turn once, in this block or later ones', () => {
    finalize(1, 0);
    finalize(2, 1, told(post as never), executed(0));
    finalize(3, 1, refused(post, 1, 'INPUT_EXPIRED'));
    finalize(4, 1);
    expect(isBroken()).toBe(false);
  });

  it.each<[string, readonly PostedFact[]]>([
    ['left out', []],
    ['told of and never executed', [told(post as never)]],
    ['executed out of turn', [told(post as never), executed(1), executed(0)]],
    ['executed twice', [told(post as never), executed(0), executed(0)]],
    [
      'refused as no list, though it is one',
      [told(post as never), refused(post, undefined, 'POSTED_INPUT_INVALID')],
    ],
  ])('finds a post that is %s', (_what, facts) => {
    finalize(1, 1, ...facts);
    finalize(2, 1);
    expect(isBroken()).toBe(true);
  });

  it('finds what no settlement block holds', () => {
    finalize(1, 1, told(post as never), executed(0), executed(1));
    expect(isBroken()).toBe(false);
    finalize(2, 1, executed(1));
    expect(isBroken()).toBe(true);
  });

  it('expects nothing of a block that was taken back, and what the one in its place holds', () => {
    rule.settlementReorganised(0);
    rule.settlementBlock(settlementBlock(1, [wrong]));
    finalize(1, 1, told(wrong as never, 0), refused(wrong, undefined, 'POSTED_INPUT_INVALID'));
    expect(isBroken()).toBe(false);
  });

  it('lets a full queue drop posts', () => {
    finalize(1, 1, told(post as never), refused(post, undefined, 'POSTED_INPUT_QUEUE_FULL'));
    finalize(2, 1);
    expect(isBroken()).toBe(false);
  });
});
