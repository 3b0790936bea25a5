import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../../../consensus/vote.ts';
import type { MockSettlementChain } from '../../../../settlement/chain/mockChain.ts';
import {
  outboxKeyOf,
  type SettlementDuty,
  SUBMISSIONS_AHEAD_MAX,
  type Submission,
  Submitter,
  type SubmitterOptions,
} from '../../../../settlement/chain/submitter.ts';
import {
  decodeSettlementTransaction,
  SETTLEMENT_HEADERS_LIMIT,
  settlementTransactionHash,
} from '../../../../settlement/chain/transactionCodec.ts';
import { netBatchCommitment } from '../../../../settlement/net/commitment.ts';
import type { SettlementBlock, SettlementTransaction } from '../../../../settlement/net/settlement.ts';
import {
  actionsOf,
  batchOf,
  chainId,
  chainOf,
  createChain,
  finalise,
  headerAt,
  signerOf,
} from './fixtures.ts';

const genesisView = { baseFee: 100n, height: 0, lastSettledSeq: 0 };

function createSubmitter(options: Partial<SubmitterOptions> = {}): Submitter {
  return new Submitter(
    { chainId, self: 0, tip: 10n, feeCap: 100_000n, resubmitAfterBlocks: 2, ...options },
    { signer: signerOf(options.self ?? 0) },
  );
}

function dutyOf(seq: number, attempt = 1, amountInMax?: bigint, certificate?: Certificate): SettlementDuty {
  const content = batchOf(seq);
  const commitment = netBatchCommitment(content);
  const header = headerAt(content.toHeight, { batchCommitment: commitment });
  return {
    batch: {
      ...content,
      borrowed: [{ asset: 'UM', amount: 1700n }],
      repaid: [],
      commitment,
      attempts: [],
      clockCount: 0,
      clockStartHeight: undefined,
      heldSlash: 0n,
      missedBy: [],
    },
    attempt: {
      attempt,
      proposer: 0,
      actions: actionsOf(content.net, amountInMax),
      assignedAtHeight: content.toHeight,
      outcome: undefined,
      revertCode: undefined,
    },
    headers: [header],
    certificate: certificate ?? finalise(header),
  };
}

/** An empty settlement block as a submitter sees it. */
function blockAt(height: number, nextBaseFee: bigint, lastSettledSeq = 0): SettlementBlock {
  const { genesis } = createChain();
  return { ...genesis, height, nextBaseFee, lastSettledSeq };
}

function transactionOf(submission: Submission | undefined): SettlementTransaction {
  const decoded = decodeSettlementTransaction(submission?.bytes ?? new Uint8Array());
  if (!decoded.ok) throw new Error(decoded.message);
  return decoded.value;
}

/** What two versions of one (batch, attempt) must share. */
function promiseOf(submission: Submission | undefined) {
  const { feeCap: _feeCap, tip: _tip, signature: _signature, ...rest } = transactionOf(submission);
  return rest;
}

function take(chain: MockSettlementChain, submissions: readonly (Submission | undefined)[]): string[] {
  return submissions.flatMap((submission) => {
    if (submission === undefined) return [];
    const verdict = chain.submit(submission.bytes, chain.head.timestampMs + 1);
    return [verdict.ok ? 'taken' : verdict.code];
  });
}

describe('Submitter.begin', () => {
  it('signs a settlement that the chain settles, at twice the base fee plus tip', () => {
    const submitter = createSubmitter();
    const chain = createChain();
    const submission = submitter.begin(dutyOf(1), genesisView);
    expect(submission).toMatchObject({
      kind: 'first',
      seq: 1,
      attempt: 1,
      outboxKey: 'outbox/1/1',
      feeCap: 210n,
      tip: 10n,
      hash: settlementTransactionHash(transactionOf(submission)),
    });
    expect(take(chain, [submission])).toEqual(['taken']);
    expect(chain.produceBlock(5000)).toMatchObject({
      lastSettledSeq: 1,
      events: [{ type: 'batch_settled', transactionHash: submission?.hash }],
    });
  });

  it('offers no more than the fee cap, tip included', () => {
    const submitter = createSubmitter({ feeCap: 150n, tip: 200n });
    expect(submitter.begin(dutyOf(1), genesisView)).toMatchObject({ feeCap: 150n, tip: 150n });
  });

  it('repeats the signed bytes for the same attempt, whatever certificate is known by then', () => {
    const submitter = createSubmitter();
    const first = submitter.begin(dutyOf(1), genesisView);
    const later = dutyOf(1, 1, undefined, finalise(dutyOf(1).headers[0] ?? headerAt(5), [1, 2, 3]));
    const again = submitter.begin(later, { ...genesisView, height: 3, baseFee: 900n });
    expect(again).toEqual({ ...first, kind: 'resend' });
  });

  it('begins nothing for a settled batch, an earlier attempt, or headers beyond the limit', () => {
    const submitter = createSubmitter();
    expect(submitter.begin(dutyOf(1), { ...genesisView, lastSettledSeq: 1 })).toBeUndefined();
    submitter.begin(dutyOf(2, 2), genesisView);
    expect(submitter.begin(dutyOf(2, 1), genesisView)).toBeUndefined();
    const duty = dutyOf(3);
    const headers = chainOf(duty.headers[0] ?? headerAt(15), SETTLEMENT_HEADERS_LIMIT);
    expect(submitter.begin({ ...duty, headers }, genesisView)).toBeUndefined();
    expect(submitter.inFlightCount).toBe(1);
  });

  it('signs a new transaction for the next attempt', () => {
    const submitter = createSubmitter();
    const first = submitter.begin(dutyOf(1, 1, 5n), genesisView);
    const second = submitter.begin(dutyOf(1, 2, 2000n), genesisView);
    expect(second).toMatchObject({ kind: 'first', outboxKey: 'outbox/1/2' });
    expect(second?.hash).not.toBe(first?.hash);
    expect(submitter.drop(1)).toEqual(['outbox/1/1', 'outbox/1/2']);
    expect(submitter.inFlightCount).toBe(0);
    expect(submitter.drop(1)).toEqual([]);
  });

  it('holds what lies too far ahead until its turn comes near', () => {
    const submitter = createSubmitter();
    const far = SUBMISSIONS_AHEAD_MAX + 1;
    for (let seq = 1; seq < far; seq += 1) {
      expect(submitter.begin(dutyOf(seq), genesisView)?.seq).toBe(seq);
    }
    expect(submitter.begin(dutyOf(far), genesisView)).toBeUndefined();
    expect(submitter.inFlightCount).toBe(SUBMISSIONS_AHEAD_MAX);
    // The turn of batch 2 begins: it is resent, and the window reaches the batch that was held.
    expect(submitter.onSettlementBlock(blockAt(1, 70n, 1))).toMatchObject([
      { kind: 'resend', seq: 2 },
      { kind: 'first', seq: far, feeCap: 150n },
    ]);
  });
});

describe('Submitter.onSettlementBlock', () => {
  it('replaces at once when the cap falls below the base fee', () => {
    const submitter = createSubmitter();
    const first = submitter.begin(dutyOf(1), genesisView);
    expect(submitter.onSettlementBlock(blockAt(1, 210n))).toMatchObject([{ kind: 'resend' }]);
    const [replacement] = submitter.onSettlementBlock(blockAt(2, 211n));
    // max(1.1 * 210, 2 * 211 + 10) and max(1.1 * 10, 2 * 211 + 10).
    expect(replacement).toMatchObject({
      kind: 'replacement',
      feeCap: 432n,
      tip: 432n,
      outboxKey: 'outbox/1/1',
    });
    expect(replacement?.hash).not.toBe(first?.hash);
    expect(promiseOf(replacement)).toEqual(promiseOf(first));
  });

  it('replaces a batch ahead of its turn only for its cap', () => {
    const submitter = createSubmitter();
    submitter.begin(dutyOf(5), genesisView);
    for (let height = 1; height <= 10; height += 1) {
      expect(submitter.onSettlementBlock(blockAt(height, 200n))).toEqual([]);
    }
    expect(submitter.onSettlementBlock(blockAt(11, 500n))).toMatchObject([
      { kind: 'replacement', feeCap: 1010n },
    ]);
  });

  it('raises by a tenth, rounded up, each time it stood next in turn for two blocks', () => {
    const submitter = createSubmitter();
    submitter.begin(dutyOf(1), { ...genesisView, baseFee: 1000n });
    const kinds = [1, 2, 3, 4].map((height) => submitter.onSettlementBlock(blockAt(height, 7n)));
    expect(kinds).toMatchObject([
      [{ kind: 'resend', feeCap: 2010n }],
      [{ kind: 'replacement', feeCap: 2211n, tip: 24n }],
      [{ kind: 'resend', feeCap: 2211n }],
      // 2211 * 1.1 = 2432.1
      [{ kind: 'replacement', feeCap: 2433n, tip: 27n }],
    ]);
  });

  it('stays within the fee cap: replaces only while that is a valid replacement, else resends', () => {
    const submitter = createSubmitter({ feeCap: 460n });
    const first = submitter.begin(dutyOf(1), genesisView);
    const [replacement] = submitter.onSettlementBlock(blockAt(1, 300n));
    expect(replacement).toMatchObject({ kind: 'replacement', feeCap: 460n, tip: 460n });
    const [stuck] = submitter.onSettlementBlock(blockAt(2, 5000n));
    expect(stuck).toEqual({ ...replacement, kind: 'resend' });
    const chain = createChain();
    expect(take(chain, [first, replacement, stuck])).toEqual(['taken', 'taken', 'taken']);
  });

  it('goes to the fee cap where it could not be raised to it later: any base fee below is met', () => {
    const submitter = createSubmitter({ feeCap: 1000n });
    // Twice 460 and the tip are 930: 1.1 times that is above the cap.
    expect(submitter.begin(dutyOf(1), { ...genesisView, baseFee: 460n })).toMatchObject({ feeCap: 1000n });
    const raised = createSubmitter({ feeCap: 1000n });
    raised.begin(dutyOf(1), genesisView);
    expect(raised.onSettlementBlock(blockAt(1, 470n))).toMatchObject([{ feeCap: 1000n }]);
  });

  it('falls silent when the batch settles, or its own attempt reverts', () => {
    const submitter = createSubmitter();
    const chain = createChain();
    take(chain, [submitter.begin(dutyOf(1, 1, 5n), genesisView)]);
    const reverted = chain.produceBlock(5000);
    expect(reverted.events).toMatchObject([{ type: 'batch_reverted', code: 'SLIPPAGE_EXCEEDED' }]);
    expect(submitter.onSettlementBlock(reverted)).toEqual([]);
    expect(submitter.onSettlementBlock(chain.produceBlock(10_000))).toEqual([]);
    expect(submitter.begin(dutyOf(1, 1, 5n), genesisView)).toBeUndefined();
    expect(take(chain, [submitter.begin(dutyOf(1, 2), genesisView)])).toEqual(['taken']);
    expect(submitter.onSettlementBlock(chain.produceBlock(15_000))).toEqual([]);
    expect(chain.lastSettledSeq).toBe(1);
  });

  it('takes a batch up again that a reorganisation unsettled, and an attempt whose revert it took back', () => {
    const submitter = createSubmitter();
    const chain = createChain({ reorgDepthMax: 4 });
    const first = submitter.begin(dutyOf(1, 1, 5n), genesisView);
    take(chain, [first]);
    expect(submitter.onSettlementBlock(chain.produceBlock(5000))).toEqual([]);
    chain.reorganise(1);
    chain.setFull(true);
    const replaced = chain.produceBlock(10_000);
    expect(replaced).toMatchObject({ height: 1, events: [] });
    expect(submitter.onSettlementBlock(replaced)).toMatchObject([{ kind: 'resend', bytes: first?.bytes }]);

    const settled = createSubmitter();
    const second = settled.begin(dutyOf(1), genesisView);
    expect(settled.onSettlementBlock(blockAt(3, 100n, 1))).toEqual([]);
    expect(settled.onSettlementBlock(blockAt(2, 100n, 0))).toMatchObject([
      { kind: 'resend', bytes: second?.bytes },
    ]);
  });

  it('gets through full blocks: every replacement is one the chain accepts', () => {
    const submitter = createSubmitter();
    const chain = createChain();
    chain.setFull(true);
    take(chain, [submitter.begin(dutyOf(1), genesisView)]);
    for (let count = 0; count < 12; count += 1) {
      const submissions = submitter.onSettlementBlock(chain.produceBlock(chain.nextTimestampMs));
      expect(take(chain, submissions)).toEqual(['taken']);
    }
    chain.setFull(false);
    expect(chain.produceBlock(chain.nextTimestampMs).lastSettledSeq).toBe(1);
  });
});

describe('Submitter.recover', () => {
  it('sends the very bytes again, newest attempt first known, and signs no second version', () => {
    const before = createSubmitter();
    const rows = [dutyOf(2), dutyOf(1, 1), dutyOf(1, 2)].map((duty) => {
      const submission = before.begin(duty, genesisView);
      return { key: submission?.outboxKey ?? '', value: submission?.bytes ?? new Uint8Array() };
    });
    const after = createSubmitter();
    const resent = after.recover([...rows].reverse());
    expect(resent.map(({ kind, seq, attempt, bytes }) => ({ kind, seq, attempt, bytes }))).toEqual([
      { kind: 'resend', seq: 1, attempt: 2, bytes: rows[2]?.value },
      { kind: 'resend', seq: 2, attempt: 1, bytes: rows[0]?.value },
    ]);
    const again = after.begin(dutyOf(1, 2), { ...genesisView, height: 9, baseFee: 5000n });
    expect(again?.bytes).toEqual(rows[2]?.value);
    expect(after.drop(1).toSorted()).toEqual(['outbox/1/1', 'outbox/1/2']);
  });

  it('goes on raising fees from what was signed', () => {
    const before = createSubmitter();
    const first = before.begin(dutyOf(1), genesisView);
    const after = createSubmitter();
    after.recover([{ key: 'outbox/1/1', value: first?.bytes ?? new Uint8Array() }]);
    const [replacement] = after.onSettlementBlock(blockAt(4, 400n));
    expect(replacement).toMatchObject({ kind: 'replacement', feeCap: 810n });
    expect(promiseOf(replacement)).toEqual(promiseOf(first));
  });

  it.each([
    ['bytes that are no transaction', 'outbox/1/1', (bytes: Uint8Array) => bytes.subarray(1), 0],
    ['the row of another attempt', 'outbox/1/2', (bytes: Uint8Array) => bytes, 0],
    ['the row of another validator', 'outbox/1/1', (bytes: Uint8Array) => bytes, 1],
  ])('stops with SETTLEMENT_OUTBOX_CORRUPT on %s', (_, key, change, self) => {
    const bytes = createSubmitter().begin(dutyOf(1), genesisView)?.bytes ?? new Uint8Array();
    expect(() => createSubmitter({ self }).recover([{ key, value: change(bytes) }])).toThrow(
      expect.objectContaining({ code: 'SETTLEMENT_OUTBOX_CORRUPT' }),
    );
  });
});

describe('Submitter laws', () => {
  const step = fc.record({
    baseFee: fc.bigInt({ min: 1n, max: 3000n }),
    settle: fc.boolean(),
    begin: fc.integer({ min: 1, max: 6 }),
    attempt: fc.integer({ min: 1, max: 3 }),
    restart: fc.boolean(),
  });

  it('never signs two versions of one (batch, attempt) that differ in more than fees, restarts included', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let submitter = createSubmitter();
        const outbox = new Map<string, Uint8Array>();
        const promises = new Map<string, unknown>();
        let lastSettledSeq = 0;
        const note = (submissions: readonly (Submission | undefined)[]) => {
          for (const submission of submissions) {
            if (submission === undefined) continue;
            const { outboxKey, kind, feeCap, tip } = submission;
            expect(outboxKey).toBe(outboxKeyOf(submission.seq, submission.attempt));
            expect(feeCap).toBeLessThanOrEqual(100_000n);
            expect(tip).toBeLessThanOrEqual(feeCap);
            if (kind === 'resend') expect(submission.bytes).toEqual(outbox.get(outboxKey));
            else outbox.set(outboxKey, submission.bytes);
            const promise = promiseOf(submission);
            if (promises.has(outboxKey)) expect(promise).toEqual(promises.get(outboxKey));
            promises.set(outboxKey, promise);
          }
        };
        for (const [index, each] of steps.entries()) {
          if (each.restart) {
            submitter = createSubmitter();
            note(submitter.recover([...outbox].map(([key, value]) => ({ key, value }))));
          }
          // Each call offers another certificate: what is signed already must not take it up.
          const duty = dutyOf(each.begin, each.attempt);
          const header = duty.headers[0] ?? headerAt(1);
          const certificate = finalise(header, index % 2 === 0 ? [0, 1, 2] : [1, 2, 3]);
          const view = { baseFee: each.baseFee, height: index, lastSettledSeq };
          note([submitter.begin({ ...duty, certificate }, view)]);
          if (each.settle) lastSettledSeq += 1;
          note(submitter.onSettlementBlock(blockAt(index + 1, each.baseFee, lastSettledSeq)));
        }
      }),
      { numRuns: 60 },
    );
  });
});
