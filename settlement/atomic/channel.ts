/**
 * Micropayment channels: money locked for one payee, paid out once, as far as the best voucher of its payer goes. Both sides
 * close together at once, here or as a request of a batch; one side alone opens a dispute window first. Vouchers only ever
 * promise more, so no order in which they are shown can take anything from the payee.
 */
import { accept, type Verdict } from '../../consensus/primitives/codedError.ts';
import { type Address, type Amount, type Hash, ZERO_HASH } from '../../consensus/primitives/flavor.ts';
import type { LedgerCode } from '../ledger/codes.ts';
import type { State } from '../state.ts';
import { closeChannel, findAboveDeposit, findOpenChannel } from './channelClose.ts';
import type {
  ChannelCloseOperation,
  ChannelClosing,
  ChannelDisputeOperation,
  ChannelFact,
  ChannelOpenOperation,
  ChannelOperation,
  ChannelUnilateralCloseOperation,
  OpenChannel,
} from './channelTypes.ts';
import { type AtomicCode, refuseAtomic } from './codes.ts';
import { findLockProblem, lockBalance } from './lockBalance.ts';
import { SettlementOverlay } from './overlay.ts';
import type { Payment } from './payOut.ts';
import { ownSettlementId } from './settlementIds.ts';
import { channelsTable } from './tables.ts';
import type { SettlementContext, WithheldFee } from './types.ts';
import { findVoucherProblem } from './voucher.ts';

/** What an operation on a channel brought to light, and what a close withheld. */
export interface ChannelOutcome {
  readonly fact: ChannelFact;
  readonly fees: readonly WithheldFee[];
}

export type ChannelVerdict = Verdict<ChannelOutcome, AtomicCode | LedgerCode>;

const noFees: readonly WithheldFee[] = [];

/**
 * Does what a transaction asks of a channel. All signatures, those of vouchers too, were checked; all checks come before the
 * first write.
 * @param from - Sender of the transaction.
 */
export function applyChannelOperation(
  state: State,
  context: SettlementContext,
  from: Address,
  operation: ChannelOperation,
): ChannelVerdict {
  if (operation.type === 'channel_open') return open(state, context, from, operation);
  const { channelId } = operation;
  const found = findOpenChannel(channelId, state.get(channelsTable, channelId));
  if (!found.ok) return found;
  const channel = found.value;
  switch (operation.type) {
    case 'channel_close':
      return closeTogether(state, context, from, operation, channel);
    case 'channel_unilateral_close':
      return beginClosing(state, context, from, operation, channel);
    case 'channel_dispute':
      return dispute(state, context, operation, channel);
    case 'channel_settle':
      return settle(state, context, channelId, channel);
  }
}

function open(
  state: State,
  { ledger, height }: SettlementContext,
  payer: Address,
  { channelId, payee, asset, amount, expiresAtHeight }: ChannelOpenOperation,
): ChannelVerdict {
  const problem = findLockProblem(ledger, asset, amount);
  if (problem !== undefined) return problem;
  if (payer === payee) return refuseAtomic('SELF_PAYMENT', { address: payer });
  if (expiresAtHeight !== 0 && expiresAtHeight <= height) {
    return refuseAtomic('CHANNEL_EXPIRED', { expiresAtHeight, height });
  }
  if (state.get(channelsTable, channelId) !== undefined) return refuseAtomic('CHANNEL_EXISTS', { channelId });
  const shortfall = lockBalance(state, ledger, payer, asset, amount);
  if (shortfall !== undefined) return shortfall;
  const closing = undefined;
  state.set(channelsTable, channelId, { payer, payee, asset, deposit: amount, expiresAtHeight, closing });
  return accept({ fact: { type: 'channel_opened', channelId, payer, payee, asset, amount }, fees: noFees });
}

/** Sender and signers together are both sides; a third who carries their agreement does no harm. */
function closeTogether(
  state: State,
  context: SettlementContext,
  from: Address,
  { channelId, amount, signers }: ChannelCloseOperation,
  channel: OpenChannel,
): ChannelVerdict {
  const { payer, payee, deposit } = channel;
  const missing = [payer, payee].filter((side) => side !== from && !signers.includes(side));
  if (missing.length > 0) return refuseAtomic('CHANNEL_NOT_PARTY', { missing });
  const problem = findAboveDeposit(amount, deposit);
  if (problem !== undefined) return problem;
  return finish(state, context, channelId, channel, amount);
}

function beginClosing(
  state: State,
  { height, timestampMs, rules }: SettlementContext,
  by: Address,
  { channelId, voucher }: ChannelUnilateralCloseOperation,
  channel: OpenChannel,
): ChannelVerdict {
  const { payer, payee, expiresAtHeight, closing } = channel;
  if (by !== payer && by !== payee) return refuseAtomic('CHANNEL_NOT_PARTY', { payer, payee });
  if (closing !== undefined) return refuseAtomic('CHANNEL_ALREADY_CLOSING', { endsAtMs: closing.endsAtMs });
  if (isExpired(channel, height)) return refuseAtomic('CHANNEL_EXPIRED', { expiresAtHeight, height });
  const problem = voucher === undefined ? undefined : findVoucherProblem(channel, voucher);
  if (problem !== undefined) return problem;
  const { amount, nonce } = voucher ?? { amount: 0n, nonce: 0 };
  const begun: ChannelClosing = { amount, nonce, endsAtMs: timestampMs + rules.channelDisputeMs };
  state.set(channelsTable, channelId, { ...channel, closing: begun });
  return accept({ fact: { type: 'channel_closing', channelId, by, ...begun }, fees: noFees });
}

function dispute(
  state: State,
  { timestampMs }: SettlementContext,
  { channelId, voucher }: ChannelDisputeOperation,
  channel: OpenChannel,
): ChannelVerdict {
  const { closing } = channel;
  if (closing === undefined) return refuseAtomic('CHANNEL_NOT_CLOSING', { channelId });
  const { endsAtMs } = closing;
  if (timestampMs >= endsAtMs) return refuseAtomic('CHANNEL_DISPUTE_OVER', { endsAtMs, timestampMs });
  const problem = findVoucherProblem(channel, voucher, closing);
  if (problem !== undefined) return problem;
  const better: ChannelClosing = { amount: voucher.amount, nonce: voucher.nonce, endsAtMs };
  state.set(channelsTable, channelId, { ...channel, closing: better });
  return accept({ fact: { type: 'channel_disputed', channelId, ...better }, fees: noFees });
}

/** The money knows one way only, so anybody may ask for it. */
function settle(
  state: State,
  context: SettlementContext,
  channelId: Hash,
  channel: OpenChannel,
): ChannelVerdict {
  const { height, timestampMs } = context;
  const { closing, expiresAtHeight } = channel;
  if (closing !== undefined && timestampMs < closing.endsAtMs) {
    return refuseAtomic('CHANNEL_DISPUTE_OPEN', { endsAtMs: closing.endsAtMs, timestampMs });
  }
  if (closing === undefined && !isExpired(channel, height)) {
    return refuseAtomic('CHANNEL_NOT_CLOSING', { expiresAtHeight, height });
  }
  return finish(state, context, channelId, channel, closing?.amount ?? 0n);
}

function isExpired({ expiresAtHeight }: OpenChannel, height: number): boolean {
  return expiresAtHeight !== 0 && height > expiresAtHeight;
}

/** Pays out and closes for good, with a receipt under the id that the chain gives. */
function finish(
  state: State,
  context: SettlementContext,
  channelId: Hash,
  channel: OpenChannel,
  amount: Amount,
): ChannelVerdict {
  const overlay = new SettlementOverlay(state, context.ledger);
  const settlementId = ownSettlementId('channel', channelId);
  const { payee: to, asset } = channel;
  const from: string = channelId;
  const payment: Payment = { settlementId, from, to, amount, asset, kind: 'channel_close' };
  const closed = closeChannel(overlay, context, ZERO_HASH, channel, payment);
  if (!closed.ok) return closed;
  overlay.commit();
  return accept({ fact: closed.value, fees: overlay.fees() });
}
