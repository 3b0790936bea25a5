/** A small world for tests of net accounting: one state that advances header by header, and settlement blocks. */
import { Reader } from '../../../../consensus/primitives/codec.ts';
import { ZERO_HASH } from '../../../../consensus/primitives/flavor.ts';
import { ValidatorSet } from '../../../../consensus/validators.ts';
import { deriveSettlement } from '../../../../settlement/net/derive.ts';
import { noFlows } from '../../../../settlement/net/flows.ts';
import { pendingBatch, writeGenesisNet } from '../../../../settlement/net/netState.ts';
import type { RevertCode, SettlementBlock, SettlementEvent } from '../../../../settlement/net/settlement.ts';
import { netTables } from '../../../../settlement/net/tables.ts';
import type { BlockFlows, NetFact, NetRules, StakePayment } from '../../../../settlement/net/types.ts';
import { accumulateFlows, closeWindow } from '../../../../settlement/net/window.ts';
import { encodedRow, Layer, State, type Table } from '../../../../settlement/state.ts';

export const baseRules: NetRules = {
  batchSize: 5,
  batchSizeMin: 1,
  batchSizeMax: 20,
  adaptive: 'fixed',
  congestedBaseFee: 100n,
  exposureMax: [],
  sealLeadMs: 500,
  blockTimeMs: 2000,
  settlementBlockTimeMs: 5000,
  baseAsset: 'USDC',
  slippageBps: 100,
  submissionDeadlineBlocks: 6,
  maxAttempts: 3,
  settlementGasReserve: 1_000_000,
  feeCap: 1_000n,
  missedSlashBps: 100,
  equivocationSlashBps: 500,
  jailAfterMisses: 3,
  jailWindow: 10,
  jailBlocks: 150,
};

export const deepReserve = 10n ** 36n;

export function validatorsOf(powers: readonly number[]): ValidatorSet {
  return new ValidatorSet(
    powers.map((power, index) => ({
      name: `node-${index}`,
      publicKey: `0x${String(index).padStart(64, '0')}`,
      power,
    })),
  );
}

export function settlementBlock(
  height: number,
  events: readonly SettlementEvent[] = [],
  changes: Partial<SettlementBlock> = {},
): SettlementBlock {
  return {
    height,
    hash: ZERO_HASH,
    parentHash: ZERO_HASH,
    timestampMs: height * 5000,
    baseFee: 10n,
    gasUsed: 0,
    gasLimit: 10_000_000,
    events,
    reserves: ['DAI', 'UM'].map((asset) => ({ asset, assetReserve: deepReserve, baseReserve: deepReserve })),
    nextBaseFee: 10n,
    lastSettledSeq: 0,
    ...changes,
  };
}

export function flowsOf(flows: Partial<BlockFlows>): BlockFlows {
  return { ...noFlows, ...flows };
}

/** `+` borrows, `-` repays. */
export function move(asset: string, amount: bigint): BlockFlows {
  if (amount === 0n) return noFlows;
  return amount > 0n
    ? flowsOf({ borrowed: [{ asset, amount }] })
    : flowsOf({ repaid: [{ asset, amount: -amount }] });
}

export interface BlockInput {
  readonly blocks?: readonly SettlementBlock[];
  readonly flows?: BlockFlows;
  readonly forced?: boolean;
  /** Runs between derivation and the end of the block, as a transaction would. */
  readonly transactions?: (state: State, height: number) => readonly NetFact[];
}

/** Executes headers one after the other; each has a layer of its own that is folded into the base. */
export class NetWorld {
  readonly rules: NetRules;
  readonly base = new Layer();
  readonly facts: NetFact[] = [];
  readonly payments: StakePayment[] = [];
  height = 0;
  origin = settlementBlock(0);
  /** Writes of the last header. */
  layer = new Layer();

  constructor(rules: Partial<NetRules> = {}, stakes: readonly bigint[] = [1000n, 1000n, 1000n, 1000n]) {
    this.rules = { ...baseRules, ...rules };
    const genesis = new State([]);
    writeGenesisNet(genesis, this.rules, validatorsOf(stakes.map(() => 1)), stakes);
    this.base.absorb(genesis.freeze());
  }

  get state(): State {
    return new State([this.base]);
  }

  /** Executes the next block and returns the facts it brought to light. */
  execute(input: BlockInput = {}): readonly NetFact[] {
    this.height += 1;
    const state = this.state;
    const blocks = input.blocks ?? [];
    this.origin = blocks.at(-1) ?? this.origin;
    const derived = deriveSettlement(state, this.rules, { height: this.height, blocks });
    const facts = [...derived.facts, ...(input.transactions?.(state, this.height) ?? [])];
    accumulateFlows(state, input.flows ?? noFlows, this.height);
    const at = { height: this.height, timestampMs: (this.height - 1) * 2000, origin: this.origin };
    const closed = closeWindow(state, this.rules, at, { forced: input.forced ?? false });
    facts.push(...closed.facts);
    this.facts.push(...facts);
    this.payments.push(...derived.payments, ...closed.payments);
    this.layer = state.freeze();
    this.base.absorb(this.layer);
    return facts;
  }

  /** Executes headers that bring nothing, up to and including `height`. */
  executeTo(height: number): void {
    while (this.height < height) this.execute();
  }

  /** The event of a batch that is pending now, settled by `proposer`. */
  settled(seq: number, proposer: number, attempt = 1): SettlementEvent {
    const batch = pendingBatch(this.state, seq);
    if (batch === undefined) throw new Error(`batch ${seq} is not pending`);
    const { fromHeight, toHeight, net } = batch;
    const actions = batch.attempts.at(-1)?.actions ?? [];
    return {
      type: 'batch_settled',
      seq,
      fromHeight,
      toHeight,
      net,
      proposer,
      attempt,
      transactionHash: ZERO_HASH,
      actions,
      amountsIn: actions.map((action) => (action.type === 'swap' ? action.amount : undefined)),
      gasUsed: 150_000,
      fee: 1_500_000n,
    };
  }

  /** @param low - Submitted with a swap bound one below the derived one. */
  reverted(
    seq: number,
    proposer: number,
    options: { readonly attempt?: number; readonly code: RevertCode; readonly low?: boolean },
  ): SettlementEvent {
    const actions = pendingBatch(this.state, seq)?.attempts.at(-1)?.actions ?? [];
    return {
      type: 'batch_reverted',
      seq,
      proposer,
      attempt: options.attempt ?? 1,
      code: options.code,
      transactionHash: ZERO_HASH,
      actions: actions.map((action) =>
        action.type === 'swap' && options.low === true
          ? { ...action, amountInMax: action.amountInMax - 1n }
          : action,
      ),
      gasUsed: 100_000,
      fee: 1_000_000n,
    };
  }
}

/** Rows of a layer decoded from their own encoding, beside the rows themselves. */
export function decodedRows(layer: Layer): { readonly row: unknown; readonly decoded: unknown }[] {
  const tables = new Map<number, Table<unknown>>(
    netTables.map((table) => [table.id, table as unknown as Table<unknown>]),
  );
  const encoded = layer.encoded();
  return encoded.writes.flatMap((write) => {
    const { table: id, key, isDeletion } = write;
    const table = tables.get(id);
    if (isDeletion || table === undefined) return [];
    const reader = new Reader(encodedRow(encoded, write));
    const decoded = table.read(reader);
    reader.end();
    return [{ row: layer.rows(table)?.get(key), decoded }];
  });
}
