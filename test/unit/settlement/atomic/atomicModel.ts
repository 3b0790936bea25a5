/**
 * What an atomic batch must do, in plain sums and as slowly as it likes: sequential, over copies of maps, sharing nothing with
 * the implementation but the shapes of its input. Fees are 50 bps and at least 1.
 */
import type { AtomicBatch, SettlementRequest } from '../../../../settlement/atomic/types.ts';

const AMOUNT_LIMIT = 2n ** 128n;

export interface ModelEscrow {
  readonly payer: string;
  readonly asset: string;
  readonly amount: bigint;
  readonly parties: readonly string[];
  readonly threshold: number;
  readonly expiresAtHeight: number;
}

export interface ModelChannel {
  readonly payer: string;
  readonly payee: string;
  readonly asset: string;
  readonly deposit: bigint;
}

export interface ModelVerdict {
  readonly code: string;
  readonly failedAt: number;
  readonly completed: number;
}

/** Everything a batch can change. */
interface Books {
  /** Key: account and asset, with a blank between. */
  readonly balances: Map<string, bigint>;
  readonly escrows: Map<string, ModelEscrow>;
  /** Undefined: closed. */
  readonly channels: Map<string, ModelChannel | undefined>;
  readonly gathered: Map<string, bigint>;
  readonly settled: Set<string>;
}

export class AtomicModel {
  books: Books = {
    balances: new Map(),
    escrows: new Map(),
    channels: new Map(),
    gathered: new Map(),
    settled: new Set(),
  };
  readonly #assets: readonly string[];
  readonly #valueMax: ReadonlyMap<string, bigint>;
  readonly #isOrder: (request: SettlementRequest) => boolean;

  /** @param isOrder - Whether a request has the id of the order that it pays. */
  constructor(
    assets: readonly string[],
    valueMax: ReadonlyMap<string, bigint>,
    isOrder: (request: SettlementRequest) => boolean,
  ) {
    this.#isOrder = isOrder;
    this.#assets = assets;
    this.#valueMax = valueMax;
  }

  balance(account: string, asset: string): bigint {
    return this.books.balances.get(`${account} ${asset}`) ?? 0n;
  }

  /**
   * @param unproven - Index of the first request whose proof does not hold.
   * @returns How the batch fails; undefined: all of it happened.
   */
  run(
    batch: AtomicBatch,
    signers: readonly string[],
    height: number,
    unproven?: number,
  ): ModelVerdict | undefined {
    const refusal = this.#validate(batch.requests, signers);
    if (refusal !== undefined) return refusal;
    if (height > batch.expiresAtHeight) return { code: 'BATCH_TIMEOUT', failedAt: 0, completed: 0 };
    for (const [failedAt, request] of batch.requests.entries()) {
      if (request.lastHeight === undefined) continue;
      if (!this.#isOrder(request)) return { code: 'ORDER_ID_OTHER', failedAt, completed: 0 };
      if (height > request.lastHeight) return { code: 'ORDER_EXPIRED', failedAt, completed: 0 };
    }
    if (unproven !== undefined)
      return { code: 'PROOF_VERIFICATION_FAILED', failedAt: unproven, completed: 0 };
    const { balances, escrows, channels, gathered, settled } = this.books;
    const books = {
      balances: new Map(balances),
      escrows: new Map(escrows),
      channels: new Map(channels),
      gathered: new Map(gathered),
      settled: new Set(settled),
    };
    for (const [index, request] of batch.requests.entries()) {
      const code = settleOne(books, request, signers, height);
      if (code !== undefined) return { code, failedAt: index, completed: index };
    }
    this.books = books;
    return undefined;
  }

  #validate(requests: readonly SettlementRequest[], signers: readonly string[]): ModelVerdict | undefined {
    for (const [index, request] of requests.entries()) {
      const code = this.#findSenseless(requests.slice(0, index), request, signers);
      if (code !== undefined) return { code, failedAt: index, completed: 0 };
    }
    return undefined;
  }

  #findSenseless(
    earlier: readonly SettlementRequest[],
    { settlementId, from, to, amount, asset, kind }: SettlementRequest,
    signers: readonly string[],
  ): string | undefined {
    if (earlier.some((other) => other.settlementId === settlementId)) return 'DUPLICATE_SETTLEMENT_ID';
    if (from === to) return 'SELF_PAYMENT';
    if (amount === 0n) return 'AMOUNT_ZERO';
    if (!this.#assets.includes(asset)) return 'LEDGER_ASSET_UNKNOWN';
    const value = earlier.reduce((sum, other) => (other.asset === asset ? sum + other.amount : sum), amount);
    if (value > (this.#valueMax.get(asset) ?? value)) return 'BATCH_VALUE_TOO_HIGH';
    if (kind === 'immediate' && !signers.includes(from)) return 'PROOF_VERIFICATION_FAILED';
    return undefined;
  }
}

function settleOne(
  books: Books,
  { settlementId, from, to, amount, asset, kind }: SettlementRequest,
  signers: readonly string[],
  height: number,
): string | undefined {
  if (books.settled.has(settlementId)) return 'SETTLEMENT_ALREADY_SETTLED';
  if (kind === 'escrow_release') {
    const escrow = books.escrows.get(from);
    if (escrow === undefined) return 'ESCROW_UNKNOWN';
    if (height > escrow.expiresAtHeight) return 'ESCROW_EXPIRED';
    const agreed = escrow.parties.filter((party) => signers.includes(party)).length;
    const isFree = signers.includes(escrow.payer) || (escrow.threshold > 0 && agreed >= escrow.threshold);
    if (!isFree) return 'PROOF_VERIFICATION_FAILED';
    if (escrow.asset !== asset) return 'ESCROW_ASSET_OTHER';
    if (escrow.amount < amount) return 'INSUFFICIENT_BALANCE';
    books.escrows.set(from, { ...escrow, amount: escrow.amount - amount });
    if (escrow.amount === amount) books.escrows.delete(from);
  } else if (kind === 'channel_close') {
    if (!books.channels.has(from)) return 'CHANNEL_UNKNOWN';
    const channel = books.channels.get(from);
    if (channel === undefined) return 'CHANNEL_CLOSED';
    const { payer, payee, deposit } = channel;
    if (!signers.includes(payer) || !signers.includes(payee)) return 'PROOF_VERIFICATION_FAILED';
    if (to !== payee) return 'CHANNEL_PAYEE_OTHER';
    if (channel.asset !== asset) return 'CHANNEL_ASSET_OTHER';
    if (amount > deposit) return 'CHANNEL_AMOUNT_ABOVE_DEPOSIT';
    books.channels.set(from, undefined);
    const rest = (books.balances.get(`${payer} ${asset}`) ?? 0n) + deposit - amount;
    books.balances.set(`${payer} ${asset}`, rest);
  } else {
    const held = books.balances.get(`${from} ${asset}`) ?? 0n;
    if (held < amount) return 'INSUFFICIENT_BALANCE';
    books.balances.set(`${from} ${asset}`, held - amount);
  }
  const share = (amount * 50n) / 10_000n;
  const fee = share > 0n ? share : 1n;
  const after = (books.balances.get(`${to} ${asset}`) ?? 0n) + amount - fee;
  if (after >= AMOUNT_LIMIT) return 'PARTIAL_EXECUTION';
  books.balances.set(`${to} ${asset}`, after);
  books.gathered.set(asset, (books.gathered.get(asset) ?? 0n) + fee);
  books.settled.add(settlementId);
  return undefined;
}
