/** From a stored row back to the input as it came. */
import { requestIdOf } from '../../../settlement/input/requestId.ts';
import { signedTextOf } from '../../../settlement/input/signedText.ts';
import type { AddressType } from '../../../settlement/input/types.ts';
import type { BatcherInput } from '../input/types.ts';
import type { InputRow } from '../storage/inputRow.ts';

/**
 * The input that was sent. A row says where it went, not whether the request named that target or left it to the default;
 * what was signed differs, and with it the id.
 */
export function inputOfRow(row: InputRow, namespace: string): BatcherInput {
  const { address, input, signature, timestamp, target } = row;
  const addressType = row.addressType as AddressType;
  const unnamed = { address, addressType, input, signature, timestamp, target: undefined };
  const isUnnamed = requestIdOf(addressType, address, signedTextOf(unnamed, namespace)) === row.requestId;
  return isUnnamed ? unnamed : { ...unnamed, target };
}
