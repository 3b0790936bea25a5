/**
 * Which transaction used the nonce of a batch that was overtaken. It may be one of an earlier batch of the same inputs, which no
 * pool seemed to have any more and which came back: its inputs have landed, and are not sent again.
 */
import type { Address } from '../../../../consensus/primitives/flavor.ts';
import { requestIdOf } from '../../../../settlement/input/requestId.ts';
import { signedTextOf } from '../../../../settlement/input/signedText.ts';
import type { LandedInput, OpenBatch, TransactionReceipt } from '../adapter.ts';
import type { EvmNode, MinedTransaction } from './evmNode.ts';
import { decodeInboxCalldata } from './inboxCalldata.ts';
import type { PreparedBatch } from './preparedBatch.ts';

/** As far back as nodes that are no archives know counts of accounts. */
const REACH_BLOCKS = 120;

/**
 * @param deepest - A block by which the nonce is used.
 * @returns Which inputs of the batch landed in the other transaction; undefined: none.
 */
export async function findLandedElsewhere(
  node: EvmNode,
  { account, nonce, to }: PreparedBatch,
  { inputs }: Pick<OpenBatch, 'inputs'>,
  deepest: number,
): Promise<TransactionReceipt | undefined> {
  const overtaker = await findOvertaker(node, account, nonce, deepest);
  if (overtaker === undefined || overtaker.to !== to) return undefined;
  const { transactionHash, calldata } = overtaker;
  const receipt = await node.receipt(transactionHash);
  const posted = decodeInboxCalldata(calldata);
  if (receipt?.isSuccess !== true || !posted.ok) return undefined;
  const { namespace } = posted.value;
  const ids = new Set(
    posted.value.inputs.map((input) =>
      requestIdOf(input.addressType, input.address, signedTextOf(input, namespace)),
    ),
  );
  const landed = inputs
    .filter(({ requestId }) => ids.has(requestId))
    .map(({ requestId }): LandedInput => ({ requestId, transactionHash, ok: true }));
  return landed.length === 0 ? undefined : { transactionHash, blockNumber: receipt.blockNumber, landed };
}

/** @returns Undefined: the nonce was used longer ago than nodes can tell. */
async function findOvertaker(
  node: EvmNode,
  account: Address,
  nonce: number,
  deepest: number,
): Promise<MinedTransaction | undefined> {
  let unused = Math.max(deepest - REACH_BLOCKS, -1);
  let used = deepest;
  if (unused >= 0 && (await node.transactionCount(account, unused)) > nonce) return undefined;
  while (used - unused > 1) {
    const middle = Math.floor((used + unused) / 2);
    if ((await node.transactionCount(account, middle)) > nonce) used = middle;
    else unused = middle;
  }
  return node.transactionIn(used, account, nonce);
}
