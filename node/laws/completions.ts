/**
 * The part of exactly once that concerns gossip: what a node takes for settled because a peer said so has been settled,
 * by that proposer, in that transaction, in a block of that height. A block that was taken back since counts too: its
 * witnesses spoke the truth.
 */
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { GenerationalMap } from '../../consensus/primitives/generationalMap.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import { decodeCompletion } from '../core/completion.ts';
import type { Law } from './law.ts';

/** Settlements remembered: nodes know no older ones than the finalised origin, a few blocks back. */
const SETTLEMENTS_KEPT = 1024;
/** Messages in one generation of those that were read: as many as are under way at a time, however small the windows. */
const MESSAGES_READ = 64;

export class CompletionRule {
  readonly #law: Law;
  readonly #nodeNames: readonly string[];
  readonly #settled = new Set<string>();
  /** What messages tell of, by the identity of their bytes: each comes to every node. */
  readonly #told = new GenerationalMap<Uint8Array, string>({ generationSize: MESSAGES_READ });

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
    this.#law.check(this.#settled.has(this.#read(bytes)), () => {
      const decoded = decodeCompletion(bytes);
      const what = decoded.ok ? `of batch ${decoded.value.seq}` : 'that nobody can read';
      return `${this.#nodeNames[node] ?? `node ${node}`} accepted a completion ${what}, which was not settled so`;
    });
  }

  /** Names the settlement that a message tells of; nothing where nobody can read it. */
  #read(bytes: Uint8Array): string {
    let key = this.#told.get(bytes);
    if (key === undefined) {
      const decoded = decodeCompletion(bytes);
      key = decoded.ok ? keyOf(decoded.value.settlementHeight, decoded.value) : '';
      this.#told.set(bytes, key);
    }
    return key;
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
