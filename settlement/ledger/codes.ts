/** Every code with which the ledger refuses or fails, and what it means; docs/errors.md is made from this table. */
import { type Refusal, refuse } from '../../consensus/primitives/codedError.ts';

export const ledgerCodes = {
  LEDGER_AMOUNT_ZERO: 'an amount must be above zero',
  LEDGER_AMOUNT_OVERFLOW: 'an amount or a sum it enters exceeds what the ledger can hold',
  LEDGER_ASSET_UNKNOWN: 'no such asset is registered',
  LEDGER_CLOSE_FACTOR_EXCEEDED: 'one liquidation may repay only a part of a debt',
  LEDGER_COLLATERAL_INSUFFICIENT: 'the borrower has less of that collateral deposited than would be seized',
  LEDGER_GENESIS_INVALID: 'genesis accounts, pools or asset rules contradict each other',
  LEDGER_INSUFFICIENT_BALANCE: 'the account holds less of the asset than the operation takes',
  LEDGER_INSUFFICIENT_DEPOSIT: 'the account has deposited less of the asset than it wants back',
  LEDGER_NONCE_AHEAD: 'an earlier transaction of the sender has not been executed',
  LEDGER_NONCE_USED: 'a transaction of the sender with this nonce was executed already',
  LEDGER_NOT_ORACLE: 'only the oracle account may do this',
  LEDGER_POSITION_HEALTHY: 'the debts are within the liquidation threshold, so nothing may be liquidated',
  LEDGER_POSITION_UNHEALTHY: 'debts would exceed what the deposits may secure',
  LEDGER_PRICE_ZERO: 'a price must be above zero',
  LEDGER_REPAY_EXCEEDS_DEBT: 'more would be repaid than is owed',
  LEDGER_SELF_LIQUIDATION: 'nobody liquidates an own position',
  LEDGER_TRANSFER_TO_SELF: 'a transfer needs two accounts',
  POOL_INSUFFICIENT_CASH: 'the pool has not enough cash that is free to leave it',
} as const;

export type LedgerCode = keyof typeof ledgerCodes;

/** A refusal whose message is the meaning of its code; what varies stands in `details`, amounts as decimal strings. */
export function refuseLedger(
  code: LedgerCode,
  details?: Readonly<Record<string, unknown>>,
): Refusal<LedgerCode> {
  return refuse(code, ledgerCodes[code], details);
}
