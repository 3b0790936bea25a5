/** What a node is built from. Every port is pure or seeded; none of them waits. */
import type { Block } from '../../consensus/block.ts';
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Crypto, Signer } from '../../consensus/primitives/signature.ts';
import type { Certificate } from '../../consensus/vote.ts';
import type { ProofVerdicts } from '../../settlement/atomic/proofs/proofVerdicts.ts';
import type { BlockRoots } from '../../settlement/execution/blockRoots.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import type { ExecutionResult } from '../../settlement/execution/result.ts';
import type { ArchiveLimits } from './archive.ts';
import type { ExecutedBlock } from './blockTree.ts';

export interface NodeOptions {
  readonly genesis: Genesis;
  readonly self: ValidatorIndex;
  readonly deltaMs: number;
  readonly inactiveViews: number;
  readonly resubmitAfterBlocks: number;
  readonly tip: bigint;
  readonly openRescue: boolean;
  /** Finalised blocks kept for peers that ask; older ones are deleted. */
  readonly historyBlocks: number;
  /** What is kept for queries alone. Undefined: nothing, since nobody asks. */
  readonly archive?: ArchiveLimits | undefined;
}

export interface NodeDependencies {
  readonly crypto: Crypto;
  readonly signer: Signer;
  /** Executed blocks by hash, shared between the nodes of one process. Undefined: every node executes. */
  readonly executions: ExecutionCache | undefined;
  /**
   * Decoded messages by the identity of their bytes, shared between the nodes of one process; a sender puts its own
   * message in, so in a simulation nothing is decoded twice. Undefined: every node decodes.
   */
  readonly messages: MessageCache | undefined;
  /**
   * Votes, completions and transactions whose signature this process made or found good, by the identity of the decoded object,
   * which only nodes that share messages ever have in common. Undefined: every node checks every signature itself.
   */
  readonly goodItems?: GoodItems | undefined;
  /** What knows the roots over transactions that this process has executed before. Undefined: they are worked out. */
  readonly roots?: BlockRoots | undefined;
  /** What judges proofs of settlements, or was told verdicts before. Undefined: a memory of the node's own. */
  readonly verdicts?: ProofVerdicts | undefined;
  /** Told of each finalised block, in order; for laws and statistics, never fed back. */
  readonly observer: FinalityObserver | undefined;
}

export interface ExecutionCache {
  get(block: Pick<Block, 'hash' | 'header'>): ExecutedBlock | undefined;
  set(executed: ExecutedBlock): void;
}

export interface MessageCache {
  get(bytes: Uint8Array): unknown;
  set(bytes: Uint8Array, message: unknown): void;
}

export interface GoodItems {
  has(item: object): boolean;
  add(item: object): void;
}

export interface FinalityObserver {
  /** @param certificate - There when it finalised this very block. */
  finalized(
    node: ValidatorIndex,
    block: Block,
    result: ExecutionResult,
    certificate: Certificate | undefined,
  ): void;
}
