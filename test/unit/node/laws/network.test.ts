import { describe, expect, it } from 'vitest';
import type { Header } from '../../../../consensus/block.ts';
import { ZERO_HASH } from '../../../../consensus/primitives/flavor.ts';
import type { Vote, VoteKind } from '../../../../consensus/vote.ts';
import { encodeCompletion } from '../../../../node/core/completion.ts';
import { AgreementLaw } from '../../../../node/laws/agreement.ts';
import { CompletionRule } from '../../../../node/laws/completions.ts';
import { DurabilityLaw } from '../../../../node/laws/durability.ts';
import { Law } from '../../../../node/laws/law.ts';
import { ProgressLaw } from '../../../../node/laws/progress.ts';
import type { SettlementBlock } from '../../../../settlement/net/settlement.ts';
import { bytesOf, headerAt, batchOf as netBatchOf } from '../../settlement/chain/fixtures.ts';
import { batchOf, blockAt, confirmedFact, hashOf, netRules, settlementBlockAt } from './fixtures.ts';

describe('Law', () => {
  it('keeps the first violations and counts the rest', () => {
    const law = new Law('test');
    for (let index = 0; index < 30; index += 1) law.check(false, () => `number ${index}`);
    law.check(true, () => 'never asked');
    const { checks, violations } = law.result();
    expect(checks).toBe(31);
    expect(violations).toHaveLength(21);
    expect(violations[0]).toBe('number 0');
    expect(violations.at(-1)).toBe('and 10 more');
  });
});

function createAgreementLaw(
  blocks: ReadonlyMap<number, SettlementBlock> = new Map(),
  originConfirmations = 0,
): AgreementLaw {
  return new AgreementLaw(2048, {
    genesis: { settlementGenesisHash: ZERO_HASH, originDelayMs: 1000, originConfirmations },
    settlementBlockAt: (height) => blocks.get(height),
  });
}

describe('AgreementLaw of origins', () => {
  const chain = new Map(
    [1, 2, 3].map((height) => [
      height,
      settlementBlockAt(height, { hash: hashOf(`${height}`), timestampMs: 5000 * height }),
    ]),
  );
  const header = (height: number, origin: number, hash = hashOf(`${origin}`)): Header => ({
    ...blockAt(height).header,
    origin: { height: origin, hash },
  });
  const violationsOf = (
    headers: readonly Header[],
    confirmations = 0,
    change?: (law: AgreementLaw) => void,
  ) => {
    const law = createAgreementLaw(chain, confirmations);
    for (const height of chain.keys()) law.origin.settlementBlock(height);
    change?.(law);
    for (const one of headers) law.origin.finalized(one);
    return law.law.result().violations;
  };

  it('accepts what is old and deep enough, as the chain has it', () => {
    expect(violationsOf([header(1, 0, ZERO_HASH), header(4, 1), header(5, 1), header(7, 2)], 1)).toEqual([]);
  });

  it.each([
    [
      'below its parent’s',
      [header(7, 2), header(8, 1)],
      0,
      "height 8: settlement origin 1 lies below its parent's 2",
    ],
    [
      'another block than its parent’s',
      [header(7, 2), header(8, 2, hashOf('f'))],
      0,
      /origin 2 is 0xf+, its parent named 0x2+$/,
    ],
    [
      'a block that the chain has not',
      [header(7, 2, hashOf('f'))],
      0,
      /origin 2 is 0xf+, the chain has 0x2+ there$/,
    ],
    [
      'a block that is not there',
      [header(9, 4)],
      0,
      'height 9: settlement origin 4 has fewer than 0 blocks above it, up to 3',
    ],
    [
      'a block too young',
      [header(3, 1)],
      0,
      'height 3: settlement origin 1 was made at 5000 ms, too late for a header of 4000 ms',
    ],
    [
      'a block not confirmed',
      [header(9, 3)],
      1,
      'height 9: settlement origin 3 has fewer than 1 blocks above it, up to 3',
    ],
  ])('refuses %s', (_, headers, confirmations, text) => {
    expect(violationsOf(headers, confirmations)).toEqual([expect.stringMatching(text)]);
  });

  it('asks for no hash once the chain has taken back more than origins may lose', () => {
    const foreign = [header(7, 2, hashOf('f'))];
    const reorganise = (height: number) => (law: AgreementLaw) => law.origin.settlementReorganised(height);
    expect(violationsOf(foreign, 1, reorganise(2))).toHaveLength(1);
    expect(violationsOf(foreign, 1, reorganise(1))).toEqual([]);
  });
});

describe('AgreementLaw', () => {
  it('accepts one block a height and refuses a second, or another root', () => {
    const law = createAgreementLaw();
    law.finalized('node-0', blockAt(1), ZERO_HASH);
    law.finalized('node-1', blockAt(1), ZERO_HASH);
    expect(law.law.isBroken).toBe(false);
    law.finalized('node-2', blockAt(1, 0, ZERO_HASH, 3), ZERO_HASH);
    expect(law.law.result().violations).toHaveLength(1);
    law.finalized('node-0', blockAt(2), hashOf('1'));
    expect(law.law.result().violations).toHaveLength(2);
    law.finalized('node-0', blockAt(3, 0, hashOf('1')), hashOf('1'));
    law.finalized('node-1', blockAt(3, 0, hashOf('1')), hashOf('2'));
    expect(law.law.result().violations).toHaveLength(3);
    const { hash } = blockAt(1);
    law.reported('node-3', { height: 1, hash, stateRoot: ZERO_HASH, headerRoot: ZERO_HASH });
    expect(law.law.result().violations).toHaveLength(3);
    law.reported('node-3', { height: 1, hash, stateRoot: hashOf('1'), headerRoot: ZERO_HASH });
    expect(law.law.result().violations).toHaveLength(4);
  });
});

describe('DurabilityLaw', () => {
  const vote = (kind: VoteKind, blockHash: string, voter = 0, view = 1): Vote => ({
    kind,
    view,
    blockHash,
    voter,
    signature: new Uint8Array(64),
  });

  it('accepts repeated votes and the usual sequences', () => {
    const law = new DurabilityLaw(['node-0', 'node-1']);
    for (const _ of [1, 2]) {
      law.voteSent(vote('notarize', hashOf('1')));
      law.voteSent(vote('finalize', hashOf('1')));
      law.voteSent(vote('notarize', hashOf('2'), 1));
      law.voteSent(vote('nullify', ZERO_HASH, 1));
      law.voteSent(vote('notarize', hashOf('3'), 0, 2));
    }
    expect(law.law.result()).toMatchObject({ checks: 10, violations: [] });
  });

  it.each([
    ['two notarize', vote('notarize', hashOf('1')), vote('notarize', hashOf('2'))],
    ['two finalize', vote('finalize', hashOf('1')), vote('finalize', hashOf('2'))],
    ['nullify after finalize', vote('finalize', hashOf('1')), vote('nullify', ZERO_HASH)],
    ['finalize after nullify', vote('nullify', ZERO_HASH), vote('finalize', hashOf('1'))],
  ])('refuses %s in one view', (_, first, second) => {
    const law = new DurabilityLaw(['node-0']);
    law.voteSent(first);
    law.voteSent(second);
    expect(law.law.result().violations).toHaveLength(1);
  });

  it('remembers 1024 views, whatever their order, and no older ones', () => {
    const law = new DurabilityLaw(['node-0', 'node-1']);
    for (const view of [1, 3, 2]) law.voteSent(vote('notarize', hashOf('1'), 1, view));
    law.voteSent(vote('notarize', hashOf('1'), 1, 1026));
    for (const view of [1, 2]) law.voteSent(vote('notarize', hashOf('2'), 1, view));
    expect(law.law.result()).toMatchObject({ checks: 4, violations: [] });
    law.voteSent(vote('notarize', hashOf('2'), 1, 3));
    law.voteSent(vote('finalize', hashOf('2'), 0, 3));
    expect(law.law.result().violations).toEqual([
      `node-1 in view 3: notarize ${hashOf('2')} after ${hashOf('1')}`,
    ]);
  });

  it('lets a node whose disk broke forget what it voted, and no other', () => {
    const law = new DurabilityLaw(['node-0', 'node-1']);
    for (const voter of [0, 1])
      for (const view of [1, 2]) law.voteSent(vote('notarize', hashOf('1'), voter, view));
    law.diskBroke(1);
    for (const voter of [0, 1]) law.voteSent(vote('notarize', hashOf('2'), voter, 2));
    expect(law.law.result().violations).toEqual([
      `node-0 in view 2: notarize ${hashOf('2')} after ${hashOf('1')}`,
    ]);
  });

  it('refuses a node that comes back below what it had', () => {
    const law = new DurabilityLaw(['node-0']);
    law.recovered(0, 10, 10);
    expect(law.law.isBroken).toBe(false);
    law.recovered(0, 10, 9);
    expect(law.law.result().violations).toEqual(['node-0 had finalised height 10 and came back at 9']);
  });
});

describe('DurabilityLaw of settlements', () => {
  const send = (law: DurabilityLaw, bytes: Uint8Array, stored: Uint8Array | undefined = bytes): void =>
    law.settlementSent(0, { batch: 1, attempt: 1, bytes }, stored);
  const first = bytesOf(netBatchOf(1));

  it('accepts what the outbox holds, repeated or with fees that rise', () => {
    const law = new DurabilityLaw(['node-0']);
    send(law, first);
    send(law, first, first.slice());
    send(law, bytesOf(netBatchOf(1), { feeCap: 1100n, tip: 11n }));
    law.settlementSent(0, { batch: 1, attempt: 2, bytes: bytesOf(netBatchOf(1), { attempt: 2 }) }, undefined);
    expect(law.law.result().violations).toEqual([
      'node-0 sent batch 1, attempt 2, that is not in its outbox',
    ]);
  });

  it('refuses what the outbox holds otherwise', () => {
    const law = new DurabilityLaw(['node-0']);
    send(law, first, bytesOf(netBatchOf(1), { feeCap: 900n }));
    expect(law.law.result().violations).toHaveLength(1);
  });

  it.each([
    ['lower fees', { feeCap: 900n, tip: 9n }],
    ['fees that replace nothing', { feeCap: 1001n, tip: 11n }],
    ['other headers', { feeCap: 1100n, tip: 11n, headers: [headerAt(5)] }],
    ['other amounts', { feeCap: 1100n, tip: 11n, net: [{ asset: 'UM', amount: 1n }] }],
  ])('refuses an attempt signed anew with %s, unless the disk is gone', (_, overrides) => {
    const again = bytesOf(netBatchOf(1), overrides);
    const law = new DurabilityLaw(['node-0']);
    send(law, first);
    send(law, again);
    expect(law.law.result().violations).toEqual([
      'node-0 sent batch 1, attempt 1, signed anew and not with higher fees alone',
    ]);
    for (const forget of ['diskBroke', 'diskWiped'] as const) {
      const lenient = new DurabilityLaw(['node-0']);
      send(lenient, first);
      lenient[forget](0);
      send(lenient, again);
      expect(lenient.law.isBroken).toBe(false);
    }
  });
});

describe('CompletionRule', () => {
  const settled = {
    seq: 1,
    fromHeight: 1,
    toHeight: 5,
    net: [],
    actions: [],
    amountsIn: [],
    proposer: 0,
    attempt: 1,
    transactionHash: hashOf('a'),
    gasUsed: 1,
    fee: 1n,
  };
  const told = { ...settled, settlementHeight: 2, receiptsRoot: ZERO_HASH, signature: new Uint8Array(64) };

  it.each([
    ['as it was settled', told, 0],
    ['in another block', { ...told, settlementHeight: 3 }, 1],
    ['by somebody else', { ...told, proposer: 1 }, 1],
    ['in another transaction', { ...told, transactionHash: hashOf('b') }, 1],
    ['of another batch', { ...told, seq: 2 }, 1],
  ])('judges a batch told of %s', (_, completion, violationCount) => {
    const law = new Law('exactly_once');
    const rule = new CompletionRule(law, ['node-0']);
    rule.settlementBlock(settlementBlockAt(2, { events: [{ type: 'batch_settled', ...settled }] }));
    rule.accepted(0, encodeCompletion(completion));
    expect(law.result().violations).toHaveLength(violationCount);
  });

  it('refuses what nobody can read', () => {
    const law = new Law('exactly_once');
    new CompletionRule(law, ['node-0']).accepted(0, Uint8Array.of(1));
    expect(law.result().violations).toEqual([
      'node-0 accepted a completion that nobody can read, which was not settled so',
    ]);
  });
});

describe('ProgressLaw', () => {
  const createLaw = (isSynchronous = true): ProgressLaw =>
    new ProgressLaw({ rules: netRules, blockTimeMs: 2000, isSynchronous });
  const whole = { hasQuorum: true, canSettle: true, slowestClockMs: 0 };

  it('wants a final block every ten seconds while a quorum is up', () => {
    const law = createLaw();
    law.finalized(1, 0, [], 10_000);
    expect(law.law.isBroken).toBe(false);
    law.finish(20_001);
    expect(law.law.result().violations).toEqual([
      'no final block after height 1 for 10001 ms, until 20001 ms',
    ]);
  });

  it('waits while there is no quorum, and counts anew when it is back', () => {
    const law = createLaw();
    law.finalized(1, 0, [], 100);
    law.healthChanged({ ...whole, hasQuorum: false }, 200);
    law.healthChanged(whole, 100_000);
    law.finalized(2, 0, [], 109_000);
    law.finish(118_000);
    expect(law.law.isBroken).toBe(false);
  });

  it('counts from the newest block’s own time where clocks were ahead, or are behind', () => {
    const ahead = createLaw();
    ahead.finalized(1, 60_000, [], 100);
    ahead.finish(70_000);
    expect(ahead.law.isBroken).toBe(false);
    const behind = createLaw();
    behind.finalized(1, 2000, [], 100);
    behind.healthChanged({ ...whole, slowestClockMs: -60_000 }, 200);
    behind.finish(72_000);
    expect(behind.law.isBroken).toBe(false);
    behind.finish(72_001);
    expect(behind.law.isBroken).toBe(true);
  });

  it('judges nothing on a network that may lose messages', () => {
    const law = createLaw(false);
    law.finish(1_000_000);
    expect(law.law.result()).toEqual({ name: 'progress', checks: 0, violations: [] });
  });

  /** Blocks come every 2 s, settlement blocks every 5 s; batch 1 is sealed at once. */
  function settleAfter(law: ProgressLaw, settlementBlocks: number, gasUsed = 0): void {
    law.finalized(1, 0, [{ type: 'batch_sealed', batch: batchOf(1) }], 0);
    for (let height = 1; height <= settlementBlocks; height += 1) {
      law.settlementBlock(settlementBlockAt(height, { gasUsed }));
      law.finalized(height + 1, 0, [], height * 5000);
    }
    law.finalized(settlementBlocks + 2, 0, [confirmedFact(batchOf(1))], settlementBlocks * 5000 + 1);
  }

  // (pending 1 + 2) * (deadline 2 + 3) = 15
  it('wants a sealed batch settled within (pending + 2) * (deadline + 3) settlement blocks', () => {
    const inTime = createLaw();
    settleAfter(inTime, 15);
    expect(inTime.law.isBroken).toBe(false);
    const late = createLaw();
    settleAfter(late, 16);
    expect(late.law.result().violations).toEqual(['batch 1 is 1 settlement blocks late']);
  });

  it('does not count settlement blocks without room', () => {
    const law = createLaw();
    settleAfter(law, 100, 9_999_999);
    expect(law.law.isBroken).toBe(false);
  });

  it('waits while settlements are held back', () => {
    const law = createLaw();
    law.finalized(1, 0, [{ type: 'batch_sealed', batch: batchOf(1) }], 0);
    law.healthChanged({ ...whole, canSettle: false }, 1);
    for (let height = 1; height <= 50; height += 1) {
      law.settlementBlock(settlementBlockAt(height));
      law.finalized(height + 1, 0, [], height * 5000);
    }
    law.finish(250_001);
    expect(law.law.isBroken).toBe(false);
  });

  it('judges at the end what is overdue by then', () => {
    const law = createLaw();
    law.finalized(1, 0, [{ type: 'batch_sealed', batch: batchOf(1) }], 0);
    for (let height = 1; height <= 16; height += 1) {
      law.settlementBlock(settlementBlockAt(height));
      law.finalized(height + 1, 0, [], height * 5000);
    }
    law.finish(80_001);
    expect(law.law.isBroken).toBe(true);
  });
});
