/** Reads what a scenario that funds by hand gives its accounts and pools at genesis. */
import { NAME_EXPECTED, namePattern } from '../config/fields.ts';
import type { ScenarioContext } from './context.ts';
import type { MapPlace, Place } from './reader.ts';
import type { ScenarioAccount } from './types.ts';

/** Reads `accounts:` and `pool_cash:`, which only a scenario with `auto_fund: false` may have. */
export function readAccounts(
  context: ScenarioContext,
  isAutoFunded: boolean,
  accountsPlace: Place | undefined,
  cashPlace: Place | undefined,
): { readonly accounts: ScenarioAccount[]; readonly poolCash: Record<string, bigint> } {
  const { reader } = context;
  for (const place of [accountsPlace, cashPlace]) {
    if (place === undefined || !isAutoFunded) continue;
    reader.report(
      place.keyAt ?? place.value.at,
      place.path,
      'SCENARIO_KEYS_CONFLICT',
      `expected auto_fund: false beside \`${place.path}\``,
    );
  }
  const accounts: ScenarioAccount[] = [];
  if (accountsPlace !== undefined && accountsPlace.value.kind === 'map') {
    const map: MapPlace = { ...accountsPlace, value: accountsPlace.value };
    for (const label of map.value.entries.keys()) {
      const place = reader.get(map, label);
      if (place !== undefined && !namePattern.test(label)) {
        reader.report(
          place.keyAt ?? place.value.at,
          place.path,
          'SCENARIO_VALUE_INVALID',
          `expected ${NAME_EXPECTED}`,
        );
      }
      const inner = place && reader.map(place, ['balances', 'deposits', 'debts']);
      if (inner === undefined) continue;
      const read = (key: string): Record<string, bigint> => readHoldings(context, reader.get(inner, key));
      accounts.push({
        label,
        balances: read('balances'),
        deposits: read('deposits'),
        debts: read('debts'),
      });
    }
  } else if (accountsPlace !== undefined)
    reader.expected(accountsPlace, 'a map of account to { balances, deposits, debts }');
  return { accounts, poolCash: readHoldings(context, cashPlace) };
}

function readHoldings(context: ScenarioContext, place: Place | undefined): Record<string, bigint> {
  const amounts: Record<string, bigint> = {};
  if (place === undefined) return amounts;
  if (place.value.kind !== 'map') {
    context.reader.expected(place, 'a map of asset to amount');
    return amounts;
  }
  const map: MapPlace = { ...place, value: place.value };
  for (const key of map.value.entries.keys()) {
    const inner = context.reader.get(map, key);
    const symbol = inner && context.knownAsset(inner, key);
    const amount = context.reader.amount(inner, true);
    if (symbol !== undefined && amount !== undefined) amounts[symbol] = amount;
  }
  return amounts;
}
