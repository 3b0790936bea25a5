/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4), as LevelDB, ext4 and iSCSI use it: finds every flipped bit, every burst
 * of up to 32 bits, and all but one in four billion of other damages. Not a defence against anybody who means harm.
 */

/** The polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
  return remainder >>> 0;
});

/**
 * The checksum of some bytes, or of bytes that follow others.
 * @param before - Checksum of what comes before them.
 * @returns An integer from 0 to 2^32 - 1.
 */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let remainder = ~before;
  for (const byte of bytes) remainder = (table[(remainder ^ byte) & 0xff] as number) ^ (remainder >>> 8);
  return ~remainder >>> 0;
}
