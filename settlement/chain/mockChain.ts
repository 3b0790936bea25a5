/**
 * The mock settlement chain: mempool, fee market, contract and pools as one deterministic state machine
 * (docs/protocol.md, mock settlement chain). The same calls give the same block hashes on every machine.
 *
 * It knows no clock: whoever runs it says when a transaction arrives and when a block is made. A stall is nobody
 * making blocks; heights have no gap.
 */
import { accept, assert, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import {
  AMOUNT_MAX,
  type Amount,
  type Hash,
  type SettlementHeight,
  type TimeMs,
  type ValidatorIndex,
  ZERO_HASH,
} from '../../consensus/primitives/flavor.ts';
import type { Random } from '../../consensus/primitives/random.ts';
import type { Verifier } from '../../consensus/primitives/signature.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';
import { CROSS_CHAIN_OPEN_MAX, type CrossChainDeposit } from '../net/crossChain.ts';
import type {
  PoolReserves,
  SettlementBlock,
  SettlementEvent,
  SettlementStanding,
} from '../net/settlement.ts';
import { encodeReserves, settlementBlockHash, type UnhashedSettlementBlock } from '../net/settlementBlock.ts';
import type { FeeRates } from '../networkFee.ts';
import { Acknowledgements, type AcknowledgementsSnapshot } from './acknowledgements.ts';
import { BackgroundDemand, type BackgroundOptions, type BackgroundSnapshot } from './background.ts';
import { openDepositCount } from './bridgeVault.ts';
import type { ChainCode } from './codes.ts';
import {
  clampBaseFee,
  effectiveTip,
  GAS_CROSS_CHAIN,
  nextBaseFee,
  payloadGas,
  proofGas,
  settlementGas,
} from './feeMarket.ts';
import { MEMPOOL_SEQ_AHEAD_MAX, Mempool, type SettlementKey, type WaitingTransaction } from './mempool.ts';
import { type PostCode, PostedInputs, type PostStanding } from './postedInputs.ts';
import { type ContractOutcome, type ContractSnapshot, SettlementContract } from './settlementContract.ts';
import { createHoldings, type Holdings, movePrice, type PriceMove } from './swapPools.ts';
import { decodeSignedSettlementTransaction, FEE_PER_GAS_MAX } from './transactionCodec.ts';
import { UndoLog } from './undoLog.ts';

export interface SettlementChainOptions {
  /** The sidechain that settles here. */
  readonly chainId: Hash;
  readonly blockTimeMs: number;
  /** Timestamp of block 0, in ms after the sidechain's genesis instant. */
  readonly phaseMs: number;
  readonly gasLimit: number;
  /** Base fee of blocks 0 and 1, in the smallest fee unit per unit of gas; a trace overrides it. */
  readonly baseFeeInitial: Amount;
  readonly background: BackgroundOptions;
  readonly baseAsset: string;
  /** Assets that get a pool and a treasury balance where those are undefined. */
  readonly assets: readonly string[];
  readonly pools: readonly PoolReserves[] | undefined;
  readonly treasury: Readonly<Record<string, Amount>> | undefined;
  /** What the bridge can lock, where given; else as much as a pool has. */
  readonly bridgeLiquidity?: Readonly<Record<string, Amount>> | undefined;
  readonly bridgeFees: FeeRates;
  readonly validators: ValidatorSet;
  readonly random: Random;
  /** Newest blocks kept for `blockAt`, at least 1. */
  readonly historyBlocks: number;
  /** Deepest reorganisation that can be asked for, in blocks; 0 or undefined keeps no undo log. */
  readonly reorgDepthMax?: number;
}

/** What others do to prices; the next block carries it, and a block that is undone gives it back. */
interface Disturbance {
  readonly feeFactorPermille: bigint;
  readonly priceMoves: readonly PriceMove[];
}

/** Everything that a block changes, as it was before. */
interface ChainSnapshot {
  readonly head: SettlementBlock;
  readonly reservesBytes: Uint8Array;
  readonly arrival: number;
  readonly waiting: readonly WaitingTransaction[];
  readonly contract: ContractSnapshot;
  readonly acknowledgements: AcknowledgementsSnapshot;
  readonly background: BackgroundSnapshot;
  readonly disturbance: Disturbance;
  readonly deposits: readonly CrossChainDeposit[];
}

type SubmitCode = ChainCode | 'ENCODING_INVALID';

const noEvents: readonly SettlementEvent[] = Object.freeze([]);
const PERMILLE = 1000n;
const calm: Disturbance = { feeFactorPermille: PERMILLE, priceMoves: [] };

export class MockSettlementChain {
  readonly genesis: SettlementBlock;
  readonly #options: SettlementChainOptions;
  readonly #background: BackgroundDemand;
  readonly #contract: SettlementContract;
  readonly #mempool = new Mempool();
  /** Ring of the newest blocks, by height modulo `historyBlocks`. */
  readonly #blocks: (SettlementBlock | undefined)[] = [];
  readonly #acknowledgements = new Acknowledgements();
  readonly #posts: PostedInputs;
  readonly #undoLog: UndoLog<ChainSnapshot>;
  readonly #censored = new Set<ValidatorIndex>();
  #disturbance = calm;
  /** Deposits that wait for a block, in order of arrival. */
  #deposits: readonly CrossChainDeposit[] = [];
  #head: SettlementBlock;
  #reservesBytes: Uint8Array;
  #arrivalCount = 0;
  #full = false;
  #transferTimeout = false;

  constructor(options: SettlementChainOptions, dependencies: { readonly verifier: Verifier }) {
    const { gasLimit, baseFeeInitial, historyBlocks, random } = options;
    assert(Number.isInteger(gasLimit) && gasLimit >= 2 && gasLimit < 2 ** 32, 'gas limit out of range');
    assert(clampBaseFee(baseFeeInitial) === baseFeeInitial, 'initial base fee out of range');
    assert(Number.isInteger(historyBlocks) && historyBlocks >= 1, 'historyBlocks below 1');
    assert(BigInt(gasLimit) * FEE_PER_GAS_MAX <= AMOUNT_MAX, 'a block of gas must cost an amount');
    this.#options = options;
    this.#undoLog = new UndoLog(options.reorgDepthMax ?? 0);
    this.#background = new BackgroundDemand(options, { random });
    this.#posts = new PostedInputs(gasLimit);
    this.#contract = new SettlementContract({ ...options, holdings: createHoldings(options) }, dependencies);
    const { pools } = this.#contract.holdings;
    this.#reservesBytes = encodeReserves(pools);
    this.genesis = this.#seal({
      height: 0,
      parentHash: ZERO_HASH,
      timestampMs: options.phaseMs,
      baseFee: clampBaseFee(this.#background.tracedBaseFee(0) ?? baseFeeInitial),
      gasUsed: 0,
      gasLimit,
      events: noEvents,
      reserves: pools,
      nextBaseFee: clampBaseFee(this.#background.tracedBaseFee(1) ?? baseFeeInitial),
      lastSettledSeq: 0,
    });
    this.#head = this.genesis;
    this.#blocks.push(this.genesis);
  }

  get head(): SettlementBlock {
    return this.#head;
  }

  /** When the next block is due, fault-free: one interval after the newest. */
  get nextTimestampMs(): TimeMs {
    return this.#head.timestampMs + this.#options.blockTimeMs;
  }

  get nextBaseFee(): Amount {
    return this.#head.nextBaseFee;
  }

  get lastSettledSeq(): number {
    return this.#contract.lastSettledSeq;
  }

  get reserves(): readonly PoolReserves[] {
    return this.#contract.holdings.pools;
  }

  /** Pools, treasury and what has crossed to the sidechain: per asset their sum never changes. */
  get holdings(): Holdings {
    return this.#contract.holdings;
  }

  get mempoolCount(): number {
    return this.#mempool.count;
  }

  /** True once the base-fee trace has run out of rows and started over; whoever runs the chain warns of it. */
  get traceRepeated(): boolean {
    return this.#background.repeatsAt(this.#head.height);
  }

  treasuryBalance(asset: string): Amount {
    return this.#contract.holdings.treasury.get(asset) ?? 0n;
  }

  /** A block of the kept history; undefined when it is not made yet or dropped. */
  blockAt(height: SettlementHeight): SettlementBlock | undefined {
    const block = this.#blocks[height % this.#options.historyBlocks];
    return block?.height === height ? block : undefined;
  }

  /** While on, others bid above any settlement: blocks are full of their transactions, and the base fee rises by its rule. */
  setFull(on: boolean): void {
    this.#full = on;
  }

  /** While on, a transaction with a transfer reverts whole with `TRANSFER_TIMEOUT`. */
  setTransferTimeout(on: boolean): void {
    this.#transferTimeout = on;
  }

  /** While on, no transaction of this proposer is included; it waits. */
  setCensored(proposer: ValidatorIndex, on: boolean): void {
    if (on) this.#censored.add(proposer);
    else this.#censored.delete(proposer);
  }

  /** Others push the base fee: what the next block announces is this many times what the market says, once. */
  multiplyBaseFee(factor: number): void {
    const permille = BigInt(Math.max(1, Math.round(factor * 1000)));
    const { feeFactorPermille } = this.#disturbance;
    this.#disturbance = {
      ...this.#disturbance,
      feeFactorPermille: (feeFactorPermille * permille) / PERMILLE,
    };
  }

  /** Others trade: in the next block, ahead of any settlement, the price of an asset in the base asset moves. */
  movePrice(move: PriceMove): void {
    this.#disturbance = {
      ...this.#disturbance,
      priceMoves: [...this.#disturbance.priceMoves, move],
    };
  }

  /**
   * Another branch wins: the newest blocks are gone, with everything they did, and their transactions wait again. The
   * blocks that take their places come at their own time.
   * @returns How many blocks are gone: at most `depth`, what the undo log holds, and all but genesis.
   */
  reorganise(depth: number): number {
    let undone = 0;
    while (undone < depth) {
      const before = this.#undoLog.undo();
      if (before === undefined) break;
      this.#restore(before);
      undone += 1;
    }
    return undone;
  }

  /** Where a transaction is right now: what a submitter asks before it sends again. */
  standingOf(transaction: SettlementKey & { readonly hash: Hash }): SettlementStanding {
    if (transaction.seq <= this.lastSettledSeq) return 'settled';
    if (this.#mempool.has(transaction, transaction.hash)) return 'waiting';
    return this.#contract.isAttemptUsed(transaction) ? 'reverted' : 'unknown';
  }

  /**
   * Takes in a signed settlement transaction. Sending the same one again is safe at any time: while it waits it is
   * accepted again, after it settled the answer is `NET_BATCH_ALREADY_SETTLED`, after it reverted `SETTLEMENT_ATTEMPT_USED`.
   * @param nowMs - When it arrives; it may enter blocks with a later timestamp, never an equal one.
   * @returns Its hash, or a refusal with a code of codes.ts or `ENCODING_INVALID`.
   */
  submit(bytes: Uint8Array, nowMs: TimeMs): Verdict<{ readonly hash: Hash }, SubmitCode> {
    const decoded = decodeSignedSettlementTransaction(bytes);
    if (!decoded.ok) return decoded;
    const { transaction, hash, signingBytes } = decoded.value;
    const { seq, feeCap, tip } = transaction;
    if (tip > feeCap) return refuse('SETTLEMENT_TIP_ABOVE_FEE_CAP', `tip ${tip}, fee cap ${feeCap}`);
    if (proofGas(transaction, bytes.length) > this.#options.gasLimit) {
      return refuse('SETTLEMENT_GAS_ABOVE_LIMIT', `${bytes.length} bytes do not fit a block`);
    }
    const author = this.#contract.checkAuthor(transaction, signingBytes);
    if (!author.ok) return author;
    if (seq <= this.lastSettledSeq) return refuse('NET_BATCH_ALREADY_SETTLED', `batch ${seq} is settled`);
    if (seq > this.lastSettledSeq + MEMPOOL_SEQ_AHEAD_MAX) {
      return refuse('SETTLEMENT_SEQ_TOO_FAR', `batch ${seq} is too far ahead of ${this.lastSettledSeq}`);
    }
    if (this.#contract.isAttemptUsed(transaction)) {
      return refuse('SETTLEMENT_ATTEMPT_USED', `attempt ${transaction.attempt} reverted already`);
    }
    this.#arrivalCount += 1;
    const waiting: WaitingTransaction = {
      transaction,
      hash,
      byteCount: bytes.length,
      arrivedMs: nowMs,
      arrival: this.#arrivalCount,
    };
    const taken = this.#mempool.add(waiting);
    if (taken.ok || taken.code !== 'SETTLEMENT_MEMPOOL_FULL') return taken;
    // Room is made by those that can only be no-ops; they wait for a base fee that they can pay.
    this.#mempool.removeWhere((other) => other.seq <= this.lastSettledSeq);
    return this.#mempool.add(waiting);
  }

  /**
   * Takes in a deposit for an account of the sidechain; the next block with room for it carries it.
   * @returns `CROSS_CHAIN_DEPOSITS_FULL` while too many are open or waiting.
   */
  deposit(deposit: CrossChainDeposit): Verdict<undefined, 'CROSS_CHAIN_DEPOSITS_FULL'> {
    const openCount = openDepositCount(this.#contract.holdings.bridge) + this.#deposits.length;
    if (openCount >= CROSS_CHAIN_OPEN_MAX) {
      return refuse('CROSS_CHAIN_DEPOSITS_FULL', `${openCount} deposits are open`);
    }
    this.#deposits = [...this.#deposits, deposit];
    return accept(undefined);
  }

  /**
   * Takes in what anybody posts for the sidechain; a later block carries it. Posting the same bytes again is safe at any time.
   * @param bytes - Must not change afterwards.
   * @param nowMs - When it arrives; it may enter blocks with a later timestamp, never an equal one.
   */
  post(bytes: Uint8Array, nowMs: TimeMs): Verdict<{ readonly hash: Hash }, PostCode> {
    return this.#posts.add(bytes, nowMs);
  }

  /** Where a post is: what somebody asks who did not hear the answer. */
  postStandingOf(hash: Hash): PostStanding {
    return this.#posts.standingOf(hash);
  }

  /** Makes the next block from what arrived strictly before its instant. */
  produceBlock(timestampMs: TimeMs): SettlementBlock {
    const parent = this.#head;
    const { gasLimit } = this.#options;
    assert(timestampMs > parent.timestampMs, 'a settlement block must be later than its parent');
    if (this.#undoLog.isKept) this.#undoLog.record(this.#snapshot());
    const height = parent.height + 1;
    const baseFee = parent.nextBaseFee;
    const othersGas = this.#full ? gasLimit : this.#background.nextGas();
    const { feeFactorPermille, priceMoves } = this.#disturbance;
    this.#disturbance = calm;
    for (const move of priceMoves) {
      this.#contract.trade((holdings) => movePrice(holdings, move, this.#options.baseAsset));
    }
    let events = this.#acknowledgements.take(height);
    let gasUsed = 0;
    if (this.#mempool.count + this.#deposits.length + this.#posts.waitingCount > 0 && !this.#full) {
      const included: SettlementEvent[] = [...events];
      gasUsed = this.#takeDeposits(included, height);
      gasUsed = this.#include(included, { height, timestampMs, baseFee }, gasUsed);
      // Posts pay the base fee and no tip, so they get what is left.
      gasUsed += this.#posts.take(included, { height, timestampMs, gasLeft: gasLimit - gasUsed });
      if (included.length > 0) events = Object.freeze(included);
    }
    gasUsed = Math.min(gasUsed + othersGas, gasLimit);
    const { pools } = this.#contract.holdings;
    if (pools !== parent.reserves) this.#reservesBytes = encodeReserves(pools);
    const traced = this.#background.tracedBaseFee(height + 1);
    const marketFee = traced ?? nextBaseFee(baseFee, gasUsed, gasLimit);
    this.#head = this.#seal({
      height,
      parentHash: parent.hash,
      timestampMs,
      baseFee,
      gasUsed,
      gasLimit,
      events,
      reserves: pools,
      nextBaseFee: clampBaseFee(
        feeFactorPermille === PERMILLE ? marketFee : (marketFee * feeFactorPermille) / PERMILLE,
      ),
      lastSettledSeq: this.#contract.lastSettledSeq,
    });
    this.#blocks[height % this.#options.historyBlocks] = this.#head;
    return this.#head;
  }

  /** Deposits come first, in order of arrival, while they fit. @returns Their gas. */
  #takeDeposits(events: SettlementEvent[], height: SettlementHeight): number {
    const fitting = Math.floor(this.#options.gasLimit / GAS_CROSS_CHAIN);
    const taken = this.#deposits.slice(0, fitting);
    for (const deposit of taken) {
      const verdict = this.#contract.deposit(deposit, height);
      if (verdict.ok) events.push(verdict.value);
    }
    this.#deposits = this.#deposits.slice(taken.length);
    return GAS_CROSS_CHAIN * taken.length;
  }

  /** Executes waiting transactions while one is in turn and fits; adds their events and returns the gas of all. */
  #include(
    events: SettlementEvent[],
    block: { readonly height: number; readonly timestampMs: TimeMs; readonly baseFee: Amount },
    depositGas: number,
  ): number {
    const { gasLimit } = this.#options;
    let gasUsed = depositGas;
    const isEligible = (waiting: WaitingTransaction): boolean =>
      waiting.arrivedMs < block.timestampMs &&
      !this.#censored.has(waiting.transaction.proposer) &&
      waiting.transaction.seq <= this.#contract.lastSettledSeq + 1 &&
      this.#gasNeeded(waiting) <= gasLimit - gasUsed;
    for (;;) {
      const next = this.#mempool.best(block.baseFee, isEligible);
      if (next === undefined) return gasUsed;
      this.#mempool.remove(next);
      const { transaction } = next;
      const outcome = this.#contract.execute(transaction, next.byteCount, this.#transferTimeout);
      gasUsed += outcome.gasUsed;
      if (outcome.type === 'already_settled') continue;
      events.push(eventOf(next, outcome, block.baseFee));
      if (outcome.type === 'settled') {
        events.push(...outcome.crossChain);
        this.#acknowledgements.schedule(transaction, block.height);
      } else this.#mempool.removeWhere((other) => this.#contract.isAttemptUsed(other));
    }
  }

  #gasNeeded({ transaction, byteCount }: WaitingTransaction): number {
    if (transaction.seq <= this.#contract.lastSettledSeq) return payloadGas(byteCount);
    return Math.min(settlementGas(transaction, byteCount), this.#options.gasLimit);
  }

  #snapshot(): ChainSnapshot {
    return {
      head: this.#head,
      reservesBytes: this.#reservesBytes,
      arrival: this.#arrivalCount,
      waiting: this.#mempool.snapshot(),
      contract: this.#contract.snapshot(),
      acknowledgements: this.#acknowledgements.snapshot(),
      background: this.#background.snapshot(),
      disturbance: this.#disturbance,
      deposits: this.#deposits,
    };
  }

  #restore(before: ChainSnapshot): void {
    this.#blocks[this.#head.height % this.#options.historyBlocks] = undefined;
    this.#posts.giveBack(this.#head, before.head.timestampMs);
    this.#head = before.head;
    this.#reservesBytes = before.reservesBytes;
    this.#mempool.restore(before.waiting, before.arrival);
    this.#contract.restore(before.contract);
    this.#acknowledgements.restore(before.acknowledgements);
    this.#background.restore(before.background);
    const since = this.#deposits.filter((deposit) => !before.deposits.includes(deposit));
    this.#deposits = [...before.deposits, ...since];
    const { feeFactorPermille, priceMoves } = this.#disturbance;
    this.#disturbance = {
      feeFactorPermille: (before.disturbance.feeFactorPermille * feeFactorPermille) / PERMILLE,
      priceMoves: [...before.disturbance.priceMoves, ...priceMoves],
    };
  }

  #seal(block: UnhashedSettlementBlock): SettlementBlock {
    return Object.freeze({
      height: block.height,
      hash: settlementBlockHash(block, this.#reservesBytes),
      parentHash: block.parentHash,
      timestampMs: block.timestampMs,
      baseFee: block.baseFee,
      gasUsed: block.gasUsed,
      gasLimit: block.gasLimit,
      events: block.events,
      reserves: block.reserves,
      nextBaseFee: block.nextBaseFee,
      lastSettledSeq: block.lastSettledSeq,
    });
  }
}

function eventOf(
  { transaction, hash }: WaitingTransaction,
  outcome: Exclude<ContractOutcome, { type: 'already_settled' }>,
  baseFee: Amount,
): SettlementEvent {
  const { gasUsed } = outcome;
  const common = {
    seq: transaction.seq,
    proposer: transaction.proposer,
    attempt: transaction.attempt,
    transactionHash: hash,
    actions: transaction.actions,
    gasUsed,
    fee: BigInt(gasUsed) * (baseFee + (effectiveTip(transaction, baseFee) ?? 0n)),
  };
  if (outcome.type === 'reverted') return { type: 'batch_reverted', code: outcome.code, ...common };
  const { fromHeight, toHeight, net } = transaction;
  return { type: 'batch_settled', fromHeight, toHeight, net, amountsIn: outcome.amountsIn, ...common };
}
