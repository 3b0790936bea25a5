/**
 * The finalised state and the executed blocks above it. Executing writes a layer per block; finalising folds the
 * layer into the base. Knows nothing of votes: simplex says which block is final.
 */
import type { Block } from '../../consensus/block.ts';
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { ExecutionResult } from '../../settlement/execution/result.ts';
import { type Layer, State } from '../../settlement/state.ts';
import type { PreparedTransaction } from './mempool.ts';
import type { Write } from './types.ts';

/** A block with the outcome of its execution. */
export interface ExecutedBlock {
  readonly block: Block;
  readonly result: ExecutionResult;
  /** The transactions of its body, decoded. */
  readonly transactions: readonly PreparedTransaction[];
  /** The rows it changes, as they go to disk. */
  readonly stateWrites: readonly Write[];
}

export class BlockTree {
  readonly #base: Layer;
  /** One view for all readers: the base changes beneath it. */
  readonly #finalizedState: State;
  /** Made anew when a block is final: few are left then, and a table that many came and went through keeps them alive. */
  #executed = new Map<Hash, ExecutedBlock>();
  #finalized: Block;
  #finalizedStateRoot: Hash;

  /** @param base - The state after `finalized`; this tree writes to it. */
  constructor(base: Layer, finalized: Block, stateRoot: Hash) {
    this.#base = base;
    this.#finalizedState = new State([base]);
    this.#finalizedState.freeze();
    this.#finalized = finalized;
    this.#finalizedStateRoot = stateRoot;
  }

  get finalized(): Block {
    return this.#finalized;
  }

  get finalizedStateRoot(): Hash {
    return this.#finalizedStateRoot;
  }

  /** Read-only view of the finalised state. */
  finalizedState(): State {
    return this.#finalizedState;
  }

  get(hash: Hash): ExecutedBlock | undefined {
    return this.#executed.get(hash);
  }

  /** Executed blocks that are not final, in the order of their execution. */
  unfinalized(): Iterable<ExecutedBlock> {
    return this.#executed.values();
  }

  /** True when children of this block can be executed. */
  isExecuted(hash: Hash): boolean {
    return hash === this.#finalized.hash || this.#executed.has(hash);
  }

  /** A writable state after `parent`, which must be executed. */
  stateAfter(parent: Block): State {
    const layers: Layer[] = [];
    let hash = parent.hash;
    while (hash !== this.#finalized.hash) {
      const executed = this.#executed.get(hash);
      if (executed === undefined) assert(false, `parent ${hash} was not executed`);
      layers.push(executed.result.layer);
      hash = executed.block.header.parentHash;
    }
    layers.push(this.#base);
    return new State(layers);
  }

  stateRootAfter(parent: Block): Hash {
    if (parent.hash === this.#finalized.hash) return this.#finalizedStateRoot;
    return parent.header.stateRoot;
  }

  add(executed: ExecutedBlock): void {
    this.#executed.set(executed.block.hash, executed);
  }

  /** Folds the child of the last finalised block into the base and drops its rivals. */
  finalize(hash: Hash): ExecutedBlock {
    const executed = this.#executed.get(hash);
    assert(executed?.block.header.parentHash === this.#finalized.hash, 'finalised out of order');
    this.#base.absorb(executed.result.layer);
    this.#finalized = executed.block;
    this.#finalizedStateRoot = executed.result.stateRoot;
    const { height } = executed.block.header;
    const above = new Map<Hash, ExecutedBlock>();
    this.#executed.forEach((other, otherHash) => {
      if (other.block.header.height > height) above.set(otherHash, other);
    });
    this.#executed = above;
    return executed;
  }
}
