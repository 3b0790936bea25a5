/** What became of a batch's transactions, as one node of the chain tells it. Nothing is remembered here. */
import type { OpenBatch } from '../adapter.ts';
import type { EvmNode, EvmTransaction } from './evmNode.ts';
import type { PreparedBatch } from './preparedBatch.ts';

export type BatchFate =
  /** As deep as is asked for. */
  | {
      readonly state: 'executed';
      readonly isSuccess: boolean;
      readonly transactionHash: string;
      readonly blockNumber: number;
    }
  /** In a block, or its nonce is used in one, with too few blocks above it to rely on that. */
  | { readonly state: 'included' }
  | { readonly state: 'pooled'; readonly transactionHash: string; readonly transaction: EvmTransaction }
  /** Neither in a block nor in this node's pool, and its nonce is free. */
  | { readonly state: 'nowhere' }
  /** Its nonce is used, by that block, by a transaction that is none of its own. */
  | { readonly state: 'overtaken'; readonly deepest: number };

/**
 * The height is asked first and receipts are asked again before a batch is given up, so that a block which comes meanwhile
 * cannot make a batch that landed look overtaken.
 * @param confirmations - Blocks that must hold it or follow.
 */
export async function findFate(
  node: EvmNode,
  { account, nonce }: PreparedBatch,
  { transactionHashes }: Pick<OpenBatch, 'transactionHashes'>,
  confirmations: number,
): Promise<BatchFate> {
  const newestFirst = transactionHashes.toReversed();
  const height = await node.height();
  const deepest = height - confirmations + 1;
  const executed = await findExecuted(node, newestFirst, deepest);
  if (executed !== undefined) return executed;
  if (deepest >= 0 && (await node.transactionCount(account, deepest)) > nonce)
    return (await findExecuted(node, newestFirst, deepest)) ?? { state: 'overtaken', deepest };
  for (const transactionHash of newestFirst) {
    const transaction = await node.transaction(transactionHash);
    if (transaction === undefined) continue;
    const isPooled = transaction.blockNumber === undefined;
    return isPooled ? { state: 'pooled', transactionHash, transaction } : { state: 'included' };
  }
  const isUsed = (await node.transactionCount(account, 'latest')) > nonce;
  return isUsed ? { state: 'included' } : { state: 'nowhere' };
}

/** Whether a node has seen any of these executed, however deep. */
export async function hasReceipt(node: EvmNode, transactionHashes: readonly string[]): Promise<boolean> {
  for (const hash of transactionHashes) if ((await node.receipt(hash)) !== undefined) return true;
  return false;
}

async function findExecuted(
  node: EvmNode,
  transactionHashes: readonly string[],
  deepest: number,
): Promise<BatchFate | undefined> {
  for (const transactionHash of transactionHashes) {
    const receipt = await node.receipt(transactionHash);
    if (receipt === undefined) continue;
    const { blockNumber, isSuccess } = receipt;
    if (blockNumber > deepest) return { state: 'included' };
    return { state: 'executed', isSuccess, transactionHash, blockNumber };
  }
  return undefined;
}
