/** What one input is worth to `value` criteria. */
import type { Amount } from '../../../consensus/primitives/flavor.ts';
import type { ValueCriteria } from './criteria.ts';

/**
 * By the function of the criteria, or else the field they name of what the grammar made of the input.
 * @param fields - The command of the input: its own keys are looked at, such as `amount`.
 * @returns In smallest units; 0 for what holds no amount there, so it neither helps nor hinders a batch.
 */
export function inputWorthOf<Input>(criteria: ValueCriteria<Input>, input: Input, fields: unknown): Amount {
  if (criteria.valueAccumulatorFn !== undefined) return toAmount(criteria.valueAccumulatorFn(input));
  const { valueField } = criteria;
  if (valueField === undefined || typeof fields !== 'object' || fields === null) return 0n;
  return Object.hasOwn(fields, valueField)
    ? toAmount((fields as Readonly<Record<string, unknown>>)[valueField])
    : 0n;
}

/** Whole and not negative: an amount, a safe integer, or decimal text. Whatever else counts as nothing. */
function toAmount(value: unknown): Amount {
  if (typeof value === 'bigint') return value > 0n ? value : 0n;
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? BigInt(value) : 0n;
  return typeof value === 'string' && /^[0-9]{1,39}$/.test(value) ? BigInt(value) : 0n;
}
