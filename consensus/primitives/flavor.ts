/**
 * Numbers and strings with a meaning the compiler checks.
 *
 * A flavoured type accepts plain literals of its base type but never another flavour, so a height cannot
 * stand where a time is wanted while `height + 1` still needs no cast.
 */
declare const flavor: unique symbol;

export type Flavor<Base, Name extends string> = Base & {
  readonly [flavor]?: Name;
};

/** Height of a sidechain block; genesis is 0. */
export type Height = Flavor<number, 'Height'>;
/** Height of a settlement-chain block; genesis is 0. */
export type SettlementHeight = Flavor<number, 'SettlementHeight'>;
/** View of the agreement protocol; the first is 1. */
export type View = Flavor<number, 'View'>;
/** Position of a validator in the genesis validator set. */
export type ValidatorIndex = Flavor<number, 'ValidatorIndex'>;
/** Milliseconds since the sidechain's genesis instant; the genesis block itself lies before it, so it may be negative. */
export type TimeMs = Flavor<number, 'TimeMs'>;
/** Unsigned 128-bit amount in an asset's smallest unit. */
export type Amount = Flavor<bigint, 'Amount'>;
/** 32-byte SHA-256 digest as `0x` and 64 lower-case hex digits. */
export type Hash = Flavor<string, 'Hash'>;
/** 32-byte ed25519 public key as `0x` and 64 lower-case hex digits. */
export type PublicKey = Flavor<string, 'PublicKey'>;
/** Account on the ledger: an ed25519 public key (32 bytes) or an EVM address (20 bytes), lower-case `0x` hex. */
export type Address = Flavor<string, 'Address'>;

export const AMOUNT_MAX: Amount = (1n << 128n) - 1n;
/** Digest of nothing: stands where a header or vote names no block, batch or parent. */
export const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`;

/** The ledger account that an ed25519 key controls: the key itself. */
export function accountOfKey(publicKey: PublicKey): Address {
  const text: string = publicKey;
  return text;
}
