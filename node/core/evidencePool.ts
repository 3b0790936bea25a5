/**
 * Verified equivocations that wait for a block of this node's, bounded; one piece a validator. Each is written down, since
 * this node may be the only one that saw both messages.
 */
import { CodedError } from '../../consensus/primitives/codedError.ts';
import type { Hash, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { accusedBy, decodeEvidence, type Evidence, evidenceId } from '../../settlement/execution/evidence.ts';
import { evidenceKey } from './store.ts';
import type { RecoveredRow, Write } from './types.ts';

/** Evidence kept; each validator needs one piece. */
const EVIDENCE_POOL_MAX = 64;

/** Verified evidence waiting for a block. */
export interface EvidenceItem {
  readonly id: Hash;
  readonly bytes: Uint8Array;
  readonly validator: ValidatorIndex;
}

export class EvidencePool {
  readonly #items = new Map<ValidatorIndex, EvidenceItem>();

  items(): EvidenceItem[] {
    return [...this.#items.values()];
  }

  /**
   * Keeps what was verified. One piece a validator is enough: the first proves the fault, the fault is punished once.
   * @returns The row to write down; undefined when there is a piece already, or too many of others.
   */
  keep(evidence: Evidence, bytes: Uint8Array): Write | undefined {
    const validator = accusedBy(evidence);
    if (this.#items.size >= EVIDENCE_POOL_MAX || this.#items.has(validator)) return undefined;
    this.#items.set(validator, { id: evidenceId(evidence), bytes, validator });
    return { key: evidenceKey(validator), value: bytes };
  }

  /** The validator was punished. @returns The row to delete, if there is one. */
  drop(validator: ValidatorIndex): Write | undefined {
    return this.#items.delete(validator) ? { key: evidenceKey(validator), value: undefined } : undefined;
  }

  /**
   * Takes up what was written down in an earlier life of this node.
   * @throws {CodedError} `STORE_CORRUPT`: a row holds no evidence against the validator its key names.
   */
  recover(rows: readonly RecoveredRow[]): void {
    for (const { key, value } of rows) {
      const decoded = decodeEvidence(value);
      if (!decoded.ok || evidenceKey(accusedBy(decoded.value)) !== key) {
        const reason = decoded.ok ? 'it accuses somebody else' : decoded.message;
        throw new CodedError('STORE_CORRUPT', `the stored row ${key} cannot be used: ${reason}`, {
          key,
          reason,
        });
      }
      this.keep(decoded.value, value);
    }
  }
}
