/**
 * Actions on their way to the settlement chain: a queue in replicated state, of which each sealed batch takes the oldest few.
 * A transfer has at most one action in it, and few transfers are open, so it is short.
 */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { CROSS_CHAIN_ACTIONS_MAX, type CrossChainAction } from '../net/crossChain.ts';
import { addNet } from '../net/flows.ts';
import type { State } from '../state.ts';
import {
  CROSS_CHAIN_COUNTERS_KEY,
  crossChainCountersTable,
  queueKey,
  queueTable,
  transfersTable,
} from './tables.ts';
import type { CrossChainCounters, CrossChainTransfer } from './types.ts';

const noCounters: CrossChainCounters = { openCount: 0, firstPosition: 0, nextPosition: 0, bridged: [] };
const noActions: readonly CrossChainAction[] = Object.freeze([]);

/** The transfer of that id, or undefined: there never was one. */
export function transferOf(state: State, transferId: Hash): CrossChainTransfer | undefined {
  return state.get(transfersTable, transferId);
}

export function crossChainCounters(state: State): CrossChainCounters {
  return state.get(crossChainCountersTable, CROSS_CHAIN_COUNTERS_KEY) ?? noCounters;
}

export function countOpen(state: State, change: 1 | -1): void {
  const counters = crossChainCounters(state);
  state.set(crossChainCountersTable, CROSS_CHAIN_COUNTERS_KEY, {
    ...counters,
    openCount: counters.openCount + change,
  });
}

/** Books what came over the bridge; below zero, what left. */
export function countBridged(state: State, asset: string, amount: bigint): void {
  const counters = crossChainCounters(state);
  const bridged = addNet(counters.bridged, [{ asset, amount }]);
  state.set(crossChainCountersTable, CROSS_CHAIN_COUNTERS_KEY, { ...counters, bridged });
}

/** What came of an asset less what left; below zero when more left. */
export function bridgedOf(state: State, asset: string): bigint {
  return crossChainCounters(state).bridged.find((entry) => entry.asset === asset)?.amount ?? 0n;
}

/** Writes the transfer, with an action of it at the end of the queue. */
export function enqueue(state: State, transfer: CrossChainTransfer, action: CrossChainAction): void {
  const counters = crossChainCounters(state);
  const { nextPosition } = counters;
  state.set(queueTable, queueKey(nextPosition), action);
  state.set(crossChainCountersTable, CROSS_CHAIN_COUNTERS_KEY, {
    ...counters,
    nextPosition: nextPosition + 1,
  });
  state.set(transfersTable, transfer.transferId, { ...transfer, queuePosition: nextPosition });
}

/** Takes a transfer's action out of the queue. @returns The transfer without it; the caller writes it. */
export function dequeue(state: State, transfer: CrossChainTransfer): CrossChainTransfer {
  if (transfer.queuePosition === undefined) return transfer;
  state.set(queueTable, queueKey(transfer.queuePosition), undefined);
  return { ...transfer, queuePosition: undefined };
}

/** Takes the actions that the batch being sealed carries, oldest first. */
export function takeActions(state: State): readonly CrossChainAction[] {
  const counters = crossChainCounters(state);
  if (counters.firstPosition === counters.nextPosition) return noActions;
  const actions: CrossChainAction[] = [];
  let position = counters.firstPosition;
  for (; position < counters.nextPosition && actions.length < CROSS_CHAIN_ACTIONS_MAX; position += 1) {
    const action = state.get(queueTable, queueKey(position));
    if (action === undefined) continue;
    actions.push(action);
    const transfer = transferOf(state, action.transferId);
    if (transfer !== undefined) state.set(transfersTable, action.transferId, dequeue(state, transfer));
  }
  state.set(crossChainCountersTable, CROSS_CHAIN_COUNTERS_KEY, { ...counters, firstPosition: position });
  return actions;
}
