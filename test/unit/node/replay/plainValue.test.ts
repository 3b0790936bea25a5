import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode, Reader } from '../../../../consensus/primitives/codec.ts';
import { readPlain, writePlain } from '../../../../node/replay/plainValue.ts';

const plain = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(undefined, null, true, false, -0, Number.NaN, Number.POSITIVE_INFINITY),
    fc.integer(),
    fc.double(),
    fc.bigInt(),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 8 }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

describe('plain values', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(plain, (value) => {
        const bytes = encode((writer) => writePlain(writer, value));
        expect(readPlain(new Reader(bytes))).toEqual(value);
      }),
    );
  });

  it('are refused, never misread, when bytes are cut off', () => {
    fc.assert(
      fc.property(plain, fc.nat(), (value, cut) => {
        const bytes = encode((writer) => writePlain(writer, value));
        const short = bytes.subarray(0, cut % bytes.length);
        expect(decode(short, (reader) => readPlain(reader)).ok).toBe(false);
      }),
    );
  });

  it('never throw for bytes from anywhere', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        decode(bytes, (reader) => readPlain(reader));
      }),
    );
  });

  it('do not include instances of classes', () => {
    expect(() => encode((writer) => writePlain(writer, new Map()))).toThrow(/no plain value/);
  });
});
