/**
 * The part of exactly once that concerns gossip: what a node takes for settled because a peer said so has been settled,
 * by that proposer, in that transaction, in a block of that height. A block that was taken back since counts too: its
 * witnesses spoke the truth.
 */
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import { decodeCompletion } from '../core/completion.ts';
import type { Law } from './law.ts';

/** Settlements remembered: nodes know no older ones than the finalised origin, a few blocks back. */
const SETTLEMENTS_KEPT = 1024;

export class CompletionRule {
  readonly #law: Law;
  readonly #nodeNames: readonly string[];
  readonly #settled = new Set<string>();

  constructor(law: Law, nodeNames: readonly string[]) {
    this.#law = law;
    this.#nodeNames = nodeNames;
  }

  settlementBlock({ height, events }: SettlementBlock): void {
    for (const event of events) {
      if (event.type !== 'batch_settled') continue;
      this.#settled.add(keyOf(height, event));
      if (this.#settled.size <= SETTLEMENTS_KEPT) continue;
      for (const oldest of this.#settled) {
        this.#settled.delete(oldest);
        break;
      }
    }
  }

  /** A node accepts a completion, whoever sent it. */
  accepted(node: ValidatorIndex, bytes: Uint8Array): void {
    const decoded = decodeCompletion(bytes);
    const hasHappened = decoded.ok && this.#settled.has(keyOf(decoded.value.settlementHeight, decoded.value));
    this.#law.check(hasHappened, () => {
      const what = decoded.ok ? `of batch ${decoded.value.seq}` : 'that nobody can read';
      return `${this.#nodeNames[node] ?? `node ${node}`} accepted a completion ${what}, which was not settled so`;
    });
  }
}

interface Settled {
  readonly seq: number;
  readonly proposer: ValidatorIndex;
  readonly transactionHash: string;
}

function keyOf(height: number, { seq, proposer, transactionHash }: Settled): string {
  return `${height}/${seq}/${proposer}/${transactionHash}`;
}
