/**
 * Whether a ledger can hold what genesis would have to give, and if not, what asks too much: the first event or row of a
 * trace with which the sums no longer fit, or the account that a file funds by hand.
 */
import { ASSET_SUPPLY_MAX } from '../../settlement/ledger/assets.ts';
import type { Located, LocatedEntry } from '../config/located.ts';
import type { Position } from '../config/problem.ts';
import { createFunding, type Fundable, type Funding } from './funding.ts';
import type { PlacedWorkload } from './workloadReader.ts';

export interface ImpossibleAsset {
  readonly symbol: string;
  readonly message: string;
}

/** What makes the funding of an asset impossible. */
export type FundingCause =
  | { readonly type: 'event'; readonly line: number }
  | { readonly type: 'row'; readonly index: number }
  | { readonly type: 'workload' }
  | { readonly type: 'account'; readonly label: string }
  | { readonly type: 'pool_cash'; readonly asset: string };

/** Assets of which a ledger cannot hold that much, or whose pool would begin with less than nothing. */
export function findImpossible(
  assets: readonly { readonly symbol: string }[],
  funding: Funding,
): ImpossibleAsset[] {
  return assets.flatMap(({ symbol }) => {
    const message = describeExcess(symbol, funding);
    return message === undefined ? [] : [{ symbol, message }];
  });
}

function describeExcess(symbol: string, { accounts, poolCash }: Funding): string | undefined {
  let supply = poolCash[symbol] ?? 0n;
  let debts = 0n;
  for (const account of accounts) {
    const debt = account.debts[symbol] ?? 0n;
    supply += (account.balances[symbol] ?? 0n) + (account.deposits[symbol] ?? 0n) - debt;
    debts += debt;
  }
  if (supply < 0n) return `debts of ${symbol} exceed what its pool ever held by ${-supply}`;
  const most = supply > debts ? supply : debts;
  return most > ASSET_SUPPLY_MAX
    ? `this scenario needs ${most} of ${symbol} at genesis, more than 2^126`
    : undefined;
}

/** The first event, in the order of the file, or then row of the workload, with which the funding of an asset fails. */
export function findCause(scenario: Fundable, symbol: string): FundingCause {
  const { timeline, workload } = scenario;
  const rows = workload.type === 'explicit' ? workload.transactions : [];
  const isImpossible = (count: number): boolean => {
    const transactions = rows.slice(0, Math.max(0, count - timeline.length));
    const some: Fundable = {
      ...scenario,
      timeline: timeline.slice(0, count),
      workload: { type: 'explicit', transactions },
    };
    return describeExcess(symbol, createFunding(some)) !== undefined;
  };
  let possible = 0;
  let impossible = timeline.length + rows.length;
  if (!isImpossible(impossible)) return { type: 'workload' };
  while (impossible - possible > 1) {
    const middle = Math.floor((possible + impossible) / 2);
    if (isImpossible(middle)) impossible = middle;
    else possible = middle;
  }
  const event = timeline[impossible - 1];
  return event === undefined
    ? { type: 'row', index: impossible - 1 - timeline.length }
    : { type: 'event', line: event.line };
}

/** Whoever holds or owes most of an asset that a file funds by hand. */
export function findWrittenCause({ accounts, poolCash }: Funding, symbol: string): FundingCause {
  let cause: FundingCause = { type: 'pool_cash', asset: symbol };
  let most = poolCash[symbol] ?? 0n;
  for (const { label, balances, deposits, debts } of accounts) {
    const held = (balances[symbol] ?? 0n) + (deposits[symbol] ?? 0n);
    const owed = debts[symbol] ?? 0n;
    const amount = held > owed ? held : owed;
    if (amount <= most) continue;
    most = amount;
    cause = { type: 'account', label };
  }
  return cause;
}

/** Where a cause stands: the event, the row of the trace, or the nearest key there is. */
export function locateCause(
  cause: FundingCause,
  scenario: { readonly file: string; readonly root: Located; readonly trace: PlacedWorkload },
): Position {
  const { file, root, trace } = scenario;
  switch (cause.type) {
    case 'event':
      return { file, line: cause.line, column: 1 };
    case 'row':
      return { file: trace.file ?? file, line: trace.rows[cause.index]?.line, column: 1 };
    case 'workload':
      return keyAt(root, ['workload']);
    case 'account':
      return keyAt(root, ['accounts', cause.label]);
    case 'pool_cash':
      return keyAt(root, ['pool_cash', cause.asset]);
  }
}

function keyAt(root: Located, path: readonly string[]): Position {
  let value = root;
  let { at } = root;
  for (const key of path) {
    const entry: LocatedEntry | undefined = value.kind === 'map' ? value.entries.get(key) : undefined;
    if (entry === undefined) break;
    at = entry.keyAt;
    value = entry.value;
  }
  return at;
}
