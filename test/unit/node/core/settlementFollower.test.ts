import { describe, expect, it } from 'vitest';
import { SettlementFollower } from '../../../../node/core/settlementFollower.ts';
import { SettlementView } from '../../../../node/core/settlementView.ts';
import type { Output } from '../../../../node/core/types.ts';
import type { SettlementBlock } from '../../../../settlement/net/settlement.ts';
import { settlementBlock } from '../../settlement/net/netFixture.ts';

function block(height: number, branch = 'a', parentBranch = branch): SettlementBlock {
  return settlementBlock(height, [], {
    hash: `0x${branch}${height}`,
    parentHash: `0x${parentBranch}${height - 1}`,
  });
}

function origin(height: number, branch = 'a') {
  return { height, hash: `0x${branch}${height}` };
}

/** A follower that has the blocks of branch a up to `newest`. */
function followerOf(newest: number) {
  const view = new SettlementView({ originDelayMs: 0, originConfirmations: 1, originLagMax: 6 }, origin(0));
  const outputs: Output[] = [];
  let silentUntil = 0;
  const follower = new SettlementFollower(origin(0), {
    settlement: view,
    simplex: {
      guardUntil: (until) => {
        silentUntil = until;
      },
    },
    output: (output) => outputs.push(output),
  });
  for (let height = 0; height <= newest; height += 1) follower.receive(block(height));
  return { follower, view, outputs, isSilent: () => silentUntil > 0 };
}

describe('SettlementFollower', () => {
  it('follows a reorganisation above everything that is notarised', () => {
    const { follower, view, isSilent } = followerOf(5);
    follower.notarized(origin(3));
    expect(follower.receive(block(4, 'b', 'a'))).toBe(true);
    expect(follower.receive(block(5, 'b'))).toBe(true);
    expect(view.at(5)?.hash).toBe('0xb5');
    expect(isSilent()).toBe(false);
  });

  it('halts, once, when the origin of a notarised block is gone, and follows no further', () => {
    const { follower, view, outputs, isSilent } = followerOf(5);
    follower.notarized(origin(4));
    expect(follower.receive(block(4, 'b', 'a'))).toBe(false);
    expect(follower.halted).toBe('SETTLEMENT_REORG_BELOW_ORIGIN');
    expect(isSilent()).toBe(true);
    expect(follower.receive(block(5, 'b'))).toBe(false);
    expect(view.newestHeight).toBe(4);
    const warnings = outputs.filter(({ type }) => type === 'emit');
    expect(warnings).toMatchObject([{ event: { code: 'SETTLEMENT_REORG_BELOW_ORIGIN' } }]);
  });

  it('leaves a branch that lost for the one that notarised blocks name, as a node does that comes back', () => {
    const { follower, view } = followerOf(5);
    // Its peers tell of blocks on the branch that won before the settlement chain does.
    follower.notarized(origin(5, 'b'));
    expect(follower.receive(block(4, 'b', 'a'))).toBe(true);
    expect(follower.receive(block(5, 'b'))).toBe(true);
    expect(follower.halted).toBeUndefined();
    expect(view.at(5)?.hash).toBe('0xb5');
  });

  it('tells, once, that it waits for the origin of a notarised block where it sees another that is confirmed', () => {
    const { follower, outputs, isSilent } = followerOf(3);
    // As after a restart: the notarised block comes from the own disk, the other branch is the first that is seen.
    follower.notarized(origin(4, 'b'));
    follower.receive(block(4));
    expect(outputs).toEqual([]);
    follower.receive(block(5));
    follower.receive(block(6));
    follower.notarized(origin(4, 'b'));
    expect(outputs).toMatchObject([
      {
        event: {
          code: 'SETTLEMENT_ORIGIN_MISSING',
          message: expect.stringMatching(/settlement block 4 \(0xb4\).* has 0xa4: .* restart it/),
        },
      },
    ]);
    expect([follower.halted, isSilent()]).toEqual([undefined, false]);
    // It was only behind.
    expect(follower.receive(block(4, 'b', 'a'))).toBe(true);
    expect(follower.receive(block(5, 'b'))).toBe(true);
    expect(outputs).toHaveLength(1);
  });

  it('halts when a block is final whose origin it has seen go', () => {
    const { follower } = followerOf(5);
    follower.receive(block(4, 'b', 'a'));
    follower.finalized(origin(4));
    expect(follower.halted).toBe('SETTLEMENT_REORG_BELOW_ORIGIN');
  });

  it('asks for the chain again from the final origin when a block does not attach', () => {
    const { follower, outputs } = followerOf(3);
    follower.finalized(origin(2));
    expect(follower.receive(block(6))).toBe(false);
    expect(outputs).toEqual([{ type: 'followSettlement', fromHeight: 2 }]);
  });

  it('halts on a first delivery that goes on without the final origin, as after a restart', () => {
    const view = new SettlementView({ originDelayMs: 0, originConfirmations: 0, originLagMax: 6 }, origin(0));
    const outputs: Output[] = [];
    const follower = new SettlementFollower(origin(4), {
      settlement: view,
      simplex: { guardUntil: () => {} },
      output: (output) => outputs.push(output),
    });
    follower.receive(block(4, 'b'));
    expect(follower.halted).toBeUndefined();
    follower.receive(block(5, 'b'));
    expect(follower.halted).toBe('SETTLEMENT_REORG_BELOW_ORIGIN');
  });
});
