/**
 * Bytes and hash of a settlement-chain block and of the actions and events in it.
 *
 * The hash covers everything in a block but the hash itself; nothing in a block is a signature, so it is the
 * same under every crypto policy. Reserves come last: a chain whose pools rest keeps their bytes.
 */
import { DecodeError, decode, encode, type Reader, Writer } from '../../consensus/primitives/codec.ts';
import { assert, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Amount, Hash } from '../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../consensus/primitives/hash.ts';
import {
  ASSET_BYTES_MAX,
  ASSETS_LIMIT,
  isAscendingByAsset,
  readAscending,
  readNetAmounts,
  writeNetAmounts,
} from './commitment.ts';
import { type CrossChainEvent, readCrossChainEvent, writeCrossChainEvent } from './crossChain.ts';
import { readInputPosted, writeInputPosted } from './postedInput.ts';
import type {
  PoolReserves,
  RevertCode,
  SettlementAction,
  SettlementBlock,
  SettlementEvent,
} from './settlement.ts';

/** A block before its hash is known. */
export type UnhashedSettlementBlock = Omit<SettlementBlock, 'hash'>;

/** Events in one block: gas allows about a hundred settlements, each with at most `ASSETS_LIMIT` acknowledgements. */
export const SETTLEMENT_EVENTS_LIMIT = 65_536;

/** Room for a block without events, and for most events. */
const FACTS_BYTES_HINT = 160;
const EVENT_BYTES_HINT = 256;

const actionTypes: readonly SettlementAction['type'][] = ['swap', 'draw', 'ibc_transfer'];
/** The position is the type's byte: append, never reorder. */
const eventTypes: readonly SettlementEvent['type'][] = [
  'batch_settled',
  'batch_reverted',
  'transfer_acknowledged',
  'cross_chain_locked',
  'cross_chain_refused',
  'cross_chain_deposited',
  'cross_chain_completed',
  'cross_chain_refunded',
  'input_posted',
];
/** The position is the code's byte: append, never reorder. */
const revertCodes: readonly RevertCode[] = [
  'SLIPPAGE_EXCEEDED',
  'INSUFFICIENT_LIQUIDITY',
  'TRANSFER_TIMEOUT',
  'BAD_RANGE',
  'BAD_CERTIFICATE',
  'BAD_COMMITMENT',
  'BAD_QUOTE',
  'OUT_OF_GAS',
];

export function writeSettlementActions(writer: Writer, actions: readonly SettlementAction[]): void {
  assert(isAscendingByAsset(actions), 'actions must ascend by asset');
  writer.list(actions, ASSETS_LIMIT, (w, action) => {
    w.u8(actionTypes.indexOf(action.type)).string(action.asset, ASSET_BYTES_MAX).amount(action.amount);
    if (action.type === 'swap') w.amount(action.amountInMax);
  });
}

export function readSettlementActions(reader: Reader): readonly SettlementAction[] {
  return readAscending(reader, (r): SettlementAction => {
    const type = actionTypes[r.u8()];
    const asset = r.string(ASSET_BYTES_MAX);
    const amount = r.amount();
    if (type === undefined) throw new DecodeError('unknown settlement action');
    return type === 'swap' ? { type, asset, amount, amountInMax: r.amount() } : { type, asset, amount };
  });
}

/** One byte for a revert code, so that a stored row and a block name it alike. */
export function writeRevertCode(writer: Writer, code: RevertCode): void {
  writer.u8(revertCodes.indexOf(code));
}

export function readRevertCode(reader: Reader): RevertCode {
  const code = revertCodes[reader.u8()];
  if (code === undefined) throw new DecodeError('unknown revert code');
  return code;
}

export function encodeSettlementBlock(block: UnhashedSettlementBlock): Uint8Array {
  return encode((writer) => {
    writeFacts(writer, block);
    writeReserves(writer, block.reserves);
  }, 768);
}

/** Reads a block and computes its hash; the hash itself does not travel. */
export function decodeSettlementBlock(bytes: Uint8Array): Verdict<SettlementBlock, 'ENCODING_INVALID'> {
  return decode(bytes, readSettlementBlock);
}

export function readSettlementBlock(reader: Reader): SettlementBlock {
  const facts = {
    height: reader.u64(),
    parentHash: reader.hash(),
    timestampMs: reader.i64(),
    baseFee: reader.amount(),
    gasUsed: reader.u64(),
    gasLimit: reader.u64(),
    nextBaseFee: reader.amount(),
    lastSettledSeq: reader.u64(),
    events: reader.list(SETTLEMENT_EVENTS_LIMIT, readEvent),
  };
  const reserves = readAscending(reader, (r) => ({
    asset: r.string(ASSET_BYTES_MAX),
    assetReserve: r.amount(),
    baseReserve: r.amount(),
  }));
  const block: UnhashedSettlementBlock = { ...facts, reserves };
  return { ...block, hash: settlementBlockHash(block) };
}

/**
 * Hash of a block.
 * @param reservesBytes - `encodeReserves(block.reserves)`; a caller whose reserves did not change hands in the old ones.
 */
export function settlementBlockHash(
  block: UnhashedSettlementBlock,
  reservesBytes: Uint8Array = encodeReserves(block.reserves),
): Hash {
  const writer = new Writer(FACTS_BYTES_HINT + EVENT_BYTES_HINT * block.events.length);
  writeFacts(writer, block);
  return hashBytes('settlementBlock', writer.finish(), reservesBytes);
}

export function encodeReserves(reserves: readonly PoolReserves[]): Uint8Array {
  return encode((writer) => writeReserves(writer, reserves), 64 + reserves.length * 48);
}

function writeFacts(writer: Writer, block: UnhashedSettlementBlock): void {
  writer
    .u64(block.height)
    .hash(block.parentHash)
    .i64(block.timestampMs)
    .amount(block.baseFee)
    .u64(block.gasUsed)
    .u64(block.gasLimit)
    .amount(block.nextBaseFee)
    .u64(block.lastSettledSeq)
    .list(block.events, SETTLEMENT_EVENTS_LIMIT, writeEvent);
}

function writeReserves(writer: Writer, reserves: readonly PoolReserves[]): void {
  assert(isAscendingByAsset(reserves), 'reserves must ascend by asset');
  writer.list(reserves, ASSETS_LIMIT, (w, pool) =>
    w.string(pool.asset, ASSET_BYTES_MAX).amount(pool.assetReserve).amount(pool.baseReserve),
  );
}

function writeEvent(writer: Writer, event: SettlementEvent): void {
  writer.u8(eventTypes.indexOf(event.type));
  if (isCrossChain(event)) {
    writeCrossChainEvent(writer, event);
    return;
  }
  if (event.type === 'input_posted') {
    writeInputPosted(writer, event);
    return;
  }
  writer.u64(event.seq);
  switch (event.type) {
    case 'batch_settled':
      writer.u64(event.fromHeight).u64(event.toHeight);
      writeNetAmounts(writer, event.net);
      writer.u16(event.proposer).u32(event.attempt).hash(event.transactionHash);
      writeSettlementActions(writer, event.actions);
      writer.list(event.amountsIn, ASSETS_LIMIT, writeAmountIn);
      writer.u64(event.gasUsed).amount(event.fee);
      return;
    case 'batch_reverted':
      writer.u16(event.proposer).u32(event.attempt);
      writeRevertCode(writer, event.code);
      writer.hash(event.transactionHash);
      writeSettlementActions(writer, event.actions);
      writer.u64(event.gasUsed).amount(event.fee);
      return;
    case 'transfer_acknowledged':
      writer.string(event.asset, ASSET_BYTES_MAX).amount(event.amount);
  }
}

function readEvent(reader: Reader): SettlementEvent {
  const type = eventTypes[reader.u8()];
  if (type === undefined) throw new DecodeError('unknown settlement event');
  if (isCrossChainType(type)) return readCrossChainEvent(reader, type);
  if (type === 'input_posted') return readInputPosted(reader);
  const seq = reader.u64();
  switch (type) {
    case 'batch_settled':
      return {
        type,
        seq,
        fromHeight: reader.u64(),
        toHeight: reader.u64(),
        net: readNetAmounts(reader),
        proposer: reader.u16(),
        attempt: reader.u32(),
        transactionHash: reader.hash(),
        actions: readSettlementActions(reader),
        amountsIn: reader.list(ASSETS_LIMIT, readAmountIn),
        gasUsed: reader.u64(),
        fee: reader.amount(),
      };
    case 'batch_reverted':
      return {
        type,
        seq,
        proposer: reader.u16(),
        attempt: reader.u32(),
        code: readRevertCode(reader),
        transactionHash: reader.hash(),
        actions: readSettlementActions(reader),
        gasUsed: reader.u64(),
        fee: reader.amount(),
      };
    case 'transfer_acknowledged':
      return { type, seq, asset: reader.string(ASSET_BYTES_MAX), amount: reader.amount() };
  }
}

/** True for what the contract says of a transfer between the chains. */
export function isCrossChain(event: SettlementEvent): event is CrossChainEvent {
  return isCrossChainType(event.type);
}

function isCrossChainType(type: SettlementEvent['type']): type is CrossChainEvent['type'] {
  return type.startsWith('cross_chain_');
}

function writeAmountIn(writer: Writer, amountIn: Amount | undefined): void {
  writer.boolean(amountIn !== undefined);
  if (amountIn !== undefined) writer.amount(amountIn);
}

function readAmountIn(reader: Reader): Amount | undefined {
  return reader.boolean() ? reader.amount() : undefined;
}
