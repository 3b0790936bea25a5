import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkRetention, checkTargetOptions } from '../../../../../node/batcher/criteria/checkOptions.ts';
import {
  confirmationLevels,
  resolveConfirmationLevel,
} from '../../../../../node/batcher/criteria/confirmationLevel.ts';
import {
  type BatchingCriteria,
  type CountedCriteria,
  isBatchDue,
  isQueueDue,
} from '../../../../../node/batcher/criteria/criteria.ts';
import { inputWorthOf } from '../../../../../node/batcher/criteria/inputWorth.ts';

const figures = (count: number, oldestAgeMs: number, value = 0n) => ({ count, oldestAgeMs, value });
const sum = { criteriaType: 'value', targetValue: 100n, valueField: 'amount' } as const;

describe('isBatchDue', () => {
  const cases: readonly (readonly [string, CountedCriteria<unknown>, ReturnType<typeof figures>, boolean])[] =
    [
      ['time: at its end', { criteriaType: 'time', timeWindowMs: 5000 }, figures(1, 5000), true],
      ['time: before', { criteriaType: 'time', timeWindowMs: 5000 }, figures(999, 4999), false],
      [
        'time: full before',
        { criteriaType: 'time', timeWindowMs: 5000, maxBatchSize: 3 },
        figures(3, 0),
        true,
      ],
      ['size: reached', { criteriaType: 'size', maxBatchSize: 10 }, figures(10, 0), true],
      ['size: passed', { criteriaType: 'size', maxBatchSize: 10 }, figures(11, 0), true],
      ['size: one short, however old', { criteriaType: 'size', maxBatchSize: 10 }, figures(9, 1e9), false],
      ['value: reached', sum, figures(1, 0, 100n), true],
      ['value: one short', sum, figures(50, 1e9, 99n), false],
      ['value: full before', { ...sum, maxBatchSize: 2 }, figures(2, 0, 0n), true],
      [
        'hybrid: by time',
        { criteriaType: 'hybrid', timeWindowMs: 10, maxBatchSize: 20 },
        figures(1, 10),
        true,
      ],
      [
        'hybrid: by size',
        { criteriaType: 'hybrid', timeWindowMs: 10, maxBatchSize: 20 },
        figures(20, 0),
        true,
      ],
      [
        'hybrid: neither',
        { criteriaType: 'hybrid', timeWindowMs: 10, maxBatchSize: 20 },
        figures(19, 9),
        false,
      ],
    ];
  for (const [what, criteria, queue, isDue] of cases)
    it(what, () => {
      expect(isBatchDue(criteria, queue)).toBe(isDue);
    });

  it('never becomes undue by more inputs, more time or more value, and never fires on nothing', () => {
    const size = fc.integer({ min: 1, max: 50 });
    const criteria: fc.Arbitrary<CountedCriteria<unknown>> = fc.oneof(
      fc.record({ criteriaType: fc.constant('time' as const), timeWindowMs: size }),
      fc.record({ criteriaType: fc.constant('size' as const), maxBatchSize: size }),
      fc.record({ criteriaType: fc.constant('hybrid' as const), timeWindowMs: size, maxBatchSize: size }),
      fc.record({ criteriaType: fc.constant('value' as const), targetValue: size.map(BigInt) }),
    );
    const step = fc.nat(60);
    fc.assert(
      fc.property(criteria, fc.tuple(size, step, step), fc.tuple(step, step, step), (rules, at, more) => {
        const queue = figures(at[0], at[1], BigInt(at[2]));
        const later = figures(at[0] + more[0], at[1] + more[1], BigInt(at[2] + more[2]));
        if (isBatchDue(rules, queue)) expect(isBatchDue(rules, later)).toBe(true);
        expect(isBatchDue(rules, { ...later, count: 0 })).toBe(false);
      }),
    );
  });
});

describe('isQueueDue', () => {
  const asked: (readonly string[])[] = [];
  const custom: BatchingCriteria<string> = {
    criteriaType: 'custom',
    maxBatchSize: 3,
    isBatchReadyFn: async (inputs) => {
      asked.push(inputs);
      return inputs.includes('now');
    },
  };

  it('asks a custom function of what waits, in order, and not where nothing waits or the batch is full', async () => {
    const judge = (...inputs: string[]) => isQueueDue(custom, figures(inputs.length, 0), () => inputs);
    expect(await judge()).toBe(false);
    expect(await judge('a')).toBe(false);
    expect(await judge('a', 'now')).toBe(true);
    expect(await judge('a', 'b', 'c')).toBe(true);
    expect(asked).toEqual([['a'], ['a', 'now']]);
    // Taken by somebody else since the figures were read.
    expect(await isQueueDue(custom, figures(1, 0), () => [])).toBe(false);
    expect(asked).toHaveLength(2);
  });

  it('does not read inputs for criteria that need figures alone', async () => {
    const never = (): never => expect.fail('read');
    expect(await isQueueDue({ criteriaType: 'size', maxBatchSize: 1 }, figures(1, 0), never)).toBe(true);
  });
});

describe('inputWorthOf', () => {
  it('reads the field that is named, and counts what is no amount as nothing', () => {
    const worth = (amount: unknown) => inputWorthOf(sum, undefined, { amount });
    expect([5n, '17', 3].map(worth)).toEqual([5n, 17n, 3n]);
    expect([-5n, '-5', 1.5, Number.NaN, 2 ** 53, null, undefined, '1e3', {}].map(worth)).toEqual(
      new Array(9).fill(0n),
    );
    expect(inputWorthOf(sum, undefined, undefined)).toBe(0n);
    expect(inputWorthOf({ ...sum, valueField: 'constructor' }, undefined, {})).toBe(0n);
  });

  it('asks the function where there is one', () => {
    const byLength = {
      criteriaType: 'value' as const,
      targetValue: 1n,
      valueAccumulatorFn: (input: string) => input.length,
    };
    expect(inputWorthOf(byLength, 'four', { amount: 9n })).toBe(4n);
  });
});

describe('resolveConfirmationLevel', () => {
  it('goes by the request, the target, all targets, then wait-receipt', () => {
    const perTarget = { evm: 'no-wait' } as const;
    expect(resolveConfirmationLevel('wait-effectstream-processed', 'evm', perTarget)).toBe(
      'wait-effectstream-processed',
    );
    expect(resolveConfirmationLevel(undefined, 'evm', perTarget)).toBe('no-wait');
    expect(resolveConfirmationLevel(undefined, 'sidechain', perTarget)).toBe('wait-receipt');
    expect(resolveConfirmationLevel(undefined, 'constructor', perTarget)).toBe('wait-receipt');
    expect(resolveConfirmationLevel(undefined, 'evm', 'no-wait')).toBe('no-wait');
    expect(resolveConfirmationLevel(undefined, 'evm', undefined)).toBe('wait-receipt');
    for (const level of confirmationLevels)
      expect(resolveConfirmationLevel(level, 'evm', 'no-wait')).toBe(level);
  });
});

describe('checkTargetOptions', () => {
  const valid = {
    targets: ['sidechain', 'evm'],
    defaultTarget: 'sidechain',
    confirmationLevel: { evm: 'no-wait' as const },
    batchingCriteria: {
      sidechain: { criteriaType: 'hybrid', timeWindowMs: 10, maxBatchSize: 5 },
      evm: sum,
    } as Record<string, BatchingCriteria<unknown>>,
  };
  const withEvm = (criteria: unknown) => ({
    ...valid,
    batchingCriteria: { ...valid.batchingCriteria, evm: criteria as BatchingCriteria<unknown> },
  });

  it('takes what is right', () => {
    checkTargetOptions(valid);
    checkTargetOptions(withEvm({ criteriaType: 'custom', isBatchReadyFn: () => true }));
  });

  for (const [what, options, expected] of [
    ['an unknown default', { ...valid, defaultTarget: 'x' }, 'defaultTarget: expected one of sidechain, evm'],
    ['a name that reads otherwise', { ...valid, targets: ['sidechain', 'evm', 'E_vm'] }, 'adapters.E_vm'],
    ['criteria of nobody', { ...valid, targets: ['sidechain'] }, 'batchingCriteria.evm: expected one of'],
    ['no criteria', { ...valid, targets: [...valid.targets, 'x'] }, 'batchingCriteria.x: expected criteria'],
    ['a level of nobody', { ...valid, confirmationLevel: { x: 'no-wait' as const } }, 'confirmationLevel.x'],
    ['an unknown level', { ...valid, confirmationLevel: 'wait' as 'no-wait' }, 'confirmationLevel: expected'],
    [
      'an unknown level of one',
      { ...valid, confirmationLevel: { evm: 'wait' as 'no-wait' } },
      'confirmationLevel.evm: expected one of',
    ],
    ['a type unknown', withEvm({ criteriaType: 'often' }), 'evm.criteriaType'],
    ['no window', withEvm({ criteriaType: 'time', timeWindowMs: 0 }), 'evm.timeWindowMs'],
    ['no size', withEvm({ criteriaType: 'size' }), 'evm.maxBatchSize'],
    [
      'half a batch',
      withEvm({ criteriaType: 'time', timeWindowMs: 1, maxBatchSize: 0.5 }),
      'evm.maxBatchSize',
    ],
    ['no sum', withEvm({ ...sum, targetValue: 0n }), 'evm.targetValue'],
    ['neither field nor function', withEvm({ criteriaType: 'value', targetValue: 1n }), 'evm.valueField'],
    ['both', withEvm({ ...sum, valueAccumulatorFn: () => 1n }), 'evm.valueField'],
    ['no function', withEvm({ criteriaType: 'custom' }), 'evm.isBatchReadyFn'],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(() => checkTargetOptions(options)).toThrow(
        expect.objectContaining({
          code: 'BATCHER_OPTION_INVALID',
          message: expect.stringContaining(expected),
        }),
      );
    });

  it('says all that is wrong at once', () => {
    const options = { ...withEvm({ criteriaType: 'size', maxBatchSize: 0 }), defaultTarget: 'x' };
    expect(() => checkTargetOptions(options)).toThrow(/defaultTarget.*; .*evm\.maxBatchSize/);
  });
});

describe('checkRetention', () => {
  it('refuses to forget a request while its signature may still come', () => {
    const span = { pastMs: 3_600_000, futureMs: 300_000 };
    checkRetention(3_900_000, span);
    expect(() => checkRetention(3_899_999, span)).toThrow(
      expect.objectContaining({ code: 'BATCHER_RETENTION_TOO_SHORT' }),
    );
  });
});
