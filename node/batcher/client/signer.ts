/** Who signs inputs: a key in this program, or a wallet that shows its user what he signs. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { addressTypes } from '../../../settlement/input/signedText.ts';
import type { AddressType } from '../../../settlement/input/types.ts';
import { readHex, writeHex } from './hex.ts';

export interface InputSigner {
  /** 0x hex, in the case that is signed. */
  readonly address: string;
  readonly addressType: AddressType;
  /** @returns The signature of the text as 0x hex. May take as long as a person does. */
  sign(text: string): string | Promise<string>;
}

/** @param secretKey - 32 bytes, as bytes or hex. */
export function createEvmSigner(secretKey: Uint8Array | string): InputSigner {
  const key = bytesOf(secretKey);
  const address = writeHex(keccak_256(secp256k1.getPublicKey(key, false).slice(1)).slice(12));
  return {
    address,
    addressType: addressTypes.evm,
    sign(text) {
      const bytes = utf8ToBytes(text);
      const prefix = utf8ToBytes(`\u0019Ethereum Signed Message:\n${bytes.length}`);
      const digest = keccak_256(concatBytes(prefix, bytes));
      const recovered = secp256k1.sign(digest, key, { prehash: false, lowS: true, format: 'recovered' });
      // The library puts the recovery bit in front; wallets write it last, as 27 or 28.
      return writeHex(concatBytes(recovered.slice(1), Uint8Array.of(27 + (recovered[0] ?? 0))));
    },
  };
}

/** Of an ed25519 key, which is its own address. @param secretKey - 32 bytes, as bytes or hex. */
export function createKeySigner(secretKey: Uint8Array | string): InputSigner {
  const key = bytesOf(secretKey);
  return {
    address: writeHex(ed25519.getPublicKey(key)),
    addressType: addressTypes.ed25519,
    sign: (text) => writeHex(ed25519.sign(utf8ToBytes(text), key)),
  };
}

/** Of an EVM account elsewhere. @param personalSign - EIP-191, version 0x45; gives 65 bytes as 0x hex. */
export function createWalletSigner(
  address: string,
  personalSign: (text: string) => Promise<string>,
): InputSigner {
  return { address, addressType: addressTypes.evm, sign: personalSign };
}

/** A wallet of a browser (EIP-1193), such as `window.ethereum`. */
export interface WalletProvider {
  request(call: { readonly method: string; readonly params?: readonly unknown[] }): Promise<unknown>;
}

/** Asks the user of a wallet for an account. @throws What the wallet throws, such as when its user declines. */
export async function connectWallet(provider: WalletProvider): Promise<InputSigner> {
  const accounts = await provider.request({ method: 'eth_requestAccounts' });
  const [address] = Array.isArray(accounts) ? (accounts as unknown[]) : [];
  if (typeof address !== 'string') throw new RangeError('the wallet gave no account');
  return createWalletSigner(address, async (text) =>
    String(
      await provider.request({ method: 'personal_sign', params: [writeHex(utf8ToBytes(text)), address] }),
    ),
  );
}

function bytesOf(secretKey: Uint8Array | string): Uint8Array {
  return typeof secretKey === 'string' ? readHex(secretKey, 32) : secretKey.slice();
}
