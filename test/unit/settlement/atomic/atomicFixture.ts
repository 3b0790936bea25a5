/** A small chain for tests of atomic settlement: rules, accounts with balances, batches, and everything it holds as text. */
import { expect } from 'vitest';
import { toHex } from '../../../../consensus/primitives/bytes.ts';
import { decode, encode } from '../../../../consensus/primitives/codec.ts';
import { type Address, AMOUNT_MAX, type Hash } from '../../../../consensus/primitives/flavor.ts';
import {
  type BatchContext,
  type BatchOutcome,
  executeAtomicBatch,
} from '../../../../settlement/atomic/batch.ts';
import { applyChannelOperation } from '../../../../settlement/atomic/channel.ts';
import type { ChannelFact, ChannelOperation } from '../../../../settlement/atomic/channelTypes.ts';
import { applyEscrowOperation } from '../../../../settlement/atomic/escrow.ts';
import { createProofTrust } from '../../../../settlement/atomic/proofs/proofTrust.ts';
import { ProofVerdicts } from '../../../../settlement/atomic/proofs/proofVerdicts.ts';
import {
  atomicTables,
  channelsTable,
  escrowsTable,
  gatheredFeesTable,
} from '../../../../settlement/atomic/tables.ts';
import {
  applyTreasuryOperation,
  settleWithdrawals,
  type TreasuryContext,
} from '../../../../settlement/atomic/treasury.ts';
import type { TreasuryFact, TreasuryOperation } from '../../../../settlement/atomic/treasuryTypes.ts';
import type {
  AtomicBatch,
  AtomicRules,
  EscrowOperation,
  SettlementRequest,
} from '../../../../settlement/atomic/types.ts';
import { chainIdOf } from '../../../../settlement/execution/genesisState.ts';
import { accountOf, ledgerTotals, replaceAmount } from '../../../../settlement/ledger/accounts.ts';
import { assetIndexOf } from '../../../../settlement/ledger/assets.ts';
import { writeGenesisLedger } from '../../../../settlement/ledger/genesis.ts';
import { accountsTable, ledgerTables } from '../../../../settlement/ledger/tables.ts';
import type { GenesisAccount } from '../../../../settlement/ledger/types.ts';
import { type AnyTable, State, type Table } from '../../../../settlement/state.ts';
import { addressOf, rules as ledger } from '../ledger/ledgerFixture.ts';

/** Height 0 is at 0 here. */
export const BLOCK_TIME_MS = 2000;
export const TNZO = 10n ** 18n;
export const buyer = addressOf('buyer');
export const seller = addressOf('seller');
export const market = addressOf('market');
export const arbiter = addressOf('arbiter');

export const chainId = chainIdOf('atomic');

/** The defaults of config.yaml. */
export const rules: AtomicRules = {
  requestsMax: 1000,
  valueMax: { TNZO: 10_000_000n * TNZO },
  accountsMax: 10_000,
  timeoutBlocks: 15,
  gasMax: 150_000,
  networkFeeBps: 50,
  feeMin: 1n,
  flushIntervalBlocks: 100,
  channelDisputeMs: 86_400_000,
  treasury: {
    keepers: [1, 2, 3, 4, 5].map((number) => addressOf(`keeper-${number}`)),
    threshold: 3,
    timeoutBlocks: 302_400,
  },
  feeGovernance: {
    votingPeriodMs: 259_200_000,
    activationDelayMs: 604_800_000,
    quorumBps: 6667,
    passThresholdBps: 5000,
  },
  proofs: { trust: {}, required: [], genesisMs: 0 },
};

/** A hash that only this number has. */
export function idOf(number: number): Hash {
  return `0x${number.toString(16).padStart(64, '0')}`;
}

let nextId = 1;

/** A payment of 1 TNZO from buyer to seller, but for what is given. */
export function request(fields: Partial<SettlementRequest> = {}): SettlementRequest {
  nextId += 1;
  return {
    settlementId: idOf(nextId),
    from: buyer,
    to: seller,
    amount: TNZO,
    asset: 'TNZO',
    kind: 'immediate',
    metadata: '',
    ...fields,
  };
}

export function batchOf(
  requests: readonly SettlementRequest[],
  fields: Partial<AtomicBatch> = {},
): AtomicBatch {
  nextId += 1;
  return { batchId: idOf(nextId), expiresAtHeight: 12, requests, ...fields };
}

export class AtomicChain {
  readonly state: State;
  height = 10;
  /** Of a chain that remembers; otherwise each batch is judged anew. */
  verdicts: ProofVerdicts | undefined;

  constructor(balances: Readonly<Record<string, Readonly<Record<string, bigint>>>>) {
    this.state = new State([]);
    const accounts: GenesisAccount[] = Object.entries(balances).map(([address, held]) => ({
      address,
      label: address,
      balances: held,
      deposits: {},
      debts: {},
    }));
    writeGenesisLedger(this.state, ledger, accounts, {});
  }

  /** The block at `height`, under the rules as they are changed. */
  context(changed: Partial<AtomicRules> = {}): BatchContext {
    const used = { ...rules, ...changed };
    const verdicts = this.verdicts ?? new ProofVerdicts(createProofTrust(used.proofs.trust));
    return {
      chainId,
      ledger,
      rules: used,
      verdicts,
      height: this.height,
      timestampMs: this.height * BLOCK_TIME_MS,
    };
  }

  /** Executes a batch that all of its payers signed, unless it says who did. */
  execute(
    batch: AtomicBatch,
    {
      signers,
      changed,
    }: { readonly signers?: readonly Address[]; readonly changed?: Partial<AtomicRules> } = {},
  ): BatchOutcome {
    const [sender = buyer, ...others] = signers ?? payersOf(batch);
    return executeAtomicBatch(this.state, this.context(changed), sender, {
      type: 'atomic_batch',
      batch,
      signers: others,
    });
  }

  /** Gives an account all it can hold, behind the back of all law. */
  fill(address: Address, asset: string): void {
    const account = accountOf(this.state, ledger, address);
    const balances = replaceAmount(account.balances, assetIndexOf(ledger, asset), AMOUNT_MAX);
    this.state.set(accountsTable, address, { ...account, balances });
  }

  /** Opens or refunds an escrow. @returns The code of a refusal. */
  escrow(from: Address, operation: EscrowOperation): string | undefined {
    const verdict = applyEscrowOperation(this.state, ledger, this.height, from, operation);
    return verdict.ok ? undefined : verdict.code;
  }

  /** Does something with a channel. @returns What came of it, or the code of a refusal. */
  channel(from: Address, operation: ChannelOperation): ChannelFact | string {
    const verdict = applyChannelOperation(this.state, this.context(), from, operation);
    return verdict.ok ? verdict.value.fact : verdict.code;
  }

  /** Proposes or approves a withdrawal. @returns What came of it, or the code of a refusal. */
  treasury(from: Address, operation: TreasuryOperation): readonly TreasuryFact[] | string {
    const verdict = applyTreasuryOperation(this.state, this.#treasuryContext(), from, operation);
    return verdict.ok ? verdict.value : verdict.code;
  }

  /** What the treasury does at the end of a block; then the next one begins. */
  endBlock(): readonly TreasuryFact[] {
    const facts = settleWithdrawals(this.state, this.#treasuryContext());
    this.height += 1;
    return facts;
  }

  #treasuryContext(): TreasuryContext {
    return { ledger, treasury: rules.treasury, height: this.height };
  }

  balance(address: Address, asset = 'TNZO'): bigint | undefined {
    return accountOf(this.state, ledger, address).balances[assetIndexOf(ledger, asset)];
  }

  /** Per asset: all the ledger holds, what has gathered on the way to the treasury, and what lies in escrows and channels. */
  totals(): readonly bigint[] {
    const totals = [...ledgerTotals(this.state, ledger)];
    for (const [asset, amount] of this.state.entries(gatheredFeesTable)) {
      const index = assetIndexOf(ledger, asset);
      totals[index] = (totals[index] ?? 0n) + amount;
    }
    for (const [, channel] of this.state.entries(channelsTable)) {
      if ('settlementId' in channel) continue;
      const index = assetIndexOf(ledger, channel.asset);
      totals[index] = (totals[index] ?? 0n) + channel.deposit;
    }
    for (const [, { asset, amount }] of this.state.entries(escrowsTable)) {
      const index = assetIndexOf(ledger, asset);
      totals[index] = (totals[index] ?? 0n) + amount;
    }
    return totals;
  }

  /** Every row of ledger and atomic settlement as bytes, but for those of the tables named. */
  rows(except: readonly AnyTable[] = []): string[] {
    return [...ledgerTables, ...atomicTables]
      .filter((table) => !except.includes(table))
      .flatMap((table) => rowsOf(this.state, table as unknown as Table<unknown>));
  }
}

/** Whoever pays, once each, in order. */
export function payersOf({ requests }: AtomicBatch): Address[] {
  return [...new Set(requests.map(({ from }) => from))];
}

/** Every row of these tables reads as it was written. */
export function expectRoundTrip(state: State, tables: readonly AnyTable[]): void {
  for (const table of tables as unknown as readonly Table<unknown>[]) {
    for (const [key, row] of state.entries(table)) {
      const decoded = decode(
        encode((writer) => table.write(writer, row)),
        table.read,
      );
      expect(decoded, `${table.name}/${key}`).toEqual({ ok: true, value: row });
    }
  }
}

function rowsOf(state: State, table: Table<unknown>): string[] {
  return state
    .entries(table)
    .map(([key, row]) => `${table.name}/${key} ${toHex(encode((writer) => table.write(writer, row)))}`);
}
