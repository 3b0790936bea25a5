/** Rows and transactions of withdrawals from the treasury: table ids 37 and 38, and the encoding both share. */
import { readAddress, writeAddress } from '../../consensus/primitives/address.ts';
import { DecodeError, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { readSymbol, writeSymbol } from '../ledger/assets.ts';
import type { Table } from '../state.ts';
import type {
  TreasuryApproveOperation,
  TreasuryProposeOperation,
  Withdrawal,
  WithdrawalTerms,
} from './treasuryTypes.ts';

/** Most keepers of a treasury: as many as a group of people that knows each other. */
export const KEEPERS_MAX = 32;
/** More open withdrawals than any rules allow. */
const OPEN_MAX = 4096;

/** Key: withdrawal id. A paid one stays, as the mark that its id is used; one that expired is gone. */
export const withdrawalsTable: Table<Withdrawal> = {
  id: 37,
  name: 'treasury_withdrawals',
  write(writer, withdrawal) {
    const { expiresAtHeight, approvals, paidAtHeight } = withdrawal;
    writeTerms(writer, withdrawal);
    writer.u64(expiresAtHeight).list(approvals, KEEPERS_MAX, writeAddress);
    writer.boolean(paidAtHeight !== undefined);
    if (paidAtHeight !== undefined) writer.u64(paidAtHeight);
  },
  read: (reader) => ({
    ...readTerms(reader),
    expiresAtHeight: reader.u64(),
    approvals: readApprovals(reader),
    paidAtHeight: reader.boolean() ? reader.u64() : undefined,
  }),
};

/** The key of the one row of `openWithdrawalsTable`. */
export const OPEN_ROW_KEY = '';

/** Ids of open withdrawals in the order of proposal; no row where none is open. */
export const openWithdrawalsTable: Table<readonly Hash[]> = {
  id: 38,
  name: 'treasury_withdrawals_open',
  write: (writer, ids) => writer.list(ids, OPEN_MAX, (to, id) => to.hash(id)),
  read: (reader) => reader.list(OPEN_MAX, (from) => from.hash()),
};

export function writeTreasuryProposal(writer: Writer, operation: TreasuryProposeOperation): void {
  writer.hash(operation.withdrawalId);
  writeTerms(writer, operation);
  writer.u64(operation.expiresAtHeight);
}

/** @throws {DecodeError} Bytes that no writer makes. */
export function readTreasuryProposal(reader: Reader): TreasuryProposeOperation {
  const withdrawalId = reader.hash();
  const terms = readTerms(reader);
  return { type: 'treasury_propose', withdrawalId, ...terms, expiresAtHeight: reader.u64() };
}

export function writeTreasuryApproval(writer: Writer, operation: TreasuryApproveOperation): void {
  writer.hash(operation.withdrawalId);
  writeTerms(writer, operation);
}

/** @throws {DecodeError} Bytes that no writer makes. */
export function readTreasuryApproval(reader: Reader): TreasuryApproveOperation {
  return { type: 'treasury_approve', withdrawalId: reader.hash(), ...readTerms(reader) };
}

function writeTerms(writer: Writer, { asset, amount, to }: WithdrawalTerms): void {
  writeSymbol(writer, asset);
  writer.amount(amount);
  writeAddress(writer, to);
}

function readTerms(reader: Reader): WithdrawalTerms {
  return { asset: readSymbol(reader), amount: reader.amount(), to: readAddress(reader) };
}

function readApprovals(reader: Reader): Withdrawal['approvals'] {
  const approvals = reader.list(KEEPERS_MAX, readAddress);
  if (new Set(approvals).size !== approvals.length) throw new DecodeError('a keeper approves once');
  return approvals;
}
