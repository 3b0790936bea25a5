import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../consensus/primitives/bytes.ts';
import { crc32c } from '../../../../node/core/checksum.ts';

describe('crc32c', () => {
  it('gives the values of RFC 3720, appendix B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e);
    expect(crc32c(utf8('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array())).toBe(0);
  });

  it('goes on where it stopped', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(crc32c(b, crc32c(a))).toBe(crc32c(Uint8Array.from([...a, ...b])));
      }),
    );
  });

  it('changes with every single bit', () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, index) => (index * 37) & 0xff);
    const whole = crc32c(bytes);
    for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(crc32c(damaged)).not.toBe(whole);
    }
  });
});
