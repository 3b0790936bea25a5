/** Reads `timeline:`: each event an anchor with transactions, faults, or both. */
import { anchorStates, readAnchor } from './anchors.ts';
import type { ScenarioContext } from './context.ts';
import { readCrossChainDeposit } from './crossChainReader.ts';
import { faultKeys } from './faultKinds.ts';
import { hasLastingFault, readFaults } from './faultReader.ts';
import type { Place } from './reader.ts';
import { readTransactions, transactionKeys } from './transactions.ts';
import type { TimelineEvent } from './types.ts';

/** Every key an event may have. */
export const eventKeys: readonly string[] = [
  'at',
  'for',
  'account',
  'transactions',
  ...transactionKeys,
  'cross_chain_deposit',
  ...faultKeys,
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
  const transactions = readTransactions(context, map, undefined);
  const faults = readFaults(context, map);
  const depositPlace = reader.get(map, 'cross_chain_deposit');
  const deposit =
    depositPlace && readCrossChainDeposit(context, depositPlace, context.account(reader.get(map, 'account')));
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
      'expected a transaction, a deposit or a fault, got none',
    );
  } else if (forPlace !== undefined && !hasLastingFault(map)) {
    reader.report(
      forPlace.keyAt ?? forPlace.value.at,
      forPlace.path,
      'SCENARIO_KEYS_CONFLICT',
      'expected a fault that lasts beside `for`, got none',
    );
  }
  if (at === undefined) return undefined;
  const deposits = deposit === undefined ? {} : { deposits: [deposit] };
  return { at, forMs, transactions, ...deposits, faults, line: place.value.at.line ?? 0 };
}
