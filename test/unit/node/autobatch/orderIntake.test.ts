import { describe, expect, it } from 'vitest';
import { toHex } from '../../../../consensus/primitives/bytes.ts';
import { ed25519 } from '../../../../consensus/primitives/ed25519.ts';
import { deriveSecretKey } from '../../../../consensus/primitives/keys.ts';
import { evmAddressOf } from '../../../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../../../consensus/primitives/secp256k1.ts';
import { OrderIntake } from '../../../../node/autobatch/intake/orderIntake.ts';
import { readSignedOrder } from '../../../../node/autobatch/intake/readOrder.ts';
import type { SignedOrder, StoredOrder } from '../../../../node/autobatch/store/order.ts';
import type { Addition } from '../../../../node/autobatch/store/orderStore.ts';
import { orderIdOf, signOrder, signOrderAsEvmAccount } from '../../../../settlement/atomic/order.ts';

const chainId = `0x${'11'.repeat(32)}`;
const anna = deriveSecretKey('orders', 'anna');
const carol = deriveSecretKey('orders', 'carol');
const to = toHex(ed25519.publicKeyOf(deriveSecretKey('orders', 'bert')));
const from = toHex(ed25519.publicKeyOf(anna));
const terms = { from, to, asset: 'UM', amount: 25n, reference: 'rent 2026-11' };

const bodyOf = (changed: Readonly<Record<string, unknown>> = {}) => {
  const signature = toHex(signOrder(anna, orderIdOf(chainId, terms)));
  return { ...terms, amount: '25', signature, ...changed };
};

describe('readSignedOrder', () => {
  it('takes what its payer signed, as a key or as an EVM account', () => {
    const orderId = orderIdOf(chainId, terms);
    expect(readSignedOrder(chainId, bodyOf())).toMatchObject({ ok: true, value: { ...terms, orderId } });
    expect(readSignedOrder(chainId, bodyOf({ amount: 25 }))).toMatchObject({ ok: true });
    const evm = { ...terms, from: evmAddressOf(secp256k1.publicKeyOf(carol)) };
    const signature = toHex(signOrderAsEvmAccount(carol, orderIdOf(chainId, evm)));
    expect(readSignedOrder(chainId, { ...evm, amount: '25', signature })).toMatchObject({ ok: true });
  });

  it('takes a last height that its payer signed, and no other one', () => {
    const signed = (lastHeight: number) =>
      toHex(signOrder(anna, orderIdOf(chainId, { ...terms, lastHeight })));
    const body = bodyOf({ last_height: 900, signature: signed(900) });
    const orderId = orderIdOf(chainId, { ...terms, lastHeight: 900 });
    expect(readSignedOrder(chainId, body)).toMatchObject({ ok: true, value: { orderId, lastHeight: 900 } });
    const without = bodyOf({ signature: signed(900) });
    for (const other of [{ ...body, last_height: 901 }, without, bodyOf({ last_height: 900 })])
      expect(readSignedOrder(chainId, other)).toMatchObject({ code: 'ORDER_SIGNATURE_INVALID' });
  });

  it.each([
    ['another payee', { to: `0x${'22'.repeat(32)}` }],
    ['another amount', { amount: '26' }],
    ['another asset', { asset: 'USDC' }],
    ['another reference', { reference: 'rent 2026-12' }],
    ['another payer', { from: `0x${'33'.repeat(32)}` }],
    ['another signature', { signature: `0x${'44'.repeat(64)}` }],
  ])('refuses a signature for %s', (_, changed) => {
    expect(readSignedOrder(chainId, bodyOf(changed))).toMatchObject({ code: 'ORDER_SIGNATURE_INVALID' });
  });

  it('refuses a signature for another chain', () => {
    const other = `0x${'12'.repeat(32)}`;
    expect(readSignedOrder(other, bodyOf())).toMatchObject({ code: 'ORDER_SIGNATURE_INVALID' });
  });

  it.each([
    ['/from', { from: 'anna' }],
    ['/to', { to: undefined }],
    ['/to', { to: from }],
    ['/asset', { asset: '' }],
    ['/asset', { asset: 'A B' }],
    ['/amount', { amount: '0' }],
    ['/amount', { amount: '025' }],
    ['/amount', { amount: '1.5' }],
    ['/amount', { amount: 2 ** 53 }],
    ['/amount', { amount: String(2n ** 128n) }],
    ['/reference', { reference: '' }],
    ['/reference', { reference: 'é'.repeat(65) }],
    ['/reference', { reference: 'a\u0000b' }],
    ['/reference', { reference: 'half \ud800' }],
    ['/last_height', { last_height: 0 }],
    ['/last_height', { last_height: 1.5 }],
    ['/last_height', { last_height: '900' }],
    ['/last_height', { last_height: 2 ** 53 }],
    ['/last_height', { last_height: null }],
    ['/signature', { signature: '0x00' }],
    ['/note', { note: 'hi' }],
  ])('refuses what is wrong at %s: %j', (path, changed) => {
    const read = readSignedOrder(chainId, bodyOf(changed));
    expect(read).toMatchObject({ ok: false, code: 'ORDER_REQUEST_INVALID', details: { path } });
  });

  it('says what is wrong without a place where all of it is, and repeats no more of a key than shows which', () => {
    expect(readSignedOrder(chainId, [])).toMatchObject({
      message: expect.stringMatching(/^the order does not have the documented shape: send an object/),
    });
    const read = readSignedOrder(chainId, bodyOf({ ['k'.repeat(60_000)]: 1 }));
    expect(read.ok ? '' : read.message.length).toBeLessThan(200);
  });

  it.each([undefined, null, 'order', [], 7])('refuses %j', (body) => {
    expect(readSignedOrder(chainId, body)).toMatchObject({ code: 'ORDER_REQUEST_INVALID' });
  });
});

describe('OrderIntake', () => {
  const times = { sequence: 1, createdAtMs: 0, updatedAtMs: 0 };
  const nowhere = { batch: undefined, lastBatchId: undefined, releases: 0 };
  const stored = (order: SignedOrder): StoredOrder => {
    return { ...order, ...times, ...nowhere, status: 'Queued', outcome: 'pending' };
  };

  it('stores those that come together in one transaction, and gives each its own answer', async () => {
    const groups: number[] = [];
    const types: readonly Addition['type'][] = ['added', 'repeated', 'full'];
    const add = async (orders: readonly SignedOrder[], queuedMax: number) => {
      groups.push(orders.length);
      expect(queuedMax).toBe(2);
      return orders.map((order, index): Addition => {
        const type = types[index] ?? 'full';
        return type === 'full' ? { type, queued: 2 } : { type, order: stored(order) };
      });
    };
    const intake = new OrderIntake({ chainId, queuedMax: 2 }, { add });
    const bodies = [bodyOf(), bodyOf(), bodyOf(), bodyOf({ amount: '0' })];
    expect(await Promise.all(bodies.map((body) => intake.addOrder(body)))).toMatchObject([
      { ok: true, value: { isRepeat: false, order: { reference: terms.reference } } },
      { ok: true, value: { isRepeat: true } },
      { ok: false, code: 'ORDER_QUEUE_FULL', details: { queued: 2 } },
      { ok: false, code: 'ORDER_REQUEST_INVALID' },
    ]);
    expect(groups).toEqual([3]);
  });

  it('tells everybody of a group when the database fails, and goes on', async () => {
    let isDown = true;
    const add = async (orders: readonly SignedOrder[]) => {
      if (isDown) throw new Error('the database is down');
      return orders.map((order): Addition => ({ type: 'added', order: stored(order) }));
    };
    const intake = new OrderIntake({ chainId }, { add });
    const lost = await Promise.allSettled([intake.addOrder(bodyOf()), intake.addOrder(bodyOf())]);
    expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    isDown = false;
    expect(await intake.addOrder(bodyOf())).toMatchObject({ ok: true });
  });
});
