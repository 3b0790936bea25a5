import { describe, expect, it } from 'vitest';
import { toHex } from '../../../../consensus/primitives/bytes.ts';
import { createCrypto } from '../../../../consensus/primitives/cryptoPolicy.ts';
import { ed25519 } from '../../../../consensus/primitives/ed25519.ts';
import type { SignedVoucher } from '../../../../settlement/atomic/channelTypes.ts';
import {
  findVoucherProblem,
  isVoucherSigned,
  signVoucher,
  signVoucherAsEvmAccount,
  VOUCHER_NONCE_MAX,
} from '../../../../settlement/atomic/voucher.ts';
import {
  decodeTransaction,
  signAndEncodeTransaction,
  verifyTransaction,
} from '../../../../settlement/execution/transaction.ts';
import { judgementOf } from '../../../helpers/judgement.ts';
import { idOf } from './atomicFixture.ts';

const place = { chainId: idOf(1), channelId: idOf(2) };
const secretKey = new Uint8Array(32).fill(7);
const said = { amount: 500n, nonce: 5 };
const schemes = [
  ['ed25519', signVoucher],
  ['secp256k1', signVoucherAsEvmAccount],
] as const;

describe.each(schemes)('vouchers signed with %s', (_, sign) => {
  const voucher = sign(secretKey, place, said);

  it('hold for their channel of their chain and for nothing else', () => {
    expect(isVoucherSigned(place, voucher)).toBe(true);
    const flipped = voucher.signature.slice();
    flipped[3] = (flipped[3] ?? 0) ^ 1;
    const changed: readonly (readonly [typeof place, Partial<SignedVoucher>])[] = [
      [{ ...place, chainId: idOf(9) }, {}],
      [{ ...place, channelId: idOf(9) }, {}],
      [place, { amount: 501n }],
      [place, { nonce: 6 }],
      [place, { payer: `0x${'11'.repeat(32)}` }],
      [place, { payer: `0x${'11'.repeat(20)}` }],
      [place, { signature: flipped }],
      [place, { signature: new Uint8Array(0) }],
      [place, { nonce: VOUCHER_NONCE_MAX + 1 }],
      [place, { amount: -1n }],
    ];
    for (const [where, fields] of changed) {
      expect(isVoucherSigned(where, { ...voucher, ...fields })).toBe(false);
    }
  });

  it('are no vouchers with a nonce that nobody can count', () => {
    for (const nonce of [0, -1, 1.5, VOUCHER_NONCE_MAX + 1]) {
      expect(() => sign(secretKey, place, { amount: 1n, nonce })).toThrow(
        expect.objectContaining({ code: 'CHANNEL_NONCE_INVALID' }),
      );
    }
  });

  it('are checked with the signatures of the transaction that shows them', () => {
    const crypto = createCrypto('full');
    const signer = crypto.createSigner(new Uint8Array(32).fill(8));
    const verdictOf = (channelId: string, shown: SignedVoucher): string => {
      const body = { type: 'channel_dispute', channelId, voucher: shown } as const;
      const from = signer.publicKey as string;
      const envelope = { chainId: place.chainId, from, nonce: 0, expiresAtHeight: 0, onlyAtHeight: 0 };
      const decoded = decodeTransaction(signAndEncodeTransaction({ ...envelope, body }, signer).bytes);
      if (!decoded.ok) return decoded.code;
      const verdict = verifyTransaction(decoded.value, judgementOf(place.chainId), crypto);
      return verdict.ok ? 'ok' : verdict.code;
    };
    expect(verdictOf(place.channelId, voucher)).toBe('ok');
    expect(verdictOf(idOf(9), voucher)).toBe('TRANSACTION_VOUCHER_INVALID');
    expect(verdictOf(place.channelId, { ...voucher, amount: 501n })).toBe('TRANSACTION_VOUCHER_INVALID');
    const foreign = sign(secretKey, { ...place, chainId: idOf(9) }, said);
    expect(verdictOf(place.channelId, foreign)).toBe('TRANSACTION_VOUCHER_INVALID');
  });
});

describe('findVoucherProblem', () => {
  const payer = toHex(ed25519.publicKeyOf(secretKey));
  const terms = { payer, deposit: 1000n };
  const problemOf = (fields: Partial<SignedVoucher>, best?: { amount: bigint; nonce: number }) =>
    findVoucherProblem(terms, { payer, ...said, ...fields }, best)?.code;

  it.each([
    [{}, undefined, undefined],
    [{ amount: 1000n }, undefined, undefined],
    [{ amount: 0n, nonce: 1 }, undefined, undefined],
    [{}, { amount: 499n, nonce: 4 }, undefined],
    [{}, { amount: 500n, nonce: 4 }, undefined],
    [{}, { amount: 499n, nonce: 9 }, undefined],
    [{}, { amount: 500n, nonce: 5 }, 'CHANNEL_VOUCHER_STALE'],
    [{}, { amount: 501n, nonce: 6 }, 'CHANNEL_VOUCHER_STALE'],
    [{}, { amount: 501n, nonce: 4 }, 'CHANNEL_AMOUNT_FALLS'],
    [{ amount: 1001n }, undefined, 'CHANNEL_AMOUNT_ABOVE_DEPOSIT'],
    [{ nonce: 0 }, undefined, 'CHANNEL_NONCE_INVALID'],
    [{ payer: idOf(3) as string }, undefined, 'CHANNEL_SIGNER_OTHER'],
  ] as const)('%o after %o: %s', (fields, best, code) => {
    expect(problemOf(fields, best)).toBe(code);
  });
});
