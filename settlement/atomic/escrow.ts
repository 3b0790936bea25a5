/**
 * Escrows: money that its payer has handed over and nobody has yet. Until its last height it goes where the payer, or enough
 * of the named parties, let it go, settlement by settlement (batch.ts); afterwards what is left goes back to the payer.
 */
import { accept, assert, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash, Height } from '../../consensus/primitives/flavor.ts';
import { creditAccount } from '../ledger/accounts.ts';
import type { LedgerCode } from '../ledger/codes.ts';
import type { LedgerRules } from '../ledger/types.ts';
import type { State } from '../state.ts';
import { type AtomicCode, refuseAtomic } from './codes.ts';
import { findLockProblem, lockBalance } from './lockBalance.ts';
import { escrowsTable } from './tables.ts';
import type { AtomicFact, Escrow, EscrowOpenOperation, EscrowOperation } from './types.ts';

export type EscrowVerdict = Verdict<AtomicFact, AtomicCode | LedgerCode>;

/** The escrow of that id, or undefined: there never was one, or nothing is left of it. */
export function escrowOf(state: State, escrowId: Hash): Escrow | undefined {
  return state.get(escrowsTable, escrowId);
}

/**
 * Opens or refunds an escrow. All checks come before the first write.
 * @param from - Sender: who pays into it, or whoever asks for the refund.
 */
export function applyEscrowOperation(
  state: State,
  ledger: LedgerRules,
  height: Height,
  from: Address,
  operation: EscrowOperation,
): EscrowVerdict {
  return operation.type === 'escrow_open'
    ? open(state, ledger, height, from, operation)
    : refund(state, ledger, height, operation.escrowId);
}

/** Why those who authorised a settlement may not release from the escrow at this height, or undefined. */
export function findReleaseProblem(
  { payer, parties, threshold, expiresAtHeight }: Escrow,
  authorisers: ReadonlySet<Address>,
  height: Height,
): { readonly code: 'ESCROW_EXPIRED' } | { readonly code: 'PROOF_VERIFICATION_FAILED' } | undefined {
  if (height > expiresAtHeight) return { code: 'ESCROW_EXPIRED' };
  if (authorisers.has(payer)) return undefined;
  const agreed = parties.filter((party) => authorisers.has(party)).length;
  if (parties.length > 0 && agreed >= threshold) return undefined;
  return { code: 'PROOF_VERIFICATION_FAILED' };
}

function open(
  state: State,
  ledger: LedgerRules,
  height: Height,
  payer: Address,
  { escrowId, asset, amount, parties, threshold, expiresAtHeight }: EscrowOpenOperation,
): EscrowVerdict {
  const problem = findLockProblem(ledger, asset, amount);
  if (problem !== undefined) return problem;
  const isFit = parties.length === 0 ? threshold === 0 : threshold >= 1 && threshold <= parties.length;
  if (!isFit) return refuseAtomic('ESCROW_THRESHOLD_INVALID', { threshold, parties: parties.length });
  if (expiresAtHeight <= height) return refuseAtomic('ESCROW_EXPIRED', { expiresAtHeight, height });
  if (escrowOf(state, escrowId) !== undefined) return refuseAtomic('ESCROW_EXISTS', { escrowId });
  const shortfall = lockBalance(state, ledger, payer, asset, amount);
  if (shortfall !== undefined) return shortfall;
  state.set(escrowsTable, escrowId, { payer, asset, amount, parties, threshold, expiresAtHeight });
  return accept({ type: 'escrow_opened', escrowId, payer, asset, amount });
}

/** Anybody may ask for it: the money knows one way only. */
function refund(state: State, ledger: LedgerRules, height: Height, escrowId: Hash): EscrowVerdict {
  const escrow = escrowOf(state, escrowId);
  if (escrow === undefined) return refuseAtomic('ESCROW_UNKNOWN', { escrowId });
  const { payer, asset, amount, expiresAtHeight } = escrow;
  if (height <= expiresAtHeight) return refuseAtomic('ESCROW_NOT_EXPIRED', { expiresAtHeight, height });
  assert(amount > 0n, 'an escrow of nothing');
  state.set(escrowsTable, escrowId, undefined);
  creditAccount(state, ledger, payer, asset, amount);
  return accept({ type: 'escrow_refunded', escrowId, payer, asset, amount });
}
