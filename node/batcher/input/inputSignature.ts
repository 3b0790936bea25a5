/** Signing an input and checking that its account did, for both kinds of address. */
import { fromHex, toHex, utf8 } from '../../../consensus/primitives/bytes.ts';
import { ed25519 } from '../../../consensus/primitives/ed25519.ts';
import { isPersonallySigned, signPersonally } from '../../../consensus/primitives/personalSign.ts';
import { evmAddressOf } from '../../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../../consensus/primitives/secp256k1.ts';
import { addressTypes, signedTextOf } from '../../../settlement/input/signedText.ts';
import type { AddressType } from '../../../settlement/input/types.ts';
import type { BatcherInput } from './types.ts';

/** What somebody wants to send; the address follows from the key. */
export type UnsignedInput = Pick<BatcherInput, 'input' | 'timestamp' | 'target'>;

/** Whether the account signed this text. False for any malformed signature or address, never a throw. */
export function isInputSigned(
  { address, addressType, signature }: Pick<BatcherInput, 'address' | 'addressType' | 'signature'>,
  signedText: string,
): boolean {
  if (!/^0x(?:[0-9a-fA-F]{2})+$/.test(signature)) return false;
  const bytes = fromHex(signature.toLowerCase());
  const account = address.toLowerCase();
  if (addressType === addressTypes.evm) return isPersonallySigned(account, signedText, bytes);
  return /^0x[0-9a-f]{64}$/.test(account) && ed25519.verify(fromHex(account), utf8(signedText), bytes);
}

/** Signs with the key of an EVM account, as its wallet would. @param namespace - Of the node. */
export function signInputAsEvmAccount(
  unsigned: UnsignedInput,
  secretKey: Uint8Array,
  namespace = '',
): BatcherInput {
  const address = evmAddressOf(secp256k1.publicKeyOf(secretKey));
  return signed(unsigned, address, addressTypes.evm, namespace, (text) => signPersonally(secretKey, text));
}

/** Signs with an ed25519 key. @param namespace - Of the node. */
export function signInputWithKey(
  unsigned: UnsignedInput,
  secretKey: Uint8Array,
  namespace = '',
): BatcherInput {
  const address = toHex(ed25519.publicKeyOf(secretKey));
  const sign = (text: string): Uint8Array => ed25519.sign(secretKey, utf8(text));
  return signed(unsigned, address, addressTypes.ed25519, namespace, sign);
}

function signed(
  { input, timestamp, target }: UnsignedInput,
  address: string,
  addressType: AddressType,
  namespace: string,
  sign: (text: string) => Uint8Array,
): BatcherInput {
  const text = signedTextOf({ input, timestamp, target, address }, namespace);
  return { address, addressType, input, timestamp, target, signature: toHex(sign(text)) };
}
