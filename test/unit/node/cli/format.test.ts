import { describe, expect, it } from 'vitest';
import { shortAmount } from '../../../../node/cli/format.ts';

describe('shortAmount', () => {
  it.each([
    ['123456789', '123456789'],
    ['1045499999', '1.045e9'],
    ['1045500000', '1.046e9'],
    ['-9999600000', '-1.000e10'],
    ['+1700', '+1700'],
  ])('shows %s as %s', (text, shown) => {
    expect(shortAmount(text)).toBe(shown);
  });
});
