import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZERO_HASH } from '../../../../consensus/primitives/flavor.ts';
import { postedInputHash } from '../../../../settlement/net/postedInput.ts';
import type { SettlementEvent } from '../../../../settlement/net/settlement.ts';
import {
  decodeSettlementBlock,
  encodeReserves,
  encodeSettlementBlock,
  settlementBlockHash,
  type UnhashedSettlementBlock,
} from '../../../../settlement/net/settlementBlock.ts';

function inputPosted(bytes: Uint8Array): SettlementEvent {
  return { type: 'input_posted', transactionHash: postedInputHash(bytes), bytes };
}

const hash = `0x${'ab'.repeat(32)}`;
const swap = { type: 'swap', asset: 'UM', amount: 1700n, amountInMax: 1723n } as const;
const transfer = { type: 'ibc_transfer', asset: 'WETH', amount: 12n } as const;
const events: readonly SettlementEvent[] = [
  { type: 'transfer_acknowledged', seq: 1, asset: 'UM', amount: 5n },
  {
    type: 'batch_settled',
    seq: 2,
    fromHeight: 6,
    toHeight: 10,
    net: [
      { asset: 'UM', amount: 1700n },
      { asset: 'WETH', amount: -12n },
    ],
    proposer: 1,
    attempt: 1,
    transactionHash: hash,
    actions: [swap, transfer],
    amountsIn: [1706n, undefined],
    gasUsed: 210_000,
    fee: 10n ** 20n,
  },
  {
    type: 'batch_reverted',
    seq: 3,
    proposer: 2,
    attempt: 4,
    code: 'SLIPPAGE_EXCEEDED',
    transactionHash: hash,
    actions: [swap],
    gasUsed: 160_000,
    fee: 7n,
  },
  inputPosted(Uint8Array.of(1, 2, 3)),
];
const block: UnhashedSettlementBlock = {
  height: 3,
  parentHash: hash,
  timestampMs: 15_000,
  baseFee: 100n,
  gasUsed: 370_000,
  gasLimit: 10_000_000,
  events,
  reserves: [
    { asset: 'UM', assetReserve: 1n, baseReserve: 2n },
    { asset: 'WETH', assetReserve: 3n, baseReserve: 4n },
  ],
  nextBaseFee: 88n,
  lastSettledSeq: 2,
};

describe('settlement block codec', () => {
  it('gives back the block, with its hash', () => {
    expect(decodeSettlementBlock(encodeSettlementBlock(block))).toEqual({
      ok: true,
      value: { ...block, hash: settlementBlockHash(block) },
    });
  });

  it('refuses every cut and never throws on noise', () => {
    const bytes = encodeSettlementBlock(block);
    for (let length = 0; length < bytes.length; length += 7) {
      expect(decodeSettlementBlock(bytes.subarray(0, length))).toMatchObject({ code: 'ENCODING_INVALID' });
    }
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = value;
        const decoded = decodeSettlementBlock(changed);
        if (decoded.ok) expect(encodeSettlementBlock(decoded.value)).toEqual(changed);
        else expect(decoded.code).toBe('ENCODING_INVALID');
      }),
    );
  });
});

describe('settlementBlockHash', () => {
  it('covers every field', () => {
    const variants: UnhashedSettlementBlock[] = [
      block,
      { ...block, height: 4 },
      { ...block, parentHash: ZERO_HASH },
      { ...block, timestampMs: 15_001 },
      { ...block, baseFee: 101n },
      { ...block, gasUsed: 0 },
      { ...block, gasLimit: 1 },
      { ...block, events: [] },
      { ...block, events: [inputPosted(Uint8Array.of(1))] },
      { ...block, events: [inputPosted(Uint8Array.of(2))] },
      { ...block, reserves: [] },
      { ...block, nextBaseFee: 89n },
      { ...block, lastSettledSeq: 3 },
    ];
    expect(new Set(variants.map((each) => settlementBlockHash(each))).size).toBe(variants.length);
  });

  it('takes the bytes of reserves that did not change', () => {
    expect(settlementBlockHash(block, encodeReserves(block.reserves))).toBe(settlementBlockHash(block));
  });
});
