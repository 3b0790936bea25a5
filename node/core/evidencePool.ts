/** Verified equivocations that wait for a block of this node's, bounded; one piece a validator. */
import type { Hash, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { accusedBy, type Evidence, evidenceId } from '../../settlement/execution/evidence.ts';

/** Evidence kept; each validator needs one piece. */
const EVIDENCE_POOL_MAX = 64;

/** Verified evidence waiting for a block. */
export interface EvidenceItem {
  readonly id: Hash;
  readonly bytes: Uint8Array;
  readonly validator: ValidatorIndex;
}

export class EvidencePool {
  readonly #items = new Map<Hash, EvidenceItem>();

  items(): EvidenceItem[] {
    return [...this.#items.values()];
  }

  /**
   * Keeps what was verified. One piece a validator is enough: the first proves the fault, the fault is punished once.
   * @returns False when there is a piece already, or too many of others.
   */
  keep(evidence: Evidence, bytes: Uint8Array): boolean {
    const validator = accusedBy(evidence);
    if (this.#items.size >= EVIDENCE_POOL_MAX) return false;
    for (const item of this.#items.values()) if (item.validator === validator) return false;
    const id = evidenceId(evidence);
    this.#items.set(id, { id, bytes, validator });
    return true;
  }

  /** The validator was punished. */
  drop(validator: ValidatorIndex): void {
    for (const [id, item] of this.#items) if (item.validator === validator) this.#items.delete(id);
  }
}
