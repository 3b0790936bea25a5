/**
 * What settling costs without faults: the gas of each batch from its net, to the byte, and the base fee of the settlement
 * block that includes it (docs/closed-form.md). The traffic is drawn as a run draws it; nothing is simulated.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import { ZERO_HASH } from '../../consensus/primitives/flavor.ts';
import { SIGNATURE_BYTES } from '../../consensus/primitives/signature.ts';
import { clampBaseFee, nextBaseFee, settlementGas } from '../../settlement/chain/feeMarket.ts';
import { encodeSettlementTransaction } from '../../settlement/chain/transactionCodec.ts';
import type { TransactionBody } from '../../settlement/execution/transactionBody.ts';
import type { NetAmount, SettlementAction, SettlementTransaction } from '../../settlement/net/settlement.ts';
import type { Config } from '../config/types.ts';
import { createGenesis } from '../scenario/genesis.ts';
import { TransactionFeed } from '../scenario/timeline.ts';
import type { Scenario } from '../scenario/types.ts';
import { meanFinalityMs, quorumCount, timingModelOf } from './closedForm.ts';

/** Net of one block by asset: borrowed minus repaid. */
export type BlockNet = ReadonlyMap<string, bigint>;

/** A batch as the protocol will seal it. */
export interface PlannedBatch {
  readonly fromHeight: number;
  readonly toHeight: number;
  readonly net: readonly NetAmount[];
  readonly gas: number;
}

export interface CostForecast {
  /** Batches that are settled within the run, and the blocks in them. */
  readonly batchCount: number;
  readonly blockCount: number;
  readonly gasPerBatch: number;
  readonly gasPerBlock: number;
  /** Smallest units; undefined where the demand of others is random, so that only a simulation knows the base fee. */
  readonly feePerBlock: number | undefined;
}

/** Phases over which a random one is averaged. */
const PHASES = 64;

/** The nets of the blocks of a scenario, as its own transactions make them when all are executed in their block. */
export function netsOf(scenario: Scenario): readonly BlockNet[] {
  const feed = new TransactionFeed(scenario, createGenesis(scenario), createCrypto('modelled'));
  const blockCount = Math.floor(scenario.durationMs / scenario.config.chain.blockTimeMs) + 1;
  return Array.from({ length: blockCount }, (_, index) => {
    const net = new Map<string, bigint>();
    for (const { body } of feed.prepareBlock(index + 1)) {
      const moved = movementOf(body);
      if (moved !== undefined) net.set(moved.asset, (net.get(moved.asset) ?? 0n) + moved.amount);
    }
    return net;
  });
}

function movementOf(body: TransactionBody): NetAmount | undefined {
  switch (body.type) {
    case 'borrow':
      return { asset: body.asset, amount: body.amount };
    case 'repay':
      return { asset: body.asset, amount: -body.amount };
    case 'liquidate':
      return { asset: body.debtAsset, amount: -body.amount };
    default:
      return undefined;
  }
}

/** The batches that windows of N blocks seal; a window whose net is zero stays open for another N. */
export function planBatches(nets: readonly BlockNet[], config: Config): readonly PlannedBatch[] {
  const { batchSize, baseAsset } = config.settlement;
  const signerCount = quorumCount(config.validators.length);
  const gasOfShape = new Map<string, number>();
  const batches: PlannedBatch[] = [];
  let fromHeight = 1;
  for (let toHeight = batchSize; toHeight <= nets.length; toHeight += batchSize) {
    const sums = new Map<string, bigint>();
    for (const block of nets.slice(fromHeight - 1, toHeight))
      for (const [asset, amount] of block) sums.set(asset, (sums.get(asset) ?? 0n) + amount);
    const net = [...sums]
      .filter(([, amount]) => amount !== 0n)
      .map(([asset, amount]) => ({ asset, amount }))
      .sort((a, b) => (a.asset < b.asset ? -1 : 1));
    if (net.length === 0) continue;
    const shape = net.map(({ asset, amount }) => (amount < 0n ? `-${asset}` : asset)).join();
    let gas = gasOfShape.get(shape);
    if (gas === undefined) {
      gas = gasOf(net, baseAsset, signerCount);
      gasOfShape.set(shape, gas);
    }
    batches.push({ fromHeight, toHeight, net, gas });
    fromHeight = toHeight + 1;
  }
  return batches;
}

/** For `TimingModel`: how far behind its sealing block each block of these batches lies. */
export function behindCountsOf(batches: readonly PlannedBatch[]): readonly number[] {
  const counts: number[] = [];
  for (const { fromHeight, toHeight } of batches)
    for (let behind = 0; behind <= toHeight - fromHeight; behind += 1)
      counts[behind] = (counts[behind] ?? 0) + 1;
  return counts;
}

/** Gas of settling a net: that of a transaction of the same shape (assets and signs), whose fields all have fixed widths. */
export function gasOf(net: readonly NetAmount[], baseAsset: string, signerCount: number): number {
  const transaction = shapeOf(net, baseAsset, signerCount);
  return settlementGas(transaction, encodeSettlementTransaction(transaction).length);
}

function shapeOf(net: readonly NetAmount[], baseAsset: string, signerCount: number): SettlementTransaction {
  const signature = new Uint8Array(SIGNATURE_BYTES);
  const actions = net.map(({ asset, amount }): SettlementAction => {
    if (amount < 0n) return { type: 'ibc_transfer', asset, amount: -amount };
    return asset === baseAsset
      ? { type: 'draw', asset, amount }
      : { type: 'swap', asset, amount, amountInMax: amount };
  });
  const origin = { height: 0, hash: ZERO_HASH };
  const header = {
    chainId: ZERO_HASH,
    height: 1,
    view: 1,
    parentHash: ZERO_HASH,
    timestampMs: 0,
    leader: 0,
    origin,
    transactionsRoot: ZERO_HASH,
    receiptsRoot: ZERO_HASH,
    stateRoot: ZERO_HASH,
    batchCommitment: ZERO_HASH,
  };
  return {
    chainId: ZERO_HASH,
    seq: 1,
    fromHeight: 1,
    toHeight: 1,
    net,
    fees: [],
    liquidations: 0,
    actions,
    headers: [header],
    certificate: {
      kind: 'finalize',
      view: 1,
      blockHash: ZERO_HASH,
      signers: Array.from({ length: signerCount }, (_, index) => index),
      signatures: Array.from({ length: signerCount }, () => signature),
    },
    proposer: 0,
    attempt: 1,
    feeCap: 0n,
    tip: 0n,
    signature,
  };
}

/**
 * Gas and fees of a fault-free run.
 * @param batches - Those of its traffic (`planBatches`).
 * @param phase - `random`: the mean over all phases of the settlement chain.
 */
export function predictCost(
  scenario: Scenario,
  batches: readonly PlannedBatch[],
  phase: 'random' | 'configured' = 'configured',
): CostForecast {
  const { config, network, durationMs } = scenario;
  const { settlementChain } = config;
  const arrivalMs = meanFinalityMs(timingModelOf(scenario)) + network.latencyMs;
  const phases =
    phase === 'configured'
      ? [settlementChain.phaseMs]
      : Array.from({ length: PHASES }, (_, index) => ((index + 0.5) / PHASES) * settlementChain.blockTimeMs);
  let [fee, gas, batchCount, blockCount] = [0, 0, 0, 0];
  for (const phaseMs of phases) {
    const baseFees = new BaseFeeForecast(config);
    for (const { fromHeight, toHeight, gas: own } of batches) {
      const readyMs = (toHeight - 1) * config.chain.blockTimeMs + arrivalMs;
      // At the instant of a block it is too late for it; block 0 is genesis.
      const height = Math.max(1, Math.floor((readyMs - phaseMs) / settlementChain.blockTimeMs) + 1);
      const includedMs = phaseMs + height * settlementChain.blockTimeMs;
      if (includedMs + config.settlement.originDelayMs > durationMs) break;
      fee += own * (baseFees.include(height, own) + Number(config.settlement.tip));
      gas += own;
      batchCount += 1;
      blockCount += toHeight - fromHeight + 1;
    }
  }
  const isKnown = settlementChain.background.type !== 'bursts' && batchCount > 0;
  return {
    batchCount: batchCount / phases.length,
    blockCount: blockCount / phases.length,
    gasPerBatch: batchCount === 0 ? 0 : gas / batchCount,
    gasPerBlock: blockCount === 0 ? 0 : gas / blockCount,
    feePerBlock: isKnown ? fee / blockCount : undefined,
  };
}

/** The base fee of each settlement block: a trace's row, or what the fee market makes of the gas used so far. */
class BaseFeeForecast {
  readonly #chain: Config['settlementChain'];
  #height = 1;
  #baseFee: bigint;
  #gasUsed: number;

  constructor({ settlementChain }: Config) {
    this.#chain = settlementChain;
    this.#baseFee = settlementChain.baseFeeInitial;
    this.#gasUsed = this.#backgroundGas;
  }

  /** A batch goes into a block, never below that of the one before. @returns The base fee there. */
  include(height: number, gas: number): number {
    assert(height >= this.#height, 'batches settle in order');
    const { background, gasLimit } = this.#chain;
    if (background.type === 'trace') {
      this.#height = height;
      return Number(clampBaseFee(background.baseFees[height % background.baseFees.length] ?? 0n));
    }
    for (; this.#height < height; this.#height += 1) {
      this.#baseFee = nextBaseFee(this.#baseFee, Math.min(gasLimit, this.#gasUsed), gasLimit);
      this.#gasUsed = this.#backgroundGas;
    }
    this.#gasUsed += gas;
    return Number(this.#baseFee);
  }

  get #backgroundGas(): number {
    return this.#chain.background.type === 'constant' ? this.#chain.background.gas : 0;
  }
}
