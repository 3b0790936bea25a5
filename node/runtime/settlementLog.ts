/**
 * Everything that was done to a mock settlement chain, in order, on disk: replayed, it gives the same chain, block for
 * block. The chain itself keeps nothing, so this is all that a restart needs.
 */
import { DecodeError, decode, encode, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import { assert, CodedError } from '../../consensus/primitives/codedError.ts';
import type { TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { MockSettlementChain } from '../../settlement/chain/mockChain.ts';
import type { PriceMove } from '../../settlement/chain/swapPools.ts';
import {
  type CrossChainDeposit,
  readCrossChainParties,
  writeCrossChainParties,
} from '../../settlement/net/crossChain.ts';
import { POSTED_INPUT_BYTES_MAX } from '../../settlement/net/postedInput.ts';
import type { Store } from './store.ts';

export type ChainOperation =
  | { readonly type: 'submit'; readonly nowMs: TimeMs; readonly bytes: Uint8Array }
  | { readonly type: 'produce'; readonly timestampMs: TimeMs }
  | { readonly type: 'full' | 'transfer_timeout'; readonly on: boolean }
  | { readonly type: 'censor'; readonly proposer: ValidatorIndex; readonly on: boolean }
  | { readonly type: 'price'; readonly move: PriceMove }
  | { readonly type: 'base_fee'; readonly permille: number }
  | { readonly type: 'reorganise'; readonly depth: number }
  /** A transaction that came and changed nothing, but proves something. */
  | { readonly type: 'seen'; readonly bytes: Uint8Array }
  | { readonly type: 'deposit'; readonly deposit: CrossChainDeposit }
  | { readonly type: 'post'; readonly nowMs: TimeMs; readonly bytes: Uint8Array };

/** The position is the operation's byte: append, never reorder. */
const types: readonly ChainOperation['type'][] = [
  'submit',
  'produce',
  'full',
  'transfer_timeout',
  'censor',
  'price',
  'base_fee',
  'reorganise',
  'seen',
  'deposit',
  'post',
];
const KEY_PREFIX = 'operation/';
const KEY_DIGITS = 12;
/** Larger than any settlement transaction that fits a block. */
const TRANSACTION_BYTES_MAX = 4 * 1024 * 1024;

/** Does to the chain what the operation says. */
export function applyOperation(chain: MockSettlementChain, operation: ChainOperation): void {
  switch (operation.type) {
    case 'submit':
      chain.submit(operation.bytes, operation.nowMs);
      return;
    case 'produce':
      chain.produceBlock(operation.timestampMs);
      return;
    case 'full':
      chain.setFull(operation.on);
      return;
    case 'transfer_timeout':
      chain.setTransferTimeout(operation.on);
      return;
    case 'censor':
      chain.setCensored(operation.proposer, operation.on);
      return;
    case 'price':
      chain.movePrice(operation.move);
      return;
    case 'base_fee':
      chain.multiplyBaseFee(operation.permille / 1000);
      return;
    case 'reorganise':
      chain.reorganise(operation.depth);
      return;
    case 'seen':
      return;
    case 'deposit':
      chain.deposit(operation.deposit);
      return;
    case 'post':
      chain.post(operation.bytes, operation.nowMs);
      return;
  }
}

export class SettlementLog {
  readonly #store: Store;
  #count = 0;
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Does everything again that the log holds.
   * @param replayed - Told of each operation, in order.
   * @throws {CodedError} `STORE_CORRUPT`: a row does not decode, or one is missing.
   */
  async replay(chain: MockSettlementChain, replayed: (operation: ChainOperation) => void): Promise<void> {
    for (const { key, value } of await this.#store.rows()) {
      if (key !== keyOf(this.#count)) throw corrupt(key, `${keyOf(this.#count)} is missing`);
      const decoded = decode(value, readOperation);
      if (!decoded.ok) throw corrupt(key, decoded.message);
      applyOperation(chain, decoded.value);
      replayed(decoded.value);
      this.#count += 1;
    }
  }

  /** Writes an operation down; safe when the promise resolves. */
  append(operation: ChainOperation): Promise<void> {
    const key = keyOf(this.#count);
    this.#count += 1;
    const value = encode((writer) => writeOperation(writer, operation), 64);
    this.#lastWrite = this.#lastWrite.then(() => this.#store.apply([{ key, value }], true));
    return this.#lastWrite;
  }

  /** Resolves when everything appended so far is safe. */
  settled(): Promise<void> {
    return this.#lastWrite;
  }

  async close(): Promise<void> {
    await this.#lastWrite.catch(() => undefined);
    await this.#store.close();
  }
}

function writeOperation(writer: Writer, operation: ChainOperation): void {
  writer.u8(types.indexOf(operation.type));
  switch (operation.type) {
    case 'submit':
      writer.i64(operation.nowMs).bytes(operation.bytes, TRANSACTION_BYTES_MAX);
      return;
    case 'produce':
      writer.i64(operation.timestampMs);
      return;
    case 'full':
    case 'transfer_timeout':
      writer.boolean(operation.on);
      return;
    case 'censor':
      writer.u16(operation.proposer).boolean(operation.on);
      return;
    case 'price':
      writer.string(operation.move.asset, 64);
      writer.amount(operation.move.numerator).amount(operation.move.denominator);
      return;
    case 'base_fee':
      writer.u64(operation.permille);
      return;
    case 'reorganise':
      writer.u32(operation.depth);
      return;
    case 'seen':
      writer.bytes(operation.bytes, TRANSACTION_BYTES_MAX);
      return;
    case 'deposit':
      writeCrossChainParties(writer, operation.deposit);
      writer.u32(operation.deposit.timeoutBlocks);
      return;
    case 'post':
      writer.i64(operation.nowMs).bytes(operation.bytes, POSTED_INPUT_BYTES_MAX);
      return;
  }
}

function readOperation(reader: Reader): ChainOperation {
  const type = types[reader.u8()];
  switch (type) {
    case 'submit':
      return { type, nowMs: reader.i64(), bytes: reader.bytes(TRANSACTION_BYTES_MAX) };
    case 'produce':
      return { type, timestampMs: reader.i64() };
    case 'full':
    case 'transfer_timeout':
      return { type, on: reader.boolean() };
    case 'censor':
      return { type, proposer: reader.u16(), on: reader.boolean() };
    case 'price': {
      const asset = reader.string(64);
      return { type, move: { asset, numerator: reader.amount(), denominator: reader.amount() } };
    }
    case 'base_fee':
      return { type, permille: reader.u64() };
    case 'reorganise':
      return { type, depth: reader.u32() };
    case 'seen':
      return { type, bytes: reader.bytes(TRANSACTION_BYTES_MAX) };
    case 'deposit':
      return { type, deposit: { ...readCrossChainParties(reader), timeoutBlocks: reader.u32() } };
    case 'post':
      return { type, nowMs: reader.i64(), bytes: reader.bytes(POSTED_INPUT_BYTES_MAX) };
    default:
      throw new DecodeError('no such operation');
  }
}

function keyOf(number: number): string {
  const digits = String(number).padStart(KEY_DIGITS, '0');
  assert(digits.length === KEY_DIGITS, 'the log of the settlement chain is full');
  return `${KEY_PREFIX}${digits}`;
}

function corrupt(key: string, reason: string): CodedError {
  return new CodedError('STORE_CORRUPT', `the stored row ${key} cannot be used: ${reason}`, { key, reason });
}
