/** The short forms of ledger transactions in a scenario: `borrow: { asset: UM, amount: 1000 }` and the like. */
import { readAtomicBatch, readEscrowOpening, readEscrowRefund } from './atomicBatchReader.ts';
import { type ChannelKey, isChannelKey, readChannelOperation } from './channelReader.ts';
import type { ScenarioContext } from './context.ts';
import { readCrossChainSend } from './crossChainReader.ts';
import { readFeeProposal, readWithdrawal } from './governanceReader.ts';
import { type MapPlace, type Place, scalarOf } from './reader.ts';
import type { ScenarioTransaction } from './types.ts';

export const transactionKeys = [
  'borrow',
  'repay',
  'deposit',
  'withdraw',
  'transfer',
  'liquidate',
  'price',
  'unjail',
  'settle_now',
  'set_batch_size',
  'atomic_batch',
  'escrow_open',
  'escrow_refund',
  'channel_open',
  'channel_close',
  'channel_unilateral_close',
  'channel_dispute',
  'channel_settle',
  'treasury_propose',
  'treasury_approve',
  'fee_propose',
  'fee_vote',
  'cross_chain_send',
] as const;
export type TransactionKey = (typeof transactionKeys)[number];
type LedgerKey = Exclude<
  TransactionKey,
  | 'unjail'
  | 'settle_now'
  | 'set_batch_size'
  | 'atomic_batch'
  | 'escrow_open'
  | 'escrow_refund'
  | 'treasury_propose'
  | 'treasury_approve'
  | 'fee_propose'
  | 'fee_vote'
  | ChannelKey
  | 'cross_chain_send'
>;

/** Account of events that name none. */
export const DEFAULT_ACCOUNT = 'scenario';
/** Genesis oracle: the only account whose `price` and exact liquidations count. */
export const ORACLE_ACCOUNT = 'oracle';

type Operation = ScenarioTransaction['operation'];

/** Every transaction of an event or of an item of `transactions:`, in the order written. */
export function readTransactions(
  context: ScenarioContext,
  map: MapPlace,
  accountAbove: string | undefined,
): ScenarioTransaction[] {
  const { reader } = context;
  const account = context.account(reader.get(map, 'account')) ?? accountAbove;
  const transactions: ScenarioTransaction[] = [];
  for (const key of map.value.entries.keys()) {
    const place = reader.get(map, key);
    if (place === undefined) continue;
    if (key === 'transactions') {
      for (const item of reader.list(place, 'a list of transactions') ?? []) {
        transactions.push(...readListed(context, item, account));
      }
    } else if (isTransactionKey(key)) {
      const transaction = readTransaction(context, key, place, account);
      if (transaction !== undefined) transactions.push(transaction);
    }
  }
  return transactions;
}

function readListed(
  context: ScenarioContext,
  item: Place,
  account: string | undefined,
): ScenarioTransaction[] {
  const { reader } = context;
  const map = reader.map(
    item,
    ['account', ...transactionKeys],
    'a transaction such as { borrow: { asset: UM, amount: 1000 } }',
  );
  if (map === undefined) return [];
  const transactions = readTransactions(context, map, account);
  if ([...map.value.entries.keys()].every((key) => key === 'account')) {
    reader.report(
      item.value.at,
      item.path,
      'SCENARIO_EVENT_EMPTY',
      `expected one of ${transactionKeys.join(', ')}, got nothing`,
    );
  }
  return transactions;
}

function isTransactionKey(key: string): key is TransactionKey {
  return (transactionKeys as readonly string[]).includes(key);
}

function readTransaction(
  context: ScenarioContext,
  key: TransactionKey,
  place: Place,
  accountAbove: string | undefined,
): ScenarioTransaction | undefined {
  if (isChannelKey(key)) return readChannelOperation(context, key, place, accountAbove);
  switch (key) {
    case 'unjail':
    case 'settle_now':
    case 'set_batch_size':
      return readDutyTransaction(context, key, place, accountAbove);
    case 'atomic_batch':
      return readAtomicBatch(context, place, accountAbove);
    case 'escrow_open':
      return readEscrowOpening(context, place, accountAbove);
    case 'escrow_refund':
      return readEscrowRefund(context, place, accountAbove);
    case 'treasury_propose':
    case 'treasury_approve':
      return readWithdrawal(context, key, place, accountAbove);
    case 'fee_propose':
    case 'fee_vote':
      return readFeeProposal(context, key, place, accountAbove);
    case 'cross_chain_send':
      return readCrossChainSend(context, place, accountAbove);
    default:
      return readLedgerTransaction(context, key, place, accountAbove);
  }
}

const ledgerShapes: Readonly<Record<string, readonly string[]>> = {
  borrow: ['account', 'asset', 'amount'],
  repay: ['account', 'asset', 'amount'],
  deposit: ['account', 'asset', 'amount'],
  withdraw: ['account', 'asset', 'amount'],
  transfer: ['account', 'to', 'asset', 'amount'],
  liquidate: ['account', 'borrower', 'debt_asset', 'amount', 'collateral_asset', 'collateral_amount'],
  price: ['asset', 'price'],
};

function readLedgerTransaction(
  context: ScenarioContext,
  key: LedgerKey,
  place: Place,
  accountAbove: string | undefined,
): ScenarioTransaction | undefined {
  const { reader } = context;
  const map = reader.map(place, ledgerShapes[key] ?? [], 'a map such as { asset: UM, amount: 1000 }');
  if (map === undefined) return undefined;
  const account = context.account(reader.get(map, 'account')) ?? accountAbove;
  const operation = readOperation(context, key, map);
  if (operation === undefined) return undefined;
  const sender = account ?? DEFAULT_ACCOUNT;
  if (operation.type === 'transfer' && operation.to === sender) {
    return reader.report(
      place.value.at,
      place.path,
      'SCENARIO_ACCOUNT_INVALID',
      `expected two accounts, got \`${sender}\` twice`,
    );
  }
  if (
    operation.type === 'liquidate' &&
    operation.borrower === sender &&
    operation.collateralAmount === undefined
  ) {
    return reader.report(
      place.value.at,
      place.path,
      'SCENARIO_ACCOUNT_INVALID',
      'expected a liquidator other than the borrower',
    );
  }
  const isOracle =
    operation.type === 'price' ||
    (operation.type === 'liquidate' && operation.collateralAmount !== undefined);
  if (isOracle && account !== undefined && account !== ORACLE_ACCOUNT) {
    const message = `expected the oracle as sender, got \`${account}\``;
    return reader.report(
      place.value.at,
      place.path,
      'SCENARIO_ACCOUNT_INVALID',
      message,
      'leave `account` out',
    );
  }
  return { account: isOracle ? ORACLE_ACCOUNT : account, operation };
}

function readOperation(context: ScenarioContext, key: string, map: MapPlace): Operation | undefined {
  const { reader } = context;
  const need = (name: string, expected: string): Place | undefined => reader.require(map, name, expected);
  const amount = (): bigint | undefined => reader.amount(need('amount', 'an amount'));
  const asset = (name = 'asset'): string | undefined => context.asset(need(name, 'an asset'));
  switch (key) {
    case 'borrow':
    case 'repay':
    case 'deposit':
    case 'withdraw': {
      const fields = { asset: asset(), amount: amount() };
      return isWhole(fields) ? { type: key, ...fields } : undefined;
    }
    case 'transfer': {
      const fields = { to: context.account(need('to', 'an account')), asset: asset(), amount: amount() };
      return isWhole(fields) ? { type: 'transfer', ...fields } : undefined;
    }
    case 'price': {
      const fields = { asset: asset(), price: reader.amount(need('price', 'a price in 10^-8 USD')) };
      return isWhole(fields) ? { type: 'price', ...fields } : undefined;
    }
    default: {
      const fields = {
        borrower: context.account(need('borrower', 'an account')),
        debtAsset: asset('debt_asset'),
        amount: amount(),
        collateralAsset: asset('collateral_asset'),
      };
      const exact = reader.get(map, 'collateral_amount');
      const collateralAmount = reader.amount(exact);
      if (!isWhole(fields) || (exact !== undefined && collateralAmount === undefined)) return undefined;
      return { type: 'liquidate', ...fields, collateralAmount };
    }
  }
}

function readDutyTransaction(
  context: ScenarioContext,
  key: 'unjail' | 'settle_now' | 'set_batch_size',
  place: Place,
  account: string | undefined,
): ScenarioTransaction | undefined {
  const { reader, config } = context;
  if (account !== undefined) {
    const sender = key === 'unjail' ? 'the jailed validator' : 'the operator';
    return reader.report(
      place.keyAt ?? place.value.at,
      place.path,
      'SCENARIO_ACCOUNT_INVALID',
      `expected no account: ${sender} sends \`${key}\``,
    );
  }
  if (key === 'unjail') {
    const isMap = place.value.kind === 'map';
    const map = isMap ? reader.map(place, ['node']) : undefined;
    const validator = context.node(isMap ? map && reader.require(map, 'node', 'the name of a node') : place);
    return validator === undefined
      ? undefined
      : { account: undefined, operation: { type: 'unjail', validator } };
  }
  if (config.settlement.operatorKeys.length > 0) {
    const message = `expected no \`${key}\` with settlement.operator_keys set: their secret keys are not here`;
    return reader.report(
      place.keyAt ?? place.value.at,
      place.path,
      'SCENARIO_OPERATOR_KEY_FOREIGN',
      message,
      'leave operator_keys empty to use a derived one',
    );
  }
  if (key === 'settle_now') {
    if (scalarOf(place) !== true) return reader.expected(place, 'true');
    return { account: undefined, operation: { type: 'settle_now' } };
  }
  const { batchSizeMin, batchSizeMax } = config.settlement;
  const batchSize = reader.integer(place, batchSizeMin, batchSizeMax, 'SCENARIO_BATCH_SIZE_INVALID');
  return batchSize === undefined
    ? undefined
    : { account: undefined, operation: { type: 'set_batch_size', batchSize } };
}

type Whole<Fields> = { readonly [Key in keyof Fields]: Exclude<Fields[Key], undefined> };

function isWhole<Fields extends object>(fields: Fields): fields is Fields & Whole<Fields> {
  return Object.values(fields).every((value) => value !== undefined);
}
