import { describe, expect, it } from 'vitest';
import type { Block } from '../../../../consensus/block.ts';
import { encodeAtomicCompletion, endedBatches } from '../../../../node/core/atomicCompletion.ts';
import { AtomicCompletionRule } from '../../../../node/laws/atomicCompletions.ts';
import { Law } from '../../../../node/laws/law.ts';
import type { AtomicFact } from '../../../../settlement/atomic/types.ts';
import type { ExecutionResult } from '../../../../settlement/execution/result.ts';
import { hashOf } from '../../../helpers/signatory.ts';

const facts: readonly AtomicFact[] = [
  { type: 'atomic_batch_completed', batchId: hashOf('b2'), requestCount: 1, fees: [] },
  {
    type: 'atomic_batch_failed',
    batchId: hashOf('b1'),
    failure: { code: 'BATCH_TIMEOUT', failedAt: 0, completed: 0, details: {} },
  },
];
const told = {
  height: 3,
  blockHash: hashOf('aa'),
  leader: 0,
  batches: endedBatches(facts),
  signature: new Uint8Array(64),
};

function watch() {
  const [exactlyOnce, durability] = [new Law('exactly_once'), new Law('durability')];
  const rule = new AtomicCompletionRule({ exactlyOnce, durability }, ['node-0']);
  const block = { hash: hashOf('aa'), header: { height: 3 } } as Block;
  rule.finalized(block, { atomicFacts: facts } as ExecutionResult);
  return { rule, exactlyOnce, durability };
}

describe('AtomicCompletionRule', () => {
  it('lists what ended by id, whatever the order of execution', () => {
    expect(told.batches).toEqual([
      { batchId: hashOf('b1'), isCompleted: false },
      { batchId: hashOf('b2'), isCompleted: true },
    ]);
  });

  it.each([
    ['as it was', told, 0],
    ['in another block', { ...told, blockHash: hashOf('ab') }, 1],
    ['at another height', { ...told, height: 4 }, 1],
    ['with one left out', { ...told, batches: told.batches.slice(1) }, 1],
    [
      'turned round',
      {
        ...told,
        batches: told.batches.map(({ batchId, isCompleted }) => ({ batchId, isCompleted: !isCompleted })),
      },
      1,
    ],
  ])('judges what is believed of batches told of %s', (_, completion, violationCount) => {
    const { rule, exactlyOnce } = watch();
    rule.accepted(0, encodeAtomicCompletion(completion));
    expect(exactlyOnce.result().violations).toHaveLength(violationCount);
  });

  it('refuses what nobody can read', () => {
    const { rule, exactlyOnce } = watch();
    rule.accepted(0, Uint8Array.of(1));
    expect(exactlyOnce.result().violations).toHaveLength(1);
  });

  it.each([
    ['the very row', encodeAtomicCompletion(told), 0],
    ['no row', undefined, 1],
    ['another row', encodeAtomicCompletion({ ...told, leader: 1 }), 1],
  ])('wants what is told to be in the outbox: %s', (_, stored, violationCount) => {
    const { rule, durability } = watch();
    rule.sent(0, encodeAtomicCompletion(told), (height) => (height === 3 ? stored : undefined));
    expect(durability.result().violations).toHaveLength(violationCount);
  });
});
