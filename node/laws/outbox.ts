/**
 * The part of durability that concerns settlement: a transaction stands in its node's outbox, synced and byte for byte,
 * before it leaves, and one (batch, attempt) is never signed anew, but for fees that rise. It reads the disk, never what
 * the node believes.
 */
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { replacementFeeMin } from '../../settlement/chain/mempool.ts';
import {
  decodeSettlementTransaction,
  encodeSettlementTransaction,
} from '../../settlement/chain/transactionCodec.ts';
import type { Law } from './law.ts';

/** Attempts remembered for each node: more than a node has in flight. */
const ATTEMPTS_KEPT = 128;

/** A transaction that a node hands to the settlement chain. */
export interface SentSettlement {
  readonly batch: number;
  readonly attempt: number;
  readonly bytes: Uint8Array;
}

export class OutboxRule {
  readonly #law: Law;
  readonly #nodeNames: readonly string[];
  /** What each node sent last, by batch and attempt, in order of their first. */
  readonly #sent: Map<string, Uint8Array>[] = [];

  constructor(law: Law, nodeNames: readonly string[]) {
    this.#law = law;
    this.#nodeNames = nodeNames;
  }

  /** @param stored - The outbox row that would survive a crash now. */
  sent(
    node: ValidatorIndex,
    { batch, attempt, bytes }: SentSettlement,
    stored: Uint8Array | undefined,
  ): void {
    const describe = (what: string) => (): string =>
      `${this.#nodeNames[node] ?? `validator ${node}`} sent batch ${batch}, attempt ${attempt}, ${what}`;
    const isStored = stored !== undefined && areEqual(stored, bytes);
    this.#law.check(isStored, describe('that is not in its outbox'));
    const sent = this.#sentBy(node);
    const key = `${batch}/${attempt}`;
    const before = sent.get(key);
    const isSameOrRaised = before === undefined || areEqual(before, bytes) || isRaised(before, bytes);
    this.#law.check(isSameOrRaised, describe('signed anew and not with higher fees alone'));
    sent.set(key, bytes);
    if (sent.size <= ATTEMPTS_KEPT) return;
    for (const oldest of sent.keys()) {
      sent.delete(oldest);
      return;
    }
  }

  /** Its disk is gone, or is not what it promised to be: it cannot know what it signed. */
  forget(node: ValidatorIndex): void {
    this.#sent[node]?.clear();
  }

  #sentBy(node: ValidatorIndex): Map<string, Uint8Array> {
    let sent = this.#sent[node];
    if (sent === undefined) {
      sent = new Map();
      this.#sent[node] = sent;
    }
    return sent;
  }
}

/** The same transaction but for fees, both high enough to replace the ones before. */
function isRaised(before: Uint8Array, after: Uint8Array): boolean {
  const first = decodeSettlementTransaction(before);
  const second = decodeSettlementTransaction(after);
  if (!first.ok || !second.ok) return false;
  const { feeCap, tip, signature } = second.value;
  if (feeCap < replacementFeeMin(first.value.feeCap) || tip < replacementFeeMin(first.value.tip))
    return false;
  return areEqual(encodeSettlementTransaction({ ...first.value, feeCap, tip, signature }), after);
}

function areEqual(left: Uint8Array, right: Uint8Array): boolean {
  if (left === right) return true;
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}
