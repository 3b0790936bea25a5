/**
 * Rows as a disk that cannot be trusted holds them. Each row ends with a checksum over its key and value; one more row,
 * the seal, is written last in every batch and tells how many rows there are and what their checksums add up to. So a
 * changed bit, half a row, a row too many, too few or too old, and a batch of which only a part was written are all
 * found when the rows are read, and the node does not start on them.
 */
import { utf8 } from '../../consensus/primitives/bytes.ts';
import { decode, encode } from '../../consensus/primitives/codec.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { crc32c } from './checksum.ts';
import type { RecoveredRow } from './types.ts';

const SEAL_KEY = 'seal';
const CHECKSUM_BYTES = 4;
const CHECKSUM_RANGE = 2 ** 32;

/** A row with its checksum. */
export function sealRow({ key, value }: RecoveredRow): RecoveredRow {
  const sealed = new Uint8Array(value.length + CHECKSUM_BYTES);
  sealed.set(value);
  new DataView(sealed.buffer).setUint32(value.length, checksumOf(key, value));
  return { key, value: sealed };
}

/** The seal over all rows, itself sealed. @param rows - Sealed ones. */
export function sealOver(rows: Iterable<RecoveredRow>): RecoveredRow {
  let count = 0;
  let sum = 0;
  for (const { value } of rows) {
    count += 1;
    sum = (sum + writtenChecksum(value)) % CHECKSUM_RANGE;
  }
  return sealRow({ key: SEAL_KEY, value: encode((writer) => writer.u64(count).u32(sum), 12) });
}

/**
 * Checks rows as they were read and takes the seals off.
 * @param sealed - All rows of a store, the seal among them, in any order; none at all for an empty store.
 * @throws {CodedError} `STORE_CORRUPT`: something is not as it was written.
 */
export function openRows(sealed: readonly RecoveredRow[]): RecoveredRow[] {
  const rows: RecoveredRow[] = [];
  let seal: { readonly count: number; readonly sum: number } | undefined;
  let sum = 0;
  for (const { key, value } of sealed) {
    const length = value.length - CHECKSUM_BYTES;
    const bytes = value.subarray(0, Math.max(0, length));
    if (length < 0 || writtenChecksum(value) !== checksumOf(key, bytes))
      throw corrupt(key, 'its checksum is wrong');
    if (key === SEAL_KEY) {
      const read = decode(bytes, (reader) => ({ count: reader.u64(), sum: reader.u32() }));
      if (!read.ok) throw corrupt(key, read.message);
      if (seal !== undefined) throw corrupt(key, 'it is there twice');
      seal = read.value;
      continue;
    }
    sum = (sum + writtenChecksum(value)) % CHECKSUM_RANGE;
    rows.push({ key, value: bytes });
  }
  if (rows.length === 0 && seal === undefined) return rows;
  if (seal === undefined) throw corrupt(SEAL_KEY, 'missing although other rows exist');
  if (seal.count !== rows.length || seal.sum !== sum) {
    throw corrupt(SEAL_KEY, `it was made over ${seal.count} rows, these ${rows.length} are not the same`);
  }
  return rows;
}

function checksumOf(key: string, value: Uint8Array): number {
  return crc32c(value, crc32c(utf8(key)));
}

function writtenChecksum(sealed: Uint8Array): number {
  if (sealed.length < CHECKSUM_BYTES) return -1;
  return new DataView(sealed.buffer, sealed.byteOffset, sealed.length).getUint32(
    sealed.length - CHECKSUM_BYTES,
  );
}

function corrupt(key: string, reason: string): CodedError {
  return new CodedError('STORE_CORRUPT', `the stored row ${key} cannot be used: ${reason}`, { key, reason });
}
