/**
 * Rows of net accounting in replicated state: the open window, sealed batches, duty standings and counters.
 * Their encodings are part of the state root. No rule is applied here.
 */
import { DecodeError, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import type { Height, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { VALIDATOR_COUNT_MAX } from '../../consensus/validators.ts';
import type { Table } from '../state.ts';
import {
  readAssetAmounts,
  readCountAndActions,
  readNetAmounts,
  writeAssetAmounts,
  writeCountAndActions,
  writeNetAmounts,
} from './commitment.ts';
import {
  readRevertCode,
  readSettlementActions,
  writeRevertCode,
  writeSettlementActions,
} from './settlementBlock.ts';
import type { Attempt, AttemptOutcome, DutyStanding, OpenWindow, SealedBatch } from './types.ts';

/** Most attempts a row can hold; `duties.ts` keeps fewer. */
const ATTEMPT_COUNT_MAX = 65_536;
/** Most duties a standing can remember. */
export const JAIL_WINDOW_MAX = 65_536;

/** A batch with what only duty law itself needs to remember. */
export interface BatchRow extends SealedBatch {
  /** Counted reverts of the present holder since the duty came to it. */
  readonly dutyReverts: number;
}

/** One row: where net accounting stands. */
export interface NetCounters {
  readonly validatorCount: number;
  /** `seq` of the next batch to be sealed; the first is 1. */
  readonly nextSeq: number;
  /** 0 before the first. Batches confirm in order, so it also counts them. */
  readonly lastConfirmedSeq: number;
  /** Height whose header confirmed it; 0 before the first. */
  readonly lastConfirmedAtHeight: Height;
  /** 0 before the first. */
  readonly lastSealedToHeight: Height;
  /** Size N in force: the next window gets it. */
  readonly batchSize: number;
}

/** Positions are part of the encoding: append only. */
const outcomes: readonly (AttemptOutcome | undefined)[] = [
  undefined,
  'confirmed',
  'reverted',
  'missed',
  'superseded',
];

export const windowTable: Table<OpenWindow> = {
  id: 16,
  name: 'net_window',
  write: (writer, row) => {
    writer.u64(row.index).u64(row.fromHeight).u64(row.windowFromHeight).u64(row.batchSize);
    writeAssetAmounts(writer, row.borrowed);
    writeAssetAmounts(writer, row.repaid);
    writeAssetAmounts(writer, row.fees);
    writer.u64(row.liquidations);
  },
  read: (reader) => ({
    index: reader.u64(),
    fromHeight: reader.u64(),
    windowFromHeight: reader.u64(),
    batchSize: reader.u64(),
    borrowed: readAssetAmounts(reader),
    repaid: readAssetAmounts(reader),
    fees: readAssetAmounts(reader),
    liquidations: reader.u64(),
  }),
};

export const batchTable: Table<BatchRow> = {
  id: 17,
  name: 'net_batch',
  write: (writer, row) => {
    writer.u64(row.seq).u64(row.fromHeight).u64(row.toHeight);
    writeNetAmounts(writer, row.net);
    writeAssetAmounts(writer, row.fees);
    writer.u64(row.liquidations);
    writeAssetAmounts(writer, row.borrowed);
    writeAssetAmounts(writer, row.repaid);
    writer.hash(row.commitment);
    writer.list(row.attempts, ATTEMPT_COUNT_MAX, writeAttempt);
    writer.u64(row.clockCount);
    writeOptionalHeight(writer, row.clockStartHeight);
    writer.amount(row.heldSlash);
    writer.list(row.missedBy, VALIDATOR_COUNT_MAX, writeIndex);
    writeCountAndActions(writer, row.dutyReverts, row.crossChain);
  },
  // With its fields in the order of a row that was just sealed: what a node says must not tell whether it ever restarted.
  read: (reader) => {
    const seq = reader.u64();
    const fromHeight = reader.u64();
    const toHeight = reader.u64();
    const net = readNetAmounts(reader);
    const fees = readAssetAmounts(reader);
    const liquidations = reader.u64();
    const borrowed = readAssetAmounts(reader);
    const repaid = readAssetAmounts(reader);
    const commitment = reader.hash();
    const attempts = reader.list(ATTEMPT_COUNT_MAX, readAttempt);
    const clockCount = reader.u64();
    const clockStartHeight = readOptionalHeight(reader);
    const heldSlash = reader.amount();
    const missedBy = reader.list(VALIDATOR_COUNT_MAX, readIndex);
    const { count: dutyReverts, crossChain } = readCountAndActions(reader);
    return {
      seq,
      fromHeight,
      toHeight,
      net,
      fees,
      liquidations,
      crossChain,
      borrowed,
      repaid,
      commitment,
      attempts,
      clockCount,
      clockStartHeight,
      heldSlash,
      missedBy,
      dutyReverts,
    };
  },
};

export const standingTable: Table<DutyStanding> = {
  id: 18,
  name: 'net_standing',
  write: (writer, row) => {
    writer.u16(row.index).amount(row.stake).signedAmount(row.priority);
    writeOptionalHeight(writer, row.jailedUntilHeight);
    writer.boolean(row.tombstoned).list(row.recentDuties, JAIL_WINDOW_MAX, writeMiss);
  },
  read: (reader) => ({
    index: reader.u16(),
    stake: reader.amount(),
    priority: reader.signedAmount(),
    jailedUntilHeight: readOptionalHeight(reader),
    tombstoned: reader.boolean(),
    recentDuties: reader.list(JAIL_WINDOW_MAX, readMiss),
  }),
};

export const countersTable: Table<NetCounters> = {
  id: 19,
  name: 'net_counters',
  write: (writer, row) => {
    writer.u16(row.validatorCount).u64(row.nextSeq).u64(row.lastConfirmedSeq);
    writer.u64(row.lastConfirmedAtHeight).u64(row.lastSealedToHeight).u64(row.batchSize);
  },
  read: (reader) => ({
    validatorCount: reader.u16(),
    nextSeq: reader.u64(),
    lastConfirmedSeq: reader.u64(),
    lastConfirmedAtHeight: reader.u64(),
    lastSealedToHeight: reader.u64(),
    batchSize: reader.u64(),
  }),
};

/** What a store needs to read net rows back. */
export const netTables = [windowTable, batchTable, standingTable, countersTable] as const;

/** Key of the tables that hold one row. */
export const SINGLE_ROW_KEY = '';

/** What the digits of a batch's number are filled up with. */
const BATCH_KEY_PADDING = '0'.repeat(16);
const standingKeys: readonly string[] = Array.from({ length: VALIDATOR_COUNT_MAX }, (_, index) =>
  String(index).padStart(5, '0'),
);

/** Wide enough for any safe integer, so batches sort by number. */
export function batchKey(seq: number): string {
  const digits = String(seq);
  return BATCH_KEY_PADDING.slice(digits.length) + digits;
}

/** Wide enough for any validator index, so standings sort by number. */
export function standingKey(index: ValidatorIndex): string {
  return standingKeys[index] ?? String(index).padStart(5, '0');
}

function writeAttempt(writer: Writer, attempt: Attempt): void {
  writer.u64(attempt.attempt).u16(attempt.proposer);
  writeSettlementActions(writer, attempt.actions);
  writer.u64(attempt.assignedAtHeight);
  writer.u8(outcomes.indexOf(attempt.outcome)).boolean(attempt.revertCode !== undefined);
  if (attempt.revertCode !== undefined) writeRevertCode(writer, attempt.revertCode);
}

function readAttempt(reader: Reader): Attempt {
  const attempt = reader.u64();
  const proposer = reader.u16();
  const actions = readSettlementActions(reader);
  const assignedAtHeight = reader.u64();
  const outcome = reader.u8();
  if (outcome >= outcomes.length) throw new DecodeError('unknown outcome of an attempt');
  return {
    attempt,
    proposer,
    actions,
    assignedAtHeight,
    outcome: outcomes[outcome],
    revertCode: reader.boolean() ? readRevertCode(reader) : undefined,
  };
}

function writeOptionalHeight(writer: Writer, height: Height | undefined): void {
  writer.boolean(height !== undefined);
  if (height !== undefined) writer.u64(height);
}

function readOptionalHeight(reader: Reader): Height | undefined {
  return reader.boolean() ? reader.u64() : undefined;
}

function writeIndex(writer: Writer, index: ValidatorIndex): void {
  writer.u16(index);
}

function readIndex(reader: Reader): ValidatorIndex {
  return reader.u16();
}

function writeMiss(writer: Writer, missed: boolean): void {
  writer.boolean(missed);
}

function readMiss(reader: Reader): boolean {
  return reader.boolean();
}
