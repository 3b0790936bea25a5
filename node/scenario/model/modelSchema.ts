/** JSON Schema of `workload.model`; the reader's own checks go further. */
import { duration, integer, map, number, type Schema } from '../schemaParts.ts';
import { modelBounds } from './modelReader.ts';

const amount: Schema = { anyOf: [integer(1), { type: 'string', pattern: '^[0-9]{1,39}$' }] };
const amountOrNone: Schema = { anyOf: [integer(0), { type: 'string', pattern: '^[0-9]{1,39}$' }] };
const directions = {
  repay_share: number(modelBounds.share),
  persistence: number(modelBounds.persistence),
};

const amounts: Schema = {
  oneOf: [
    map({ constant: amount }, ['constant']),
    map({ quantiles: { type: 'array', items: amount, minItems: 2, maxItems: modelBounds.quantiles.max } }, [
      'quantiles',
    ]),
    map({ uniform: map({ min: amount, max: amount }, ['min', 'max']) }, ['uniform']),
    map(
      {
        log_normal: map({ median: amount, sigma: number(modelBounds.sigma), min: amount, max: amount }, [
          'median',
          'sigma',
        ]),
      },
      ['log_normal'],
    ),
    map({ pareto: map({ min: amount, alpha: number(modelBounds.alpha), max: amount }, ['min', 'alpha']) }, [
      'pareto',
    ]),
  ],
};

export const modelSchema: Schema = map(
  {
    accounts: integer(modelBounds.accounts.min, modelBounds.accounts.max),
    arrivals: {
      ...map({
        transactions_per_block: number(modelBounds.transactionsPerBlock),
        transactions_per_hour: number(modelBounds.transactionsPerHour),
        bursts: map({ factor: number(modelBounds.factor), quiet: duration, busy: duration }, [
          'factor',
          'quiet',
          'busy',
        ]),
        daily: map({ swing: number(modelBounds.swing), peak: duration, period: duration }, ['swing']),
      }),
      oneOf: [{ required: ['transactions_per_block'] }, { required: ['transactions_per_hour'] }],
    },
    ...directions,
    assets: {
      type: 'object',
      minProperties: 1,
      additionalProperties: map({
        weight: number(modelBounds.weight),
        amount: amounts,
        ...directions,
        opening_debt: amountOrNone,
        debt_max: amount,
      }),
    },
  },
  ['arrivals'],
);
