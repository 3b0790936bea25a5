import { describe, expect, it } from 'vitest';
import { BAN_MS, Bans } from '../../../../node/runtime/bans.ts';

describe('Bans', () => {
  it('hold an identity and its validator for a minute', () => {
    let nowMs = 0;
    const bans = new Bans(() => nowMs);
    bans.add('one', 3);
    nowMs = BAN_MS - 1;
    expect([bans.holdsIdentity('one'), bans.holdsValidator(3)]).toEqual([true, true]);
    expect([bans.holdsIdentity('other'), bans.holdsValidator(2)]).toEqual([false, false]);
    nowMs = BAN_MS;
    expect([bans.holdsIdentity('one'), bans.holdsValidator(3)]).toEqual([false, false]);
  });

  it('begin anew when the offence does', () => {
    let nowMs = 0;
    const bans = new Bans(() => nowMs);
    bans.add('one', undefined);
    nowMs = BAN_MS - 1;
    bans.add('one', undefined);
    nowMs = BAN_MS + 1;
    expect(bans.holdsIdentity('one')).toBe(true);
  });

  it('forget the oldest of a thousand identities, and no validator', () => {
    const bans = new Bans(() => 0);
    for (let number = 0; number <= 1024; number += 1) bans.add(`identity ${number}`, number % 4);
    expect(bans.holdsIdentity('identity 0')).toBe(false);
    expect(bans.holdsIdentity('identity 1')).toBe(true);
    expect([0, 1, 2, 3].every((validator) => bans.holdsValidator(validator))).toBe(true);
  });
});
