import { describe, expect, it } from 'vitest';
import { ExpectationJudge, type NetworkView } from '../../../../node/report/expectations.ts';
import type { LedgerView } from '../../../../node/report/ledgerWatch.ts';
import type { BatchResult } from '../../../../node/report/result.ts';
import type { Expectation } from '../../../../node/scenario/types.ts';

interface FakeView extends NetworkView {
  finalizedHeight: number;
  settlementHeight: number;
  pendingBatchCount: number;
  confirmedBatchCount: number;
  converged: boolean;
  slashes: string[];
  halted: string[];
  metrics: Record<string, number>;
  batches: BatchResult[];
}

const ledger: LedgerView = {
  balance: (account) => (account === 'seller' ? 995n : 0n),
  treasury: () => 0n,
  gatheredFees: () => 0n,
  escrow: () => 0n,
  channel: () => 0n,
  atomicBatch: () => undefined,
  receipt: () => undefined,
  networkFeeBps: () => 50,
  nameOf: (address) => address,
};

function createView(): FakeView {
  const view: FakeView = {
    finalizedHeight: 0,
    settlementHeight: 0,
    pendingBatchCount: 0,
    confirmedBatchCount: 0,
    countTransfers: (state) => ({ open: 1, completed: 2, refunded: 3 })[state],
    converged: true,
    slashes: [],
    halted: [],
    metrics: {},
    batches: [],
    ledger,
    isConverged: () => view.converged,
    isHalted: (node) => view.halted.includes(node ?? view.halted[0] ?? ''),
    countOf: (type, validator) =>
      type === 'slashed' ? view.slashes.filter((name) => name === (validator ?? name)).length : 0,
    metric: (path) => view.metrics[path],
    batch: (seq) => view.batches.find((batch) => batch.seq === seq),
    confirmedAtMs: (seq) => (view.batch(seq)?.state === 'confirmed' ? 12_000 : undefined),
  };
  return view;
}

const batch: BatchResult = {
  seq: 1,
  from_height: 1,
  to_height: 5,
  borrowed: { UM: '1900' },
  repaid: { UM: '200' },
  net: { UM: '1700' },
  fees: {},
  liquidations: 0,
  actions: [{ type: 'swap', asset: 'UM', amount: '1700', amount_in: '1706' }],
  state: 'confirmed',
  attempts: [{ attempt: 1, proposer: 'node-0', outcome: 'confirmed' }],
  sealed_at_ms: 8000,
  included_at_ms: 10_000,
  settlement_height: 2,
};

type Bare<One> = One extends unknown ? Omit<One, 'text' | 'line'> : never;

function judgeOf(view: NetworkView, expectation: Bare<Expectation>): ExpectationJudge {
  return new ExpectationJudge([{ ...expectation, text: 'expected', line: 1 } as Expectation], view);
}

function verdictOf(judge: ExpectationJudge, nowMs = 99_000): { ok: boolean; at_ms: number; detail: string } {
  const [result] = judge.finish(nowMs);
  if (result === undefined) throw new Error('no verdict');
  return result;
}

describe('conditions', () => {
  it('never: fails at the instant it happens', () => {
    const view = createView();
    const judge = judgeOf(view, {
      type: 'never',
      condition: { type: 'slashed', validator: 'node-1', count: undefined, comparison: '>=' },
    });
    view.slashes.push('node-0');
    judge.changed(1000);
    view.slashes.push('node-1');
    judge.changed(2000);
    view.slashes.length = 0;
    judge.changed(3000);
    expect(verdictOf(judge)).toMatchObject({ ok: false, at_ms: 2000 });
  });

  it('never: holds when it did not happen', () => {
    const judge = judgeOf(createView(), {
      type: 'never',
      condition: { type: 'slashed', validator: undefined, count: undefined, comparison: '>=' },
    });
    judge.changed(1000);
    expect(verdictOf(judge)).toMatchObject({ ok: true });
  });

  it('always: fails on one bad moment', () => {
    const view = createView();
    const judge = judgeOf(view, { type: 'always', condition: { type: 'converged', value: true } });
    judge.changed(1);
    view.converged = false;
    judge.changed(2);
    view.converged = true;
    expect(verdictOf(judge)).toMatchObject({ ok: false, at_ms: 2, detail: 'not converged' });
  });

  it('eventually: holds from the first good moment on', () => {
    const view = createView();
    const judge = judgeOf(view, { type: 'eventually', condition: { type: 'height_at_least', height: 7 } });
    judge.changed(1);
    view.finalizedHeight = 7;
    judge.changed(2);
    view.finalizedHeight = 0;
    expect(verdictOf(judge)).toMatchObject({ ok: true, at_ms: 2 });
    const never = judgeOf(view, { type: 'eventually', condition: { type: 'height_at_least', height: 8 } });
    expect(verdictOf(never)).toMatchObject({ ok: false, detail: 'finalised height 0' });
  });

  it.each([
    ['<', false],
    ['<=', true],
    ['=', true],
    ['>=', true],
    ['>', false],
  ] as const)('final: compares 3 %s 3', (comparison, ok) => {
    const view = createView();
    view.pendingBatchCount = 3;
    view.confirmedBatchCount = 3;
    view.metrics = { 'settlement_latency_ms.p99': 3 };
    view.slashes = ['node-0', 'node-0', 'node-1'];
    const conditions = [
      { type: 'pending_batches', comparison, count: 3 },
      { type: 'confirmed_batches', comparison, count: 3 },
      { type: 'refunded_transfers', comparison, count: 3 },
      { type: 'metric', name: 'settlement_latency_ms.p99', comparison, value: 3 },
      { type: 'slashed', validator: undefined, comparison, count: 3 },
    ] as const;
    for (const condition of conditions) {
      expect(verdictOf(judgeOf(view, { type: 'final', condition })).ok).toBe(ok);
    }
  });

  it('final: tells open, completed and refunded transfers apart', () => {
    for (const [type, count] of [
      ['open_transfers', 1],
      ['completed_transfers', 2],
      ['refunded_transfers', 3],
    ] as const) {
      const condition = { type, comparison: '=', count } as const;
      expect(verdictOf(judgeOf(createView(), { type: 'final', condition })).ok).toBe(true);
    }
  });

  it('asks the ledger', () => {
    const condition = {
      type: 'balance',
      account: 'seller',
      asset: 'UM',
      bound: { equals: 995n },
    } as const;
    expect(verdictOf(judgeOf(createView(), { type: 'final', condition })).ok).toBe(true);
    expect(verdictOf(judgeOf(createView(), { type: 'never', condition })).ok).toBe(false);
  });

  it('halted: of one node, of any, of none', () => {
    const view = createView();
    const verdict = (node: string | undefined, value: boolean): boolean =>
      verdictOf(judgeOf(view, { type: 'final', condition: { type: 'halted', node, value } })).ok;
    expect([verdict(undefined, false), verdict(undefined, true), verdict('node-1', true)]).toEqual([
      true,
      false,
      false,
    ]);
    view.halted.push('node-1');
    expect([verdict(undefined, false), verdict(undefined, true), verdict('node-1', true)]).toEqual([
      false,
      true,
      true,
    ]);
    expect(verdict('node-2', true)).toBe(false);
  });

  it('final: fails on a metric that is not there', () => {
    const condition = { type: 'metric', name: 'no_such', comparison: '>=', value: 0 } as const;
    expect(verdictOf(judgeOf(createView(), { type: 'final', condition }))).toMatchObject({
      ok: false,
      detail: 'no metric no_such',
    });
  });
});

describe('batch', () => {
  it('holds when every given fact does', () => {
    const view = createView();
    view.batches = [batch];
    const judge = judgeOf(view, {
      type: 'batch',
      facts: {
        batch: 1,
        fromHeight: 1,
        toHeight: 5,
        net: { UM: 1700n, USDC: 0n },
        borrowed: { UM: 1900n },
        repaid: { UM: 200n },
        action: 'swap',
        actions: [{ type: 'swap', asset: 'UM', amount: 1700n }],
        state: 'confirmed',
        proposer: 'node-0',
        attempts: 1,
        settlementHeight: 2,
        includedAtMs: 10_000,
        confirmedByMs: 12_000,
        liquidations: 0,
      },
    });
    expect(verdictOf(judge)).toEqual({ text: 'expected', ok: true, at_ms: 12_000, detail: '' });
  });

  it.each([
    [{ fromHeight: 2 }, 'expected from_height 2, got 1'],
    [{ toHeight: 6 }, 'expected to_height 6, got 5'],
    [{ net: { UM: 1700n, USDC: 1n } }, 'expected net {UM: 1700, USDC: 1}, got {UM: 1700}'],
    [{ borrowed: {} }, 'expected borrowed {}, got {UM: 1900}'],
    [{ repaid: { UM: 201n } }, 'expected repaid {UM: 201}, got {UM: 200}'],
    [{ action: 'draw' }, 'expected action draw, got swap 1700 UM'],
    [{ actions: [] }, 'expected actions none, got swap 1700 UM'],
    [
      { actions: [{ type: 'swap', asset: 'UM', amount: 1n }] },
      'expected actions swap 1 UM, got swap 1700 UM',
    ],
    [{ state: 'sealed' }, 'expected state sealed, got confirmed'],
    [{ proposer: 'node-1' }, 'expected proposer node-1, got node-0'],
    [{ attempts: 2 }, 'expected attempts 2, got 1'],
    [{ settlementHeight: 3 }, 'expected settlement_height 3, got 2'],
    [{ includedAtMs: 1 }, 'expected included_at_ms 1, got 10000'],
    [{ confirmedByMs: 11_999 }, 'expected confirmed_by 11999 ms, got 12000 ms'],
    [{ liquidations: 1 }, 'expected liquidations 1, got 0'],
  ])('says what differs (%#)', (facts, detail) => {
    const view = createView();
    view.batches = [batch];
    const judge = judgeOf(view, { type: 'batch', facts: { batch: 1, ...facts } });
    expect(verdictOf(judge)).toMatchObject({ ok: false, detail });
  });

  it('fails when the batch was never sealed', () => {
    const judge = judgeOf(createView(), { type: 'batch', facts: { batch: 4 } });
    expect(verdictOf(judge)).toMatchObject({ ok: false, detail: 'batch 4 was never sealed' });
  });
});

describe('within', () => {
  const limits = [
    [{ ms: 1000 }, { nowMs: 2000 }, { nowMs: 2001 }],
    [{ blocks: 2 }, { height: 7 }, { height: 8 }],
    [{ settlementBlocks: 2 }, { settlementHeight: 5 }, { settlementHeight: 6 }],
  ] as const;

  it.each(limits)('counts %j from its anchor', (limit, inTime, tooLate) => {
    for (const [reached, ok] of [
      [inTime, true],
      [tooLate, false],
    ] as const) {
      const view = createView();
      const after = { batch: 2, state: 'sealed' } as const;
      const judge = judgeOf(view, { type: 'within', limit, after, batch: 2, state: 'confirmed' });
      view.finalizedHeight = 5;
      view.settlementHeight = 3;
      judge.anchorReached({ batch: 1, state: 'sealed' }, 500);
      judge.anchorReached(after, 1000);
      view.finalizedHeight = 'height' in reached ? reached.height : 5;
      view.settlementHeight = 'settlementHeight' in reached ? reached.settlementHeight : 3;
      const nowMs = 'nowMs' in reached ? reached.nowMs : 1500;
      judge.batchReached(2, 'included', nowMs);
      judge.batchReached(2, 'confirmed', nowMs);
      expect(verdictOf(judge)).toMatchObject({ ok, at_ms: nowMs });
    }
  });

  it('fails when its anchor or its state never came', () => {
    const after = { block: 3 };
    const create = () =>
      judgeOf(createView(), { type: 'within', limit: { ms: 1 }, after, batch: 2, state: 'confirmed' });
    expect(verdictOf(create()).detail).toContain('never evaluated');
    const anchored = create();
    anchored.anchorReached(after, 1000);
    expect(verdictOf(anchored)).toMatchObject({
      ok: false,
      detail: 'batch 2 was not confirmed when the run ended',
    });
  });

  it('holds at once when the state came before the anchor', () => {
    const view = createView();
    view.batches = [batch];
    const after = { timeMs: 50_000 };
    const judge = judgeOf(view, { type: 'within', limit: { ms: 1 }, after, batch: 1, state: 'included' });
    expect(judge.timeAnchors()).toEqual([after]);
    judge.anchorReached(after, 50_000);
    expect(verdictOf(judge)).toMatchObject({ ok: true, at_ms: 50_000 });
  });
});
