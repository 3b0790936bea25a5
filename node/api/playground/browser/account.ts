/** The accounts that the page can sign with: keys it makes or is given, and the wallet of the browser. */

import { addressTypes } from '../../../../settlement/input/signedText.ts';
import {
  connectWallet,
  createEvmSigner,
  createKeySigner,
  type InputSigner,
  type WalletProvider,
} from '../../../batcher/client/signer.ts';

export const accountKinds = [
  // First, so that the first click on a devnet is one of an account that holds something.
  ['secret', 'EVM secret key'],
  ['ed25519', 'Throwaway ed25519 key'],
  ['evm', 'Throwaway EVM key'],
  ['wallet', 'Wallet of this browser'],
] as const;
export type AccountKind = (typeof accountKinds)[number][0];

/** @param secretKey - Of kind `secret`, as hex. @throws What went wrong, in words. */
export async function openAccount(kind: AccountKind, secretKey: string): Promise<InputSigner> {
  switch (kind) {
    case 'ed25519':
      return makeKey();
    case 'evm':
      return createEvmSigner(crypto.getRandomValues(new Uint8Array(32)));
    case 'secret':
      return createEvmSigner(secretKey.trim());
    case 'wallet': {
      const { ethereum } = window as { readonly ethereum?: WalletProvider };
      if (ethereum === undefined) throw new Error('this browser has no wallet (window.ethereum)');
      return connectWallet(ethereum);
    }
  }
}

/** In the browser’s own keeping where it can (WebCrypto, Ed25519): then not even this page can read the key. */
async function makeKey(): Promise<InputSigner> {
  let pair: CryptoKeyPair;
  try {
    pair = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
  } catch {
    // An older browser, or a page that did not come over https or from this machine.
    return createKeySigner(crypto.getRandomValues(new Uint8Array(32)));
  }
  const publicKey = await crypto.subtle.exportKey('raw', pair.publicKey);
  return {
    address: hexOf(publicKey),
    addressType: addressTypes.ed25519,
    sign: async (text) =>
      hexOf(await crypto.subtle.sign('Ed25519', pair.privateKey, new TextEncoder().encode(text))),
  };
}

function hexOf(bytes: ArrayBuffer): string {
  return `0x${[...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
