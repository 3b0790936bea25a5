import { build } from 'esbuild';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  sealTransaction,
  signInput,
  writeSignedText,
} from '../../../../../node/batcher/client/signedInput.ts';
import {
  connectWallet,
  createEvmSigner,
  createKeySigner,
} from '../../../../../node/batcher/client/signer.ts';
import {
  isInputSigned,
  signInputAsEvmAccount,
  signInputWithKey,
} from '../../../../../node/batcher/input/inputSignature.ts';
import { deriveFundedAccounts } from '../../../../../node/devnet/fundedAccounts.ts';
import { sealJson } from '../../../../../settlement/input/sealedJson.ts';

const timestampMs = 1_767_225_600_000;
const secretKeys = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  // Keys of secp256k1 are below the order of its group.
  .map((bytes) => Uint8Array.of(1, ...bytes.slice(1)));
const wishes = fc.record({
  input: fc.string({ unit: 'binary' }),
  target: fc.option(fc.constantFrom('sidechain', 'evm'), { nil: undefined }),
});

describe('signInput', () => {
  it('gives what the node itself would sign, for both kinds of account', async () => {
    const kinds = [
      [createEvmSigner, signInputAsEvmAccount],
      [createKeySigner, signInputWithKey],
    ] as const;
    await fc.assert(
      fc.asyncProperty(secretKeys, wishes, fc.string(), async (secretKey, wish, namespace) => {
        for (const [createSigner, signAsNode] of kinds) {
          const signed = await signInput({ ...wish, timestampMs }, createSigner(secretKey), namespace);
          const expected = signAsNode({ ...wish, timestamp: String(timestampMs) }, secretKey, namespace);
          // A target that is left out is not in it at all: it goes into JSON.
          expect(JSON.stringify(signed)).toBe(JSON.stringify({ ...signed, ...expected }));
          expect(signed).toMatchObject({ signature: expected.signature, address: expected.address });
        }
      }),
      { numRuns: 25 },
    );
  });

  it('takes secret keys as hex, and repeats none that is wrong', () => {
    const [account] = deriveFundedAccounts();
    if (account === undefined) throw new Error('no account');
    const hex = Buffer.from(account.secretKey).toString('hex');
    expect(createEvmSigner(hex).address).toBe(account.address);
    expect(createEvmSigner(`0x${hex}`).address).toBe(account.address);
    for (const wrong of [hex.slice(2), `${hex.slice(2)}zz`, ''])
      expect(() => createKeySigner(wrong)).toThrow('expected 32 bytes as hex');
  });

  it('shows a wallet the text as bytes, and names the account as the wallet writes it', async () => {
    const key = createEvmSigner(Uint8Array.of(...new Array<number>(31).fill(0), 7));
    const address = key.address.toUpperCase().replace('0X', '0x');
    const calls: unknown[] = [];
    const wallet = await connectWallet({
      request: async (call) => {
        calls.push(call);
        if (call.method === 'eth_requestAccounts') return [address];
        const [bytes] = call.params as readonly string[];
        return key.sign(Buffer.from((bytes ?? '').slice(2), 'hex').toString());
      },
    });
    const wish = { input: 'borrow|UM|1', timestampMs };
    const signed = await signInput(wish, wallet, '');
    const text = writeSignedText(wish, address, '');
    expect(calls).toMatchObject([
      { method: 'eth_requestAccounts' },
      { method: 'personal_sign', params: [`0x${Buffer.from(text).toString('hex')}`, address] },
    ]);
    expect(isInputSigned(signed, text)).toBe(true);
    await expect(connectWallet({ request: async () => [] })).rejects.toThrow('gave no account');
  });
});

describe('sealTransaction', () => {
  it('seals as the node does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(sealTransaction(json)).toBe(sealJson(json));
      }),
    );
  });
});

describe('the client as a bundle', () => {
  it('is for browsers too: nothing of Node in it, and small', async () => {
    const { outputFiles } = await build({
      entryPoints: ['node/batcher/client/batcherClient.ts', 'node/batcher/client/signer.ts'],
      bundle: true,
      minify: true,
      splitting: true,
      format: 'esm',
      platform: 'browser',
      outdir: 'unused',
      write: false,
    });
    const bytes = outputFiles.reduce((sum, { contents }) => sum + contents.length, 0);
    expect(bytes).toBeGreaterThan(5000);
    expect(bytes).toBeLessThan(100_000);
    for (const { text } of outputFiles) expect(text).not.toMatch(/\bBuffer\.|node:|process\.env/);
  });
});
