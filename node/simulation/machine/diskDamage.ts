/** What broken disks do to rows, as pure functions over rows as they stand on one, seals and all. */
import { sealOver, sealRow } from '../../core/sealedRows.ts';
import type { RecoveredRow, Write } from '../../core/types.ts';

/** Rows with their checksums, and the seal over them; nothing for nothing. */
export function sealAll(rows: readonly RecoveredRow[]): RecoveredRow[] {
  const sealed = rows.map(sealRow);
  return sealed.length === 0 ? [] : [...sealed, sealOver(sealed)];
}

/** What a batch weighs on its way to the disk, in bytes. */
export function weightOf(writes: readonly Write[]): number {
  return writes.reduce((sum, write) => sum + writeWeight(write), 0);
}

/**
 * A batch of which only the first bytes were written: whole rows, then perhaps a part of one. The seal, last in every
 * batch, is that of the batch before.
 * @param before - Unsealed rows as they were.
 * @param byteCount - Bytes of the batch that were written.
 * @returns Sealed rows by ascending key.
 */
export function tearBatch(
  before: readonly RecoveredRow[],
  writes: readonly Write[],
  byteCount: number,
): RecoveredRow[] {
  const rows = new Map(sealAll(before).map((row) => [row.key, row]));
  let left = byteCount;
  for (const write of writes) {
    if (left <= 0) break;
    const { key, value } = write;
    if (value === undefined) rows.delete(key);
    else rows.set(key, { key, value: sealRow({ key, value }).value.subarray(0, left) });
    left -= writeWeight(write);
  }
  return [...rows.values()].sort(byKey);
}

/** @param bit - Which bit of all the values' bits, in order, from 0. */
export function flipBit(sealed: readonly RecoveredRow[], bit: number): RecoveredRow[] {
  let left = bit;
  return sealed.map(({ key, value }) => {
    const at = left;
    left -= 8 * value.length;
    if (at < 0 || left >= 0) return { key, value };
    const damaged = value.slice();
    damaged[at >> 3] = (damaged[at >> 3] as number) ^ (1 << (at & 7));
    return { key, value: damaged };
  });
}

/** A deletion is one byte; a row has four more than its value. */
function writeWeight({ value }: Write): number {
  return value === undefined ? 1 : value.length + 4;
}

export function byKey(a: RecoveredRow, b: RecoveredRow): number {
  return a.key < b.key ? -1 : 1;
}
