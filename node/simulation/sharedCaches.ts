/**
 * What the nodes of one process may share because it is a pure function of its key: decoded messages by the identity
 * of their bytes, execution results by block hash, good signatures by the identity of what was signed. All are bounded;
 * a miss costs work, never a different answer.
 */
import type { Block } from '../../consensus/block.ts';
import type { Height } from '../../consensus/primitives/flavor.ts';
import { GenerationalMap } from '../../consensus/primitives/generationalMap.ts';
import { Ring } from '../../consensus/primitives/ring.ts';
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
  /** Nearly always one a height. */
  readonly #executed = new Ring<ExecutedBlock[]>(EXECUTION_HEIGHTS);
  #newestHeight: Height = 0;

  get({ hash, header }: Pick<Block, 'hash' | 'header'>): ExecutedBlock | undefined {
    return this.#executed.get(header.height)?.find(({ block }) => block.hash === hash);
  }

  set(executed: ExecutedBlock): void {
    const { block } = executed;
    const { height } = block.header;
    if (height + EXECUTION_HEIGHTS <= this.#newestHeight || this.get(block) !== undefined) return;
    this.#newestHeight = Math.max(height, this.#newestHeight);
    const others = this.#executed.get(height);
    if (others === undefined) this.#executed.set(height, [executed]);
    else others.push(executed);
  }
}
