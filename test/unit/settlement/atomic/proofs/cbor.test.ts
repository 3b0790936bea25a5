import { describe, expect, it } from 'vitest';
import { fromHex } from '../../../../../consensus/primitives/bytes.ts';
import { CborError, CborReader } from '../../../../../settlement/atomic/proofs/cbor.ts';

const reader = (text: string) => new CborReader(fromHex(`0x${text.replaceAll(' ', '')}`));
const numbers = (text: string, either = false) => {
  const read: number[] = [];
  const source = reader(text);
  const readOne = () => {
    read.push(source.unsigned());
  };
  if (either) source.mapOfEitherForm(3, readOne);
  else source.map(3, readOne);
  source.end();
  return read;
};

describe('CborReader', () => {
  it.each([
    ['00', 0],
    ['17', 23],
    ['18 18', 24],
    ['18 ff', 255],
    ['19 0100', 256],
    ['1a 00010000', 65_536],
    ['1b 0000000100000000', 2 ** 32],
    ['1b 001fffffffffffff', Number.MAX_SAFE_INTEGER],
  ])('reads %s as %i (RFC 8949, appendix A)', (text, value) => {
    const source = reader(text);
    expect(source.unsigned()).toBe(value);
    source.end();
  });

  it.each([
    ['a value that fits the first byte', '18 17'],
    ['two bytes for one', '19 00ff'],
    ['four bytes for two', '1a 0000ffff'],
    ['eight bytes for four', '1b 00000000ffffffff'],
    ['more than 2^53', '1b 0020000000000000'],
    ['a reserved form', '1c'],
    ['no definite length', '1f'],
    ['another type', '20'],
    ['too few bytes', '19 01'],
    ['nothing', ''],
  ])('refuses %s', (_name, text) => {
    expect(() => reader(text).unsigned()).toThrow(CborError);
  });

  it('reads strings within their limits, and null where it may stand', () => {
    expect(reader('43 010203').bytes(3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(() => reader('43 010203').bytes(2)).toThrow(CborError);
    expect(() => reader('43 0102').bytes(3)).toThrow(CborError);
    expect(() => reader('5f 41 01 ff').bytes(3)).toThrow(CborError);
    expect(reader('f6').bytesOrNull(3)).toBeUndefined();
    expect(reader('40').bytesOrNull(3)).toEqual(new Uint8Array());
    expect(reader('63 61c3a4').text(3)).toBe('aä');
    expect(() => reader('62 c328').text(3)).toThrow(CborError);
    expect(() => reader('61 61').bytes(3)).toThrow(CborError);
  });

  it('reads maps of a count, and of none only where they may stand', () => {
    expect(numbers('a2 01 02')).toEqual([1, 2]);
    expect(() => numbers('bf 01 02 ff')).toThrow(CborError);
    expect(numbers('bf 01 02 ff', true)).toEqual([1, 2]);
    expect(numbers('a2 01 02', true)).toEqual([1, 2]);
    expect(() => numbers('bf 01 02', true)).toThrow(CborError);
    expect(() => numbers('bf 01 02 03 04 ff', true)).toThrow(CborError);
    expect(() => numbers('a4 01 02 03 04')).toThrow(CborError);
    expect(() => numbers('a1 01 02')).toThrow(CborError);
  });
});
