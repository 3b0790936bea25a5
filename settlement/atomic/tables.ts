/** Rows of atomic settlement in replicated state, table ids 32 to 40. None exists before it is used. */
import { readAddress, writeAddress } from '../../consensus/primitives/address.ts';
import type { Reader, Writer } from '../../consensus/primitives/codec.ts';
import type { Amount } from '../../consensus/primitives/flavor.ts';
import { readSymbol, writeSymbol } from '../ledger/assets.ts';
import type { Table } from '../state.ts';
import { readChannel, writeChannel } from './channelCodec.ts';
import type { Channel } from './channelTypes.ts';
import { REQUESTS_DECODED_MAX, readKind, readParties, writeKind, writeParties } from './codec.ts';
import { feeGovernanceTable, feeProposalsTable } from './feeProposalTables.ts';
import { openWithdrawalsTable, withdrawalsTable } from './treasuryTables.ts';
import type { AtomicBatchRecord, AtomicFailure, Escrow, SettlementReceipt } from './types.ts';

const CODE_BYTES_MAX = 64;
/** Details of a failure: few, and each a name, an address, an amount or a sentence. */
const DETAILS_MAX = 8;
const DETAIL_NAME_BYTES_MAX = 32;
const DETAIL_BYTES_MAX = 512;

/** Key: batch id. */
export const batchRecordsTable: Table<AtomicBatchRecord> = {
  id: 32,
  name: 'atomic_batches',
  write(writer, record) {
    writer.hash(record.contentHash).u64(record.blockHeight).i64(record.timestampMs);
    writer.list(record.settlementIds, REQUESTS_DECODED_MAX, (to, id) => to.hash(id));
    writer.boolean(record.failure !== undefined);
    if (record.failure !== undefined) writeFailure(writer, record.failure);
  },
  read: (reader) => ({
    contentHash: reader.hash(),
    blockHeight: reader.u64(),
    timestampMs: reader.i64(),
    settlementIds: reader.list(REQUESTS_DECODED_MAX, (from) => from.hash()),
    failure: reader.boolean() ? readFailure(reader) : undefined,
  }),
};

/** Key: settlement id. The row is the receipt, and the mark that the id is used. */
export const receiptsTable: Table<SettlementReceipt> = {
  id: 33,
  name: 'settlement_receipts',
  write(writer, receipt) {
    writer.hash(receipt.settlementId).hash(receipt.batchId);
    writeKind(writer, receipt.kind);
    writeAddress(writer, receipt.from);
    writeAddress(writer, receipt.to);
    writeSymbol(writer, receipt.asset);
    writer.amount(receipt.net).amount(receipt.fee);
    writer.u64(receipt.blockHeight).i64(receipt.timestampMs);
  },
  read(reader) {
    const settlementId = reader.hash();
    const batchId = reader.hash();
    const kind = readKind(reader);
    const from = readAddress(reader);
    const to = readAddress(reader);
    const asset = readSymbol(reader);
    const net = reader.amount();
    const fee = reader.amount();
    const [blockHeight, timestampMs] = [reader.u64(), reader.i64()];
    const gross = net + fee;
    return { settlementId, batchId, from, to, gross, net, fee, asset, kind, blockHeight, timestampMs };
  },
};

/** Key: asset symbol; no row while nothing has gathered. */
export const gatheredFeesTable: Table<Amount> = {
  id: 34,
  name: 'gathered_fees',
  write: (writer, amount) => writer.amount(amount),
  read: (reader) => reader.amount(),
};

/** Key: escrow id; no row once nothing is left. */
export const escrowsTable: Table<Escrow> = {
  id: 35,
  name: 'escrows',
  write(writer, escrow) {
    writeAddress(writer, escrow.payer);
    writeSymbol(writer, escrow.asset);
    writer.amount(escrow.amount);
    writeParties(writer, escrow.parties);
    writer.u8(escrow.threshold).u64(escrow.expiresAtHeight);
  },
  read: (reader) => ({
    payer: readAddress(reader),
    asset: readSymbol(reader),
    amount: reader.amount(),
    parties: readParties(reader),
    threshold: reader.u8(),
    expiresAtHeight: reader.u64(),
  }),
};

/** Key: channel id. */
export const channelsTable: Table<Channel> = {
  id: 36,
  name: 'channels',
  write: writeChannel,
  read: readChannel,
};

/** Those above and those of treasury and governance, for whoever stores and restores rows without knowing what they mean. */
export const atomicTables = [
  batchRecordsTable,
  receiptsTable,
  gatheredFeesTable,
  escrowsTable,
  channelsTable,
  withdrawalsTable,
  openWithdrawalsTable,
  feeProposalsTable,
  feeGovernanceTable,
] as const;

function writeFailure(writer: Writer, { code, failedAt, completed, details }: AtomicFailure): void {
  writer.string(code, CODE_BYTES_MAX).u32(failedAt).u32(completed);
  writer.list(Object.entries(details), DETAILS_MAX, (to, [name, value]) => {
    to.string(name, DETAIL_NAME_BYTES_MAX).string(value, DETAIL_BYTES_MAX);
  });
}

function readFailure(reader: Reader): AtomicFailure {
  const code = reader.string(CODE_BYTES_MAX);
  const failedAt = reader.u32();
  const completed = reader.u32();
  const entries = reader.list(
    DETAILS_MAX,
    (from) => [from.string(DETAIL_NAME_BYTES_MAX), from.string(DETAIL_BYTES_MAX)] as const,
  );
  return { code, failedAt, completed, details: Object.fromEntries(entries) };
}
