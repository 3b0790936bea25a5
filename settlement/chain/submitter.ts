/**
 * Turns a running duty into signed settlement transactions and decides when one is sent again or pays more
 * (docs/protocol.md, submission). Pure: the caller persists, sends and feeds settlement blocks in.
 *
 * Once signed, a (batch, attempt) is only ever signed again with other fees: everything else is taken from the
 * first version, also after a restart, because two versions are evidence of equivocation.
 */
import type { Header } from '../../consensus/block.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import type { Amount, Hash, SettlementHeight, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Signer } from '../../consensus/primitives/signature.ts';
import type { Certificate } from '../../consensus/vote.ts';
import type { SettlementBlock } from '../net/settlement.ts';
import type { Attempt, SealedBatch } from '../net/types.ts';
import { higherFee, lowerFee } from './feeMarket.ts';
import { replacementFeeMin } from './mempool.ts';
import {
  decodeSignedSettlementTransaction,
  FEE_PER_GAS_MAX,
  SETTLEMENT_HEADERS_LIMIT,
  signAndEncodeSettlementTransaction,
  type UnsignedSettlementTransaction,
} from './transactionCodec.ts';

/** Prefix of the outbox rows: `outbox/<seq>/<attempt>` holds the newest signed bytes of that attempt. */
export const OUTBOX_PREFIX = 'outbox/';
/** Batches ahead of the settlement chain's next one that a node keeps in flight: more than one block settles. */
export const SUBMISSIONS_AHEAD_MAX = 64;

export interface SubmitterOptions {
  readonly chainId: Hash;
  readonly self: ValidatorIndex;
  /** Tip of a first submission, per unit of gas. */
  readonly tip: Amount;
  /** Highest fee cap ever offered, per unit of gas. */
  readonly feeCap: Amount;
  /** Settlement blocks without inclusion, while next in turn, after which a submission pays more. */
  readonly resubmitAfterBlocks: number;
}

/** A duty of this node whose assigning block is final, with the proof that the sealing block is. */
export interface SettlementDuty {
  readonly batch: SealedBatch;
  readonly attempt: Attempt;
  /** header(toHeight), then each child up to the first with a finalisation certificate. */
  readonly headers: readonly Header[];
  readonly certificate: Certificate;
}

/** What the node knows of the settlement chain. */
export interface ChainView {
  /** Base fee of the next block. */
  readonly baseFee: Amount;
  readonly height: SettlementHeight;
  readonly lastSettledSeq: number;
}

/** One transaction to hand to the settlement chain. `first` and `replacement` go to the outbox, synced, before they are sent. */
export interface Submission {
  readonly kind: 'first' | 'replacement' | 'resend';
  readonly seq: number;
  readonly attempt: number;
  /** Row of the outbox that holds `bytes`. */
  readonly outboxKey: string;
  readonly bytes: Uint8Array;
  readonly hash: Hash;
  readonly feeCap: Amount;
  readonly tip: Amount;
}

interface Flight {
  transaction: UnsignedSettlementTransaction;
  bytes: Uint8Array;
  hash: Hash;
  /** Settlement blocks without inclusion since it was next in turn, or since its fees last rose. */
  blocksInTurn: number;
  /** The settlement block in which it reverted: nothing more is sent for this attempt while that block stands. */
  revertedAt: SettlementHeight | undefined;
}

const nothing: readonly Submission[] = Object.freeze([]);
const noKeys: readonly string[] = Object.freeze([]);

export class Submitter {
  readonly #options: SubmitterOptions;
  readonly #signer: Signer;
  /** The newest attempt of each batch. */
  readonly #flights = new Map<number, Flight>();
  /** Outbox rows of each batch, each once, those of earlier attempts included. */
  readonly #outboxKeys = new Map<number, string[]>();
  /** Duties too far ahead; as many as the state has unsettled batches of this node. */
  readonly #waiting = new Map<number, SettlementDuty>();
  #view: ChainView = { baseFee: 0n, height: -1, lastSettledSeq: 0 };

  constructor(options: SubmitterOptions, dependencies: { readonly signer: Signer }) {
    this.#options = options;
    this.#signer = dependencies.signer;
  }

  /** Batches with a signed transaction that `drop` has not ended. */
  get inFlightCount(): number {
    return this.#flights.size;
  }

  /**
   * Begins a duty, or repeats what was signed for it before.
   * @returns What to persist and send, or undefined when nothing is sent now: the batch is settled, a later
   *   attempt is running, this attempt reverted already, its proof has more than `SETTLEMENT_HEADERS_LIMIT` headers,
   *   or the batch lies more than `SUBMISSIONS_AHEAD_MAX` ahead; then a later `onSettlementBlock` begins it.
   */
  begin(duty: SettlementDuty, view: ChainView): Submission | undefined {
    this.#view = view;
    const { seq } = duty.batch;
    const { attempt } = duty.attempt;
    const flight = this.#flights.get(seq);
    if (seq <= this.#view.lastSettledSeq || duty.headers.length > SETTLEMENT_HEADERS_LIMIT) return undefined;
    if (flight !== undefined && flight.transaction.attempt >= attempt) {
      const running = flight.transaction.attempt === attempt && flight.revertedAt === undefined;
      return running ? submissionOf('resend', flight) : undefined;
    }
    if (seq > this.#view.lastSettledSeq + SUBMISSIONS_AHEAD_MAX) {
      const waiting = this.#waiting.get(seq);
      if (waiting === undefined || waiting.attempt.attempt < attempt) this.#waiting.set(seq, duty);
      return undefined;
    }
    this.#waiting.delete(seq);
    return this.#sign(duty);
  }

  /**
   * Learns a settlement block and says what to send because of it. One that is not higher than the last replaces it and
   * all between (a reorganisation): what they settled or reverted is open again.
   *
   * A transaction whose cap fell below the base fee, or that stood next in turn for `resubmitAfterBlocks` blocks,
   * pays more where the fee cap leaves room for a valid replacement; one next in turn that pays enough is sent
   * again as it is, since the chain may never have had it.
   */
  onSettlementBlock(block: SettlementBlock): readonly Submission[] {
    const { height, nextBaseFee: baseFee, lastSettledSeq } = block;
    this.#view = { height, baseFee, lastSettledSeq };
    if (this.#flights.size === 0 && this.#waiting.size === 0) return nothing;
    this.#noteReverts(block);
    const submissions: Submission[] = [];
    for (const seq of ascending(this.#flights.keys())) {
      const flight = this.#flights.get(seq);
      if (flight === undefined || flight.revertedAt !== undefined || seq <= lastSettledSeq) continue;
      const inTurn = seq === lastSettledSeq + 1;
      if (inTurn) flight.blocksInTurn += 1;
      const isLate = flight.blocksInTurn >= this.#options.resubmitAfterBlocks;
      const raised = isLate || flight.transaction.feeCap < baseFee ? this.#raise(flight) : undefined;
      if (raised !== undefined) submissions.push(raised);
      else if (inTurn) submissions.push(submissionOf('resend', flight));
    }
    for (const seq of ascending(this.#waiting.keys())) {
      if (seq > lastSettledSeq + SUBMISSIONS_AHEAD_MAX) break;
      const duty = this.#waiting.get(seq);
      this.#waiting.delete(seq);
      if (duty !== undefined && seq > lastSettledSeq) submissions.push(this.#sign(duty));
    }
    return submissions;
  }

  /**
   * Forgets a batch: it is settled, or this node's duty on it ended.
   * @returns Outbox rows to delete, in the write that records why.
   */
  drop(seq: number): readonly string[] {
    const keys = this.#outboxKeys.get(seq);
    this.#flights.delete(seq);
    this.#waiting.delete(seq);
    this.#outboxKeys.delete(seq);
    return keys ?? noKeys;
  }

  /**
   * Takes up the outbox after a restart. The very bytes that were signed are sent again, never new ones.
   * @param rows - All rows under `OUTBOX_PREFIX`.
   * @returns The newest attempt of each batch, by ascending batch, to send once more.
   * @throws {CodedError} `SETTLEMENT_OUTBOX_CORRUPT`: a row does not hold the transaction its key names.
   */
  recover(rows: readonly { readonly key: string; readonly value: Uint8Array }[]): readonly Submission[] {
    for (const { key, value } of rows) {
      const decoded = decodeSignedSettlementTransaction(value);
      if (!decoded.ok) throw corrupt(key, decoded.message);
      const { transaction, hash } = decoded.value;
      const { seq, attempt } = transaction;
      if (key !== outboxKeyOf(seq, attempt)) throw corrupt(key, `holds batch ${seq}, attempt ${attempt}`);
      if (transaction.chainId !== this.#options.chainId || transaction.proposer !== this.#options.self) {
        throw corrupt(key, 'holds the transaction of another chain or validator');
      }
      if ((this.#flights.get(seq)?.transaction.attempt ?? -1) < attempt)
        this.#keep(transaction, { bytes: value, hash });
      else this.#keepKey(seq, key);
    }
    return ascending(this.#flights.keys()).flatMap((seq) => {
      const flight = this.#flights.get(seq);
      return flight === undefined ? [] : [submissionOf('resend', flight)];
    });
  }

  #sign({ batch, attempt, headers, certificate }: SettlementDuty): Submission {
    const { chainId, self } = this.#options;
    const feeCap = this.#offer(2n * this.#view.baseFee + this.#options.tip);
    const transaction: UnsignedSettlementTransaction = {
      chainId,
      seq: batch.seq,
      fromHeight: batch.fromHeight,
      toHeight: batch.toHeight,
      net: batch.net,
      fees: batch.fees,
      liquidations: batch.liquidations,
      crossChain: batch.crossChain,
      actions: attempt.actions,
      headers,
      certificate,
      proposer: self,
      attempt: attempt.attempt,
      feeCap,
      tip: lowerFee(this.#options.tip, feeCap),
    };
    const signed = signAndEncodeSettlementTransaction(transaction, this.#signer);
    return submissionOf('first', this.#keep(transaction, signed));
  }

  /** Signs the same transaction with higher fees; undefined when the cap leaves less than a valid replacement. */
  #raise(flight: Flight): Submission | undefined {
    const { transaction: before } = flight;
    const wanted = 2n * this.#view.baseFee + this.#options.tip;
    const feeCapMin = replacementFeeMin(before.feeCap);
    const tipMin = replacementFeeMin(before.tip);
    const feeCap = this.#offer(higherFee(feeCapMin, wanted));
    const tip = this.#capped(higherFee(tipMin, wanted));
    if (feeCap < feeCapMin || tip < tipMin) return undefined;
    const transaction = { ...before, feeCap, tip };
    const signed = signAndEncodeSettlementTransaction(transaction, this.#signer);
    return submissionOf('replacement', this.#keep(transaction, signed));
  }

  #keep(
    transaction: UnsignedSettlementTransaction,
    { bytes, hash }: { readonly bytes: Uint8Array; readonly hash: Hash },
  ): Flight {
    const { seq, attempt } = transaction;
    const flight: Flight = { transaction, bytes, hash, blocksInTurn: 0, revertedAt: undefined };
    this.#flights.set(seq, flight);
    this.#keepKey(seq, outboxKeyOf(seq, attempt));
    return flight;
  }

  #keepKey(seq: number, key: string): void {
    const keys = this.#outboxKeys.get(seq);
    if (keys === undefined) this.#outboxKeys.set(seq, [key]);
    else if (!keys.includes(key)) keys.push(key);
  }

  #noteReverts(block: SettlementBlock): void {
    for (const flight of this.#flights.values()) {
      if ((flight.revertedAt ?? -1) >= block.height) flight.revertedAt = undefined;
    }
    for (const event of block.events) {
      if (event.type !== 'batch_reverted' || event.proposer !== this.#options.self) continue;
      const flight = this.#flights.get(event.seq);
      if (flight?.transaction.attempt === event.attempt) flight.revertedAt = block.height;
    }
  }

  /**
   * A fee cap within the configured one. What could not be raised again without leaving it goes all the way: else a base
   * fee between the two would keep the transaction out of blocks that count.
   */
  #offer(fee: Amount): Amount {
    const feeCap = this.#capped(fee);
    const feeCapMax = this.#capped(FEE_PER_GAS_MAX);
    return replacementFeeMin(feeCap) > feeCapMax ? feeCapMax : feeCap;
  }

  /** Never above the configured cap, nor above what a transaction may offer at all. */
  #capped(fee: Amount): Amount {
    return lowerFee(fee, lowerFee(this.#options.feeCap, FEE_PER_GAS_MAX));
  }
}

export function outboxKeyOf(seq: number, attempt: number): string {
  return `${OUTBOX_PREFIX}${seq}/${attempt}`;
}

function submissionOf(kind: Submission['kind'], flight: Flight): Submission {
  const { transaction, bytes, hash } = flight;
  const { seq, attempt, feeCap, tip } = transaction;
  return { kind, seq, attempt, outboxKey: outboxKeyOf(seq, attempt), bytes, hash, feeCap, tip };
}

function ascending(seqs: Iterable<number>): number[] {
  return [...seqs].sort((a, b) => a - b);
}

function corrupt(key: string, reason: string): CodedError {
  return new CodedError('SETTLEMENT_OUTBOX_CORRUPT', `outbox row ${key}: ${reason}`, { key });
}
