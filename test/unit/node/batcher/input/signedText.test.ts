import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../../../../consensus/primitives/bytes.ts';
import {
  isInputSigned,
  signInputAsEvmAccount,
  signInputWithKey,
} from '../../../../../node/batcher/input/inputSignature.ts';
import { isTargetName } from '../../../../../node/batcher/input/target.ts';
import { requestIdOf } from '../../../../../settlement/input/requestId.ts';
import { foldText, signedTextOf } from '../../../../../settlement/input/signedText.ts';
import { readPersonalSignVectors } from '../../../../helpers/personalSignVectors.ts';

const key = new Uint8Array(32).fill(7);

describe('signedTextOf', () => {
  for (const vector of readPersonalSignVectors()) {
    it(`is what wallets are given: ${vector.name}`, () => {
      const { namespace, target, signedText, address, signature } = vector;
      expect(signedTextOf({ ...vector, target }, namespace)).toBe(signedText);
      expect(isInputSigned({ address, addressType: 0, signature }, signedText)).toBe(true);
      const { input, timestamp, secretKey } = vector;
      const own = signInputAsEvmAccount({ input, timestamp, target }, fromHex(secretKey), namespace);
      expect(own.signature).toBe(signature);
    });
  }

  it('tells target, timestamp, address and input apart, whatever the targets are called', () => {
    const target = fc.option(fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/).filter(isTargetName), {
      nil: undefined,
    });
    const timestamp = fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 }).map(String);
    const address = fc.stringMatching(/^0x[0-9a-f]{40}$/);
    const input = fc.stringMatching(/^[a-z0-9]{0,80}$/);
    fc.assert(
      fc.property(target, timestamp, address, input, (target, timestamp, address, input) => {
        const text = signedTextOf({ target, timestamp, address, input }, '');
        // The first timestamp before an address ends the target: nothing before it can be read so.
        const found = /^(.*?)([0-9]{13})(0x[0-9a-f]{40})(.*)$/.exec(text);
        expect(found?.slice(1)).toEqual([target ?? '', timestamp, address, input]);
      }),
    );
  });

  it('turns letters of other alphabets into hyphens before it lower-cases', () => {
    // The Kelvin sign and the dotted capital I are lower-cased to ASCII letters.
    const parts = { target: undefined, timestamp: '1', address: '0', input: '\u212a\u0130K😀' };
    expect(signedTextOf(parts, '')).toBe('10--k--');
  });
});

describe('foldText', () => {
  it('leaves letters and digits, in lower case, of every UTF-16 code unit', () => {
    // Of all code units there are, half of a pair among them.
    const units = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    const text = fc.string({
      unit: fc.oneof(units, fc.constantFrom('a', 'Z', '0', '|', '\u{1f600}')),
      maxLength: 300,
    });
    fc.assert(
      fc.property(text, (written) => {
        expect(foldText(written)).toBe(written.replace(/[^a-zA-Z0-9]/g, '-').toLowerCase());
      }),
      { numRuns: 500 },
    );
    const all = String.fromCharCode(...Array.from({ length: 0x10000 }, (_, code) => code));
    expect(foldText(all)).toBe(all.replace(/[^a-zA-Z0-9]/g, '-').toLowerCase());
  });
});

describe('isTargetName', () => {
  it('takes names that read the same in the text, and no run of digits that could be a timestamp', () => {
    expect(['sidechain', 'evm-2', 'a123456789012'].every(isTargetName)).toBe(true);
    const wrong = ['', 'Evm', 'evm_2', '2evm', 'évm', 'a1234567890123', 'a'.repeat(33)];
    expect(wrong.filter(isTargetName)).toEqual([]);
  });
});

describe('isInputSigned', () => {
  it('takes an ed25519 signature that another library made (python cryptography 48, key of 32 times 7)', () => {
    const address = '0xea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c';
    const signature =
      '0xc8ce06daa4f8a4c6cb94db6be9fdecde500d305ed83181aa58889108455d2767944ceb564488be702076d18bf536a8312d6ca3d78dd24644923dc27624c5760c';
    const unsigned = { input: 'repay|UM|7', timestamp: '1763740800003', target: 'sidechain' };
    const own = signInputWithKey(unsigned, key);
    expect(own).toEqual({ ...unsigned, address, addressType: 200, signature });
    const text = `sidechain1763740800003${address}repay-um-7`;
    expect(isInputSigned({ address, addressType: 200, signature }, text)).toBe(true);
    expect(isInputSigned({ address, addressType: 200, signature }, `${text}0`)).toBe(false);
  });

  it('is false for anything malformed and for the other scheme, and never throws', () => {
    const input = signInputWithKey({ input: 'x', timestamp: '1763740800000', target: undefined }, key);
    const text = signedTextOf(input, '');
    expect(isInputSigned({ ...input, addressType: 0 }, text)).toBe(false);
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(0 as const, 200 as const), (odd, addressType) => {
        expect(isInputSigned({ ...input, addressType, signature: odd }, text)).toBe(false);
        expect(isInputSigned({ ...input, addressType, address: odd }, text)).toBe(false);
      }),
    );
  });
});

describe('requestIdOf', () => {
  const evm = `0x${'aB'.repeat(20)}`;

  it('sees no case of the address, and every other part', () => {
    const id = requestIdOf(0, evm, 'text');
    expect(requestIdOf(0, evm.toLowerCase(), 'text')).toBe(id);
    expect(requestIdOf(0, evm, 'text-')).not.toBe(id);
    expect(requestIdOf(0, `0x${'11'.repeat(20)}`, 'text')).not.toBe(id);
  });

  it('is SHA-256 over 25, 0000, 14, the address and the text', () => {
    // python: hashlib.sha256(bytes([0x25, 0, 0, 20]) + b'\xab' * 20 + b'text').hexdigest()
    expect(requestIdOf(0, evm, 'text')).toBe(
      '0x2619117b4791b7d6c17e278d1e47ed7875c23ce58934d0f488b579792ea60f79',
    );
  });

  it('cannot be asked for an address of another type', () => {
    expect(() => requestIdOf(200, evm, 'text')).toThrow('is of another type');
  });
});
