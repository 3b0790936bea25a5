/** Anchors: when an event starts or a limit begins to count. */
import type { Config } from '../config/types.ts';
import { type Place, type Reader, scalarOf, showDuration } from './reader.ts';
import type { Anchor } from './types.ts';

const anchorKeys = ['block', 'time', 'settlement_block', 'batch', 'state'] as const;
export const anchorStates = ['sealed', 'included', 'confirmed', 'missed'] as const;
/** Highest block an anchor names, so that times computed from it stay safe integers. */
const ANCHOR_HEIGHT_MAX = 1_000_000_000;
const ANCHOR_EXPECTED =
  '{ block: h }, { time: 12s }, { settlement_block: k } or { batch: seq, state: sealed }';

/** Reads one anchor: exactly one of its four forms. */
export function readAnchor(reader: Reader, place: Place | undefined): Anchor | undefined {
  if (place === undefined) return undefined;
  const map = reader.map(place, anchorKeys, ANCHOR_EXPECTED);
  if (map === undefined) return undefined;
  const forms = (['block', 'time', 'settlement_block', 'batch'] as const).filter((key) =>
    map.value.entries.has(key),
  );
  const form = forms[0];
  if (form === undefined || forms.length > 1 || (form !== 'batch' && map.value.entries.has('state'))) {
    const got = [...map.value.entries.keys()].join(', ') || 'nothing';
    return reader.report(
      place.value.at,
      place.path,
      'SCENARIO_KEYS_CONFLICT',
      `expected one of ${ANCHOR_EXPECTED}, got ${got}`,
    );
  }
  const value = reader.get(map, form);
  switch (form) {
    case 'block': {
      const block = reader.integer(value, 1, ANCHOR_HEIGHT_MAX, 'SCENARIO_BLOCK_INVALID');
      return block === undefined ? undefined : { block };
    }
    case 'time': {
      const timeMs = reader.duration(value);
      return timeMs === undefined ? undefined : { timeMs };
    }
    case 'settlement_block': {
      const settlementBlock = reader.integer(value, 0, ANCHOR_HEIGHT_MAX, 'SCENARIO_BLOCK_INVALID');
      return settlementBlock === undefined ? undefined : { settlementBlock };
    }
    case 'batch': {
      const batch = reader.integer(value, 1, ANCHOR_HEIGHT_MAX);
      const state = reader.choice(
        reader.require(map, 'state', `one of ${anchorStates.join(', ')}`),
        anchorStates,
      );
      return batch === undefined || state === undefined ? undefined : { batch, state };
    }
  }
}

/** An anchor in words: `block 5`, `12 s`, `settlement block 3`, `batch 2 is sealed`. */
export function describeAnchor(anchor: Anchor): string {
  if ('block' in anchor) return `block ${anchor.block}`;
  if ('timeMs' in anchor) return showDuration(anchor.timeMs);
  if ('settlementBlock' in anchor) return `settlement block ${anchor.settlementBlock}`;
  return `batch ${anchor.batch} is ${anchor.state}`;
}

/** What the times of a run without faults follow from. */
export interface Timing {
  readonly blockTimeMs: number;
  readonly batchSize: number;
  readonly settlementBlockTimeMs: number;
  readonly phaseMs: number;
}

export function timingOf({ chain, settlement, settlementChain }: Config): Timing {
  return {
    blockTimeMs: chain.blockTimeMs,
    batchSize: settlement.batchSize,
    settlementBlockTimeMs: settlementChain.blockTimeMs,
    phaseMs: settlementChain.phaseMs,
  };
}

/**
 * When an anchor comes to pass in a run without faults, in ms after genesis: exact for blocks and times, a guess
 * from constant windows for batches.
 */
export function faultFreeTimeMs(anchor: Anchor, timing: Timing): number {
  if ('block' in anchor) return (anchor.block - 1) * timing.blockTimeMs;
  if ('timeMs' in anchor) return anchor.timeMs;
  if ('settlementBlock' in anchor)
    return timing.phaseMs + anchor.settlementBlock * timing.settlementBlockTimeMs;
  const sealedMs = (anchor.batch * timing.batchSize - 1) * timing.blockTimeMs;
  return anchor.state === 'sealed' ? sealedMs : sealedMs + 2 * timing.settlementBlockTimeMs;
}

/** True when the value is the scalar `true`; a switch that can only be on. */
export function isTrue(place: Place): boolean {
  return scalarOf(place) === true;
}
