/** Rows of cross-chain transfers in replicated state, table ids 41 to 44. None exists before the first transfer. */
import { readAddress, writeAddress } from '../../consensus/primitives/address.ts';
import { DecodeError, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import type { Hash, SettlementHeight } from '../../consensus/primitives/flavor.ts';
import { readNetAmounts, writeNetAmounts } from '../net/commitment.ts';
import { type CrossChainAction, readCrossChainAction, writeCrossChainAction } from '../net/crossChain.ts';
import type { Table } from '../state.ts';
import { type CrossChainCode, crossChainCodes } from './codes.ts';
import type { CrossChainCounters, CrossChainState, CrossChainTransfer } from './types.ts';

const ASSET_BYTES_MAX = 32;
/** The position is the byte: append, never reorder. */
const states: readonly CrossChainState[] = ['open', 'completing', 'refunding', 'completed', 'refunded'];
const reasons = Object.keys(crossChainCodes) as CrossChainCode[];

/** Key: transfer id. */
export const transfersTable: Table<CrossChainTransfer> = {
  id: 41,
  name: 'cross_chain_transfers',
  write(writer, row) {
    writer.hash(row.transferId);
    writeAddress(writer, row.from);
    writeAddress(writer, row.to);
    writer.string(row.asset, ASSET_BYTES_MAX).amount(row.amount);
    writer.amount(row.sidechainFee).amount(row.settlementFee).u64(row.deadlineHeight);
    writer.u8(states.indexOf(row.state));
    writer.u8(row.reason === undefined ? 0 : 1 + reasons.indexOf(row.reason));
    writer.boolean(row.queuePosition !== undefined);
    if (row.queuePosition !== undefined) writer.u64(row.queuePosition);
    writer.u64(row.openedAtHeight);
  },
  read: (reader) => ({
    transferId: reader.hash(),
    from: readAddress(reader),
    to: readAddress(reader),
    asset: reader.string(ASSET_BYTES_MAX),
    amount: reader.amount(),
    sidechainFee: reader.amount(),
    settlementFee: reader.amount(),
    deadlineHeight: reader.u64(),
    state: readState(reader),
    reason: readReason(reader),
    queuePosition: reader.boolean() ? reader.u64() : undefined,
    openedAtHeight: reader.u64(),
  }),
};

/** Key: position, padded. Actions that wait for the next batch. */
export const queueTable: Table<CrossChainAction> = {
  id: 42,
  name: 'cross_chain_queue',
  write: (writer, action) => writeCrossChainAction(writer, action),
  read: readCrossChainAction,
};

/** One row, under `CROSS_CHAIN_COUNTERS_KEY`. */
export const crossChainCountersTable: Table<CrossChainCounters> = {
  id: 43,
  name: 'cross_chain_counters',
  write(writer: Writer, row) {
    writer.u32(row.openCount).u64(row.firstPosition).u64(row.nextPosition);
    writeNetAmounts(writer, row.bridged);
  },
  read: (reader) => ({
    openCount: reader.u32(),
    firstPosition: reader.u64(),
    nextPosition: reader.u64(),
    bridged: readNetAmounts(reader),
  }),
};

/** Key: deadline, then id: undecided outbound transfers in the order in which they time out. The row is the id. */
export const deadlinesTable: Table<Hash> = {
  id: 44,
  name: 'cross_chain_deadlines',
  write: (writer, transferId) => writer.hash(transferId),
  read: (reader) => reader.hash(),
};

/** All of the above, for whoever stores and restores rows without knowing what they mean. */
export const bridgeTables = [transfersTable, queueTable, crossChainCountersTable, deadlinesTable] as const;

export const CROSS_CHAIN_COUNTERS_KEY = '';

/** Wide enough for any safe integer, so keys sort by number. */
export function queueKey(position: number): string {
  return String(position).padStart(16, '0');
}

export function deadlineKey(deadlineHeight: SettlementHeight, transferId: Hash): string {
  return `${queueKey(deadlineHeight)}/${transferId}`;
}

function readState(reader: Reader): CrossChainState {
  const state = states[reader.u8()];
  if (state === undefined) throw new DecodeError('unknown state of a transfer');
  return state;
}

function readReason(reader: Reader): CrossChainCode | undefined {
  const tag = reader.u8();
  if (tag > reasons.length) throw new DecodeError('unknown reason of a refund');
  return tag === 0 ? undefined : reasons[tag - 1];
}
