/** Reads `timeline:`: each event an anchor with transactions, faults, or both. */
import { anchorStates, readAnchor } from './anchors.ts';
import type { ScenarioContext } from './context.ts';
import { readCrossChainDeposit } from './crossChainReader.ts';
import { faultKeys } from './faultKinds.ts';
import { hasLastingFault, readFaults } from './faultReader.ts';
import { readPost } from './postReader.ts';
import type { Place } from './reader.ts';
import { ORACLE_ACCOUNT, readTransactions, transactionKeys } from './transactions.ts';
import type { ScenarioTransaction, TimelineEvent } from './types.ts';

/** Every key an event may have. */
export const eventKeys: readonly string[] = [
  'at',
  'for',
  'account',
  'transactions',
  ...transactionKeys,
  'inputs_to',
  'cross_chain_deposit',
  'post_input',
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
  const postPlace = reader.get(map, 'post_input');
  const post = postPlace && readPost(context, postPlace, context.account(reader.get(map, 'account')));
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
      'expected a transaction, a deposit, a post or a fault, got none',
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
  const inputsPlace = reader.get(map, 'inputs_to');
  const inputsTo = inputsPlace && readInputNodes(context, inputsPlace, { at, transactions });
  const inputs = inputsTo === undefined ? {} : { inputsTo };
  const posted = post === undefined ? {} : { post };
  return {
    at,
    forMs,
    transactions,
    ...inputs,
    ...deposits,
    ...posted,
    faults,
    line: place.value.at.line ?? 0,
  };
}

/** What users can ask for by a signed input, among what a scenario can. */
const inputTypes: readonly string[] = ['borrow', 'repay', 'deposit', 'withdraw', 'transfer', 'liquidate'];

function readInputNodes(
  context: ScenarioContext,
  place: Place,
  { at, transactions }: Pick<TimelineEvent, 'at' | 'transactions'>,
): readonly string[] | undefined {
  const { reader } = context;
  const conflict = (message: string, hint?: string) =>
    reader.report(place.keyAt ?? place.value.at, place.path, 'SCENARIO_KEYS_CONFLICT', message, hint);
  const isInput = ({ account, operation }: ScenarioTransaction): boolean =>
    inputTypes.includes(operation.type) && account !== ORACLE_ACCOUNT;
  if (transactions.length === 0 || !transactions.every(isInput)) {
    return conflict(`expected only ${inputTypes.join(', ')} of users beside \`inputs_to\``);
  }
  if ('block' in at) {
    return conflict('expected no anchor to a block beside `inputs_to`', 'anchor the event to a time');
  }
  const items = reader.list(place, 'nodes such as [node-0, node-2]') ?? [];
  const nodes = items.map((item) => context.node(item)).filter((node) => node !== undefined);
  if (new Set(nodes).size < nodes.length) {
    return reader.report(place.value.at, place.path, 'SCENARIO_NODE_REPEATED', 'expected each node once');
  }
  if (nodes.length === 0) return reader.expected(place, 'nodes such as [node-0, node-2]');
  return nodes;
}
