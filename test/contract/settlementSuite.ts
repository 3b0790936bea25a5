/** What every way to a settlement chain must do: one answer a call, and every block, in order, reorganisations included. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { SettlementAnswer } from '../../node/core/types.ts';
import type { PostAnswer, PostedAnswer, SettlementQuestion } from '../../node/runtime/settlementPort.ts';
import type { SettlementChainFault } from '../../node/scenario/types.ts';
import type { SettlementPair } from '../../settlement/chain/doubleSettlementWatch.ts';
import {
  decodeSettlementTransaction,
  settlementTransactionHash,
} from '../../settlement/chain/transactionCodec.ts';
import { POSTED_INPUT_BYTES_MAX, postedInputHash } from '../../settlement/net/postedInput.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import { actionsOf, batchOf, bytesOf } from '../unit/settlement/chain/fixtures.ts';

export interface SettlementUnderTest {
  submit(bytes: Uint8Array): Promise<SettlementAnswer>;
  ask(question: SettlementQuestion): Promise<SettlementAnswer>;
  post(bytes: Uint8Array): Promise<PostAnswer>;
  askPosted(hash: Hash): Promise<PostedAnswer>;
  follow(fromHeight: number): void;
  /** From now on at the latest, pairs that contradict each other are shown. */
  watchConflicts(): void;
  /** Pairs shown so far. */
  readonly conflicts: readonly SettlementPair[];
  /** Blocks delivered so far, in order. */
  readonly delivered: readonly SettlementBlock[];
  /** Lets time pass until the chain has made a block more. */
  makeBlock(): Promise<void>;
  setFault(fault: SettlementChainFault, on: boolean): Promise<void>;
  /** Lets time pass, but for the making of blocks, until the condition holds. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

export const SETTLEMENT_BLOCK_TIME_MS = 5000;

function questionOf(bytes: Uint8Array): SettlementQuestion {
  const decoded = decodeSettlementTransaction(bytes);
  if (!decoded.ok) throw new Error(decoded.message);
  const { proposer, seq, attempt } = decoded.value;
  return { proposer, seq, attempt, hash: settlementTransactionHash(decoded.value) };
}

function callFault(kind: 'rpc_errors' | 'rpc_timeouts' | 'lose_receipts'): SettlementChainFault {
  return { type: 'settlement_chain', kind, probability: 1 };
}

export function describeSettlement(name: string, create: () => Promise<SettlementUnderTest>): void {
  describe(`settlement chain: ${name}`, () => {
    let chain: SettlementUnderTest;
    const heights = (): number[] => chain.delivered.map(({ height }) => height);
    const bytes = bytesOf(batchOf(1));

    beforeEach(async () => {
      chain = await create();
    });

    afterEach(() => chain.close());

    it('takes a transaction, again if it must, and says where it is', async () => {
      expect(await chain.ask(questionOf(bytes))).toEqual({ type: 'standing', standing: 'unknown' });
      expect(await chain.submit(bytes)).toEqual({ type: 'accepted' });
      expect(await chain.submit(bytes)).toEqual({ type: 'accepted' });
      expect(await chain.ask(questionOf(bytes))).toEqual({ type: 'standing', standing: 'waiting' });
      await chain.makeBlock();
      expect(await chain.ask(questionOf(bytes))).toEqual({ type: 'standing', standing: 'settled' });
    });

    it('refuses with a code', async () => {
      expect(await chain.submit(Uint8Array.of(1, 2))).toEqual({ type: 'refused', code: 'ENCODING_INVALID' });
      const far = bytesOf(batchOf(5000));
      expect(await chain.submit(far)).toEqual({ type: 'refused', code: 'SETTLEMENT_SEQ_TOO_FAR' });
    });

    it('delivers every block from genesis on, each once, in order, whole', async () => {
      chain.follow(0);
      await chain.submit(bytes);
      for (let count = 0; count < 3; count += 1) await chain.makeBlock();
      await chain.until(() => chain.delivered.length === 4);
      expect(heights()).toEqual([0, 1, 2, 3]);
      for (const [height, block] of chain.delivered.entries()) {
        expect(block.parentHash).toBe(chain.delivered[height - 1]?.hash ?? block.parentHash);
      }
      expect(chain.delivered[1]?.events).toMatchObject([{ type: 'batch_settled', seq: 1 }]);
    });

    it('delivers from a later height, and anew when told to', async () => {
      for (let count = 0; count < 3; count += 1) await chain.makeBlock();
      chain.follow(2);
      await chain.until(() => chain.delivered.length === 2);
      expect(heights()).toEqual([2, 3]);
      chain.follow(1);
      await chain.makeBlock();
      await chain.until(() => heights().at(-1) === 4);
      expect(heights().slice(2)).toEqual([1, 2, 3, 4]);
    });

    it('delivers what takes the place of blocks that a reorganisation took back', async () => {
      chain.follow(0);
      for (let count = 0; count < 3; count += 1) await chain.makeBlock();
      await chain.until(() => chain.delivered.length === 4);
      const before = new Map(chain.delivered.map(({ height, hash }) => [height, hash]));
      await chain.setFault({ type: 'settlement_chain', kind: 'reorg', depth: 2 }, true);
      await chain.makeBlock();
      await chain.makeBlock();
      await chain.until(() => chain.delivered.length === 6);
      expect(heights().slice(4)).toEqual([2, 3]);
      const [second, third] = chain.delivered.slice(4);
      expect(second?.hash).not.toBe(before.get(2));
      expect(second?.parentHash).toBe(before.get(1));
      expect(third?.parentHash).toBe(second?.hash);
    });

    it.each([
      ['rpc_errors', 'failed'],
      ['rpc_timeouts', 'timed_out'],
    ] as const)('answers every call while %s: %s, and afterwards as ever', async (kind, type) => {
      await chain.setFault(callFault(kind), true);
      expect(await chain.submit(bytes)).toEqual({ type });
      expect(await chain.ask(questionOf(bytes))).toEqual({ type });
      await chain.setFault(callFault(kind), false);
      expect(await chain.submit(bytes)).toEqual({ type: 'accepted' });
    });

    it('shows two transactions of one attempt that say different things, once, whatever the chain does with them', async () => {
      const batch = batchOf(1);
      // Cheaper than what waits: the chain refuses it, and both are what its proposer signed.
      const other = bytesOf(batch, { actions: actionsOf(batch.net, 5n), feeCap: 999n, tip: 9n });
      const third = bytesOf(batch, { actions: actionsOf(batch.net, 6n), feeCap: 999n, tip: 9n });
      const replacement = bytesOf(batch, { feeCap: 2000n, tip: 20n });
      chain.watchConflicts();
      for (const one of [bytes, bytes, other, third, replacement]) await chain.submit(one);
      await chain.until(() => chain.conflicts.length > 0);
      expect(chain.conflicts).toMatchObject([{ first: bytes, second: other }]);
      // One of somebody else is news, and shows that nothing came between.
      const by = { proposer: 1, feeCap: 3000n, tip: 30n };
      await chain.submit(bytesOf(batch, by));
      await chain.submit(bytesOf(batch, { ...by, actions: actionsOf(batch.net, 5n) }));
      await chain.until(() => chain.conflicts.length > 1);
      expect(chain.conflicts).toHaveLength(2);
      expect(chain.conflicts[1]).toMatchObject({ first: bytesOf(batch, by) });
    });

    it('takes a post, again if it must, delivers it once in a block, and says where it is', async () => {
      const posted = Uint8Array.of(9, 8, 7);
      const hash = postedInputHash(posted);
      chain.follow(0);
      expect(await chain.askPosted(hash)).toMatchObject({
        type: 'posted',
        standing: 'unknown',
        headHeight: 0,
      });
      expect(await chain.post(posted)).toEqual({ type: 'accepted', hash });
      expect(await chain.post(posted)).toEqual({ type: 'accepted', hash });
      expect(await chain.askPosted(hash)).toMatchObject({ standing: 'waiting', settlementHeight: undefined });
      await chain.makeBlock();
      expect(await chain.askPosted(hash)).toEqual({
        type: 'posted',
        standing: 'included',
        settlementHeight: 1,
        headHeight: 1,
        nextBaseFee: expect.any(BigInt) as bigint,
      });
      expect(await chain.post(posted)).toEqual({ type: 'accepted', hash });
      await chain.makeBlock();
      await chain.until(() => chain.delivered.length === 3);
      expect(chain.delivered.flatMap(({ events }) => events)).toEqual([
        { type: 'input_posted', transactionHash: hash, bytes: posted },
      ]);
    });

    it('refuses to post nothing, or too much', async () => {
      expect(await chain.post(new Uint8Array(0))).toEqual({ type: 'refused', code: 'POSTED_INPUT_EMPTY' });
      const large = new Uint8Array(POSTED_INPUT_BYTES_MAX + 1);
      expect(await chain.post(large)).toEqual({ type: 'refused', code: 'POSTED_INPUT_TOO_LARGE' });
      expect((await chain.post(large.subarray(1))).type).toBe('accepted');
    });

    it('delivers a post anew after its block was taken back', async () => {
      const posted = Uint8Array.of(1);
      chain.follow(0);
      await chain.post(posted);
      await chain.makeBlock();
      await chain.until(() => chain.delivered.length === 2);
      await chain.setFault({ type: 'settlement_chain', kind: 'reorg', depth: 1 }, true);
      expect(await chain.askPosted(postedInputHash(posted))).toMatchObject({ standing: 'waiting' });
      await chain.makeBlock();
      await chain.until(() => chain.delivered.length === 3);
      const [before, after] = chain.delivered.slice(1);
      expect(after).toMatchObject({ height: 1, events: before?.events });
      expect(after?.hash).not.toBe(before?.hash);
    });

    it('has carried out a call whose answer was lost', async () => {
      await chain.setFault(callFault('lose_receipts'), true);
      expect(await chain.submit(bytes)).toEqual({ type: 'timed_out' });
      await chain.setFault(callFault('lose_receipts'), false);
      expect(await chain.ask(questionOf(bytes))).toEqual({ type: 'standing', standing: 'waiting' });
    });
  });
}
