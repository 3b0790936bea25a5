/** Verifies every proof of a batch before any of it is settled. */
import type { Hash, TimeMs } from '../../consensus/primitives/flavor.ts';
import { refuseAtomic } from './codes.ts';
import { type BatchRefusal, failedAt } from './limits.ts';
import type { ProofVerdicts } from './proofs/proofVerdicts.ts';
import { resultAt } from './proofs/verifyProof.ts';
import { proofTaskOf } from './statement.ts';
import type { AtomicBatch, AtomicRules } from './types.ts';

/** What judging the proofs of a batch takes of its block and its chain. */
export interface ProofCheckContext {
  readonly chainId: Hash;
  readonly rules: Pick<AtomicRules, 'proofs'>;
  /** Of the block. */
  readonly timestampMs: TimeMs;
  /** Gives verdicts, from memory or made now: the same ones. */
  readonly verdicts: ProofVerdicts;
}

/** @returns `PROOF_VERIFICATION_FAILED` at the first proof that does not hold, with its reason, or undefined. */
export function findBadProof(
  batch: AtomicBatch,
  { chainId, rules, timestampMs, verdicts }: ProofCheckContext,
): BatchRefusal | undefined {
  for (const [index, request] of batch.requests.entries()) {
    const task = proofTaskOf(chainId, batch, request);
    if (task === undefined) continue;
    const result = resultAt(verdicts.judge(task), rules.proofs.genesisMs + timestampMs);
    if (result.ok) continue;
    const { settlementId } = request;
    const refusal = refuseAtomic('PROOF_VERIFICATION_FAILED', { settlementId, reason: result.reason });
    return failedAt(index, 0, refusal);
  }
  return undefined;
}
