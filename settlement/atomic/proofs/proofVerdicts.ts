/**
 * Remembers verdicts by what they follow from: proof, statement and trust. Whether a verdict was made here, on another
 * thread before the block came, or in the block itself makes no difference but to the time it takes.
 */
import type { Hash } from '../../../consensus/primitives/flavor.ts';
import { GenerationalMap } from '../../../consensus/primitives/generationalMap.ts';
import { hashBytes } from '../../../consensus/primitives/hash.ts';
import { encodeProof } from './proofCodec.ts';
import type { ProofTask, ProofTrust, ProofVerdict } from './types.ts';
import { judgeProof } from './verifyProof.ts';

/**
 * Verdicts in one generation, in entries of about 200 bytes: those of 16 of the largest batches, which is more than wait
 * between the moment their transaction came and the block that holds it.
 */
export const PROOF_VERDICT_GENERATION_SIZE = 16_384;

export class ProofVerdicts {
  readonly trust: ProofTrust;
  readonly #byKey = new GenerationalMap<Hash, ProofVerdict>({
    generationSize: PROOF_VERDICT_GENERATION_SIZE,
  });

  constructor(trust: ProofTrust) {
    this.trust = trust;
  }

  has(task: ProofTask): boolean {
    return this.#byKey.get(this.#keyOf(task)) !== undefined;
  }

  /** Takes over a verdict that `judgeProof` gave elsewhere, under the same trust. */
  set(task: ProofTask, verdict: ProofVerdict): void {
    this.#byKey.set(this.#keyOf(task), verdict);
  }

  /** The verdict, from memory or made now. */
  judge(task: ProofTask): ProofVerdict {
    const key = this.#keyOf(task);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const verdict = judgeProof(task.proof, task.statement, this.trust);
    this.#byKey.set(key, verdict);
    return verdict;
  }

  /** Statements have one length and proofs one encoding each, so the key is of this task alone. */
  #keyOf({ proof, statement }: ProofTask): Hash {
    return hashBytes('proofVerdict', statement, encodeProof(proof));
  }
}
