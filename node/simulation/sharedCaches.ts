/**
 * What the nodes of one process may share because it is a pure function of its key: decoded messages by the identity
 * of their bytes, execution results by block hash, good signatures by the identity of what was signed. All are bounded;
 * a miss costs work, never a different answer.
 */
import type { Hash, Height } from '../../consensus/primitives/flavor.ts';
import { GenerationalMap } from '../../consensus/primitives/generationalMap.ts';

import type { ExecutedBlock } from '../core/blockTree.ts';
import type { ExecutionCache, GoodItems, MessageCache } from '../core/ports.ts';

/**
 * Messages in one generation for each node, two generations of which are kept: about what deliveries in flight need, which
 * is eight blocks of votes. More would cost more than it saves: what lives long is copied by the garbage collector.
 */
const MESSAGES_PER_NODE = 16;
/** At least as many: a few blocks of transactions, however few the nodes are. */
const MESSAGE_GENERATION_MIN = 128;
/** Results of blocks further below the newest than this are dropped, in heights. */
const EXECUTION_HEIGHTS = 64;

function generationSizeFor(nodeCount: number): number {
  return Math.max(MESSAGE_GENERATION_MIN, MESSAGES_PER_NODE * nodeCount);
}

export class SharedMessages implements MessageCache {
  readonly #messages: GenerationalMap<Uint8Array, unknown>;

  /** @param nodeCount - How many share them. */
  constructor(nodeCount: number) {
    this.#messages = new GenerationalMap({ generationSize: generationSizeFor(nodeCount) });
  }

  get(bytes: Uint8Array): unknown {
    return this.#messages.get(bytes);
  }

  set(bytes: Uint8Array, message: unknown): void {
    this.#messages.set(bytes, message);
  }
}

/** Forgetting one costs a check. */
export class SharedGoodItems implements GoodItems {
  readonly #items: GenerationalMap<object, true>;

  /** @param nodeCount - How many share them. */
  constructor(nodeCount: number) {
    this.#items = new GenerationalMap({ generationSize: generationSizeFor(nodeCount) });
  }

  has(item: object): boolean {
    return this.#items.get(item) === true;
  }

  add(item: object): void {
    this.#items.set(item, true);
  }
}

export class SharedExecutions implements ExecutionCache {
  readonly #executed = new Map<Hash, ExecutedBlock>();
  /** Hashes by height, in order of first insertion; the front is the oldest but for blocks a node caught up on. */
  readonly #hashesByHeight = new Map<Height, Hash[]>();
  #newestHeight: Height = 0;

  get(blockHash: Hash): ExecutedBlock | undefined {
    return this.#executed.get(blockHash);
  }

  set(executed: ExecutedBlock): void {
    const { hash, header } = executed.block;
    const { height } = header;
    if (height + EXECUTION_HEIGHTS <= this.#newestHeight || this.#executed.has(hash)) return;
    this.#executed.set(hash, executed);
    const hashes = this.#hashesByHeight.get(height);
    if (hashes === undefined) this.#hashesByHeight.set(height, [hash]);
    else hashes.push(hash);
    if (height > this.#newestHeight) {
      this.#newestHeight = height;
      this.#prune();
    }
  }

  #prune(): void {
    for (const [height, hashes] of this.#hashesByHeight) {
      if (height + EXECUTION_HEIGHTS > this.#newestHeight) return;
      for (const hash of hashes) this.#executed.delete(hash);
      this.#hashesByHeight.delete(height);
    }
  }
}
