/**
 * Shows the nodes what everybody can see who looks at the settlement chain's mempool: pairs of transactions that contradict
 * each other. What that proves they judge for themselves.
 */
import type {
  DoubleSettlementWatch,
  SettlementPair,
} from '../../../settlement/chain/doubleSettlementWatch.ts';
import type { Input } from '../../core/types.ts';
import type { EventQueue } from '../eventQueue.ts';
import type { SimulatedNode } from '../machine/simulatedNode.ts';
import type { Links } from '../network/links.ts';

export interface SettlementWatchDependencies {
  readonly watch: DoubleSettlementWatch;
  readonly queue: EventQueue;
  readonly links: Links;
  readonly nodes: readonly SimulatedNode[];
  readonly deliver: (node: SimulatedNode, input: Input) => void;
}

export class SettlementWatch {
  readonly #dependencies: SettlementWatchDependencies;

  constructor(dependencies: SettlementWatchDependencies) {
    this.#dependencies = dependencies;
  }

  /** A transaction reaches the chain, whatever the chain does with it. */
  arrived(bytes: Uint8Array): void {
    const pair = this.#dependencies.watch.arrived(bytes);
    if (pair !== undefined) this.#show(pair);
  }

  #show({ first, second }: SettlementPair): void {
    const { queue, links, nodes, deliver } = this.#dependencies;
    for (const node of nodes) {
      const { incarnation, index } = node;
      links.carry(links.chain, index, first.length + second.length, queue.nowMs, (atMs) => {
        queue.scheduleAction(atMs, () => {
          if (node.incarnation !== incarnation || links.isCut(links.chain, index)) return;
          deliver(node, { type: 'settlementConflict', nowMs: queue.nowMs, first, second });
        });
      });
    }
  }
}
