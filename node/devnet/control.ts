/**
 * What a process of a local network and the one that started it say to each other, over the channel between them. Values
 * travel as structured clones: amounts, maps and bytes as they are.
 */
import type { Hash, Height, TimeMs } from '../../consensus/primitives/flavor.ts';
import type { NodeEvent } from '../core/events.ts';
import type { LinkEnd, LinkQuality } from '../runtime/linkConditions.ts';
import type { MessageJudgement } from '../runtime/peerNetwork.ts';

/** How much a node tells its starter: nothing but its start and end, what it does, or the blocks besides. */
export const reportLevels = ['none', 'events', 'blocks'] as const;
export type ReportLevel = (typeof reportLevels)[number];

/** From a process to whoever started it. */
export type ProcessReport =
  /** It serves. `p2p` is empty for a settlement chain. */
  | { readonly type: 'ready'; readonly url: string; readonly p2p: string }
  /** It cannot start, or cannot go on, and is about to end. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  | { readonly type: 'event'; readonly nowMs: TimeMs; readonly event: NodeEvent }
  /** A block became final; `certificate` is there when it finalised this very block. */
  | {
      readonly type: 'block';
      readonly height: Height;
      readonly hash: Hash;
      readonly stateRoot: Hash;
      readonly block: Uint8Array;
      readonly certificate: Uint8Array | undefined;
    }
  /** Answers a `submit`. */
  | { readonly type: 'submitted'; readonly id: number; readonly judgement: MessageJudgement };

/** From whoever started a node to the node. */
export type NodeOrder =
  | { readonly type: 'links'; readonly links: ReadonlyMap<LinkEnd, LinkQuality> }
  | { readonly type: 'withhold'; readonly on: boolean }
  /** A transaction of a scenario: known to this node from now on, and not gossiped by it. */
  | { readonly type: 'submit'; readonly id: number; readonly bytes: Uint8Array };
