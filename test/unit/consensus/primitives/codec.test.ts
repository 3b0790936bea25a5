import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, toHex } from '../../../../consensus/primitives/bytes.ts';
import { decode, encode, type Reader, Writer } from '../../../../consensus/primitives/codec.ts';
import { AMOUNT_MAX } from '../../../../consensus/primitives/flavor.ts';

/** One kind of value: what may be written, and how. */
interface Kind<Value> {
  readonly name: string;
  readonly values: fc.Arbitrary<Value>;
  readonly write: (writer: Writer, value: Value) => void;
  readonly read: (reader: Reader) => Value;
}

const kind = <Value>(
  name: string,
  values: fc.Arbitrary<Value>,
  write: Kind<Value>['write'],
  read: Kind<Value>['read'],
): Kind<unknown> => ({ name, values, write, read }) as Kind<unknown>;

const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
const texts = fc
  .string({ unit: 'grapheme', maxLength: 10 })
  .filter((text) => new TextEncoder().encode(text).length <= 100);

const kinds: readonly Kind<unknown>[] = [
  kind(
    'u8',
    fc.integer({ min: 0, max: 255 }),
    (w, v) => w.u8(v),
    (r) => r.u8(),
  ),
  kind(
    'u16',
    fc.integer({ min: 0, max: 65_535 }),
    (w, v) => w.u16(v),
    (r) => r.u16(),
  ),
  kind(
    'u32',
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    (w, v) => w.u32(v),
    (r) => r.u32(),
  ),
  kind(
    'u64',
    fc.maxSafeNat(),
    (w, v) => w.u64(v),
    (r) => r.u64(),
  ),
  kind(
    'i64',
    fc.maxSafeInteger(),
    (w, v) => w.i64(v),
    (r) => r.i64(),
  ),
  kind(
    'amount',
    fc.bigInt(0n, AMOUNT_MAX),
    (w, v) => w.amount(v),
    (r) => r.amount(),
  ),
  kind(
    'signedAmount',
    fc.bigInt(-AMOUNT_MAX, AMOUNT_MAX),
    (w, v) => w.signedAmount(v),
    (r) => r.signedAmount(),
  ),
  kind(
    'boolean',
    fc.boolean(),
    (w, v) => w.boolean(v),
    (r) => r.boolean(),
  ),
  kind(
    'hash',
    hashes,
    (w, v) => w.hash(v),
    (r) => r.hash(),
  ),
  kind<Uint8Array>(
    'fixed',
    fc.uint8Array({ minLength: 5, maxLength: 5 }),
    (w, v) => w.fixed(v, 5),
    (r) => r.fixed(5),
  ),
  kind<Uint8Array>(
    'bytes',
    fc.uint8Array({ maxLength: 20 }),
    (w, v) => w.bytes(v, 20),
    (r) => r.bytes(20),
  ),
  kind(
    'string',
    texts,
    (w, v) => w.string(v, 100),
    (r) => r.string(100),
  ),
  kind(
    'list',
    fc.array(fc.bigInt(-AMOUNT_MAX, AMOUNT_MAX), { maxLength: 6 }),
    (w, v) => w.list(v, 6, (inner, item) => inner.signedAmount(item)),
    (r) => r.list(6, (inner) => inner.signedAmount()),
  ),
];

describe.each(kinds)('$name', ({ values, write, read }) => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = encode((writer) => write(writer, value));
        expect(decode(bytes, read)).toEqual({ ok: true, value });
        // A writer that has to grow inside the value writes the same.
        expect(encode((writer) => write(writer, value), 0)).toEqual(bytes);
      }),
    );
  });

  it('is refused when a byte is missing or left over, whatever it is', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 255 }), (value, extra) => {
        const bytes = encode((writer) => write(writer, value));
        for (let length = 0; length < bytes.length; length += 1) {
          expect(decode(bytes.subarray(0, length), read)).toMatchObject({
            ok: false,
            code: 'ENCODING_INVALID',
          });
        }
        expect(decode(concatBytes(bytes, Uint8Array.of(extra)), read)).toMatchObject({ ok: false });
      }),
    );
  });

  it('has one encoding: bytes that decode are the bytes a writer makes', () => {
    const noise = fc.uint8Array({ maxLength: 40 });
    const sparse = fc.uint8Array({ maxLength: 40, max: 2 });
    // Mutations of real encodings get deeper than noise does.
    const mutated = fc.tuple(values, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([value, at, byte]) => {
      const bytes = encode((writer) => write(writer, value));
      if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(noise, sparse, mutated), (bytes) => {
        const verdict = decode(bytes, read);
        if (verdict.ok) expect(encode((writer) => write(writer, verdict.value))).toEqual(bytes);
        else expect(verdict.code).toBe('ENCODING_INVALID');
      }),
      { numRuns: 500 },
    );
  });
});

describe('Writer', () => {
  it('writes big-endian', () => {
    const bytes = encode((writer) =>
      writer
        .u8(1)
        .u16(0x0203)
        .u32(0x04050607)
        .u64(2 ** 40 + 1)
        .i64(-2)
        .amount(2n ** 64n),
    );
    expect(toHex(bytes)).toBe(
      '0x0102030405060700000100000000' + '01fffffffffffffffe' + '00000000000000010000000000000000',
    );
  });

  it('grows over any number of reallocations and counts what it wrote', () => {
    const writer = new Writer(1);
    for (let value = 0; value < 1000; value += 1) writer.u32(value);
    expect(writer.length).toBe(4000);
    const bytes = writer.finish();
    const values = decode(bytes, (reader) => Array.from({ length: 1000 }, () => reader.u32()));
    expect(values).toEqual({ ok: true, value: Array.from({ length: 1000 }, (_, value) => value) });
  });

  it('hands out bytes of their own', () => {
    const writer = new Writer();
    const first = writer.u8(1).finish();
    writer.u8(2);
    expect(first).toEqual(Uint8Array.of(1));
    expect(writer.finish()).toEqual(Uint8Array.of(1, 2));
  });

  it.each<[string, (writer: Writer) => unknown]>([
    ['u8 above', (w) => w.u8(256)],
    ['u8 below', (w) => w.u8(-1)],
    ['u8 fraction', (w) => w.u8(0.5)],
    ['u16 above', (w) => w.u16(65_536)],
    ['u32 above', (w) => w.u32(2 ** 32)],
    ['u64 negative', (w) => w.u64(-1)],
    ['u64 unsafe', (w) => w.u64(2 ** 53)],
    ['u64 not a number', (w) => w.u64(Number.NaN)],
    ['i64 unsafe', (w) => w.i64(-(2 ** 53))],
    ['amount above', (w) => w.amount(AMOUNT_MAX + 1n)],
    ['amount negative', (w) => w.amount(-1n)],
    ['signedAmount below', (w) => w.signedAmount(-AMOUNT_MAX - 1n)],
    ['hash short', (w) => w.hash('0xab')],
    ['fixed short', (w) => w.fixed(new Uint8Array(3), 4)],
    ['bytes long', (w) => w.bytes(new Uint8Array(3), 2)],
    ['string long in bytes', (w) => w.string('éé', 3)],
    ['list long', (w) => w.list([1, 2], 1, (inner, item) => inner.u8(item))],
  ])('crashes on %s: a bug, never data', (_name, write) => {
    expect(() => write(new Writer())).toThrow('assertion failed');
  });
});

describe('Reader', () => {
  const refused = (hex: string, read: (reader: Reader) => unknown) => {
    const bytes = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
    expect(decode(bytes, read)).toMatchObject({ ok: false, code: 'ENCODING_INVALID' });
  };

  it('refuses what no writer makes', () => {
    refused('02', (reader) => reader.boolean());
    refused('0020000000000000', (reader) => reader.u64());
    refused('ffffffffffffffff', (reader) => reader.u64());
    refused('ffe0000000000000', (reader) => reader.i64());
    refused(`01${'00'.repeat(16)}`, (reader) => reader.signedAmount());
    refused(`02${'00'.repeat(16)}`, (reader) => reader.signedAmount());
    refused('0001ff', (reader) => reader.string(10));
    refused('0002c080', (reader) => reader.string(10));
    refused('0003eda080', (reader) => reader.string(10));
  });

  it('refuses a count above the limit before it reads on', () => {
    refused('00000003aabbcc', (reader) => reader.bytes(2));
    refused('0003616263', (reader) => reader.string(2));
    refused('00000002aabb', (reader) => reader.list(1, (inner) => inner.u8()));
    let read = 0;
    refused('ffffffff', (reader) => reader.list(10, () => (read += 1)));
    refused('ffffffff', (reader) => reader.bytes(0xffff_ffff));
    expect(read).toBe(0);
  });

  it('keeps a byte order mark, which is part of the text', () => {
    const bytes = encode((writer) => writer.string('\ufeffa', 10));
    expect(decode(bytes, (reader) => reader.string(10))).toEqual({ ok: true, value: '\ufeffa' });
  });

  it('reads from a view into a larger buffer', () => {
    const packet = Uint8Array.of(9, 9, 0, 5, 9);
    expect(decode(packet.subarray(2, 4), (reader) => reader.u16())).toEqual({ ok: true, value: 5 });
    expect(decode(packet.subarray(2, 3), (reader) => reader.u16())).toMatchObject({ ok: false });
  });
});

describe('offset and since', () => {
  it('give the bytes a value was read from', () => {
    const bytes = encode((writer) => writer.u8(1).u16(2).u32(3));
    const read = decode(bytes, (reader) => {
      reader.u8();
      const start = reader.offset;
      reader.u16();
      const span = reader.since(start);
      reader.u32();
      return { start, span };
    });
    expect(read).toEqual({ ok: true, value: { start: 1, span: Uint8Array.of(0, 2) } });
  });
});

describe('decode', () => {
  it('lets bugs in a reading function through', () => {
    const read = () => {
      throw new TypeError('a bug');
    };
    expect(() => decode(new Uint8Array(0), read)).toThrow('a bug');
  });
});
