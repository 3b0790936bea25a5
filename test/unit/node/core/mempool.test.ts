import { describe, expect, it } from 'vitest';
import { Mempool, type PreparedTransaction } from '../../../../node/core/mempool.ts';
import { createGenesis } from '../../../../node/scenario/genesis.ts';
import { decodeTransaction } from '../../../../settlement/execution/transaction.ts';
import { scenarioOf } from '../../../helpers/runScenario.ts';
import { hashOf, Signatory } from '../../../helpers/signatory.ts';

const keys = new Signatory(
  createGenesis(
    scenarioOf(`
name: mempool
duration: 30s
timeline:
  - { at: { block: 1 }, account: alice, borrow: { asset: UM, amount: 10 } }
  - { at: { block: 1 }, account: bob, borrow: { asset: UM, amount: 10 } }
`),
  ),
);

interface Wish {
  readonly label?: string;
  readonly nonce?: number;
  readonly amount?: bigint;
  readonly expiresAtHeight?: number;
  readonly onlyAtHeight?: number;
}

function prepare({ label = 'alice', amount = 1n, ...changes }: Wish): PreparedTransaction {
  const body = { type: 'transfer', to: hashOf('11'), asset: 'UM', amount } as const;
  const bytes = keys.transaction(keys.account(label), body, changes);
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) throw new Error(decoded.message);
  return { ...decoded.value, bytes };
}

const start = { height: 0, nonce: 0 };

function poolOf(...wishes: readonly Wish[]) {
  const pool = new Mempool();
  const prepared = wishes.map(prepare);
  for (const one of prepared) expect(pool.add(one, start, start)).toMatchObject({ ok: true });
  return { pool, prepared };
}

function offered(pool: Mempool, height: number, anchoredMax = Number.POSITIVE_INFINITY): string[] {
  const ids: string[] = [];
  const include = ({ id }: PreparedTransaction) => {
    ids.push(id);
    return 'included' as const;
  };
  pool.offer(height, include, () => ids.length < anchoredMax);
  return ids;
}

describe('Mempool', () => {
  it.each([
    ['MEMPOOL_DUPLICATE', {}, start],
    ['MEMPOOL_NONCE_TAKEN', { amount: 2n }, start],
    ['TRANSACTION_EXPIRED', { nonce: 1, expiresAtHeight: 7 }, { height: 7, nonce: 0 }],
    ['TRANSACTION_EXPIRED', { nonce: 1, onlyAtHeight: 7 }, { height: 7, nonce: 0 }],
    ['LEDGER_NONCE_USED', { nonce: 1 }, { height: 0, nonce: 2 }],
    ['LEDGER_NONCE_AHEAD', { nonce: 10_000 }, start],
  ] as const)('refuses with %s', (code, wish, finalized) => {
    const { pool } = poolOf({});
    expect(pool.add(prepare(wish), finalized, finalized)).toMatchObject({ ok: false, code });
    expect(pool.count).toBe(1);
  });

  it('takes what may still stand in the next block', () => {
    const { pool } = poolOf({});
    expect(pool.add(prepare({ nonce: 1, expiresAtHeight: 8 }), { height: 7 }, { nonce: 0 }).ok).toBe(true);
    expect(pool.add(prepare({ nonce: 2, onlyAtHeight: 8 }), { height: 7 }, { nonce: 2 }).ok).toBe(true);
  });

  it('offers anchored ones first, at their height only, then by arrival', () => {
    const { pool, prepared } = poolOf({ label: 'bob' }, { nonce: 1 }, { onlyAtHeight: 3 });
    const [bob, loose, anchored] = prepared.map(({ id }) => id);
    expect(offered(pool, 3)).toEqual([anchored, bob, loose]);
    expect(offered(pool, 2)).toEqual([bob, loose]);
  });

  it('offers the anchored ones beyond their share behind all others', () => {
    const anchored = [0, 1, 2].map((nonce) => ({ label: 'bob', nonce, onlyAtHeight: 3 }));
    const { pool, prepared } = poolOf({}, ...anchored);
    const [loose, first, second, third] = prepared.map(({ id }) => id);
    expect(offered(pool, 3, 1)).toEqual([first, loose, second, third]);
  });

  it('offers one that came before its predecessor again once that is in', () => {
    const { pool, prepared } = poolOf({ nonce: 2 }, { nonce: 1 }, { nonce: 0 });
    let next = 0;
    const included: number[] = [];
    const include = ({ transaction }: PreparedTransaction) => {
      if (transaction.nonce !== next) return 'later' as const;
      next += 1;
      included.push(transaction.nonce);
      return 'included' as const;
    };
    pool.offer(1, include, () => true);
    expect(included).toEqual([0, 1, 2]);
    expect(prepared).toHaveLength(3);
  });

  it('offers nothing more once the block is full', () => {
    const { pool } = poolOf({}, { label: 'bob' });
    let offers = 0;
    const include = () => {
      offers += 1;
      return 'full' as const;
    };
    pool.offer(1, include, () => true);
    expect(offers).toBe(1);
  });

  it('lets go of what is final, of what shares its nonce, and of what has expired', () => {
    const { pool } = poolOf({}, { nonce: 1, expiresAtHeight: 4 }, { label: 'bob', onlyAtHeight: 5 });
    pool.settle([prepare({ amount: 9n })], 3);
    expect(pool.count).toBe(2);
    pool.settle([], 4);
    expect(pool.count).toBe(1);
    pool.settle([], 5);
    expect(pool.count).toBe(0);
  });
});
