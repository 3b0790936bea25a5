import { describe, expect, it } from 'vitest';
import { Chronicle, RECORDS_KEPT, RECORDS_MAX } from '../../../../node/report/chronicle.ts';
import { batchResultSchema, windowResultSchema } from '../../../../node/report/result.ts';
import type { NetFact } from '../../../../settlement/net/types.ts';
import { Layer } from '../../../../settlement/state.ts';
import { batchOf, blockAt, confirmedFact, hashOf, resultOf, settlementBlockAt } from '../laws/fixtures.ts';

function createChronicle(onRecord?: (record: object) => void) {
  const reached: string[] = [];
  const chronicle = new Chronicle({ nodeNames: ['node-0', 'node-1'], genesisLayer: new Layer(), onRecord });
  let height = 0;
  const follow = (...facts: NetFact[]): void => {
    height += 1;
    chronicle.finalized(blockAt(height), resultOf({ facts }), height * 2000 + 100, (seq, state) =>
      reached.push(`${seq} ${state}`),
    );
  };
  const followTo = (last: number): void => {
    while (height < last) follow();
  };
  return { chronicle, reached, follow, followTo };
}

describe('Chronicle', () => {
  it('follows a batch from seal over submission and inclusion to confirmation', () => {
    const { chronicle, reached, follow, followTo } = createChronicle();
    followTo(4);
    follow({ type: 'batch_sealed', batch: batchOf(1) });
    expect(chronicle.batch(1)).toMatchObject({ state: 'sealed', sealed_at_ms: 8000 });
    chronicle.submitted(1, 1, 8140);
    chronicle.submitted(1, 1, 9000);
    expect(chronicle.batch(1)).toMatchObject({ state: 'submitted', submitted_at_ms: 8140 });
    chronicle.settlementBlock(
      settlementBlockAt(2, {
        events: [
          {
            type: 'batch_settled',
            seq: 1,
            fromHeight: 1,
            toHeight: 5,
            net: [],
            proposer: 0,
            attempt: 1,
            transactionHash: hashOf('d'),
            actions: [{ type: 'swap', asset: 'UM', amount: 10n, amountInMax: 12n }],
            amountsIn: [11n],
            gasUsed: 160_000,
            fee: 5n,
          },
        ],
      }),
      (seq, state) => reached.push(`${seq} ${state}`),
    );
    expect(chronicle.batch(1)).toMatchObject({
      state: 'included',
      included_at_ms: 10_000,
      settlement_height: 2,
    });
    chronicle.submitted(1, 2, 10_500);
    const [attempt] = batchOf(1).attempts;
    if (attempt === undefined) throw new Error('no attempt');
    const settled = batchOf(1, { attempts: [{ ...attempt, outcome: 'confirmed' }] });
    follow({ ...confirmedFact(settled), settlementHeight: 2, includedAtMs: 10_000 });
    const batch = chronicle.batch(1);
    expect(batchResultSchema.parse(batch)).toEqual({
      seq: 1,
      from_height: 1,
      to_height: 5,
      borrowed: { UM: '10' },
      repaid: {},
      net: { UM: '10' },
      fees: {},
      liquidations: 0,
      actions: [{ type: 'swap', asset: 'UM', amount: '10', amount_in: '11' }],
      state: 'confirmed',
      attempts: [{ attempt: 1, proposer: 'node-0', outcome: 'confirmed' }],
      settler: 'node-0',
      sealed_at_ms: 8000,
      submitted_at_ms: 8140,
      included_at_ms: 10_000,
      settlement_height: 2,
      confirmed_at_height: 6,
      gas_used: 160_000,
      fee: '5',
      transaction_hash: hashOf('d'),
    });
    expect(chronicle.confirmedAtMs(1)).toBe(12_100);
    expect(reached).toEqual(['1 sealed', '1 included', '1 confirmed']);
    expect(chronicle.pendingBatchCount).toBe(0);
    expect(chronicle.metrics(12_000, 6)).toMatchObject({ average_batch_size: 5, blocks_per_second: 0.5 });
  });

  it('counts misses, slashes, jailings, duties and led blocks by validator', () => {
    const { chronicle, follow, followTo } = createChronicle();
    followTo(4);
    follow(
      { type: 'batch_sealed', batch: batchOf(1) },
      { type: 'batch_assigned', seq: 1, proposer: 0, attempt: 1 },
    );
    follow(
      { type: 'batch_missed', seq: 1, proposer: 0, attempt: 1, clockCount: 7 },
      { type: 'slashed', validator: 0, reason: 'missed_settlement', batch: 1, attempt: 1, amount: 10n },
      { type: 'jailed', validator: 0, untilHeight: 156 },
      { type: 'batch_assigned', seq: 1, proposer: 1, attempt: 2 },
    );
    expect(chronicle.batch(1)?.state).toBe('missed');
    expect(chronicle.countOf('missed', 'node-0')).toBe(1);
    expect(chronicle.countOf('slashed', 'node-1')).toBe(0);
    expect(chronicle.countOf('jailed', undefined)).toBe(1);
    expect(chronicle.validators()).toMatchObject([
      { name: 'node-0', blocks_led: 6, duties: 1, missed: 1 },
      { name: 'node-1', blocks_led: 0, duties: 1, missed: 0 },
    ]);
    expect(chronicle.finish().slashes).toEqual([
      { validator: 'node-0', reason: 'missed_settlement', batch: 1, attempt: 1, height: 6, amount: '10' },
    ]);
  });

  it('hands on every window exactly once and keeps the last, when there are too many', () => {
    const handedOn: number[] = [];
    const { chronicle, follow } = createChronicle((record) =>
      handedOn.push(windowResultSchema.parse(record).index),
    );
    const count = 2 * RECORDS_MAX + 17;
    for (let index = 0; index < count; index += 1) {
      const height = index + 1;
      follow({
        type: 'window_closed',
        index,
        fromHeight: height,
        toHeight: height,
        empty: true,
        batch: undefined,
      });
    }
    const { windows, truncated } = chronicle.finish();
    expect(truncated).toBe(true);
    expect(windows).toHaveLength(RECORDS_KEPT);
    expect(windows.at(-1)?.index).toBe(count - 1);
    expect(handedOn).toEqual(Array.from({ length: count }, (_, index) => index));
  });

  it('hands on nothing when a result can hold it all', () => {
    const handedOn: object[] = [];
    const { chronicle, follow } = createChronicle((record) => handedOn.push(record));
    follow({ type: 'window_closed', index: 0, fromHeight: 1, toHeight: 1, empty: true, batch: undefined });
    expect(chronicle.finish()).toMatchObject({ truncated: false, windows: [{ index: 0 }] });
    expect(chronicle.finish(false)).toMatchObject({ truncated: false, windows: [], batches: [] });
    expect(handedOn).toEqual([]);
  });
});
