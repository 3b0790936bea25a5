/**
 * Commands, `command|argument|…`, in the one form in which each can be written: node/batcher/input/command.ts reads what is
 * written here, and says why two commands never look alike in what is signed.
 */
import type { LedgerOperation } from '../ledger/types.ts';

/** What users do; prices are the oracle's. */
export type CommandOperation = Exclude<LedgerOperation, { readonly type: 'price' }>;

export type ArgumentName = 'to' | 'borrower' | 'asset' | 'debt_asset' | 'collateral_asset' | 'amount';

/** Arguments of each command, in order. */
export const commandArguments = {
  borrow: ['asset', 'amount'],
  repay: ['asset', 'amount'],
  deposit: ['asset', 'amount'],
  withdraw: ['asset', 'amount'],
  transfer: ['to', 'asset', 'amount'],
  liquidate: ['borrower', 'debt_asset', 'amount', 'collateral_asset'],
} as const satisfies Record<CommandOperation['type'], readonly ArgumentName[]>;

/** The text of each argument of an operation, by name. */
export function argumentsOf(operation: CommandOperation): Readonly<Partial<Record<ArgumentName, string>>> {
  const amount = String(operation.amount);
  if (operation.type === 'transfer') return { to: operation.to as string, asset: operation.asset, amount };
  if (operation.type !== 'liquidate') return { asset: operation.asset, amount };
  const { borrower, debtAsset, collateralAsset } = operation;
  return { borrower: borrower as string, debt_asset: debtAsset, amount, collateral_asset: collateralAsset };
}

/** The command as it is written. */
export function formatCommand(operation: CommandOperation): string {
  const given = argumentsOf(operation);
  return [operation.type, ...commandArguments[operation.type].map((name) => given[name])].join('|');
}
