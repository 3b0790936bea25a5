/**
 * What surrounds the agreement protocol: the node that carries out what it wants done, what it is told at the start,
 * and what it says when it lacks something. Shapes only.
 */
import type { Block } from '../block.ts';
import type { Hash, TimeMs, ValidatorIndex, View } from '../primitives/flavor.ts';
import type { Signer, Verifier } from '../primitives/signature.ts';
import type { ValidatorSet } from '../validators.ts';
import type { Certificate, Vote } from '../vote.ts';
import type { LeaderSchedule } from '../weightedRotation.ts';
import type { ViewRecord } from './viewRecord.ts';

export type SimplexTimer = 'propose' | 'view' | 'rebroadcast';

/** The node around the protocol. Calls come while the protocol handles an input; none may call back into it. */
export interface SimplexHost {
  /**
   * Makes the vote durable (a notarize vote together with `record.proposal`), then sends it; with `block` it is
   * the leader's proposal.
   */
  castVote(vote: Vote, record: ViewRecord, block: Block | undefined): void;
  /** Writes down the view's new notarisation or nullification, durable no later than the next vote. */
  keep(record: ViewRecord): void;
  setTimer(timer: SimplexTimer, at: TimeMs): void;
  clearTimer(timer: SimplexTimer): void;
  /** Repeats own votes of the stuck view beside the newest certificate. */
  rebroadcast(votes: readonly Vote[], certificate: Certificate | undefined): void;
  /** Asks a peer (`undefined`: the host's choice) for blocks and certificates this node lacks. */
  requestMissing(peer: ValidatorIndex | undefined): void;
  /** Builds a block on `parent`; undefined when it cannot yet (it calls `reconsider` later). */
  propose(parent: Block, view: View, nowMs: TimeMs): Block | undefined;
  /** Judges a proposal by re-execution. `wait`: not yet decidable; the host calls `reconsider` later. */
  validate(block: Block, parent: Block, nowMs: TimeMs): 'valid' | 'invalid' | 'wait';
  /**
   * True when the block carries the body its header names, every item signed as it must be. The hash covers the
   * header alone, so a copy with another body is nobody's block, however well its header is certified.
   */
  isBodyValid(block: Block): boolean;
  notarized(view: View, blockHash: Hash, block: Block | undefined): void;
  nullified(view: View): void;
  /**
   * False while the host holds as many final blocks as it may that it cannot execute yet: it is given no more of them and
   * signs nothing, until it calls `catchUp`.
   */
  canFinalize(): boolean;
  /** Ascending, each the parent of the next, the last one named by the certificate. */
  finalized(blocks: readonly Block[], certificate: Certificate): void;
  equivocation(first: Vote, second: Vote): void;
}

export interface SimplexOptions {
  readonly chainId: Hash;
  readonly validators: ValidatorSet;
  readonly self: ValidatorIndex;
  readonly blockTimeMs: number;
  /** Assumed bound on one message's delay, in ms. */
  readonly deltaMs: number;
  /** Views without a vote after which a leader is skipped at once. */
  readonly inactiveViews: number;
}

/** What a node remembers over a restart, of views that were not final. */
export interface SimplexMemory {
  readonly votes: readonly Vote[];
  /** The blocks that own notarize votes were cast for. */
  readonly proposals: readonly Block[];
  /** The notarisations and nullifications by which views were left. */
  readonly certificates: readonly Certificate[];
}

/** What a node lacks to judge a proposal or to go on. */
export interface SimplexLack {
  /** From this view on it needs certificates and the blocks they name. */
  readonly fromView: View;
  /** A notarised block that it does not know, nor in which view it stands; zero when there is none. */
  readonly blockHash: Hash;
}

/** Votes whose signature this process made or found good, by identity, shared between its nodes of one network. */
export interface GoodVotes {
  has(vote: Vote): boolean;
  add(vote: Vote): void;
}

export interface SimplexDependencies {
  readonly host: SimplexHost;
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly leaders: LeaderSchedule;
  /** Undefined: every node checks every signature itself. */
  readonly goodVotes?: GoodVotes | undefined;
}
