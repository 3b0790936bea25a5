/** Registered assets: finding one by symbol, and the limits that keep every sum and product in range. */
import { toKey } from '../../consensus/primitives/bytes.ts';
import { DecodeError, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Amount } from '../../consensus/primitives/flavor.ts';
import type { LedgerRules } from './types.ts';

/** Longest symbol, in bytes. Symbols are printable ASCII without blanks, so text and bytes are one to one. */
export const ASSET_SYMBOL_BYTES_MAX = 32;
/** Asset positions are written in 16 bits; an account row is at most three arrays of this length. */
export const ASSET_COUNT_MAX = 1024;
/** Largest number of decimals; twice that of the common 18. Worth is compared on a scale of 10^36. */
export const ASSET_DECIMALS_MAX = 36;
/**
 * Most of one asset that genesis may give out, and most that may be owed at any time: 2^126 smallest units.
 *
 * An asset on the ledger is never more than genesis supply, plus debts (each adds to pool cash once settled), plus
 * bonded stake (below 2^112). Their sum stays below 2^128, so what must not fail (a seal, a confirmation, a slash
 * paid out) cannot overflow.
 */
export const ASSET_SUPPLY_MAX: Amount = 1n << 126n;

/** Position of an asset in the rules, or -1. Asset lists are short, so a scan beats a map. */
export function assetIndexOf(rules: LedgerRules, symbol: string): number {
  const { assets } = rules;
  for (let index = 0; index < assets.length; index += 1) if (assets[index]?.symbol === symbol) return index;
  return -1;
}

/** True for 1 to 32 printable ASCII characters without blanks. */
export function isAssetSymbol(text: string): boolean {
  if (text.length === 0 || text.length > ASSET_SYMBOL_BYTES_MAX) return false;
  for (let index = 0; index < text.length; index += 1) {
    const charCode = text.charCodeAt(index);
    if (charCode < 0x21 || charCode > 0x7e) return false;
  }
  return true;
}

/** ASCII behind an 8-bit count; symbols are short and frequent, so they bypass the UTF-8 coders. */
export function writeSymbol(writer: Writer, symbol: string): void {
  assert(isAssetSymbol(symbol), `not an asset symbol: ${symbol}`);
  writer.u8(symbol.length).latin1(symbol);
}

/** @throws {DecodeError} No symbol stands there. */
export function readSymbol(reader: Reader): string {
  const symbol = toKey(reader.fixed(reader.u8()));
  if (!isAssetSymbol(symbol)) throw new DecodeError('not an asset symbol');
  return symbol;
}
