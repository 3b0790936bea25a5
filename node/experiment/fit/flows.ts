/** What of a trace a workload model speaks of: borrowings and repayments with their times, and what is left aside. */
import type { TraceRow } from '../../scenario/trace.ts';

export interface Flow {
  /** Since the first row of the trace. */
  readonly timeMs: number;
  readonly account: string;
  readonly asset: string;
  readonly amount: bigint;
  readonly repays: boolean;
}

export interface TraceFlows {
  /** In order of time. */
  readonly flows: readonly Flow[];
  /** From the first flow to the last. */
  readonly spanMs: number;
  /** Deposits and withdrawals, which move no net. */
  readonly ignoredCount: number;
  /** Counted among the repayments. */
  readonly liquidationCount: number;
}

/** Rows as `readTrace` gives them. */
export function flowsOf(rows: readonly TraceRow[]): TraceFlows {
  const flows: Flow[] = [];
  let [ignoredCount, liquidationCount] = [0, 0];
  const startUs = rows[0]?.timestampUs ?? 0;
  for (const { timestampUs, transaction } of rows) {
    const { operation, account = '' } = transaction;
    const timeMs = (timestampUs - startUs) / 1000;
    if (operation.type === 'borrow' || operation.type === 'repay') {
      const { asset, amount } = operation;
      flows.push({ timeMs, account, asset, amount, repays: operation.type === 'repay' });
    } else if (operation.type === 'liquidate') {
      const { borrower, debtAsset, amount } = operation;
      flows.push({ timeMs, account: borrower, asset: debtAsset, amount, repays: true });
      liquidationCount += 1;
    } else ignoredCount += 1;
  }
  const spanMs = (flows.at(-1)?.timeMs ?? 0) - (flows[0]?.timeMs ?? 0);
  return { flows, spanMs, ignoredCount, liquidationCount };
}
