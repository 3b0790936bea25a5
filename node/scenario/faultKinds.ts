/** The faults a scenario can name: their keys, what their values may be, and which are over in the instant they happen. */
import type { Fault } from './types.ts';

export const byzantineKeys = [
  'withhold_settlement',
  'withhold_votes',
  'withhold_gossip',
  'equivocate',
  'forge_completion',
  'lie_about_net',
  'garbage',
  'twin',
] as const;

/** Keys of an event, in the order in which messages and documents list them. */
export const faultKeys = [
  'partition',
  'one_way',
  'isolate',
  'latency',
  'loss',
  'duplicate',
  'reorder',
  'bandwidth',
  'crash',
  'restart',
  'pause',
  'clock_skew',
  'clock_step',
  'disk',
  ...byzantineKeys,
  'settlement_chain',
] as const;
export type FaultKey = (typeof faultKeys)[number];

export const chainSwitchKeys = ['stall', 'full', 'transfer_timeout'] as const;
export const chainProbabilityKeys = [
  'lose_receipts',
  'rpc_errors',
  'rpc_timeouts',
  'duplicate_delivery',
] as const;

/** Keys of `settlement_chain`. */
export const chainFaultKeys = [
  'stall',
  'full',
  'slow',
  'censor',
  'reorg',
  ...chainProbabilityKeys,
  'slippage',
  'base_fee',
  'transfer_timeout',
] as const;
export type ChainFaultKey = (typeof chainFaultKeys)[number];

export const crashLosses = ['none', 'unsynced', 'all'] as const;
export const diskFaults = ['lost', 'torn', 'corrupt'] as const;

/** Jitter of a `latency` that names none, in ms: that of the default network. */
export const LATENCY_JITTER_MS_DEFAULT = 10;

/** What a value may be at least and at most. */
export const faultBounds = {
  /** Delays of links and their jitter, in ms: an hour. */
  delayMs: { min: 0, max: 3_600_000 },
  /** How far a clock is off, either way, in ms: a day. */
  clockMs: { min: -86_400_000, max: 86_400_000 },
  probability: { min: 0, max: 1 },
  /** Megabits per second: from a kilobit to a terabit. */
  bandwidthMbps: { min: 0.001, max: 1_000_000 },
  /** How many times longer a settlement block takes. */
  slowFactor: { min: 1, max: 1000 },
  /** Settlement blocks replaced: no more than the simulation keeps of them. */
  reorgDepth: { min: 1, max: 1000 },
  /** How far a swap's price moves, in basis points; at 10000 nothing would be left to buy. */
  slippageBps: { min: 1, max: 9999 },
  baseFeeFactor: { min: 0.001, max: 1_000_000 },
} as const;

/** Deepest reorganisation of a settlement chain in real time, in blocks; each costs it a copy of what a block changed. */
export const realReorgDepthMax = 64;

/** True of a fault that is over in the instant it happens: there is nothing to heal. */
export function isInstant(fault: Fault): boolean {
  switch (fault.type) {
    case 'restart':
    case 'clock_step':
      return true;
    case 'settlement_chain':
      return fault.kind === 'reorg';
    default:
      return false;
  }
}
