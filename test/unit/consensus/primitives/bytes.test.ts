import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  concatBytes,
  equalBytes,
  fromHex,
  fromLatin1,
  isHex,
  readHex,
  toHex,
  toKey,
  utf8,
  writeHex,
} from '../../../../consensus/primitives/bytes.ts';

const byteArrays = fc.uint8Array({ maxLength: 100 });

describe('toHex and fromHex', () => {
  it('are inverse', () => {
    fc.assert(fc.property(byteArrays, (value) => equalBytes(fromHex(toHex(value)), value)));
    expect(toHex(Uint8Array.of(0, 1, 0x9a, 0xbf, 0xff))).toBe('0x00019abfff');
    expect(toHex(new Uint8Array(0))).toBe('0x');
  });

  it.each(['', 'ab', '0xa', '0xAB', '0xag', '0X00', '0x0 ', '0x00\n', ' 0x00'])('refuse %j', (text) => {
    expect(() => fromHex(text)).toThrow(RangeError);
    expect(isHex(text, 1)).toBe(false);
  });

  it('read and write views of a larger buffer', () => {
    const packet = Uint8Array.of(9, 0xde, 0xad, 9);
    expect(toHex(packet.subarray(1, 3))).toBe('0xdead');
    expect(readHex(packet, 1, 2)).toBe('0xdead');
    expect(readHex(packet.subarray(1), 0, 2)).toBe('0xdead');
    writeHex('0xbeef', packet, 1);
    expect(packet).toEqual(Uint8Array.of(9, 0xbe, 0xef, 9));
  });
});

describe('isHex', () => {
  it('wants exactly the bytes asked for', () => {
    expect(isHex('0xdead', 2)).toBe(true);
    expect(isHex('0xdead', 1)).toBe(false);
    expect(isHex('0xdead', 3)).toBe(false);
    expect(isHex('0x', 0)).toBe(true);
  });
});

describe('toKey and fromLatin1', () => {
  it('are inverse, one character a byte', () => {
    fc.assert(
      fc.property(byteArrays, (value) => {
        expect(toKey(value)).toHaveLength(value.length);
        expect(fromLatin1(toKey(value))).toEqual(value);
      }),
    );
    const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    expect(fromLatin1(toKey(every))).toEqual(every);
    expect(toKey(every.subarray(65, 68))).toBe('ABC');
  });
});

describe('equalBytes', () => {
  it('says what element-wise comparison says, for short and long arrays', () => {
    fc.assert(
      fc.property(byteArrays, byteArrays, (a, b) => {
        expect(equalBytes(a, b)).toBe(toHex(a) === toHex(b));
        expect(equalBytes(a, a.slice())).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(), (a, at) => {
        const b = a.slice();
        b[at % b.length] = (b[at % b.length] ?? 0) ^ 1;
        expect(equalBytes(a, b)).toBe(false);
        expect(equalBytes(a, a.subarray(1))).toBe(false);
      }),
    );
  });
});

describe('concatBytes', () => {
  it('joins in order and copies', () => {
    const first = Uint8Array.of(1);
    const joined = concatBytes(first, Uint8Array.of(), Uint8Array.of(2, 3));
    first[0] = 9;
    expect(joined).toEqual(Uint8Array.of(1, 2, 3));
    expect(concatBytes()).toEqual(new Uint8Array(0));
  });
});

describe('utf8', () => {
  it('encodes beyond ASCII', () => {
    expect(toHex(utf8('aé€😀'))).toBe('0x61c3a9e282acf09f9880');
  });
});
