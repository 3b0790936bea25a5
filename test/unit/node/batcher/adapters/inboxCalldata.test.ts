import fc from 'fast-check';
import { decodeFunctionData, encodeFunctionData, parseAbi } from 'viem/utils';
import { describe, expect, it } from 'vitest';
import {
  decodeInboxCalldata,
  encodeInboxCalldata,
  inboxHeadBytes,
  POSTED_OVERHEAD_BYTES_MAX,
  type PostedBatch,
  postedInputBytes,
} from '../../../../../node/batcher/adapters/evm/inboxCalldata.ts';
import { userInput } from '../../../../helpers/evmTarget.ts';

const abi = parseAbi(['function postInputs(bytes batch)']);
const batch: PostedBatch = { namespace: 'game', inputs: [0, 1, 2, 3].map((number) => userInput(number)) };
const byteCountOf = (calldata: string) => (calldata.length - 2) / 2;

const hex = (byteCount: number) =>
  fc
    .uint8Array({ minLength: byteCount, maxLength: byteCount })
    .map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`);
const text = (maxLength: number) => fc.string({ unit: 'binary', maxLength });
const anyInput = fc.constantFrom(0 as const, 200 as const).chain((addressType) =>
  fc.record({
    addressType: fc.constant(addressType),
    address: hex(addressType === 0 ? 20 : 32),
    signature: hex(addressType === 0 ? 65 : 64),
    input: text(200),
    timestamp: fc.integer({ min: 1e12, max: 1e13 - 1 }).map(String),
    target: fc.option(fc.constantFrom('evm', 'a-game'), { nil: undefined }),
  }),
);
const anyBatch = fc.record({ namespace: text(40), inputs: fc.array(anyInput, { maxLength: 5 }) });

describe('encodeInboxCalldata', () => {
  it('is a call that any contract tool reads', () => {
    const calldata = encodeInboxCalldata(batch) as `0x${string}`;
    const { functionName, args } = decodeFunctionData({ abi, data: calldata });
    expect(functionName).toBe('postInputs');
    expect(encodeFunctionData({ abi, args })).toBe(calldata);
  });

  it('is as long as its parts say, which decides what fits', () => {
    fc.assert(
      fc.property(anyBatch, ({ namespace, inputs }) => {
        const expected = inputs.reduce(
          (sum, input) => sum + postedInputBytes(input),
          inboxHeadBytes(namespace),
        );
        const actual = byteCountOf(encodeInboxCalldata({ namespace, inputs }));
        expect(actual).toBeLessThanOrEqual(expected);
        expect(actual).toBeGreaterThan(expected - 32);
        for (const input of inputs)
          expect(postedInputBytes(input) - Buffer.byteLength(input.input)).toBeLessThanOrEqual(
            POSTED_OVERHEAD_BYTES_MAX,
          );
      }),
    );
  });
});

describe('decodeInboxCalldata', () => {
  it('gives back every batch', () => {
    fc.assert(
      fc.property(anyBatch, (any) => {
        expect(decodeInboxCalldata(encodeInboxCalldata(any))).toEqual({ ok: true, value: any });
      }),
    );
  });

  it('refuses whatever it would not have written, so no batch has two calldatas', () => {
    const calldata = encodeInboxCalldata(batch);
    const refused = { ok: false, code: 'ENCODING_INVALID' };
    for (const other of [
      '',
      '0x',
      '0x9e4c06e1',
      `0xffffffff${calldata.slice(10)}`,
      `${calldata}00`,
      calldata.slice(0, -2),
    ])
      expect(decodeInboxCalldata(other)).toMatchObject(refused);
    fc.assert(
      fc.property(fc.nat(byteCountOf(calldata) - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Buffer.from(calldata.slice(2), 'hex');
        bytes[at] = (bytes[at] as number) ^ change;
        const altered = `0x${bytes.toString('hex')}`;
        const read = decodeInboxCalldata(altered);
        if (read.ok) expect(encodeInboxCalldata(read.value)).toBe(altered);
        else expect(read).toMatchObject(refused);
      }),
    );
  });

  it('refuses text that is no UTF-8, another version, another address type and another timestamp', () => {
    const payload = (changed: (hex: string) => string): string => {
      const args = [changed(Buffer.from('01000000000001', 'hex').toString('hex'))] as const;
      return encodeFunctionData({ abi, args: [`0x${args[0]}`] });
    };
    const user = userInput(0);
    const [address, signature] = [user.address.slice(2), user.signature.slice(2)];
    const inputHex = (type: string, timestamp: string, words: string) =>
      `01000000000001${type}${address}${timestamp}0000${words}${signature}`;
    const good = inputHex('0000', '0000018bcfe56800', '0000000161');
    expect(decodeInboxCalldata(payload(() => good))).toMatchObject({ ok: true });
    for (const bad of [
      `02${good.slice(2)}`,
      inputHex('0001', '0000018bcfe56800', '0000000161'),
      inputHex('0000', '0000000000000001', '0000000161'),
      inputHex('0000', '0000018bcfe56800', '00000001ff'),
    ])
      expect(decodeInboxCalldata(payload(() => bad))).toMatchObject({ code: 'ENCODING_INVALID' });
  });
});
