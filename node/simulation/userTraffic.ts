/**
 * What users send: transactions of the scenario, handed to every node outside the modelled network. A node that is down or
 * frozen gets what it missed when it runs again, and nothing that others may have let go of by then is forgotten.
 */
import type { Block } from '../../consensus/block.ts';
import type { Height, TimeMs } from '../../consensus/primitives/flavor.ts';
import type { Input } from '../core/types.ts';
import { type BlockTransactions, TransactionDelivery } from '../timeline/transactionDelivery.ts';
import type { Freezer } from './machine/freezer.ts';
import type { SimulatedNode } from './machine/simulatedNode.ts';

type Submission = Extract<Input, { readonly type: 'transactionSubmitted' }>;

export interface UserTrafficDependencies {
  readonly transactions: BlockTransactions;
  readonly nodes: readonly SimulatedNode[];
  readonly freezer: Freezer;
  readonly nowMs: () => TimeMs;
  readonly scheduleAction: (timeMs: TimeMs, action: () => void) => void;
  readonly deliver: (node: SimulatedNode, input: Input) => void;
}

export class UserTraffic {
  readonly #dependencies: UserTrafficDependencies;
  readonly #delivery: TransactionDelivery;
  /** What users sent while no node ran: for each node, from the start after that. */
  readonly #unheard = new Map<SimulatedNode, Uint8Array[]>();
  /** Inputs that users hand to each node, again whenever it starts. */
  readonly #inputs = new Map<SimulatedNode, readonly Uint8Array[]>();
  #proposedHeight: Height = 0;

  constructor(dependencies: UserTrafficDependencies) {
    this.#dependencies = dependencies;
    this.#delivery = new TransactionDelivery(dependencies.transactions);
    this.#delivery.proposed(0);
  }

  /** Handed over and not final yet. */
  open(): Iterable<Uint8Array> {
    return this.#delivery.open();
  }

  /** A block was proposed: those of later heights are due. */
  proposed(height: Height): void {
    if (height <= this.#proposedHeight) return;
    this.#proposedHeight = height;
    const due = this.#delivery.proposed(height);
    if (due === undefined) return;
    const { scheduleAction, nowMs } = this.#dependencies;
    scheduleAction(nowMs(), () => this.#handToAll(due));
  }

  /** Users send: to every node that runs, or once one does. */
  submit(transactions: readonly Uint8Array[]): void {
    const { nodes } = this.#dependencies;
    if (nodes.some(({ core }) => core !== undefined)) {
      this.#handToAll(transactions);
      return;
    }
    for (const node of nodes) {
      this.#unheard.set(node, [...(this.#unheard.get(node) ?? []), ...transactions]);
    }
  }

  /** Users send inputs to some of the nodes, from which gossip takes them on; one that is down gets them when it is back. */
  submitInputs(transactions: readonly Uint8Array[], names: readonly string[]): void {
    for (const node of this.#dependencies.nodes) {
      if (!names.includes(node.name)) continue;
      // A user who got no answer tries again, which must not matter where there was one that was lost.
      this.#inputs.set(node, [...(this.#inputs.get(node) ?? []), ...transactions]);
      if (node.core !== undefined) this.#handInputs(node, transactions);
    }
  }

  /** A process has started: it gets what is open, and what it never heard. */
  started(node: SimulatedNode): void {
    for (const bytes of this.#delivery.open()) this.#hand(node, this.#submission(bytes));
    for (const bytes of this.#unheard.get(node) ?? []) this.#hand(node, this.#submission(bytes));
    this.#unheard.delete(node);
    this.#handInputs(node, this.#inputs.get(node) ?? []);
  }

  /** @returns How many transactions anchored to this final block are not in it; undefined when it holds them all. */
  finalized(block: Block): number | undefined {
    return this.#delivery.finalized(block);
  }

  #handToAll(transactions: Iterable<Uint8Array>): void {
    for (const bytes of transactions) {
      const input = this.#submission(bytes);
      for (const node of this.#dependencies.nodes) this.#hand(node, input);
    }
  }

  #handInputs(node: SimulatedNode, transactions: readonly Uint8Array[]): void {
    for (const bytes of transactions) this.#hand(node, { ...this.#submission(bytes), gossip: true });
  }

  #submission(bytes: Uint8Array): Submission {
    return { type: 'transactionSubmitted', nowMs: this.#dependencies.nowMs(), bytes, gossip: false };
  }

  #hand(node: SimulatedNode, submission: Submission): void {
    const { freezer, deliver } = this.#dependencies;
    if (freezer.isActive && freezer.isFrozen(node)) this.#hold(node, submission);
    else deliver(node, submission);
  }

  #hold(node: SimulatedNode, { bytes, gossip }: Submission): void {
    const { freezer } = this.#dependencies;
    freezer.hold(node, () => this.#hand(node, { ...this.#submission(bytes), gossip }));
  }
}
