/**
 * The ledger of a small chain alone, block after block, for checks that try everything on it: every table small enough to
 * compare whole, limits and intervals so short that all of them are met within a few blocks.
 */

import { toHex } from '../../../consensus/primitives/bytes.ts';
import { encode } from '../../../consensus/primitives/codec.ts';
import { type Hash, ZERO_HASH } from '../../../consensus/primitives/flavor.ts';
import { formatProblem } from '../../../node/config/problem.ts';
import {
  createGenesis,
  deriveKeyHolder,
  type GenesisParts,
  type KeyHolder,
} from '../../../node/scenario/genesis.ts';
import { parseScenario } from '../../../node/scenario/loadScenario.ts';
import { BlockExecution } from '../../../settlement/execution/blockExecution.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import { createGenesisState } from '../../../settlement/execution/genesisState.ts';
import type { ExecutionResult } from '../../../settlement/execution/result.ts';
import type { Transaction } from '../../../settlement/execution/transaction.ts';
import { accountOf } from '../../../settlement/ledger/accounts.ts';
import type { SettlementBlock, SettlementEvent } from '../../../settlement/net/settlement.ts';
import { type Layer, State, type Table } from '../../../settlement/state.ts';
import { stateTables } from './holdings.ts';

/** Whatever draws whole numbers: a seeded generator, or numbers that a property made. */
export interface Choices {
  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number;
}

/** What a case of the campaign found. */
export interface CaseReport {
  /** Empty when everything held. */
  readonly failures: readonly string[];
  /** What came of how many inputs. */
  readonly counts: ReadonlyMap<string, number>;
}

export const people = ['alice', 'bob', 'carol', 'dave'] as const;

const SCENARIO = `
name: ledger
seed: 11
duration: 30s
config:
  settlement: { batch_size: 3, submission_deadline_blocks: 1, jail_after_misses: 1, jail_blocks: 1 }
  ledger:
    flush_interval_blocks: 3
    treasury_keepers: [alice, bob, carol]
    treasury_threshold: 2
    fee_voting_period_ms: 20000
    fee_activation_delay_ms: 6000
    fee_quorum_bps: 2500
  atomic_batches: { value_max: "25000000000000000000000000000000000000", requests_max: 12, accounts_max: 12, timeout_blocks: 5, gas_max: 20000, channel_dispute_ms: 10000 }
  batcher: { namespace: fuzz, freshness_past_ms: 4000, freshness_future_ms: 4000, execution_span_ms: 12000 }
auto_fund: false
accounts:
  alice: { balances: { UM: 300, USDC: 1000, TNZO: 5000 }, deposits: { USDC: 400 }, debts: { UM: 150 } }
  bob: { balances: { UM: 1000000, USDC: 300 }, deposits: { UM: 900 }, debts: { USDC: 1300 } }
  carol: { balances: { UM: 100, USDC: 100, TNZO: 900000000 }, deposits: { TNZO: 4000000000 } }
  dave: { balances: { TNZO: "42535295865117307932921825928971026432" } }
  oracle: { balances: { UM: 4000, USDC: 4000, TNZO: 400 } }
pool_cash: { UM: 800, USDC: 2000, TNZO: 400 }
`;

/** Who acts, and the rules. Made once: deriving keys costs more than thousands of transactions. */
export interface LedgerCast {
  readonly parts: GenesisParts;
  readonly genesis: Genesis;
  /** People, the oracle, the operator, and the first validator, which may have to be let out of jail. */
  readonly holders: ReadonlyMap<string, KeyHolder>;
}

export function createLedgerCast(): LedgerCast {
  const parsed = parseScenario(SCENARIO, 'ledger.yaml');
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  const parts = createGenesis(parsed.value.scenario);
  const { accounts, validators, operator } = parts;
  const holders = new Map<string, KeyHolder>(accounts);
  for (const [index, validator] of validators.entries()) holders.set(`validator-${index}`, validator);
  holders.set('operator', operator ?? deriveKeyHolder('ledger', 'operator'));
  return { parts, genesis: parts.genesis, holders };
}

export class LedgerWorld {
  readonly cast: LedgerCast;
  /** Before the first of its transactions. */
  readonly base: Layer;
  #stateRoot: Hash;
  #origin: SettlementBlock = settlementBlockAt(0, []);
  /** Origin of the block in the making. */
  #nextOrigin: SettlementBlock = this.#origin;
  height = 1;

  constructor(cast: LedgerCast) {
    this.cast = cast;
    const { base, stateRoot } = createGenesisState(cast.genesis);
    this.base = base;
    this.#stateRoot = stateRoot;
  }

  get genesis(): Genesis {
    return this.cast.genesis;
  }

  holder(label: string): KeyHolder {
    const holder = this.cast.holders.get(label);
    if (holder === undefined) throw new RangeError(`nobody is called ${label}`);
    return holder;
  }

  /** The chain as of its last block. */
  get state(): State {
    return new State([this.base]);
  }

  holderAt(address: string): KeyHolder {
    for (const holder of this.cast.holders.values()) if (holder.address === address) return holder;
    throw new RangeError(`nobody is at ${address}`);
  }

  nextNonce(address: string, state: State = this.state): number {
    return accountOf(state, this.genesis.ledger, address).nonce;
  }

  /**
   * A block in the making and the state it writes to; `keep` it or forget it.
   * @param events - Of the settlement block that it brings into view; undefined: it brings none.
   */
  begin(events?: readonly SettlementEvent[]): { readonly state: State; readonly execution: BlockExecution } {
    const { state, height } = this;
    const blocks = events === undefined ? [] : [settlementBlockAt(this.#origin.height + 1, events)];
    this.#nextOrigin = blocks[0] ?? this.#origin;
    const execution = new BlockExecution(this.genesis, state, {
      height,
      timestampMs: (height - 1) * this.genesis.blockTimeMs,
      parentStateRoot: this.#stateRoot,
      settlementBlocks: blocks,
      origin: this.#nextOrigin,
    });
    return { state, execution };
  }

  /** Makes the block begun last the chain's next one. */
  keep(result: ExecutionResult): void {
    this.base.absorb(result.layer);
    this.#stateRoot = result.stateRoot;
    this.#origin = this.#nextOrigin;
    this.height += 1;
  }
}

/** A transaction that nobody signed: execution takes those whose signatures were checked before. */
export function unsignedTransaction(
  fields: Omit<Transaction, 'auth' | 'expiresAtHeight' | 'onlyAtHeight'>,
): Transaction {
  const auth = { type: 'native', scheme: 'ed25519', signature: new Uint8Array(64) } as const;
  return { expiresAtHeight: 0, onlyAtHeight: 0, auth, ...fields };
}

/** Every row of the state as text, in the order of tables and keys. */
export function rowsOf(state: State): string[] {
  return stateTables.flatMap((any) => {
    const table = any as unknown as Table<unknown>;
    return state
      .entries(table)
      .map(([key, row]) => `${table.name}/${key} ${toHex(encode((writer) => table.write(writer, row)))}`);
  });
}

function settlementBlockAt(height: number, events: readonly SettlementEvent[]): SettlementBlock {
  return {
    height,
    hash: ZERO_HASH,
    parentHash: ZERO_HASH,
    timestampMs: height * 5000,
    baseFee: 10n,
    gasUsed: 0,
    gasLimit: 10_000_000,
    events,
    reserves: ['TNZO', 'UM'].map((asset) => ({ asset, assetReserve: 10n ** 36n, baseReserve: 10n ** 36n })),
    nextBaseFee: 10n,
    lastSettledSeq: 0,
  };
}
