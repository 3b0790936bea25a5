/** Reads what a scenario does with micropayment channels: `channel_open: { id: tab, to: cafe, ... }` and how it ends. */
import { CHANNEL_SIGNERS_MAX } from '../../settlement/atomic/channelCodec.ts';
import { VOUCHER_NONCE_MAX } from '../../settlement/atomic/voucher.ts';
import { EXPIRY_BLOCKS_MAX, readAccounts, readScenarioId } from './atomicBatchReader.ts';
import type { ScenarioChannelOperation } from './channels.ts';
import type { ScenarioContext } from './context.ts';
import type { MapPlace, Place } from './reader.ts';
import type { ScenarioTransaction, ScenarioVoucher } from './types.ts';

const channelKeys = {
  channel_open: ['account', 'id', 'to', 'asset', 'amount', 'expires_after_blocks'],
  channel_close: ['account', 'id', 'amount', 'signers'],
  channel_unilateral_close: ['account', 'id', 'voucher'],
  channel_dispute: ['account', 'id', 'voucher'],
  channel_settle: ['account', 'id'],
} as const satisfies Record<ScenarioChannelOperation['type'], readonly string[]>;

export type ChannelKey = keyof typeof channelKeys;

export function isChannelKey(key: string): key is ChannelKey {
  return Object.hasOwn(channelKeys, key);
}

/** @param accountAbove - Who sends it unless it says so itself; of a close by both, the first of its signers. */
export function readChannelOperation(
  context: ScenarioContext,
  key: ChannelKey,
  place: Place,
  accountAbove: string | undefined,
): ScenarioTransaction | undefined {
  const { reader } = context;
  const map = reader.map(place, channelKeys[key], 'a map such as { id: tab }');
  if (map === undefined) return undefined;
  const id = readScenarioId(context, reader.require(map, 'id', 'an id'));
  const operation = id === undefined ? undefined : readOperation(context, key, map, id);
  const signer = operation?.type === 'channel_close' ? operation.signers[0] : undefined;
  const account = context.account(reader.get(map, 'account')) ?? accountAbove ?? signer;
  return operation === undefined ? undefined : { account, operation };
}

function readOperation(
  context: ScenarioContext,
  key: ChannelKey,
  map: MapPlace,
  id: string,
): ScenarioChannelOperation | undefined {
  const { reader } = context;
  switch (key) {
    case 'channel_open':
      return readOpening(context, map, id);
    case 'channel_close': {
      const amount = reader.amount(reader.require(map, 'amount', 'an amount'), true);
      const place = reader.require(map, 'signers', 'payer and payee of the channel');
      const signers = readAccounts(context, place, CHANNEL_SIGNERS_MAX);
      if (amount === undefined || place === undefined || signers === undefined) return undefined;
      return { type: 'channel_close', id, amount, signers };
    }
    case 'channel_unilateral_close': {
      const place = reader.get(map, 'voucher');
      const voucher = place && readVoucher(context, place);
      if (place !== undefined && voucher === undefined) return undefined;
      return { type: 'channel_unilateral_close', id, voucher };
    }
    case 'channel_dispute': {
      const place = reader.require(map, 'voucher', 'a voucher');
      const voucher = place && readVoucher(context, place);
      return voucher && { type: 'channel_dispute', id, voucher };
    }
    case 'channel_settle':
      return { type: 'channel_settle', id };
  }
}

function readOpening(
  context: ScenarioContext,
  map: MapPlace,
  id: string,
): ScenarioChannelOperation | undefined {
  const { reader } = context;
  const to = context.account(reader.require(map, 'to', 'an account'));
  const asset = context.asset(reader.require(map, 'asset', 'an asset'));
  const amount = reader.amount(reader.require(map, 'amount', 'an amount'));
  const expiresAfterBlocks = reader.integer(reader.get(map, 'expires_after_blocks'), 0, EXPIRY_BLOCKS_MAX);
  if (to === undefined || asset === undefined || amount === undefined) return undefined;
  return { type: 'channel_open', id, to, asset, amount, expiresAfterBlocks };
}

function readVoucher(context: ScenarioContext, place: Place): ScenarioVoucher | undefined {
  const { reader } = context;
  const example = 'a voucher such as { payer: guest, amount: 300, nonce: 3 }';
  const map = reader.map(place, ['payer', 'amount', 'nonce'], example);
  if (map === undefined) return undefined;
  const payer = context.account(reader.require(map, 'payer', 'the account that signs it'));
  const amount = reader.amount(reader.require(map, 'amount', 'an amount'), true);
  const noncePlace = reader.require(map, 'nonce', 'a number from 1');
  const nonce = reader.integer(noncePlace, 1, VOUCHER_NONCE_MAX);
  if (payer === undefined || amount === undefined || nonce === undefined) return undefined;
  return { payer, amount, nonce };
}
