/** Reads `timeline:`: each event an anchor with transactions, faults, or both. */
import { anchorStates, isTrue, readAnchor } from './anchors.ts';
import type { ScenarioContext } from './context.ts';
import { join, type MapPlace, type Place } from './reader.ts';
import { laterTransactionKeys, readTransactions, reportLater, transactionKeys } from './transactions.ts';
import type { Fault, TimelineEvent } from './types.ts';

const NETWORK_FAULTS = 'network faults';
const BYZANTINE_FAULTS = 'Byzantine faults';
const CLOCK_FAULTS = 'clock and disk faults';
const SETTLEMENT_FAULTS = 'further settlement-chain faults';

/** Documented faults that later features bring. */
const laterFaults: Readonly<Record<string, string>> = {
  partition: NETWORK_FAULTS,
  one_way: NETWORK_FAULTS,
  isolate: NETWORK_FAULTS,
  latency: NETWORK_FAULTS,
  loss: NETWORK_FAULTS,
  duplicate: NETWORK_FAULTS,
  reorder: NETWORK_FAULTS,
  bandwidth: NETWORK_FAULTS,
  pause: CLOCK_FAULTS,
  clock_skew: CLOCK_FAULTS,
  clock_step: CLOCK_FAULTS,
  disk: CLOCK_FAULTS,
  withhold_votes: BYZANTINE_FAULTS,
  withhold_gossip: BYZANTINE_FAULTS,
  equivocate: BYZANTINE_FAULTS,
  forge_completion: BYZANTINE_FAULTS,
  lie_about_net: BYZANTINE_FAULTS,
  garbage: BYZANTINE_FAULTS,
  twin: BYZANTINE_FAULTS,
};

const laterSettlementFaults = [
  'slow',
  'censor',
  'reorg',
  'lose_receipts',
  'rpc_errors',
  'rpc_timeouts',
  'duplicate_delivery',
  'slippage',
  'base_fee',
  'transfer_timeout',
] as const;

const faultKeys = ['crash', 'restart', 'withhold_settlement', 'settlement_chain'] as const;

/** Every key an event may have, those of later features included. */
export const eventKeys: readonly string[] = [
  'at',
  'for',
  'account',
  'transactions',
  ...transactionKeys,
  ...faultKeys,
  ...Object.keys(laterTransactionKeys),
  ...Object.keys(laterFaults),
];

/** All events in file order; those with problems are left out and reported. */
export function readTimeline(context: ScenarioContext, place: Place | undefined): TimelineEvent[] {
  if (place === undefined) return [];
  const items = context.reader.list(place, 'a list of events') ?? [];
  return items.map((item) => readEvent(context, item)).filter((event) => event !== undefined);
}

function readEvent(context: ScenarioContext, place: Place): TimelineEvent | undefined {
  const { reader } = context;
  const map = reader.map(
    place,
    eventKeys,
    'an event such as { at: { block: 1 }, borrow: { asset: UM, amount: 1000 } }',
  );
  if (map === undefined) return undefined;
  const at = readAnchor(
    reader,
    reader.require(
      map,
      'at',
      `an anchor ({ block }, { time }, { settlement_block } or { batch, state: ${anchorStates.join('|')} })`,
    ),
  );
  reportLater(context, map);
  for (const [key, entry] of map.value.entries) {
    const feature = Object.hasOwn(laterFaults, key) ? laterFaults[key] : undefined;
    if (feature !== undefined) reader.unavailable(entry.keyAt, join(place.path, key), feature);
  }
  const transactions = readTransactions(context, map, undefined);
  const faults = readFaults(context, map);
  const forPlace = reader.get(map, 'for');
  const forMs = reader.duration(forPlace);
  const isDoing = [...map.value.entries.keys()].some(
    (key) => key !== 'at' && key !== 'for' && key !== 'account',
  );
  if (!isDoing) {
    reader.report(
      place.value.at,
      place.path,
      'SCENARIO_EVENT_EMPTY',
      'expected a transaction or a fault, got none',
    );
  } else if (
    forPlace !== undefined &&
    !faultKeys.some((key) => key !== 'restart' && map.value.entries.has(key)) &&
    !hasLater(map)
  ) {
    reader.report(
      forPlace.keyAt ?? forPlace.value.at,
      forPlace.path,
      'SCENARIO_KEYS_CONFLICT',
      'expected a fault that lasts beside `for`, got none',
    );
  }
  if (at === undefined) return undefined;
  return { at, forMs, transactions, faults, line: place.value.at.line ?? 0 };
}

function hasLater(map: MapPlace): boolean {
  return [...map.value.entries.keys()].some((key) => Object.hasOwn(laterFaults, key));
}

function readFaults(context: ScenarioContext, map: MapPlace): Fault[] {
  const { reader } = context;
  const faults: Fault[] = [];
  const crash = reader.get(map, 'crash');
  if (crash !== undefined) {
    const inner = reader.map(crash, ['node', 'lose'], 'a map such as { node: node-2, lose: unsynced }');
    const node = inner && context.node(reader.require(inner, 'node', 'the name of a node'));
    const losePlace = inner && reader.get(inner, 'lose');
    const lose =
      losePlace === undefined ? 'unsynced' : reader.choice(losePlace, ['none', 'unsynced', 'all'] as const);
    if (node !== undefined && lose !== undefined) faults.push({ type: 'crash', node, lose });
  }
  for (const type of ['restart', 'withhold_settlement'] as const) {
    const place = reader.get(map, type);
    if (place === undefined) continue;
    const inner = reader.map(place, ['node'], 'a map such as { node: node-2 }');
    const node = inner && context.node(reader.require(inner, 'node', 'the name of a node'));
    if (node !== undefined) faults.push({ type, node });
  }
  const chain = reader.get(map, 'settlement_chain');
  if (chain !== undefined) faults.push(...readSettlementFaults(context, chain));
  return faults;
}

function readSettlementFaults(context: ScenarioContext, place: Place): Fault[] {
  const { reader } = context;
  const map = reader.map(place, ['stall', 'full', ...laterSettlementFaults], 'a map such as { stall: true }');
  if (map === undefined) return [];
  const faults: Fault[] = [];
  for (const [key, entry] of map.value.entries) {
    const inner = reader.get(map, key);
    if (inner === undefined) continue;
    if ((laterSettlementFaults as readonly string[]).includes(key)) {
      reader.unavailable(entry.keyAt, inner.path, SETTLEMENT_FAULTS);
    } else if (key === 'stall' || key === 'full') {
      if (!isTrue(inner)) reader.expected(inner, 'true');
      else
        faults.push(
          key === 'stall'
            ? { type: 'settlement_chain', kind: 'stall' }
            : { type: 'settlement_chain', kind: 'full' },
        );
    }
  }
  if (map.value.entries.size === 0) {
    reader.report(place.value.at, place.path, 'SCENARIO_EVENT_EMPTY', 'expected stall or full, got nothing');
  }
  return faults;
}
