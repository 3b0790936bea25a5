/**
 * What settlement costs: the EIP-1559 base fee, the gas formula, and the tip a transaction really pays
 * (docs/protocol.md, gas, fee market). Integer rules throughout, as in the EIP.
 */
import type { Amount } from '../../consensus/primitives/flavor.ts';
import type { SettlementTransaction } from '../net/settlement.ts';
import { FEE_PER_GAS_MAX } from './transactionCodec.ts';

/** Gas of any settlement: a transaction's 21,000 and the contract's checks and writes. */
export const GAS_BASE = 100_000;
/** Gas of one swap in a constant-product pool: two reserves written, two tokens moved. */
export const GAS_SWAP = 40_000;
/** Gas of one IBC transfer: a packet commitment written and a token escrowed. A `draw` writes no packet and costs nothing extra. */
export const GAS_TRANSFER = 60_000;
/** Gas of one cross-chain action, and of a deposit: an escrow written or cleared and a balance moved, as a swap does. */
export const GAS_CROSS_CHAIN = 40_000;
/** Gas of one byte of the encoded transaction, signature included: calldata of a non-zero byte (EIP-2028). */
export const GAS_PAYLOAD_BYTE = 16;
/** Gas of one ed25519 signature of the certificate: about that of `ecrecover`. */
export const GAS_CERTIFICATE_SIGNATURE = 3_000;

/** The base fee never falls below one smallest unit, so its percentages stay defined (the EIP's own division comes to rest at 7). */
export const BASE_FEE_MIN: Amount = 1n;
/** EIP-1559 ELASTICITY_MULTIPLIER: the target is half the limit. */
const ELASTICITY_MULTIPLIER = 2;
/** EIP-1559 BASE_FEE_MAX_CHANGE_DENOMINATOR. */
const BASE_FEE_CHANGE_DENOMINATOR = 8n;

/**
 * Base fee of the next block (EIP-1559), from `BASE_FEE_MIN` to `FEE_PER_GAS_MAX`.
 * @param baseFee - Fee per unit of gas in the block just made.
 */
export function nextBaseFee(baseFee: Amount, gasUsed: number, gasLimit: number): Amount {
  const target = Math.floor(gasLimit / ELASTICITY_MULTIPLIER);
  if (gasUsed === target) return baseFee;
  const targetGas = BigInt(target);
  if (gasUsed > target) {
    const change = (baseFee * BigInt(gasUsed - target)) / targetGas / BASE_FEE_CHANGE_DENOMINATOR;
    return clampBaseFee(baseFee + higherFee(change, 1n));
  }
  return clampBaseFee(
    baseFee - (baseFee * BigInt(target - gasUsed)) / targetGas / BASE_FEE_CHANGE_DENOMINATOR,
  );
}

/** A base fee within the bounds of this chain; a row of a trace may lie outside. */
export function clampBaseFee(baseFee: Amount): Amount {
  return higherFee(BASE_FEE_MIN, lowerFee(FEE_PER_GAS_MAX, baseFee));
}

/** Tip per unit of gas after the base fee is paid, or undefined when the fee cap does not reach the base fee. */
export function effectiveTip(
  fees: { readonly feeCap: Amount; readonly tip: Amount },
  baseFee: Amount,
): Amount | undefined {
  const left = fees.feeCap - baseFee;
  return left < 0n ? undefined : lowerFee(left, fees.tip);
}

export function lowerFee(a: Amount, b: Amount): Amount {
  if (a < b) return a;
  return b;
}

export function higherFee(a: Amount, b: Amount): Amount {
  if (a > b) return a;
  return b;
}

/** Bytes of the smallest settlement without its signers: one header, one asset, no fees. */
const PAYLOAD_BYTES_MIN = 500;
/** What a signer adds to the payload: a signature and an index. */
const SIGNER_BYTES = 66;

/** Less gas than any settlement needs whose certificate has so many signers. */
export function settlementGasMin(signerCount: number): number {
  return payloadGas(PAYLOAD_BYTES_MIN + SIGNER_BYTES * signerCount) + GAS_CERTIFICATE_SIGNATURE * signerCount;
}

/** Gas before any check: the base and the payload. */
export function payloadGas(byteCount: number): number {
  return GAS_BASE + GAS_PAYLOAD_BYTE * byteCount;
}

/** Gas until the actions begin: the payload and the certificate's signatures. */
export function proofGas(transaction: SettlementTransaction, byteCount: number): number {
  return payloadGas(byteCount) + GAS_CERTIFICATE_SIGNATURE * transaction.certificate.signers.length;
}

/** Gas of a whole settlement. */
export function settlementGas(transaction: SettlementTransaction, byteCount: number): number {
  let gas = proofGas(transaction, byteCount);
  for (const action of transaction.actions) {
    if (action.type === 'swap') gas += GAS_SWAP;
    else if (action.type === 'ibc_transfer') gas += GAS_TRANSFER;
  }
  return gas + GAS_CROSS_CHAIN * (transaction.crossChain?.length ?? 0);
}
