/** All or nothing: whatever makes a batch fail, wherever it stands, and wherever its executor is interrupted. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchRecordOf, executeAtomicBatch } from '../../../../settlement/atomic/batch.ts';
import { escrowOf } from '../../../../settlement/atomic/escrow.ts';
import { gatheredFees } from '../../../../settlement/atomic/fees.ts';
import { findBatchProblem } from '../../../../settlement/atomic/limits.ts';
import { orderIdOf } from '../../../../settlement/atomic/order.ts';
import { batchRecordsTable, channelsTable } from '../../../../settlement/atomic/tables.ts';
import type { AtomicBatch, SettlementRequest } from '../../../../settlement/atomic/types.ts';
import { State, type Table } from '../../../../settlement/state.ts';
import { addressOf, rules as ledger } from '../ledger/ledgerFixture.ts';
import {
  AtomicChain,
  arbiter,
  batchOf,
  buyer,
  chainId,
  idOf,
  market,
  request,
  rules,
  seller,
} from './atomicFixture.ts';
import { AtomicModel } from './atomicModel.ts';

const payers = [buyer, seller, market, arbiter] as const;
/** Never pays, holds nothing, and never signs. */
const poor = addressOf('poor');
const outsider = addressOf('outsider');
/** Holds all UM that an account can. */
const full = addressOf('full');
const assets = ['TNZO', 'UM', 'USDC'] as const;
const valueMax = 10n ** 9n;
const changed = { valueMax: { TNZO: valueMax } };
const signers = [...payers, poor];

/** A settlement that happened before the batch, and escrows that stand open, by what is wrong with them. */
const settledId = idOf(0x5e77);
const escrows = {
  open: { asset: 'TNZO', parties: [], threshold: 0, expiresAtHeight: 20 },
  shared: { asset: 'UM', parties: [arbiter, market].sort(), threshold: 2, expiresAtHeight: 20 },
  expired: { asset: 'TNZO', parties: [], threshold: 0, expiresAtHeight: 9 },
  foreign: { asset: 'TNZO', parties: [outsider], threshold: 1, expiresAtHeight: 20 },
} as const;
type EscrowName = keyof typeof escrows;
const escrowNames = Object.keys(escrows) as EscrowName[];
const ESCROWED = 1000n;
/** Channels of the buyer to the market, one that batches may close, one that none does, one that is closed; and one of another payer. */
const tab: string = idOf(0xc001);
const spareTab: string = idOf(0xc002);
const closedTab: string = idOf(0xc003);
const foreignTab: string = idOf(0xc004);
const DEPOSITED = 600n;
const closing = { kind: 'channel_close', from: tab, to: market, asset: 'UM' } as const;

function escrowAddress(name: EscrowName): string {
  return idOf(0xe000 + escrowNames.indexOf(name)) as string;
}

/** A payment out of the balance as an order. */
function orderOf(
  payment: SettlementRequest,
  reference: string,
  lastHeight: number | undefined,
): SettlementRequest {
  const settlementId = orderIdOf(chainId, { ...payment, reference, lastHeight });
  return { ...payment, settlementId, metadata: reference, lastHeight };
}

/** A chain and a model of it, equal. */
function createPair(): { readonly chain: AtomicChain; readonly model: AtomicModel } {
  const start = { TNZO: 50_000n, UM: 50_000n, USDC: 50_000n };
  const holders = [...payers, outsider];
  const chain = new AtomicChain(Object.fromEntries(holders.map((holder) => [holder, start])));
  const model = new AtomicModel(
    ledger.assets.map(({ symbol }) => symbol),
    new Map([['TNZO', valueMax]]),
    (one) => one.settlementId === orderOf(one, one.metadata, one.lastHeight).settlementId,
  );
  for (const holder of holders) {
    for (const asset of assets) model.books.balances.set(`${holder} ${asset}`, start[asset]);
  }
  chain.height = 5;
  for (const name of escrowNames) {
    const { asset, parties, threshold, expiresAtHeight } = escrows[name];
    const payer = name === 'foreign' || name === 'shared' ? outsider : buyer;
    const escrowId = idOf(0xe000 + escrowNames.indexOf(name));
    const opening = { asset, amount: ESCROWED, parties, threshold, expiresAtHeight };
    expect(chain.escrow(payer, { type: 'escrow_open', escrowId, ...opening })).toBeUndefined();
    model.books.escrows.set(escrowAddress(name), { payer, ...opening });
    model.books.balances.set(`${payer} ${asset}`, model.balance(payer, asset) - ESCROWED);
  }
  for (const [channelId, payer] of [
    [tab, buyer],
    [spareTab, buyer],
    [closedTab, buyer],
    [foreignTab, outsider],
  ] as const) {
    const opening = { payee: market, asset: 'UM', amount: DEPOSITED, expiresAtHeight: 0 };
    expect(chain.channel(payer, { type: 'channel_open', channelId, ...opening })).toMatchObject({
      type: 'channel_opened',
    });
    model.books.channels.set(channelId, { payer, payee: market, asset: 'UM', deposit: DEPOSITED });
    model.books.balances.set(`${payer} UM`, model.balance(payer, 'UM') - DEPOSITED);
  }
  chain.height = 10;
  const past = batchOf([
    request({ settlementId: settledId, amount: 7n }),
    request({ ...closing, from: closedTab, amount: 5n }),
  ]);
  expect(chain.execute(past, { signers }).result).toBe('ok');
  expect(model.run(past, signers, 10)).toBeUndefined();
  chain.fill(full, 'UM');
  model.books.balances.set(`${full} UM`, 2n ** 128n - 1n);
  return { chain, model };
}

interface Draw {
  readonly from: number;
  readonly hop: number;
  readonly asset: (typeof assets)[number];
  readonly permille: number;
  /** What it is paid out of, if not the balance. */
  readonly escrow: EscrowName | 'tab' | undefined;
  /** Out of the balance, as an order with this last height. */
  readonly lastHeight: number | undefined;
}

const draw: fc.Arbitrary<Draw> = fc.record({
  from: fc.nat(payers.length - 1),
  hop: fc.integer({ min: 1, max: payers.length - 1 }),
  asset: fc.constantFrom(...assets),
  permille: fc.integer({ min: 0, max: 400 }),
  escrow: fc.option(fc.constantFrom('open' as const, 'shared' as const, 'tab' as const), {
    nil: undefined,
    freq: 3,
  }),
  lastHeight: fc.option(fc.integer({ min: 10, max: 12 }), { nil: undefined }),
});

/** Requests that can be settled one after the other: each takes a part of what is there when its turn comes. */
function validRequests(draws: readonly Draw[]): SettlementRequest[] {
  const { model } = createPair();
  return draws.map(({ from, hop, asset, permille, escrow, lastHeight }, index) => {
    const payer = payers[from] ?? buyer;
    const to = payers[(from + hop) % payers.length] ?? seller;
    const held =
      escrow === undefined || escrow === 'tab' ? undefined : model.books.escrows.get(escrowAddress(escrow));
    const partOf = (whole: bigint) => 1n + (whole * BigInt(permille)) / 1000n;
    const common = { settlementId: idOf(0xd000 + index), to };
    const isTab = escrow === 'tab' && model.books.channels.get(tab) !== undefined;
    const paid = isTab
      ? request({ ...common, ...closing, amount: partOf(DEPOSITED - 1n) })
      : escrow !== undefined && escrow !== 'tab' && held !== undefined
        ? request({
            ...common,
            from: escrowAddress(escrow),
            kind: 'escrow_release',
            asset: held.asset,
            amount: partOf(held.amount - 1n),
          })
        : request({ ...common, from: payer, asset, amount: partOf(model.balance(payer, asset) - 1n) });
    const made =
      lastHeight === undefined || paid.kind !== 'immediate'
        ? paid
        : orderOf(paid, `order ${index}`, lastHeight);
    expect(model.run(batchOf([made]), signers, 10)).toBeUndefined();
    return made;
  });
}

/** One failure, put into a valid batch in place of a request. */
interface Plant {
  readonly code: string;
  /** Found out before the first settlement, so `completed` is 0: by the limits, without a trace, by a last height or by a proof. */
  readonly early?: 'limits' | 'orders' | 'proofs';
  readonly plant: (
    planted: SettlementRequest,
    earlier: readonly SettlementRequest[],
  ) => readonly SettlementRequest[];
}

const release = { kind: 'escrow_release', asset: 'TNZO', amount: 1n, to: seller } as const;
const dues = { kind: 'immediate', from: buyer, to: seller, asset: 'USDC', amount: 1n } as const;
const plants: Readonly<Record<string, Plant>> = {
  'more than the payer has': {
    code: 'INSUFFICIENT_BALANCE',
    plant: (it) => [{ ...it, kind: 'immediate', from: buyer, to: seller, asset: 'USDC', amount: 10n ** 8n }],
  },
  'paid in time by net balances and too late in sequence': {
    code: 'INSUFFICIENT_BALANCE',
    plant: (it) => [
      { ...it, kind: 'immediate', from: poor, to: seller, asset: 'TNZO', amount: 10n },
      request({ settlementId: idOf(0xf001), from: buyer, to: poor, asset: 'TNZO', amount: 20n }),
    ],
  },
  'settled before': {
    code: 'SETTLEMENT_ALREADY_SETTLED',
    plant: (it) => [{ ...it, settlementId: settledId }],
  },
  'more than the payee can hold': {
    code: 'PARTIAL_EXECUTION',
    plant: (it) => [{ ...it, kind: 'immediate', from: buyer, to: full, asset: 'UM', amount: 5n }],
  },
  'an escrow that is none': {
    code: 'ESCROW_UNKNOWN',
    plant: (it) => [{ ...it, ...release, from: idOf(0xeeee) as string }],
  },
  'an escrow whose time is over': {
    code: 'ESCROW_EXPIRED',
    plant: (it) => [{ ...it, ...release, from: escrowAddress('expired') }],
  },
  'an escrow of others': {
    code: 'PROOF_VERIFICATION_FAILED',
    plant: (it) => [{ ...it, ...release, from: escrowAddress('foreign') }],
  },
  'an escrow of another asset': {
    code: 'ESCROW_ASSET_OTHER',
    plant: (it) => [{ ...it, ...release, asset: 'USDC', from: escrowAddress('open') }],
  },
  'more than the escrow has': {
    code: 'INSUFFICIENT_BALANCE',
    plant: (it) => [{ ...it, ...release, amount: ESCROWED + 1n, from: escrowAddress('open') }],
  },
  'a channel that is none': {
    code: 'CHANNEL_UNKNOWN',
    plant: (it) => [{ ...it, ...closing, from: idOf(0xcccc) as string, amount: 1n }],
  },
  'a channel of others': {
    code: 'PROOF_VERIFICATION_FAILED',
    plant: (it) => [{ ...it, ...closing, from: foreignTab, amount: 1n }],
  },
  'a channel that is closed': {
    code: 'CHANNEL_CLOSED',
    plant: (it) => [{ ...it, ...closing, from: closedTab, amount: 1n }],
  },
  'a channel to another payee': {
    code: 'CHANNEL_PAYEE_OTHER',
    plant: (it) => [{ ...it, ...closing, from: spareTab, to: seller, amount: 1n }],
  },
  'a channel of another asset': {
    code: 'CHANNEL_ASSET_OTHER',
    plant: (it) => [{ ...it, ...closing, from: spareTab, asset: 'TNZO', amount: 1n }],
  },
  'more than the channel has': {
    code: 'CHANNEL_AMOUNT_ABOVE_DEPOSIT',
    plant: (it) => [{ ...it, ...closing, from: spareTab, amount: DEPOSITED + 1n }],
  },
  'an order whose last height has passed': {
    code: 'ORDER_EXPIRED',
    early: 'orders',
    plant: (it) => [orderOf({ ...it, ...dues }, 'dues', 9)],
  },
  'a last height that no order has': {
    code: 'ORDER_ID_OTHER',
    early: 'orders',
    plant: (it) => [{ ...it, ...dues, lastHeight: 12 }],
  },
  'a proof that does not hold': {
    code: 'PROOF_VERIFICATION_FAILED',
    early: 'proofs',
    plant: (it) => [
      { ...it, proof: { kind: 'cryptographic', signer: buyer, signature: new Uint8Array(64) } },
    ],
  },
  'one id twice': {
    code: 'DUPLICATE_SETTLEMENT_ID',
    early: 'limits',
    plant: (it, earlier) => [{ ...it, settlementId: earlier[0]?.settlementId ?? it.settlementId }],
  },
  'a payment to oneself': {
    code: 'SELF_PAYMENT',
    early: 'limits',
    plant: (it) => [{ ...it, to: it.from }],
  },
  nothing: { code: 'AMOUNT_ZERO', early: 'limits', plant: (it) => [{ ...it, amount: 0n }] },
  'an asset nobody registered': {
    code: 'LEDGER_ASSET_UNKNOWN',
    early: 'limits',
    plant: (it) => [{ ...it, asset: 'NONE' }],
  },
  'more value than allowed': {
    code: 'BATCH_VALUE_TOO_HIGH',
    early: 'limits',
    plant: (it) => [{ ...it, asset: 'TNZO', amount: valueMax + 1n }],
  },
  'a payer who did not sign': {
    code: 'PROOF_VERIFICATION_FAILED',
    early: 'limits',
    plant: (it) => [{ ...it, kind: 'immediate', from: outsider, to: seller, asset: 'UM', amount: 1n }],
  },
};

/** No proof of these tests holds. */
function unprovenAt({ requests }: AtomicBatch): number | undefined {
  const index = requests.findIndex(({ proof }) => proof !== undefined);
  return index < 0 ? undefined : index;
}

/** Chain and model hold the same. */
function expectEqual(chain: AtomicChain, model: AtomicModel): void {
  for (const [key, balance] of model.books.balances) {
    const [account = '', asset = ''] = key.split(' ');
    expect(chain.balance(account, asset), key).toBe(balance);
  }
  for (const name of escrowNames) {
    const held = model.books.escrows.get(escrowAddress(name))?.amount;
    expect(escrowOf(chain.state, escrowAddress(name) as string)?.amount, name).toBe(held);
  }
  for (const channelId of [tab, spareTab, closedTab, foreignTab]) {
    const row = chain.state.get(channelsTable, channelId);
    const isOpen = row !== undefined && !('settlementId' in row);
    expect(isOpen, channelId).toBe(model.books.channels.get(channelId) !== undefined);
  }
  for (const { symbol } of ledger.assets) {
    expect(gatheredFees(chain.state, symbol), symbol).toBe(model.books.gathered.get(symbol) ?? 0n);
  }
}

describe('a failure anywhere in a batch', () => {
  const draws = fc.array(draw, { minLength: 1, maxLength: 6 });

  it('of no kind: everything happens, as a model that shares nothing with it says', () => {
    fc.assert(
      fc.property(draws, (drawn) => {
        const { chain, model } = createPair();
        const totals = chain.totals();
        const batch = batchOf(validRequests(drawn));
        expect(chain.execute(batch, { signers, changed }).result).toBe('ok');
        expect(model.run(batch, signers, 10)).toBeUndefined();
        expectEqual(chain, model);
        expect(chain.totals()).toEqual(totals);
      }),
      { numRuns: 100 },
    );
  });

  it.each(Object.entries(plants))(
    '%s: nothing happens, with the right index and code',
    (_, { code, early, plant }) => {
      fc.assert(
        fc.property(draws, (drawn) => {
          const requests = validRequests(drawn);
          for (let index = code === 'DUPLICATE_SETTLEMENT_ID' ? 1 : 0; index < requests.length; index += 1) {
            const { chain, model } = createPair();
            const earlier = requests.slice(0, index);
            const planted = plant({ ...(requests[index] ?? request()), lastHeight: undefined }, earlier);
            const batch = batchOf([...earlier, ...planted, ...requests.slice(index + 1)]);
            const verdict = { code, failedAt: index, completed: early === undefined ? index : 0 };
            expect(model.run(batch, signers, 10, unprovenAt(batch))).toEqual(verdict);
            const before = chain.rows(early === 'limits' ? [] : [batchRecordsTable]);
            expect(chain.execute(batch, { signers, changed }).result).toBe(code);
            expect(chain.rows(early === 'limits' ? [] : [batchRecordsTable])).toEqual(before);
            const told =
              early === 'limits' ? problemOf(batch) : batchRecordOf(chain.state, batch.batchId)?.failure;
            expect(told).toMatchObject(verdict);
            expectEqual(chain, model);
          }
        }),
        { numRuns: 12 },
      );
    },
  );

  it('of several kinds: the first one in order of phases and requests is told', () => {
    const kinds = Object.values(plants);
    const mixed = fc.array(fc.tuple(draw, fc.option(fc.nat(kinds.length - 1), { nil: undefined, freq: 2 })), {
      minLength: 1,
      maxLength: 8,
    });
    let failures = 0;
    fc.assert(
      fc.property(mixed, (drawn) => {
        const valid = validRequests(drawn.map(([one]) => one));
        const requests: SettlementRequest[] = [];
        for (const [index, it] of valid.entries()) {
          const kind = kinds[drawn[index]?.[1] ?? -1];
          const isValid = kind === undefined;
          requests.push(...(isValid ? [it] : kind.plant({ ...it, lastHeight: undefined }, requests)));
        }
        const { chain, model } = createPair();
        const batch = batchOf(requests);
        const before = chain.rows([batchRecordsTable]);
        const { result } = chain.execute(batch, { signers, changed });
        const verdict = model.run(batch, signers, 10, unprovenAt(batch));
        expect(result).toBe(verdict?.code ?? 'ok');
        const failure = batchRecordOf(chain.state, batch.batchId)?.failure ?? problemOf(batch);
        if (verdict !== undefined) {
          failures += 1;
          expect(failure).toMatchObject(verdict);
          expect(chain.rows([batchRecordsTable])).toEqual(before);
        }
        expectEqual(chain, model);
        // The same settlements in another batch: done before, or to be tried once more.
        const again = batchOf(requests);
        const repeated = chain.execute(again, { signers, changed }).result;
        expect(repeated).toBe(model.run(again, signers, 10, unprovenAt(again))?.code ?? 'ok');
        expectEqual(chain, model);
      }),
      { numRuns: 150 },
    );
    expect(failures).toBeGreaterThan(50);
  });

  it('of time: nothing happens', () => {
    const { chain, model } = createPair();
    const before = chain.rows([batchRecordsTable]);
    const batch = batchOf(validRequests([]).concat(request({ amount: 5n })), { expiresAtHeight: 9 });
    expect(chain.execute(batch, { signers, changed }).result).toBe('BATCH_TIMEOUT');
    expect(model.run(batch, signers, 10)).toEqual({ code: 'BATCH_TIMEOUT', failedAt: 0, completed: 0 });
    expect(chain.rows([batchRecordsTable])).toEqual(before);
  });
});

/** What the check before execution says, flat. */
function problemOf(batch: AtomicBatch): unknown {
  const [sender = buyer, ...others] = signers;
  const operation = { type: 'atomic_batch' as const, batch, signers: others };
  const problem = findBatchProblem(operation, sender, { ...rules, ...changed }, ledger);
  return problem === undefined ? undefined : { code: problem.code, ...problem.details };
}

/** The executor ends at a step: what a killed process or a bug in the middle of a phase leaves. */
class Interruption extends Error {}

/** Counts what is read and written, and interrupts at one of those steps. */
class InterruptedState extends State {
  #left: number;
  reads = 0;
  writes = 0;

  constructor(below: ConstructorParameters<typeof State>[0], stepsUntil: number) {
    super(below);
    this.#left = stepsUntil;
  }

  override get<Row>(table: Table<Row>, key: string): Row | undefined {
    this.#step();
    this.reads += 1;
    return super.get(table, key);
  }

  override set<Row>(table: Table<Row>, key: string, row: Row | undefined): void {
    this.#step();
    this.writes += 1;
    super.set(table, key, row);
  }

  #step(): void {
    if (this.#left === 0) throw new Interruption();
    this.#left -= 1;
  }
}

describe('an executor that is interrupted', () => {
  it.each([
    ['a batch that completes', []],
    ['a batch that fails', [request({ settlementId: idOf(0xf00f), from: poor, amount: 5n })]],
  ] as const)('at any read or write of %s left nothing behind, and does it all the next time', (_, last) => {
    const { chain } = createPair();
    const context = chain.context(changed);
    const base = chain.state.freeze();
    const rowsOfBase = chain.rows();
    const drawn: Draw[] = [
      { from: 0, hop: 1, asset: 'TNZO', permille: 300, escrow: undefined, lastHeight: 10 },
      { from: 1, hop: 2, asset: 'TNZO', permille: 0, escrow: 'open', lastHeight: undefined },
      { from: 1, hop: 1, asset: 'UM', permille: 400, escrow: undefined, lastHeight: undefined },
      { from: 3, hop: 2, asset: 'UM', permille: 400, escrow: 'shared', lastHeight: undefined },
    ];
    const batch = batchOf([...validRequests(drawn), ...last]);
    const [sender = buyer, ...others] = signers;
    const operation = { type: 'atomic_batch' as const, batch, signers: others };
    const run = (state: State) => executeAtomicBatch(state, context, sender, operation);
    const whole = new InterruptedState([base], Number.POSITIVE_INFINITY);
    const outcome = run(whole);
    const written = whole.freeze().encoded();
    const [reads, writes] = [whole.reads, whole.writes];
    expect(Math.min(reads, writes)).toBeGreaterThan(0);
    for (let steps = 0; steps < reads + writes; steps += 1) {
      const state = new InterruptedState([base], steps);
      const mark = state.checkpoint();
      expect(() => run(state)).toThrow(Interruption);
      // The block dies with its layer: the chain below it is untouched, object for object and byte for byte.
      expect(chain.rows()).toEqual(rowsOfBase);
      const next = new State([base]);
      expect(run(next)).toEqual(outcome);
      expect(next.freeze().encoded()).toEqual(written);
      // And where the block goes on without it, taking its writes back takes back all of them.
      state.rollback(mark);
      expect(state.freeze().encoded().writes).toEqual([]);
    }
  });
});
