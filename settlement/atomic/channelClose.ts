/** How a channel ends, with a request of a batch or without: the payee's part, the payer's rest, and the mark that it is closed. */
import { accept, type Refusal, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash } from '../../consensus/primitives/flavor.ts';
import { assetIndexOf } from '../ledger/assets.ts';
import type { Channel, ChannelFact, OpenChannel } from './channelTypes.ts';
import { type AtomicCode, refuseAtomic } from './codes.ts';
import type { SettlementOverlay } from './overlay.ts';
import { type Payment, payOut, refuseOverflow } from './payOut.ts';
import type { SettlementContext } from './types.ts';

/** The channel behind a row, if it is open. */
export function findOpenChannel(
  channelId: Hash,
  channel: Channel | undefined,
): Verdict<OpenChannel, AtomicCode> {
  if (channel === undefined) return refuseAtomic('CHANNEL_UNKNOWN', { channelId });
  if (!('settlementId' in channel)) return accept(channel);
  return refuseAtomic('CHANNEL_CLOSED', { channelId, settlementId: channel.settlementId });
}

/** Why a request of kind `channel_close` may not close its channel, or undefined. */
export function findCloseProblem(
  { payer, payee, asset, deposit }: OpenChannel,
  authorisers: ReadonlySet<Address>,
  request: Payment,
): Refusal<AtomicCode> | undefined {
  const { settlementId, from: channelId, to } = request;
  if (!authorisers.has(payer) || !authorisers.has(payee)) {
    const reason = 'payer and payee of the channel did not both sign the batch';
    return refuseAtomic('PROOF_VERIFICATION_FAILED', { settlementId, reason });
  }
  if (to !== payee) return refuseAtomic('CHANNEL_PAYEE_OTHER', { channelId, payee, given: to });
  if (request.asset !== asset) {
    return refuseAtomic('CHANNEL_ASSET_OTHER', { channelId, asset, given: request.asset });
  }
  return findAboveDeposit(request.amount, deposit);
}

/** Why a channel cannot pay that much, or undefined. */
export function findAboveDeposit(amount: bigint, deposit: bigint): Refusal<AtomicCode> | undefined {
  if (amount <= deposit) return undefined;
  return refuseAtomic('CHANNEL_AMOUNT_ABOVE_DEPOSIT', { amount: String(amount), max: String(deposit) });
}

/** Closes a channel whose close was checked. Refused only where an account cannot hold what it gets. */
export function closeChannel(
  overlay: SettlementOverlay,
  context: SettlementContext,
  batchId: Hash,
  channel: OpenChannel,
  payment: Payment,
): Verdict<ChannelFact, AtomicCode> {
  const { payer, asset, deposit } = channel;
  const { settlementId, amount } = payment;
  const channelId: string = payment.from;
  const returned = deposit - amount;
  overlay.closeChannel(channelId, settlementId);
  if (!overlay.credit(payer, assetIndexOf(context.ledger, asset), returned)) {
    return refuseOverflow(settlementId, payer);
  }
  const refusal = payOut(overlay, context, batchId, payment);
  if (refusal !== undefined) return refusal;
  return accept({ type: 'channel_closed', channelId, settlementId, asset, amount, returned });
}
