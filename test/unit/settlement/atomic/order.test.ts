import { describe, expect, it } from 'vitest';
import { toHex } from '../../../../consensus/primitives/bytes.ts';
import type { Hash } from '../../../../consensus/primitives/flavor.ts';
import { batchRecordOf } from '../../../../settlement/atomic/batch.ts';
import { isOrderSettlement, type OrderTerms, orderIdOf } from '../../../../settlement/atomic/order.ts';
import { proofTaskOf, settlementStatement } from '../../../../settlement/atomic/statement.ts';
import type { SettlementRequest } from '../../../../settlement/atomic/types.ts';
import { AtomicChain, batchOf, buyer, chainId, request, seller, TNZO } from './atomicFixture.ts';
import { type Account, alice, carol } from './proofs/proofFixture.ts';

const holdings = { [alice.address]: { TNZO: 10n * TNZO }, [carol.address]: { TNZO: 10n * TNZO } };

function orderOf(payer: Account, reference: string, on: Hash = chainId): SettlementRequest {
  const terms: OrderTerms = { from: payer.address, to: seller, asset: 'TNZO', amount: TNZO, reference };
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
    const other = orderOf(alice, 'a', `0x${'55'.repeat(32)}`);
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
