import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../../../consensus/primitives/bytes.ts';
import { DerError, DerReader, derTags } from '../../../../../settlement/atomic/proofs/der.ts';

const reader = (text: string) => new DerReader(fromHex(`0x${text.replaceAll(' ', '')}`));
const zeroes = (count: number) => '00'.repeat(count);

describe('DerReader', () => {
  it('reads lengths of every shortest form', () => {
    for (const [head, count] of [
      ['04 00', 0],
      ['04 7f', 127],
      ['04 81 80', 128],
      ['04 81 ff', 255],
      ['04 82 0100', 256],
      ['04 82 0800', 2048],
    ] as const) {
      const source = reader(head + zeroes(count));
      expect(source.content(derTags.octetString).length).toBe(count);
      source.end();
    }
  });

  it.each([
    ['a longer form than needed', `04 81 7f ${zeroes(127)}`],
    ['two bytes for one', `04 82 00ff ${zeroes(255)}`],
    ['an indefinite length', '04 80 0000'],
    ['three bytes of length', `04 83 010000 ${zeroes(65_536)}`],
    ['a length beyond the end', '04 03 0000'],
    ['a length that is cut off', '04 82 01'],
    ['a tag alone', '04'],
    ['another tag', '05 00'],
    ['nothing', ''],
  ])('refuses %s', (_name, text) => {
    expect(() => reader(text).content(derTags.octetString)).toThrow(DerError);
  });

  it('reads integers of the shortest form from zero up', () => {
    const cases = { '02 01 00': '0x', '02 01 7f': '0x7f', '02 02 0080': '0x80', '02 02 0100': '0x0100' };
    for (const [text, magnitude] of Object.entries(cases)) {
      expect(toHex(reader(text).unsigned(2))).toBe(magnitude);
    }
    for (const text of ['02 00', '02 01 80', '02 02 007f', '02 02 0000', '02 03 010000', '02 02 ffff']) {
      expect(() => reader(text).unsigned(2), text).toThrow(DerError);
    }
  });

  it('reads what defaults to false only where it is written true', () => {
    expect(reader('01 01 ff').trueOrAbsent()).toBe(true);
    expect(reader('04 00').trueOrAbsent()).toBe(false);
    for (const text of ['01 01 00', '01 01 01', '01 00', '01 02 ffff']) {
      expect(() => reader(text).trueOrAbsent(), text).toThrow(DerError);
    }
  });

  it('reads object identifiers whose numbers are whole and of the shortest form', () => {
    expect(toHex(reader('06 03 551d0f').objectIdentifier())).toBe('0x551d0f');
    expect(toHex(reader('06 03 2a8648').objectIdentifier())).toBe('0x2a8648');
    for (const text of ['06 00', '06 01 86', '06 03 551d8f', '06 03 558001', '05 00']) {
      expect(() => reader(text).objectIdentifier(), text).toThrow(DerError);
    }
  });

  it('reads text of three kinds', () => {
    for (const text of ['0c 02 c3a4', '13 01 41', '16 01 41', '0c 00']) {
      const source = reader(text);
      source.text();
      source.end();
    }
    for (const text of ['0c 02 c328', '13 01 80', '16 01 0a', '1e 01 41', '0c 02 41']) {
      expect(() => reader(text).text(), text).toThrow(DerError);
    }
  });

  it('reads bit strings of whole bytes', () => {
    expect(toHex(reader('03 03 00 abcd').wholeBits())).toBe('0xabcd');
    expect(() => reader('03 03 01 abcc').wholeBits()).toThrow(DerError);
    expect(() => reader('03 00').wholeBits()).toThrow(DerError);
  });

  it('goes inside, and says what is left', () => {
    const source = reader('30 05 02 01 07 04 00');
    const inner = source.inside(derTags.sequence);
    source.end();
    expect(toHex(inner.element(derTags.integer))).toBe('0x020107');
    expect(() => inner.end()).toThrow(DerError);
    expect(() => inner.expect(fromHex('0x0401'))).toThrow(DerError);
    inner.expect(fromHex('0x0400'));
    expect(inner.isAtEnd).toBe(true);
  });
});
