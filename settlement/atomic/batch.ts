/**
 * Executes an atomic batch: validate, snapshot, execute, finalise. All of its settlements happen or none does, and how it
 * ended stands under its id for good.
 */
import type { Address, Amount, Hash } from '../../consensus/primitives/flavor.ts';
import { assetIndexOf } from '../ledger/assets.ts';
import type { State } from '../state.ts';
import { closeChannel, findCloseProblem, findOpenChannel } from './channelClose.ts';
import { atomicBatchHash } from './codec.ts';
import { refuseAtomic } from './codes.ts';
import { findReleaseProblem } from './escrow.ts';
import {
  authorisersOf,
  type BatchRefusal,
  failedAt,
  findBatchProblem,
  findFarExpiry,
  findTimeout,
} from './limits.ts';
import { findOrderProblem } from './orderExpiry.ts';
import { SettlementOverlay } from './overlay.ts';
import { payOut } from './payOut.ts';
import { findBadProof, type ProofCheckContext } from './proofCheck.ts';
import { authorisersOfRequest, findMissingProof } from './proofPolicy.ts';
import { batchRecordsTable } from './tables.ts';
import type {
  AtomicBatch,
  AtomicBatchOperation,
  AtomicBatchRecord,
  AtomicFact,
  AtomicFailure,
  SettlementContext,
  SettlementRequest,
  WithheldFee,
} from './types.ts';

/** What executing a batch takes: its block, the rules of the chain, and what judges proofs. */
export type BatchContext = SettlementContext & ProofCheckContext;

/** How an executed batch ended. */
export interface BatchOutcome {
  /** `ok`, or the code with which it failed. */
  readonly result: string;
  /** Nothing for a batch that was refused before execution: it left no trace. */
  readonly facts: readonly AtomicFact[];
  /** Fees withheld. */
  readonly fees: readonly WithheldFee[];
}

/** How the batch of this id ended, or undefined. */
export function batchRecordOf(state: State, batchId: Hash): AtomicBatchRecord | undefined {
  return state.get(batchRecordsTable, batchId);
}

/**
 * Executes a batch whose signatures were checked; its proofs are verified here, before anything is settled.
 *
 * A batch that is refused before execution (a limit, a payer who signed nothing, an id that is taken) writes nothing. One
 * that fails later, and be it because a proof does not hold, writes its record and nothing else.
 * @param sender - Of the transaction that carries it.
 */
export function executeAtomicBatch(
  state: State,
  context: BatchContext,
  sender: Address,
  operation: AtomicBatchOperation,
): BatchOutcome {
  const { batch } = operation;
  const contentHash = atomicBatchHash(batch);
  const refusal =
    findKnown(state, batch, contentHash) ??
    findBatchProblem(operation, sender, context.rules, context.ledger) ??
    findFarExpiry(batch, context.height, context.rules);
  if (refusal !== undefined) return { result: refusal.code, facts: [], fees: [] };
  const overlay = new SettlementOverlay(state, context.ledger);
  const settling = {
    overlay,
    context,
    batchId: batch.batchId,
    authorisers: authorisersOf(operation, sender),
  };
  const moved: AtomicFact[] = [];
  const failure =
    findTimeout(batch, context.height) ??
    findOrderProblem(batch, context) ??
    findBadProof(batch, context) ??
    settleAll(settling, batch, moved);
  if (failure !== undefined) return fail(state, context, batch, contentHash, failure);
  overlay.commit();
  state.set(batchRecordsTable, batch.batchId, recordOf(context, batch, contentHash, undefined));
  const fees = overlay.fees();
  const { batchId, requests } = batch;
  const fact: AtomicFact = { type: 'atomic_batch_completed', batchId, requestCount: requests.length, fees };
  return { result: 'ok', facts: [fact, ...moved], fees };
}

/** The same batch again, or another one under its id. */
function findKnown(state: State, { batchId }: AtomicBatch, contentHash: Hash): BatchRefusal | undefined {
  const record = batchRecordOf(state, batchId);
  if (record === undefined) return undefined;
  const code = record.contentHash === contentHash ? 'BATCH_ALREADY_EXECUTED' : 'BATCH_ID_TAKEN';
  return refuseAtomic(code, { batchId });
}

/** A batch on its way. */
interface Settling {
  readonly overlay: SettlementOverlay;
  readonly context: SettlementContext;
  readonly batchId: Hash;
  readonly authorisers: ReadonlySet<Address>;
}

/** Settles every request on the overlay, in order. @returns Why one could not be, which ends the batch. */
function settleAll(
  settling: Settling,
  { requests }: AtomicBatch,
  facts: AtomicFact[],
): BatchRefusal | undefined {
  for (const [index, request] of requests.entries()) {
    const refusal = settle(settling, request, facts);
    if (refusal !== undefined) return failedAt(index, index, refusal);
  }
  return undefined;
}

/** One settlement: the payer pays the whole amount, the payee gets it less the network fee. */
function settle(
  settling: Settling,
  request: SettlementRequest,
  facts: AtomicFact[],
): BatchRefusal | undefined {
  const { overlay, context, batchId } = settling;
  const { settlementId, asset, kind } = request;
  if (overlay.isSettled(settlementId)) return refuseAtomic('SETTLEMENT_ALREADY_SETTLED', { settlementId });
  if (kind === 'channel_close') return close(settling, request, facts);
  const refusal =
    kind === 'escrow_release'
      ? release(settling, request, facts)
      : pay(overlay, assetIndexOf(context.ledger, asset), request);
  return refusal ?? payOut(overlay, context, batchId, request);
}

/** Pays out a channel whose sides both authorised the batch. */
function close(
  { overlay, context, batchId, authorisers }: Settling,
  request: SettlementRequest,
  facts: AtomicFact[],
): BatchRefusal | undefined {
  const channelId: string = request.from;
  const found = findOpenChannel(channelId, overlay.channel(channelId));
  if (!found.ok) return found;
  const findProblem = (signers: ReadonlySet<Address>) => findCloseProblem(found.value, signers, request);
  const { required } = context.rules.proofs;
  const problem =
    findProblem(authorisersOfRequest(authorisers, request)) ??
    findMissingProof(required, request, found.value.payer, (signers) => !findProblem(signers));
  if (problem !== undefined) return problem;
  const closed = closeChannel(overlay, context, batchId, found.value, request);
  if (!closed.ok) return closed;
  facts.push(closed.value);
  return undefined;
}

/** Takes the amount out of the payer's balance. */
function pay(
  overlay: SettlementOverlay,
  assetIndex: number,
  request: SettlementRequest,
): BatchRefusal | undefined {
  const { from, amount } = request;
  const available = overlay.balance(from, assetIndex);
  if (available < amount) return refuseShortfall(request, available);
  overlay.debit(from, assetIndex, amount);
  return undefined;
}

/** Takes the amount out of an escrow, with the leave of its payer or of enough of its parties. */
function release(
  { overlay, context, authorisers }: Settling,
  request: SettlementRequest,
  facts: AtomicFact[],
): BatchRefusal | undefined {
  const { settlementId, from, asset, amount } = request;
  const escrowId = from as string;
  const escrow = overlay.escrow(escrowId);
  if (escrow === undefined) return refuseAtomic('ESCROW_UNKNOWN', { escrowId });
  const { expiresAtHeight, threshold } = escrow;
  const findProblem = (signers: ReadonlySet<Address>) => findReleaseProblem(escrow, signers, context.height);
  const problem = findProblem(authorisersOfRequest(authorisers, request));
  if (problem?.code === 'ESCROW_EXPIRED')
    return refuseAtomic('ESCROW_EXPIRED', { escrowId, expiresAtHeight });
  if (problem !== undefined) {
    const reason = 'PROOF_RELEASE_MISSING';
    return refuseAtomic('PROOF_VERIFICATION_FAILED', { settlementId, reason, escrowId, threshold });
  }
  const { required } = context.rules.proofs;
  const missing = findMissingProof(required, request, escrow.payer, (signers) => !findProblem(signers));
  if (missing !== undefined) return missing;
  if (escrow.asset !== asset) {
    return refuseAtomic('ESCROW_ASSET_OTHER', { escrowId, asset: escrow.asset, given: asset });
  }
  if (escrow.amount < amount) return refuseShortfall(request, escrow.amount);
  const left = overlay.release(escrowId, amount);
  facts.push({ type: 'escrow_released', escrowId, settlementId, asset, amount, left });
  return undefined;
}

function refuseShortfall({ from, asset, amount }: SettlementRequest, available: Amount): BatchRefusal {
  const [required, held] = [String(amount), String(available)];
  return refuseAtomic('INSUFFICIENT_BALANCE', { address: from, asset, required, available: held });
}

function fail(
  state: State,
  context: SettlementContext,
  batch: AtomicBatch,
  contentHash: Hash,
  refusal: BatchRefusal,
): BatchOutcome {
  const failure = failureOf(refusal);
  const { batchId } = batch;
  state.set(batchRecordsTable, batchId, recordOf(context, batch, contentHash, failure));
  return { result: refusal.code, facts: [{ type: 'atomic_batch_failed', batchId, failure }], fees: [] };
}

function failureOf({ code, details = {} }: BatchRefusal): AtomicFailure {
  const { failedAt: at, completed, ...rest } = details;
  const named = Object.entries(rest).map(([name, value]) => [name, String(value)]);
  return { code, failedAt: Number(at), completed: Number(completed), details: Object.fromEntries(named) };
}

function recordOf(
  { height, timestampMs }: SettlementContext,
  { requests }: AtomicBatch,
  contentHash: Hash,
  failure: AtomicFailure | undefined,
): AtomicBatchRecord {
  const settlementIds = requests.map(({ settlementId }) => settlementId);
  return { contentHash, blockHeight: height, timestampMs, settlementIds, failure };
}
