/** What becomes of the inputs of a batch after a receipt, or after a failure that is charged. Pure. */
import type { TransactionReceipt } from '../adapters/adapter.ts';
import type { InputRow } from '../storage/inputRow.ts';
import type { InputOutcome } from '../storage/inputStorage.ts';

/** Of one try: the last one that an input has ends it. @param code - Why, if it is the last one. */
export function chargedOutcome(row: InputRow, code: string, maxRetries: number): InputOutcome {
  const { requestId, attempts } = row;
  if (attempts + 1 < maxRetries) return { requestId, kind: 'returned', charge: 'attempt' };
  // A batch that nobody could ask after may have been charged up to the limit already.
  const charge = attempts < maxRetries ? 'attempt' : 'none';
  return { requestId, kind: 'failed', errorCode: code, charge };
}

export function returnedOutcome({ requestId }: Pick<InputRow, 'requestId'>): InputOutcome {
  return { requestId, kind: 'returned', charge: 'none' };
}

/**
 * Verdicts of a receipt. Inputs it says nothing of wait for another batch, uncharged; but a receipt that decides nothing at all
 * costs each of them a try, or the same would be sent for ever.
 * @param rows - Of the batch, without a verdict.
 */
export function receiptOutcomes(
  rows: readonly InputRow[],
  receipt: TransactionReceipt,
  maxRetries: number,
): readonly InputOutcome[] {
  const landed = new Map(receipt.landed.map((input) => [input.requestId, input]));
  const isEmpty = !rows.some(({ requestId }) => landed.has(requestId));
  return rows.map((row): InputOutcome => {
    const input = landed.get(row.requestId);
    if (input === undefined)
      return isEmpty ? chargedOutcome(row, 'INPUT_FAILED', maxRetries) : returnedOutcome(row);
    const { requestId, transactionHash } = input;
    return input.ok
      ? { requestId, kind: 'confirmed', transactionHash, sidechainHeight: input.sidechainHeight }
      : { requestId, kind: 'failed', errorCode: input.code };
  });
}
