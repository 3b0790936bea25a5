import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  checkEvmOptions,
  type EvmAdapterOptions,
} from '../../../../../node/batcher/adapters/evm/evmAdapterOptions.ts';
import { quoteFees, raiseFees } from '../../../../../node/batcher/adapters/evm/evmFees.ts';
import { NodeRefusal } from '../../../../../node/batcher/adapters/evm/evmNode.ts';
import { readSendRefusal } from '../../../../../node/batcher/adapters/evm/sendRefusal.ts';
import { openSigner } from '../../../../../node/batcher/adapters/evm/viemSigner.ts';

const wei = fc.bigInt({ min: 0n, max: 10n ** 15n });

describe('quoteFees', () => {
  it('pays twice the base fee and the tip, never above the most that may be paid', () => {
    expect(quoteFees({ baseFee: 10n, tip: 2n }, 100n)).toEqual({ feePerGas: 22n, tipPerGas: 2n });
    expect(quoteFees({ baseFee: 10n, tip: 2n }, 15n)).toEqual({ feePerGas: 15n, tipPerGas: 2n });
    expect(quoteFees({ baseFee: 10n, tip: 2n }, 12n)).toEqual({ feePerGas: 12n, tipPerGas: 2n });
    expect(quoteFees({ baseFee: 10n, tip: 2n }, 11n)).toBeUndefined();
  });
});

describe('raiseFees', () => {
  it('is at least an eighth above what it replaces and never below the market, in both fees', () => {
    fc.assert(
      fc.property(wei, wei, wei, wei, (feePerGas, tipPerGas, baseFee, tip) => {
        const previous = { feePerGas: feePerGas + tipPerGas, tipPerGas };
        const quote = { feePerGas: 2n * baseFee + tip, tipPerGas: tip };
        const raised = raiseFees(previous, quote, 10n ** 18n);
        if (raised === undefined) throw new Error('the cap is far above');
        for (const name of ['feePerGas', 'tipPerGas'] as const) {
          expect(raised[name] * 8n).toBeGreaterThanOrEqual(previous[name] * 9n);
          expect(raised[name]).toBeGreaterThan(previous[name]);
          expect(raised[name]).toBeGreaterThanOrEqual(quote[name]);
        }
        expect(raised.feePerGas).toBeGreaterThanOrEqual(raised.tipPerGas);
      }),
    );
  });

  it('is nothing above the most that may be paid', () => {
    const quote = { feePerGas: 1n, tipPerGas: 1n };
    expect(raiseFees({ feePerGas: 80n, tipPerGas: 8n }, quote, 91n)).toEqual({
      feePerGas: 91n,
      tipPerGas: 10n,
    });
    expect(raiseFees({ feePerGas: 80n, tipPerGas: 8n }, quote, 90n)).toBeUndefined();
  });
});

describe('readSendRefusal', () => {
  it.each([
    ['already known', 'known'],
    ['AlreadyKnown', 'known'],
    ['transaction already imported', 'known'],
    ['Known transaction', 'known'],
    ['replacement transaction underpriced', 'underpriced'],
    ['transaction underpriced: tip needed 1, tip permitted 0', 'underpriced'],
    ['Transaction gas price too low, could not replace existing tx', 'underpriced'],
    ['nonce too low: next nonce 5, tx nonce 4', 'nonce used'],
    ['OldNonce, Current nonce: 5', 'nonce used'],
    ['insufficient funds for gas * price + value', 'other'],
    ['max fee per gas less than block base fee', 'other'],
    ['txpool is full', 'other'],
  ])('understands "%s"', (message, meaning) => {
    expect(readSendRefusal(new NodeRefusal(-32000, `eth_sendRawTransaction: ${message} (-32000)`))).toBe(
      meaning,
    );
  });
});

describe('checkEvmOptions', () => {
  const base: EvmAdapterOptions = {
    urls: ['http://127.0.0.1:8545'],
    chainId: 1,
    inboxAddress: `0x${'1b'.repeat(20)}`,
    secretKeyFile: 'payer.key',
    namespace: '',
  };

  it('fills in what is left out', () => {
    expect(checkEvmOptions({ ...base, confirmations: undefined })).toMatchObject({
      ...base,
      confirmations: 1,
    });
  });

  it.each([
    ['urls', []],
    ['urls', ['ws://127.0.0.1:8545']],
    ['urls', ['127.0.0.1']],
    ['inboxAddress', '0x1b'],
    ['chainId', 0],
    ['feePerGasMax', 0n],
    ['gasMax', 20_999],
    ['batchBytesMax', 131_072],
    ['batchBytesMax', 10],
    ['confirmations', 0],
    ['confirmations', 1.5],
    ['pollIntervalMs', 0],
    ['bumpAfterMs', -1],
    ['requestTimeoutMs', Number.POSITIVE_INFINITY],
  ])('refuses %s of %s', (name, value) => {
    const check = () => checkEvmOptions({ ...base, [name]: value } as EvmAdapterOptions);
    expect(check).toThrow(
      expect.objectContaining({
        code: 'BATCHER_OPTION_INVALID',
        message: expect.stringContaining(`${name}: expected`),
      }),
    );
  });

  it('says all that is wrong at once, and shows no address of a node, which may hold a password', () => {
    const check = () => checkEvmOptions({ ...base, urls: ['ftp://me:secret@host'], chainId: -1 });
    expect(check).toThrow(/urls: expected.*chainId: expected/);
    expect(check).not.toThrow(/secret/);
  });
});

describe('openSigner', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sidereal-key-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const keyFile = (text: string): string => {
    const path = join(folder, 'payer.key');
    writeFileSync(path, text);
    return path;
  };

  it('signs as the account of the key, the same each time', async () => {
    // First account of the mnemonic that anvil and hardhat are known for.
    const key = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
    const signer = await openSigner(keyFile(`${key}\n`));
    expect(signer.address).toBe('0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266');
    const unsigned = {
      chainId: 1,
      nonce: 0,
      to: signer.address,
      gas: 21_000n,
      calldata: '0x',
      feePerGas: 2n,
      tipPerGas: 1n,
    };
    const [one, two] = [await signer.sign(unsigned), await signer.sign(unsigned)];
    expect(one).toEqual(two);
    expect(one.hash).toMatch(/^0x[0-9a-f]{64}$/);
    expect(inspect([signer, one], { depth: 9, showHidden: true })).not.toContain(key.slice(2));
  });

  it.each([
    ['no key', 'nothing'],
    ['half a key', '0xac0974bec39a17e3'],
    ['zero', `0x${'00'.repeat(32)}`],
    ['a number beyond the group', `0x${'ff'.repeat(32)}`],
  ])('refuses %s, and does not show it', async (_, text) => {
    const error = await openSigner(keyFile(text)).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'EVM_KEY_UNREADABLE' });
    expect(String(error)).not.toContain(text);
  });

  it('says where a key should be', async () => {
    const path = join(folder, 'missing.key');
    const expected = { code: 'EVM_KEY_UNREADABLE', message: expect.stringContaining(path) };
    await expect(openSigner(path)).rejects.toMatchObject(expected);
  });

  it('says what to install', async () => {
    const load = async (): Promise<never> => {
      throw new Error('not found');
    };
    const expected = { code: 'EVM_DRIVER_MISSING', message: expect.stringContaining('npm install viem') };
    await expect(openSigner(keyFile('0x'), load)).rejects.toMatchObject(expected);
  });
});
