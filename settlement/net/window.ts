/**
 * The open window: what executed blocks moved, until its last block seals a net batch or finds nothing to seal
 * (docs/protocol.md, windows and net batches). A block without flows in mid-window writes nothing.
 */
import { accept, assert, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Height, TimeMs } from '../../consensus/primitives/flavor.ts';
import type { State } from '../state.ts';
import { adaptBatchSize } from './batchSizePolicy.ts';
import type { NetCode } from './codes.ts';
import { LIQUIDATIONS_MAX, netBatchCommitment } from './commitment.ts';
import type { CrossChainAction } from './crossChain.ts';
import { beginAttempt, drawHolder } from './duties.ts';
import { addFees, addGross, isEmptyFlows, netOf } from './flows.ts';
import { netCounters, openWindow, pendingBatchCount, pendingRows } from './netState.ts';
import { noOutcome, OutcomeRecord } from './outcome.ts';
import { planActions } from './planner.ts';
import type { NetBatchContent, SettlementBlock } from './settlement.ts';
import { type BatchRow, batchKey, batchTable, countersTable, SINGLE_ROW_KEY, windowTable } from './tables.ts';
import type { BlockFlows, NetOutcome, NetRules, OpenWindow, SealedBatch, WindowEnd } from './types.ts';

/** What a plan and a policy need of the settlement-chain block that is a header's origin. */
export type OriginFacts = Pick<SettlementBlock, 'timestampMs' | 'baseFee' | 'reserves'>;

/** The executed block: what its header says that windows depend on. */
export interface ClosingBlock {
  readonly height: Height;
  readonly timestampMs: TimeMs;
  /** Of the block's settlement origin: attempt 1 starts there. */
  readonly origin: OriginFacts;
}

/** What closing a window gives; `sealed` is undefined when it stays open or had nothing to seal. */
export interface WindowOutcome extends NetOutcome {
  readonly sealed: SealedBatch | undefined;
}

/** Longest window an operator may ask for, in blocks: over two days of 2 s blocks, and a row's counter stays small. */
export const BATCH_SIZE_LIMIT = 100_000;

const staysOpen: WindowOutcome = { ...noOutcome, sealed: undefined };

/** Last height of a window that no emergency seal cuts short. */
export function lastHeightOf(window: OpenWindow): Height {
  return window.windowFromHeight + window.batchSize - 1;
}

/**
 * Adds what one executed block moved. Call it before `closeWindow` of the same height.
 * @param flows - Ascending by asset, no zero amounts.
 */
export function accumulateFlows(state: State, flows: BlockFlows, height: Height): void {
  if (isEmptyFlows(flows)) return;
  const window = openWindow(state);
  assertInWindow(window, height);
  const { borrowed, repaid } = addGross(window, flows);
  state.set(windowTable, SINGLE_ROW_KEY, {
    index: window.index,
    fromHeight: window.fromHeight,
    windowFromHeight: window.windowFromHeight,
    batchSize: window.batchSize,
    borrowed,
    repaid,
    fees: addFees(window.fees, flows.fees),
    // A report that stops there beats a halt.
    liquidations: Math.min(window.liquidations + flows.liquidations, LIQUIDATIONS_MAX),
  });
}

/**
 * Closes the window when `at.height` is its last block or `forced` says so; call it once for every executed
 * block, after everything else of it.
 *
 * A window whose net is zero for every asset, and for which no cross-chain action waits, seals nothing: its flows stay, `fromHeight` stays, and another N
 * blocks follow, so ranges on the settlement chain remain contiguous. N of the next window is the size in force,
 * after an adaptive policy had its say.
 * @param options.forced - An emergency settlement was ordered in this block.
 * @param options.crossChain - Asked, when the window ends, for the cross-chain actions that wait, at most
 *   `CROSS_CHAIN_ACTIONS_MAX`.
 */
export function closeWindow(
  state: State,
  rules: NetRules,
  at: ClosingBlock,
  options: { readonly forced: boolean; readonly crossChain?: () => readonly CrossChainAction[] },
): WindowOutcome {
  const window = openWindow(state);
  assertInWindow(window, at.height);
  if (at.height !== lastHeightOf(window) && !options.forced) return staysOpen;

  const net = netOf(window.borrowed, window.repaid);
  const crossChain = options.crossChain?.() ?? [];
  const empty = net.length === 0 && crossChain.length === 0;
  const counters = netCounters(state);
  const record = new OutcomeRecord();
  record.facts.push({
    type: 'window_closed',
    index: window.index,
    fromHeight: window.windowFromHeight,
    toHeight: at.height,
    empty,
    batch: empty ? undefined : counters.nextSeq,
  });
  if (empty) {
    const end = windowEnd(at, pendingBatchCount(state), undefined);
    const batchSize = adaptBatchSize(counters.batchSize, end, rules);
    if (batchSize !== counters.batchSize)
      state.set(countersTable, SINGLE_ROW_KEY, { ...counters, batchSize });
    state.set(windowTable, SINGLE_ROW_KEY, {
      ...window,
      index: window.index + 1,
      windowFromHeight: at.height + 1,
      batchSize,
    });
    return { facts: record.facts, payments: record.payments, sealed: undefined };
  }
  const content: NetBatchContent = {
    seq: counters.nextSeq,
    fromHeight: window.fromHeight,
    toHeight: at.height,
    net,
    fees: window.fees,
    liquidations: window.liquidations,
    crossChain: crossChain.length === 0 ? undefined : crossChain,
  };
  const sealed = sealBatch(state, rules, { window, content, at }, record);
  return { facts: record.facts, payments: record.payments, sealed };
}

/** Freezes the batch, gives it a holder and a plan, and opens the next window. */
function sealBatch(
  state: State,
  rules: NetRules,
  seal: { readonly window: OpenWindow; readonly content: NetBatchContent; readonly at: ClosingBlock },
  record: OutcomeRecord,
): SealedBatch {
  const { window, content, at } = seal;
  const counters = netCounters(state);
  if (content.fromHeight !== counters.lastSealedToHeight + 1)
    assert(false, `gap before batch ${content.seq}`);
  const pending = pendingRows(state, counters);
  const proposer = drawHolder(state, []);
  const actions = planActions(
    content.net,
    rules,
    at.origin.reserves,
    pending.map(({ net }) => net),
  );
  // Field by field: a spread of the content with as many fields behind it takes ten times the memory.
  const row: BatchRow = {
    seq: content.seq,
    fromHeight: content.fromHeight,
    toHeight: content.toHeight,
    net: content.net,
    fees: content.fees,
    liquidations: content.liquidations,
    crossChain: content.crossChain,
    borrowed: window.borrowed,
    repaid: window.repaid,
    commitment: netBatchCommitment(content),
    attempts: [beginAttempt(1, proposer, actions, content.toHeight)],
    clockCount: 0,
    clockStartHeight: pending.length === 0 ? content.toHeight + 1 : undefined,
    heldSlash: 0n,
    missedBy: [],
    dutyReverts: 0,
  };
  state.set(batchTable, batchKey(row.seq), row);
  const batchSize = adaptBatchSize(counters.batchSize, windowEnd(at, pending.length, row), rules);
  state.set(countersTable, SINGLE_ROW_KEY, {
    ...counters,
    nextSeq: row.seq + 1,
    lastSealedToHeight: row.toHeight,
    batchSize,
  });
  state.set(windowTable, SINGLE_ROW_KEY, {
    index: window.index + 1,
    fromHeight: row.toHeight + 1,
    windowFromHeight: row.toHeight + 1,
    batchSize,
    borrowed: [],
    repaid: [],
    fees: [],
    liquidations: 0,
  });
  record.facts.push({ type: 'batch_sealed', batch: row });
  record.facts.push({ type: 'batch_assigned', seq: row.seq, proposer, attempt: 1 });
  return row;
}

function windowEnd(
  { timestampMs, origin }: ClosingBlock,
  pendingCount: number,
  batch: NetBatchContent | undefined,
): WindowEnd {
  return {
    timestampMs,
    originTimestampMs: origin.timestampMs,
    baseFee: origin.baseFee,
    pendingCount,
    sealed: batch && { blockCount: batch.toHeight - batch.fromHeight + 1, net: batch.net },
  };
}

/**
 * Sets the size in force: the next window gets it, the current one keeps its own. The bounds of the adaptive
 * policy do not bind an operator; a policy that is on brings N back.
 * @returns The size, or `BATCH_SIZE_OUT_OF_RANGE`.
 */
export function setBatchSize(state: State, batchSize: number): Verdict<number, NetCode> {
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > BATCH_SIZE_LIMIT) {
    return refuse('BATCH_SIZE_OUT_OF_RANGE', `batch size ${batchSize} is not from 1 to ${BATCH_SIZE_LIMIT}`);
  }
  const counters = netCounters(state);
  if (counters.batchSize !== batchSize) state.set(countersTable, SINGLE_ROW_KEY, { ...counters, batchSize });
  return accept(batchSize);
}

function assertInWindow(window: OpenWindow, height: Height): void {
  const last = lastHeightOf(window);
  if (height < window.windowFromHeight || height > last)
    assert(false, `height ${height} lies outside the window ${window.windowFromHeight}-${last}`);
}
