/**
 * Law 4 over any sequence of ledger transactions: per asset everything the chain holds stays the same to the last unit but
 * for what settles, blocks, windows and flushes of fees come as they come, and a transaction that fails moves nothing.
 */

import { ZERO_HASH } from '../../../consensus/primitives/flavor.ts';
import {
  type BridgeVault,
  carryOutCrossChain,
  createVault,
  takeDeposit,
} from '../../../settlement/chain/bridgeVault.ts';
import type { ExecutionResult } from '../../../settlement/execution/result.ts';
import { type Transaction, transactionId } from '../../../settlement/execution/transaction.ts';
import { accountsTable } from '../../../settlement/ledger/tables.ts';
import { pendingBatches } from '../../../settlement/net/netState.ts';
import type { SettlementEvent } from '../../../settlement/net/settlement.ts';
import type { State } from '../../../settlement/state.ts';
import { drawInput } from './drawInput.ts';
import { type DrawnTransaction, pick } from './drawing.ts';
import { drawTransaction } from './drawTransaction.ts';
import { type Holdings, holdingsOf } from './holdings.ts';
import {
  type CaseReport,
  type Choices,
  type LedgerCast,
  LedgerWorld,
  people,
  rowsOf,
  unsignedTransaction,
} from './ledgerWorld.ts';

/** Most transactions of a block. */
const BLOCK_TRANSACTIONS_MAX = 6;
/** Rows that a transaction which failed may leave behind: its sender's nonce, how a batch ended, and the mark of an input. */
const traces = ['accounts/', 'atomic_batches/', 'input_marks/'];

export function checkConservation(cast: LedgerCast, choices: Choices, blockCount: number): CaseReport {
  const run = new ConservationRun(cast);
  for (let block = 0; block < blockCount && run.failures.length === 0; block += 1) run.block(choices);
  return run;
}

class ConservationRun implements CaseReport {
  readonly failures: string[] = [];
  /** How each kind of transaction ended, `<kind> <result>`, and the facts that came up, by type. */
  readonly counts = new Map<string, number>();
  readonly #world: LedgerWorld;
  readonly #expected: Holdings;
  /** The settlement contract's side of transfers between the chains. */
  #vault: BridgeVault = createVault({ TNZO: 10n ** 20n, UM: 1000n });

  constructor(cast: LedgerCast) {
    this.#world = new LedgerWorld(cast);
    this.#expected = holdingsOf(this.#world.state, cast.genesis.ledger);
  }

  block(choices: Choices): void {
    const { state, execution } = this.#world.begin(this.#drawSettlement(choices));
    if (choices.below(150) === 0) execution.addEvidence(ZERO_HASH, choices.below(4));
    for (let left = choices.below(BLOCK_TRANSACTIONS_MAX + 1); left > 0; left -= 1) {
      const drawn = drawTransaction(this.#world, state, choices);
      const { sender, body } = drawn;
      const transaction = this.#transactionOf(drawn, state, choices);
      const before = rowsOf(state);
      const held = holdingsOf(state, this.#world.genesis.ledger);
      const verdict = execution.addTransaction(transaction, transactionId(transaction));
      const result = verdict.ok ? verdict.value : `refused ${verdict.code}`;
      count(this.counts, `${body.type} ${result}`);
      if (transaction.auth.type === 'input') count(this.counts, `input ${result}`);
      const what = `${body.type} at height ${this.#world.height} (${result})`;
      this.#compare(what, held, holdingsOf(state, this.#world.genesis.ledger));
      if (!verdict.ok || verdict.value !== 'ok') this.#checkTraces(what, state, before, sender.address);
    }
    this.#finish(execution.finish());
  }

  #transactionOf(drawn: DrawnTransaction, state: State, choices: Choices): Transaction {
    const { sender, body } = drawn;
    const input = drawInput(this.#world, choices, drawn, (address) => this.#world.holderAt(address));
    if (input !== undefined) return input.transaction;
    const nonce = this.#world.nextNonce(sender.address, state);
    const { chainId } = this.#world.genesis;
    return unsignedTransaction({ chainId, from: sender.address, nonce, body });
  }

  #finish(result: ExecutionResult): void {
    this.#world.keep(result);
    for (const { type } of [...result.facts, ...result.atomicFacts]) count(this.counts, type);
    for (const fact of result.crossChainFacts) {
      if (fact.type !== 'cross_chain_decided') continue;
      count(this.counts, `${fact.type} ${fact.direction} ${fact.outcome}`);
      this.#expected.set(fact.asset, (this.#expected.get(fact.asset) ?? 0n) + fact.bridged);
    }
    for (const fact of result.facts) {
      if (fact.type !== 'batch_confirmed') continue;
      for (const { asset, amount } of fact.batch.net) {
        this.#expected.set(asset, (this.#expected.get(asset) ?? 0n) + amount);
      }
    }
    const { state, genesis, height } = this.#world;
    this.#compare(`block ${height - 1}`, this.#expected, holdingsOf(state, genesis.ledger));
  }

  #compare(what: string, expected: Holdings, actual: Holdings): void {
    for (const [asset, amount] of expected) {
      const held = actual.get(asset) ?? 0n;
      if (held !== amount) this.failures.push(`${what} changes ${asset} from ${amount} to ${held}`);
    }
  }

  /** A failed transaction changed its sender's nonce and nothing else of that account, and told how a batch ended. */
  #checkTraces(what: string, state: State, before: readonly string[], sender: string): void {
    const known = new Set(before);
    for (const row of rowsOf(state)) {
      if (known.has(row) || traces.slice(1).some((trace) => row.startsWith(trace))) continue;
      if (row.startsWith(`${traces[0]}${sender} `)) continue;
      this.failures.push(`${what} left ${row.slice(0, 80)}`);
    }
    const rows = state.entries(accountsTable).length;
    const accounts = before.filter((row) => row.startsWith('accounts/')).length;
    if (rows > accounts + 1) this.failures.push(`${what} opened accounts`);
  }

  /** Now and then the settlement chain goes on, and the oldest batch settles, reverts, or is missed once more. */
  #drawSettlement(choices: Choices): readonly SettlementEvent[] | undefined {
    if (choices.below(2) === 0) return undefined;
    const deposits = choices.below(3) === 0 ? this.#drawDeposits(choices) : [];
    const [batch] = pendingBatches(this.#world.state);
    const running = batch?.attempts.at(-1);
    if (batch === undefined || running === undefined || choices.below(3) === 0) return deposits;
    const { seq, fromHeight, toHeight, net } = batch;
    const { actions, attempt, proposer } = running;
    const common = { seq, proposer, attempt, transactionHash: ZERO_HASH, actions, gasUsed: 100_000, fee: 1n };
    if (choices.below(5) === 0) {
      return [...deposits, { type: 'batch_reverted', code: 'SLIPPAGE_EXCEEDED', ...common }];
    }
    const amountsIn = actions.map((action) => (action.type === 'swap' ? action.amount : undefined));
    const { vault, events } = carryOutCrossChain(
      this.#vault,
      batch.crossChain ?? [],
      this.#world.genesis.atomic,
    );
    this.#vault = vault;
    return [
      ...deposits,
      { type: 'batch_settled', fromHeight, toHeight, net, amountsIn, ...common },
      ...events,
    ];
  }

  /** Somebody deposits for the sidechain, now and then of an asset that it does not have. */
  #drawDeposits(choices: Choices): readonly SettlementEvent[] {
    const to = this.#world.holder(pick(choices, people)).address;
    const asset = pick(choices, ['TNZO', 'UM', 'USDC', 'NONE']);
    const deposit = { from: to, to, asset, amount: BigInt(1 + choices.below(900)), timeoutBlocks: 3 };
    const taken = takeDeposit(this.#vault, deposit, this.#world.genesis.atomic, this.#world.height);
    if (!taken.ok) return [];
    this.#vault = taken.value.vault;
    return [taken.value.event];
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
