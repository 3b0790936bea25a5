/**
 * Withdrawals from the treasury. A keeper proposes one, others approve it, each once and word for word; as soon as enough of
 * them have, and the treasury holds enough, it is paid, once. Approved ones that the treasury cannot pay yet are paid at the
 * end of the first block in which it can, up to their last height.
 */
import { accept, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash, Height } from '../../consensus/primitives/flavor.ts';
import { creditAccount, debitTreasury, treasuryOf } from '../ledger/accounts.ts';
import { assetIndexOf } from '../ledger/assets.ts';
import { type LedgerCode, refuseLedger } from '../ledger/codes.ts';
import type { LedgerRules } from '../ledger/types.ts';
import type { State } from '../state.ts';
import { type AtomicCode, refuseAtomic } from './codes.ts';
import { OPEN_ROW_KEY, openWithdrawalsTable, withdrawalsTable } from './treasuryTables.ts';
import type {
  TreasuryApproveOperation,
  TreasuryFact,
  TreasuryOperation,
  TreasuryProposeOperation,
  TreasuryRules,
  Withdrawal,
  WithdrawalTerms,
} from './treasuryTypes.ts';

/** Open withdrawals that one keeper may have proposed, so that none of them can keep the others out. */
export const WITHDRAWALS_OPEN_MAX = 16;

/** The block, and the rules of the chain. */
export interface TreasuryContext {
  readonly ledger: LedgerRules;
  readonly treasury: TreasuryRules;
  readonly height: Height;
}

export type TreasuryVerdict = Verdict<readonly TreasuryFact[], AtomicCode | LedgerCode>;

/** The withdrawal of that id, open or paid, or undefined: nobody proposed it, or it expired. */
export function withdrawalOf(state: State, withdrawalId: Hash): Withdrawal | undefined {
  return state.get(withdrawalsTable, withdrawalId);
}

/** Ids of the withdrawals that are neither paid nor expired, in the order in which they were proposed. */
export function openWithdrawals(state: State): readonly Hash[] {
  return state.get(openWithdrawalsTable, OPEN_ROW_KEY) ?? [];
}

/**
 * Takes in a proposal or an approval, and pays when it was the last one that lacked. All checks come before the first write.
 * @param from - Sender.
 */
export function applyTreasuryOperation(
  state: State,
  context: TreasuryContext,
  from: Address,
  operation: TreasuryOperation,
): TreasuryVerdict {
  if (!context.treasury.keepers.includes(from)) {
    return refuseAtomic('TREASURY_KEEPER_ONLY', { address: from });
  }
  return operation.type === 'treasury_propose'
    ? propose(state, context, from, operation)
    : approve(state, context, from, operation);
}

/** At the end of a block: pays what is approved and affordable by now, and forgets what had its last chance. */
export function settleWithdrawals(state: State, context: TreasuryContext): readonly TreasuryFact[] {
  const open = openWithdrawals(state);
  if (open.length === 0) return [];
  const facts: TreasuryFact[] = [];
  for (const withdrawalId of open) {
    const withdrawal = withdrawalOf(state, withdrawalId);
    if (withdrawal === undefined) continue;
    const paid = payIfDue(state, context, withdrawalId, withdrawal);
    facts.push(...paid);
    if (paid.length > 0 || withdrawal.expiresAtHeight > context.height) continue;
    state.set(withdrawalsTable, withdrawalId, undefined);
    close(state, withdrawalId);
    facts.push({ type: 'treasury_withdrawal_expired', withdrawalId, ...termsOf(withdrawal) });
  }
  return facts;
}

function propose(
  state: State,
  context: TreasuryContext,
  keeper: Address,
  operation: TreasuryProposeOperation,
): TreasuryVerdict {
  const { ledger, treasury, height } = context;
  const { withdrawalId, asset, amount, expiresAtHeight } = operation;
  if (assetIndexOf(ledger, asset) < 0) return refuseLedger('LEDGER_ASSET_UNKNOWN', { asset });
  if (amount === 0n) return refuseLedger('LEDGER_AMOUNT_ZERO');
  if (expiresAtHeight <= height) {
    return refuseAtomic('TREASURY_WITHDRAWAL_EXPIRED', { expiresAtHeight, height });
  }
  const max = height + treasury.timeoutBlocks;
  if (expiresAtHeight > max) return refuseAtomic('TREASURY_EXPIRY_TOO_FAR', { expiresAtHeight, max });
  const known = withdrawalOf(state, withdrawalId);
  if (known !== undefined) {
    const code = known.paidAtHeight === undefined ? 'TREASURY_WITHDRAWAL_EXISTS' : 'TREASURY_WITHDRAWAL_PAID';
    return refuseAtomic(code, { withdrawalId });
  }
  const open = openWithdrawals(state);
  const own = open.filter((id) => withdrawalOf(state, id)?.approvals[0] === keeper).length;
  if (own >= WITHDRAWALS_OPEN_MAX) {
    return refuseAtomic('TREASURY_WITHDRAWALS_TOO_MANY', { open: own, max: WITHDRAWALS_OPEN_MAX });
  }
  const terms = termsOf(operation);
  const withdrawal = { ...terms, expiresAtHeight, approvals: [keeper], paidAtHeight: undefined };
  state.set(withdrawalsTable, withdrawalId, withdrawal);
  state.set(openWithdrawalsTable, OPEN_ROW_KEY, [...open, withdrawalId]);
  return accept([
    { type: 'treasury_withdrawal_proposed', withdrawalId, keeper, ...terms, expiresAtHeight },
    ...payIfDue(state, context, withdrawalId, withdrawal),
  ]);
}

function approve(
  state: State,
  context: TreasuryContext,
  keeper: Address,
  operation: TreasuryApproveOperation,
): TreasuryVerdict {
  const { withdrawalId } = operation;
  const known = withdrawalOf(state, withdrawalId);
  if (known === undefined) return refuseAtomic('TREASURY_WITHDRAWAL_UNKNOWN', { withdrawalId });
  if (known.paidAtHeight !== undefined) return refuseAtomic('TREASURY_WITHDRAWAL_PAID', { withdrawalId });
  const { asset, amount, to, approvals } = known;
  if (operation.asset !== asset || operation.amount !== amount || operation.to !== to) {
    return refuseAtomic('TREASURY_WITHDRAWAL_OTHER', { withdrawalId, asset, amount: String(amount), to });
  }
  if (approvals.includes(keeper)) {
    return refuseAtomic('TREASURY_APPROVED_ALREADY', { withdrawalId, address: keeper });
  }
  const withdrawal = { ...known, approvals: [...approvals, keeper] };
  state.set(withdrawalsTable, withdrawalId, withdrawal);
  const approvalCount = withdrawal.approvals.length;
  return accept([
    { type: 'treasury_withdrawal_approved', withdrawalId, keeper, approvalCount },
    ...payIfDue(state, context, withdrawalId, withdrawal),
  ]);
}

/** Pays once enough keepers agree and the treasury holds enough; otherwise changes nothing. */
function payIfDue(
  state: State,
  { ledger, treasury, height }: TreasuryContext,
  withdrawalId: Hash,
  withdrawal: Withdrawal,
): readonly TreasuryFact[] {
  const { asset, amount, to, approvals } = withdrawal;
  if (approvals.length < treasury.threshold || treasuryOf(state, asset) < amount) return [];
  debitTreasury(state, asset, amount);
  creditAccount(state, ledger, to, asset, amount);
  state.set(withdrawalsTable, withdrawalId, { ...withdrawal, paidAtHeight: height });
  close(state, withdrawalId);
  return [{ type: 'treasury_withdrawn', withdrawalId, asset, amount, to }];
}

function close(state: State, withdrawalId: Hash): void {
  const left = openWithdrawals(state).filter((id) => id !== withdrawalId);
  state.set(openWithdrawalsTable, OPEN_ROW_KEY, left.length === 0 ? undefined : left);
}

function termsOf({ asset, amount, to }: WithdrawalTerms): WithdrawalTerms {
  return { asset, amount, to };
}
