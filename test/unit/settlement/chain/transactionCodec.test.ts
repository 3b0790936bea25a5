import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeSettlementTransaction,
  encodeSettlementTransaction,
  FEE_PER_GAS_MAX,
  SETTLEMENT_TRANSACTION_BYTES_MAX,
  settlementSigningBytes,
  settlementTransactionHash,
} from '../../../../settlement/chain/transactionCodec.ts';
import type { SettlementTransaction } from '../../../../settlement/net/settlement.ts';
import { batchOf, chainOf, finalise, headerAt, settle } from './fixtures.ts';

const transaction = settle(
  batchOf(1, [
    { asset: 'UM', amount: 1700n },
    { asset: 'USDC', amount: 3n },
    { asset: 'WETH', amount: -12n },
  ]),
);

describe('settlement transaction codec', () => {
  it('gives back the transaction', () => {
    expect(decodeSettlementTransaction(encodeSettlementTransaction(transaction))).toEqual({
      ok: true,
      value: transaction,
    });
  });

  it('reads only what it would write', () => {
    const bytes = encodeSettlementTransaction(transaction);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = value;
        const decoded = decodeSettlementTransaction(changed);
        if (decoded.ok) expect(encodeSettlementTransaction(decoded.value)).toEqual(changed);
        else expect(decoded.code).toBe('ENCODING_INVALID');
      }),
    );
  });

  it('refuses actions out of order, fees out of range and too many bytes', () => {
    const ascending = encodeSettlementTransaction(
      settle({ ...batchOf(1), net: [] }, { actions: transaction.actions }),
    );
    const first = ascending.findIndex((byte, at) => byte === 0x55 && ascending[at + 1] === 0x4d);
    ascending[first] = 'Z'.charCodeAt(0);
    expect(decodeSettlementTransaction(ascending)).toMatchObject({ ok: false, code: 'ENCODING_INVALID' });
    const dear = encodeSettlementTransaction(settle(batchOf(1), { feeCap: FEE_PER_GAS_MAX + 1n }));
    expect(decodeSettlementTransaction(dear)).toMatchObject({ ok: false, code: 'ENCODING_INVALID' });
    const long = new Uint8Array(SETTLEMENT_TRANSACTION_BYTES_MAX + 1);
    expect(decodeSettlementTransaction(long)).toMatchObject({ ok: false, code: 'ENCODING_INVALID' });
  });
});

describe('settlementTransactionHash', () => {
  const header = headerAt(5);
  const variants: SettlementTransaction[] = [
    transaction,
    { ...transaction, seq: 2 },
    { ...transaction, actions: [] },
    { ...transaction, headers: chainOf(header, 1) },
    { ...transaction, proposer: 1 },
    { ...transaction, attempt: 2 },
    { ...transaction, feeCap: 1n },
    { ...transaction, tip: 0n },
    { ...transaction, chainId: header.parentHash },
  ];

  it('covers all but certificate and signature', () => {
    expect(new Set(variants.map(settlementTransactionHash)).size).toBe(variants.length);
    const resigned = {
      ...transaction,
      signature: new Uint8Array(64),
      certificate: finalise(header, [1, 2, 3]),
    };
    expect(settlementTransactionHash(resigned)).toBe(settlementTransactionHash(transaction));
  });

  it('is not what is signed: the signature binds the certificate too', () => {
    const other = { ...transaction, certificate: finalise(header, [1, 2, 3]) };
    expect(settlementSigningBytes(other)).not.toEqual(settlementSigningBytes(transaction));
  });
});
