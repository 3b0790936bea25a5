/**
 * The funded accounts of a devnet: those that every Ethereum development tool derives from one published phrase
 * (BIP-39, BIP-32, BIP-44: m/44'/60'/0'/0/i). Everybody knows their keys; they are for play, never for money.
 */
import { createHmac, pbkdf2Sync } from 'node:crypto';
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Address } from '../../consensus/primitives/flavor.ts';
import { evmAddressOf } from '../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../consensus/primitives/secp256k1.ts';

export const FUNDED_PHRASE = 'test test test test test test test test test test test junk';
export const FUNDED_ACCOUNT_COUNT = 10;

export interface FundedAccount {
  readonly address: Address;
  readonly secretKey: Uint8Array;
}

/** Order of the group (SEC 2, secp256k1). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** Added to an index whose child follows from the secret key alone. */
const HARDENED = 0x8000_0000;
/** Rounds of PBKDF2 (BIP-39). */
const SEED_ROUNDS = 2048;

interface ExtendedKey {
  readonly secretKey: Uint8Array;
  readonly chainCode: Uint8Array;
}

/** The first accounts of the phrase. */
export function deriveFundedAccounts(count = FUNDED_ACCOUNT_COUNT): readonly FundedAccount[] {
  let parent = masterKey(pbkdf2Sync(FUNDED_PHRASE, 'mnemonic', SEED_ROUNDS, 64, 'sha512'));
  for (const index of [44 + HARDENED, 60 + HARDENED, HARDENED, 0]) parent = childKey(parent, index);
  return Array.from({ length: count }, (_, index) => {
    const { secretKey } = childKey(parent, index);
    return { address: evmAddressOf(secp256k1.publicKeyOf(secretKey)), secretKey };
  });
}

function masterKey(seed: Uint8Array): ExtendedKey {
  return split(createHmac('sha512', 'Bitcoin seed').update(seed).digest());
}

/** Private child of a private key (BIP-32, CKDpriv). */
function childKey({ secretKey, chainCode }: ExtendedKey, index: number): ExtendedKey {
  const indexBytes = new Uint8Array(4);
  new DataView(indexBytes.buffer).setUint32(0, index);
  const isHardened = index >= HARDENED;
  const own = isHardened ? Buffer.concat([Uint8Array.of(0), secretKey]) : compressedPublicKey(secretKey);
  const digest = split(createHmac('sha512', chainCode).update(own).update(indexBytes).digest());
  const sum = (toNumber(digest.secretKey) + toNumber(secretKey)) % ORDER;
  assert(toNumber(digest.secretKey) < ORDER && sum !== 0n, 'a derived key is out of range (BIP-32)');
  return { secretKey: toBytes(sum), chainCode: digest.chainCode };
}

function split(digest: Uint8Array): ExtendedKey {
  return {
    secretKey: new Uint8Array(digest.subarray(0, 32)),
    chainCode: new Uint8Array(digest.subarray(32)),
  };
}

function compressedPublicKey(secretKey: Uint8Array): Uint8Array {
  const publicKey = secp256k1.publicKeyOf(secretKey);
  const isOdd = ((publicKey[63] ?? 0) & 1) === 1;
  return Buffer.concat([Uint8Array.of(isOdd ? 3 : 2), publicKey.subarray(0, 32)]);
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function toBytes(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
}
