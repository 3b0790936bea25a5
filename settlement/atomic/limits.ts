/**
 * What can be said of a batch without any state, but for the height of the block that executes it: within all limits, no request senseless, every payer among those who
 * signed. A node asks before it lets a batch wait for a block, and execution asks again.
 */
import type { Refusal } from '../../consensus/primitives/codedError.ts';
import type { Address, Amount, Height } from '../../consensus/primitives/flavor.ts';
import { assetIndexOf } from '../ledger/assets.ts';
import { type LedgerCode, refuseLedger } from '../ledger/codes.ts';
import type { LedgerRules } from '../ledger/types.ts';
import { type AtomicCode, refuseAtomic } from './codes.ts';
import { atomicBatchGas } from './gas.ts';
import { authorisersOfRequest, findMissingProof } from './proofPolicy.ts';
import { isReservedSettlementId } from './settlementIds.ts';
import type { AtomicBatch, AtomicBatchOperation, AtomicRules, SettlementRequest } from './types.ts';

/** What a batch is refused or failed with; `details` hold `failedAt` and `completed` besides what the code brings. */
export type BatchRefusal = Refusal<AtomicCode | LedgerCode>;

/** Names the request at which a batch fails, and how many were done before it. */
export function failedAt(index: number, completed: number, refusal: BatchRefusal): BatchRefusal {
  return { ...refusal, details: { ...refusal.details, failedAt: index, completed } };
}

/**
 * Checks a batch that is to be executed.
 *
 * @param sender - Of the transaction; its signature, and those of `operation.signers`, were checked before.
 * @param gasOf - As the transaction counts it: as an input a batch costs more (execution/gas.ts).
 * @returns Why it cannot be, or undefined. A limit over the whole batch fails at the request that crosses it.
 */
export function findBatchProblem(
  operation: AtomicBatchOperation,
  sender: Address,
  rules: AtomicRules,
  ledger: LedgerRules,
  gasOf = atomicBatchGas,
): BatchRefusal | undefined {
  const { requests } = operation.batch;
  if (requests.length === 0) return failedAt(0, 0, refuseAtomic('BATCH_EMPTY'));
  const { requestsMax, gasMax } = rules;
  if (requests.length > requestsMax) {
    const refusal = refuseAtomic('BATCH_TOO_LARGE', { size: requests.length, max: requestsMax });
    return failedAt(requestsMax, 0, refusal);
  }
  const gas = gasOf(operation);
  if (gas > gasMax) return failedAt(0, 0, refuseAtomic('BATCH_GAS_TOO_HIGH', { gas, max: gasMax }));
  const scan = new RequestScan(authorisersOf(operation, sender), rules, ledger);
  for (const [index, request] of requests.entries()) {
    const problem = scan.findProblem(request);
    if (problem !== undefined) return failedAt(index, 0, problem);
  }
  return undefined;
}

/** A signed batch must not hang over its payers for longer than the chain allows. @param height - Of the executing block. */
export function findFarExpiry(
  { expiresAtHeight }: AtomicBatch,
  height: Height,
  { timeoutBlocks }: AtomicRules,
): BatchRefusal | undefined {
  const last = height + timeoutBlocks;
  if (expiresAtHeight <= last) return undefined;
  return failedAt(0, 0, refuseAtomic('BATCH_EXPIRY_TOO_FAR', { expiresAtHeight, max: last }));
}

/** @param height - Of the executing block. */
export function findTimeout({ expiresAtHeight }: AtomicBatch, height: Height): BatchRefusal | undefined {
  if (height <= expiresAtHeight) return undefined;
  return failedAt(0, 0, refuseAtomic('BATCH_TIMEOUT', { expiresAtHeight, height }));
}

/** Everybody who authorised the batch. */
export function authorisersOf({ signers }: AtomicBatchOperation, sender: Address): ReadonlySet<Address> {
  return new Set([sender, ...signers]);
}

/** What is added up from request to request. */
class RequestScan {
  readonly #authorisers: ReadonlySet<Address>;
  readonly #rules: AtomicRules;
  readonly #ledger: LedgerRules;
  readonly #ids = new Set<string>();
  readonly #accounts = new Set<Address>();
  readonly #values = new Map<string, Amount>();

  constructor(authorisers: ReadonlySet<Address>, rules: AtomicRules, ledger: LedgerRules) {
    this.#authorisers = authorisers;
    this.#rules = rules;
    this.#ledger = ledger;
  }

  findProblem(request: SettlementRequest): BatchRefusal | undefined {
    const { settlementId, from, to, amount, asset } = request;
    if (this.#ids.has(settlementId)) return refuseAtomic('DUPLICATE_SETTLEMENT_ID', { settlementId });
    this.#ids.add(settlementId);
    if (isReservedSettlementId(settlementId)) return refuseAtomic('SETTLEMENT_ID_RESERVED', { settlementId });
    if (from === to) return refuseAtomic('SELF_PAYMENT', { settlementId, address: from });
    if (amount === 0n) return refuseAtomic('AMOUNT_ZERO', { settlementId });
    const value = this.#values.get(asset);
    if (value === undefined && assetIndexOf(this.#ledger, asset) < 0) {
      return refuseLedger('LEDGER_ASSET_UNKNOWN', { settlementId, asset });
    }
    return this.#findExcess(asset, (value ?? 0n) + amount, from, to) ?? this.#findMissing(request);
  }

  #findExcess(asset: string, value: Amount, from: Address, to: Address): BatchRefusal | undefined {
    this.#values.set(asset, value);
    const { valueMax, accountsMax } = this.#rules;
    const max = Object.hasOwn(valueMax, asset) ? valueMax[asset] : undefined;
    if (max !== undefined && value > max) {
      return refuseAtomic('BATCH_VALUE_TOO_HIGH', { asset, value: String(value), max: String(max) });
    }
    const count = this.#accounts.add(from).add(to).size;
    if (count <= accountsMax) return undefined;
    return refuseAtomic('BATCH_TOO_MANY_ACCOUNTS', { accounts: count, max: accountsMax });
  }

  /** Who may release from an escrow or close a channel stands in the state. */
  #findMissing(request: SettlementRequest): BatchRefusal | undefined {
    const { settlementId, from, kind } = request;
    if (kind !== 'immediate') return undefined;
    if (!authorisersOfRequest(this.#authorisers, request).has(from)) {
      const reason = 'PROOF_PAYER_MISSING';
      return refuseAtomic('PROOF_VERIFICATION_FAILED', { settlementId, reason, payer: from });
    }
    return findMissingProof(this.#rules.proofs.required, request, from, (signers) => signers.has(from));
  }
}
