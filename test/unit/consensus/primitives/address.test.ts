import { describe, expect, it } from 'vitest';
import {
  isAddress,
  isKeyAddress,
  readAddress,
  signatureBytesOf,
  writeAddress,
} from '../../../../consensus/primitives/address.ts';
import { fromHex, toHex } from '../../../../consensus/primitives/bytes.ts';
import { decode, encode } from '../../../../consensus/primitives/codec.ts';

const key = `0x${'5a'.repeat(32)}`;
const evm = `0x${'5a'.repeat(20)}`;

describe('addresses', () => {
  it.each([
    [key, '0x20'],
    [evm, '0x14'],
  ])('come back from bytes: %s', (address, head) => {
    const bytes = encode((writer) => writeAddress(writer, address));
    expect(toHex(bytes)).toBe(head + address.slice(2));
    expect(decode(bytes, readAddress)).toEqual({ ok: true, value: address });
  });

  it('have one of two lengths', () => {
    for (const count of [0, 19, 21, 31, 33]) {
      const bytes = fromHex(`0x${count.toString(16).padStart(2, '0')}${'5a'.repeat(count)}`);
      expect(decode(bytes, readAddress).ok).toBe(false);
      expect(isAddress(toHex(bytes.subarray(1)))).toBe(false);
    }
    expect(() => encode((writer) => writeAddress(writer, '0x5a'))).toThrow('not an address');
  });

  it('say how they sign', () => {
    expect([isKeyAddress(key), isKeyAddress(evm)]).toEqual([true, false]);
    expect([signatureBytesOf(key), signatureBytesOf(evm)]).toEqual([64, 65]);
    expect([isAddress(key), isAddress(evm), isAddress(key.toUpperCase())]).toEqual([true, true, false]);
  });
});
