import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../../consensus/primitives/bytes.ts';
import { decode, encode } from '../../../../consensus/primitives/codec.ts';
import type { Hash } from '../../../../consensus/primitives/flavor.ts';
import { batchRecordOf } from '../../../../settlement/atomic/batch.ts';
import { readSignedBatch, writeSignedBatch } from '../../../../settlement/atomic/codec.ts';
import { isOrderSettlement, type OrderTerms, orderIdOf } from '../../../../settlement/atomic/order.ts';
import { proofTaskOf, settlementStatement } from '../../../../settlement/atomic/statement.ts';
import { receiptsTable } from '../../../../settlement/atomic/tables.ts';
import type { SettlementRequest } from '../../../../settlement/atomic/types.ts';
import { AtomicChain, batchOf, buyer, chainId, request, seller, TNZO } from './atomicFixture.ts';
import { type Account, alice, carol } from './proofs/proofFixture.ts';

const holdings = { [alice.address]: { TNZO: 10n * TNZO }, [carol.address]: { TNZO: 10n * TNZO } };

function orderOf(
  payer: Account,
  reference: string,
  { on = chainId, lastHeight }: { readonly on?: Hash; readonly lastHeight?: number | undefined } = {},
): SettlementRequest {
  const parties = { from: payer.address, to: seller, asset: 'TNZO', amount: TNZO };
  const terms: OrderTerms = { ...parties, reference, lastHeight };
  const settlementId = orderIdOf(on, terms);
  const bytes =
    settlementId
      .slice(2)
      .match(/../g)
      ?.map((digits) => Number.parseInt(digits, 16)) ?? [];
  const proof = {
    kind: 'cryptographic',
    signer: payer.address,
    signature: payer.sign(Uint8Array.from(bytes)),
  } as const;
  return request({ ...terms, settlementId, metadata: reference, proof });
}

/** Carried by somebody who has nothing to do with it. */
function judge(chain: AtomicChain, requests: readonly SettlementRequest[]): string {
  const batch = batchOf(requests);
  const { result } = chain.execute(batch, { signers: [buyer] });
  const failure = batchRecordOf(chain.state, batch.batchId)?.failure;
  return failure === undefined ? result : `${failure.failedAt} ${failure.details.reason ?? failure.code}`;
}

describe('an order', () => {
  it('is paid in any batch, whoever carries it, with other orders or alone', () => {
    const chain = new AtomicChain(holdings);
    expect(judge(chain, [orderOf(alice, 'a'), orderOf(alice, 'b'), orderOf(carol, 'a')])).toBe('ok');
    expect(judge(chain, [orderOf(alice, 'c')])).toBe('ok');
    expect(chain.balance(alice.address)).toBe(7n * TNZO);
    expect(chain.balance(carol.address)).toBe(9n * TNZO);
  });

  it('is paid once on a chain, in however many batches it is', () => {
    const chain = new AtomicChain(holdings);
    expect(judge(chain, [orderOf(alice, 'a')])).toBe('ok');
    expect(judge(chain, [orderOf(alice, 'b'), orderOf(alice, 'a')])).toBe('1 SETTLEMENT_ALREADY_SETTLED');
    expect(chain.balance(alice.address)).toBe(9n * TNZO);
  });

  it.each([
    ['amount', { amount: 2n * TNZO }],
    ['payee', { to: buyer }],
    ['reference', { metadata: 'b' }],
    ['payer', { from: carol.address }],
    ['id', { settlementId: `0x${'77'.repeat(32)}` }],
  ] as const)('pays nothing when its %s is another', (_, changed) => {
    const chain = new AtomicChain(holdings);
    expect(judge(chain, [{ ...orderOf(alice, 'a'), ...changed }])).not.toBe('ok');
    expect(chain.balance(alice.address)).toBe(10n * TNZO);
  });

  it('pays nothing when its id is right for other terms, which its payer did not sign', () => {
    const chain = new AtomicChain(holdings);
    const { proof } = orderOf(alice, 'a');
    expect(judge(chain, [{ ...orderOf(alice, 'b'), proof }])).toBe('0 PROOF_SIGNATURE_INVALID');
  });

  it('is good on its own chain alone', () => {
    const other = orderOf(alice, 'a', { on: `0x${'55'.repeat(32)}` });
    expect(judge(new AtomicChain(holdings), [other])).toBe('0 PROOF_SIGNATURE_INVALID');
  });

  it('does not pay without a proof of its payer', () => {
    const { proof: _, ...bare } = orderOf(alice, 'a');
    expect(judge(new AtomicChain(holdings), [bare])).toMatch(/PROOF_VERIFICATION_FAILED|PROOF_PAYER_MISSING/);
  });

  it('is told from other settlements by its id alone, whose proofs stay bound to their batch', () => {
    const order = orderOf(alice, 'a');
    const batch = batchOf([order]);
    expect(toHex(proofTaskOf(chainId, batch, order)?.statement ?? new Uint8Array())).toBe(order.settlementId);
    const plain = { ...request({ metadata: 'a' }), proof: order.proof };
    expect(proofTaskOf(chainId, batch, plain)?.statement).toEqual(settlementStatement(chainId, batch, plain));
    expect(isOrderSettlement(chainId, { ...order, kind: 'escrow_release' })).toBe(false);
    expect(isOrderSettlement(chainId, { ...order, metadata: '' })).toBe(false);
    expect(isOrderSettlement(chainId, { ...order, metadata: 'x'.repeat(129) })).toBe(false);
  });
});

describe('orderIdOf', () => {
  const from = `0x${'a1'.repeat(32)}`;
  const to = `0x${'b2'.repeat(20)}`;
  const terms = { from, to, asset: 'UM', amount: 2n ** 64n + 7n, reference: 'Miete für Mai' };

  /** As docs/protocol.md has it, byte by byte. */
  function idFromDocument(lastHeight: string): Hash {
    const hash = createHash('sha256').update('26', 'hex').update(chainId.slice(2), 'hex');
    hash.update(`20${from.slice(2)}14${to.slice(2)}`, 'hex');
    hash.update('02', 'hex').update('UM').update('00000000000000010000000000000007', 'hex');
    const reference = Buffer.from('Miete für Mai');
    hash.update(reference.length.toString(16).padStart(4, '0'), 'hex').update(reference);
    return `0x${hash.update(lastHeight, 'hex').digest('hex')}`;
  }

  it('is the hash of what is documented, with 0 for no last height', () => {
    expect(orderIdOf(chainId, terms)).toBe(idFromDocument('0000000000000000'));
    expect(orderIdOf(chainId, { ...terms, lastHeight: 513 })).toBe(idFromDocument('0000000000000201'));
    const last = { ...terms, lastHeight: Number.MAX_SAFE_INTEGER };
    expect(orderIdOf(chainId, last)).toBe(idFromDocument('001fffffffffffff'));
  });
});

describe('the last height of an order', () => {
  const height = 10;

  it('lets it be paid up to that height and never above, under any carrier, alone or with others', () => {
    const carriers = [buyer, carol.address, alice.address];
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(2),
        fc.nat(3),
        fc.boolean(),
        (lastHeight, at, who, before, isProven) => {
          const chain = new AtomicChain(holdings);
          chain.height = at;
          const { proof, ...bare } = orderOf(alice, 'late', { lastHeight });
          const order = isProven ? { ...bare, proof } : bare;
          const others = Array.from({ length: before }, (_, index) => orderOf(alice, `other ${index}`));
          const carrier = carriers[isProven ? who : 2] ?? buyer;
          const batch = batchOf([...others, order], { expiresAtHeight: at + 5 });
          const { result } = chain.execute(batch, { signers: [carrier] });
          const isInTime = at <= lastHeight;
          expect(result).toBe(isInTime ? 'ok' : 'ORDER_EXPIRED');
          expect(chain.state.get(receiptsTable, order.settlementId) !== undefined).toBe(isInTime);
          const paid = isInTime ? BigInt(before + 1) : 0n;
          expect(chain.balance(alice.address)).toBe(10n * TNZO - paid * TNZO);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is told of the first order that is late, by its place, and stands in the record of the batch', () => {
    const chain = new AtomicChain(holdings);
    const late = orderOf(alice, 'late', { lastHeight: height - 1 });
    const batch = batchOf([orderOf(alice, 'a'), orderOf(alice, 'b', { lastHeight: height }), late]);
    expect(chain.execute(batch, { signers: [buyer] }).result).toBe('ORDER_EXPIRED');
    const { settlementId } = late;
    expect(batchRecordOf(chain.state, batch.batchId)?.failure).toEqual({
      code: 'ORDER_EXPIRED',
      failedAt: 2,
      completed: 0,
      details: { settlementId, lastHeight: String(height - 1), height: String(height) },
    });
  });

  it('is signed: whoever carries the order can neither move it nor leave it out', () => {
    const late = orderOf(alice, 'late', { lastHeight: height - 1 });
    const { lastHeight: _, ...without } = late;
    const chain = new AtomicChain(holdings);
    expect(judge(chain, [{ ...late, lastHeight: height + 1 }])).toBe('0 ORDER_ID_OTHER');
    expect(judge(chain, [without])).toBe('0 PROOF_SIGNATURE_INVALID');
    expect(judge(chain, [{ ...orderOf(alice, 'open'), lastHeight: height + 1 }])).toBe('0 ORDER_ID_OTHER');
    expect(chain.balance(alice.address)).toBe(10n * TNZO);
  });

  it('belongs to an order alone: in any other payment nobody would have signed it', () => {
    const chain = new AtomicChain({ [buyer]: { TNZO: 10n * TNZO } });
    const plain = request({ lastHeight: height + 1, metadata: 'rent' });
    const batch = batchOf([request(), plain]);
    expect(chain.execute(batch).result).toBe('ORDER_ID_OTHER');
    expect(batchRecordOf(chain.state, batch.batchId)?.failure).toMatchObject({ failedAt: 1, completed: 0 });
    expect(chain.balance(buyer)).toBe(10n * TNZO);
  });

  it('is a tag of its own in the bytes of a request; without it they are what they were', () => {
    const bytesOf = (one: SettlementRequest): Uint8Array =>
      encode((writer) =>
        writeSignedBatch(writer, { type: 'atomic_batch', batch: batchOf([one]), signers: [] }),
      );
    const order = request({ lastHeight: 258 });
    const { lastHeight: _, ...without } = order;
    const [long, short] = [bytesOf(order), bytesOf(without)];
    // Behind batch id, last height of the batch, count and settlement id.
    const tagAt = 32 + 8 + 4 + 32;
    expect(toHex(long.subarray(tagAt, tagAt + 9))).toBe('0x040000000000000102');
    expect(toHex(short.subarray(tagAt, tagAt + 1))).toBe('0x01');
    expect(toHex(long.subarray(tagAt + 9))).toBe(toHex(short.subarray(tagAt + 1)));
    expect(decode(long, readSignedBatch)).toMatchObject({ value: { batch: { requests: [order] } } });
    const zero = Uint8Array.from(long);
    zero.fill(0, tagAt + 1, tagAt + 9);
    expect(decode(zero, readSignedBatch)).toMatchObject({ ok: false });
    expect(() => bytesOf({ ...order, kind: 'escrow_release' })).toThrow('only an immediate settlement');
    expect(() => bytesOf({ ...order, lastHeight: 0 })).toThrow('only an immediate settlement');
  });
});
