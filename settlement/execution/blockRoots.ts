/**
 * The two merkle roots over a block's transactions: their ids, and how they ended. Pure functions of the lists, so a
 * process that executes the same transactions again may keep them.
 */
import { Writer } from '../../consensus/primitives/codec.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { leafHash, merkleRoot, merkleRootOfLeafHashes } from '../../consensus/primitives/merkle.ts';
import type { Receipt } from './result.ts';

export interface BlockRoots {
  /** @param ids - Of the transactions, then of the evidence. */
  transactionsRoot(ids: readonly Hash[]): Hash;
  /** To be asked for after the root over the ids of the same block. */
  receiptsRoot(receipts: readonly Receipt[]): Hash;
}

/** Room for a digest and two texts. */
const RECEIPT_BYTES_HINT = 96;
const RECEIPT_TEXT_BYTES_MAX = 64;

/** Works them out each time. */
export const computedRoots: BlockRoots = {
  transactionsRoot: merkleRoot,
  receiptsRoot: (receipts) => merkleRootOfLeafHashes(receipts.map(receiptHash)),
};

/** Leaf of the receipts root: transaction (whose id covers the sender), type, result. */
function receiptHash(receipt: Receipt): Hash {
  const writer = new Writer(RECEIPT_BYTES_HINT);
  writer
    .hash(receipt.transactionId)
    .string(receipt.type, RECEIPT_TEXT_BYTES_MAX)
    .string(receipt.result, RECEIPT_TEXT_BYTES_MAX);
  return leafHash(writer.finish());
}
