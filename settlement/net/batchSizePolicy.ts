/**
 * How the size N in force changes at a seal (docs/protocol.md, adaptive batch size). A policy sees derived facts
 * only, so every node reaches the same N; the result applies to the next window.
 */
import type { Amount } from '../../consensus/primitives/flavor.ts';
import type { NetRules } from './types.ts';

/** What a policy may know when a batch is sealed. */
export interface SealConditions {
  /** Base fee at the origin of the sealing block. */
  readonly baseFee: Amount;
  /** Sealed and unconfirmed batches, without the one being sealed. */
  readonly pendingCount: number;
}

/** Size in force, and what the seal came with, to the size in force from then on, before clamping. */
export type BatchSizePolicy = (batchSize: number, conditions: SealConditions, rules: NetRules) => number;

/** More unconfirmed batches than this count as a backlog (seed document 003, adaptive batching). */
const BACKLOG_PENDING_MAX = 3;

const policies: Readonly<Record<Exclude<NetRules['adaptive'], 'fixed'>, BatchSizePolicy>> = {
  /** One step up under congestion or backlog, once for both; one step down when neither fees nor batches press. */
  seed003: (batchSize, { baseFee, pendingCount }, { congestedBaseFee }) => {
    if (baseFee > congestedBaseFee || pendingCount > BACKLOG_PENDING_MAX) return batchSize + 1;
    if (baseFee < congestedBaseFee && pendingCount === 0) return batchSize - 1;
    return batchSize;
  },
};

/** The size in force after a seal: unchanged under `fixed`, else the policy's, within the configured bounds. */
export function adaptBatchSize(batchSize: number, conditions: SealConditions, rules: NetRules): number {
  if (rules.adaptive === 'fixed') return batchSize;
  const wanted = policies[rules.adaptive](batchSize, conditions, rules);
  return Math.min(Math.max(wanted, rules.batchSizeMin), rules.batchSizeMax);
}
