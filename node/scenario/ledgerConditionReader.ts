/** Reads conditions on the ledger and on atomic batches: `balance: { account: seller, asset: TNZO, equals: "1000" }` and the like. */
import { readScenarioId } from './atomicBatchReader.ts';
import type { ScenarioContext } from './context.ts';
import type {
  AmountBound,
  AtomicOutcome,
  LedgerCondition,
  LedgerConditionKey,
  ReceiptFacts,
} from './ledgerConditions.ts';
import type { MapPlace, Place } from './reader.ts';

const boundKeys = ['equals', 'at_least', 'at_most'] as const;
const outcomeKeys = ['id', 'status', 'error', 'failed_at'] as const;
const receiptKeys = ['id', 'gross', 'net', 'fee'] as const;
/** The whole, in basis points. */
const FEE_BPS_MAX = 10_000;

export function readLedgerCondition(
  context: ScenarioContext,
  key: LedgerConditionKey,
  place: Place,
): LedgerCondition | undefined {
  const { reader } = context;
  switch (key) {
    case 'balance': {
      const example = 'a map such as { account: seller, asset: TNZO, equals: 1000 }';
      const map = reader.map(place, ['account', 'asset', ...boundKeys], example);
      if (map === undefined) return undefined;
      const account = context.account(reader.require(map, 'account', 'an account'));
      const asset = readAsset(context, map);
      const bound = readAmountBound(context, map);
      if (account === undefined || asset === undefined || bound === undefined) return undefined;
      return { type: 'balance', account, asset, bound };
    }
    case 'treasury':
    case 'gathered_fees': {
      const map = reader.map(place, ['asset', ...boundKeys], 'a map such as { asset: TNZO, equals: 1000 }');
      if (map === undefined) return undefined;
      const asset = readAsset(context, map);
      const bound = readAmountBound(context, map);
      return asset === undefined || bound === undefined ? undefined : { type: key, asset, bound };
    }
    case 'escrow':
    case 'channel': {
      const map = reader.map(place, ['id', ...boundKeys], 'a map such as { id: deal, equals: 0 }');
      if (map === undefined) return undefined;
      const id = readScenarioId(context, reader.require(map, 'id', 'an id'));
      const bound = readAmountBound(context, map);
      return id === undefined || bound === undefined ? undefined : { type: key, id, bound };
    }
    case 'atomic_batch': {
      const map = reader.map(place, outcomeKeys, 'a map such as { id: rent, status: completed }');
      if (map === undefined) return undefined;
      const id = readScenarioId(context, reader.require(map, 'id', 'an id'));
      const outcome = readOutcome(context, map);
      return id === undefined || outcome === undefined ? undefined : { type: key, id, outcome };
    }
    case 'receipt': {
      const map = reader.map(place, receiptKeys, 'a map such as { id: rent, net: 995, fee: 5 }');
      if (map === undefined) return undefined;
      const id = readScenarioId(context, reader.require(map, 'id', 'an id'));
      return id === undefined ? undefined : { type: key, id, facts: readReceiptFacts(context, map) };
    }
    case 'network_fee_bps': {
      const bps = reader.integer(place, 0, FEE_BPS_MAX);
      return bps === undefined ? undefined : { type: key, bps };
    }
  }
}

function readAsset(context: ScenarioContext, map: MapPlace): string | undefined {
  const place = context.reader.require(map, 'asset', 'an asset');
  const symbol = context.symbol(place);
  return place === undefined || symbol === undefined ? undefined : context.knownAsset(place, symbol);
}

function readAmountBound({ reader }: ScenarioContext, map: MapPlace): AmountBound | undefined {
  const given = boundKeys.filter((key) => reader.get(map, key) !== undefined);
  if (given.length === 0) {
    const message = `expected one of ${boundKeys.join(', ')}, got none`;
    return reader.report(map.value.at, map.path, 'SCENARIO_KEY_MISSING', message);
  }
  const equals = reader.amount(reader.get(map, 'equals'), true);
  const atLeast = reader.amount(reader.get(map, 'at_least'), true);
  const atMost = reader.amount(reader.get(map, 'at_most'), true);
  return givenOf({ equals, atLeast, atMost });
}

function readOutcome({ reader }: ScenarioContext, map: MapPlace): AtomicOutcome | undefined {
  const statuses = ['completed', 'failed'] as const;
  const status = reader.choice(reader.require(map, 'status', `one of ${statuses.join(', ')}`), statuses);
  const errorPlace = reader.get(map, 'error');
  const failedAtPlace = reader.get(map, 'failed_at');
  const error = reader.text(errorPlace, 'a code such as INSUFFICIENT_BALANCE', /^[A-Z][A-Z0-9_]{2,63}$/);
  const failedAt = reader.integer(failedAtPlace, 0);
  if (status !== 'completed') return status && { status, error, failedAt };
  const stray = errorPlace ?? failedAtPlace;
  if (stray === undefined) return { status };
  const message = 'expected `error` and `failed_at` beside `status: failed` alone';
  return reader.report(stray.keyAt ?? stray.value.at, stray.path, 'SCENARIO_KEYS_CONFLICT', message);
}

function readReceiptFacts({ reader }: ScenarioContext, map: MapPlace): ReceiptFacts {
  return givenOf({
    gross: reader.amount(reader.get(map, 'gross'), true),
    net: reader.amount(reader.get(map, 'net'), true),
    fee: reader.amount(reader.get(map, 'fee'), true),
  });
}

type Given<Fields> = { readonly [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };

/** Without what is undefined. */
function givenOf<Fields extends object>(fields: Fields): Given<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Given<Fields>;
}
