/** What a transaction offers for its gas (EIP-1559), all in wei for a unit of gas. */
import type { Amount } from '../../../../consensus/primitives/flavor.ts';

export interface EvmFees {
  /** Most it pays, tip included. */
  readonly feePerGas: Amount;
  readonly tipPerGas: Amount;
}

/** A replacement pays an eighth more in both: common pools ask for a tenth. */
const RAISE_NUMERATOR = 9n;
const RAISE_DENOMINATOR = 8n;

/**
 * Fees with which a transaction is in the next blocks: twice the base fee, so that it stays good for six full blocks, and the tip.
 * @returns Undefined: the chain asks for more than the most that may be paid.
 */
export function quoteFees(
  market: { readonly baseFee: Amount; readonly tip: Amount },
  feePerGasMax: Amount,
): EvmFees | undefined {
  const { baseFee, tip } = market;
  if (baseFee + tip > feePerGasMax) return undefined;
  const feePerGas = 2n * baseFee + tip;
  return { feePerGas: feePerGas < feePerGasMax ? feePerGas : feePerGasMax, tipPerGas: tip };
}

/**
 * Fees that replace a transaction which pools may hold.
 * @returns Undefined: above the most that may be paid.
 */
export function raiseFees(previous: EvmFees, quote: EvmFees, feePerGasMax: Amount): EvmFees | undefined {
  const feePerGas = larger(raised(previous.feePerGas), quote.feePerGas);
  const tipPerGas = larger(raised(previous.tipPerGas), quote.tipPerGas);
  return feePerGas > feePerGasMax ? undefined : { feePerGas, tipPerGas };
}

function raised(fee: Amount): Amount {
  return (fee * RAISE_NUMERATOR + RAISE_DENOMINATOR - 1n) / RAISE_DENOMINATOR + 1n;
}

function larger(a: Amount, b: Amount): Amount {
  return a > b ? a : b;
}
