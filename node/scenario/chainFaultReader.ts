/** Reads `settlement_chain`: the faults of the settlement chain and of the way to it. */
import { isTrue } from './anchors.ts';
import type { ScenarioContext } from './context.ts';
import {
  type ChainFaultKey,
  chainFaultKeys,
  chainProbabilityKeys,
  chainSwitchKeys,
  faultBounds,
} from './faultKinds.ts';
import { readNode } from './nodesReader.ts';
import type { Place } from './reader.ts';
import type { SettlementChainFault } from './types.ts';

type ReadChainFault = (context: ScenarioContext, place: Place) => SettlementChainFault | undefined;

const type = 'settlement_chain';

const readers: Readonly<Record<ChainFaultKey, ReadChainFault>> = {
  ...(Object.fromEntries(
    chainSwitchKeys.map((kind) => [
      kind,
      ({ reader }: ScenarioContext, place: Place) =>
        isTrue(place) ? { type, kind } : reader.expected(place, 'true'),
    ]),
  ) as Record<(typeof chainSwitchKeys)[number], ReadChainFault>),
  ...(Object.fromEntries(
    chainProbabilityKeys.map((kind) => [
      kind,
      ({ reader }: ScenarioContext, place: Place) => {
        const probability = reader.number(place, faultBounds.probability.min, faultBounds.probability.max);
        return probability === undefined ? undefined : { type, kind, probability };
      },
    ]),
  ) as Record<(typeof chainProbabilityKeys)[number], ReadChainFault>),
  slow: (context, place) => {
    const factor = readFactor(context, place, faultBounds.slowFactor);
    return factor === undefined ? undefined : { type, kind: 'slow', factor };
  },
  base_fee: (context, place) => {
    const factor = readFactor(context, place, faultBounds.baseFeeFactor);
    return factor === undefined ? undefined : { type, kind: 'base_fee', factor };
  },
  censor: (context, place) => {
    const node = readNode(context, place);
    return node === undefined ? undefined : { type, kind: 'censor', node };
  },
  reorg: ({ reader }, place) => {
    const map = reader.map(place, ['depth'], 'a map such as { depth: 2 }');
    const { min, max } = faultBounds.reorgDepth;
    const depth = reader.integer(map && reader.require(map, 'depth', 'a count of blocks'), min, max);
    return depth === undefined ? undefined : { type, kind: 'reorg', depth };
  },
  slippage: (context, place) => {
    const { reader } = context;
    const map = reader.map(place, ['asset', 'bps'], 'a map such as { asset: UM, bps: 900 }');
    if (map === undefined) return undefined;
    const { min, max } = faultBounds.slippageBps;
    const asset = context.symbol(reader.require(map, 'asset', 'an asset'));
    const bps = reader.integer(reader.require(map, 'bps', 'basis points'), min, max);
    return asset === undefined || bps === undefined ? undefined : { type, kind: 'slippage', asset, bps };
  },
};

/** Every fault named, in the order written. */
export function readChainFaults(context: ScenarioContext, place: Place): SettlementChainFault[] {
  const { reader } = context;
  const map = reader.map(place, chainFaultKeys, 'a map such as { stall: true }');
  if (map === undefined) return [];
  if (map.value.entries.size === 0) {
    reader.report(
      place.value.at,
      place.path,
      'SCENARIO_EVENT_EMPTY',
      `expected one of ${chainFaultKeys.join(', ')}, got nothing`,
    );
  }
  const faults: SettlementChainFault[] = [];
  for (const key of map.value.entries.keys()) {
    const inner = reader.get(map, key);
    const kind = chainFaultKeys.find((one) => one === key);
    const fault = inner && kind && readers[kind](context, inner);
    if (fault !== undefined) faults.push(fault);
  }
  return faults;
}

function readFactor(
  { reader }: ScenarioContext,
  place: Place,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const map = reader.map(place, ['factor'], 'a map such as { factor: 3 }');
  return reader.number(map && reader.require(map, 'factor', 'a factor'), min, max);
}
