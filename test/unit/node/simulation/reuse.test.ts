import { describe, expect, it } from 'vitest';
import { toHex } from '../../../../consensus/primitives/bytes.ts';
import { createCrypto } from '../../../../consensus/primitives/cryptoPolicy.ts';
import { ed25519 } from '../../../../consensus/primitives/ed25519.ts';
import { runCell } from '../../../../node/experiment/cell.ts';
import { parseScenario } from '../../../../node/scenario/loadScenario.ts';
import { SignedTransactions } from '../../../../node/scenario/signedTransactions.ts';
import type { Scenario } from '../../../../node/scenario/types.ts';
import { Reuse, ReusedRoots } from '../../../../node/simulation/reuse.ts';
import { computedRoots } from '../../../../settlement/execution/blockRoots.ts';
import type { Receipt } from '../../../../settlement/execution/result.ts';
import {
  signAndEncodeTransaction,
  type UnsignedTransaction,
} from '../../../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../../../settlement/execution/transactionBody.ts';

function scenarioOf(seed: number, batchSize: number, more = ''): Scenario {
  const text = [
    `seed: ${seed}`,
    'duration: 3m',
    `config: { settlement: { batch_size: ${batchSize} }${more} }`,
    'timeline:',
    '  - { at: { block: 9 }, borrow: { asset: UM, amount: 7 } }',
    '  - { at: { time: 30s }, borrow: { asset: UM, amount: 9 }, settle_now: true }',
    '  - { at: { batch: 2, state: confirmed }, repay: { asset: UM, amount: 3 } }',
    'workload: { uniform: { transactions_per_block: 3 } }',
  ].join('\n');
  const parsed = parseScenario(text, 'reused');
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('; '));
  return parsed.value.scenario;
}

const policies = ['modelled', 'cached', 'full'] as const;

describe('Reuse', () => {
  it('changes nothing of any cell, whatever ran before', () => {
    const reuse = new Reuse();
    const runs = [
      [1, 3],
      [1, 5],
      [1, 5],
      [2, 3],
      [2, 4],
      [1, 4],
    ] as const;
    const scenarios = [
      ...runs.map(([seed, batchSize]) => scenarioOf(seed, batchSize)),
      scenarioOf(1, 4, ', chain: { id: another }'),
      ...policies.map((policy) => scenarioOf(1, 4, `, simulation: { crypto: ${policy} }`)),
    ];
    for (const [index, scenario] of scenarios.entries()) {
      const task = { index, scenario, withSeries: false };
      const cell = runCell(task, { reuse });
      expect(cell.problems).toEqual([]);
      expect(cell.transactions).toBeGreaterThan(200);
      expect(cell).toEqual(runCell(task));
    }
  });

  it('hands on the blocks of a workload that nothing else sends beside, however far a run came', () => {
    const plain = (lines: readonly string[]): Scenario => {
      const parsed = parseScenario(lines.join('\n'), 'plain');
      if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('; '));
      return parsed.value.scenario;
    };
    const runs = [
      ['1m', 3, 3, 'one'],
      ['3m', 5, 3, 'one'],
      ['2m', 4, 3, 'one'],
      ['2m', 4, 2, 'one'],
      ['2m', 4, 2, 'another'],
      ['3m', 3, 3, 'one'],
    ] as const;
    const reuse = new Reuse();
    for (const [index, [duration, batchSize, perBlock, chain]] of runs.entries()) {
      const scenario = plain([
        'seed: 1',
        `duration: ${duration}`,
        `config: { settlement: { batch_size: ${batchSize} }, chain: { id: ${chain} } }`,
        `workload: { uniform: { transactions_per_block: ${perBlock} } }`,
      ]);
      const task = { index, scenario, withSeries: false };
      const cell = runCell(task, { reuse });
      expect(cell.transactions).toBeGreaterThan(50);
      expect(cell).toEqual(runCell(task));
    }
  });

  it('keeps what the next cell of a seed needs, and lets go of it with the seed', () => {
    const reuse = new Reuse();
    runCell({ index: 0, scenario: scenarioOf(1, 3), withSeries: false }, { reuse });
    const { count } = reuse.signed;
    const blocks = reuse.roots.count;
    expect(count).toBeGreaterThan(200);
    expect(blocks).toBeGreaterThan(80);
    runCell({ index: 1, scenario: scenarioOf(1, 5), withSeries: false }, { reuse });
    expect(reuse.signed.count).toBeLessThan(count + 5);
    reuse.begin(scenarioOf(1, 6));
    expect(reuse.signed.count).toBeGreaterThanOrEqual(count);
    reuse.begin(scenarioOf(1, 6, ', simulation: { crypto: full }'));
    expect([reuse.signed.count, reuse.roots.count]).toEqual([0, 0]);
    runCell({ index: 2, scenario: scenarioOf(2, 5), withSeries: false }, { reuse });
    reuse.begin(scenarioOf(3, 5));
    expect([reuse.signed.count, reuse.roots.count]).toEqual([0, 0]);
  });
});

describe('SignedTransactions', () => {
  const secretKey = new Uint8Array(32).fill(7);
  const signer = createCrypto('modelled').createSigner(secretKey);
  const from = toHex(ed25519.publicKeyOf(secretKey));
  const bodies: readonly TransactionBody[] = [
    { type: 'borrow', asset: 'UM', amount: 1n },
    { type: 'repay', asset: 'UM', amount: 1n },
    { type: 'borrow', asset: 'USDC', amount: 1n },
    { type: 'borrow', asset: 'UM', amount: 2n },
    { type: 'transfer', to: `0x${'11'.repeat(32)}`, asset: 'UM', amount: 1n },
    { type: 'transfer', to: `0x${'22'.repeat(32)}`, asset: 'UM', amount: 1n },
    { type: 'settle_now' },
    { type: 'set_batch_size', batchSize: 3 },
    { type: 'set_batch_size', batchSize: 4 },
  ];
  const unsignedOf = (
    body: TransactionBody,
    more: Partial<UnsignedTransaction> = {},
  ): UnsignedTransaction => ({
    chainId: `0x${'ab'.repeat(32)}`,
    from,
    nonce: 0,
    expiresAtHeight: 0,
    onlyAtHeight: 4,
    body,
    ...more,
  });

  it('gives the same object again for the same transaction, and signs any other anew', () => {
    const variants = [
      ...bodies.map((body) => unsignedOf(body)),
      ...[{ onlyAtHeight: 5 }, { expiresAtHeight: 9 }, { chainId: `0x${'cd'.repeat(32)}` }].map((more) =>
        unsignedOf({ type: 'borrow', asset: 'UM', amount: 1n }, more),
      ),
    ];
    for (const first of variants) {
      for (const second of variants) {
        const signed = new SignedTransactions();
        const one = signed.sign(first, signer);
        const other = signed.sign(second, signer);
        expect(other).toEqual(signAndEncodeTransaction(second, signer));
        expect(other === one).toBe(first === second);
        expect(signed.sign({ ...second, body: { ...second.body } }, signer)).toBe(other);
        expect(signed.count).toBe(1);
      }
    }
  });

  it('keeps blocks of one workload, without a gap and as long as there is room', () => {
    const signed = new SignedTransactions({ countMax: 2 });
    const block = { transactions: [], bytes: [] };
    signed.keepBlock('a', 2, block);
    expect(signed.block('a', 2)).toBeUndefined();
    for (const height of [1, 2, 3]) signed.keepBlock('a', height, block);
    expect([1, 2, 3].map((height) => signed.block('a', height))).toEqual([block, block, undefined]);
    expect(signed.block('b', 1)).toBeUndefined();
    signed.keepBlock('b', 1, block);
    expect([signed.block('a', 1), signed.block('b', 1), signed.block('b', 2)]).toEqual([
      undefined,
      block,
      undefined,
    ]);
    signed.clear();
    expect(signed.block('b', 1)).toBeUndefined();
  });

  it('is bounded, and signs what it has no room for', () => {
    const signed = new SignedTransactions({ countMax: 2 });
    const all = [0, 1, 2, 5].map((nonce) => unsignedOf({ type: 'settle_now' }, { nonce }));
    const first = all.map((unsigned) => signed.sign(unsigned, signer));
    expect(signed.count).toBe(2);
    const again = all.map((unsigned) => signed.sign(unsigned, signer));
    expect(again).toEqual(first);
    expect(again.map((one, index) => one === first[index])).toEqual([true, true, false, false]);
    signed.clear();
    expect(signed.count).toBe(0);
  });
});

describe('ReusedRoots', () => {
  const ids = [1, 2, 3].map((digit) => `0x${String(digit).repeat(64)}`);
  const receiptsOf = (...results: readonly string[]): Receipt[] =>
    results.map((result, index) => ({ transactionId: ids[index] ?? '', type: 'borrow', from: '', result }));

  it('gives the roots that are worked out, however often and in whatever order it is asked', () => {
    const roots = new ReusedRoots();
    const lists = [ids, ids.slice(0, 2), ids.slice(1), [], ids, ids.slice(0, 1)];
    const outcomes = [
      receiptsOf('ok', 'ok', 'ok'),
      receiptsOf('ok', 'POOL_INSUFFICIENT_CASH', 'ok'),
      receiptsOf('ok', 'ok'),
      receiptsOf('ok', 'ok', 'ok').map((receipt) => ({ ...receipt, type: 'repay' })),
      [],
      receiptsOf('ok', 'ok', 'ok'),
    ];
    for (const list of lists) {
      expect(roots.transactionsRoot(list)).toBe(computedRoots.transactionsRoot(list));
      for (const receipts of outcomes) {
        expect(roots.receiptsRoot(receipts)).toBe(computedRoots.receiptsRoot(receipts));
      }
    }
    expect(roots.count).toBe(2);
    roots.clear();
    expect(roots.count).toBe(0);
  });
});
