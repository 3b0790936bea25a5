import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../../consensus/primitives/bytes.ts';
import { deriveSecretKey } from '../../../../consensus/primitives/keys.ts';

describe('deriveSecretKey', () => {
  it('is pinned: scenario accounts keep their keys for ever', () => {
    expect(toHex(deriveSecretKey(7, 'node-0'))).toBe(
      '0x0f2ed1069bbe064740bc6ecba798446e5c5404c2095103a20b55c1b4a36d55a1',
    );
  });

  it('takes a number as its decimal text', () => {
    expect(deriveSecretKey(7, 'node-0')).toEqual(deriveSecretKey('7', 'node-0'));
  });

  it('gives 32 bytes, distinct for distinct seed and label', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (seedA, labelA, seedB, labelB) => {
        const key = toHex(deriveSecretKey(seedA, labelA));
        expect(key).toHaveLength(66);
        expect(key === toHex(deriveSecretKey(seedB, labelB))).toBe(seedA === seedB && labelA === labelB);
      }),
    );
  });

  it('does not confuse where the seed ends', () => {
    expect(deriveSecretKey('ab', 'c')).not.toEqual(deriveSecretKey('a', 'bc'));
  });
});
