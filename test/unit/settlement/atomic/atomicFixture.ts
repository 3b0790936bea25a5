/** A small chain for tests of atomic settlement: rules, accounts with balances, batches, and everything it holds as text. */
import { toHex } from '../../../../consensus/primitives/bytes.ts';
import { encode } from '../../../../consensus/primitives/codec.ts';
import { type Address, AMOUNT_MAX, type Hash } from '../../../../consensus/primitives/flavor.ts';
import { type BatchOutcome, executeAtomicBatch } from '../../../../settlement/atomic/batch.ts';
import { applyEscrowOperation } from '../../../../settlement/atomic/escrow.ts';
import { atomicTables, escrowsTable, gatheredFeesTable } from '../../../../settlement/atomic/tables.ts';
import type {
  AtomicBatch,
  AtomicRules,
  EscrowOperation,
  SettlementRequest,
} from '../../../../settlement/atomic/types.ts';
import { accountOf, ledgerTotals, replaceAmount } from '../../../../settlement/ledger/accounts.ts';
import { assetIndexOf } from '../../../../settlement/ledger/assets.ts';
import { writeGenesisLedger } from '../../../../settlement/ledger/genesis.ts';
import { accountsTable, ledgerTables } from '../../../../settlement/ledger/tables.ts';
import type { GenesisAccount } from '../../../../settlement/ledger/types.ts';
import { type AnyTable, State, type Table } from '../../../../settlement/state.ts';
import { addressOf, rules as ledger } from '../ledger/ledgerFixture.ts';

export const TNZO = 10n ** 18n;
export const buyer = addressOf('buyer');
export const seller = addressOf('seller');
export const market = addressOf('market');
export const arbiter = addressOf('arbiter');

/** The defaults of config.yaml. */
export const rules: AtomicRules = {
  requestsMax: 1000,
  valueMax: { TNZO: 10_000_000n * TNZO },
  accountsMax: 10_000,
  timeoutBlocks: 15,
  gasMax: 200_000,
  networkFeeBps: 50,
  feeMin: 1n,
  flushIntervalBlocks: 100,
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

  /** Executes a batch that all of its payers signed, unless it says who did. */
  execute(
    batch: AtomicBatch,
    {
      signers,
      changed,
    }: { readonly signers?: readonly Address[]; readonly changed?: Partial<AtomicRules> } = {},
  ): BatchOutcome {
    const context = {
      ledger,
      rules: { ...rules, ...changed },
      height: this.height,
      timestampMs: this.height * 2000,
    };
    const [sender = buyer, ...others] = signers ?? payersOf(batch);
    return executeAtomicBatch(this.state, context, sender, { type: 'atomic_batch', batch, signers: others });
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

  balance(address: Address, asset = 'TNZO'): bigint | undefined {
    return accountOf(this.state, ledger, address).balances[assetIndexOf(ledger, asset)];
  }

  /** Per asset: all the ledger holds, what has gathered on the way to the treasury, and what lies in escrows. */
  totals(): readonly bigint[] {
    const totals = [...ledgerTotals(this.state, ledger)];
    for (const [asset, amount] of this.state.entries(gatheredFeesTable)) {
      const index = assetIndexOf(ledger, asset);
      totals[index] = (totals[index] ?? 0n) + amount;
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

function rowsOf(state: State, table: Table<unknown>): string[] {
  return state
    .entries(table)
    .map(([key, row]) => `${table.name}/${key} ${toHex(encode((writer) => table.write(writer, row)))}`);
}
