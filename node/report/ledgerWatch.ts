/** The ledger of the newest final block, for the expectations that speak of it; followed only where one does. */
import type { Address } from '../../consensus/primitives/flavor.ts';
import { feeGovernanceOf } from '../../settlement/atomic/feeProposals.ts';
import { gatheredFees } from '../../settlement/atomic/fees.ts';
import {
  batchRecordsTable,
  channelsTable,
  escrowsTable,
  receiptsTable,
} from '../../settlement/atomic/tables.ts';
import type { AtomicBatchRecord, SettlementReceipt } from '../../settlement/atomic/types.ts';
import { accountOf, treasuryOf } from '../../settlement/ledger/accounts.ts';
import { assetIndexOf } from '../../settlement/ledger/assets.ts';
import { Layer, State } from '../../settlement/state.ts';
import { scenarioIdOf } from '../scenario/atomicBatch.ts';
import type { GenesisParts } from '../scenario/genesis.ts';
import { isLedgerCondition, type LedgerCondition } from '../scenario/ledgerConditions.ts';
import type { Expectation } from '../scenario/types.ts';

/** What conditions on the ledger ask for, by the names of the scenario. Amounts are smallest units. */
export interface LedgerView {
  balance(account: string, asset: string): bigint;
  treasury(asset: string): bigint;
  gatheredFees(asset: string): bigint;
  /** What is left in it; 0 where there is none. */
  escrow(id: string): bigint;
  /** What it locks; 0 where there is none, or none any more. */
  channel(id: string): bigint;
  /** Undefined: not executed. */
  atomicBatch(id: string): AtomicBatchRecord | undefined;
  receipt(id: string): SettlementReceipt | undefined;
  /** In force for the next block, in basis points. */
  networkFeeBps(): number;
  /** What the scenario calls an address, or the id of an escrow or a channel it expects something of; else that itself. */
  nameOf(address: string): string;
}

export class LedgerWatch implements LedgerView {
  /** Those of the scenario that are about the ledger. */
  readonly #conditions: readonly LedgerCondition[];
  readonly #parts: GenesisParts;
  readonly #rows = new Layer();
  readonly #state = new State([this.#rows]);

  constructor(expectations: readonly Expectation[], parts: GenesisParts, genesisLayer: Layer) {
    this.#conditions = expectations
      .flatMap((expectation) => ('condition' in expectation ? [expectation.condition] : []))
      .filter((condition) => isLedgerCondition(condition));
    this.#parts = parts;
    this.follow(genesisLayer);
  }

  /** Takes over what a final block wrote. */
  follow(layer: Layer): void {
    if (this.#conditions.length > 0) this.#rows.absorb(layer);
  }

  balance(account: string, asset: string): bigint {
    const { ledger } = this.#parts.genesis;
    const address = this.#addressOf(account);
    if (address === undefined) return 0n;
    return accountOf(this.#state, ledger, address).balances[assetIndexOf(ledger, asset)] ?? 0n;
  }

  treasury(asset: string): bigint {
    return treasuryOf(this.#state, asset);
  }

  gatheredFees(asset: string): bigint {
    return gatheredFees(this.#state, asset);
  }

  escrow(id: string): bigint {
    return this.#state.get(escrowsTable, scenarioIdOf('escrow', id))?.amount ?? 0n;
  }

  channel(id: string): bigint {
    const channel = this.#state.get(channelsTable, scenarioIdOf('channel', id));
    return channel === undefined || 'settlementId' in channel ? 0n : channel.deposit;
  }

  atomicBatch(id: string): AtomicBatchRecord | undefined {
    return this.#state.get(batchRecordsTable, scenarioIdOf('batch', id));
  }

  receipt(id: string): SettlementReceipt | undefined {
    return this.#state.get(receiptsTable, scenarioIdOf('settlement', id));
  }

  networkFeeBps(): number {
    return feeGovernanceOf(this.#state).networkFeeBps ?? this.#parts.genesis.atomic.networkFeeBps;
  }

  nameOf(address: string): string {
    for (const [label, holder] of this.#parts.accounts) if (holder.address === address) return label;
    for (const condition of this.#conditions) {
      if (condition.type !== 'escrow' && condition.type !== 'channel') continue;
      if (scenarioIdOf(condition.type, condition.id) === address) return `${condition.type} ${condition.id}`;
    }
    return this.#parts.validators.find((validator) => validator.address === address)?.name ?? address;
  }

  #addressOf(label: string): Address | undefined {
    const { accounts, validators, genesis } = this.#parts;
    return (
      accounts.get(label)?.address ??
      validators.find(({ name }) => name === label)?.address ??
      genesis.accounts.find((account) => account.label === label)?.address
    );
  }
}
