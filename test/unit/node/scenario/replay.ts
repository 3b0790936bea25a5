/** Runs a scenario's own transactions through the real ledger, block by block, without nodes. */
import { createCrypto } from '../../../../consensus/primitives/cryptoPolicy.ts';
import { formatProblem } from '../../../../node/config/problem.ts';
import { createGenesis, type GenesisParts } from '../../../../node/scenario/genesis.ts';
import { parseScenario } from '../../../../node/scenario/loadScenario.ts';
import { TransactionFeed } from '../../../../node/scenario/timeline.ts';
import type { Scenario, TimelineEvent } from '../../../../node/scenario/types.ts';
import { createGenesisState } from '../../../../settlement/execution/genesisState.ts';
import { decodeTransaction, type Transaction } from '../../../../settlement/execution/transaction.ts';
import { applyLedgerOperation } from '../../../../settlement/ledger/ledger.ts';
import type { LedgerOperation } from '../../../../settlement/ledger/types.ts';
import { State } from '../../../../settlement/state.ts';

export function loadText(text: string, file = 'x.yaml'): Scenario {
  const parsed = parseScenario(text, file);
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.value.scenario;
}

export interface Replay {
  readonly parts: GenesisParts;
  readonly state: State;
  readonly transactions: readonly Transaction[];
  /** Codes of operations that the ledger refused, with their blocks. */
  readonly refusals: readonly string[];
}

/** Replays `blockCount` blocks; `loose` events are signed and applied before block 1. */
export function replay(scenario: Scenario, blockCount: number, loose: readonly TimelineEvent[] = []): Replay {
  const parts = createGenesis(scenario);
  const feed = new TransactionFeed(scenario, parts, createCrypto('modelled'));
  const state = new State([createGenesisState(parts.genesis).base]);
  const transactions: Transaction[] = [];
  const refusals: string[] = [];
  const apply = (bytes: Uint8Array, height: number): void => {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) throw new Error(decoded.message);
    const { transaction } = decoded.value;
    transactions.push(transaction);
    const { body, from } = transaction;
    if (body.type === 'unjail' || body.type === 'settle_now' || body.type === 'set_batch_size') return;
    if (body.type === 'atomic_batch' || /^(?:escrow|channel|treasury|fee|cross_chain)_/.test(body.type))
      return;
    const verdict = applyLedgerOperation(state, parts.genesis.ledger, from, body as LedgerOperation);
    if (!verdict.ok) refusals.push(`${height} ${body.type} ${verdict.code}`);
  };
  for (const event of loose) for (const bytes of feed.forEvent(event, 0, 0)) apply(bytes, 0);
  for (let height = 1; height <= blockCount; height += 1) {
    for (const bytes of feed.forBlock(height)) apply(bytes, height);
  }
  return { parts, state, transactions, refusals };
}
