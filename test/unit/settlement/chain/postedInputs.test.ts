import { describe, expect, it } from 'vitest';
import { payloadGas } from '../../../../settlement/chain/feeMarket.ts';
import type { MockSettlementChain } from '../../../../settlement/chain/mockChain.ts';
import { POSTED_INPUTS_WAITING_MAX } from '../../../../settlement/chain/postedInputs.ts';
import {
  POSTED_BYTES_PER_BLOCK_MAX,
  POSTED_INPUT_BYTES_MAX,
  POSTED_INPUTS_PER_BLOCK_MAX,
  postedInputHash,
} from '../../../../settlement/net/postedInput.ts';
import type { SettlementBlock } from '../../../../settlement/net/settlement.ts';
import { batchOf, bytesOf, createChain } from './fixtures.ts';

/** A post unlike all with another number. */
function postOf(number: number, byteCount = 4): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function numbersIn({ events }: SettlementBlock): number[] {
  const posts = events.filter((event) => event.type === 'input_posted');
  return posts.map(({ bytes }) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0));
}

function produce(chain: MockSettlementChain): SettlementBlock {
  return chain.produceBlock(chain.nextTimestampMs);
}

describe('MockSettlementChain.post', () => {
  it('has a post in the next block, by the hash that its bytes give, at the price of its bytes', () => {
    const chain = createChain();
    const bytes = postOf(1, 100);
    const hash = postedInputHash(bytes);
    expect(chain.postStandingOf(hash)).toEqual({ standing: 'unknown' });
    expect(chain.post(bytes, 10)).toEqual({ ok: true, value: { hash } });
    expect(chain.postStandingOf(hash)).toEqual({ standing: 'waiting' });
    const block = produce(chain);
    expect(block.events).toEqual([{ type: 'input_posted', transactionHash: hash, bytes }]);
    expect(block.gasUsed).toBe(payloadGas(100));
    expect(chain.postStandingOf(hash)).toEqual({ standing: 'included', settlementHeight: 1 });
    expect(produce(chain).events).toEqual([]);
  });

  it('has one that arrives at the instant of a block in the next', () => {
    const chain = createChain();
    chain.post(postOf(1), 5000);
    expect(chain.produceBlock(5000).events).toEqual([]);
    expect(numbersIn(chain.produceBlock(10_000))).toEqual([1]);
  });

  it('takes the same bytes once, while they wait and afterwards', () => {
    const chain = createChain();
    for (let time = 0; time < 3; time += 1) expect(chain.post(postOf(1), 0).ok).toBe(true);
    expect(numbersIn(produce(chain))).toEqual([1]);
    expect(chain.post(postOf(1), 6000)).toMatchObject({
      ok: true,
      value: { hash: postedInputHash(postOf(1)) },
    });
    expect(produce(chain).events).toEqual([]);
  });

  it.each([
    ['nothing', new Uint8Array(0), 'POSTED_INPUT_EMPTY'],
    ['a byte too much', postOf(1, POSTED_INPUT_BYTES_MAX + 1), 'POSTED_INPUT_TOO_LARGE'],
  ] as const)('refuses %s', (_what, bytes, code) => {
    expect(createChain().post(bytes, 0)).toMatchObject({ ok: false, code });
  });

  it('refuses what no block of its gas limit can hold', () => {
    const chain = createChain({ gasLimit: payloadGas(10) });
    expect(chain.post(postOf(1, 10), 0).ok).toBe(true);
    expect(chain.post(postOf(2, 11), 0)).toMatchObject({ code: 'SETTLEMENT_GAS_ABOVE_LIMIT' });
    expect(numbersIn(produce(chain))).toEqual([1]);
  });

  it('takes so many and no more until a block makes room, and knows those it has', () => {
    const chain = createChain();
    for (let number = 0; number < POSTED_INPUTS_WAITING_MAX; number += 1) {
      expect(chain.post(postOf(number), 0).ok).toBe(true);
    }
    expect(chain.post(postOf(1_000_000), 0)).toMatchObject({ ok: false, code: 'POSTED_INPUTS_FULL' });
    expect(chain.post(postOf(7), 0).ok).toBe(true);
    produce(chain);
    expect(chain.post(postOf(1_000_000), 0).ok).toBe(true);
  });

  it('has at most so many posts, and so many bytes, in a block, in order of arrival', () => {
    const chain = createChain();
    const count = POSTED_INPUTS_PER_BLOCK_MAX + 3;
    for (let number = 0; number < count; number += 1) chain.post(postOf(number), 0);
    expect(numbersIn(produce(chain))).toEqual(
      Array.from({ length: POSTED_INPUTS_PER_BLOCK_MAX }, (_, at) => at),
    );
    expect(numbersIn(produce(chain))).toHaveLength(3);
    const large = POSTED_BYTES_PER_BLOCK_MAX / POSTED_INPUT_BYTES_MAX;
    for (let number = 0; number <= large; number += 1) chain.post(postOf(number, POSTED_INPUT_BYTES_MAX), 0);
    chain.post(postOf(99), 0);
    expect(numbersIn(produce(chain))).toHaveLength(large);
    // A small one does not overtake a large one that has to wait.
    expect(numbersIn(produce(chain))).toEqual([large, 99]);
  });

  it('comes after settlements, which pay a tip, and waits while others fill blocks', () => {
    const chain = createChain({ gasLimit: 1_000_000 });
    chain.setFull(true);
    chain.post(postOf(1), 0);
    chain.submit(bytesOf(batchOf(1)), 1);
    expect(produce(chain).events).toEqual([]);
    chain.setFull(false);
    expect(produce(chain).events.map(({ type }) => type)).toEqual(['batch_settled', 'input_posted']);
  });

  it('raises the base fee like whatever fills blocks', () => {
    const [busy, idle] = [createChain({ gasLimit: 1_000_000 }), createChain({ gasLimit: 1_000_000 })];
    for (let number = 0; number < 9; number += 1) busy.post(postOf(number, 100), 0);
    expect(produce(busy).nextBaseFee).toBeGreaterThan(100n);
    expect(produce(idle).nextBaseFee).toBeLessThan(100n);
  });
});

describe('MockSettlementChain.reorganise and posts', () => {
  it('has what a block held wait again, ahead of what came later, and in the next block once', () => {
    const chain = createChain({ reorgDepthMax: 4 });
    chain.post(postOf(1), 0);
    chain.post(postOf(2), 5500);
    const first = produce(chain);
    expect(numbersIn(first)).toEqual([1]);
    expect(numbersIn(produce(chain))).toEqual([2]);
    chain.post(postOf(3), 10_500);
    expect(chain.reorganise(2)).toBe(2);
    expect(chain.postStandingOf(postedInputHash(postOf(1)))).toEqual({ standing: 'waiting' });
    // Posted again by somebody who saw its block go: still one.
    expect(chain.post(postOf(1), 11_000).ok).toBe(true);
    const again = chain.produceBlock(15_000);
    expect(again).toMatchObject({ height: 1 });
    expect(again.hash).not.toBe(first.hash);
    expect(numbersIn(again)).toEqual([1, 2, 3]);
    expect(chain.postStandingOf(postedInputHash(postOf(2)))).toEqual({
      standing: 'included',
      settlementHeight: 1,
    });
    expect(produce(chain).events).toEqual([]);
  });
});
