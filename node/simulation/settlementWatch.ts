/**
 * What everybody can see who looks at the settlement chain's mempool: the signed transactions that arrive. It remembers
 * one of each (proposer, batch, attempt) and shows the nodes a pair that says different things; what that proves they
 * judge for themselves. Bounded: an attempt is over long before it is forgotten here.
 */
import { isDoubleSettlement } from '../../settlement/chain/doubleSettlement.ts';
import { decodeSettlementTransaction } from '../../settlement/chain/transactionCodec.ts';
import type { SettlementTransaction } from '../../settlement/net/settlement.ts';
import type { Input } from '../core/types.ts';
import type { EventQueue } from './eventQueue.ts';
import type { Links } from './links.ts';
import type { SimulatedNode } from './simulatedNode.ts';

/** Attempts remembered, of all proposers together. */
const ATTEMPTS_KEPT = 1024;

interface Seen {
  readonly transaction: SettlementTransaction;
  readonly bytes: Uint8Array;
  isShown: boolean;
}

export interface SettlementWatchDependencies {
  readonly queue: EventQueue;
  readonly links: Links;
  readonly nodes: readonly SimulatedNode[];
  readonly deliver: (node: SimulatedNode, input: Input) => void;
}

export class SettlementWatch {
  readonly #dependencies: SettlementWatchDependencies;
  readonly #seen = new Map<string, Seen>();

  constructor(dependencies: SettlementWatchDependencies) {
    this.#dependencies = dependencies;
  }

  /** A transaction reaches the chain, whatever the chain does with it. */
  arrived(bytes: Uint8Array): void {
    const decoded = decodeSettlementTransaction(bytes);
    if (!decoded.ok) return;
    const transaction = decoded.value;
    const { proposer, seq, attempt } = transaction;
    const key = `${proposer}/${seq}/${attempt}`;
    const seen = this.#seen.get(key);
    if (seen === undefined) {
      this.#seen.set(key, { transaction, bytes, isShown: false });
      this.#forgetOldest();
      return;
    }
    // One pair an attempt proves all there is to prove.
    if (seen.isShown || !isDoubleSettlement(seen.transaction, transaction)) return;
    seen.isShown = true;
    this.#show(seen.bytes, bytes);
  }

  #show(first: Uint8Array, second: Uint8Array): void {
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

  #forgetOldest(): void {
    if (this.#seen.size <= ATTEMPTS_KEPT) return;
    for (const key of this.#seen.keys()) {
      this.#seen.delete(key);
      return;
    }
  }
}
