import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZERO_HASH } from '../../../../consensus/primitives/flavor.ts';
import type {
  ChannelOpenOperation,
  ChannelOperation,
  SignedVoucher,
} from '../../../../settlement/atomic/channelTypes.ts';
import { gatheredFees } from '../../../../settlement/atomic/fees.ts';
import { isReservedSettlementId, ownSettlementId } from '../../../../settlement/atomic/settlementIds.ts';
import { batchRecordsTable, channelsTable, receiptsTable } from '../../../../settlement/atomic/tables.ts';
import type { SettlementRequest } from '../../../../settlement/atomic/types.ts';
import { networkFee } from '../../../../settlement/networkFee.ts';
import { addressOf } from '../ledger/ledgerFixture.ts';
import {
  AtomicChain,
  arbiter,
  BLOCK_TIME_MS,
  batchOf,
  buyer,
  idOf,
  market,
  request,
  rules,
  seller,
  TNZO,
} from './atomicFixture.ts';

const channelId = idOf(0xc1);
const stranger = addressOf('stranger');
const WINDOW_BLOCKS = rules.channelDisputeMs / BLOCK_TIME_MS;

function opening(fields: Partial<ChannelOpenOperation> = {}): ChannelOpenOperation {
  const terms = { payee: seller, asset: 'TNZO', amount: TNZO, expiresAtHeight: 0 };
  return { type: 'channel_open', channelId, ...terms, ...fields };
}

/** Signatures are the business of whoever verifies the transaction. */
function voucher(amount: bigint, nonce: number, payer = buyer): SignedVoucher {
  return { payer, amount, nonce, signature: new Uint8Array(64) };
}

function begin(shown?: SignedVoucher): ChannelOperation {
  return { type: 'channel_unilateral_close', channelId, voucher: shown };
}

function dispute(shown: SignedVoucher): ChannelOperation {
  return { type: 'channel_dispute', channelId, voucher: shown };
}

function together(amount: bigint, signers: readonly string[] = [seller]): ChannelOperation {
  return { type: 'channel_close', channelId, amount, signers };
}

const settle: ChannelOperation = { type: 'channel_settle', channelId };

/** A buyer with 3 TNZO, one of which is locked for the seller; then what is given. */
function openChain(...done: readonly (readonly [string, ChannelOperation])[]): AtomicChain {
  const chain = new AtomicChain({ [buyer]: { TNZO: 3n * TNZO } });
  for (const [from, operation] of [[buyer, opening()] as const, ...done]) {
    expect(chain.channel(from, operation)).toMatchObject({ channelId: operation.channelId });
  }
  return chain;
}

function close(fields: Partial<SettlementRequest> = {}): SettlementRequest {
  return request({ from: channelId as string, to: seller, kind: 'channel_close', ...fields });
}

describe('refusals of channels', () => {
  const rows: readonly (readonly [
    what: string,
    code: string,
    from: string,
    operation: ChannelOperation,
    ...done: (readonly [string, ChannelOperation])[],
  ])[] = [
    ['the same id again', 'CHANNEL_EXISTS', buyer, opening({ amount: 1n })],
    ['an id of a closed channel', 'CHANNEL_EXISTS', buyer, opening(), [buyer, together(1n)]],
    ['nothing', 'LEDGER_AMOUNT_ZERO', buyer, opening({ channelId: idOf(1), amount: 0n })],
    ['an asset that is none', 'LEDGER_ASSET_UNKNOWN', buyer, opening({ channelId: idOf(1), asset: 'NO' })],
    ['the payer as payee', 'SELF_PAYMENT', seller, opening({ channelId: idOf(1) })],
    ['more than there is', 'INSUFFICIENT_BALANCE', buyer, opening({ channelId: idOf(1), amount: 3n * TNZO })],
    ['an end that is past', 'CHANNEL_EXPIRED', buyer, opening({ channelId: idOf(1), expiresAtHeight: 10 })],
    ['an unknown channel', 'CHANNEL_UNKNOWN', buyer, { type: 'channel_settle', channelId: idOf(1) }],
    ['a close by a stranger', 'CHANNEL_NOT_PARTY', stranger, begin(voucher(5n, 1))],
    ['a close of one by both', 'CHANNEL_NOT_PARTY', buyer, together(5n, [])],
    ['a close of strangers by both', 'CHANNEL_NOT_PARTY', buyer, together(5n, [stranger])],
    ['more than the deposit, agreed', 'CHANNEL_AMOUNT_ABOVE_DEPOSIT', buyer, together(TNZO + 1n)],
    ['more than the deposit, shown', 'CHANNEL_AMOUNT_ABOVE_DEPOSIT', seller, begin(voucher(TNZO + 1n, 1))],
    ['a voucher of the payee', 'CHANNEL_SIGNER_OTHER', seller, begin(voucher(5n, 1, seller))],
    ['a nonce of 0', 'CHANNEL_NONCE_INVALID', seller, begin(voucher(5n, 0))],
    ['a nonce beyond 2^53', 'CHANNEL_NONCE_INVALID', seller, begin(voucher(5n, 2 ** 53))],
    ['a second begin', 'CHANNEL_ALREADY_CLOSING', seller, begin(voucher(9n, 2)), [buyer, begin()]],
    ['a dispute of an open channel', 'CHANNEL_NOT_CLOSING', seller, dispute(voucher(5n, 1))],
    ['a settlement of an open channel', 'CHANNEL_NOT_CLOSING', seller, settle],
    ['a settlement in the window', 'CHANNEL_DISPUTE_OPEN', seller, settle, [buyer, begin()]],
    [
      'an old voucher',
      'CHANNEL_VOUCHER_STALE',
      buyer,
      dispute(voucher(4n, 1)),
      [seller, begin(voucher(5n, 2))],
    ],
    [
      'the same voucher',
      'CHANNEL_VOUCHER_STALE',
      buyer,
      dispute(voucher(5n, 2)),
      [seller, begin(voucher(5n, 2))],
    ],
    [
      'less under a higher nonce',
      'CHANNEL_AMOUNT_FALLS',
      buyer,
      dispute(voucher(4n, 9)),
      [seller, begin(voucher(5n, 2))],
    ],
    [
      'a dispute by another payer',
      'CHANNEL_SIGNER_OTHER',
      seller,
      dispute(voucher(9n, 9, stranger)),
      [buyer, begin()],
    ],
    [
      'a dispute above the deposit',
      'CHANNEL_AMOUNT_ABOVE_DEPOSIT',
      seller,
      dispute(voucher(2n * TNZO, 9)),
      [buyer, begin()],
    ],
    ['a second close', 'CHANNEL_CLOSED', buyer, together(5n), [buyer, together(5n)]],
    ['a begin after the close', 'CHANNEL_CLOSED', seller, begin(voucher(9n, 9)), [buyer, together(5n)]],
  ];

  const cases = rows.map(([what, code, from, operation, ...done]) => ({ what, code, from, operation, done }));
  it.each(cases)('$what: $code, and nothing changes', ({ code, from, operation, done }) => {
    const chain = openChain(...done);
    const before = chain.rows();
    expect(chain.channel(from, operation)).toBe(code);
    expect(chain.rows()).toEqual(before);
  });
});

describe('closing together', () => {
  it('pays the payee less one fee, returns the rest, and leaves a receipt under an id of the chain', () => {
    const chain = openChain();
    const totals = chain.totals();
    const settlementId = ownSettlementId('channel', channelId);
    const fact = chain.channel(seller, together(400_000n, [buyer]));
    expect(fact).toEqual({
      type: 'channel_closed',
      channelId,
      settlementId,
      asset: 'TNZO',
      amount: 400_000n,
      returned: TNZO - 400_000n,
    });
    expect(chain.balance(seller)).toBe(398_000n);
    expect(chain.balance(buyer)).toBe(3n * TNZO - 400_000n);
    expect(gatheredFees(chain.state, 'TNZO')).toBe(2000n);
    expect(chain.totals()).toEqual(totals);
    expect(chain.state.get(receiptsTable, settlementId)).toEqual({
      settlementId,
      batchId: ZERO_HASH,
      from: channelId,
      to: seller,
      gross: 400_000n,
      net: 398_000n,
      fee: 2000n,
      asset: 'TNZO',
      kind: 'channel_close',
      blockHeight: 10,
      timestampMs: 10 * BLOCK_TIME_MS,
    });
  });

  it('ends a channel that one side is closing, at what both agree on, and may return all of it', () => {
    const chain = openChain([seller, begin(voucher(900n, 9))]);
    expect(chain.channel(stranger, together(0n, [buyer, seller].sort()))).toMatchObject({ amount: 0n });
    expect(chain.balance(buyer)).toBe(3n * TNZO);
    expect(gatheredFees(chain.state, 'TNZO')).toBe(0n);
    expect(chain.state.get(receiptsTable, ownSettlementId('channel', channelId))?.gross).toBe(0n);
  });
});

describe('closing alone', () => {
  it('takes better vouchers for 24 h of chain time, to the block, and then pays the best', () => {
    const chain = openChain([buyer, begin(voucher(100n, 1))]);
    chain.height += WINDOW_BLOCKS - 1;
    expect(chain.channel(seller, settle)).toBe('CHANNEL_DISPUTE_OPEN');
    expect(chain.channel(arbiter, dispute(voucher(600n, 6)))).toMatchObject({ amount: 600n, nonce: 6 });
    chain.height += 1;
    expect(chain.channel(seller, dispute(voucher(900n, 9)))).toBe('CHANNEL_DISPUTE_OVER');
    expect(chain.channel(market, settle)).toMatchObject({ amount: 600n, returned: TNZO - 600n });
    expect(chain.balance(seller)).toBe(597n);
  });

  it('cannot be cut short by a payer who signs nothing under the highest nonce', () => {
    const chain = openChain([buyer, begin(voucher(0n, Number.MAX_SAFE_INTEGER))]);
    expect(chain.channel(seller, dispute(voucher(600n, 6)))).toMatchObject({ amount: 600n });
    expect(chain.channel(buyer, dispute(voucher(0n, Number.MAX_SAFE_INTEGER)))).toBe('CHANNEL_AMOUNT_FALLS');
    chain.height += WINDOW_BLOCKS;
    expect(chain.channel(seller, settle)).toMatchObject({ amount: 600n });
  });

  it('must begin by the last height; from the next one on all goes back when anybody asks', () => {
    const chain = openChain();
    const own = { channelId: idOf(0xc2), expiresAtHeight: 20 };
    chain.channel(buyer, opening(own));
    chain.channel(buyer, opening({ ...own, channelId: idOf(0xc3) }));
    chain.height = 20;
    expect(chain.channel(stranger, { ...settle, channelId: own.channelId })).toBe('CHANNEL_NOT_CLOSING');
    const late = { ...begin(voucher(5n, 1)), channelId: idOf(0xc3) };
    expect(chain.channel(seller, late)).toMatchObject({ type: 'channel_closing' });
    chain.height = 21;
    expect(chain.channel(seller, { ...begin(voucher(5n, 1)), channelId: own.channelId })).toBe(
      'CHANNEL_EXPIRED',
    );
    const back = chain.channel(stranger, { ...settle, channelId: own.channelId });
    expect(back).toMatchObject({ amount: 0n, returned: TNZO });
    // One that began in time keeps its window.
    expect(chain.channel(stranger, { ...settle, channelId: idOf(0xc3) })).toBe('CHANNEL_DISPUTE_OPEN');
    chain.height += WINDOW_BLOCKS;
    expect(chain.channel(stranger, { ...settle, channelId: idOf(0xc3) })).toMatchObject({ amount: 5n });
  });
});

describe('channel_close in a batch', () => {
  it('closes with the rest of the batch, and those behind it see what it paid', () => {
    const chain = openChain([buyer, { ...opening(), channelId: idOf(0xc2) }]);
    const totals = chain.totals();
    const requests = [
      request({ amount: 1000n }),
      close({ amount: 400_000n }),
      request({ from: seller, to: market, amount: 398_000n + 995n }),
    ];
    const { result, facts, fees } = chain.execute(batchOf(requests), { signers: [buyer, seller] });
    expect(result).toBe('ok');
    expect(facts.slice(1)).toMatchObject([{ type: 'channel_closed', amount: 400_000n }]);
    expect(fees).toEqual([{ asset: 'TNZO', amount: 5n + 2000n + 1994n }]);
    expect(chain.balance(seller)).toBe(0n);
    expect(chain.balance(buyer)).toBe(2n * TNZO - 1000n - 400_000n);
    expect(chain.channel(buyer, together(1n))).toBe('CHANNEL_CLOSED');
    expect(chain.totals()).toEqual(totals);
  });

  it.each([
    ['the payer alone', [buyer], {}, 'PROOF_VERIFICATION_FAILED'],
    ['the payee alone', [seller], {}, 'PROOF_VERIFICATION_FAILED'],
    ['more than the deposit', [buyer, seller], { amount: TNZO + 1n }, 'CHANNEL_AMOUNT_ABOVE_DEPOSIT'],
    ['another payee', [buyer, seller], { to: market, amount: 5n }, 'CHANNEL_PAYEE_OTHER'],
    ['another asset', [buyer, seller], { asset: 'UM', amount: 5n }, 'CHANNEL_ASSET_OTHER'],
    ['an unknown channel', [buyer, seller], { from: idOf(7) as string, amount: 5n }, 'CHANNEL_UNKNOWN'],
  ])('refuses %s', (_, signers, fields, code) => {
    const chain = openChain();
    const before = chain.rows([batchRecordsTable]);
    expect(chain.execute(batchOf([close(fields)]), { signers }).result).toBe(code);
    expect(chain.rows([batchRecordsTable])).toEqual(before);
  });

  it('leaves channel, escrow and payments untouched when a later request fails', () => {
    const chain = openChain([seller, begin(voucher(7n, 7))]);
    const escrowId = idOf(0xe1);
    const party = { parties: [], threshold: 0, expiresAtHeight: 50 };
    chain.escrow(buyer, { type: 'escrow_open', escrowId, asset: 'TNZO', amount: 50n, ...party });
    const before = chain.rows([batchRecordsTable]);
    const released = request({ from: escrowId as string, to: market, amount: 50n, kind: 'escrow_release' });
    const first = [request({ amount: 9n }), released, close({ amount: 400n })];
    for (const last of [close({ amount: 1n }), request({ amount: 3n * TNZO })]) {
      const batch = batchOf([...first, last]);
      const { result } = chain.execute(batch, { signers: [buyer, seller] });
      expect(result).toBe(last.kind === 'channel_close' ? 'CHANNEL_CLOSED' : 'INSUFFICIENT_BALANCE');
      expect(chain.state.get(batchRecordsTable, batch.batchId)?.failure).toMatchObject({ failedAt: 3 });
      expect(chain.rows([batchRecordsTable])).toEqual(before);
    }
    expect(chain.execute(batchOf(first), { signers: [buyer, seller] }).result).toBe('ok');
  });

  it('gives no request an id of the chain itself', () => {
    const settlementId = ownSettlementId('channel', channelId);
    expect(isReservedSettlementId(settlementId)).toBe(true);
    const { result } = openChain().execute(batchOf([request({ settlementId })]));
    expect(result).toBe('SETTLEMENT_ID_RESERVED');
  });
});

describe('channels', () => {
  it('conserve every unit, pay the best voucher shown, close once, and lock nothing for ever', () => {
    const amount = fc.bigInt({ min: 0n, max: 320n });
    const shown = fc.record({
      amount,
      nonce: fc.integer({ min: 1, max: 9 }),
      payer: fc.constantFrom(buyer, buyer, buyer, stranger),
    });
    const step = fc.record({
      kind: fc.constantFrom(
        ...(['open', 'begin', 'begin', 'dispute', 'dispute', 'settle', 'settle'] as const),
        ...(['together', 'batch', 'wait', 'wait', 'wait'] as const),
      ),
      id: fc.integer({ min: 1, max: 3 }),
      from: fc.constantFrom(buyer, seller, stranger),
      shown: fc.option(shown, { nil: undefined }),
      amount,
      blocks: fc.constantFrom(1, WINDOW_BLOCKS - 1, WINDOW_BLOCKS),
    });
    let paidAfterDispute = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), (steps) => {
        const chain = new AtomicChain({ [buyer]: { TNZO: 1000n } });
        const totals = chain.totals();
        /** Best of the payer's vouchers shown in time, by channel; and channels that ended. */
        const best = new Map<string, bigint>();
        const endsAt = new Map<string, number>();
        const closed = new Set<string>();
        const expectPaid = (id: string, before: bigint, amountOwed: bigint): void => {
          expect(closed.has(id)).toBe(false);
          closed.add(id);
          expect((chain.balance(seller) ?? 0n) - before).toBe(amountOwed - networkFee(amountOwed, rules));
        };
        for (const { kind, id: number, from, shown: given, amount: agreed, blocks } of steps) {
          const id = idOf(0xc000 + number);
          const before = chain.balance(seller) ?? 0n;
          const signed = given && voucher(given.amount, given.nonce, given.payer);
          const isOpen = chain.state.get(channelsTable, id) !== undefined && !closed.has(id);
          const counts = given?.payer === buyer && given.amount <= 300n;
          if (kind === 'open') {
            const fields = { channelId: id, amount: 300n, expiresAtHeight: chain.height + 2 * number };
            chain.channel(buyer, opening(number > 1 ? { ...fields, expiresAtHeight: 0 } : fields));
          } else if (kind === 'begin') {
            const fact = chain.channel(from, { ...begin(signed), channelId: id } as ChannelOperation);
            if (typeof fact !== 'string') {
              best.set(id, given?.amount ?? 0n);
              endsAt.set(id, chain.height + WINDOW_BLOCKS);
            }
          } else if (kind === 'dispute' && signed !== undefined) {
            chain.channel(from, { type: 'channel_dispute', channelId: id, voucher: signed });
            const isInTime = isOpen && chain.height < (endsAt.get(id) ?? 0);
            if (counts && isInTime && signed.amount > (best.get(id) ?? 0n)) best.set(id, signed.amount);
          } else if (kind === 'settle') {
            const fact = chain.channel(stranger, { type: 'channel_settle', channelId: id });
            if (typeof fact !== 'string') {
              expectPaid(id, before, best.get(id) ?? 0n);
              if ((best.get(id) ?? 0n) > 0n) paidAfterDispute += 1;
            }
          } else if (kind === 'together') {
            const operation: ChannelOperation = {
              type: 'channel_close',
              channelId: id,
              amount: agreed,
              signers: [buyer, seller].filter((side) => side !== from).sort(),
            };
            if (typeof chain.channel(from, operation) !== 'string') expectPaid(id, before, agreed);
          } else if (kind === 'batch') {
            const batch = batchOf([close({ from: id as string, amount: agreed })], {
              expiresAtHeight: chain.height,
            });
            const { result } = chain.execute(batch, { signers: [buyer, seller] });
            if (result === 'ok') expectPaid(id, before, agreed);
          } else chain.height += blocks;
          expect(chain.totals()).toEqual(totals);
        }
        for (const [id, channel] of chain.state.entries(channelsTable)) {
          if ('settlementId' in channel) continue;
          const ending: ChannelOperation = { type: 'channel_settle', channelId: id };
          const start = { type: 'channel_unilateral_close', channelId: id, voucher: undefined } as const;
          if (typeof chain.channel(stranger, ending) !== 'string') continue;
          if (channel.closing === undefined) expect(chain.channel(buyer, start)).toHaveProperty('endsAtMs');
          chain.height += WINDOW_BLOCKS;
          expect(chain.channel(stranger, ending)).toMatchObject({ type: 'channel_closed' });
        }
        expect(chain.totals()).toEqual(totals);
        const free = (chain.balance(buyer) ?? 0n) + (chain.balance(seller) ?? 0n);
        expect(free + gatheredFees(chain.state, 'TNZO')).toBe(1000n);
      }),
      { numRuns: 500 },
    );
    expect(paidAfterDispute).toBeGreaterThan(20);
  });
});
