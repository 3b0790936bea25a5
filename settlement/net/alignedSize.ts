/**
 * The policy `aligned`: windows end just before a settlement block (docs/protocol.md, adaptive batch size).
 *
 * A batch that is ready right after a settlement block waits for the next one, and blocks that come meanwhile could
 * have been in it at no cost. So the settlement block is chosen first, the last one within what `batch_size` blocks
 * may take at worst, and the window takes in all that still reaches it. Base fee and backlog move that bound out,
 * exposure moves it in. Integers alone, and nothing is remembered between windows.
 */
import type { Amount } from '../../consensus/primitives/flavor.ts';
import type { NetRules, WindowEnd } from './types.ts';

/**
 * Most that a window of a bounded asset grows over the one before. Exposure of one window says little of the next
 * when it happens to net to almost nothing.
 */
const GROWTH_FACTOR = 2;

/**
 * Blocks of the next window, at least 1 and not yet within the bounds of N.
 *
 * Where no settlement block lies within exposure and `batch_size_max`, the next one that a block can reach is
 * taken: ending sooner would settle nothing sooner.
 * @param backlogPendingMax - Unconfirmed batches up to which there is no backlog.
 */
export function alignedSize(end: WindowEnd, rules: NetRules, backlogPendingMax: number): number {
  const { blockTimeMs, settlementBlockTimeMs, sealLeadMs } = rules;
  const worstBlocks = stretched(rules.batchSize, end, rules, backlogPendingMax);
  const longestBlocks = Math.min(rules.batchSizeMax, exposureBlocks(end, rules));
  /** When a batch that the first block of the window sealed would be at the settlement chain. */
  const reachMs = end.timestampMs + blockTimeMs + sealLeadMs;
  const latestMs = Math.min(
    reachMs + (worstBlocks - 1) * blockTimeMs + settlementBlockTimeMs,
    reachMs + longestBlocks * blockTimeMs,
  );
  const last = Math.floor((latestMs - end.originTimestampMs) / settlementBlockTimeMs);
  const next = Math.floor((reachMs - end.originTimestampMs) / settlementBlockTimeMs) + 1;
  const settlementMs = end.originTimestampMs + Math.max(last, next) * settlementBlockTimeMs;
  return Math.ceil((settlementMs - reachMs) / blockTimeMs);
}

/**
 * Longer by the square root of how far base fee or backlog exceed what is usual: with fees of f/N and a wait of N
 * for each block, that keeps their sum least.
 */
function stretched(
  batchSize: number,
  { baseFee, pendingCount }: WindowEnd,
  { congestedBaseFee, batchSizeMax }: NetRules,
  backlogPendingMax: number,
): number {
  const square = BigInt(batchSize) ** 2n;
  const byFee = (square * baseFee) / maxOf(congestedBaseFee, 1n);
  const byBacklog = (square * BigInt(pendingCount)) / BigInt(backlogPendingMax);
  const wanted = rootOf(maxOf(square, maxOf(byFee, byBacklog)));
  return Number(wanted > BigInt(batchSizeMax) ? BigInt(batchSizeMax) : wanted);
}

/** Blocks after which the asset nearest to its bound reaches it, if it goes on as in the batch being sealed. */
function exposureBlocks({ sealed }: WindowEnd, { exposureMax, batchSizeMax }: NetRules): number {
  if (sealed === undefined || exposureMax.length === 0) return batchSizeMax;
  const blockCount = BigInt(sealed.blockCount);
  let blocks = blockCount * BigInt(GROWTH_FACTOR);
  for (const { asset, amount: bound } of exposureMax) {
    const net = sealed.net.find((entry) => entry.asset === asset)?.amount ?? 0n;
    if (net === 0n) continue;
    const reached = (blockCount * bound) / (net < 0n ? -net : net);
    if (reached < blocks) blocks = reached;
  }
  return Number(blocks > BigInt(batchSizeMax) ? BigInt(batchSizeMax) : blocks);
}

function maxOf(a: Amount, b: Amount): Amount {
  return a > b ? a : b;
}

/** Square root, rounded down, of a number of at least 1 (Newton's method from above). */
function rootOf(square: bigint): bigint {
  let root = square;
  for (;;) {
    const next = (root + square / root) / 2n;
    if (next >= root) return root;
    root = next;
  }
}
