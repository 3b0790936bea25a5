/** Opens a transfer to the settlement chain: the amount leaves its sender and lies here until the transfer is decided. */
import { accept, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Address, Height, SettlementHeight } from '../../consensus/primitives/flavor.ts';
import type { AtomicCode } from '../atomic/codes.ts';
import { findLockProblem, lockBalance } from '../atomic/lockBalance.ts';
import type { LedgerCode } from '../ledger/codes.ts';
import type { LedgerRules } from '../ledger/types.ts';
import { CROSS_CHAIN_OPEN_MAX, isInboundTransferId } from '../net/crossChain.ts';
import { type FeeRates, networkFee } from '../networkFee.ts';
import type { State } from '../state.ts';
import { type CrossChainCode, refuseCrossChain } from './codes.ts';
import { countOpen, crossChainCounters, enqueue, transferOf } from './queue.ts';
import { deadlineKey, deadlinesTable } from './tables.ts';
import type { CrossChainFact, CrossChainSendOperation } from './types.ts';

/** Longest time-out, in settlement-chain blocks: over half a day at 5 s. */
export const CROSS_CHAIN_TIMEOUT_BLOCKS_MAX = 10_000;

/** The block that executes it, and the rules of the chain. */
export interface SendContext {
  readonly ledger: LedgerRules;
  readonly rates: FeeRates;
  readonly height: Height;
  /** Height of the block's origin: from there the time-out counts. */
  readonly originHeight: SettlementHeight;
}

/** Opens the transfer. All checks come before the first write. */
export function sendCrossChain(
  state: State,
  { ledger, rates, height, originHeight }: SendContext,
  from: Address,
  { transferId, to, asset, amount, timeoutBlocks }: CrossChainSendOperation,
): Verdict<CrossChainFact, CrossChainCode | LedgerCode | AtomicCode> {
  const problem = findLockProblem(ledger, asset, amount);
  if (problem !== undefined) return problem;
  if (timeoutBlocks < 1 || timeoutBlocks > CROSS_CHAIN_TIMEOUT_BLOCKS_MAX) {
    return refuseCrossChain('CROSS_CHAIN_TIMEOUT_INVALID', {
      given: timeoutBlocks,
      max: CROSS_CHAIN_TIMEOUT_BLOCKS_MAX,
    });
  }
  if (isInboundTransferId(transferId)) return refuseCrossChain('CROSS_CHAIN_ID_RESERVED', { transferId });
  if (transferOf(state, transferId) !== undefined)
    return refuseCrossChain('CROSS_CHAIN_ID_TAKEN', { transferId });
  const sidechainFee = networkFee(amount, rates);
  if (sidechainFee === amount)
    return refuseCrossChain('CROSS_CHAIN_AMOUNT_TOO_SMALL', { fee: String(sidechainFee) });
  if (crossChainCounters(state).openCount >= CROSS_CHAIN_OPEN_MAX) {
    return refuseCrossChain('CROSS_CHAIN_TRANSFERS_FULL', { max: CROSS_CHAIN_OPEN_MAX });
  }
  const shortfall = lockBalance(state, ledger, from, asset, amount);
  if (shortfall !== undefined) return shortfall;
  const deadlineHeight = originHeight + timeoutBlocks;
  countOpen(state, 1);
  const parties = { transferId, from, to, asset, amount, deadlineHeight };
  enqueue(
    state,
    {
      ...parties,
      sidechainFee,
      settlementFee: 0n,
      state: 'open',
      reason: undefined,
      queuePosition: undefined,
      openedAtHeight: height,
    },
    { type: 'lock', transferId, to, asset, amount: amount - sidechainFee },
  );
  state.set(deadlinesTable, deadlineKey(deadlineHeight, transferId), transferId);
  return accept({ type: 'cross_chain_opened', ...parties });
}
