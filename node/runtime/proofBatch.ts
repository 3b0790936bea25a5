/** Proofs on their way to a thread and verdicts on their way back: one array of bytes each way, handed over, not copied. */
import { Reader, Writer } from '../../consensus/primitives/codec.ts';
import { type ProofFailure, proofCodes } from '../../settlement/atomic/proofs/codes.ts';
import { readProof, writeProof } from '../../settlement/atomic/proofs/proofCodec.ts';
import { proofGas } from '../../settlement/atomic/proofs/proofGas.ts';
import type { ProofTask, ProofVerdict } from '../../settlement/atomic/proofs/types.ts';
import { STATEMENT_BYTES } from '../../settlement/atomic/proofs/verifyProof.ts';

/** Proofs in one batch: enough that the way to a thread and back hardly counts. */
export const PROOF_BATCH_MAX = 64;
/** A batch ends with the proof that reaches this, so that dear ones spread over the threads, in gas. */
const PROOF_BATCH_GAS = 4000;

const failures = Object.keys(proofCodes) as readonly ProofFailure[];

/** What a thread is sent, and what it answers, under the same id. */
export interface BatchMessage {
  readonly id: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Cuts tasks into batches, in order: of few tasks one for each thread.
 * @param threadCount - Threads that will work on them; at least 1.
 */
export function cutBatches(
  tasks: readonly ProofTask[],
  threadCount: number,
): readonly (readonly ProofTask[])[] {
  const countMax = Math.min(PROOF_BATCH_MAX, Math.ceil(tasks.length / threadCount));
  const batches: ProofTask[][] = [];
  let gas = PROOF_BATCH_GAS;
  for (const task of tasks) {
    const last = batches.at(-1);
    if (last === undefined || gas >= PROOF_BATCH_GAS || last.length >= countMax) {
      batches.push([task]);
      gas = 0;
    } else last.push(task);
    gas += proofGas(task.proof);
  }
  return batches;
}

export function encodeTasks(tasks: readonly ProofTask[]): Uint8Array<ArrayBuffer> {
  return ownBytes((writer) => {
    writer.list(tasks, PROOF_BATCH_MAX, (each, { proof, statement }) => {
      each.fixed(statement, STATEMENT_BYTES);
      writeProof(each, proof);
    });
  });
}

/** @throws {DecodeError} never for what `encodeTasks` wrote. */
export function decodeTasks(bytes: Uint8Array): readonly ProofTask[] {
  const reader = new Reader(bytes);
  const tasks = reader.list(PROOF_BATCH_MAX, (each) => {
    const statement = each.fixed(STATEMENT_BYTES);
    return { statement, proof: readProof(each) };
  });
  reader.end();
  return tasks;
}

export function encodeVerdicts(verdicts: readonly ProofVerdict[]): Uint8Array<ArrayBuffer> {
  return ownBytes((writer) => {
    writer.list(verdicts, PROOF_BATCH_MAX, (each, verdict) => {
      each.boolean(verdict.ok);
      if (verdict.ok) each.i64(verdict.notBeforeMs).i64(verdict.notAfterMs);
      else each.u8(failures.indexOf(verdict.reason));
    });
  });
}

/** @throws {DecodeError} never for what `encodeVerdicts` wrote. */
export function decodeVerdicts(bytes: Uint8Array): readonly ProofVerdict[] {
  const reader = new Reader(bytes);
  const verdicts = reader.list(PROOF_BATCH_MAX, (each): ProofVerdict => {
    if (each.boolean()) return { ok: true, notBeforeMs: each.i64(), notAfterMs: each.i64() };
    return { ok: false, reason: failures[each.u8()] as ProofFailure };
  });
  reader.end();
  return verdicts;
}

/** In a buffer of their own: those of a writer come from a pool, which cannot be handed over. */
function ownBytes(write: (writer: Writer) => void): Uint8Array<ArrayBuffer> {
  const writer = new Writer(16_384);
  write(writer);
  return new Uint8Array(writer.finish());
}
