/** Makes a signed order of a request's body. What the ledger would say of it (funds, assets) is not asked here: it says so itself. */
import { isAddress, signatureBytesOf } from '../../../consensus/primitives/address.ts';
import { fromHex, isHex, utf8ByteCount } from '../../../consensus/primitives/bytes.ts';
import { accept, type Verdict } from '../../../consensus/primitives/codedError.ts';
import { AMOUNT_MAX, type Hash, type Height } from '../../../consensus/primitives/flavor.ts';
import { isOrderSigned, ORDER_REFERENCE_BYTES_MAX, orderIdOf } from '../../../settlement/atomic/order.ts';
import { isAssetSymbol } from '../../../settlement/ledger/assets.ts';
import type { SignedOrder } from '../store/order.ts';
import { type OrderCode, refuseOrder } from './orderCodes.ts';

const FIELDS = ['from', 'to', 'asset', 'amount', 'reference', 'last_height', 'signature'] as const;
/** Characters of an unknown key that an answer repeats. */
const KEY_SHOWN_MAX = 64;
const amountPattern = /^[1-9][0-9]{0,38}$/;

/**
 * @param body - `{from, to, asset, amount, reference, signature}`, all text, an amount may be a safe integer; and `last_height`, a
 *   whole number, where it has one.
 * @returns The order under its id, or the first thing that is wrong with it. Never throws.
 */
export function readSignedOrder(chainId: Hash, body: unknown): Verdict<SignedOrder, OrderCode> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return invalid('', `send an object with ${FIELDS.join(', ')}`);
  const unknown = Object.keys(body).find((key) => !FIELDS.some((field) => field === key));
  if (unknown !== undefined) return invalid(`/${unknown.slice(0, KEY_SHOWN_MAX)}`, 'leave it out');
  const { from, to, asset, amount, reference, signature } = body as Record<string, unknown>;
  const { last_height: lastHeight } = body as Record<string, unknown>;
  if (typeof from !== 'string' || !isAddress(from)) return invalid('/from', addressForm);
  if (typeof to !== 'string' || !isAddress(to)) return invalid('/to', addressForm);
  if (from === to) return invalid('/to', 'pay somebody else');
  if (typeof asset !== 'string' || !isAssetSymbol(asset))
    return invalid('/asset', 'write the symbol of an asset');
  const value = readAmount(amount);
  if (value === undefined) return invalid('/amount', 'write whole smallest units from 1 to 2^128 - 1');
  if (typeof reference !== 'string' || !isReference(reference))
    return invalid(
      '/reference',
      `write 1 to ${ORDER_REFERENCE_BYTES_MAX} bytes of text without control characters`,
    );
  if (lastHeight !== undefined && !isHeight(lastHeight))
    return invalid('/last_height', 'write a whole number from 1 to 2^53 - 1, or leave it out');
  const signatureBytes = signatureBytesOf(from);
  if (typeof signature !== 'string' || !isHex(signature, signatureBytes))
    return invalid('/signature', `write 0x and ${2 * signatureBytes} lower-case hexadecimal digits`);
  const terms = { from, to, asset, amount: value, reference, lastHeight };
  const orderId = orderIdOf(chainId, terms);
  const bytes = fromHex(signature);
  if (!isOrderSigned(from, orderId, bytes))
    return refuseOrder('ORDER_SIGNATURE_INVALID', '/signature', 'sign the order that the details name', {
      orderId,
    });
  return accept({ orderId, ...terms, signature: bytes });
}

const addressForm = 'write 0x and 64 lower-case hexadecimal digits (an ed25519 key) or 40 (an EVM account)';

function isHeight(value: unknown): value is Height {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function readAmount(amount: unknown): bigint | undefined {
  const text = Number.isSafeInteger(amount) ? String(amount) : amount;
  if (typeof text !== 'string' || !amountPattern.test(text)) return undefined;
  const value = BigInt(text);
  return value <= AMOUNT_MAX ? value : undefined;
}

/** Text that survives every program on its way: no lone halves of characters, no control characters. */
function isReference(text: string): boolean {
  return text !== '' && utf8ByteCount(text) <= ORDER_REFERENCE_BYTES_MAX && !/[\p{Cc}\p{Cs}]/u.test(text);
}

function invalid(path: string, fix: string) {
  return refuseOrder('ORDER_REQUEST_INVALID', path, fix);
}
