import { describe, expect, it } from 'vitest';
import { toHex } from '../../../../consensus/primitives/bytes.ts';
import { createCrypto } from '../../../../consensus/primitives/cryptoPolicy.ts';
import { createGenesis } from '../../../../node/scenario/genesis.ts';
import { SignedTransactions } from '../../../../node/scenario/signedTransactions.ts';
import { TransactionFeed } from '../../../../node/scenario/timeline.ts';
import { UniformWorkload } from '../../../../node/scenario/workload.ts';
import {
  decodeTransaction,
  type EncodedTransaction,
  verifyTransaction,
} from '../../../../settlement/execution/transaction.ts';
import { loadText, replay } from './replay.ts';

const mixed = [
  'seed: 5',
  'timeline:',
  '  - { at: { block: 2 }, borrow: { asset: UM, amount: 1 } }',
  '  - { at: { time: 1s }, borrow: { asset: UM, amount: 9 }, settle_now: true, unjail: node-2 }',
  '  - { at: { block: 2 }, account: ann, borrow: { asset: UM, amount: 2 } }',
  '  - { at: { block: 1 }, borrow: { asset: UM, amount: 3 } }',
  'workload: { uniform: { transactions_per_block: 2 } }',
].join('\n');

describe('TransactionFeed', () => {
  it('gives equal bytes for equal scenarios, under every crypto policy the same unsigned ones', () => {
    const scenario = loadText(mixed);
    const parts = createGenesis(scenario);
    const signed = (policy: 'full' | 'modelled'): Uint8Array[] => {
      const feed = new TransactionFeed(scenario, parts, createCrypto(policy));
      return [1, 2, 3].flatMap((height) => feed.forBlock(height));
    };
    const idsOf = (all: readonly Uint8Array[]): string[] =>
      all.map((bytes) => {
        const decoded = decodeTransaction(bytes);
        return decoded.ok ? decoded.value.id : decoded.code;
      });
    expect(signed('modelled').map(toHex)).toEqual(signed('modelled').map(toHex));
    expect(idsOf(signed('full'))).toEqual(idsOf(signed('modelled')));
    expect(new Set(idsOf(signed('full'))).size).toBe(3 + 3 * 2);
  });

  it('gives the very blocks of an earlier feed where a workload alone sends, and goes on behind them', () => {
    const scenario = loadText('seed: 5\nworkload: { uniform: { transactions_per_block: 2 } }');
    const parts = createGenesis(scenario);
    const crypto = createCrypto('modelled');
    const signed = new SignedTransactions();
    const told: EncodedTransaction[] = [];
    const feedOf = () =>
      new TransactionFeed(scenario, parts, crypto, { signed, onSigned: (one) => told.push(one) });
    const first = feedOf();
    const blocks = [1, 2, 3].map((height) => first.forBlock(height));
    const second = feedOf();
    for (const [index, block] of blocks.entries()) expect(second.forBlock(index + 1)).toBe(block);
    const alone = new TransactionFeed(scenario, parts, crypto);
    for (const height of [1, 2, 3]) alone.forBlock(height);
    expect(second.forBlock(4)).toEqual(alone.forBlock(4));
    expect(told.map(({ bytes }) => bytes)).toEqual([...blocks, ...blocks, second.forBlock(4)].flat());
  });

  it('hands on what its bytes decode to, for every kind of operation', () => {
    const scenario = loadText(
      [
        'seed: 5',
        'config: { settlement: { operator_keys: [] } }',
        'timeline:',
        '  - { at: { block: 1 }, deposit: { asset: UM, amount: 5 }, withdraw: { asset: UM, amount: 1 } }',
        '  - { at: { block: 1 }, transfer: { to: ann, asset: UM, amount: 1 }, repay: { asset: UM, amount: 1 } }',
        '  - { at: { block: 1 }, price: { asset: UM, price: 100000001 }, settle_now: true, unjail: node-2 }',
        '  - { at: { block: 1 }, liquidate: { borrower: ann, debt_asset: UM, amount: 1, collateral_asset: USDC } }',
        'workload: { uniform: { transactions_per_block: 2 } }',
      ].join('\n'),
    );
    const signed: EncodedTransaction[] = [];
    const feed = new TransactionFeed(scenario, createGenesis(scenario), createCrypto('modelled'), {
      onSigned: (one) => signed.push(one),
    });
    const all = feed.forBlock(1);
    expect(signed.map(({ bytes }) => bytes)).toEqual(all);
    expect(new Set(signed.map(({ transaction }) => transaction.body.type)).size).toBeGreaterThanOrEqual(8);
    for (const { bytes, ...decoded } of signed) {
      expect(decodeTransaction(bytes)).toEqual({ ok: true, value: decoded });
    }
  });

  it('puts the timeline in file order before the workload, anchored to its block alone', () => {
    const scenario = loadText(mixed);
    const { transactions, parts, refusals } = replay(scenario, 3);
    expect(refusals).toEqual([]);
    const label = (address: string): string | undefined =>
      [...parts.accounts].find(([, holder]) => holder.address === address)?.[0];
    const block2 = transactions.filter(({ onlyAtHeight }) => onlyAtHeight === 2);
    expect(block2.map(({ from }) => label(from)?.replace(/\d/, 'n'))).toEqual([
      'scenario',
      'ann',
      'uniform-n',
      'uniform-n',
    ]);
    expect(
      transactions.every(({ onlyAtHeight, expiresAtHeight }) => onlyAtHeight > 0 && expiresAtHeight === 0),
    ).toBe(true);
  });

  it('counts nonces for each sender over blocks and events, and signs with the right key', () => {
    const scenario = loadText(mixed);
    const parts = createGenesis(scenario);
    const crypto = createCrypto('full');
    const feed = new TransactionFeed(scenario, parts, crypto);
    const event = scenario.timeline[1];
    if (event === undefined) throw new Error('expected an event');
    const all = [
      ...feed.forBlock(1),
      ...feed.forEvent(event, 0, 0),
      ...feed.forBlock(2),
      ...feed.forBlock(3),
    ];
    const next = new Map<string, number>();
    const decoded = all.map((bytes) => {
      const verdict = decodeTransaction(bytes);
      if (!verdict.ok) throw new Error(verdict.message);
      expect(verifyTransaction(verdict.value, parts.genesis, crypto).ok).toBe(true);
      const { from, nonce } = verdict.value.transaction;
      expect(nonce).toBe(next.get(from) ?? 0);
      next.set(from, nonce + 1);
      return verdict.value.transaction;
    });
    const loose = decoded.filter(({ onlyAtHeight }) => onlyAtHeight === 0);
    expect(loose.map(({ from, body }) => [body.type, from])).toEqual([
      ['borrow', parts.accounts.get('scenario')?.address],
      ['settle_now', parts.operator?.address],
      ['unjail', parts.validators[2]?.address],
    ]);
    expect(loose[2]?.body).toEqual({ type: 'unjail', validator: 2 });
  });

  it('insists on ascending heights', () => {
    const scenario = loadText(mixed);
    const feed = new TransactionFeed(scenario, createGenesis(scenario), createCrypto('modelled'));
    expect(() => feed.forBlock(2)).toThrow('feed asked for height 2 after 0');
  });
});

describe('a workload model', () => {
  it('makes the same traffic whatever the batch size, behind the timeline and within the block', () => {
    const traffic = (batchSize: number): unknown => {
      const scenario = loadText(
        [
          'seed: 5',
          `config: { chain: { block_transactions_max: 6 }, settlement: { batch_size: ${batchSize} } }`,
          'timeline: [{ at: { block: 2 }, account: ann, borrow: { asset: UM, amount: 2 } }]',
          'workload: { model: { arrivals: { transactions_per_block: 5, bursts: { factor: 4, quiet: 20s, busy: 5s } } } }',
        ].join('\n'),
      );
      const feed = new TransactionFeed(scenario, createGenesis(scenario), createCrypto('modelled'));
      return Array.from({ length: 40 }, (_, index) =>
        feed.prepareBlock(index + 1).map(({ sender, nonce, body }) => [sender.address, nonce, body]),
      );
    };
    const blocks = traffic(1) as unknown[][];
    expect(traffic(10)).toEqual(blocks);
    expect(Math.max(...blocks.map(({ length }) => length))).toBe(6);
    expect(blocks[1]?.[0]).toMatchObject([expect.anything(), 0, { type: 'borrow', asset: 'UM', amount: 2n }]);
  });
});

describe('UniformWorkload', () => {
  it('is the same for the same seed, another for another', () => {
    const { config } = loadText('name: x');
    const draw = (seed: number): unknown => {
      const workload = new UniformWorkload({ transactionsPerBlock: 5, seed, config });
      return [1, 2, 3].map((block) => workload.transactionsFor(block));
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('stays valid for thousands of blocks and moves both ways', () => {
    const scenario = loadText('duration: 4000s\nworkload: { uniform: { transactions_per_block: 4 } }');
    const { refusals, transactions } = replay(scenario, 2000);
    expect(refusals).toEqual([]);
    const repayments = transactions.filter(({ body }) => body.type === 'repay').length;
    expect(repayments).toBeGreaterThan(2000);
    expect(transactions.length - repayments).toBeGreaterThan(2000);
  });
});
