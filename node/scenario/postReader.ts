/** Reads `post_input`: what users post on the settlement chain, as the inputs of one post. */
import type { ScenarioContext } from './context.ts';
import type { Place } from './reader.ts';
import { readTransactions } from './transactions.ts';
import type { ScenarioPost } from './types.ts';

/** Transactions that users can write as commands. */
export const postedKeys = ['borrow', 'repay', 'deposit', 'withdraw', 'transfer', 'liquidate'] as const;
export const postInputKeys: readonly string[] = ['account', 'send', ...postedKeys];

/** @param accountAbove - Whose inputs they are unless they say so themselves. */
export function readPost(
  context: ScenarioContext,
  place: Place,
  accountAbove: string | undefined,
): ScenarioPost | undefined {
  const { reader } = context;
  const map = reader.map(place, postInputKeys, 'a map such as { borrow: { asset: UM, amount: 1000 } }');
  if (map === undefined) return undefined;
  const sendPlace = reader.get(map, 'send');
  const isSent = sendPlace === undefined ? false : reader.flag(sendPlace);
  const transactions = readTransactions(context, map, accountAbove);
  if (!postedKeys.some((key) => map.value.entries.has(key))) {
    const message = `expected one of ${postedKeys.join(', ')}, got nothing`;
    return reader.report(place.value.at, place.path, 'SCENARIO_EVENT_EMPTY', message);
  }
  if (
    transactions.some(
      ({ operation }) => 'collateralAmount' in operation && operation.collateralAmount !== undefined,
    )
  ) {
    const message = "expected a liquidation by the rules, got `collateral_amount`, which is the oracle's";
    return reader.report(place.value.at, place.path, 'SCENARIO_KEYS_CONFLICT', message);
  }
  return isSent === undefined ? undefined : { transactions, isSent };
}
