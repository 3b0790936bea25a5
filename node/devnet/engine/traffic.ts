/**
 * What users send on a real network: transactions of the scenario, handed to every node by itself, past the network
 * between them. A node that comes back gets what is open, and what was sent while none ran.
 */
import type { Block } from '../../../consensus/block.ts';
import type { Height } from '../../../consensus/primitives/flavor.ts';
import { type BlockTransactions, TransactionDelivery } from '../../timeline/transactionDelivery.ts';
import type { DevnetControl } from './control.ts';
import type { EngineNode } from './engineNode.ts';

export interface TrafficDependencies {
  readonly transactions: BlockTransactions;
  readonly nodes: readonly EngineNode[];
  readonly control: Pick<DevnetControl, 'submit'>;
  readonly failed: (error: unknown) => void;
}

export class Traffic {
  readonly #dependencies: TrafficDependencies;
  readonly #delivery: TransactionDelivery;
  /** What users sent while no node ran: for each node, from the start after that. */
  readonly #unheard = new Map<EngineNode, Uint8Array[]>();
  #proposedHeight: Height = 0;

  /** @param heightsAhead - For how many heights transactions lie ready beyond the newest proposal. */
  constructor(heightsAhead: number, dependencies: TrafficDependencies) {
    this.#dependencies = dependencies;
    this.#delivery = new TransactionDelivery(dependencies.transactions, heightsAhead);
  }

  /** Before the first block. Resolves when every node has what the first blocks need. */
  async begin(): Promise<void> {
    await this.#handToAll(this.#delivery.proposed(0) ?? []);
  }

  /** A block was proposed: those of later heights are due. */
  proposed(height: Height): void {
    if (height <= this.#proposedHeight) return;
    this.#proposedHeight = height;
    void this.#handToAll(this.#delivery.proposed(height) ?? []);
  }

  /** Users send: to every node that runs, or once one does. */
  submit(transactions: readonly Uint8Array[]): void {
    const { nodes } = this.#dependencies;
    if (nodes.some(({ isUp }) => isUp)) {
      void this.#handToAll(transactions);
      return;
    }
    for (const node of nodes) {
      this.#unheard.set(node, [...(this.#unheard.get(node) ?? []), ...transactions]);
    }
  }

  /** A process has come back. */
  started(node: EngineNode): void {
    for (const bytes of this.#delivery.open()) void this.#hand(node, bytes);
    for (const bytes of this.#unheard.get(node) ?? []) void this.#hand(node, bytes);
    this.#unheard.delete(node);
  }

  /** @returns How many transactions anchored to this final block are not in it; undefined when it holds them all. */
  finalized(block: Block): number | undefined {
    return this.#delivery.finalized(block);
  }

  async #handToAll(transactions: Iterable<Uint8Array>): Promise<void> {
    const handed: Promise<void>[] = [];
    for (const bytes of transactions) {
      for (const node of this.#dependencies.nodes) if (node.isUp) handed.push(this.#hand(node, bytes));
    }
    await Promise.all(handed);
  }

  /** In the order of the calls; nobody waits for one to be taken before the next is sent. */
  #hand(node: EngineNode, bytes: Uint8Array): Promise<void> {
    const { control, failed } = this.#dependencies;
    return control.submit(node.index, bytes).catch(failed);
  }
}
