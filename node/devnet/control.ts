/**
 * What a process of a local network and the one that started it say to each other, over the channel between them. Values
 * travel as structured clones: amounts, maps and bytes as they are.
 */
import type { LinkEnd, LinkQuality } from '../runtime/linkConditions.ts';
import type { MessageJudgement } from '../runtime/peerNetwork.ts';
import type { NodeReport } from './nodeReporter.ts';

/** How much a node tells its starter: nothing but its start and end, what it does, or besides all that nodeReporter.ts tells. */
export const reportLevels = ['none', 'events', 'blocks'] as const;
export type ReportLevel = (typeof reportLevels)[number];

/** From a process to whoever started it. */
export type ProcessReport =
  /** It serves. `p2p` is empty for a settlement chain. */
  | { readonly type: 'ready'; readonly url: string; readonly p2p: string }
  /** It cannot start, or cannot go on, and is about to end. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  | NodeReport
  /** An operator wants it stopped in order and started again. */
  | { readonly type: 'restart' }
  /** Answers a `submit`. */
  | { readonly type: 'submitted'; readonly id: number; readonly judgement: MessageJudgement };

/** From whoever started a process to the process; a settlement chain takes the first alone. */
export type NodeOrder =
  /** When genesis is, in ms since 1970; only where it has not come yet. */
  | { readonly type: 'genesis'; readonly genesisMs: number }
  | { readonly type: 'links'; readonly links: ReadonlyMap<LinkEnd, LinkQuality> }
  | { readonly type: 'withhold'; readonly on: boolean }
  /** A transaction of a scenario: known to this node from now on, and not gossiped by it. */
  | { readonly type: 'submit'; readonly id: number; readonly bytes: Uint8Array };
