/**
 * Several nodes of one chain. Work is done with one of them from end to end, since two may see different blocks; where it
 * fails, all of it is done again with the next one. Work must therefore be safe to repeat.
 */
import { CodedError } from '../../../../consensus/primitives/codedError.ts';
import { AdapterError } from '../adapter.ts';
import type { EvmTargetCode } from './codes.ts';
import { EvmNode, type EvmNodeOptions, NodeFailure } from './evmNode.ts';

export class EvmNodes {
  readonly #nodes: readonly EvmNode[];
  readonly #chainId: number;
  /** The one that answered last. */
  #current = 0;

  constructor(urls: readonly string[], options: EvmNodeOptions) {
    this.#nodes = urls.map((url) => new EvmNode(url, options));
    this.#chainId = options.chainId;
  }

  /**
   * Looks at every node that answers.
   * @throws {CodedError} `EVM_CHAIN_MISMATCH`: one of another chain. @throws {AdapterError} `BATCHER_TARGET_UNREACHABLE`: none answers.
   */
  async start(): Promise<void> {
    const failures: string[] = [];
    for (const node of this.#nodes) {
      const checked = await node.checkChain().catch((cause: unknown) => {
        failures.push(`${node.name}: ${messageOf(cause)}`);
      });
      if (checked?.isRight === false) throw mismatch(node.name, this.#chainId, checked.chainId);
    }
    if (failures.length === this.#nodes.length) throw unreachable(failures);
  }

  /** @throws {AdapterError} `BATCHER_TARGET_UNREACHABLE`: no node did it. What the work throws itself goes through. */
  async use<Result>(work: (node: EvmNode) => Promise<Result>): Promise<Result> {
    const failures: string[] = [];
    for (let tried = 0; tried < this.#nodes.length; tried += 1) {
      const node = this.#nodes[this.#current] as EvmNode;
      try {
        const { isRight, chainId } = await node.checkChain();
        if (isRight) return await work(node);
        failures.push(mismatch(node.name, this.#chainId, chainId).message);
      } catch (cause) {
        if (!(cause instanceof NodeFailure)) throw cause;
        failures.push(`${node.name}: ${cause.message}`);
      }
      this.#current = (this.#current + 1) % this.#nodes.length;
    }
    throw unreachable(failures);
  }

  /** Whether any node that answers says so. */
  async some(question: (node: EvmNode) => Promise<boolean>): Promise<boolean> {
    for (const node of this.#nodes) {
      try {
        if ((await node.checkChain()).isRight && (await question(node))) return true;
      } catch (cause) {
        if (!(cause instanceof NodeFailure)) throw cause;
      }
    }
    return false;
  }
}

function mismatch(name: string, expected: number, actual: number): CodedError {
  const code: EvmTargetCode = 'EVM_CHAIN_MISMATCH';
  return new CodedError(code, `${name}: expected chain ${expected}, got ${actual}`, { expected, actual });
}

function unreachable(failures: readonly string[]): AdapterError {
  const message = `no node of the evm target can be used: ${failures.join('; ')}`;
  return new AdapterError('BATCHER_TARGET_UNREACHABLE', message, { blame: 'infrastructure' });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
