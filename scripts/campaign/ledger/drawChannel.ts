/** Draws what is done with channels: mostly by the sides of one that is open, with vouchers that its payer signed. */
import type { Address, Hash } from '../../../consensus/primitives/flavor.ts';
import type { KeyHolder } from '../../../node/scenario/genesis.ts';
import type { OpenChannel, SignedVoucher } from '../../../settlement/atomic/channelTypes.ts';
import { channelsTable } from '../../../settlement/atomic/tables.ts';
import type { SettlementRequest } from '../../../settlement/atomic/types.ts';
import { signVoucher } from '../../../settlement/atomic/voucher.ts';
import {
  type DrawnTransaction,
  drawAmount,
  drawPair,
  drawPart,
  drawPerson,
  idOf,
  pick,
  type Setting,
  symbols,
} from './drawing.ts';
import { people } from './ledgerWorld.ts';

/** Ids of channels are used up: more of them than of anything else. */
const CHANNEL_ID_COUNT = 4000;
const NONCE_BOUND = 30;

export function openChannel(setting: Setting): DrawnTransaction {
  const { world, choices } = setting;
  const [sender, payee] = drawPair(setting);
  const asset = pick(choices, symbols);
  const channelId = idOf('c', choices.below(CHANNEL_ID_COUNT));
  const amount = drawAmount(setting, sender, asset);
  const expiresAtHeight = choices.below(2) === 0 ? 0 : world.height + choices.below(14);
  const terms = { payee: payee.address, asset, amount, expiresAtHeight };
  return { sender, body: { type: 'channel_open', channelId, ...terms } };
}

export function closeChannel(setting: Setting): DrawnTransaction {
  const { channelId, channel } = drawOpen(setting, () => true);
  const sender = holderOf(setting, channel?.payer);
  const amount = drawPart(setting.choices, channel?.deposit ?? 0n);
  const sides = channel === undefined ? [] : [channel.payer, channel.payee];
  const isAgreed = setting.choices.below(8) !== 0;
  const signers = isAgreed ? sides.filter((side) => side !== sender.address).sort() : [];
  return { sender, body: { type: 'channel_close', channelId, amount, signers } };
}

export function startClosing(setting: Setting): DrawnTransaction {
  const { choices } = setting;
  const { channelId, channel } = drawOpen(setting, ({ closing }) => closing === undefined);
  const sender = holderOf(setting, choices.below(2) === 0 ? channel?.payer : channel?.payee);
  const voucher = choices.below(4) === 0 ? undefined : drawVoucher(setting, channelId, channel);
  return { sender, body: { type: 'channel_unilateral_close', channelId, voucher } };
}

export function disputeChannel(setting: Setting): DrawnTransaction {
  const { height, genesis } = setting.world;
  const nowMs = (height - 1) * genesis.blockTimeMs;
  const { channelId, channel } = drawOpen(setting, ({ closing }) => (closing?.endsAtMs ?? 0) > nowMs);
  const voucher = drawVoucher(setting, channelId, channel);
  return { sender: drawPerson(setting), body: { type: 'channel_dispute', channelId, voucher } };
}

export function settleChannel(setting: Setting): DrawnTransaction {
  const { channelId } = drawOpen(setting, ({ closing }) => closing !== undefined);
  return { sender: drawPerson(setting), body: { type: 'channel_settle', channelId } };
}

/** A request that closes a channel; whether both sides sign is up to who draws signers. */
export function drawChannelRequest(
  setting: Setting,
): Omit<SettlementRequest, 'settlementId' | 'metadata'> | undefined {
  const { channelId, channel } = drawOpen(setting, () => true);
  if (channel === undefined) return undefined;
  const { payee, asset, deposit } = channel;
  const from: string = channelId;
  const amount = drawPart(setting.choices, deposit);
  return { from, to: payee, asset, amount, kind: 'channel_close' };
}

function drawOpen(
  { state, choices }: Setting,
  isMeant: (channel: OpenChannel) => boolean,
): { readonly channelId: Hash; readonly channel: OpenChannel | undefined } {
  const open = state.entries(channelsTable).flatMap(([channelId, channel]) => {
    return 'settlementId' in channel ? [] : [{ channelId, channel }];
  });
  const meant = open.filter(({ channel }) => isMeant(channel));
  const any = choices.below(8) === 0 ? open : meant;
  return any[choices.below(any.length + (choices.below(20) === 0 ? 1 : 0)) % (any.length + 1)] ?? unknown;
}

const unknown = { channelId: idOf('c', CHANNEL_ID_COUNT), channel: undefined };

/** A part of the deposit, mostly at least what was shown; now and then signed by somebody else. */
function drawVoucher(setting: Setting, channelId: Hash, channel: OpenChannel | undefined): SignedVoucher {
  const { world, choices } = setting;
  const { amount: shown, nonce: last } = channel?.closing ?? { amount: 0n, nonce: 0 };
  const isHonest = choices.below(4) !== 0;
  const part = drawPart(choices, (channel?.deposit ?? 0n) - (isHonest ? shown : 0n));
  const amount = isHonest ? shown + part : part;
  const nonce = 1 + choices.below(NONCE_BOUND) + (isHonest ? last : 0);
  const payer = choices.below(20) === 0 ? drawPerson(setting) : holderOf(setting, channel?.payer);
  return signVoucher(payer.secretKey, { chainId: world.genesis.chainId, channelId }, { amount, nonce });
}

/** The person of that address; anybody where there is none. */
function holderOf(setting: Setting, address: Address | undefined): KeyHolder {
  const label = people.find((one) => setting.world.holder(one).address === address);
  return label === undefined ? drawPerson(setting) : setting.world.holder(label);
}
