/** Whether a state holds atomic batches whole: each with everything it does, or with nothing but how it failed. */
import type { Address } from '../../consensus/primitives/flavor.ts';
import { holdingsOf } from '../../scripts/campaign/ledger/holdings.ts';
import { batchRecordsTable, receiptsTable } from '../../settlement/atomic/tables.ts';
import type { AtomicBatch, SettlementReceipt } from '../../settlement/atomic/types.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { createGenesisState } from '../../settlement/execution/genesisState.ts';
import { accountOf } from '../../settlement/ledger/accounts.ts';
import { assetIndexOf } from '../../settlement/ledger/assets.ts';
import { type Layer, State } from '../../settlement/state.ts';

export interface WholeBatches {
  /** What is half done, or does not add up. */
  readonly violations: readonly string[];
  readonly completed: number;
  readonly failed: number;
}

/**
 * @param batches - All that were ever sent, in one asset that nothing else moves between accounts.
 * @param genesis - Where the accounts began.
 */
export function checkWholeBatches(
  base: Layer,
  genesis: Genesis,
  asset: string,
  batches: readonly AtomicBatch[],
): WholeBatches {
  const state = new State([base]);
  const violations: string[] = [];
  const counts = { completed: 0, failed: 0 };
  const receipts: SettlementReceipt[] = [];
  for (const { batchId, requests } of batches) {
    const record = state.get(batchRecordsTable, batchId);
    const isDone = record !== undefined && record.failure === undefined;
    if (record !== undefined) counts[isDone ? 'completed' : 'failed'] += 1;
    const found = requests.flatMap(({ settlementId }) => state.get(receiptsTable, settlementId) ?? []);
    receipts.push(...found);
    if (found.length === (isDone ? requests.length : 0)) continue;
    violations.push(`${found.length} of ${requests.length} settlements of the batch ${batchId} are done`);
  }
  const change = new Map<Address, bigint>();
  for (const { from, to, gross, net } of receipts) {
    change.set(from, (change.get(from) ?? 0n) - gross);
    change.set(to, (change.get(to) ?? 0n) + net);
  }
  const beginning = new State([createGenesisState(genesis).base]);
  const { ledger } = genesis;
  const index = assetIndexOf(ledger, asset);
  const balanceIn = (where: State, account: Address) =>
    accountOf(where, ledger, account).balances[index] ?? 0n;
  const accounts = new Set(batches.flatMap(({ requests }) => requests.flatMap(({ from, to }) => [from, to])));
  for (const account of accounts) {
    const [is, was, moved] = [
      balanceIn(state, account),
      balanceIn(beginning, account),
      change.get(account) ?? 0n,
    ];
    if (is !== was + moved) violations.push(`${account} has ${is} ${asset}, its receipts say ${was + moved}`);
  }
  const [is, was] = [state, beginning].map((where) => holdingsOf(where, ledger).get(asset));
  if (is !== was) violations.push(`there are ${is} ${asset}, there were ${was}`);
  return { violations, ...counts };
}
