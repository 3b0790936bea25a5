import { describe, expect, it } from 'vitest';
import { headerHash } from '../../../../consensus/block.ts';
import { ZERO_HASH } from '../../../../consensus/primitives/flavor.ts';
import {
  GAS_BASE,
  GAS_PAYLOAD_BYTE,
  proofGas,
  settlementGas,
} from '../../../../settlement/chain/feeMarket.ts';
import { SettlementContract } from '../../../../settlement/chain/settlementContract.ts';
import { createHoldings } from '../../../../settlement/chain/swapPools.ts';
import type { UnsignedSettlementTransaction } from '../../../../settlement/chain/transactionCodec.ts';
import { netBatchCommitment } from '../../../../settlement/net/commitment.ts';
import type {
  NetAmount,
  PoolReserves,
  SettlementTransaction,
} from '../../../../settlement/net/settlement.ts';
import {
  actionsOf,
  baseAsset,
  batchOf,
  bridgeFees,
  certify,
  chainId,
  chainOf,
  finalise,
  headerAt,
  settle,
  validators,
  verifier,
} from './fixtures.ts';

const byteCount = 700;

function createContract(
  options: { pools?: readonly PoolReserves[]; treasury?: Record<string, bigint>; gasLimit?: number } = {},
): SettlementContract {
  const assets = ['UM', 'USDC', 'WETH'];
  const holdings = createHoldings({ baseAsset, assets, pools: options.pools, treasury: options.treasury });
  const gasLimit = options.gasLimit ?? 10_000_000;
  const contractOptions = { chainId, validators, baseAsset, gasLimit, holdings, bridgeFees };
  return new SettlementContract(contractOptions, { verifier });
}

/** A settlement of batch 1 with other headers, the certificate on the last of them. */
function provenBy(count: number, overrides: Partial<UnsignedSettlementTransaction> = {}) {
  const batch = batchOf(1);
  const headers = chainOf(headerAt(5, { batchCommitment: netBatchCommitment(batch) }), count);
  const certificate = finalise(headers[count] ?? headerAt(0));
  return { headers, transaction: settle(batch, { headers, certificate, ...overrides }) };
}

describe('SettlementContract.checkAuthor', () => {
  const contract = createContract();

  it('accepts a registered validator', () => {
    expect(contract.checkAuthor(settle(batchOf(1), { proposer: 3 })).ok).toBe(true);
  });

  it.each([
    ['another chain', settle(batchOf(1), { chainId: ZERO_HASH }), 'SETTLEMENT_CHAIN_MISMATCH'],
    ['a stranger', settle(batchOf(1), { proposer: 4 }), 'SETTLEMENT_PROPOSER_UNKNOWN'],
    ['another content', { ...settle(batchOf(1)), tip: 11n }, 'SETTLEMENT_SIGNATURE_INVALID'],
    [
      'another certificate',
      { ...settle(batchOf(1)), certificate: certify({ kind: 'nullify', view: 5, blockHash: ZERO_HASH }) },
      'SETTLEMENT_SIGNATURE_INVALID',
    ],
  ])('refuses %s', (_, transaction, code) => {
    expect(contract.checkAuthor(transaction)).toMatchObject({ ok: false, code });
  });
});

describe('SettlementContract.execute', () => {
  it('settles a batch: pays from the treasury, moves the pool, remembers the range', () => {
    const contract = createContract();
    const net: NetAmount[] = [
      { asset: 'UM', amount: 1700n },
      { asset: 'USDC', amount: 40n },
      { asset: 'WETH', amount: -12n },
    ];
    const transaction = settle(batchOf(1, net));
    expect(contract.execute(transaction, byteCount, false)).toEqual({
      type: 'settled',
      crossChain: [],
      amountsIn: [1706n, undefined, undefined],
      gasUsed: settlementGas(transaction, byteCount),
    });
    expect(contract.lastSettledSeq).toBe(1);
    const { pools, treasury, crossed } = contract.holdings;
    const full = 10n ** 36n;
    expect(pools[0]).toEqual({ asset: 'UM', assetReserve: full - 1700n, baseReserve: full + 1706n });
    expect(Object.fromEntries(treasury)).toEqual({ UM: full, USDC: full - 1706n - 40n, WETH: full + 12n });
    expect(Object.fromEntries(crossed)).toEqual({ UM: 1700n, USDC: 40n, WETH: -12n });
    expect(contract.execute(settle(batchOf(2)), byteCount, false).type).toBe('settled');
  });

  it('does nothing for a settled batch, at the price of base and payload (NET_BATCH_ALREADY_SETTLED)', () => {
    const contract = createContract();
    contract.execute(settle(batchOf(1)), byteCount, false);
    const { holdings } = contract;
    expect(contract.execute(settle(batchOf(1), { proposer: 2 }), byteCount, false)).toEqual({
      type: 'already_settled',
      gasUsed: GAS_BASE + GAS_PAYLOAD_BYTE * byteCount,
    });
    expect(contract.holdings).toBe(holdings);
  });

  it('accepts finality through descendants', () => {
    expect(createContract().execute(provenBy(3).transaction, byteCount, false).type).toBe('settled');
  });

  const good = headerAt(5, { batchCommitment: netBatchCommitment(batchOf(1)) });
  const { headers: linked } = provenBy(2);
  const last = linked[2] ?? good;
  const badCertificates: [string, Partial<UnsignedSettlementTransaction>][] = [
    ['no headers', { headers: [] }],
    ['a header of another height', { headers: chainOf(good, 1).slice(1) }],
    ['a header of another chain', withHeader({ ...good, chainId: ZERO_HASH })],
    ['a gap between headers', { headers: [good, last], certificate: finalise(last) }],
    [
      'a broken parent link',
      { headers: [good, headerAt(6, { parentHash: ZERO_HASH })], certificate: finalise(headerAt(6)) },
    ],
    ['a certificate of another block', { certificate: finalise(headerAt(5)) }],
    ['a certificate of a header before the last', { headers: linked, certificate: finalise(good) }],
    ['a notarisation', { certificate: certify({ kind: 'notarize', view: 5, blockHash: headerHash(good) }) }],
    [
      'a certificate of another view',
      { certificate: certify({ kind: 'finalize', view: 6, blockHash: headerHash(good) }) },
    ],
    ['two of four validators', { certificate: finalise(good, [0, 1]) }],
    ['an unknown signer', { certificate: { ...finalise(good), signers: [0, 1, 9] } }],
    ['a forged signature', { certificate: { ...finalise(good), signers: [0, 1, 3] } }],
  ];

  it.each(badCertificates)('reverts BAD_CERTIFICATE: %s', (_, overrides) => {
    const transaction = settle(batchOf(1), overrides);
    expectRevert(createContract(), transaction, 'BAD_CERTIFICATE');
  });

  it.each([
    ['a seq that is not next', batchOf(2)],
    ['a range that leaves a gap', { ...batchOf(1), fromHeight: 2 }],
    ['a range that overlaps', { ...batchOf(1), fromHeight: 0 }],
    ['an empty range', { ...batchOf(1), toHeight: 0 }],
  ])('reverts BAD_RANGE: %s', (_, batch) => {
    expectRevert(createContract(), settle(batch), 'BAD_RANGE');
  });

  it.each([
    ['another batch than the header commits to', withHeader(headerAt(5))],
    ['no action', { actions: [] }],
    ['one action too many', { actions: actionsOf([...batchOf(1).net, { asset: 'WETH', amount: 1n }]) }],
    ['another amount', { actions: actionsOf([{ asset: 'UM', amount: 1701n }]) }],
    ['another asset', { actions: actionsOf([{ asset: 'WETH', amount: 1700n }]) }],
    ['another direction', { actions: actionsOf([{ asset: 'UM', amount: -1700n }]) }],
    ['a draw where a swap is due', { actions: [{ type: 'draw', asset: 'UM', amount: 1700n } as const] }],
  ])('reverts BAD_COMMITMENT: %s', (_, overrides) => {
    expectRevert(createContract(), settle(batchOf(1), overrides), 'BAD_COMMITMENT');
  });

  it('reverts SLIPPAGE_EXCEEDED one unit below the price, settles at it', () => {
    const { net } = batchOf(1);
    expectActionRevert(createContract(), settle(batchOf(1), { actions: actionsOf(net, 1705n) }), {
      code: 'SLIPPAGE_EXCEEDED',
    });
    const exact = settle(batchOf(1), { actions: actionsOf(net, 1706n) });
    expect(createContract().execute(exact, byteCount, false).type).toBe('settled');
  });

  it.each([
    ['a pool too small', { pools: [{ asset: 'UM', assetReserve: 1700n, baseReserve: 10n ** 9n }] }],
    ['no pool', { pools: [] }],
    ['a treasury that cannot pay the swap', { treasury: { USDC: 1705n } }],
  ])('reverts INSUFFICIENT_LIQUIDITY: %s', (_, options) => {
    expectActionRevert(createContract(options), settle(batchOf(1)), { code: 'INSUFFICIENT_LIQUIDITY' });
  });

  it('reverts INSUFFICIENT_LIQUIDITY: a treasury that cannot pay the draw', () => {
    const batch = batchOf(1, [{ asset: 'USDC', amount: 2n }]);
    expectActionRevert(createContract({ treasury: { USDC: 1n } }), settle(batch), {
      code: 'INSUFFICIENT_LIQUIDITY',
    });
  });

  it('reverts TRANSFER_TIMEOUT whole, the swap before the transfer included', () => {
    const batch = batchOf(1, [
      { asset: 'UM', amount: 1700n },
      { asset: 'WETH', amount: -12n },
    ]);
    expectActionRevert(createContract(), settle(batch), { code: 'TRANSFER_TIMEOUT', transferTimeout: true });
    const swapOnly = createContract().execute(settle(batchOf(1)), byteCount, true);
    expect(swapOnly.type).toBe('settled');
  });

  it('reverts OUT_OF_GAS when no block has enough, and takes a whole block for it', () => {
    const transaction = settle(batchOf(1));
    const gasLimit = settlementGas(transaction, byteCount) - 1;
    const contract = createContract({ gasLimit });
    expect(contract.execute(transaction, byteCount, false)).toEqual({
      type: 'reverted',
      code: 'OUT_OF_GAS',
      gasUsed: gasLimit,
    });
    const enough = createContract({ gasLimit: gasLimit + 1 });
    expect(enough.execute(transaction, byteCount, false).type).toBe('settled');
  });

  it('lets an attempt that reverted not come back, nor an earlier one; a later one and others may', () => {
    const contract = createContract();
    const { net } = batchOf(1);
    contract.execute(settle(batchOf(1), { attempt: 2, actions: actionsOf(net, 1n) }), byteCount, false);
    expect(contract.isAttemptUsed(settle(batchOf(1), { attempt: 1 }))).toBe(true);
    expect(contract.isAttemptUsed(settle(batchOf(1), { attempt: 2 }))).toBe(true);
    expect(contract.isAttemptUsed(settle(batchOf(1), { attempt: 3 }))).toBe(false);
    expect(contract.isAttemptUsed(settle(batchOf(1), { attempt: 2, proposer: 1 }))).toBe(false);
    contract.execute(settle(batchOf(1), { attempt: 3 }), byteCount, false);
    expect(contract.isAttemptUsed(settle(batchOf(2), { attempt: 1 }))).toBe(false);
  });
});

function withHeader(header: ReturnType<typeof headerAt>): Partial<UnsignedSettlementTransaction> {
  return { headers: [header], certificate: finalise(header) };
}

/** A failed check: charged up to the certificate. */
function expectRevert(contract: SettlementContract, transaction: SettlementTransaction, code: string): void {
  const { holdings } = contract;
  const outcome = contract.execute(transaction, byteCount, false);
  expect(outcome).toEqual({ type: 'reverted', code, gasUsed: proofGas(transaction, byteCount) });
  expect(contract.holdings).toBe(holdings);
  expect(contract.lastSettledSeq).toBe(0);
}

/** A failed action: charged whole, nothing moved. */
function expectActionRevert(
  contract: SettlementContract,
  transaction: SettlementTransaction,
  expected: { code: string; transferTimeout?: boolean },
): void {
  const { holdings } = contract;
  const outcome = contract.execute(transaction, byteCount, expected.transferTimeout ?? false);
  const gasUsed = settlementGas(transaction, byteCount);
  expect(outcome).toEqual({ type: 'reverted', code: expected.code, gasUsed });
  expect(contract.holdings).toBe(holdings);
  expect(contract.lastSettledSeq).toBe(0);
}
