/** What a sender may do to the mempool who never sends the transaction that the others wait for. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MEMPOOL_BYTES_MAX,
  MEMPOOL_SENDER_WAITING_MAX,
  MEMPOOL_TRANSACTIONS_MAX,
  MEMPOOL_WAITING_MAX,
  Mempool,
  type PreparedTransaction,
} from '../../../../node/core/mempool.ts';
import { hashOf } from '../../../helpers/signatory.ts';

/** What the pool looks at; it never sees signatures. */
function transaction(
  from: string,
  nonce: number,
  wish: {
    readonly onlyAtHeight?: number;
    readonly expiresAtHeight?: number;
    readonly byteCount?: number;
  } = {},
): PreparedTransaction {
  const { onlyAtHeight = 0, expiresAtHeight = 0, byteCount = 0 } = wish;
  const id = `${from}/${nonce}/${onlyAtHeight}`;
  const body = { type: 'transfer', to: hashOf('11'), asset: 'UM', amount: 1n };
  const fields = { chainId: 'x', from, nonce, expiresAtHeight, onlyAtHeight, body, auth: new Uint8Array() };
  // Only the length is looked at.
  return { id, bytes: { length: byteCount }, transaction: fields } as unknown as PreparedTransaction;
}

const start = { height: 0, nonce: 0 };

function offered(pool: Mempool, height = 1): string[] {
  const ids: string[] = [];
  const include = ({ id }: PreparedTransaction) => {
    ids.push(id);
    return 'included' as const;
  };
  pool.offer(height, include, () => true);
  return ids;
}

/** As many senders as fill the share of those that wait, each with a gap at its very first nonce. */
function fillWithGaps(pool: Mempool): number {
  let added = 0;
  for (let sender = 0; sender < 5; sender += 1) {
    for (let nonce = 1; nonce <= MEMPOOL_SENDER_WAITING_MAX; nonce += 1) {
      if (pool.add(transaction(`gapped-${sender}`, nonce), start, start).ok) added += 1;
    }
  }
  return added;
}

describe('bytes of a mempool', () => {
  const byteCount = 1024 * 1024;
  const fill = (pool: Mempool, from: string, firstNonce: number): number => {
    for (let count = 0; ; count += 1) {
      if (!pool.add(transaction(from, firstNonce + count, { byteCount }), start, start).ok) return count;
    }
  };

  it('are a quarter for one sender, and all of them for all', () => {
    const pool = new Mempool();
    const counts = ['a', 'b', 'c', 'd', 'e'].map((sender) => fill(pool, sender, 0));
    expect(counts).toEqual([16, 16, 16, 16, 0]);
    expect(counts.length * byteCount).toBeLessThan(MEMPOOL_BYTES_MAX);
    expect(pool.add(transaction('a', 16, { byteCount }), start, start)).toMatchObject({
      code: 'MEMPOOL_SENDER_FULL',
    });
    expect(pool.add(transaction('e', 0, { byteCount }), start, start)).toMatchObject({
      code: 'MEMPOOL_FULL',
    });
  });

  it('come back when transactions leave', () => {
    const pool = new Mempool();
    for (const sender of ['a', 'b', 'c', 'd']) fill(pool, sender, 0);
    pool.settle([transaction('a', 0), transaction('a', 1)], 1);
    expect(fill(pool, 'a', 16)).toBe(2);
    const late = new Mempool();
    late.add(transaction('a', 0, { byteCount, expiresAtHeight: 3 }), start, start);
    late.settle([], 3);
    expect(fill(late, 'a', 0)).toBe(16);
  });

  it('are half of them for those behind a gap, who give way to those whose turn has come', () => {
    const pool = new Mempool();
    const waiting = Array.from({ length: 40 }, (_, sender) => `gapped-${sender}`);
    const isIn = waiting.map((sender) => pool.add(transaction(sender, 1, { byteCount }), start, start).ok);
    expect(isIn.filter((isOk) => isOk)).toHaveLength(32);
    expect(['a', 'b', 'c', 'd'].map((sender) => fill(pool, sender, 0))).toEqual([16, 16, 16, 16]);
    expect(pool.count).toBe(64);
    expect(pool.find('gapped-0', 1)).toBeUndefined();
  });
});

describe('a mempool under attack', () => {
  it('keeps nobody out for one sender with 100,000 transactions behind a gap', () => {
    const pool = new Mempool();
    let refused = 0;
    for (let nonce = 1; nonce <= 100_000; nonce += 1) {
      if (!pool.add(transaction('mallory', nonce), start, start).ok) refused += 1;
    }
    expect(pool.count).toBe(MEMPOOL_SENDER_WAITING_MAX);
    expect(refused).toBe(100_000 - MEMPOOL_SENDER_WAITING_MAX);
    expect(pool.add(transaction('alice', 0), start, start).ok).toBe(true);
    expect(pool.add(transaction('alice', 3), start, start).ok).toBe(true);
    // Its own turn is not lost either: with the missing one, all are ready.
    expect(pool.add(transaction('mallory', 0), start, start).ok).toBe(true);
    expect(pool.add(transaction('mallory', MEMPOOL_SENDER_WAITING_MAX + 1), start, start).ok).toBe(true);
  });

  it.each([
    ['a gap', {}],
    ['a far height', { onlyAtHeight: 1_000_000 }],
    ['a late end', { expiresAtHeight: 1_000_000_000 }],
  ])('lets whoever is next in, however many senders wait behind %s', (_, heights) => {
    const pool = new Mempool();
    for (let sender = 0; sender < 7; sender += 1) {
      const first = 'onlyAtHeight' in heights ? 0 : 1;
      for (let nonce = first; nonce <= MEMPOOL_SENDER_WAITING_MAX; nonce += 1) {
        pool.add(transaction(`gapped-${sender}`, nonce, nonce === first ? heights : {}), start, start);
      }
    }
    expect(pool.count).toBe(MEMPOOL_WAITING_MAX);
    let refused = 0;
    for (const sender of ['alice', 'bob', 'carol']) {
      for (let nonce = 0; nonce < 10_000; nonce += 1) {
        if (!pool.add(transaction(sender, nonce), start, start).ok) refused += 1;
      }
    }
    expect(refused).toBe(0);
    expect(pool.count).toBe(MEMPOOL_TRANSACTIONS_MAX);
    const ids = offered(pool);
    expect(ids.filter((id) => !id.startsWith('gapped'))).toHaveLength(30_000);
  });

  it('sends away who lies furthest behind for one that lies less far, and never what it must keep', () => {
    const pool = new Mempool();
    fillWithGaps(pool);
    expect(pool.count).toBe(MEMPOOL_WAITING_MAX);
    const furthest = `gapped-0/${MEMPOOL_SENDER_WAITING_MAX}/0`;
    expect(pool.keep(furthest as never)).toBe(true);
    expect(pool.add(transaction('alice', 7), start, start).ok).toBe(true);
    expect(pool.count).toBe(MEMPOOL_WAITING_MAX);
    expect(pool.get(furthest as never)).toBeDefined();
    expect(pool.get(`gapped-1/${MEMPOOL_SENDER_WAITING_MAX}/0` as never)).toBeUndefined();
    expect(pool.add(transaction('alice', 9_999), start, start)).toMatchObject({
      ok: false,
      code: 'MEMPOOL_FULL',
    });
  });
});

describe('whose turn has come', () => {
  const fillers = Array.from({ length: MEMPOOL_TRANSACTIONS_MAX - 4 }, (__, index) =>
    transaction(`ready-${Math.floor(index / 10_000)}`, index % 10_000),
  );
  type Step = readonly ['add' | 'final' | 'expire', number];
  const step: fc.Arbitrary<Step> = fc.tuple(
    fc.constantFrom('add' as const, 'add' as const, 'add' as const, 'final' as const, 'expire' as const),
    fc.nat(12),
  );

  it('is the run from the next nonce on, in whatever order they come, are final, or expire', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pool = new Mempool();
        const filler = fullOfReady(pool);
        let height = 0;
        let next = 0;
        const present = new Set<number>();
        for (const [kind, number] of steps) {
          const nonce = next + number;
          if (kind === 'add') {
            const isReady = Array.from({ length: number }, (_, below) => next + below).every((each) =>
              present.has(each),
            );
            const expiresAtHeight = 1000 + nonce;
            const added = pool.add(
              transaction('alice', nonce, { expiresAtHeight }),
              { height: 0 },
              { nonce: next },
            );
            // The pool is full but for one place: who is ready gets that of one that waits, if there is any.
            if (present.has(nonce)) expect(added).toMatchObject({ code: 'MEMPOOL_DUPLICATE' });
            else if (added.ok) present.add(nonce);
            else expect([added.code, isReady && hasGap(present, next)]).toEqual(['MEMPOOL_FULL', false]);
            for (const each of present) {
              if (pool.find('alice' as never, each) === undefined) present.delete(each);
            }
          } else if (kind === 'final') {
            height += 1;
            pool.settle([transaction('alice', next)], height);
            present.delete(next);
            next += 1;
          } else {
            pool.settle([], 1000 + nonce);
            present.delete(nonce);
          }
          expect(pool.count).toBe(filler + present.size);
        }
      }),
      { numRuns: 20 },
    );
  });

  function hasGap(present: ReadonlySet<number>, next: number): boolean {
    let run = next;
    while (present.has(run)) run += 1;
    return [...present].some((nonce) => nonce > run);
  }

  /** All places but four taken by transactions that are ready. */
  function fullOfReady(pool: Mempool): number {
    for (const ready of fillers) pool.add(ready, start, start);
    return fillers.length;
  }
});
