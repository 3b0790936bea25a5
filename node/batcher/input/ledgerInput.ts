/** An admitted input as what the ledger executes: of the same input every node makes the same transaction. */
import { fromHex } from '../../../consensus/primitives/bytes.ts';
import { assert } from '../../../consensus/primitives/codedError.ts';
import type { Hash } from '../../../consensus/primitives/flavor.ts';
import { createInputTransaction } from '../../../settlement/execution/inputTransaction.ts';
import type { EncodedTransaction } from '../../../settlement/execution/transaction.ts';
import { formOf } from '../../../settlement/input/inputText.ts';
import { type LedgerTarget, ledgerTargets, type SignedInput } from '../../../settlement/input/types.ts';
import type { SidechainCommand } from './jsonTransaction.ts';
import type { BatcherInput } from './types.ts';

/** What of an input was signed. @param command - What the grammar of the sidechain made of it. */
export function signedInputOf(data: BatcherInput, { body, cosignatures }: SidechainCommand): SignedInput {
  return {
    from: data.address.toLowerCase(),
    timestamp: Number(data.timestamp),
    target: ledgerTargetOf(data.target),
    form: formOf(data.input),
    body,
    cosignatures,
  };
}

/** The ledger transaction that an admitted input is. @param chainId - Of the chain that is to execute it. */
export function ledgerTransactionOf(
  data: BatcherInput,
  command: SidechainCommand,
  chainId: Hash,
): EncodedTransaction {
  const signature = fromHex(data.signature.toLowerCase());
  return createInputTransaction(chainId, signedInputOf(data, command), signature);
}

function ledgerTargetOf(target: string | undefined): LedgerTarget | undefined {
  if (target === undefined) return undefined;
  const known = ledgerTargets.find((name) => name === target);
  assert(known !== undefined, `target ${target} does not lead to this ledger`);
  return known;
}
