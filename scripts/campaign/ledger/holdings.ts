/**
 * What every row of replicated state holds of each asset: the books against which the campaign judges conservation. Each
 * table is either one that holds money or one that does not; a table that is neither is found out.
 */
import { feeGovernanceTable, feeProposalsTable } from '../../../settlement/atomic/feeProposalTables.ts';
import {
  atomicTables,
  batchRecordsTable,
  channelsTable,
  escrowsTable,
  gatheredFeesTable,
  receiptsTable,
} from '../../../settlement/atomic/tables.ts';
import { openWithdrawalsTable, withdrawalsTable } from '../../../settlement/atomic/treasuryTables.ts';
import {
  bridgeTables,
  crossChainCountersTable,
  deadlinesTable,
  queueTable,
  transfersTable,
} from '../../../settlement/bridge/tables.ts';
import { postedTables } from '../../../settlement/execution/postedInputs.ts';
import { inputTables } from '../../../settlement/input/marks.ts';
import {
  accountsTable,
  ledgerTables,
  poolsTable,
  pricesTable,
  treasuryTable,
} from '../../../settlement/ledger/tables.ts';
import type { LedgerRules } from '../../../settlement/ledger/types.ts';
import {
  batchTable,
  countersTable,
  netTables,
  standingTable,
  windowTable,
} from '../../../settlement/net/tables.ts';
import type { AnyTable, State, Table } from '../../../settlement/state.ts';

/** By symbol; zero entries may stand. */
export type Holdings = Map<string, bigint>;

type Add = (asset: string, amount: bigint) => void;

interface Holder {
  readonly table: AnyTable;
  /** Adds what all rows of the table hold. */
  readonly addAll: (state: State, rules: LedgerRules, add: Add) => void;
}

const holders: readonly Holder[] = [
  holderOf(accountsTable, ({ balances }, _key, add, { assets }) => {
    for (const [index, amount] of balances.entries()) add(assets[index]?.symbol ?? '', amount);
  }),
  holderOf(poolsTable, ({ cash, escrow }, symbol, add) => add(symbol, cash + escrow)),
  holderOf(treasuryTable, (amount, symbol, add) => add(symbol, amount)),
  holderOf(gatheredFeesTable, (amount, symbol, add) => add(symbol, amount)),
  holderOf(escrowsTable, ({ asset, amount }, _key, add) => add(asset, amount)),
  holderOf(channelsTable, (channel, _key, add) => {
    if (!('settlementId' in channel)) add(channel.asset, channel.deposit);
  }),
  holderOf(transfersTable, ({ state, asset, amount }, _key, add) =>
    add(asset, state === 'open' ? amount : 0n),
  ),
  holderOf(standingTable, ({ stake }, _key, add, { stakeAsset }) => add(stakeAsset, stake)),
  holderOf(batchTable, ({ heldSlash }, _key, add, { stakeAsset }) => add(stakeAsset, heldSlash)),
];

/** Rows that say something and hold nothing. */
const moneyless: readonly AnyTable[] = [
  pricesTable,
  batchRecordsTable,
  receiptsTable,
  withdrawalsTable,
  openWithdrawalsTable,
  feeProposalsTable,
  feeGovernanceTable,
  windowTable,
  countersTable,
  queueTable,
  crossChainCountersTable,
  deadlinesTable,
  ...inputTables,
  ...postedTables,
];

/** Every table of replicated state. */
export const stateTables: readonly AnyTable[] = [
  ...ledgerTables,
  ...netTables,
  ...atomicTables,
  ...bridgeTables,
  ...inputTables,
  ...postedTables,
];

/** Names of tables of which nobody has said whether they hold money; there must be none. */
export function findUnjudgedTables(): readonly string[] {
  const judged = new Set([...moneyless, ...holders.map(({ table }) => table)].map(({ id }) => id));
  return stateTables.filter(({ id }) => !judged.has(id)).map(({ name }) => name);
}

/** Everything that the state holds of each asset. */
export function holdingsOf(state: State, rules: LedgerRules): Holdings {
  const sums: Holdings = new Map(rules.assets.map(({ symbol }) => [symbol, 0n]));
  const add: Add = (asset, amount) => sums.set(asset, (sums.get(asset) ?? 0n) + amount);
  for (const { addAll } of holders) addAll(state, rules, add);
  return sums;
}

function holderOf<Row>(
  table: Table<Row>,
  addRow: (row: Row, key: string, add: Add, rules: LedgerRules) => void,
): Holder {
  return {
    table,
    addAll: (state, rules, add) => {
      for (const [key, row] of state.entries(table)) addRow(row, key, add, rules);
    },
  };
}
