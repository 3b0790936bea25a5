/**
 * Both ends of the bridge without anything between them: the sidechain's law on a state, the settlement contract's vault, and
 * batches and blocks that go from one to the other when the test says so.
 */
import type { Address } from '../../../../consensus/primitives/flavor.ts';
import { gatheredFees } from '../../../../settlement/atomic/fees.ts';
import { deriveCrossChain } from '../../../../settlement/bridge/derive.ts';
import { crossChainCounters, takeActions, transferOf } from '../../../../settlement/bridge/queue.ts';
import { sendCrossChain } from '../../../../settlement/bridge/send.ts';
import { bridgeTables, queueTable, transfersTable } from '../../../../settlement/bridge/tables.ts';
import type {
  CrossChainFact,
  CrossChainSendOperation,
  CrossChainTransfer,
} from '../../../../settlement/bridge/types.ts';
import {
  type BridgeVault,
  carryOutCrossChain,
  createVault,
  takeDeposit,
  vaultTotal,
} from '../../../../settlement/chain/bridgeVault.ts';
import { accountOf, ledgerTotals } from '../../../../settlement/ledger/accounts.ts';
import { assetIndexOf } from '../../../../settlement/ledger/assets.ts';
import { writeGenesisLedger } from '../../../../settlement/ledger/genesis.ts';
import type {
  CrossChainAction,
  CrossChainDeposit,
  CrossChainEvent,
} from '../../../../settlement/net/crossChain.ts';
import type { SettlementBlock } from '../../../../settlement/net/settlement.ts';
import { State } from '../../../../settlement/state.ts';
import { idOf } from '../atomic/atomicFixture.ts';
import { addressOf, rules as ledger } from '../ledger/ledgerFixture.ts';

export const alice = addressOf('alice');
export const bob = addressOf('bob');
export const rates = { networkFeeBps: 50, feeMin: 1n };
/** What the settlement chain takes: another rate, so that a mix-up shows. */
export const farRates = { networkFeeBps: 100, feeMin: 1n };
const PREFIX = 0xc0ffeen << 232n;

/** An id that is free for senders to choose. */
export function transferIdOf(number: number): string {
  return `0x${(PREFIX + BigInt(idOf(number))).toString(16).padStart(64, '0')}`;
}

export class Bridge {
  readonly state = new State([]);
  vault: BridgeVault;
  /** Kept by the settlement chain, by asset. */
  readonly farFees = new Map<string, bigint>();
  readonly facts: CrossChainFact[] = [];
  /** Sealed and not settled, oldest first. */
  readonly batches: (readonly CrossChainAction[])[] = [];
  /** Made and not derived, ascending. */
  #blocks: SettlementBlock[] = [];
  #pending: CrossChainEvent[] = [];
  #farHeight = 0;
  #originHeight = 0;
  #height = 0;

  constructor(balances: Record<string, bigint>, liquidity: Record<string, bigint>) {
    writeGenesisLedger(
      this.state,
      ledger,
      [{ label: 'alice', balances, deposits: {}, debts: {}, address: alice }],
      {},
    );
    this.vault = createVault(liquidity);
  }

  /** @returns The code of a refusal. */
  send(fields: Partial<CrossChainSendOperation> = {}, from: Address = alice): string | undefined {
    const operation: CrossChainSendOperation = {
      type: 'cross_chain_send',
      transferId: transferIdOf(1),
      to: bob,
      asset: 'TNZO',
      amount: 10_000n,
      timeoutBlocks: 4,
      ...fields,
    };
    const mark = this.state.checkpoint();
    const context = { ledger, rates, height: this.#height, originHeight: this.#originHeight };
    const verdict = sendCrossChain(this.state, context, from, operation);
    if (verdict.ok) this.facts.push(verdict.value);
    else if (this.state.checkpoint() !== mark) throw new Error('a refusal wrote');
    return verdict.ok ? undefined : verdict.code;
  }

  deposit(fields: Partial<CrossChainDeposit> = {}): void {
    const deposit = { from: bob, to: alice, asset: 'TNZO', amount: 10_000n, timeoutBlocks: 4, ...fields };
    const taken = takeDeposit(this.vault, deposit, farRates, this.#farHeight + 1);
    if (!taken.ok) return;
    this.vault = taken.value.vault;
    this.#pending.push(taken.value.event);
  }

  /** A window ends on the sidechain. */
  seal(): void {
    const actions = takeActions(this.state);
    if (actions.length > 0) this.batches.push(actions);
  }

  /** The oldest batch lands on the settlement chain. */
  settle(): void {
    const actions = this.batches.shift();
    if (actions === undefined) return;
    const { vault, events, fees } = carryOutCrossChain(this.vault, actions, farRates);
    this.vault = vault;
    this.#pending.push(...events);
    for (const [asset, fee] of fees) this.farFees.set(asset, (this.farFees.get(asset) ?? 0n) + fee);
  }

  /** The settlement chain makes a block of what happened there. */
  makeBlock(): void {
    this.#farHeight += 1;
    this.#blocks.push({ height: this.#farHeight, events: this.#pending } as unknown as SettlementBlock);
    this.#pending = [];
  }

  /** A header brings every block so far into view. */
  derive(): readonly CrossChainFact[] {
    this.#height += 1;
    this.#originHeight = this.#farHeight;
    const facts = deriveCrossChain(this.state, { ledger, rates, height: this.#height, blocks: this.#blocks });
    this.#blocks = [];
    this.facts.push(...facts);
    return facts;
  }

  /** Everything goes its way once: sealed, settled, made a block, derived. */
  round(): void {
    this.seal();
    this.settle();
    this.makeBlock();
    this.derive();
  }

  /** Until nothing is under way. */
  quiesce(): void {
    for (let count = 0; count < 100; count += 1) this.round();
  }

  transfer(transferId = transferIdOf(1)): CrossChainTransfer | undefined {
    return transferOf(this.state, transferId);
  }

  transfers(): readonly CrossChainTransfer[] {
    return this.state.entries(transfersTable).map(([, row]) => row);
  }

  balance(address: Address, asset = 'TNZO'): bigint {
    return accountOf(this.state, ledger, address).balances[assetIndexOf(ledger, asset)] ?? 0n;
  }

  get openCount(): number {
    return crossChainCounters(this.state).openCount;
  }

  get queued(): number {
    return this.state.entries(queueTable).length;
  }

  /** Rows that the bridge has written, for whoever expects none. */
  get rowCount(): number {
    return bridgeTables.reduce((sum, table) => sum + this.state.entries(table as never).length, 0);
  }

  /** Everything there is of an asset on the sidechain. */
  hereTotal(asset = 'TNZO'): bigint {
    let total =
      (ledgerTotals(this.state, ledger)[assetIndexOf(ledger, asset)] ?? 0n) + gatheredFees(this.state, asset);
    for (const row of this.transfers()) if (row.state === 'open' && row.asset === asset) total += row.amount;
    return total;
  }

  /** The same on the settlement chain, as far as the bridge touches it. */
  thereTotal(asset = 'TNZO'): bigint {
    return vaultTotal(this.vault, asset) + (this.farFees.get(asset) ?? 0n);
  }
}
