/**
 * Deriving settlement from the blocks a header brings into view: confirmations, reverts, and the one running
 * duty clock. A pure function of state, header height and those blocks, so every node judges alike
 * (docs/protocol.md, origin and derivation, proposer duty). No local time, no mempool, no hint enters.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Height, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { State } from '../state.ts';
import { beginAttempt, drawHolder, endAttempt, recordDutyDone, recordDutyMissed } from './duties.ts';
import { equalAmounts } from './flows.ts';
import { batchRow, lastAttempt, netCounters } from './netState.ts';
import { noOutcome, OutcomeRecord } from './outcome.ts';
import { isBelowPlan, planActions } from './planner.ts';
import type { PoolReserves, RevertCode, SettlementBlock, SettlementEvent } from './settlement.ts';
import { slashMissed } from './slashing.ts';
import { type BatchRow, batchKey, batchTable, countersTable, SINGLE_ROW_KEY } from './tables.ts';
import type { NetOutcome, NetRules } from './types.ts';

type Settled = Extract<SettlementEvent, { type: 'batch_settled' }>;
type Reverted = Extract<SettlementEvent, { type: 'batch_reverted' }>;

/** Reverts that are nobody's fault among the validators: they restart the clock. */
const chainFaultCodes: ReadonlySet<RevertCode> = new Set([
  'SLIPPAGE_EXCEEDED',
  'INSUFFICIENT_LIQUIDITY',
  'TRANSFER_TIMEOUT',
]);

/** True for reverts that no holder could have avoided: the clock restarts, and nobody is slashed for them. */
export function isChainFault(code: RevertCode): boolean {
  return chainFaultCodes.has(code);
}

/** What every step of one header's derivation works with. */
interface Derivation {
  readonly state: State;
  readonly rules: NetRules;
  readonly height: Height;
  /** Pools at the header's origin: where attempts that begin now are planned. */
  readonly reserves: readonly PoolReserves[];
  readonly record: OutcomeRecord;
}

/**
 * Applies everything a header's settlement blocks say, then judges the clock once. Call it once for each executed
 * header, before its transactions; an empty range changes nothing, because the height at which a clock starts is
 * fixed by the header that made it start.
 * @param header.blocks - The settlement-chain blocks in (parent's origin, origin], ascending; often none.
 */
export function deriveSettlement(
  state: State,
  rules: NetRules,
  header: { readonly height: Height; readonly blocks: readonly SettlementBlock[] },
): NetOutcome {
  const origin = header.blocks.at(-1);
  if (origin === undefined) return noOutcome;
  const record = new OutcomeRecord();
  const derivation: Derivation = { state, rules, height: header.height, reserves: origin.reserves, record };
  for (const block of header.blocks) {
    for (const event of block.events) {
      if (event.type === 'batch_settled') confirmBatch(derivation, block, event);
      else if (event.type === 'batch_reverted') revertBatch(derivation, block, event);
    }
  }
  if (header.blocks.some((block) => isCounting(block, rules))) advanceClock(derivation);
  return record.facts.length === 0 ? noOutcome : record;
}

/** True for a block that had room for a settlement at a bearable price: its header moves the clock. */
export function isCounting(
  block: Pick<SettlementBlock, 'gasUsed' | 'gasLimit' | 'baseFee'>,
  rules: Pick<NetRules, 'settlementGasReserve' | 'feeCap'>,
): boolean {
  return block.gasUsed + rules.settlementGasReserve <= block.gasLimit && block.baseFee <= rules.feeCap;
}

/**
 * Ends a batch. The contract settles in order and only what a finalised header committed to, so anything else
 * than the oldest batch with its own content is a broken assumption.
 */
function confirmBatch(derivation: Derivation, block: SettlementBlock, event: Settled): void {
  const { state, rules, height, record } = derivation;
  const counters = netCounters(state);
  if (event.seq !== counters.lastConfirmedSeq + 1) assert(false, `batch ${event.seq} settled out of turn`);
  if (event.seq >= counters.nextSeq) assert(false, `batch ${event.seq} settled before it was sealed`);
  const row = batchRow(state, event.seq);
  const isSame =
    row.fromHeight === event.fromHeight &&
    row.toHeight === event.toHeight &&
    equalAmounts(row.net, event.net);
  if (!isSame) assert(false, `batch ${event.seq} settled with another content`);
  const holder = lastAttempt(row).proposer;
  const settler = event.proposer;
  // A late transaction of an earlier attempt by the same holder is still the holder's settlement.
  const outcome = settler === holder ? 'confirmed' : 'superseded';
  const batch: BatchRow = {
    ...row,
    attempts: endAttempt(row.attempts, { outcome, revertCode: undefined }),
  };
  record.facts.push({
    type: 'batch_confirmed',
    batch,
    settlementHeight: block.height,
    includedAtMs: block.timestampMs,
    settler,
    attempt: event.attempt,
    transactionHash: event.transactionHash,
    amountsIn: event.amountsIn,
    gasUsed: event.gasUsed,
    fee: event.fee,
  });
  recordDutyDone(state, rules, holder);
  const earned = settler === holder && !row.missedBy.includes(settler);
  record.pay({ to: earned ? settler : 'treasury', amount: row.heldSlash });
  state.set(batchTable, batchKey(event.seq), undefined);
  state.set(countersTable, SINGLE_ROW_KEY, {
    ...counters,
    lastConfirmedSeq: event.seq,
    lastConfirmedAtHeight: height,
  });
  if (event.seq + 1 < counters.nextSeq) {
    const next = batchRow(state, event.seq + 1);
    if (next.clockStartHeight !== undefined) assert(false, `clock of batch ${next.seq} ran out of turn`);
    writeBatch(state, { ...next, clockStartHeight: height });
  }
}

/**
 * Records a revert and, when it is the running attempt's, ends that attempt.
 *
 * An attempt that this very header began cannot have been acted on, so a revert that names it was sent in
 * anticipation and does not count; thereby one header ends at most one attempt of a batch by revert. Nor does the
 * revert of a batch whose turn has not come, which only a chain without the ordered mempool can report.
 */
function revertBatch(derivation: Derivation, block: SettlementBlock, event: Reverted): void {
  const { state, height, record } = derivation;
  const row = state.get(batchTable, batchKey(event.seq));
  const running = row === undefined ? undefined : lastAttempt(row);
  const counted =
    running !== undefined &&
    running.proposer === event.proposer &&
    running.attempt === event.attempt &&
    running.assignedAtHeight < height &&
    row?.clockStartHeight !== undefined;
  const lowQuote =
    counted && event.code === 'SLIPPAGE_EXCEEDED' && isBelowPlan(event.actions, running.actions);
  const code: RevertCode = lowQuote ? 'BAD_QUOTE' : event.code;
  record.facts.push({
    type: 'batch_reverted',
    seq: event.seq,
    proposer: event.proposer,
    attempt: event.attempt,
    code,
    settlementHeight: block.height,
    transactionHash: event.transactionHash,
    fee: event.fee,
    counted,
  });
  if (counted && row !== undefined) countRevert(derivation, row, code);
}

/** The same holder tries again, or, after too many reverts, the duty passes on. */
function countRevert(derivation: Derivation, row: BatchRow, code: RevertCode): void {
  const { state, rules, height } = derivation;
  const holder = lastAttempt(row).proposer;
  const chainFault = isChainFault(code);
  const dutyReverts = row.dutyReverts + 1;
  if (dutyReverts < rules.maxAttempts) {
    const clock = chainFault ? { clockCount: 0, clockStartHeight: height } : {};
    writeBatch(state, {
      ...row,
      ...clock,
      attempts: nextAttempt(derivation, row, holder, { outcome: 'reverted', revertCode: code }),
      dutyReverts,
    });
  } else if (chainFault) {
    recordDutyDone(state, rules, holder);
    reassign(derivation, row, [...row.missedBy, holder], { outcome: 'reverted', revertCode: code });
  } else {
    missDuty(derivation, row, code);
  }
}

/** Adds this header to the oldest batch's clock, and judges it. */
function advanceClock(derivation: Derivation): void {
  const { state, rules, height } = derivation;
  const counters = netCounters(state);
  const seq = counters.lastConfirmedSeq + 1;
  if (seq >= counters.nextSeq) return;
  const row = batchRow(state, seq);
  if (row.clockStartHeight === undefined) assert(false, `the oldest batch ${seq} has no clock`);
  if (height <= row.clockStartHeight) return;
  const clockCount = row.clockCount + 1;
  if (clockCount > rules.submissionDeadlineBlocks) missDuty(derivation, { ...row, clockCount }, undefined);
  else writeBatch(state, { ...row, clockCount });
}

/** In this order: slash, jail test, draw of the next holder. */
function missDuty(derivation: Derivation, row: BatchRow, revertCode: RevertCode | undefined): void {
  const { state, rules, height, record } = derivation;
  const { proposer: holder, attempt } = lastAttempt(row);
  record.facts.push({
    type: 'batch_missed',
    seq: row.seq,
    proposer: holder,
    attempt,
    clockCount: row.clockCount,
  });
  const held = slashMissed(state, rules, { holder, batch: row.seq, attempt }, record);
  recordDutyMissed(state, rules, { holder, height }, record);
  const missedBy = row.missedBy.includes(holder) ? row.missedBy : [...row.missedBy, holder];
  const missed: BatchRow = { ...row, missedBy, heldSlash: row.heldSlash + held };
  reassign(derivation, missed, missedBy, { outcome: 'missed', revertCode });
}

/** Ends the running attempt and gives the duty to the next holder, with a clock that starts at this header. */
function reassign(
  derivation: Derivation,
  row: BatchRow,
  avoided: readonly ValidatorIndex[],
  end: { readonly outcome: 'missed' | 'reverted'; readonly revertCode: RevertCode | undefined },
): void {
  const { state, height, record } = derivation;
  const proposer = drawHolder(state, avoided);
  const attempts = nextAttempt(derivation, row, proposer, end);
  writeBatch(state, { ...row, attempts, clockCount: 0, clockStartHeight: height, dutyReverts: 0 });
  record.facts.push({
    type: 'batch_assigned',
    seq: row.seq,
    proposer,
    attempt: lastAttempt(row).attempt + 1,
  });
}

/** The running attempt ended, and the next begun with a fresh plan: nothing earlier is unsettled. */
function nextAttempt(
  { rules, height, reserves }: Derivation,
  row: BatchRow,
  proposer: ValidatorIndex,
  end: { readonly outcome: 'missed' | 'reverted'; readonly revertCode: RevertCode | undefined },
): BatchRow['attempts'] {
  const actions = planActions(row.net, rules, reserves, []);
  return endAttempt(row.attempts, end, beginAttempt(lastAttempt(row).attempt + 1, proposer, actions, height));
}

function writeBatch(state: State, row: BatchRow): void {
  state.set(batchTable, batchKey(row.seq), row);
}
