import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BLOCK_EVIDENCE_LIMIT,
  BLOCK_TRANSACTIONS_LIMIT,
  type BlockBody,
  createBlock,
  createGenesisBlock,
  decodeBlock,
  EVIDENCE_BYTES_LIMIT,
  HEADER_BYTES,
  type Header,
  headerHash,
  readBlock,
  readHeader,
  TRANSACTION_BYTES_LIMIT,
  writeBlock,
  writeHeader,
} from '../../../consensus/block.ts';
import { toHex } from '../../../consensus/primitives/bytes.ts';
import { decode, encode } from '../../../consensus/primitives/codec.ts';
import { ZERO_HASH } from '../../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../../consensus/primitives/hash.ts';

const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
const headers: fc.Arbitrary<Header> = fc.record({
  chainId: hashes,
  height: fc.maxSafeNat(),
  view: fc.maxSafeNat(),
  parentHash: hashes,
  timestampMs: fc.maxSafeInteger(),
  leader: fc.integer({ min: 0, max: 65_535 }),
  origin: fc.record({ height: fc.maxSafeNat(), hash: hashes }),
  transactionsRoot: hashes,
  receiptsRoot: hashes,
  stateRoot: hashes,
  batchCommitment: hashes,
});
const items = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 });
const bodies: fc.Arbitrary<BlockBody> = fc.record({ transactions: items, evidence: items });
const blocks = fc.tuple(headers, bodies).map(([header, body]) => createBlock(header, body));

describe('block codec', () => {
  it('brings back headers and blocks as they were', () => {
    fc.assert(
      fc.property(blocks, (block) => {
        expect(decodeBlock(block.bytes)).toEqual({ ok: true, value: block });
        expect(
          decode(
            encode((w) => writeHeader(w, block.header)),
            readHeader,
          ),
        ).toEqual({ ok: true, value: block.header });
      }),
    );
  });

  it('keeps the bytes a block was made of, wherever it came from', () => {
    fc.assert(
      fc.property(blocks, (block) => {
        expect(encode((w) => writeBlock(w, block))).toEqual(block.bytes);
        expect(encode((w) => writeHeader(w, block.header))).toEqual(block.bytes.subarray(0, HEADER_BYTES));
        const message = Uint8Array.of(7, 9, ...block.bytes);
        const read = decode(message, (reader) => ({ head: reader.u16(), block: readBlock(reader) }));
        expect(read).toEqual({ ok: true, value: { head: 0x0709, block } });
      }),
      { numRuns: 30 },
    );
  });

  it('has one encoding: what decodes, re-encodes to the same bytes', () => {
    fc.assert(
      fc.property(blocks, fc.nat(), fc.integer({ min: 0, max: 255 }), (block, at, byte) => {
        const bytes = block.bytes.slice();
        bytes[at % bytes.length] = byte;
        const verdict = decodeBlock(bytes);
        if (verdict.ok) expect(createBlock(verdict.value.header, verdict.value.body).bytes).toEqual(bytes);
        else expect(verdict.code).toBe('ENCODING_INVALID');
      }),
      { numRuns: 300 },
    );
  });

  it('refuses truncated, extended and arbitrary bytes', () => {
    fc.assert(
      fc.property(blocks, fc.nat(), fc.uint8Array({ maxLength: 300 }), (block, at, noise) => {
        const { bytes } = block;
        expect(decodeBlock(bytes.subarray(0, at % bytes.length)).ok).toBe(false);
        expect(decodeBlock(Uint8Array.of(...bytes, 0)).ok).toBe(false);
        expect(decodeBlock(noise).ok).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses counts and sizes above the limits before reading on', () => {
    const header = createGenesisBlock(genesisOptions).header;
    const withCounts = (...counts: number[]) =>
      encode((w) => {
        writeHeader(w, header);
        for (const count of counts) w.u32(count);
      });
    const messageOf = (bytes: Uint8Array) => {
      const verdict = decodeBlock(bytes);
      return verdict.ok ? 'accepted' : verdict.message;
    };
    expect(messageOf(withCounts(BLOCK_TRANSACTIONS_LIMIT + 1))).toContain('items exceed');
    expect(messageOf(withCounts(BLOCK_TRANSACTIONS_LIMIT))).toContain('ends too early');
    expect(messageOf(withCounts(1, TRANSACTION_BYTES_LIMIT + 1))).toContain('bytes exceed');
    expect(messageOf(withCounts(0, BLOCK_EVIDENCE_LIMIT + 1))).toContain('items exceed');
    expect(messageOf(withCounts(0, 1, EVIDENCE_BYTES_LIMIT + 1))).toContain('bytes exceed');
    expect(messageOf(withCounts(0, 0))).toBe('accepted');
  });
});

const genesisOptions = {
  chainId: hashBytes('chainId', Uint8Array.of(1)),
  blockTimeMs: 2000,
  stateRoot: hashBytes('state', Uint8Array.of(1)),
  settlementGenesisHash: hashBytes('settlementBlock', Uint8Array.of(1)),
};

describe('headerHash', () => {
  it('depends on every field and on nothing else', () => {
    fc.assert(
      fc.property(headers, headers, bodies, (header, other, body) => {
        const hash = headerHash(header);
        expect(createBlock(header, body).hash).toBe(hash);
        for (const key of Object.keys(header) as (keyof Header)[]) {
          const changed = { ...header, [key]: other[key] };
          const isEqual = JSON.stringify(changed) === JSON.stringify(header);
          expect(headerHash(changed) === hash).toBe(isEqual);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('is the hash of the header bytes in their domain', () => {
    const { header, hash } = createGenesisBlock(genesisOptions);
    expect(hash).toBe(
      hashBytes(
        'header',
        encode((w) => writeHeader(w, header)),
      ),
    );
  });
});

describe('createGenesisBlock', () => {
  it('stands one block time before genesis, at height and view 0, on the settlement genesis', () => {
    const { header, body } = createGenesisBlock(genesisOptions);
    expect(header).toEqual({
      chainId: genesisOptions.chainId,
      height: 0,
      view: 0,
      parentHash: ZERO_HASH,
      timestampMs: -2000,
      leader: 0,
      origin: { height: 0, hash: genesisOptions.settlementGenesisHash },
      transactionsRoot: ZERO_HASH,
      receiptsRoot: ZERO_HASH,
      stateRoot: genesisOptions.stateRoot,
      batchCommitment: ZERO_HASH,
    });
    expect(body).toEqual({ transactions: [], evidence: [] });
  });

  it('travels like any other block', () => {
    const block = createGenesisBlock(genesisOptions);
    expect(decodeBlock(block.bytes)).toEqual({ ok: true, value: block });
  });
});
