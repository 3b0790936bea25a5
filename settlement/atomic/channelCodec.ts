/** Canonical encoding of what transactions do with micropayment channels, and of the rows of channels. */
import { readAddress, signatureBytesOf, writeAddress } from '../../consensus/primitives/address.ts';
import type { Reader, Writer } from '../../consensus/primitives/codec.ts';
import { readSymbol, writeSymbol } from '../ledger/assets.ts';
import type {
  Channel,
  ChannelCloseOperation,
  ChannelOpenOperation,
  OpenChannel,
  SignedVoucher,
} from './channelTypes.ts';
import { readSigners, writeSigners } from './codec.ts';

/** Most who sign a close beside its sender: payer and payee, when a third carries it. */
export const CHANNEL_SIGNERS_MAX = 2;

export function writeChannelOpening(writer: Writer, operation: ChannelOpenOperation): void {
  const { channelId, payee, asset, amount, expiresAtHeight } = operation;
  writer.hash(channelId);
  writeAddress(writer, payee);
  writeSymbol(writer, asset);
  writer.amount(amount).u64(expiresAtHeight);
}

/** @throws {DecodeError} Bytes that no writer makes. */
export function readChannelOpening(reader: Reader): ChannelOpenOperation {
  return {
    type: 'channel_open',
    channelId: reader.hash(),
    payee: readAddress(reader),
    asset: readSymbol(reader),
    amount: reader.amount(),
    expiresAtHeight: reader.u64(),
  };
}

export function writeChannelClose(
  writer: Writer,
  { channelId, amount, signers }: ChannelCloseOperation,
): void {
  writer.hash(channelId).amount(amount);
  writeSigners(writer, signers, CHANNEL_SIGNERS_MAX);
}

/** @throws {DecodeError} Bytes that no writer makes. */
export function readChannelClose(reader: Reader): ChannelCloseOperation {
  return {
    type: 'channel_close',
    channelId: reader.hash(),
    amount: reader.amount(),
    signers: readSigners(reader, CHANNEL_SIGNERS_MAX),
  };
}

/** The channel is written in front of it. */
export function writeVoucher(writer: Writer, { payer, amount, nonce, signature }: SignedVoucher): void {
  writeAddress(writer, payer);
  writer.amount(amount).u64(nonce).fixed(signature, signatureBytesOf(payer));
}

/** @throws {DecodeError} Bytes that no writer makes. */
export function readVoucher(reader: Reader): SignedVoucher {
  const payer = readAddress(reader);
  const amount = reader.amount();
  const nonce = reader.u64();
  return { payer, amount, nonce, signature: reader.fixed(signatureBytesOf(payer)) };
}

/** A closed channel is its settlement; an open one is all it was opened with. */
export function writeChannel(writer: Writer, channel: Channel): void {
  const isClosed = 'settlementId' in channel;
  writer.boolean(isClosed);
  if (isClosed) writer.hash(channel.settlementId);
  else writeOpenChannel(writer, channel);
}

/** @throws {DecodeError} Bytes that no writer makes. */
export function readChannel(reader: Reader): Channel {
  return reader.boolean() ? { settlementId: reader.hash() } : readOpenChannel(reader);
}

function writeOpenChannel(writer: Writer, channel: OpenChannel): void {
  const { payer, payee, asset, deposit, expiresAtHeight, closing } = channel;
  writeAddress(writer, payer);
  writeAddress(writer, payee);
  writeSymbol(writer, asset);
  writer
    .amount(deposit)
    .u64(expiresAtHeight)
    .boolean(closing !== undefined);
  if (closing !== undefined) writer.amount(closing.amount).u64(closing.nonce).i64(closing.endsAtMs);
}

function readOpenChannel(reader: Reader): OpenChannel {
  const payer = readAddress(reader);
  const payee = readAddress(reader);
  const asset = readSymbol(reader);
  const deposit = reader.amount();
  const expiresAtHeight = reader.u64();
  const closing = reader.boolean()
    ? { amount: reader.amount(), nonce: reader.u64(), endsAtMs: reader.i64() }
    : undefined;
  return { payer, payee, asset, deposit, expiresAtHeight, closing };
}
