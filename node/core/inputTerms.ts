/** What a node asks of a user's input, beside its signature, before it waits in the pool: not executed yet, and of now. */
import type { Hash, TimeMs } from '../../consensus/primitives/flavor.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { inputRequestId } from '../../settlement/execution/inputAuth.ts';
import { blockEpochMs } from '../../settlement/execution/inputBook.ts';
import type { Transaction } from '../../settlement/execution/transaction.ts';
import { inputMarkOf } from '../../settlement/input/marks.ts';
import { lastBlockMsOf } from '../../settlement/input/timeliness.ts';
import type { State } from '../../settlement/state.ts';

/** What of an input decides which blocks may hold it, by their timestamps. */
export interface InputTerms {
  readonly requestId: Hash;
  readonly firstMs: TimeMs;
  readonly lastMs: TimeMs;
}

export type InputProblem = 'INPUT_ALREADY_EXECUTED' | 'INPUT_EXPIRED' | 'INPUT_TOO_EARLY';

/** @returns Undefined for a transaction that is no input. */
export function inputTermsOf(transaction: Transaction, genesis: Genesis): InputTerms | undefined {
  const { auth } = transaction;
  if (auth.type !== 'input') return undefined;
  const { namespace, futureMs } = genesis.inputs;
  const { timestamp } = auth;
  const genesisMs = blockEpochMs(genesis, 0);
  return {
    requestId: inputRequestId({ ...transaction, auth }, namespace),
    firstMs: timestamp - futureMs - genesisMs,
    lastMs: lastBlockMsOf(timestamp, genesis.inputs) - genesisMs,
  };
}

/** Whether a block executed the input, whatever came of it. */
export function isInputExecuted(state: State, requestId: Hash): boolean {
  return inputMarkOf(state, requestId) !== undefined;
}

/**
 * Why an input need not wait for a block.
 * @param finalized - The finalised state, and the timestamp of its block.
 * @param nowMs - Of this node's clock: one that lies further ahead than clocks may differ is not kept for all that time, or
 *   whoever signs far ahead could fill the room. Undefined: it was let in before.
 */
export function findInputProblem(
  { requestId, firstMs, lastMs }: InputTerms,
  finalized: { readonly state: State; readonly timestampMs: TimeMs },
  nowMs: TimeMs | undefined,
): InputProblem | undefined {
  const { state, timestampMs } = finalized;
  if (isInputExecuted(state, requestId)) return 'INPUT_ALREADY_EXECUTED';
  // Blocks to come are later than the newest final one.
  if (lastMs <= timestampMs) return 'INPUT_EXPIRED';
  if (nowMs !== undefined && firstMs > Math.max(nowMs, timestampMs)) return 'INPUT_TOO_EARLY';
  return undefined;
}
