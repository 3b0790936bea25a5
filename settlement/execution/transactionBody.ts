/** What a ledger transaction does: every kind of body and its canonical encoding, told apart by tag bytes. */
import { readAddress, writeAddress } from '../../consensus/primitives/address.ts';
import { DecodeError, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import type { Address, Hash, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import {
  readChannelClose,
  readChannelOpening,
  readVoucher,
  writeChannelClose,
  writeChannelOpening,
  writeVoucher,
} from '../atomic/channelCodec.ts';
import type { SignedVoucher } from '../atomic/channelTypes.ts';
import { readEscrowOpening, readSignedBatch, writeEscrowOpening, writeSignedBatch } from '../atomic/codec.ts';
import { readFeeProposal, readFeeVote, writeFeeProposal, writeFeeVote } from '../atomic/feeProposalTables.ts';
import {
  readTreasuryApproval,
  readTreasuryProposal,
  writeTreasuryApproval,
  writeTreasuryProposal,
} from '../atomic/treasuryTables.ts';
import type { AtomicOperation } from '../atomic/types.ts';
import type { CrossChainSendOperation } from '../bridge/types.ts';
import { readSymbol, writeSymbol } from '../ledger/assets.ts';
import type { LedgerOperation } from '../ledger/types.ts';

export type TransactionBody =
  | LedgerOperation
  | AtomicOperation
  | CrossChainSendOperation
  | { readonly type: 'unjail'; readonly validator: ValidatorIndex }
  /** Ends the open window at this block; operators only. */
  | { readonly type: 'settle_now' }
  /** Size of windows from the next one on, in blocks; operators only. */
  | { readonly type: 'set_batch_size'; readonly batchSize: number };

/** Tag bytes: their meaning never changes and none is used twice. 0 stands for nothing, so zeroed bytes never decode. */
const bodyTags = {
  transfer: 1,
  deposit: 2,
  withdraw: 3,
  borrow: 4,
  repay: 5,
  liquidate: 6,
  price: 7,
  unjail: 8,
  settle_now: 9,
  set_batch_size: 10,
  atomic_batch: 11,
  escrow_open: 12,
  escrow_refund: 13,
  channel_open: 14,
  channel_close: 15,
  channel_unilateral_close: 16,
  channel_dispute: 17,
  channel_settle: 18,
  treasury_propose: 19,
  treasury_approve: 20,
  fee_propose: 21,
  fee_vote: 22,
  cross_chain_send: 25,
} as const satisfies Record<TransactionBody['type'], number>;

const noSigners: readonly Address[] = [];

/** The voucher that a body shows, of the channel it names; its signature is part of the body. */
export function voucherOf(
  body: TransactionBody,
): { readonly channelId: Hash; readonly voucher: SignedVoucher } | undefined {
  if (body.type !== 'channel_unilateral_close' && body.type !== 'channel_dispute') return undefined;
  const { channelId, voucher } = body;
  return voucher === undefined ? undefined : { channelId, voucher };
}

/** Who must sign beside the sender, ascending. */
export function cosignersOf(body: TransactionBody): readonly Address[] {
  return body.type === 'atomic_batch' || body.type === 'channel_close' ? body.signers : noSigners;
}

/** Tag, then what the kind holds. */
export function writeBody(writer: Writer, body: TransactionBody): void {
  writer.u8(bodyTags[body.type]);
  switch (body.type) {
    case 'transfer':
      writeAddress(writer, body.to);
      writeSymbol(writer, body.asset);
      writer.amount(body.amount);
      return;
    case 'deposit':
    case 'withdraw':
    case 'borrow':
    case 'repay':
      writeSymbol(writer, body.asset);
      writer.amount(body.amount);
      return;
    case 'liquidate':
      writeLiquidation(writer, body);
      return;
    case 'price':
      writeSymbol(writer, body.asset);
      writer.amount(body.price);
      return;
    case 'unjail':
      writer.u16(body.validator);
      return;
    case 'settle_now':
      return;
    case 'set_batch_size':
      writer.u32(body.batchSize);
      return;
    case 'atomic_batch':
      writeSignedBatch(writer, body);
      return;
    case 'escrow_open':
      writeEscrowOpening(writer, body);
      return;
    case 'escrow_refund':
      writer.hash(body.escrowId);
      return;
    case 'channel_open':
      writeChannelOpening(writer, body);
      return;
    case 'channel_close':
      writeChannelClose(writer, body);
      return;
    case 'channel_unilateral_close':
      writer.hash(body.channelId).boolean(body.voucher !== undefined);
      if (body.voucher !== undefined) writeVoucher(writer, body.voucher);
      return;
    case 'channel_dispute':
      writer.hash(body.channelId);
      writeVoucher(writer, body.voucher);
      return;
    case 'channel_settle':
      writer.hash(body.channelId);
      return;
    case 'treasury_propose':
      writeTreasuryProposal(writer, body);
      return;
    case 'treasury_approve':
      writeTreasuryApproval(writer, body);
      return;
    case 'fee_propose':
      writeFeeProposal(writer, body);
      return;
    case 'fee_vote':
      writeFeeVote(writer, body);
      return;
    case 'cross_chain_send':
      writer.hash(body.transferId);
      writeAddress(writer, body.to);
      writeSymbol(writer, body.asset);
      writer.amount(body.amount).u32(body.timeoutBlocks);
      return;
  }
}

/** @throws {DecodeError} Bytes that no writer makes. */
export function readBody(reader: Reader): TransactionBody {
  const tag = reader.u8();
  switch (tag) {
    case bodyTags.transfer:
      return {
        type: 'transfer',
        to: readAddress(reader),
        asset: readSymbol(reader),
        amount: reader.amount(),
      };
    case bodyTags.deposit:
      return { type: 'deposit', asset: readSymbol(reader), amount: reader.amount() };
    case bodyTags.withdraw:
      return { type: 'withdraw', asset: readSymbol(reader), amount: reader.amount() };
    case bodyTags.borrow:
      return { type: 'borrow', asset: readSymbol(reader), amount: reader.amount() };
    case bodyTags.repay:
      return { type: 'repay', asset: readSymbol(reader), amount: reader.amount() };
    case bodyTags.liquidate:
      return readLiquidation(reader);
    case bodyTags.price:
      return { type: 'price', asset: readSymbol(reader), price: reader.amount() };
    case bodyTags.unjail:
      return { type: 'unjail', validator: reader.u16() };
    case bodyTags.settle_now:
      return { type: 'settle_now' };
    case bodyTags.set_batch_size:
      return { type: 'set_batch_size', batchSize: reader.u32() };
    case bodyTags.atomic_batch:
      return readSignedBatch(reader);
    case bodyTags.escrow_open:
      return readEscrowOpening(reader);
    case bodyTags.escrow_refund:
      return { type: 'escrow_refund', escrowId: reader.hash() };
    case bodyTags.channel_open:
      return readChannelOpening(reader);
    case bodyTags.channel_close:
      return readChannelClose(reader);
    case bodyTags.channel_unilateral_close: {
      const channelId = reader.hash();
      const voucher = reader.boolean() ? readVoucher(reader) : undefined;
      return { type: 'channel_unilateral_close', channelId, voucher };
    }
    case bodyTags.channel_dispute:
      return { type: 'channel_dispute', channelId: reader.hash(), voucher: readVoucher(reader) };
    case bodyTags.channel_settle:
      return { type: 'channel_settle', channelId: reader.hash() };
    case bodyTags.treasury_propose:
      return readTreasuryProposal(reader);
    case bodyTags.treasury_approve:
      return readTreasuryApproval(reader);
    case bodyTags.fee_propose:
      return readFeeProposal(reader);
    case bodyTags.fee_vote:
      return readFeeVote(reader);
    case bodyTags.cross_chain_send:
      return {
        type: 'cross_chain_send',
        transferId: reader.hash(),
        to: readAddress(reader),
        asset: readSymbol(reader),
        amount: reader.amount(),
        timeoutBlocks: reader.u32(),
      };
    default:
      throw new DecodeError(`unknown body ${tag}`);
  }
}

function writeLiquidation(writer: Writer, body: Extract<TransactionBody, { type: 'liquidate' }>): void {
  writeAddress(writer, body.borrower);
  writeSymbol(writer, body.debtAsset);
  writer.amount(body.amount);
  writeSymbol(writer, body.collateralAsset);
  writer.boolean(body.exactCollateral !== undefined);
  if (body.exactCollateral !== undefined) writer.amount(body.exactCollateral);
}

function readLiquidation(reader: Reader): TransactionBody {
  return {
    type: 'liquidate',
    borrower: readAddress(reader),
    debtAsset: readSymbol(reader),
    amount: reader.amount(),
    collateralAsset: readSymbol(reader),
    exactCollateral: reader.boolean() ? reader.amount() : undefined,
  };
}
