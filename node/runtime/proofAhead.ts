/**
 * Judges the proofs of what comes in before the core hears of it, on worker threads, so that no block waits for them. It
 * changes no verdict and loses no input: what is not worth the way, or comes while too much waits, goes on at once and is
 * judged in its block.
 */
import type { Verifier } from '../../consensus/primitives/signature.ts';
import { findBatchProblem } from '../../settlement/atomic/limits.ts';
import { proofGas } from '../../settlement/atomic/proofs/proofGas.ts';
import type { ProofVerdicts } from '../../settlement/atomic/proofs/proofVerdicts.ts';
import type { ProofTask } from '../../settlement/atomic/proofs/types.ts';
import { proofTaskOf } from '../../settlement/atomic/statement.ts';
import { batchGasBy } from '../../settlement/execution/gas.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { decodeTransaction, verifyTransaction } from '../../settlement/execution/transaction.ts';
import { decodeProposal, decodeSyncResponse } from '../core/messages.ts';
import type { Input } from '../core/types.ts';
import { PARALLEL_GAS_MIN, type ProofThreads } from './proofThreads.ts';

/** No transaction with a proof in it is shorter: envelope, batch, one request and the shortest proof. */
const PROVEN_BYTES_MIN = 384;
/** Inputs that wait for their proofs; further ones go on at once. */
const HELD_INPUTS_MAX = 64;

export interface ProofAheadDependencies {
  readonly threads: Pick<ProofThreads, 'fill'>;
  /** The memory that the core asks. */
  readonly verdicts: ProofVerdicts;
  readonly verifier: Verifier;
}

type Arrival = { readonly type: Input['type'] } & {
  readonly topic?: string;
  readonly bytes?: Uint8Array | undefined;
};

export class ProofAhead {
  readonly #genesis: Genesis;
  readonly #dependencies: ProofAheadDependencies;
  #heldCount = 0;

  constructor(genesis: Genesis, dependencies: ProofAheadDependencies) {
    this.#genesis = genesis;
    this.#dependencies = dependencies;
  }

  /**
   * Begins to judge the proofs in an input.
   * @returns Settles when the core may have it, and never rejects; undefined: now.
   */
  prepare(input: Arrival): Promise<void> | undefined {
    if (this.#heldCount >= HELD_INPUTS_MAX) return undefined;
    const { threads, verdicts } = this.#dependencies;
    const tasks = transactionsIn(input).flatMap((bytes) => this.#tasksOf(bytes));
    const gas = tasks.reduce((sum, { proof }) => sum + proofGas(proof), 0);
    if (gas < PARALLEL_GAS_MIN) return undefined;
    this.#heldCount += 1;
    const done = (): void => {
      this.#heldCount -= 1;
    };
    // What fails here fails in the core as well, which says so.
    return threads.fill(verdicts, tasks).then(done, done);
  }

  /** What is not known yet of a batch that the core will not refuse anyway. */
  #tasksOf(bytes: Uint8Array): readonly ProofTask[] {
    if (bytes.length < PROVEN_BYTES_MIN) return [];
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) return [];
    const { from, auth, body } = decoded.value.transaction;
    if (body.type !== 'atomic_batch') return [];
    const { chainId, atomic, ledger } = this.#genesis;
    const { verdicts, verifier } = this.#dependencies;
    const tasks = body.batch.requests.flatMap((request) => proofTaskOf(chainId, body.batch, request) ?? []);
    const unknown = tasks.filter((task) => !verdicts.has(task));
    if (unknown.length === 0) return [];
    if (findBatchProblem(body, from, atomic, ledger, batchGasBy(auth)) !== undefined) return [];
    return verifyTransaction(decoded.value, this.#genesis, verifier).ok ? unknown : [];
  }
}

/** The transactions that an input brings, whether good or not. */
function transactionsIn({ type, topic, bytes }: Arrival): readonly Uint8Array[] {
  if (bytes === undefined || bytes.length < PROVEN_BYTES_MIN) return [];
  if (type === 'transactionSubmitted' || (type === 'message' && topic === 'transactions')) return [bytes];
  if (type === 'message' && topic === 'blocks') {
    const proposal = decodeProposal(bytes);
    return proposal.ok ? proposal.value.block.body.transactions : [];
  }
  if (type !== 'response') return [];
  const answer = decodeSyncResponse(bytes);
  if (!answer.ok) return [];
  const { finalized, openBlocks } = answer.value;
  return [...finalized, ...openBlocks].flatMap(({ body }) => body.transactions);
}
