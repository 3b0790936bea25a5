/**
 * Reading and starting net accounting: what a node, the planner and duty law look up in replicated state.
 * Writes nothing but the genesis rows.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Amount, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';
import type { State } from '../state.ts';
import { addNet, netOf } from './flows.ts';
import type { NetAmount } from './settlement.ts';
import {
  type BatchRow,
  batchKey,
  batchTable,
  countersTable,
  JAIL_WINDOW_MAX,
  type NetCounters,
  SINGLE_ROW_KEY,
  standingKey,
  standingTable,
  windowTable,
} from './tables.ts';
import type { Attempt, DutyStanding, NetRules, OpenWindow, SealedBatch } from './types.ts';

/**
 * Writes the rows of height 0: the first window, from height 1, and every validator's standing.
 * @param stakes - Bonded stake by validator in the stake asset's smallest unit; the genesis power where not given.
 */
export function writeGenesisNet(
  state: State,
  rules: NetRules,
  validators: ValidatorSet,
  stakes: readonly Amount[] = validators.validators.map(({ power }) => BigInt(power)),
): void {
  assertNetRules(rules);
  assert(stakes.length === validators.count, 'one stake for each validator');
  state.set(windowTable, SINGLE_ROW_KEY, {
    index: 0,
    fromHeight: 1,
    windowFromHeight: 1,
    batchSize: rules.batchSize,
    borrowed: [],
    repaid: [],
    fees: [],
    liquidations: 0,
  });
  state.set(countersTable, SINGLE_ROW_KEY, {
    validatorCount: validators.count,
    nextSeq: 1,
    lastConfirmedSeq: 0,
    lastConfirmedAtHeight: 0,
    lastSealedToHeight: 0,
    batchSize: rules.batchSize,
  });
  for (const [index, stake] of stakes.entries()) {
    state.set(standingTable, standingKey(index), {
      index,
      stake,
      priority: 0n,
      jailedUntilHeight: undefined,
      tombstoned: false,
      recentDuties: [],
    });
  }
}

/** The configuration was checked long before; a rule out of range here is a bug. */
function assertNetRules(rules: NetRules): void {
  assert(Number.isSafeInteger(rules.batchSize) && rules.batchSize >= 1, 'batchSize below 1');
  assert(rules.batchSizeMin >= 1 && rules.batchSizeMin <= rules.batchSizeMax, 'batch size bounds crossed');
  assert(rules.jailWindow >= 1 && rules.jailWindow <= JAIL_WINDOW_MAX, 'jailWindow out of range');
  assert(
    rules.jailAfterMisses >= 1 && rules.jailAfterMisses <= rules.jailWindow,
    'jailAfterMisses unreachable',
  );
  assert(rules.submissionDeadlineBlocks >= 0, 'submissionDeadlineBlocks negative');
  assert(rules.maxAttempts >= 1, 'maxAttempts below 1');
  assert(rules.missedSlashBps >= 0 && rules.missedSlashBps <= 10_000, 'missedSlashBps out of range');
  assert(
    rules.equivocationSlashBps >= 0 && rules.equivocationSlashBps <= 10_000,
    'equivocationSlashBps out of range',
  );
}

export function netCounters(state: State): NetCounters {
  const counters = state.get(countersTable, SINGLE_ROW_KEY);
  assert(counters !== undefined, 'net accounting has no genesis rows');
  return counters;
}

export function openWindow(state: State): OpenWindow {
  const window = state.get(windowTable, SINGLE_ROW_KEY);
  assert(window !== undefined, 'net accounting has no genesis rows');
  return window;
}

/** A batch that is sealed and not settled, or undefined for any other number. */
export function pendingBatch(state: State, seq: number): SealedBatch | undefined {
  return state.get(batchTable, batchKey(seq));
}

/** Sealed and not settled, oldest first. */
export function pendingBatches(state: State): readonly SealedBatch[] {
  return pendingRows(state, netCounters(state));
}

export function pendingRows(state: State, counters: NetCounters): BatchRow[] {
  const rows: BatchRow[] = [];
  for (let seq = counters.lastConfirmedSeq + 1; seq < counters.nextSeq; seq += 1) {
    rows.push(batchRow(state, seq));
  }
  return rows;
}

/** The row of a batch known to be pending. */
export function batchRow(state: State, seq: number): BatchRow {
  const row = state.get(batchTable, batchKey(seq));
  if (row === undefined) assert(false, `batch ${seq} is pending and has no row`);
  return row;
}

/** Without reading the batches. */
export function pendingBatchCount(state: State): number {
  const { nextSeq, lastConfirmedSeq } = netCounters(state);
  return nextSeq - 1 - lastConfirmedSeq;
}

/** The only batch whose clock can run; undefined when all are settled. */
export function oldestPendingBatch(state: State): SealedBatch | undefined {
  const { nextSeq, lastConfirmedSeq } = netCounters(state);
  return lastConfirmedSeq + 1 < nextSeq ? batchRow(state, lastConfirmedSeq + 1) : undefined;
}

/** Who must settle a pending batch, with which actions; undefined when `seq` is not pending. */
export function currentDuty(state: State, seq: number): Attempt | undefined {
  const batch = pendingBatch(state, seq);
  return batch === undefined ? undefined : lastAttempt(batch);
}

/** The running attempt of a pending batch, the last one of a settled one. */
export function lastAttempt(batch: SealedBatch): Attempt {
  const attempt = batch.attempts.at(-1);
  if (attempt === undefined) assert(false, `batch ${batch.seq} has no attempt`);
  return attempt;
}

/**
 * True once half the holder's deadline has passed: with `open_rescue`, from then on any honest node settles
 * (docs/protocol.md, proposer duty).
 */
export function isRescueOpen(
  batch: Pick<SealedBatch, 'clockCount' | 'clockStartHeight'>,
  rules: Pick<NetRules, 'submissionDeadlineBlocks'>,
): boolean {
  return batch.clockStartHeight !== undefined && 2 * batch.clockCount >= rules.submissionDeadlineBlocks;
}

export function standingOf(state: State, index: ValidatorIndex): DutyStanding {
  const standing = state.get(standingTable, standingKey(index));
  if (standing === undefined) assert(false, `validator ${index} has no standing`);
  return standing;
}

/** All validators, by index. */
export function standings(state: State): readonly DutyStanding[] {
  const { validatorCount } = netCounters(state);
  const all: DutyStanding[] = [];
  for (let index = 0; index < validatorCount; index += 1) all.push(standingOf(state, index));
  return all;
}

/** Bonded stake of all validators plus the halves of slashes held for settlers: one term of the ledger law. */
export function bondedAndHeld(state: State): { readonly bonded: Amount; readonly held: Amount } {
  let bonded = 0n;
  let held = 0n;
  for (const { stake } of standings(state)) bonded += stake;
  for (const { heldSlash } of pendingBatches(state)) held += heldSlash;
  return { bonded, held };
}

/** Sealed and unsettled plus the open window, per asset: what the settlement chain still owes or is owed. */
export function unsettledNet(state: State): readonly NetAmount[] {
  const window = openWindow(state);
  let net: readonly NetAmount[] = netOf(window.borrowed, window.repaid);
  for (const batch of pendingBatches(state)) net = addNet(net, batch.net);
  return net;
}
