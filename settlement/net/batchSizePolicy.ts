/**
 * How the size N in force changes at the end of a window (docs/protocol.md, adaptive batch size). A policy sees
 * derived facts only, so every node reaches the same N; the result applies to the next window.
 */
import { alignedSize } from './alignedSize.ts';
import type { NetRules, WindowEnd } from './types.ts';

/** Size in force, and how a window ended, to the size in force from then on, before clamping; undefined leaves it. */
type BatchSizePolicy = (batchSize: number, end: WindowEnd, rules: NetRules) => number | undefined;

/** More unconfirmed batches than this count as a backlog (seed document 003, adaptive batching). */
const BACKLOG_PENDING_MAX = 3;

const policies: Readonly<Record<Exclude<NetRules['adaptive'], 'fixed'>, BatchSizePolicy>> = {
  /** One step up under congestion or backlog, once for both; one step down when neither fees nor batches press. */
  seed003: (batchSize, { baseFee, pendingCount, sealed }, { congestedBaseFee }) => {
    if (sealed === undefined) return undefined;
    if (baseFee > congestedBaseFee || pendingCount > BACKLOG_PENDING_MAX) return batchSize + 1;
    if (baseFee < congestedBaseFee && pendingCount === 0) return batchSize - 1;
    return batchSize;
  },
  aligned: (_batchSize, end, rules) => alignedSize(end, rules, BACKLOG_PENDING_MAX),
};

/** The size in force after a window: unchanged under `fixed`, else the policy's, within the configured bounds. */
export function adaptBatchSize(batchSize: number, end: WindowEnd, rules: NetRules): number {
  if (rules.adaptive === 'fixed') return batchSize;
  const wanted = policies[rules.adaptive](batchSize, end, rules);
  if (wanted === undefined) return batchSize;
  return Math.min(Math.max(wanted, rules.batchSizeMin), rules.batchSizeMax);
}
