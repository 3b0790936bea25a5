/**
 * The commitment of a net batch: what the sealing header promises and the settlement contract checks
 * (docs/protocol.md, windows and net batches), with the canonical bytes of the lists it covers.
 *
 * Lists ascend by asset in code units and hold no zero, so equal batches have equal bytes.
 */
import { DecodeError, type Reader, Writer } from '../../consensus/primitives/codec.ts';
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { domains, hashPrefixed } from '../../consensus/primitives/hash.ts';
import { type CrossChainAction, readCrossChainActions, writeCrossChainActions } from './crossChain.ts';
import type { AssetAmount, NetAmount, NetBatchContent } from './settlement.ts';

/** Longest asset symbol on the wire, in bytes of UTF-8: as long as a bytes32 name of an EVM token list. */
export const ASSET_BYTES_MAX = 32;
/** Assets in one list: far above any configured ledger, and few enough that a list stays below 16 KiB. */
export const ASSETS_LIMIT = 256;
/** Most liquidations that a content counts: the bit above says that cross-chain actions follow. */
export const LIQUIDATIONS_MAX = 0x7fff_ffff;
const ACTIONS_FOLLOW = LIQUIDATIONS_MAX + 1;

/** Hash of a batch's content; goes into the header of the block that seals it. */
export function netBatchCommitment(content: NetBatchContent): Hash {
  const writer = new Writer(128).u8(domains.netBatch);
  writeNetBatchContent(writer, content);
  return hashPrefixed(writer.finish());
}

/** Writes the fields of `NetBatchContent`; further fields of a longer object are left out. */
export function writeNetBatchContent(writer: Writer, content: NetBatchContent): void {
  writer.u64(content.seq).u64(content.fromHeight).u64(content.toHeight);
  writeNetAmounts(writer, content.net);
  writeAssetAmounts(writer, content.fees);
  writeCountAndActions(writer, content.liquidations, content.crossChain);
}

export function readNetBatchContent(reader: Reader): NetBatchContent {
  const seq = reader.u64();
  const fromHeight = reader.u64();
  const toHeight = reader.u64();
  const net = readNetAmounts(reader);
  const fees = readAssetAmounts(reader);
  const { count: liquidations, crossChain } = readCountAndActions(reader);
  return { seq, fromHeight, toHeight, net, fees, liquidations, crossChain };
}

/** A count in 32 bits, of which the highest says that actions follow: without any the bytes are those of the count. */
export function writeCountAndActions(
  writer: Writer,
  count: number,
  crossChain: readonly CrossChainAction[] | undefined,
): void {
  assert(count < ACTIONS_FOLLOW, `a count of ${count}`);
  writer.u32(crossChain === undefined ? count : count + ACTIONS_FOLLOW);
  if (crossChain !== undefined) writeCrossChainActions(writer, crossChain);
}

export function readCountAndActions(reader: Reader): {
  readonly count: number;
  readonly crossChain: readonly CrossChainAction[] | undefined;
} {
  const count = reader.u32();
  if (count < ACTIONS_FOLLOW) return { count, crossChain: undefined };
  return { count: count - ACTIONS_FOLLOW, crossChain: readCrossChainActions(reader) };
}

export function writeNetAmounts(writer: Writer, amounts: readonly NetAmount[]): void {
  assert(isAscendingByAsset(amounts), 'net amounts must ascend by asset');
  writer.list(amounts, ASSETS_LIMIT, (w, { asset, amount }) => {
    if (amount === 0n) assert(false, `net of ${asset} is zero`);
    w.string(asset, ASSET_BYTES_MAX).signedAmount(amount);
  });
}

export function readNetAmounts(reader: Reader): readonly NetAmount[] {
  return readAscending(reader, (r) => {
    const asset = r.string(ASSET_BYTES_MAX);
    const amount = r.signedAmount();
    if (amount === 0n) throw new DecodeError(`net of ${asset} is zero`);
    return { asset, amount };
  });
}

export function writeAssetAmounts(writer: Writer, amounts: readonly AssetAmount[]): void {
  assert(isAscendingByAsset(amounts), 'amounts must ascend by asset');
  writer.list(amounts, ASSETS_LIMIT, (w, { asset, amount }) => {
    if (amount === 0n) assert(false, `amount of ${asset} is zero`);
    w.string(asset, ASSET_BYTES_MAX).amount(amount);
  });
}

export function readAssetAmounts(reader: Reader): readonly AssetAmount[] {
  return readAscending(reader, (r) => {
    const asset = r.string(ASSET_BYTES_MAX);
    const amount = r.amount();
    if (amount === 0n) throw new DecodeError(`amount of ${asset} is zero`);
    return { asset, amount };
  });
}

/** Reads a list of at most `ASSETS_LIMIT` items and refuses any order but strictly ascending by asset. */
export function readAscending<Item extends { readonly asset: string }>(
  reader: Reader,
  read: (reader: Reader) => Item,
): readonly Item[] {
  const items = reader.list(ASSETS_LIMIT, read);
  if (!isAscendingByAsset(items)) throw new DecodeError('list does not ascend by asset');
  return items;
}

/** True when every asset is greater than the one before it, by code units. */
export function isAscendingByAsset(items: readonly { readonly asset: string }[]): boolean {
  for (let index = 1; index < items.length; index += 1) {
    const before = items[index - 1];
    const item = items[index];
    if (before !== undefined && item !== undefined && before.asset >= item.asset) return false;
  }
  return true;
}
