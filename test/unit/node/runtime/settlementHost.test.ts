import { afterEach, describe, expect, it } from 'vitest';
import { SettlementHost, type SettlementHostDependencies } from '../../../../node/runtime/settlementHost.ts';
import type { SettlementChainFault } from '../../../../node/scenario/types.ts';
import {
  decodeSettlementTransaction,
  settlementTransactionHash,
} from '../../../../settlement/chain/transactionCodec.ts';
import { postedInputHash } from '../../../../settlement/net/postedInput.ts';
import { ManualClock } from '../../../helpers/manualClock.ts';
import { MemoryStore } from '../../../helpers/memoryStore.ts';
import { actionsOf, batchOf, bytesOf, createChain, createWatch } from '../../settlement/chain/fixtures.ts';

const BLOCK_TIME_MS = 5000;
let open: SettlementHost[] = [];

afterEach(async () => {
  for (const host of open) await host.stop();
  open = [];
});

async function openHost(
  overrides: Partial<SettlementHostDependencies> = {},
): Promise<{ readonly host: SettlementHost; readonly clock: ManualClock; readonly store: MemoryStore }> {
  const clock = (overrides.clock as ManualClock | undefined) ?? new ManualClock(0);
  const store = (overrides.store as MemoryStore | undefined) ?? new MemoryStore();
  const host = await SettlementHost.open(
    { blockTimeMs: BLOCK_TIME_MS },
    {
      chain: createChain({ reorgDepthMax: 8 }),
      doubleSettlements: createWatch(),
      indexOf: (name) => (name === 'node-1' ? 1 : undefined),
      onFailure: (error) => {
        throw error;
      },
      random: () => 0,
      ...overrides,
      clock,
      store,
    },
  );
  open.push(host);
  return { host, clock, store };
}

const fault = (kind: string, more: object = {}): SettlementChainFault =>
  ({ type: 'settlement_chain', kind, ...more }) as SettlementChainFault;

function questionOf(bytes: Uint8Array) {
  const decoded = decodeSettlementTransaction(bytes);
  if (!decoded.ok) throw new Error(decoded.message);
  const { proposer, seq, attempt } = decoded.value;
  return { proposer, seq, attempt, hash: settlementTransactionHash(decoded.value) };
}

describe('SettlementHost', () => {
  it('makes a block every interval, with the instant it was due', async () => {
    const { host, clock } = await openHost();
    clock.moveTo(4999);
    expect(host.chain.head.height).toBe(0);
    clock.moveTo(15_000);
    expect(host.chain.head.height).toBe(3);
    expect(host.blockAt(2)?.timestampMs).toBe(10_000);
  });

  it('does not make up for blocks that were due while nobody could make them', async () => {
    const { host, clock } = await openHost();
    clock.moveTo(5000);
    await host.setFault(fault('stall'), true);
    clock.moveTo(31_000);
    expect(host.chain.head.height).toBe(1);
    await host.setFault(fault('stall'), false);
    clock.moveTo(36_000);
    expect(host.chain.head).toMatchObject({ height: 2, timestampMs: 36_000 });
  });

  it('settles what came before the block was due, and says where a transaction is', async () => {
    const { host, clock } = await openHost();
    const bytes = bytesOf(batchOf(1));
    clock.moveTo(4000);
    expect(await host.ask(questionOf(bytes))).toEqual({ type: 'standing', standing: 'unknown' });
    expect(await host.submit(bytes)).toEqual({ type: 'accepted' });
    expect(await host.submit(bytes)).toEqual({ type: 'accepted' });
    expect(await host.ask(questionOf(bytes))).toEqual({ type: 'standing', standing: 'waiting' });
    clock.moveTo(5000);
    expect(host.chain.lastSettledSeq).toBe(1);
    expect(await host.ask(questionOf(bytes))).toEqual({ type: 'standing', standing: 'settled' });
    expect(await host.submit(bytes)).toEqual({ type: 'refused', code: 'NET_BATCH_ALREADY_SETTLED' });
    expect(await host.submit(Uint8Array.of(1))).toEqual({ type: 'refused', code: 'ENCODING_INVALID' });
  });

  it('goes on from its log: the same blocks, and what waited still waits', async () => {
    const first = await openHost();
    await first.host.setFault(fault('slippage', { asset: 'UM', bps: 50 }), true);
    await first.host.setFault(fault('base_fee', { factor: 2.5 }), true);
    await first.host.submit(bytesOf(batchOf(1)));
    first.clock.moveTo(10_000);
    await first.host.setFault(fault('reorg', { depth: 1 }), true);
    first.clock.moveTo(20_000);
    await first.host.setFault(fault('censor', { node: 'node-1' }), true);
    await first.host.setFault(fault('full'), true);
    await first.host.submit(bytesOf(batchOf(2), { proposer: 1 }));
    await first.host.stop();
    const again = await openHost({ store: first.store, clock: new ManualClock(21_000) });
    expect(again.host.chain.head).toEqual(first.host.chain.head);
    expect(again.host.chain.mempoolCount).toBe(1);
    expect(again.host.chain.lastSettledSeq).toBe(1);
    first.clock.moveTo(25_000);
    again.clock.moveTo(25_000);
    expect(again.host.chain.head.height).toBe(first.host.chain.head.height + 1);
  });

  it('after a long stop makes its next block one interval after its start', async () => {
    const first = await openHost();
    first.clock.moveTo(5000);
    await first.host.stop();
    const again = await openHost({ store: first.store, clock: new ManualClock(63_000) });
    again.clock.moveTo(67_999);
    expect(again.host.chain.head.height).toBe(1);
    again.clock.moveTo(68_000);
    expect(again.host.chain.head).toMatchObject({ height: 2, timestampMs: 68_000 });
  });

  it('refuses a log with a hole', async () => {
    const first = await openHost();
    first.clock.moveTo(10_000);
    await first.host.stop();
    await first.store.apply([{ key: 'operation/000000000000', value: undefined }], true);
    await expect(openHost({ store: first.store })).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('stops when its log cannot be written, and says so', async () => {
    const failures: unknown[] = [];
    const store = new MemoryStore();
    const { host, clock } = await openHost({ store, onFailure: (error) => failures.push(error) });
    const full = new Error('disk full');
    store.apply = () => Promise.reject(full);
    clock.moveTo(5000);
    await expect(host.submit(bytesOf(batchOf(1)))).rejects.toBe(full);
    expect(failures).toEqual([full]);
    expect(clock.callCount).toBe(0);
  });
});

describe('SettlementHost.blocksAfter', () => {
  const heights = (blocks: readonly { readonly height: number }[]): number[] =>
    blocks.map(({ height }) => height);

  it('gives what is lacking, from a height or after a known block', async () => {
    const { host, clock } = await openHost();
    clock.moveTo(15_000);
    expect(heights(await host.blocksAfter([], 0, 0))).toEqual([0, 1, 2, 3]);
    expect(heights(await host.blocksAfter([], 2, 0))).toEqual([2, 3]);
    const known = await host.blocksAfter([], 0, 0);
    expect(heights(await host.blocksAfter([...known].reverse(), 0, 0))).toEqual([]);
    expect(heights(await host.blocksAfter(known.slice(0, 2), 0, 0))).toEqual([1, 2, 3]);
  });

  it('waits for the next block', async () => {
    const { host, clock } = await openHost();
    const waiting = host.blocksAfter([], 1, 60_000);
    clock.moveTo(5000);
    expect(heights(await waiting)).toEqual([1]);
    const forNothing = host.blocksAfter([], 2, 60_000);
    await host.stop();
    expect(await forNothing).toEqual([]);
  });

  it('goes back to where a branch begins that took the place of known blocks', async () => {
    const { host, clock } = await openHost();
    clock.moveTo(15_000);
    const known = [...(await host.blocksAfter([], 0, 0))].reverse();
    await host.setFault(fault('reorg', { depth: 2 }), true);
    clock.moveTo(20_000);
    expect(heights(await host.blocksAfter(known, 0, 0))).toEqual([2]);
    expect(host.blockAt(2)?.hash).not.toBe(known[1]?.hash);
  });
});

describe('SettlementHost faults', () => {
  it('slow makes the interval longer, the largest factor counts', async () => {
    const { host, clock } = await openHost();
    await host.setFault(fault('slow', { factor: 2 }), true);
    await host.setFault(fault('slow', { factor: 3 }), true);
    clock.moveTo(14_999);
    expect(host.chain.head.height).toBe(0);
    clock.moveTo(15_000);
    expect(host.chain.head.height).toBe(1);
    await host.setFault(fault('slow', { factor: 3 }), false);
    clock.moveTo(25_000);
    expect(host.chain.head.height).toBe(2);
  });

  it('full, censored and late transfers end only when every one of them has ended', async () => {
    const { host, clock } = await openHost();
    await host.submit(bytesOf(batchOf(1), { proposer: 1 }));
    await host.setFault(fault('censor', { node: 'node-1' }), true);
    await host.setFault(fault('censor', { node: 'node-1' }), true);
    clock.moveTo(5000);
    await host.setFault(fault('censor', { node: 'node-1' }), false);
    clock.moveTo(10_000);
    expect(host.chain.lastSettledSeq).toBe(0);
    await host.setFault(fault('censor', { node: 'node-1' }), false);
    clock.moveTo(15_000);
    expect(host.chain.lastSettledSeq).toBe(1);
  });

  it.each([
    ['rpc_errors', 'failed'],
    ['rpc_timeouts', 'timed_out'],
    ['lose_receipts', 'timed_out'],
  ])('%s: the caller learns nothing (%s), the call may have been carried out', async (kind, type) => {
    const { host } = await openHost();
    await host.setFault(fault(kind, { probability: 1 }), true);
    const bytes = bytesOf(batchOf(1));
    expect(await host.submit(bytes)).toEqual({ type });
    expect(host.chain.mempoolCount).toBe(1);
    await host.setFault(fault(kind, { probability: 1 }), false);
    expect(await host.ask(questionOf(bytes))).toEqual({ type: 'standing', standing: 'waiting' });
  });

  it('a call that fails may not have been carried out either', async () => {
    const { host } = await openHost({ random: () => 0.9 });
    await host.setFault(fault('rpc_errors', { probability: 1 }), true);
    expect(await host.submit(bytesOf(batchOf(1)))).toEqual({ type: 'failed' });
    expect(host.chain.mempoolCount).toBe(0);
  });

  it('a call that comes twice counts once', async () => {
    const { host, clock } = await openHost();
    await host.setFault(fault('duplicate_delivery', { probability: 1 }), true);
    expect(await host.submit(bytesOf(batchOf(1)))).toEqual({ type: 'accepted' });
    clock.moveTo(5000);
    expect(host.chain.lastSettledSeq).toBe(1);
    expect(host.chain.head.events.filter(({ type }) => type === 'batch_settled')).toHaveLength(1);
  });
});

describe('SettlementHost deposits', () => {
  const deposit = {
    from: `0x${'aa'.repeat(20)}`,
    to: `0x${'bb'.repeat(32)}`,
    asset: 'UM',
    amount: 7n,
    timeoutBlocks: 9,
  };

  it('go into the next block, and again after a restart that comes before it', async () => {
    const { host, store } = await openHost();
    expect(await host.deposit(deposit)).toMatchObject({ ok: true });
    await host.stop();
    const again = await openHost({ store });
    again.clock.moveTo(5000);
    expect(again.host.chain.head.events).toMatchObject([
      { type: 'cross_chain_deposited', amount: 7n, deadlineHeight: 10 },
    ]);
    await again.host.stop();
    const { host: last } = await openHost({ store, clock: new ManualClock(6000) });
    expect(last.chain.head).toEqual(again.host.chain.head);
  });
});

describe('SettlementHost posts', () => {
  const bytes = Uint8Array.of(1, 2, 3);

  it('go into the next block, and again after a restart that comes before it, and are in the log once', async () => {
    const { host, store } = await openHost();
    expect(await host.post(bytes)).toMatchObject({ type: 'accepted' });
    const rowCount = (await store.rows()).length;
    expect(await host.post(bytes)).toMatchObject({ type: 'accepted' });
    expect(await store.rows()).toHaveLength(rowCount);
    await host.stop();
    const again = await openHost({ store });
    again.clock.moveTo(5000);
    expect(again.host.chain.head.events).toMatchObject([{ type: 'input_posted', bytes }]);
    await again.host.stop();
    const { host: last } = await openHost({ store, clock: new ManualClock(6000) });
    expect(last.chain.head).toEqual(again.host.chain.head);
    expect(last.chain.postStandingOf(postedInputHash(bytes)).standing).toBe('included');
  });

  it('fail as other calls do while a fault has them fail, and may have been taken all the same', async () => {
    const { host } = await openHost();
    const lose = { type: 'settlement_chain', kind: 'lose_receipts', probability: 1 } as const;
    await host.setFault(lose, true);
    expect(await host.post(bytes)).toEqual({ type: 'timed_out' });
    expect(await host.askPosted(postedInputHash(bytes))).toEqual({ type: 'timed_out' });
    await host.setFault(lose, false);
    expect(await host.askPosted(postedInputHash(bytes))).toMatchObject({ standing: 'waiting' });
  });
});

describe('SettlementHost conflicts', () => {
  const batch = batchOf(1);
  const first = bytesOf(batch);
  /** Of the same attempt, at another price, and too cheap to take the first one's place. */
  const second = bytesOf(batch, { actions: actionsOf(batch.net, 5n), feeCap: 999n, tip: 9n });

  it('waits for the next one, and not for blocks', async () => {
    const { host, clock } = await openHost();
    await host.submit(first);
    let found: unknown;
    const waiting = host.conflictsBeside([], 60_000).then((conflicts) => {
      found = conflicts;
    });
    clock.moveTo(5000);
    await host.blocksAfter([], 0, 0);
    expect(found).toBeUndefined();
    expect(await host.submit(second)).toMatchObject({ type: 'refused' });
    await waiting;
    expect(found).toEqual([{ proposer: 0, first, second }]);
    expect(await host.conflictsBeside([0], 0)).toEqual([]);
  });

  it('still knows what it showed after a restart, though the chain had refused it', async () => {
    const { host, store } = await openHost();
    for (const bytes of [first, second]) await host.submit(bytes);
    expect(await host.conflictsBeside([], 0)).toHaveLength(1);
    await host.stop();
    const again = await openHost({ store, clock: new ManualClock(1000) });
    expect(await again.host.conflictsBeside([], 0)).toEqual([{ proposer: 0, first, second }]);
    expect(again.host.chain.mempoolCount).toBe(1);
  });

  it('finds one whose first half came before a restart', async () => {
    const { host, store } = await openHost();
    await host.submit(first);
    await host.stop();
    const again = await openHost({ store, clock: new ManualClock(1000) });
    expect(await again.host.conflictsBeside([], 0)).toEqual([]);
    await again.host.submit(second);
    expect(await again.host.conflictsBeside([], 0)).toEqual([{ proposer: 0, first, second }]);
  });

  it('keeps one pair a proposer, however many attempts it spoils, and writes down no more', async () => {
    const { host, store } = await openHost();
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await host.submit(bytesOf(batch, { attempt }));
      await host.submit(bytesOf(batch, { attempt, actions: actionsOf(batch.net, 5n), feeCap: 9n, tip: 1n }));
    }
    expect(await host.conflictsBeside([], 0)).toHaveLength(1);
    const accepted = host.chain.mempoolCount;
    expect(await store.rows()).toHaveLength(accepted + 2);
  });

  it('leaves out those who are known, and lets go of who waits when it stops', async () => {
    const { host } = await openHost();
    for (let proposer = 0; proposer < 4; proposer += 1) {
      for (const amountInMax of [5n, 6n]) {
        await host.submit(bytesOf(batch, { proposer, actions: actionsOf(batch.net, amountInMax) }));
      }
    }
    const proposers = (await host.conflictsBeside([2], 0)).map(({ proposer }) => proposer);
    expect(proposers).toEqual([0, 1, 3]);
    const waiting = host.conflictsBeside([0, 1, 2, 3], 60_000);
    await host.stop();
    expect(await waiting).toEqual([]);
  });
});
