/** Reads the faults of an event, but those of the settlement chain (chainFaultReader.ts). */
import { readChainFaults } from './chainFaultReader.ts';
import type { ScenarioContext } from './context.ts';
import {
  byzantineKeys,
  crashLosses,
  diskFaults,
  type FaultKey,
  faultBounds,
  faultKeys,
  LATENCY_JITTER_MS_DEFAULT,
} from './faultKinds.ts';
import { NODE_EXPECTED, NODES_EXPECTED, readNode, readNodeOf, readNodes } from './nodesReader.ts';
import type { MapPlace, Place } from './reader.ts';
import type { ByzantineFault, Fault, LinkFault, NodeFault } from './types.ts';

/** Reads the value of one key; undefined when it has a problem, which is then reported. */
type ReadFault = (context: ScenarioContext, place: Place) => readonly Fault[] | Fault | undefined;

const readers: Readonly<Record<FaultKey, ReadFault>> = {
  partition: readPartition,
  one_way: readOneWay,
  isolate: (context, place) => {
    const node = readNode(context, place);
    return node === undefined ? undefined : { type: 'isolate', node };
  },
  latency: readLatency,
  loss: (context, place) => readChance(context, place, 'loss'),
  duplicate: (context, place) => readChance(context, place, 'duplicate'),
  reorder: (context, place) => readChance(context, place, 'reorder'),
  bandwidth: readBandwidth,
  crash: readCrash,
  restart: (context, place) => readMachineFault(context, place, 'restart'),
  pause: (context, place) => readMachineFault(context, place, 'pause'),
  clock_skew: (context, place) => readClockFault(context, place, 'clock_skew'),
  clock_step: (context, place) => readClockFault(context, place, 'clock_step'),
  disk: readDiskFault,
  ...(Object.fromEntries(
    byzantineKeys.map((type) => [
      type,
      (context: ScenarioContext, place: Place): ByzantineFault | undefined => {
        const node = readNodeOf(context, place);
        return node === undefined ? undefined : { type, node };
      },
    ]),
  ) as Record<(typeof byzantineKeys)[number], ReadFault>),
  settlement_chain: readChainFaults,
};

export function isFaultKey(key: string): key is FaultKey {
  return (faultKeys as readonly string[]).includes(key);
}

/** All faults of an event, in the order written. */
export function readFaults(context: ScenarioContext, map: MapPlace): Fault[] {
  const faults: Fault[] = [];
  for (const key of map.value.entries.keys()) {
    const place = context.reader.get(map, key);
    if (place === undefined || !isFaultKey(key)) continue;
    const read = readers[key](context, place);
    const found = read === undefined ? [] : 'type' in read ? [read] : read;
    for (const fault of found) context.faultPlaces.set(fault, place);
    faults.push(...found);
  }
  return faults;
}

/** True when some fault of the event lasts, so that `for` means something. */
export function hasLastingFault(map: MapPlace): boolean {
  return [...map.value.entries].some(([key, { value }]) => {
    if (!isFaultKey(key) || key === 'restart' || key === 'clock_step') return false;
    if (key !== 'settlement_chain' || value.kind !== 'map' || value.entries.size === 0) return true;
    return [...value.entries.keys()].some((kind) => kind !== 'reorg');
  });
}

/** The `nodes` of a link fault; none means all links. A list with a problem gives no fault. */
function readLinks(
  context: ScenarioContext,
  map: MapPlace,
): { readonly nodes: readonly string[] | undefined } | undefined {
  const place = context.reader.get(map, 'nodes');
  if (place === undefined) return { nodes: undefined };
  const nodes = readNodes(context, place);
  return nodes === undefined ? undefined : { nodes };
}

function readPartition(context: ScenarioContext, place: Place): LinkFault | undefined {
  const { reader } = context;
  const items = reader.list(place, 'groups of nodes such as [[node-0], [node-1, node-2]]');
  if (items === undefined) return undefined;
  const seen = new Set<string>();
  const groups: string[][] = [];
  for (const item of items) {
    const group = readNodes(context, item, seen);
    if (group !== undefined) groups.push(group);
  }
  if (groups.length < items.length) return undefined;
  const { validators } = context.config;
  const groupCount = groups.length + (seen.size < validators.length ? 1 : 0);
  if (groupCount < 2) {
    return reader.report(
      place.value.at,
      place.path,
      'SCENARIO_FAULT_EMPTY',
      'expected at least two groups (nodes that are not named form one more), got one',
    );
  }
  return { type: 'partition', groups };
}

function readOneWay(context: ScenarioContext, place: Place): LinkFault | undefined {
  const { reader } = context;
  const map = reader.map(place, ['from', 'to'], 'a map such as { from: [node-0], to: [node-1] }');
  if (map === undefined) return undefined;
  const seen = new Set<string>();
  const from = readNodes(context, reader.require(map, 'from', NODES_EXPECTED), seen);
  const to = readNodes(context, reader.require(map, 'to', NODES_EXPECTED), seen);
  return from === undefined || to === undefined ? undefined : { type: 'one_way', from, to };
}

function readLatency(context: ScenarioContext, place: Place): LinkFault | undefined {
  const { reader } = context;
  const map = reader.map(
    place,
    ['ms', 'jitter_ms', 'nodes'],
    'a map such as { ms: 400, jitter_ms: 100, nodes: [node-1] }',
  );
  if (map === undefined) return undefined;
  const { max } = faultBounds.delayMs;
  const ms = reader.duration(reader.require(map, 'ms', 'a delay in ms'), max);
  const jitterPlace = reader.get(map, 'jitter_ms');
  const jitterMs = jitterPlace === undefined ? LATENCY_JITTER_MS_DEFAULT : reader.duration(jitterPlace, max);
  const links = readLinks(context, map);
  if (ms === undefined || jitterMs === undefined || links === undefined) return undefined;
  return { type: 'latency', ms, jitterMs, ...links };
}

/** `0.2`, or `{ p: 0.2, nodes: [node-1] }`. */
function readChance(
  context: ScenarioContext,
  place: Place,
  type: 'loss' | 'duplicate' | 'reorder',
): LinkFault | undefined {
  const { reader } = context;
  const { min, max } = faultBounds.probability;
  if (place.value.kind !== 'map') {
    const probability = reader.number(place, min, max);
    return probability === undefined ? undefined : { type, probability, nodes: undefined };
  }
  const map = reader.map(place, ['p', 'nodes']);
  if (map === undefined) return undefined;
  const probability = reader.number(reader.require(map, 'p', 'a probability'), min, max);
  const links = readLinks(context, map);
  return probability === undefined || links === undefined ? undefined : { type, probability, ...links };
}

function readBandwidth(context: ScenarioContext, place: Place): LinkFault | undefined {
  const { reader } = context;
  const map = reader.map(place, ['mbps', 'nodes'], 'a map such as { mbps: 1, nodes: [node-1] }');
  if (map === undefined) return undefined;
  const { min, max } = faultBounds.bandwidthMbps;
  const mbps = reader.number(reader.require(map, 'mbps', 'megabits per second'), min, max);
  const links = readLinks(context, map);
  return mbps === undefined || links === undefined ? undefined : { type: 'bandwidth', mbps, ...links };
}

function readCrash(context: ScenarioContext, place: Place): NodeFault | undefined {
  const { reader } = context;
  const map = reader.map(place, ['node', 'lose'], 'a map such as { node: node-2, lose: unsynced }');
  if (map === undefined) return undefined;
  const node = context.node(reader.require(map, 'node', NODE_EXPECTED));
  const losePlace = reader.get(map, 'lose');
  const lose = losePlace === undefined ? 'unsynced' : reader.choice(losePlace, crashLosses);
  return node === undefined || lose === undefined ? undefined : { type: 'crash', node, lose };
}

function readMachineFault(
  context: ScenarioContext,
  place: Place,
  type: 'restart' | 'pause',
): NodeFault | undefined {
  const node = readNodeOf(context, place);
  return node === undefined ? undefined : { type, node };
}

function readClockFault(
  context: ScenarioContext,
  place: Place,
  type: 'clock_skew' | 'clock_step',
): NodeFault | undefined {
  const { reader } = context;
  const map = reader.map(place, ['node', 'ms'], 'a map such as { node: node-3, ms: -700 }');
  if (map === undefined) return undefined;
  const { min, max } = faultBounds.clockMs;
  const node = context.node(reader.require(map, 'node', NODE_EXPECTED));
  const ms = reader.signedDuration(
    reader.require(map, 'ms', 'by how much the clock is off, in ms'),
    min,
    max,
  );
  return node === undefined || ms === undefined ? undefined : { type, node, ms };
}

function readDiskFault(context: ScenarioContext, place: Place): NodeFault | undefined {
  const { reader } = context;
  const map = reader.map(place, ['node', 'fault'], 'a map such as { node: node-1, fault: torn }');
  if (map === undefined) return undefined;
  const node = context.node(reader.require(map, 'node', NODE_EXPECTED));
  const fault = reader.choice(reader.require(map, 'fault', `one of ${diskFaults.join(', ')}`), diskFaults);
  return node === undefined || fault === undefined ? undefined : { type: 'disk', node, fault };
}
