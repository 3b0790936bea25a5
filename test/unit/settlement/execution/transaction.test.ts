import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signatureBytesOf } from '../../../../consensus/primitives/address.ts';
import { concatBytes, fromHex, toHex } from '../../../../consensus/primitives/bytes.ts';
import { createCrypto } from '../../../../consensus/primitives/cryptoPolicy.ts';
import { AMOUNT_MAX, type Hash } from '../../../../consensus/primitives/flavor.ts';
import { domains, hashBytes, hashPrefixed } from '../../../../consensus/primitives/hash.ts';
import { deriveSecretKey } from '../../../../consensus/primitives/keys.ts';
import { evmAddressOf } from '../../../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../../../consensus/primitives/secp256k1.ts';
import {
  cosigningBytes,
  type DecodedTransaction,
  decodeTransaction,
  encodeTransaction,
  signTransaction,
  signTransactionAsEvmAccount,
  type Transaction,
  transactionId,
  transactionSigningBytes,
  type UnsignedTransaction,
  verifyTransaction,
  withCosignatures,
} from '../../../../settlement/execution/transaction.ts';
import { cosignersOf, type TransactionBody } from '../../../../settlement/execution/transactionBody.ts';
import { judgementOf } from '../../../helpers/judgement.ts';

const crypto = createCrypto('full');
const signer = crypto.createSigner(deriveSecretKey(1, 'alice'));
const other = crypto.createSigner(deriveSecretKey(1, 'bob'));
const alice: string = signer.publicKey;
const chainId: Hash = `0x${'ab'.repeat(32)}`;
const chain = judgementOf(chainId);
const NATIVE_AUTH_BYTES = 66;

const hex = (byteCount: number) =>
  fc.uint8Array({ minLength: byteCount, maxLength: byteCount }).map((bytes) => toHex(bytes));
const address = fc.oneof(hex(32), hex(20));
const symbol = fc.string({
  minLength: 1,
  maxLength: 32,
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((charCode) => String.fromCharCode(charCode)),
});
const amount = fc.oneof(fc.constantFrom(0n, 1n, AMOUNT_MAX), fc.bigInt({ min: 0n, max: AMOUNT_MAX }));

const bodies: { readonly [Type in TransactionBody['type']]: fc.Arbitrary<TransactionBody> } = {
  transfer: fc.record({ type: fc.constant('transfer' as const), to: address, asset: symbol, amount }),
  deposit: fc.record({ type: fc.constant('deposit' as const), asset: symbol, amount }),
  withdraw: fc.record({ type: fc.constant('withdraw' as const), asset: symbol, amount }),
  borrow: fc.record({ type: fc.constant('borrow' as const), asset: symbol, amount }),
  repay: fc.record({ type: fc.constant('repay' as const), asset: symbol, amount }),
  liquidate: fc.record({
    type: fc.constant('liquidate' as const),
    borrower: address,
    debtAsset: symbol,
    amount,
    collateralAsset: symbol,
    exactCollateral: fc.option(amount, { nil: undefined }),
  }),
  price: fc.record({ type: fc.constant('price' as const), asset: symbol, price: amount }),
  unjail: fc.record({ type: fc.constant('unjail' as const), validator: fc.integer({ min: 0, max: 0xffff }) }),
  settle_now: fc.constant({ type: 'settle_now' as const }),
  set_batch_size: fc.record({
    type: fc.constant('set_batch_size' as const),
    batchSize: fc.integer({ min: 0, max: 0xffff_ffff }),
  }),
  atomic_batch: atomicBatchArbitrary(),
  escrow_open: fc.record({
    type: fc.constant('escrow_open' as const),
    escrowId: hex(32),
    asset: symbol,
    amount,
    parties: fc.uniqueArray(address, { maxLength: 4 }).map((parties) => parties.sort()),
    threshold: fc.integer({ min: 0, max: 255 }),
    expiresAtHeight: fc.maxSafeNat(),
  }),
  escrow_refund: fc.record({ type: fc.constant('escrow_refund' as const), escrowId: hex(32) }),
  channel_open: fc.record({
    type: fc.constant('channel_open' as const),
    channelId: hex(32),
    payee: address,
    asset: symbol,
    amount,
    expiresAtHeight: fc.maxSafeNat(),
  }),
  channel_close: fc.record({
    type: fc.constant('channel_close' as const),
    channelId: hex(32),
    amount,
    signers: fc.uniqueArray(address, { maxLength: 2 }).map((signers) => signers.sort()),
  }),
  channel_unilateral_close: fc.record({
    type: fc.constant('channel_unilateral_close' as const),
    channelId: hex(32),
    voucher: fc.option(voucherArbitrary(), { nil: undefined }),
  }),
  channel_dispute: fc.record({
    type: fc.constant('channel_dispute' as const),
    channelId: hex(32),
    voucher: voucherArbitrary(),
  }),
  channel_settle: fc.record({ type: fc.constant('channel_settle' as const), channelId: hex(32) }),
  treasury_propose: fc.record({
    type: fc.constant('treasury_propose' as const),
    withdrawalId: hex(32),
    asset: symbol,
    amount,
    to: address,
    expiresAtHeight: fc.maxSafeNat(),
  }),
  treasury_approve: fc.record({
    type: fc.constant('treasury_approve' as const),
    withdrawalId: hex(32),
    asset: symbol,
    amount,
    to: address,
  }),
  fee_propose: fc.record({
    type: fc.constant('fee_propose' as const),
    validator: fc.integer({ min: 0, max: 0xffff }),
    proposalId: hex(32),
    networkFeeBps: fc.integer({ min: 0, max: 0xffff }),
  }),
  fee_vote: fc.record({
    type: fc.constant('fee_vote' as const),
    validator: fc.integer({ min: 0, max: 0xffff }),
    proposalId: hex(32),
    networkFeeBps: fc.integer({ min: 0, max: 0xffff }),
    vote: fc.constantFrom('yes' as const, 'no' as const),
  }),
  cross_chain_send: fc.record({
    type: fc.constant('cross_chain_send' as const),
    transferId: hex(32),
    to: address,
    asset: symbol,
    amount,
    timeoutBlocks: fc.integer({ min: 0, max: 0xffff_ffff }),
  }),
};
const body = fc.oneof(...Object.values(bodies));

function voucherArbitrary() {
  return address.chain((payer) => {
    const byteCount = signatureBytesOf(payer);
    const signature = fc.uint8Array({ minLength: byteCount, maxLength: byteCount });
    return fc.record({ payer: fc.constant(payer), amount, nonce: fc.maxSafeNat(), signature });
  });
}

function atomicBatchArbitrary() {
  const request = fc.record({
    settlementId: hex(32),
    from: address,
    to: address,
    amount,
    asset: symbol,
    kind: fc.constantFrom('immediate' as const, 'escrow_release' as const, 'channel_close' as const),
    metadata: fc.string({ maxLength: 100, unit: 'grapheme' }),
    lastHeight: fc.option(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
  });
  const withoutMisplaced = request.map((one) =>
    one.kind === 'immediate' ? one : { ...one, lastHeight: undefined },
  );
  return fc.record({
    type: fc.constant('atomic_batch' as const),
    batch: fc.record({
      batchId: hex(32),
      expiresAtHeight: fc.maxSafeNat(),
      requests: fc.array(withoutMisplaced, { maxLength: 5 }),
    }),
    signers: fc.uniqueArray(address, { maxLength: 3 }).map((signers) => signers.sort()),
  });
}

function transactionWith(bodyArbitrary: fc.Arbitrary<TransactionBody>): fc.Arbitrary<Transaction> {
  return envelopeWith(bodyArbitrary).chain((transaction) => {
    const signers = cosignersOf(transaction.body);
    if (signers.length === 0) return fc.constant(transaction);
    const signatures = signers.map((signer) => {
      const byteCount = signatureBytesOf(signer);
      return fc.uint8Array({ minLength: byteCount, maxLength: byteCount });
    });
    return fc.tuple(...signatures).map((cosignatures) => ({ ...transaction, cosignatures }));
  });
}

function envelopeWith(bodyArbitrary: fc.Arbitrary<TransactionBody>): fc.Arbitrary<Transaction> {
  return fc.record({
    chainId: hex(32),
    from: address,
    nonce: fc.maxSafeNat(),
    expiresAtHeight: fc.maxSafeNat(),
    onlyAtHeight: fc.maxSafeNat(),
    body: bodyArbitrary,
    auth: fc.record({
      type: fc.constant('native' as const),
      scheme: fc.constant('ed25519' as const),
      signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
    }),
  });
}

const borrowing: UnsignedTransaction = {
  chainId,
  from: alice,
  nonce: 3,
  expiresAtHeight: 90,
  onlyAtHeight: 0,
  body: { type: 'borrow', asset: 'UM', amount: 1000n },
};

function decodeOk(bytes: Uint8Array): DecodedTransaction {
  const verdict = decodeTransaction(bytes);
  if (!verdict.ok) throw new Error(verdict.message);
  return verdict.value;
}

function replaceByte(bytes: Uint8Array, index: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[index] = value;
  return copy;
}

describe('transaction encoding', () => {
  it.each(Object.entries(bodies))('gives every %s back, with its id', (_, bodyArbitrary) => {
    fc.assert(
      fc.property(transactionWith(bodyArbitrary), (transaction) => {
        const decoded = decodeOk(encodeTransaction(transaction));
        expect(decoded.transaction).toEqual(transaction);
        expect(decoded.id).toBe(transactionId(transaction));
      }),
      { numRuns: 50 },
    );
  });

  it('is canonical: what decodes, encodes to the same bytes', () => {
    const mutation = fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) });
    let acceptedCount = 0;
    fc.assert(
      fc.property(transactionWith(body), fc.array(mutation, { maxLength: 2 }), (transaction, mutations) => {
        const bytes = encodeTransaction(transaction);
        for (const { at, value } of mutations) bytes[at % bytes.length] = value;
        const verdict = decodeTransaction(bytes);
        if (!verdict.ok) return;
        acceptedCount += 1;
        expect(encodeTransaction(verdict.value.transaction)).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
    expect(acceptedCount).toBeGreaterThan(0);
  });

  it('gives different ids to different transactions', () => {
    fc.assert(
      fc.property(transactionWith(body), transactionWith(body), (a, b) => {
        const isSame = toHex(transactionSigningBytes(a)) === toHex(transactionSigningBytes(b));
        expect(transactionId(a) === transactionId(b)).toBe(isSame);
      }),
    );
    const varied: UnsignedTransaction[] = [
      borrowing,
      { ...borrowing, chainId: `0x${'ac'.repeat(32)}` },
      { ...borrowing, from: other.publicKey as string },
      { ...borrowing, nonce: 4 },
      { ...borrowing, expiresAtHeight: 91 },
      { ...borrowing, onlyAtHeight: 1 },
      { ...borrowing, body: { type: 'repay', asset: 'UM', amount: 1000n } },
      { ...borrowing, body: { type: 'borrow', asset: 'UM', amount: 1001n } },
    ];
    expect(new Set(varied.map(transactionId)).size).toBe(varied.length);
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeTransaction(bytes)).toMatchObject({ ok: false, code: 'ENCODING_INVALID' });
      }),
    );
    const bytes = encodeTransaction(signTransaction(borrowing, signer));
    for (let byteCount = 0; byteCount < bytes.length; byteCount += 1) {
      expect(decodeTransaction(bytes.subarray(0, byteCount)).ok).toBe(false);
    }
    expect(decodeTransaction(concatBytes(bytes, new Uint8Array(1))).ok).toBe(false);
  });

  it('reads from the middle of a larger buffer', () => {
    const bytes = encodeTransaction(signTransaction(borrowing, signer));
    const framed = concatBytes(new Uint8Array(7), bytes, new Uint8Array(5));
    const decoded = decodeOk(framed.subarray(7, 7 + bytes.length));
    expect(decoded.id).toBe(transactionId(borrowing));
    expect(verifyTransaction(decoded, chain, crypto).ok).toBe(true);
  });

  const bytes = encodeTransaction(signTransaction(borrowing, signer));
  const authAt = bytes.length - NATIVE_AUTH_BYTES;
  const bodyAt = 1 + 32 + 33 + 24;
  it.each([
    ['an unknown authorisation', authAt, 2],
    ['no authorisation', authAt, 0],
    ['an unknown signature scheme', authAt + 1, 2],
    ['another domain', 0, domains.vote],
    ['an unknown body', bodyAt, 11],
    ['no body', bodyAt, 0],
    ['a sender of another length', 33, 33],
    ['a symbol of no characters', bodyAt + 1, 0],
    ['a symbol that is not printable', bodyAt + 2, 0x20],
    ['a symbol beyond ASCII', bodyAt + 2, 0x80],
  ])('refuses %s', (_, at, value) => {
    expect(decodeTransaction(replaceByte(bytes, at, value))).toMatchObject({ code: 'ENCODING_INVALID' });
  });

  it('writes no malformed address or symbol', () => {
    const auth = { type: 'native', scheme: 'ed25519', signature: new Uint8Array(64) } as const;
    const upperCase = { ...borrowing, from: `0x${'AB'.repeat(32)}`, auth };
    expect(() => encodeTransaction(upperCase)).toThrow('not an address');
    const blank: Transaction = { ...borrowing, body: { type: 'borrow', asset: 'U M', amount: 1n }, auth };
    expect(() => encodeTransaction(blank)).toThrow('not an asset symbol');
  });
});

describe('transactionSigningBytes', () => {
  it('are what the id hashes: the domain, then everything but the authorisation', () => {
    const signed = signTransaction(borrowing, signer);
    const signingBytes = encodeTransaction(signed).slice(0, -NATIVE_AUTH_BYTES);
    expect(signingBytes[0]).toBe(domains.transaction);
    expect(transactionSigningBytes(borrowing)).toEqual(signingBytes);
    expect(transactionId(borrowing)).toBe(hashBytes('transaction', signingBytes.slice(1)));
    expect(decodeOk(encodeTransaction(signed)).signingBytes).toEqual(signingBytes);
  });
});

describe('signTransaction', () => {
  it('signs for the key that sends', () => {
    const signed = signTransaction(borrowing, signer);
    expect(crypto.verify(signer.publicKey, transactionSigningBytes(borrowing), signed.auth.signature)).toBe(
      true,
    );
    expect(() => signTransaction(borrowing, other)).toThrow('does not sign for');
  });
});

describe('verifyTransaction', () => {
  it('accepts what the sender signed', () => {
    const decoded = decodeOk(encodeTransaction(signTransaction(borrowing, signer)));
    expect(verifyTransaction(decoded, chain, crypto)).toEqual({ ok: true, value: decoded });
  });

  it('gives one id to a transaction however often it is signed', () => {
    const signed = signTransaction(borrowing, signer);
    const forged: Transaction = { ...signed, auth: { ...signed.auth, signature: new Uint8Array(64) } };
    const decoded = decodeOk(encodeTransaction(forged));
    expect(decoded.id).toBe(decodeOk(encodeTransaction(signed)).id);
    expect(verifyTransaction(decoded, chain, crypto)).toMatchObject({
      code: 'TRANSACTION_SIGNATURE_INVALID',
      details: { address: alice },
    });
  });

  it('refuses another chain, whose signature would be good', () => {
    const decoded = decodeOk(encodeTransaction(signTransaction(borrowing, signer)));
    const elsewhere: Hash = `0x${'cd'.repeat(32)}`;
    expect(verifyTransaction(decoded, judgementOf(elsewhere), crypto)).toMatchObject({
      code: 'TRANSACTION_CHAIN_MISMATCH',
    });
  });

  it('refuses a sender that is no key', () => {
    const signed = signTransaction(borrowing, signer);
    const decoded = decodeOk(encodeTransaction({ ...signed, from: `0x${'11'.repeat(20)}` }));
    expect(verifyTransaction(decoded, chain, crypto)).toMatchObject({
      code: 'TRANSACTION_ADDRESS_INVALID',
    });
  });

  it('refuses a signature by somebody else', () => {
    const signed = signTransaction({ ...borrowing, from: other.publicKey as string }, other);
    const decoded = decodeOk(encodeTransaction({ ...signed, from: alice }));
    expect(verifyTransaction(decoded, chain, crypto)).toMatchObject({
      code: 'TRANSACTION_SIGNATURE_INVALID',
    });
  });

  it('lets no flipped bit pass', () => {
    const bytes = encodeTransaction(signTransaction(borrowing, signer));
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const at = bit >> 3;
      const verdict = decodeTransaction(replaceByte(bytes, at, (bytes[at] ?? 0) ^ (1 << (bit & 7))));
      if (verdict.ok) expect(verifyTransaction(verdict.value, chain, crypto).ok).toBe(false);
    }
  });
});

describe('those who sign beside the sender', () => {
  const evmKey = deriveSecretKey(1, 'carol');
  const carol = evmAddressOf(secp256k1.publicKeyOf(evmKey));
  const signers = [carol, other.publicKey as string].sort();
  const jointly = {
    type: 'atomic_batch',
    signers,
    batch: { batchId: `0x${'01'.repeat(32)}`, expiresAtHeight: 9, requests: [] },
  } as const satisfies TransactionBody;
  const unsigned: UnsignedTransaction = { ...borrowing, body: jointly };

  function cosign(body: TransactionBody, from = chainId): Uint8Array[] {
    const message = cosigningBytes(from, body);
    const digest = fromHex(hashPrefixed(message));
    return signers.map((one) => (one === carol ? secp256k1.sign(evmKey, digest) : other.sign(message)));
  }

  function signedWith(cosignatures: readonly Uint8Array[], changes: Partial<UnsignedTransaction> = {}) {
    const sender = { ...unsigned, ...changes };
    const { auth } = signTransaction({ ...sender, body: borrowing.body }, signer);
    // The sender signs its own bytes; only what stands beside differs.
    const signature = signer.sign(transactionSigningBytes(sender));
    return withCosignatures({ ...sender, auth: { ...auth, signature } }, cosignatures);
  }

  const verify = (transaction: Transaction) =>
    verifyTransaction(decodeOk(encodeTransaction(transaction)), chain, crypto);

  it('are believed with keys of both kinds, whoever carries what they signed', () => {
    expect(verify(signedWith(cosign(jointly)))).toMatchObject({ ok: true });
    expect(verify(signedWith(cosign(jointly), { nonce: 4, expiresAtHeight: 7 }))).toMatchObject({ ok: true });
  });

  it('signed this body, for this chain, each for itself', () => {
    const other = { ...jointly, batch: { ...jointly.batch, expiresAtHeight: 10 } };
    const [first, second] = cosign(jointly);
    const wrong = [
      [cosign(other), signers[0]],
      [cosign(jointly, `0x${'ac'.repeat(32)}`), signers[0]],
    ] as const;
    for (const [cosignatures, address] of wrong) {
      expect(verify(signedWith(cosignatures))).toMatchObject({
        code: 'TRANSACTION_COSIGNATURE_INVALID',
        details: { address },
      });
    }
    if (first === undefined || second === undefined) throw new RangeError('two signatures');
    const damaged = replaceByte(second, 3, (second[3] ?? 0) ^ 1);
    expect(verify(signedWith([first, damaged]))).toMatchObject({ details: { address: signers[1] } });
  });

  it('are not covered by the id', () => {
    const [one, two] = [signedWith(cosign(jointly)), signedWith(cosign(borrowing.body))];
    expect(decodeOk(encodeTransaction(one)).id).toBe(decodeOk(encodeTransaction(two)).id);
    expect(decodeOk(encodeTransaction(one)).id).toBe(transactionId(unsigned));
  });

  it('stand in one order, once each', () => {
    for (const order of [[...signers].reverse(), [signers[0] ?? '', signers[0] ?? '']]) {
      const transaction = { ...signedWith(cosign(jointly)), body: { ...jointly, signers: order } };
      const cosignatures = order.map((one) => new Uint8Array(signatureBytesOf(one)));
      expect(decodeTransaction(encodeTransaction({ ...transaction, cosignatures }))).toMatchObject({
        code: 'ENCODING_INVALID',
      });
    }
  });
});

describe('signTransactionAsEvmAccount', () => {
  const secretKey = deriveSecretKey(1, 'evm');
  const from = evmAddressOf(secp256k1.publicKeyOf(secretKey));
  const signed = signTransactionAsEvmAccount({ ...borrowing, from }, secretKey);
  const bytes = encodeTransaction(signed);

  it('makes what its address is believed for, under every crypto policy', () => {
    const decoded = decodeOk(bytes);
    expect(decoded.transaction).toEqual(signed);
    expect(decoded.id).toBe(transactionId(signed));
    for (const policy of ['full', 'cached', 'modelled'] as const) {
      expect(verifyTransaction(decoded, chain, createCrypto(policy)).ok).toBe(true);
    }
  });

  it('lets no flipped bit pass', () => {
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const decoded = decodeTransaction(damaged);
      if (decoded.ok) expect(verifyTransaction(decoded.value, chain, crypto).ok).toBe(false);
    }
  });

  it.each([
    ['an ed25519 signature for an EVM address', { ...signTransaction(borrowing, signer), from }],
    ['a secp256k1 signature for an ed25519 key', { ...signed, from: alice }],
  ])('refuses %s', (_what, transaction) => {
    expect(verifyTransaction(decodeOk(encodeTransaction(transaction)), chain, crypto)).toMatchObject({
      code: 'TRANSACTION_ADDRESS_INVALID',
    });
  });

  it('refuses what another account signed', () => {
    const stranger: Transaction = { ...signed, from: `0x${'11'.repeat(20)}` };
    expect(verifyTransaction(decodeOk(encodeTransaction(stranger)), chain, crypto)).toMatchObject({
      code: 'TRANSACTION_SIGNATURE_INVALID',
    });
  });
});
