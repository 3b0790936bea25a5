import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../../../consensus/primitives/codec.ts';
import {
  netBatchCommitment,
  readNetBatchContent,
  writeNetBatchContent,
} from '../../../../settlement/net/commitment.ts';
import type { CrossChainAction } from '../../../../settlement/net/crossChain.ts';
import type { NetBatchContent } from '../../../../settlement/net/settlement.ts';

const content: NetBatchContent = {
  seq: 1,
  fromHeight: 1,
  toHeight: 5,
  net: [
    { asset: 'UM', amount: 1700n },
    { asset: 'WETH', amount: -3n },
  ],
  fees: [{ asset: 'UM', amount: 2n }],
  liquidations: 4,
};

const transferId = `0x${'12'.repeat(32)}`;
const crossChain: readonly CrossChainAction[] = [
  { type: 'lock', transferId, to: `0x${'ab'.repeat(20)}`, asset: 'UM', amount: 7n },
  { type: 'complete', transferId },
  { type: 'refund', transferId },
];

describe('netBatchCommitment', () => {
  it('differs when any field differs', () => {
    const variants: NetBatchContent[] = [
      content,
      { ...content, seq: 2 },
      { ...content, fromHeight: 2 },
      { ...content, toHeight: 6 },
      { ...content, net: content.net.slice(1) },
      { ...content, net: [{ asset: 'UM', amount: -1700n }] },
      { ...content, fees: [] },
      { ...content, liquidations: 0 },
      { ...content, crossChain },
      { ...content, crossChain: crossChain.slice(1) },
    ];
    expect(new Set(variants.map(netBatchCommitment)).size).toBe(variants.length);
  });

  it('covers the content alone, whatever object carries it', () => {
    const longer = { ...content, borrowed: [], heldSlash: 5n };
    expect(netBatchCommitment(longer)).toBe(netBatchCommitment(content));
  });
});

describe('net batch content', () => {
  const bytes = encode((writer) => writeNetBatchContent(writer, content));

  it('survives encoding', () => {
    expect(decode(bytes, readNetBatchContent)).toEqual({ ok: true, value: content });
    const more = { ...content, crossChain };
    expect(
      decode(
        encode((writer) => writeNetBatchContent(writer, more)),
        readNetBatchContent,
      ),
    ).toEqual({
      ok: true,
      value: more,
    });
  });

  it('has bytes for cross-chain actions only where there are some', () => {
    const more = encode((writer) => writeNetBatchContent(writer, { ...content, crossChain }));
    expect(more.length).toBeGreaterThan(bytes.length);
    // The highest bit of the count of liquidations announces them; a list of none is none that a writer makes.
    const announced = Uint8Array.from([...bytes, 0, 0, 0, 0]);
    announced[bytes.length - 4] = 0x80;
    expect(decode(announced, readNetBatchContent)).toMatchObject({ ok: false, code: 'ENCODING_INVALID' });
  });

  it('has one order of assets and no zero', () => {
    const swapped = [...content.net].reverse();
    expect(() => netBatchCommitment({ ...content, net: swapped })).toThrow(/ascend/);
    expect(() => netBatchCommitment({ ...content, net: [{ asset: 'UM', amount: 0n }] })).toThrow(/zero/);
    expect(() => netBatchCommitment({ ...content, fees: [{ asset: 'UM', amount: 0n }] })).toThrow(/zero/);
    // 'UM' becomes 'ZM', which no longer stands before 'WETH'.
    const unordered = Uint8Array.from(bytes);
    unordered[30] = 'Z'.charCodeAt(0);
    expect(decode(unordered, readNetBatchContent)).toMatchObject({ ok: false, code: 'ENCODING_INVALID' });
    const zero = encode((writer) =>
      writeNetBatchContent(writer, { ...content, net: [], fees: [{ asset: 'UM', amount: 1n }] }),
    );
    zero[zero.length - 5] = 0;
    expect(decode(zero, readNetBatchContent)).toMatchObject({ ok: false, code: 'ENCODING_INVALID' });
  });
});
