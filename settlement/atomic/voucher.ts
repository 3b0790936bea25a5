/**
 * Vouchers of micropayment channels: how a payer signs one, and what a payee checks before it counts as money. Nothing here
 * touches the chain; whoever pays or is paid through a channel uses the same functions as execution.
 */
import { isSignedByAccount, signAsEvmAccount } from '../../consensus/primitives/accountSignature.ts';
import { toHex } from '../../consensus/primitives/bytes.ts';
import { Writer } from '../../consensus/primitives/codec.ts';
import { CodedError, type Refusal } from '../../consensus/primitives/codedError.ts';
import { ed25519 } from '../../consensus/primitives/ed25519.ts';
import { AMOUNT_MAX, type Hash } from '../../consensus/primitives/flavor.ts';
import { domains } from '../../consensus/primitives/hash.ts';
import { evmAddressOf } from '../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../consensus/primitives/secp256k1.ts';
import { findAboveDeposit } from './channelClose.ts';
import type { OpenChannel, SignedVoucher, Voucher } from './channelTypes.ts';
import { type AtomicCode, atomicCodes, refuseAtomic } from './codes.ts';

/** The largest nonce: numbers above are not whole for everybody. Nobody signs as often. */
export const VOUCHER_NONCE_MAX = Number.MAX_SAFE_INTEGER;
const SIGNING_BYTES = 89;

/** Where a voucher counts: in one channel of one chain. */
export interface VoucherPlace {
  readonly chainId: Hash;
  readonly channelId: Hash;
}

/**
 * The bytes a payer signs.
 * @throws {CodedError} `CHANNEL_NONCE_INVALID`: the nonce is none of 1 to `VOUCHER_NONCE_MAX`.
 */
export function voucherSigningBytes(
  { chainId, channelId }: VoucherPlace,
  { amount, nonce }: Voucher,
): Uint8Array {
  if (!isVoucherNonce(nonce)) {
    throw new CodedError('CHANNEL_NONCE_INVALID', atomicCodes.CHANNEL_NONCE_INVALID, { nonce });
  }
  const writer = new Writer(SIGNING_BYTES);
  writer.u8(domains.voucher).hash(chainId).hash(channelId).amount(amount).u64(nonce);
  return writer.finish();
}

/** Signs as the account of an ed25519 key. @throws {CodedError} As `voucherSigningBytes`. */
export function signVoucher(
  secretKey: Uint8Array,
  place: VoucherPlace,
  { amount, nonce }: Voucher,
): SignedVoucher {
  const signature = ed25519.sign(secretKey, voucherSigningBytes(place, { amount, nonce }));
  return { payer: toHex(ed25519.publicKeyOf(secretKey)), amount, nonce, signature };
}

/** Signs as the EVM account of a secp256k1 key. @throws {CodedError} As `voucherSigningBytes`. */
export function signVoucherAsEvmAccount(
  secretKey: Uint8Array,
  place: VoucherPlace,
  { amount, nonce }: Voucher,
): SignedVoucher {
  const signature = signAsEvmAccount(secretKey, voucherSigningBytes(place, { amount, nonce }));
  return { payer: evmAddressOf(secp256k1.publicKeyOf(secretKey)), amount, nonce, signature };
}

/** Whether the payer that the voucher names signed it for this channel of this chain. */
export function isVoucherSigned(place: VoucherPlace, voucher: SignedVoucher): boolean {
  const { amount, nonce } = voucher;
  if (!isVoucherNonce(nonce) || amount < 0n || amount > AMOUNT_MAX) return false;
  return isSignedByAccount(voucher.payer, voucherSigningBytes(place, voucher), voucher.signature);
}

/**
 * Why a voucher, whose signature holds, does not stand for money of the channel, or does not replace the best one so far.
 *
 * Amounts never fall, so of two vouchers the larger is the later. A payer who signs a smaller one with a higher nonce breaks
 * that rule, and gains nothing by it: the larger counts, whatever its nonce.
 * @param best - The best one so far; nonce and amount 0 when there was none.
 */
export function findVoucherProblem(
  { payer, deposit }: Pick<OpenChannel, 'payer' | 'deposit'>,
  voucher: Omit<SignedVoucher, 'signature'>,
  best: Voucher = { amount: 0n, nonce: 0 },
): Refusal<AtomicCode> | undefined {
  const { amount, nonce } = voucher;
  if (voucher.payer !== payer) return refuseAtomic('CHANNEL_SIGNER_OTHER', { payer, signer: voucher.payer });
  if (!isVoucherNonce(nonce)) return refuseAtomic('CHANNEL_NONCE_INVALID', { nonce });
  const above = findAboveDeposit(amount, deposit);
  if (above !== undefined) return above;
  if (amount > best.amount || (amount === best.amount && nonce > best.nonce)) return undefined;
  const details = { amount: String(amount), nonce, bestAmount: String(best.amount), bestNonce: best.nonce };
  return refuseAtomic(nonce > best.nonce ? 'CHANNEL_AMOUNT_FALLS' : 'CHANNEL_VOUCHER_STALE', details);
}

function isVoucherNonce(nonce: number): boolean {
  return Number.isInteger(nonce) && nonce >= 1 && nonce <= VOUCHER_NONCE_MAX;
}
