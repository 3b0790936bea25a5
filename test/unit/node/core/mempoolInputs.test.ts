/** Signed inputs in the mempool: they have no nonce, places of their own, and their turn like all others. */
import { describe, expect, it } from 'vitest';
import {
  MEMPOOL_ACCOUNT_INPUT_BYTES_MAX,
  MEMPOOL_ACCOUNT_INPUTS_MAX,
  MEMPOOL_INPUT_BYTES_MAX,
  MEMPOOL_INPUTS_MAX,
} from '../../../../node/core/inputRoom.ts';
import {
  MEMPOOL_SENDER_TRANSACTIONS_MAX,
  MEMPOOL_TRANSACTIONS_MAX,
  Mempool,
  type PreparedTransaction,
} from '../../../../node/core/mempool.ts';
import { hashOf } from '../../../helpers/signatory.ts';

const body = { type: 'transfer', to: hashOf('11'), asset: 'UM', amount: 1n };

/** What the pool looks at; it never sees signatures. */
function prepared(from: string, number: number, auth: string, byteCount = 0): PreparedTransaction {
  const nonce = auth === 'input' ? 0 : number;
  const fields = {
    chainId: 'x',
    from,
    nonce,
    expiresAtHeight: 0,
    onlyAtHeight: 0,
    body,
    auth: { type: auth },
  };
  const id = `${auth}/${from}/${number}`;
  return { id, bytes: { length: byteCount }, transaction: fields } as unknown as PreparedTransaction;
}

const plain = (from: string, nonce: number): PreparedTransaction => prepared(from, nonce, 'native');
const input = (from: string, number: number, byteCount = 0): PreparedTransaction =>
  prepared(from, number, 'input', byteCount);
const start = { height: 0, nonce: 0 };

function add(pool: Mempool, one: PreparedTransaction, lastMs = 1000) {
  const requestId = `request of ${one.id}`;
  return pool.addInput(one, { requestId, firstMs: 0, lastMs });
}

function offered(
  pool: Mempool,
  include: (one: PreparedTransaction) => 'included' | 'later' = () => 'included',
) {
  const ids: string[] = [];
  pool.offer(
    1,
    (one) => {
      const inclusion = include(one);
      if (inclusion === 'included') ids.push(one.id);
      return inclusion;
    },
    () => true,
  );
  return ids;
}

describe('inputs in a mempool', () => {
  it('come in their turn among the others, and neither follow a nonce nor hold one up', () => {
    const pool = new Mempool();
    add(pool, input('alice', 1));
    pool.add(plain('alice', 1), start, start);
    add(pool, input('alice', 2));
    pool.add(plain('alice', 0), start, start);
    add(pool, input('bob', 1));
    let nonce = 0;
    const include = ({ transaction }: PreparedTransaction) => {
      if (transaction.auth.type === 'input') return 'included';
      if (transaction.nonce !== nonce) return 'later';
      nonce += 1;
      return 'included';
    };
    const order = ['input/alice/1', 'input/alice/2', 'native/alice/0', 'native/alice/1', 'input/bob/1'];
    expect(offered(pool, include)).toEqual(order);
    expect(pool.isReady(input('bob', 1))).toBe(true);
    expect(pool.isReady(input('bob', 2))).toBe(false);
  });

  it('are there once, whoever brings them', () => {
    const pool = new Mempool();
    expect(add(pool, input('alice', 1))).toMatchObject({ ok: true });
    expect(add(pool, input('alice', 1))).toMatchObject({ ok: false, code: 'MEMPOOL_DUPLICATE' });
    expect(pool.count).toBe(1);
  });

  it('take no place from the others, nor the others from them', () => {
    const pool = new Mempool();
    const accounts = MEMPOOL_INPUTS_MAX / MEMPOOL_ACCOUNT_INPUTS_MAX;
    for (let account = 0; account < accounts; account += 1) {
      for (let number = 0; number < MEMPOOL_ACCOUNT_INPUTS_MAX; number += 1) {
        expect(add(pool, input(`user-${account}`, number)).ok).toBe(true);
      }
    }
    expect(add(pool, input('late', 0))).toMatchObject({ ok: false, code: 'MEMPOOL_FULL' });
    let refused = 0;
    for (let sender = 0; sender < MEMPOOL_TRANSACTIONS_MAX / MEMPOOL_SENDER_TRANSACTIONS_MAX; sender += 1) {
      for (let nonce = 0; nonce < MEMPOOL_SENDER_TRANSACTIONS_MAX; nonce += 1) {
        if (!pool.add(plain(`sender-${sender}`, nonce), start, start).ok) refused += 1;
      }
    }
    expect(refused).toBe(0);
    expect(pool.count).toBe(MEMPOOL_TRANSACTIONS_MAX + MEMPOOL_INPUTS_MAX);
    expect(pool.add(plain('late', 0), start, start)).toMatchObject({ code: 'MEMPOOL_FULL' });
    pool.settle([input('user-3', 7)], 1);
    expect(add(pool, input('late', 0)).ok).toBe(true);
  });

  it('are a share of the room for one account, in count and in bytes', () => {
    const pool = new Mempool();
    for (let number = 0; number < MEMPOOL_ACCOUNT_INPUTS_MAX; number += 1)
      add(pool, input('mallory', number));
    expect(add(pool, input('mallory', -1))).toMatchObject({ ok: false, code: 'MEMPOOL_SENDER_FULL' });
    expect(add(pool, input('alice', 0)).ok).toBe(true);
    const byBytes = new Mempool();
    const half = MEMPOOL_ACCOUNT_INPUT_BYTES_MAX / 2;
    const isIn = [1, 2, 3].map((number) => add(byBytes, input('mallory', number, half)).ok);
    expect(isIn).toEqual([true, true, false]);
    for (let account = 1; account < MEMPOOL_INPUT_BYTES_MAX / MEMPOOL_ACCOUNT_INPUT_BYTES_MAX; account += 1) {
      for (const number of [1, 2]) expect(add(byBytes, input(`user-${account}`, number, half)).ok).toBe(true);
    }
    expect(add(byBytes, input('late', 1, 1))).toMatchObject({ ok: false, code: 'MEMPOOL_FULL' });
    byBytes.settle([input('mallory', 1)], 1);
    expect(add(byBytes, input('mallory', 3, half)).ok).toBe(true);
  });

  it('leave when a block holds them, when they are executed otherwise, and when no block may hold them any more', () => {
    const pool = new Mempool();
    for (const number of [1, 2, 3, 4, 5]) {
      expect(add(pool, input('alice', number), 1000 * number).ok).toBe(true);
      if (number !== 5) pool.keep(input('alice', number).id);
    }
    expect(pool.settle([input('alice', 4)], 1)).toEqual([{ id: 'input/alice/4', code: undefined }]);
    expect(pool.settleInputs(['input/alice/3', 'unknown'], 1999)).toEqual([
      { id: 'input/alice/3', code: undefined },
      { id: 'input/alice/1', code: 'INPUT_EXPIRED' },
    ]);
    expect(offered(pool)).toEqual(['input/alice/2', 'input/alice/5']);
    expect(pool.settleInputs([], 5000)).toEqual([{ id: 'input/alice/2', code: 'INPUT_EXPIRED' }]);
    expect(pool.count).toBe(0);
  });
});
