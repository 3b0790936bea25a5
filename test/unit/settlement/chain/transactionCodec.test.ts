import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeSettlementTransaction,
  decodeSignedSettlementTransaction,
  encodeSettlementTransaction,
  FEE_PER_GAS_MAX,
  SETTLEMENT_TRANSACTION_BYTES_MAX,
  settlementSigningBytes,
  settlementTransactionHash,
  signAndEncodeSettlementTransaction,
  signSettlementTransaction,
} from '../../../../settlement/chain/transactionCodec.ts';
import type { SettlementTransaction } from '../../../../settlement/net/settlement.ts';
import { batchOf, chainOf, finalise, headerAt, settle, signerOf } from './fixtures.ts';

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

  it('takes hash and signing bytes from the bytes of whatever can be read', () => {
    const bytes = encodeSettlementTransaction(transaction);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = value;
        const plain = decodeSettlementTransaction(changed);
        expect(decodeSignedSettlementTransaction(changed)).toEqual(
          plain.ok
            ? {
                ok: true,
                value: {
                  transaction: plain.value,
                  hash: settlementTransactionHash(plain.value),
                  signingBytes: settlementSigningBytes(plain.value),
                },
              }
            : plain,
        );
      }),
    );
  });

  it('signs and encodes at once what it signs and encodes apart', () => {
    const signer = signerOf(transaction.proposer);
    expect(signAndEncodeSettlementTransaction(transaction, signer)).toEqual({
      bytes: encodeSettlementTransaction(signSettlementTransaction(transaction, signer)),
      hash: settlementTransactionHash(transaction),
    });
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
