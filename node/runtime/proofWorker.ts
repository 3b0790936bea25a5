/** A thread that judges proofs (proofThreads.ts): batches in, verdicts out, under the trust it was started with. */
import { parentPort, workerData } from 'node:worker_threads';
import { createProofTrust } from '../../settlement/atomic/proofs/proofTrust.ts';
import type { ProofTrustSource } from '../../settlement/atomic/proofs/types.ts';
import { judgeProof } from '../../settlement/atomic/proofs/verifyProof.ts';
import { type BatchMessage, decodeTasks, encodeVerdicts } from './proofBatch.ts';

const trust = createProofTrust(workerData as ProofTrustSource);

parentPort?.on('message', ({ id, bytes }: BatchMessage) => {
  const tasks = decodeTasks(bytes);
  const answer = encodeVerdicts(tasks.map(({ proof, statement }) => judgeProof(proof, statement, trust)));
  parentPort?.postMessage({ id, bytes: answer } satisfies BatchMessage, [answer.buffer]);
});
